"""The text of a YAML file of this folder becomes a Format."""

import csv
from collections.abc import Hashable, Sequence
from typing import Final

import yaml
from pydantic import ValidationError

from txn_svc.ledger.quoting import quoted
from txn_svc.statement.format import Format, Roles
from txn_svc.statement.formats.keys import FormatFile
from txn_svc.statement.words import plain

_COMPLAINTS: Final = {"missing": "is missing", "extra_forbidden": "is no key that a format has"}


class BadFormat(ValueError):
    """A file that is no format; the message names the file, the key and what is wrong there."""


class _Loader(yaml.BaseLoader):
    """Every scalar is text: `NO` is a country and `1` a column. A key that is there twice is refused."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:
        mapping = super().construct_mapping(node, deep=deep)
        if len(mapping) < len(node.value):
            keys = [key.value for key, _ in node.value]
            twice = next(key for key in keys if keys.count(key) > 1)
            raise yaml.constructor.ConstructorError(problem=f"{twice} is there twice")
        return mapping


def read_format(stem: str, text: str) -> tuple[Format, tuple[str, ...]]:
    """The format of {stem}.yaml with the first of its delimiters, and all of them. Refuses with BadFormat."""
    try:
        file = FormatFile.model_validate(yaml.load(text, _Loader))  # noqa: S506 — it makes texts, lists and dicts only
        return _format(stem, file), file.delimiter
    except yaml.YAMLError as error:
        raise BadFormat(f"{stem}.yaml: {' '.join(str(error).split())}.") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(map(str, first["loc"])) or "the whole file"
        raise BadFormat(f"{stem}.yaml: {key}: {_COMPLAINTS.get(first['type'], first['msg'])}.") from None
    except BadFormat as error:
        raise BadFormat(f"{stem}.yaml: {error}.") from None


def _format(stem: str, file: FormatFile) -> Format:
    _check(stem, file)
    names, columns = _header(file), file.columns
    places = {
        role: _place(f"columns.{role}", column, names, file.width)
        for role, column in columns.model_dump(exclude={"description"}).items()
        if column is not None
    }
    description = tuple(_place("columns.description", column, names, file.width) for column in columns.description)
    return Format(
        id=file.id,
        name=file.name,
        bank=file.bank,
        country=file.country,
        delimiter=file.delimiter[0],
        header=names,
        width=file.width or len(names),
        roles=Roles(description=description, **places),
        date_order=file.dates,
        decimal_mark=file.decimal_mark,
        sign=file.sign,
        debit_words=_words(file.debit_words),
        credit_words=_words(file.credit_words),
        pending_words=_words(file.pending_words),
        has_stable_ids=file.stable_ids,
    )


def _header(file: FormatFile) -> tuple[str, ...]:
    if file.header is None:
        if file.width is None:
            raise BadFormat("header: it is missing, and where the bank's files have none, the width is")
        return ()
    rows = list(csv.reader(file.header.splitlines(), delimiter=file.delimiter[0], strict=True))
    if len(rows) != 1:
        raise BadFormat(f"header: it is one line, not {len(rows)}")
    if file.width is not None and file.width < len(rows[0]):
        raise BadFormat(f"width: the header has {len(rows[0])} columns already")
    return tuple(rows[0])


def _check(stem: str, file: FormatFile) -> None:
    """What one key says about another."""
    if file.id != stem:
        raise BadFormat(f"id: {quoted(file.id)} is not the name of the file")
    columns, is_split = file.columns, file.columns.debit is not None or file.columns.credit is not None
    if (columns.amount is not None) is is_split:
        raise BadFormat("columns.amount: there is either one, or a debit, a credit, or both")
    if file.sign is not None and (file.sign == "SPLIT") is not is_split:
        raise BadFormat(f"sign: {file.sign} does not go with the columns of amounts")
    if file.sign == "INDICATOR" and columns.indicator is None:
        raise BadFormat("sign: INDICATOR needs columns.indicator")
    if (file.debit_words or file.credit_words) and columns.indicator is None:
        raise BadFormat("debit_words, credit_words: they need columns.indicator")
    if file.pending_words and columns.status is None:
        raise BadFormat("pending_words: they need columns.status")
    if file.stable_ids and columns.external_id is None:
        raise BadFormat("stable_ids: they need columns.external_id")
    if both := _words(file.debit_words) & _words(file.credit_words):
        raise BadFormat(f"debit_words, credit_words: {quoted(min(both))} cannot be both")


def _place(key: str, column: str, names: Sequence[str], width: int | None) -> int:
    """The index of the column; a name comes before a number, and is one that the header has once."""
    found = [at for at, name in enumerate(names) if name.strip() == column.strip()]
    if len(found) == 1:
        return found[0]
    if found:
        raise BadFormat(f"{key}: the header has {quoted(column)} {len(found)} times, so say its number")
    if column.isdecimal() and 1 <= int(column) <= (width or len(names)):
        return int(column) - 1
    raise BadFormat(f"{key}: there is no column {quoted(column)}")


def _words(words: Sequence[str]) -> frozenset[str]:
    return frozenset(map(plain, words))
