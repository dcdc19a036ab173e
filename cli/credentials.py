"""The stored sign-ins, one for each target, and the access token a command is run with."""

import fcntl
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from cli import oauth
from cli.exits import BAD_CONFIGURATION, Failure
from cli.files import config_folder, read_document, write_document
from cli.settings import CliSettings
from cli.target import Target

CREDENTIALS = "credentials.json"
RENEW_BEFORE_SECONDS = 60
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{1,8192}")  # RFC 6750 §2.1


@dataclass(frozen=True)
class SignIn:
    """`expires_at` is Unix time, of the access token."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: int

    @classmethod
    def granted(cls, grant: oauth.Grant, refresh_token: str = "") -> "SignIn":
        return cls(grant.access_token, grant.refresh_token or refresh_token, int(time.time()) + grant.expires_in)


class Credentials:
    """The access token for a target: STORI_TOKEN, or that of the stored sign-in, renewed when it is about to expire."""

    def __init__(self, target: Target, settings: CliSettings) -> None:
        self._target = target
        self._given = settings.token.get_secret_value() if settings.token else ""

    async def token(self) -> tuple[str, int | None]:
        """The token and, of a stored one, when it expires (Unix time). Raises Failure where there is none."""
        if self._given:
            if not _TOKEN.fullmatch(self._given):
                raise Failure("STORI_TOKEN does not hold an access token.", BAD_CONFIGURATION)
            return self._given, None
        found = self._stored()
        if found.expires_at - time.time() < RENEW_BEFORE_SECONDS:
            found = await self._renewed()
        return found.access_token, found.expires_at

    async def _renewed(self) -> SignIn:
        self._target.require_sign_in()
        # Waits for another command that is renewing the same sign-in, and then finds its token.
        with _locked():
            found = self._stored()
            if found.expires_at - time.time() >= RENEW_BEFORE_SECONDS:
                return found
            try:
                grant = await oauth.refresh(self._target, found.refresh_token)
            except oauth.Refused:
                raise Failure("Your sign-in has ended; `stori login` starts a new one.") from None
            except oauth.Unreachable:
                if found.expires_at > time.time():
                    return found
                raise
            renewed = SignIn.granted(grant, found.refresh_token)
            _write(self._target.sign_in_key, renewed)
            return renewed

    def _stored(self) -> SignIn:
        found = stored(self._target)
        if found is None:
            raise Failure("You are not signed in; `stori login` signs you in.")
        return found


def stored(target: Target) -> SignIn | None:
    """The stored sign-in of a target, as it is."""
    content = (read_document(config_folder() / CREDENTIALS) or {}).get(target.sign_in_key)
    if content is None:
        return None
    try:
        return SignIn(str(content["access_token"]), str(content["refresh_token"]), int(content["expires_at"]))
    except (KeyError, TypeError, ValueError):
        raise Failure(f"{config_folder() / CREDENTIALS} is damaged; remove it.", BAD_CONFIGURATION) from None


def keep(target: Target, sign_in: SignIn | None) -> None:
    """Stores the sign-in of a target in place of an earlier one; None removes it."""
    with _locked():
        _write(target.sign_in_key, sign_in)


def _write(key: str, sign_in: SignIn | None) -> None:
    path = config_folder() / CREDENTIALS
    content: dict[str, Any] = read_document(path) or {}
    # A place whose pool was made anew has another client; the sign-in at the old one is worth nothing.
    place = key.rpartition(" ")[0]
    others = {name: value for name, value in content.items() if name.rpartition(" ")[0] != place}
    write_document(path, others | ({key: vars(sign_in)} if sign_in else {}))


@contextmanager
def _locked() -> Iterator[None]:
    """One writer at a time: a refresh token may be good for one use only."""
    folder = config_folder()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
