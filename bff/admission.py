"""Who may come in: a person with a valid access token, not too often. Everything else ends before GraphQL begins."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request

from bff.errors import HttpRefusal
from bff.rates import Rates
from runtime.call import Caller
from runtime.refusals import Unauthenticated, Unavailable

Verify = Callable[[str], Awaitable[Caller]]


class Admission:
    """`verify` gives the caller of a token, or raises Unauthenticated."""

    def __init__(self, verify: Verify, rates: Rates) -> None:
        self._verify = verify
        self._rates = rates

    async def anybody(self, request: Request) -> None:
        """Whoever it is. Raises HttpRefusal 429."""
        await self._rates.spend_address(request.client.host if request.client else "")

    async def person(self, request: Request) -> Caller:
        """The signed-in person. Raises HttpRefusal: 401, always the same, or 429."""
        await self.anybody(request)
        try:
            caller = await self._verify(_token(request))
        except Unauthenticated:
            raise _unauthenticated() from None
        except Unavailable:
            raise HttpRefusal(
                503, "UNAVAILABLE", "Sign-in cannot be checked right now.", {"retry-after": "1"}
            ) from None
        if caller.kind != "person":
            raise _unauthenticated()
        await self._rates.spend_user(caller.subject)
        return caller


def _token(request: Request) -> str:
    given = request.headers.getlist("authorization")
    scheme, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    if scheme.lower() != "bearer" or not token:
        raise _unauthenticated()
    return token


def _unauthenticated() -> HttpRefusal:
    message = "A valid access token is required."
    return HttpRefusal(401, "UNAUTHENTICATED", message, {"www-authenticate": "Bearer"})
