"""What a verified token costs the second time: the cached check against the cold one."""

import time

from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from joserfc import jwk, jwt

from bench.rounds import Result, compare
from runtime.tokens.settings import TokenSettings
from runtime.tokens.verify import Verifier, rsa_key

CLIENT = "benchclient"
ISSUER = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Bench"
GOAL = 1 / 15


class _OneKey:
    """Keys in memory: the network is not what is measured."""

    generation = 1

    def __init__(self, modulus: str, exponent: str) -> None:
        self._key = rsa_key(modulus, exponent)

    async def find(self, _kid: str) -> object:
        return self._key

    def revalidate(self) -> None:
        return

    async def check(self) -> None:
        return


async def run() -> Result:
    key = jwk.RSAKey.import_key(generate_private_key(65537, 2048))
    public = key.as_dict(private=False)
    keys = _OneKey(str(public["n"]), str(public["e"]))
    now = int(time.time())
    claims = {
        "iss": ISSUER, "sub": "person", "client_id": CLIENT, "token_use": "access",
        "scope": "openid", "iat": now, "exp": now + 3600,
    }  # fmt: skip
    token = jwt.encode({"alg": "RS256", "kid": "k"}, claims, key)
    settings = TokenSettings(
        environment="local",
        issuer=ISSUER,
        person_client_ids=CLIENT,
        service_client_ids="other",
    )
    warm = Verifier(settings, keys)  # type: ignore[arg-type]

    async def cached() -> None:
        await warm.verify(token)

    async def cold() -> None:
        await Verifier(settings, keys).verify(token)  # type: ignore[arg-type]

    assert (await warm.verify(token)).subject == "person"
    return await compare(
        "token check, cached ÷ cold", {"cached": cached, "cold": cold}, repeats={"cached": 3000, "cold": 200}, goal=GOAL
    )
