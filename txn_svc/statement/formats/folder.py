"""A folder of formats, and what a header is recognised by."""

from collections.abc import Mapping, Sequence
from importlib.resources.abc import Traversable
from pathlib import PurePath
from types import MappingProxyType
from typing import NamedTuple

from txn_svc.statement.format import Format
from txn_svc.statement.formats.file import BadFormat, read_format

Shape = tuple[str, tuple[str, ...]]
"""A delimiter and the names of the columns: sorted, as any order is fine, but not where one is there twice."""


class Formats(NamedTuple):
    """`by_shape` has those only whose files have a header."""

    by_id: Mapping[str, Format]
    by_shape: Mapping[Shape, Format]


def read_folder(folder: Traversable) -> Formats:
    """Of its YAML files, by name. Refuses with BadFormat one that is no format, and two that a header could be."""
    by_id: dict[str, Format] = {}
    by_shape: dict[Shape, Format] = {}
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        name = PurePath(file.name)
        if name.suffix != ".yaml":
            continue
        found, delimiters = read_format(name.stem, file.read_text(encoding="utf-8"))
        by_id[found.id] = found
        for delimiter in delimiters if found.header else ():
            twin = by_shape.setdefault(shape_of(found.header, delimiter), found)
            if twin is not found:
                raise BadFormat(f"{name}: header: it has the columns of {twin.id}.yaml.")
    return Formats(MappingProxyType(by_id), MappingProxyType(by_shape))


def shape_of(header: Sequence[str], delimiter: str) -> Shape:
    names = named(header)
    has_twins = len(set(names)) < len(names)
    return delimiter, tuple(names if has_twins else sorted(names))


def named(header: Sequence[str]) -> list[str]:
    """The names as they are compared, up to the last that is one."""
    names = [name_key(name) for name in header]
    while names and not names[-1]:
        names.pop()
    return names


def name_key(name: str) -> str:
    return name.strip().casefold()
