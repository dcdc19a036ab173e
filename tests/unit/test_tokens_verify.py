"""What a token must be to name a caller. Each refused form is one that some library accepts."""

import base64
import json
import time
from typing import Any

import pytest
import structlog
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.hashes import SHA256, SHA512
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jose import jws

from runtime.refusals import Unauthenticated
from runtime.tokens import Verifier
from runtime.tokens.claims import LEEWAY_SECONDS
from runtime.tokens.compact import MAX_TOKEN_BYTES
from tests.service.tokens import CLI_CLIENT, ISSUER, MACHINE_CLIENT, WEB_CLIENT, Issuer, b64, signing_key
from tests.unit.token_keys import FixedKeys

issuer = Issuer()
verifier = Verifier(issuer.settings(), FixedKeys(issuer.published))


def resigned(header: bytes | str, payload: bytes | str | None = None) -> str:
    """These very bytes under a right signature."""
    payload = json.dumps(issuer.claims("alice")) if payload is None else payload
    encode = [part.encode() if isinstance(part, str) else part for part in (header, payload)]
    return issuer.key.sign(*encode)


def with_segments(header: str, payload: str) -> str:
    """A right signature over segments that are spelled as given."""
    signature = issuer.key.private.sign(f"{header}.{payload}".encode(), padding.PKCS1v15(), SHA256())
    return f"{header}.{payload}.{b64(signature)}"


async def refusal(token: str, by: Verifier = verifier) -> tuple[str, str, str]:
    """Message and reason for the caller, and the cause in the log."""
    with structlog.testing.capture_logs() as lines, pytest.raises(Unauthenticated) as refused:
        await by.verify(token)
    assert [line["event"] for line in lines] == ["token_refused"]
    assert token == "" or token not in repr(lines)
    assert refused.value.__cause__ is None
    return refused.value.message, refused.value.reason, lines[0]["cause"]


async def assert_refused(token: str, by: Verifier = verifier) -> None:
    message, reason, _ = await refusal(token, by)
    assert (message, reason) == ("A valid access token is required.", "UNAUTHENTICATED")


# -- who is calling ---------------------------------------------------------------------------------------------------
async def test_a_persons_token_names_the_person() -> None:
    token = issuer.token("alice", groups=["support", "eu-central-1_Pool_Google"])

    caller = await verifier.verify(token)

    assert (caller.kind, caller.subject, caller.client_id) == ("person", "alice", WEB_CLIENT)
    assert caller.roles == {"support"}
    assert caller.scopes == {"openid", "email", "profile"}
    assert caller.token == token
    assert caller.expires_at == pytest.approx(time.time() + 3600, abs=5)


async def test_a_services_token_names_its_client_and_no_role() -> None:
    caller = await verifier.verify(issuer.service_token(groups=["admin"]))

    assert (caller.kind, caller.subject, caller.roles) == ("service", MACHINE_CLIENT, frozenset())
    assert caller.scopes == {"stori/users.read", "stori/txns.read", "stori/mails.write"}


async def test_every_person_client_is_accepted() -> None:
    assert (await verifier.verify(issuer.token("alice", CLI_CLIENT))).client_id == CLI_CLIENT


async def test_the_representation_of_a_caller_holds_no_token() -> None:
    caller = await verifier.verify(issuer.token("alice"))

    assert caller.token not in repr(caller)


# -- claims -----------------------------------------------------------------------------------------------------------
NOW = int(time.time())
WRONG_CLAIMS: dict[str, dict[str, Any]] = {
    "expired": {"exp": NOW - LEEWAY_SECONDS - 1, "iat": NOW - 3600},
    "no exp": {"exp": None},
    "exp as text": {"exp": str(NOW + 3600)},
    "exp as float": {"exp": NOW + 3600.5},
    "exp as true": {"exp": True},
    "exp as list": {"exp": [NOW + 3600]},
    "exp beyond an int64": {"exp": 10**19},
    "exp in a thousand years": {"exp": NOW + 10**10},
    "exp before iat": {"exp": NOW, "iat": NOW + 5},
    "no iat": {"iat": None},
    "iat as text": {"iat": str(NOW)},
    "iat as true": {"iat": True},
    "iat in the future": {"iat": NOW + 3000},
    "negative iat": {"iat": -1},
    "nbf in the future": {"nbf": NOW + 3000},
    "nbf as text": {"nbf": "0"},
    "nbf as true": {"nbf": True},
    "negative nbf": {"nbf": -1},
    "no iss": {"iss": None},
    "another pool": {"iss": ISSUER + "x"},
    "iss with a slash": {"iss": ISSUER + "/"},
    "iss as list": {"iss": [ISSUER]},
    "an id token": {"token_use": "id", "aud": WEB_CLIENT, "client_id": None},
    "an id token with a client id": {"token_use": "id"},
    "no token_use": {"token_use": None},
    "token_use as list": {"token_use": ["access"]},
    "no sub": {"sub": None},
    "empty sub": {"sub": ""},
    "sub as number": {"sub": 7},
    "sub with NUL": {"sub": "al\0ice"},
    "sub with a lone surrogate": {"sub": "al\ud800ice"},
    "sub with a space": {"sub": "al ice"},
    "sub with a line end": {"sub": "alice\n"},
    "sub of 129": {"sub": "a" * 129},
    "no client_id": {"client_id": None},
    "another client": {"client_id": "elsewhere"},
    "client_id as list": {"client_id": [WEB_CLIENT]},
    "client_id in capitals": {"client_id": WEB_CLIENT.upper()},
    "a service's client with a person": {"client_id": MACHINE_CLIENT},
    "a person's client without a person": {"sub": WEB_CLIENT},
    "jti as number": {"jti": 7},
    "another audience": {"aud": "https://other.example"},
    "another audience beside ours": {"aud": [WEB_CLIENT, "https://other.example"]},
    "scope as list": {"scope": ["openid"]},
    "scope with a line end": {"scope": "openid\nstori/users.read"},
    "groups as text": {"cognito:groups": "admin"},
    "groups as object": {"cognito:groups": {"admin": True}},
    "groups of numbers": {"cognito:groups": [1]},
}


@pytest.mark.parametrize("claims", WRONG_CLAIMS.values(), ids=WRONG_CLAIMS.keys())
async def test_a_wrong_claim_is_refused(claims: dict[str, Any]) -> None:
    await assert_refused(issuer.token("alice" if "sub" not in claims else None, **claims))


async def test_a_missing_scope_is_no_scope() -> None:
    claims = {name: value for name, value in issuer.claims("alice").items() if name != "scope"}

    caller = await verifier.verify(resigned('{"alg":"RS256","kid":"key-1"}', json.dumps(claims)))

    assert caller.scopes == frozenset()


async def test_clocks_may_differ_by_the_leeway() -> None:
    now = time.time()
    late = Verifier(issuer.settings(), FixedKeys(issuer.published), now=lambda: now + 3600 + LEEWAY_SECONDS - 2)
    early = Verifier(issuer.settings(), FixedKeys(issuer.published), now=lambda: now - LEEWAY_SECONDS + 2)
    token = issuer.token("alice")

    assert LEEWAY_SECONDS <= 30
    assert (await late.verify(token)).subject == (await early.verify(token)).subject == "alice"


VALID = json.dumps(issuer.claims("alice"))
PAYLOADS = {
    "a list": "[]",
    "a string": '"alice"',
    "null": "null",
    "not JSON": "alice",
    "UTF-16": json.dumps({}).encode("utf-16"),
    "invalid UTF-8": b'{"sub":"\xff"}',
    "deep": "[" * 4000 + "]" * 4000,
    "NaN": VALID[:-1] + ', "x": NaN}',
    "Infinity": VALID[:-1] + ', "x": Infinity}',
    "a 4,000-digit number": VALID[:-1] + ', "x": ' + "9" * 4000 + "}",
    "a name twice": VALID[:-1] + ', "sub": "bob"}',
    "two values": VALID + "{}",
}


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
async def test_a_payload_that_is_no_plain_object_is_refused(payload: bytes | str) -> None:
    await assert_refused(resigned(json.dumps({"alg": "RS256", "kid": issuer.key.kid}), payload))


# -- the header -------------------------------------------------------------------------------------------------------
HEADERS: dict[str, dict[str, Any]] = {
    "none": {"alg": "none"},
    "None": {"alg": "None"},
    "HS256": {"alg": "HS256"},
    "RS384": {"alg": "RS384"},
    "PS256": {"alg": "PS256"},
    "rs256": {"alg": "rs256"},
    "no alg": {"alg": None},
    "alg as list": {"alg": ["RS256"]},
    "no kid": {"kid": None},
    "empty kid": {"kid": ""},
    "another kid": {"kid": "key-2"},
    "kid as number": {"kid": 1},
    "kid as list": {"kid": ["key-1"]},
    "kid as path": {"kid": "../../dev/null"},
    "unknown crit": {"crit": ["exp"]},
    "empty crit": {"crit": []},
    "b64 false": {"b64": False, "crit": ["b64"]},
    "b64 alone": {"b64": False},
    "jku": {"jku": "https://evil.example/keys"},
    "jwk": {"jwk": signing_key().jwk()},
    "x5u": {"x5u": "https://evil.example/cert"},
    "x5c": {"x5c": ["AAAA"]},
    "zip": {"zip": "DEF"},
    "nested token": {"cty": "JWT"},
    "another typ": {"typ": "dpop+jwt"},
    "typ as number": {"typ": 1},
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS.keys())
async def test_a_header_that_is_not_plain_rs256_is_refused(header: dict[str, Any]) -> None:
    await assert_refused(issuer.token("alice", header=header))


@pytest.mark.parametrize(
    "header",
    ["[]", "null", '{"alg":"none","alg":"RS256","kid":"key-1"}', '{"alg":"RS256","kid":"key-1"', b"\xff\xfe", ""],
)
async def test_a_header_that_is_no_plain_object_is_refused(header: str | bytes) -> None:
    await assert_refused(resigned(header))


async def test_a_deep_header_is_refused_and_not_recursed_into() -> None:
    deep = '{"alg":"RS256","kid":"key-1","x":' + "[" * 2000 + "]" * 2000 + "}"

    await assert_refused(resigned(deep))
    await assert_refused(resigned('{"alg":"RS256","kid":"key-1","x":' + "[" * 5 + "]" * 5 + "}"))


async def test_typ_may_be_jwt() -> None:
    assert (await verifier.verify(issuer.token("alice", header={"typ": "JWT"}))).subject == "alice"


# -- the signature ----------------------------------------------------------------------------------------------------
async def test_another_key_under_our_kid_is_refused() -> None:
    await assert_refused(issuer.token("alice", key=signing_key("other"), header={"kid": issuer.key.kid}))


async def test_a_changed_payload_is_refused() -> None:
    header, _, signature = issuer.token("alice").split(".")

    await assert_refused(f"{header}.{b64(json.dumps(issuer.claims('bob')).encode())}.{signature}")


async def test_our_public_key_is_no_hmac_secret() -> None:
    pem = issuer.key.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    raw = json.dumps(issuer.key.jwk()).encode()
    for secret in (base64.b64encode(pem).decode(), raw.decode()):
        await assert_refused(jws.sign(issuer.claims("alice"), secret, {"kid": "key-1"}, "HS256"))


async def test_signatures_of_other_kinds_are_refused() -> None:
    header, payload, _ = issuer.token("alice").split(".")
    signed = f"{header}.{payload}".encode()
    pss = padding.PSS(padding.MGF1(SHA256()), 32)
    elliptic = ec.generate_private_key(ec.SECP256R1())
    for signature in (
        issuer.key.private.sign(signed, pss, SHA256()),
        issuer.key.private.sign(signed, padding.PKCS1v15(), SHA512()),
        elliptic.sign(signed, ec.ECDSA(SHA256())),
        b"\0" * 256,
        b"\0",
    ):
        await assert_refused(f"{signed.decode()}.{b64(signature)}")


# -- the outside ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "change",
    [
        lambda t: "",
        lambda t: ".",
        lambda t: "..",
        lambda t: "...",
        lambda t: t + ".",
        lambda t: "." + t,
        lambda t: t + "=",
        lambda t: t + "==",
        lambda t: t + "\n",
        lambda t: " " + t,
        lambda t: t + " ",
        lambda t: "Bearer " + t,
        lambda t: t.replace(".", ".\n", 1),
        lambda t: t.replace(".", "=.", 1),
        lambda t: t.replace(".", "\uff0e"),
        lambda t: t + "\0",
        lambda t: t + "é",
        lambda t: t + "\ud800",
        lambda t: t + ".x.y",
        lambda t: t.rpartition(".")[0],
        lambda t: t.rpartition(".")[0] + ".",
        lambda t: "." + t.partition(".")[2],
        lambda t: t.partition(".")[0] + ".." + t.rpartition(".")[2],
        lambda t: t.rpartition(".")[0] + "." + t.rpartition(".")[2].replace("-", "+").replace("_", "/") + "+",
        lambda t: json.dumps({"payload": t.split(".")[1], "protected": t.split(".")[0], "signature": t.split(".")[2]}),
    ],
)
async def test_anything_but_three_plain_segments_is_refused(change: Any) -> None:
    await assert_refused(change(issuer.token("alice")))


async def test_base64url_with_stray_bits_is_refused_in_every_segment() -> None:
    # 256 bytes of signature leave four unused bits in the last character.
    token = issuer.token("alice")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet.index(token[-1])
    assert last % 16 == 0
    await assert_refused(token[:-1] + alphabet[last + 1])

    header = b64(b'{"alg":"RS256","kid":"key-1"}')  # 29 bytes: two unused bits
    payload = b64(json.dumps(issuer.claims("alice")).encode())
    assert (await verifier.verify(with_segments(header, payload))).subject == "alice"
    await assert_refused(with_segments(header[:-1] + alphabet[alphabet.index(header[-1]) + 1], payload))


async def test_the_size_is_bounded_before_anything_is_decoded() -> None:
    fits = issuer.token("alice", x="x")
    fits = issuer.token("alice", x="x" * (1 + (MAX_TOKEN_BYTES - len(fits)) * 3 // 4 - 4))
    assert MAX_TOKEN_BYTES - 16 < len(fits) <= MAX_TOKEN_BYTES
    assert (await verifier.verify(fits)).subject == "alice"

    assert (await refusal(issuer.token("alice", x="x" * MAX_TOKEN_BYTES)))[2] == "too long or not ASCII"
    started = time.perf_counter()
    await assert_refused("a" * 50_000_000)
    assert time.perf_counter() - started < 1


# -- keys -------------------------------------------------------------------------------------------------------------
async def verifies_with(*jwks: dict[str, object]) -> bool:
    spare = signing_key("spare").jwk()
    try:
        await Verifier(issuer.settings(), FixedKeys([spare, *jwks])).verify(issuer.token("alice"))
    except Unauthenticated:
        return False
    return True


async def test_a_kid_must_name_exactly_one_key() -> None:
    key = issuer.key.jwk()
    other = {**signing_key("other").jwk(), "kid": issuer.key.kid}

    assert await verifies_with(key)
    assert not await verifies_with(key, key)
    assert not await verifies_with(key, other)
    assert not await verifies_with(other, key)
    assert not await verifies_with(key, {"kid": issuer.key.kid, "kty": "EC"})


@pytest.mark.parametrize(
    "changes",
    [
        {"use": None},
        {"use": "enc"},
        {"use": ["sig"]},
        {"kty": "oct"},
        {"kty": None},
        {"alg": "RS384"},
        {"alg": "HS256"},
        {"key_ops": ["encrypt"]},
        {"key_ops": "verify"},
        {"n": None},
        {"n": 7},
        {"n": "AQAB"},
        {"n": ""},
        {"e": None},
        {"e": "AA"},
        {"e": "AQ"},
        {"e": "_" * 86},
        {"d": "AQAB"},
        {"kid": None},
        {"kid": 7},
    ],
)
async def test_a_key_that_is_not_for_rs256_signatures_is_not_used(changes: dict[str, object]) -> None:
    assert not await verifies_with(issuer.key.jwk(**changes))


async def test_an_empty_kid_names_no_key() -> None:
    nameless = {**issuer.key.jwk(), "kid": ""}

    await assert_refused(issuer.token("alice", header={"kid": ""}), Verifier(issuer.settings(), FixedKeys([nameless])))


async def test_a_key_below_2048_bits_is_not_used() -> None:
    small = signing_key("small", 1024)
    keys = FixedKeys([issuer.key.jwk(), small.jwk()])

    await assert_refused(issuer.token("alice", key=small), Verifier(issuer.settings(), keys))


# -- the cache --------------------------------------------------------------------------------------------------------
async def test_a_verified_token_is_refused_once_it_has_expired() -> None:
    clock = [time.time()]
    by = Verifier(issuer.settings(), FixedKeys(issuer.published), now=lambda: clock[0])
    token = issuer.token("alice")
    await by.verify(token)

    clock[0] += 3600 + LEEWAY_SECONDS + 1

    assert (await refusal(token, by))[2] == "expired"


async def test_a_verified_token_is_refused_once_its_key_is_gone() -> None:
    keys = FixedKeys(issuer.published)
    by = Verifier(issuer.settings(), keys)
    token = issuer.token("alice")
    await by.verify(token)

    keys.publish([signing_key("other").jwk()])

    assert (await refusal(token, by))[2] == "its key is not known"


async def test_only_whole_tokens_are_remembered() -> None:
    by = Verifier(issuer.settings(), FixedKeys(issuer.published))
    token = issuer.token("alice")
    assert await by.verify(token) is await by.verify(token)

    for changed in (token[:-5], token + "AAAA", token.rpartition(".")[0] + "." + "A" * 342):
        await assert_refused(changed, by)


async def test_the_memory_of_tokens_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.tokens.verify.MAX_CACHED_TOKENS", 8)
    by = Verifier(issuer.settings(), FixedKeys(issuer.published))

    for number in range(20):
        await by.verify(issuer.token(f"person-{number}"))

    assert len(by._verified) == 8
