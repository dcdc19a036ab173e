"""docs/settings.md, from the settings classes: `python -m docs.settings`.

It stands beside what it writes, because nothing of the product may import every service.
"""

import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import AliasChoices, SecretStr
from pydantic.fields import FieldInfo

import txn_svc.app
import user_svc.settings
from bff.settings import BffSettings
from cli.settings import CliSettings
from local.containers import DeploySettings, PasswordSettings
from local.mailbox import MailboxSettings
from local.ports import NAMED
from notifier.settings import WorkerSettings
from runtime.messages.consumer import ConsumerSettings
from runtime.migrations import MigrationSettings
from runtime.settings import ProcessSettings, Settings
from txn_svc.imports.worker import ImporterProcessSettings

# What runs, by the names of DESIGN and compose.yaml, with its command.
PROCESSES: Mapping[str, tuple[str, type[Settings]]] = {
    "bff": ("python -m bff", BffSettings),
    "user_svc": ("python -m user_svc serve", user_svc.settings.ServeSettings),
    "user_relay": ("python -m user_svc relay", user_svc.settings.RelaySettings),
    "txn_svc": ("python -m txn_svc serve", txn_svc.app.ServeSettings),
    "txn_relay": ("python -m txn_svc relay", txn_svc.app.RelaySettings),
    "importer": ("python -m txn_svc importer", ImporterProcessSettings),
    "notifier": ("python -m notifier", WorkerSettings),
    "user_migrate": ("python -m user_svc migrate", MigrationSettings),
    "txn_migrate": ("python -m txn_svc migrate", MigrationSettings),
    "stori": ("stori …", CliSettings),
    "mailbox": ("python -m local.mailbox", MailboxSettings),
    "passwords": ("python -m local.containers passwords", PasswordSettings),
    "deploy": ("python -m local.containers deploy", DeploySettings),
}
_TOGETHER = {
    "user_migrate": "user_migrate, txn_migrate",
    "mailbox": "mailbox (local only)",
    "passwords": "passwords (compose.yaml only)",
    "deploy": "deploy (compose.yaml only)",
}
_LEFT_OUT = ("txn_migrate",)
_TYPES = {str: "text", int: "whole number", float: "number", Path: "path", SecretStr: "secret"}
_SIGNS = {"gt": ">", "ge": "≥", "lt": "<", "le": "≤"}
_HEAD = "| variable | type | default | |\n|---|---|---|---|"

INTRODUCTION = """# Settings

Generated from the settings classes by `make docs`; `make check` fails where it is not current.

Every process reads its settings from the environment, once, when it starts. A variable that is missing or wrong ends it
with exit code 78 and one sentence for each on standard error. Nothing is read from files, but the certificates whose
paths are given. **needed** means that there is no default.
"""
LOCAL = """## make up

Read by `make up`, `make stop`, `make start` and `make clean` alone. Every other variable named `STORI_…` is passed on
to the processes.
"""
SDK = """## What libraries read

Credentials of AWS come from the SDK's own chain: in production from the role of the task, so `AWS_ACCESS_KEY_ID` and
`AWS_SECRET_ACCESS_KEY` are not set. `AWS_ENDPOINT_URL` is refused unless `STORI_ENVIRONMENT=local`; endpoints of single
services, from the environment or a configuration file, are ignored.
"""


@dataclass(frozen=True)
class Variable:
    """One setting as an operator sees it. `default` is None where there is none."""

    name: str
    type: str
    default: str | None
    description: str

    def row(self) -> str:
        default = "**needed**" if self.default is None else self.default
        return f"| `{self.name}` | {self.type} | {default} | {self.description} |"


def variables(settings: type[Settings]) -> dict[str, Variable]:
    """The variables that a settings class reads, by name."""
    prefix = str(settings.model_config.get("env_prefix", ""))
    found = (_variable(name, field, prefix) for name, field in sorted(settings.model_fields.items()))
    return {variable.name: variable for variable in found}


def all_names(settings: type[Settings]) -> set[str]:
    """Every name under which the class reads a variable, also the second of two."""
    prefix = str(settings.model_config.get("env_prefix", ""))
    return {name for field, info in settings.model_fields.items() for name in _names(field, info, prefix)}


def _variable(name: str, field: FieldInfo, prefix: str) -> Variable:
    first, *others = _names(name, field, prefix)
    also = f" Also `{others[0]}`." if others else ""
    return Variable(first, _type(field), _default(field), f"{field.description or ''}{also}")


def _names(name: str, field: FieldInfo, prefix: str) -> list[str]:
    alias = field.validation_alias
    if isinstance(alias, AliasChoices):
        return [str(choice) for choice in alias.choices]
    return [alias if isinstance(alias, str) else f"{prefix}{name}".upper()]


def _type(field: FieldInfo) -> str:
    return ", ".join([_type_name(field.annotation), *_bounds(field)])


def _type_name(annotation: Any) -> str:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _type_name(get_args(annotation)[0])
    if origin is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(annotation))
    if origin in (Union, types.UnionType):
        return ", ".join(_type_name(part) for part in get_args(annotation) if part is not type(None))
    if origin in (tuple, frozenset):
        return "list, comma separated"
    return _TYPES[annotation]


def _bounds(field: FieldInfo) -> Iterator[str]:
    for name, sign in _SIGNS.items():
        for bound in field.metadata:
            if hasattr(bound, name):
                yield f"{sign} {getattr(bound, name):,}"


def _default(field: FieldInfo) -> str | None:
    if field.is_required():
        return None
    value = field.default
    if isinstance(value, int | float):
        return f"{value:,}"
    return f"`{value}`" if value else "none"


def page() -> str:
    common = variables(ProcessSettings)
    sections = [INTRODUCTION, "## Every process\n", _HEAD, *_rows(common), ""]
    for name, (command, settings) in PROCESSES.items():
        if name in _LEFT_OUT:
            continue
        known = variables(settings)
        sections += [f"## {_TOGETHER.get(name, name)}\n", f"`{command}`\n"]
        if issubclass(settings, ProcessSettings):
            known = {key: value for key, value in known.items() if key not in common}
        else:
            sections += ["It reads these alone.\n"]
        sections += [_HEAD, *_rows(known), ""]
    sections += [_lambda(), LOCAL, _HEAD, *_rows(_local()), "", SDK]
    return "\n".join(sections)


def _rows(found: Mapping[str, Variable]) -> Iterator[str]:
    """What is needed first."""
    return (each.row() for each in sorted(found.values(), key=lambda each: (each.default is not None, each.name)))


def _lambda() -> str:
    """What of a worker's settings does nothing in its function."""
    retries = {"STORI_CONSUMER_RETRY_FIRST_SECONDS", "STORI_CONSUMER_RETRY_MOST_SECONDS"}
    idle = sorted({*variables(ConsumerSettings), "STORI_ADMIN_BIND"} - retries - {"STORI_ENVIRONMENT"})
    return (
        "## As Lambda functions\n\n"
        "A function reads the variables of its process. It is handed its messages, so these do nothing there: "
        f"{', '.join(f'`{name}`' for name in idle)}.\n"
    )


def _local() -> dict[str, Variable]:
    home = Variable("STORI_HOME", "path", "`.local`", "Where the stack keeps everything it has.")
    port = "whole number, ≥ 0, ≤ 65,535"
    ports = [
        Variable(f"STORI_{name.upper()}_PORT", port, str(default), f"Of {name}; 0 picks a free one.")
        for name, default in NAMED.items()
    ]
    return {variable.name: variable for variable in (home, *ports)}


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201 -- this is what it is for
