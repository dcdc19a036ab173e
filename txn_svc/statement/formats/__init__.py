"""The banks' formats: one YAML file of this folder each. How to add one: docs/imports.md."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from functools import cache
from importlib.resources import files
from typing import Any

from txn_svc.statement.format import Format, Roles
from txn_svc.statement.formats.file import BadFormat
from txn_svc.statement.formats.folder import Formats, named, read_folder, shape_of

__all__ = ["BadFormat", "format_ids", "formats", "recognise"]


def formats() -> Mapping[str, Format]:
    """All formats by their ids, in the ids' order. The first call reads the files; a bad one is a BadFormat."""
    return _all().by_id


def format_ids() -> tuple[str, ...]:
    return tuple(formats())


def recognise(header: Sequence[str], delimiter: str) -> Format | None:
    """The format that has exactly these columns, for this file: its header, delimiter and roles are the file's.

    Names are compared without their padding and case, in any order, but a header that has a name twice only in the
    bank's; columns without a name at the end of the line are none.
    """
    found = _all().by_shape.get(shape_of(header, delimiter))
    if found is None:
        return None
    names, of_bank = named(header), named(found.header)
    has_twins = len(set(names)) < len(names)
    roles = found.roles if has_twins else _moved(found.roles, [names.index(name) for name in of_bank])
    return replace(found, header=tuple(header), delimiter=delimiter, width=len(header), roles=roles)


@cache
def _all() -> Formats:
    return read_folder(files(__name__))


def _moved(roles: Roles, places: Sequence[int]) -> Roles:
    changed: dict[str, Any] = {}
    for role in fields(Roles):
        at = getattr(roles, role.name)
        if at is not None:
            changed[role.name] = places[at] if isinstance(at, int) else tuple(places[each] for each in at)
    return replace(roles, **changed)
