"""`python -m cli.effective MODULE:CLASS`: the settings that a process would start with in this environment, as JSON.

A program of its own: the command itself imports no service, and two processes' settings never meet in one.
"""

import json
import re
import sys
from importlib import import_module
from typing import Any

from pydantic import AliasChoices, SecretStr, ValidationError
from pydantic_settings import BaseSettings

MASK = "********"
_USERINFO = re.compile(r"(?<=://)[^/@\s]+(?=@)")


def effective(settings_class: type[BaseSettings]) -> dict[str, Any]:
    """`settings` by variable, `defaults` the variables nobody set, `problems` by variable where it would not start."""
    try:
        found = settings_class()
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False, include_context=False)
        located = [(str(problem["loc"][0]) if problem["loc"] else "", problem["msg"]) for problem in problems]
        named = [{"variable": _variable(settings_class, name), "problem": what} for name, what in located]
        return {"settings": {}, "defaults": [], "problems": named}
    names = settings_class.model_fields
    return {
        "settings": {_variable(settings_class, name): shown(getattr(found, name)) for name in names},
        "defaults": [_variable(settings_class, name) for name in names if name not in found.model_fields_set],
        "problems": [],
    }


def shown(value: Any) -> str:
    """A value as text: a secret masked, and whatever stands before the @ of an address."""
    if isinstance(value, SecretStr):
        return MASK if value.get_secret_value() else ""
    if isinstance(value, frozenset | set):
        return ",".join(sorted(map(str, value)))
    if isinstance(value, list | tuple):
        return ",".join(map(str, value))
    return _USERINFO.sub(MASK, "" if value is None else str(value))


def _variable(settings_class: type[BaseSettings], name: str) -> str:
    field = settings_class.model_fields.get(name)
    if field is None:
        return name or "settings"
    alias = field.validation_alias
    if isinstance(alias, AliasChoices):
        alias = alias.choices[0]
    return alias if isinstance(alias, str) else f"{settings_class.model_config.get('env_prefix', '')}{name}".upper()


if __name__ == "__main__":
    module_name, _, class_name = sys.argv[1].partition(":")
    print(json.dumps(effective(getattr(import_module(module_name), class_name))))  # noqa: T201
