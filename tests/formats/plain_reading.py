"""A second reading of the samples: csv, strptime and Decimal, which are told what the product has to find out."""

import csv
import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict

from txn_svc.statement.format import Format
from txn_svc.statement.formats import formats

FOLDER = Path(__file__).parent
EXPECTED = "expected.yaml"
SAMPLE = "sample.csv"

Words = Annotated[str, BeforeValidator(lambda text: " ".join(text.split()))]
"""A description: how its words are spaced is not compared."""


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ExpectedRow(Strict):
    line: int
    date: dt.date
    value_date: dt.date | None = None
    amount: Decimal
    description: Words


class Balances(Strict):
    opening: Decimal
    closing: Decimal


class Expected(Strict):
    """The keys of expected.yaml: how the sample is written, then what it holds (docs/imports.md)."""

    encoding: str
    header: int
    dates: str
    decimal_mark: str = "."
    thousands: str = ""
    glued: str = ""
    years: dict[int, int] = {}
    uploaded_on: dt.date = dt.date(2026, 4, 15)
    currency: str
    rows: int
    credits: Decimal
    debits: Decimal
    first: ExpectedRow
    last: ExpectedRow
    rejected: dict[int, str] = {}
    skipped: frozenset[int] = frozenset()
    balances: Balances | None = None


@dataclass(frozen=True)
class Record:
    line: int
    cells: Sequence[str]


@dataclass(frozen=True)
class PlainRow:
    read: ExpectedRow
    balance: Decimal | None


def sample_ids() -> list[str]:
    return sorted(path.parent.name for path in FOLDER.glob(f"*/{SAMPLE}"))


def sample(format_id: str) -> bytes:
    return (FOLDER / format_id / SAMPLE).read_bytes()


def expected(format_id: str) -> Expected:
    text = (FOLDER / format_id / EXPECTED).read_text(encoding="utf-8")
    return Expected.model_validate(yaml.load(text, yaml.BaseLoader))


def records(format_id: str) -> Iterator[Record]:
    """All records of the sample by the lines that they start on, blank ones and those above the header too."""
    text = sample(format_id).decode(expected(format_id).encoding).removeprefix("\ufeff").rstrip("\0")
    reader, line = csv.reader(StringIO(text, newline=""), delimiter=formats()[format_id].delimiter, strict=True), 1
    for cells in reader:
        yield Record(line, cells)
        line = reader.line_num + 1


def header(format_id: str) -> Sequence[str]:
    [found] = [record.cells for record in records(format_id) if record.line == expected(format_id).header]
    return found


def data(format_id: str) -> list[Record]:
    """The records below the header that are rows of some kind: booked, rejected or balances."""
    first = expected(format_id).header + 1
    return [record for record in records(format_id) if record.line >= first and any(map(str.strip, record.cells))]


def plain_rows(format_id: str) -> list[PlainRow]:
    wanted, told = expected(format_id), formats()[format_id]
    left_out = wanted.skipped | wanted.rejected.keys()
    return [_row(record, told, wanted) for record in data(format_id) if record.line not in left_out]


def _row(record: Record, told: Format, wanted: Expected) -> PlainRow:
    cells, roles = record.cells, told.roles
    row = {
        "line": record.line,
        "date": _date(cells[roles.date], wanted),
        "value_date": None if roles.value_date is None else _date(cells[roles.value_date], wanted),
        "amount": _signed(cells, told, wanted) - _fee(cells, told, wanted),
        "description": " ".join(cells[at] for at in roles.description),
    }
    return PlainRow(
        ExpectedRow.model_validate(row), None if roles.balance is None else _number(cells[roles.balance], wanted)
    )


def _date(text: str, wanted: Expected) -> dt.date | None:
    if not text.strip():
        return None
    if not wanted.years:
        return dt.datetime.strptime(text.strip(), wanted.dates).date()  # noqa: DTZ007
    read = dt.datetime.strptime(f"2000/{text.strip()}", f"%Y/{wanted.dates}").date()  # noqa: DTZ007
    return read.replace(year=wanted.years[read.month])


def _fee(cells: Sequence[str], told: Format, wanted: Expected) -> Decimal:
    at = told.roles.fee
    return Decimal(0) if at is None or not cells[at].strip() else _number(cells[at], wanted)


def _number(text: str, wanted: Expected) -> Decimal:
    for mark in (wanted.glued.strip(), *wanted.thousands):
        text = text.replace(mark, "") if mark else text
    return Decimal(text.strip().replace(wanted.decimal_mark, "."))


def _signed(cells: Sequence[str], told: Format, wanted: Expected) -> Decimal:
    def number(at: int | None) -> Decimal:
        return Decimal(0) if at is None or not cells[at].strip() else _number(cells[at], wanted)

    roles = told.roles
    if told.sign == "SPLIT":
        return abs(number(roles.credit)) - abs(number(roles.debit))
    if told.sign == "INDICATOR":
        assert roles.indicator is not None
        word = cells[roles.indicator].strip().casefold()
        assert word in told.debit_words | told.credit_words
        return number(roles.amount) * (-1 if word in told.debit_words else 1)
    return number(roles.amount) * (-1 if told.sign == "INVERTED" else 1)


def walk(rows: Sequence[PlainRow]) -> tuple[Any, Any]:
    """Opening and closing balance of a column of running balances, from the oldest row to the newest or back."""
    for chain in (rows, rows[::-1]):
        if all(_sum(before.balance, after.read.amount) == after.balance for before, after in pairwise(chain)):
            return _sum(chain[0].balance, -chain[0].read.amount), chain[-1].balance
    raise AssertionError("The running balances do not follow from the amounts.")


def _sum(balance: Decimal | None, amount: Decimal) -> Decimal:
    assert balance is not None
    return balance + amount
