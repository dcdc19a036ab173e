"""What a verified token costs the second time: the cached check against the cold one."""

from bench.issuer import CLIENT, ISSUER, OTHER_CLIENT, Issuer
from bench.rounds import Goal, Result, compare
from runtime.tokens.settings import TokenSettings
from runtime.tokens.verify import Verifier, rsa_key

GOAL = Goal(1 / 15)


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
    issuer = Issuer()
    keys, token = _OneKey(issuer.modulus, issuer.exponent), issuer.token("person")
    settings = TokenSettings(
        environment="local",
        issuer=ISSUER,
        person_client_ids=CLIENT,
        service_client_ids=OTHER_CLIENT,
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
