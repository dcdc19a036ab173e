"""The banks' formats: one YAML file of this folder each. How to add one: docs/imports.md."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files

from txn_svc.statement.format import Format
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
    surplus = found.width - len(found.header)
    moved = found if has_twins else found.with_columns_at([names.index(name) for name in of_bank])
    return replace(moved, header=tuple(header), delimiter=delimiter, width=len(header) + surplus)


@cache
def _all() -> Formats:
    return read_folder(files(__name__))
