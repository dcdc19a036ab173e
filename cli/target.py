"""Which Stori the command talks to: a running local stack, or addresses from flags, environment or profile."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from cli.exits import BAD_CONFIGURATION, DEPENDENCY_DOWN, Failure
from cli.files import config_folder, read_document, write_document
from cli.settings import CliSettings

ROOT = Path(__file__).parent.parent
PROFILE = "profile.json"


@dataclass(frozen=True)
class Target:
    """Addresses are host:port. `stack` is the stack.json they come from; empty where they were given one by one."""

    environment: Literal["production", "local"] = "production"
    user_svc_address: str = ""
    txn_svc_address: str = ""
    domain_url: str = ""
    client_id: str = ""
    rpc_tls_ca: str = ""
    rpc_tls_cert: str = ""
    rpc_tls_key: str = ""
    stack: str = ""

    @property
    def sign_in_key(self) -> str:
        """What a stored sign-in belongs to. A stack may come back on other ports; another file is another stack."""
        return f"{self.stack or self.domain_url} {self.client_id}"

    def require_services(self) -> None:
        if not self.user_svc_address or not self.txn_svc_address:
            raise Failure(
                "There is nothing to talk to: start the system with `make up`, sign in with "
                "`stori login --stack FILE`, or set STORI_USER_SVC_ADDRESS and STORI_TXN_SVC_ADDRESS.",
                BAD_CONFIGURATION,
            )

    def require_sign_in(self) -> None:
        if not self.domain_url or not self.client_id:
            raise Failure(
                "It is not known where to sign in: set COGNITO_DOMAIN_URL and STORI_CLI_CLIENT_ID.", BAD_CONFIGURATION
            )
        if self.environment != "local" and urlsplit(self.domain_url).scheme != "https":
            raise Failure("COGNITO_DOMAIN_URL must be an https address in production.", BAD_CONFIGURATION)


def find_target(settings: CliSettings, stack: Path | None = None, **flags: str) -> Target:
    """Flags before the environment before the saved profile before the running stack of this checkout.

    Raises Failure where what was named cannot be had.
    """
    if stack is not None:
        return from_stack(stack)
    found = _saved(settings) or _running(settings) or Target()
    given = _addresses(settings) | _filled(flags)
    if given:
        # A sign-in at a stack is for the addresses that its file names, and for no others.
        found = replace(found, stack="", environment=settings.environment)
        found = _changed(found, given)
    return found if found.stack else _changed(found, _certificates(settings))


def from_stack(path: Path) -> Target:
    """What a stack.json says. It exists only while the stack is ready: raises Failure otherwise."""
    content = read_document(path)
    if content is None:
        raise Failure(f"The stack of {path} is not running; `make up` starts it.", DEPENDENCY_DOWN)
    try:
        return Target(
            environment="local",
            user_svc_address=str(content["user_svc_address"]),
            txn_svc_address=str(content["txn_svc_address"]),
            domain_url=str(content["sign_in_url"]),
            client_id=str(content["cli_client_id"]),
            stack=str(path.absolute()),
        )
    except KeyError as error:
        raise Failure(f"{path} is no stack.json: it has no {error.args[0]}.", BAD_CONFIGURATION) from None


def stack_file(settings: CliSettings) -> Path:
    """Of this checkout, wherever one happens to be."""
    return (ROOT / settings.home / "stack.json").absolute()


def save_profile(target: Target) -> None:
    """Remembers a stack by its file, for its ports change, and anything else by its addresses."""
    content: dict[str, Any] = {"stack": target.stack} if target.stack else _filled(vars(target))
    write_document(config_folder() / PROFILE, content)


def forget_profile() -> None:
    (config_folder() / PROFILE).unlink(missing_ok=True)


def _saved(settings: CliSettings) -> Target | None:
    path = config_folder() / PROFILE
    content = read_document(path)
    if content is None:
        return None
    known = {field.name for field in fields(Target)}
    if not content.keys() <= known or not all(isinstance(value, str) for value in content.values()):
        raise Failure(f"{path} is no profile of this version; `stori logout` removes it.", BAD_CONFIGURATION)
    if not content.get("stack"):
        return Target(**content)
    # A stack that is gone for good must not hide the one that runs.
    path = Path(content["stack"])
    return None if not path.exists() and stack_file(settings).exists() else from_stack(path)


def _running(settings: CliSettings) -> Target | None:
    path = stack_file(settings)
    return from_stack(path) if path.exists() else None


def _addresses(settings: CliSettings) -> dict[str, str]:
    return _filled(
        {
            "user_svc_address": settings.user_svc_address,
            "txn_svc_address": settings.txn_svc_address,
            "domain_url": settings.domain_url,
            "client_id": settings.cli_client_id,
        }
    )


def _certificates(settings: CliSettings) -> dict[str, str]:
    names = ("rpc_tls_ca", "rpc_tls_cert", "rpc_tls_key")
    return {name: str(path) for name in names if (path := getattr(settings, name)) is not None}


def _changed(found: Target, values: dict[str, str]) -> Target:
    return Target(**(vars(found) | values))


def _filled(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: value for name, value in values.items() if value}
