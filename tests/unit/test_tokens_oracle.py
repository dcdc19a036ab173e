"""Whatever we accept, joserfc accepts under the same claim rules: an independent implementation as oracle."""

import base64
import json
import time
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jws, jwt
from joserfc.jwk import KeySet

from runtime.refusals import Unauthenticated
from runtime.tokens import Verifier
from runtime.tokens.claims import LEEWAY_SECONDS
from tests.service.tokens import CLI_CLIENT, ISSUER, MACHINE_CLIENT, WEB_CLIENT, Issuer, b64, signing_key
from tests.unit.token_keys import FixedKeys

issuer = Issuer()
published = [signing_key("key-1").jwk(), signing_key("key-2").jwk()]
key_set = KeySet.import_key_set({"keys": published})  # type: ignore[typeddict-item]
registry = jws.JWSRegistry(algorithms=["RS256"], strict_check_header=False)
NOW = int(time.time())


def claims_registry() -> jwt.JWTClaimsRegistry:
    return jwt.JWTClaimsRegistry(
        now=NOW,
        leeway=LEEWAY_SECONDS,
        exp={"essential": True},
        iat={"essential": True},
        iss={"essential": True, "value": ISSUER},
        sub={"essential": True},
        token_use={"essential": True, "value": "access"},
        client_id={"essential": True, "values": [WEB_CLIENT, CLI_CLIENT, MACHINE_CLIENT]},
    )


def oracle_accepts(token: str) -> bool:
    try:
        decoded = jwt.decode(token, key_set, algorithms=["RS256"], registry=registry)
        claims_registry().validate(decoded.claims)
    except Exception:  # noqa: BLE001 (any way of refusing is a refusal)
        return False
    return True


async def we_accept(token: str) -> bool:
    verifier = Verifier(issuer.settings(), FixedKeys(published), now=lambda: NOW)
    try:
        await verifier.verify(token)
    except Unauthenticated:
        return False
    return True


def claims(**changes: Any) -> dict[str, Any]:
    return {**issuer.claims("alice", iat=NOW, exp=NOW + 3600), **changes}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**16), 10**16) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=4,
)
near_claims: dict[str, st.SearchStrategy[Any]] = {
    "exp": st.integers(NOW - 40, NOW + 90_000),
    "iat": st.integers(NOW - 4000, NOW + 40),
    "nbf": st.integers(NOW - 4000, NOW + 40),
    "iss": st.sampled_from([ISSUER, ISSUER + "/", [ISSUER]]),
    "sub": st.text("ab01-: é", max_size=8),
    "token_use": st.sampled_from(["access", "id", ["access"]]),
    "client_id": st.sampled_from([CLI_CLIENT, MACHINE_CLIENT, "elsewhere", [CLI_CLIENT]]),
    "scope": st.text("ab/. ", max_size=8),
    "aud": st.sampled_from([WEB_CLIENT, [WEB_CLIENT], "elsewhere"]),
    "jti": st.text(max_size=8),
    "x": json_values,
}
claim_names = st.sampled_from(sorted(near_claims))
changed_claims = st.lists(
    claim_names.flatmap(lambda name: st.tuples(st.just(name), near_claims[name] | json_values)), max_size=2
).map(dict)
header_names = st.sampled_from(["alg", "kid", "typ", "crit", "b64", "jku", "jwk", "x5u", "x5c", "cty", "zip", "x"])
header_values = json_values | st.sampled_from(["RS256", "none", "HS256", "key-1", "key-2", "JWT", ["exp"]])
key_names = ["key-1", "key-1", "key-2", "unpublished"]
keys = st.sampled_from([signing_key(name) for name in key_names])


@st.composite
def signed_tokens(draw: st.DrawFn) -> str:
    """Rightly signed, of arbitrary header and claims near valid ones."""
    key = draw(keys)
    changes = draw(st.just({}) | st.dictionaries(header_names, header_values, max_size=2))
    header = {"alg": "RS256", "kid": key.kid, **changes}
    payload = claims(**draw(changed_claims))
    for name in draw(st.just([]) | st.lists(claim_names, max_size=1)):
        payload.pop(name, None)
    return key.sign(json.dumps(header).encode(), json.dumps(payload).encode())


@st.composite
def damaged_tokens(draw: st.DrawFn) -> str:
    """A valid token with a few characters replaced, removed, inserted or moved."""
    token = issuer.key.sign(b'{"alg":"RS256","kid":"key-1"}', json.dumps(claims()).encode())
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(token)))
        end = min(len(token), start + draw(st.integers(0, 3)))
        token = token[:start] + draw(st.text("ABab01-_+/=. \n{}é", max_size=3)) + token[end:]
    return token


@st.composite
def spliced_tokens(draw: st.DrawFn) -> str:
    """Segments of valid tokens, recombined and respelled."""
    parts = [
        issuer.token("alice", key=draw(keys), exp=NOW + draw(st.sampled_from([-60, 60])), iat=NOW - 90).split(".")
        for _ in range(3)
    ]
    segments = [parts[draw(st.integers(0, 2))][index] for index in range(3)]
    index = draw(st.integers(0, 2))
    raw = base64.urlsafe_b64decode(segments[index] + "==")
    segments[index] = draw(st.sampled_from([segments[index], segments[index] + "=", b64(raw + b" "), b64(raw[:-1])]))
    return ".".join(segments)


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(signed_tokens() | damaged_tokens() | spliced_tokens())
async def test_what_we_accept_the_oracle_accepts(token: str) -> None:
    assert not await we_accept(token) or oracle_accepts(token)


@settings(max_examples=60, deadline=None)
@given(
    key=keys.filter(lambda key: key.kid != "unpublished"),
    subject=st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=128),
    age=st.integers(-LEEWAY_SECONDS, 3600 + LEEWAY_SECONDS - 1),
    typ=st.sampled_from([{}, {"typ": "JWT"}, {"x": "y"}]),
)
async def test_what_is_valid_both_accept(key: Any, subject: str, age: int, typ: dict[str, str]) -> None:
    header = {"alg": "RS256", "kid": key.kid, **typ}
    payload = claims(sub=subject, iat=NOW - age, exp=NOW - age + 3600)
    token = key.sign(json.dumps(header).encode(), json.dumps(payload).encode())

    assert await we_accept(token)
    assert oracle_accepts(token)
