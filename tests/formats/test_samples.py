"""Every format's sample: its figures by a plain reading, and by the product's."""

import csv
import re
from collections.abc import Sequence
from decimal import Decimal
from importlib import resources
from io import BytesIO, StringIO
from random import Random

import pytest

from tests.formats.plain_reading import (
    EXPECTED,
    FOLDER,
    Expected,
    ExpectedRow,
    data,
    expected,
    header,
    plain_rows,
    records,
    sample,
    sample_ids,
    walk,
)
from txn_svc.ledger.money import currency
from txn_svc.statement import RejectedRow, Statement, ValidRow, read
from txn_svc.statement.formats import format_ids, formats, recognise

IDS = format_ids()
WITH_HEADER = [name for name in IDS if formats()[name].header]


def test_every_format_has_a_sample_and_what_is_expected_of_it() -> None:
    assert sample_ids() == sorted(IDS)
    assert sorted(path.parent.name for path in FOLDER.glob(f"*/{EXPECTED}")) == sorted(IDS)


@pytest.mark.parametrize("name", WITH_HEADER)
def test_a_sample_is_recognised_by_its_header(name: str) -> None:
    found = recognise(header(name), formats()[name].delimiter)

    assert found is not None
    assert found.id == name


@pytest.mark.parametrize("name", IDS)
def test_a_format_names_no_value_of_its_sample(name: str) -> None:
    """A format that knows a file's values would read that one file only."""
    told = formats()[name]
    words = told.debit_words | told.credit_words | told.pending_words
    text = resources.files("txn_svc.statement.formats").joinpath(f"{name}.yaml").read_text("utf-8").casefold()
    for column in sorted(told.header, key=len, reverse=True):
        text = text.replace(column.strip().casefold(), "")
    values = {cell.strip().casefold() for record in data(name) for cell in record.cells} - words

    assert not [value for value in values if len(value) >= 4 and re.search(rf"\b{re.escape(value)}\b", text)]


@pytest.mark.parametrize("name", IDS)
def test_the_figures_of_a_sample_by_a_plain_reading(name: str) -> None:
    wanted = expected(name)

    rows = plain_rows(name)

    amounts = [row.read.amount for row in rows]
    assert len(rows) == wanted.rows
    assert sum(amount for amount in amounts if amount > 0) == wanted.credits
    assert sum(amount for amount in amounts if amount < 0) == wanted.debits
    assert (rows[0].read, rows[-1].read) == (wanted.first, wanted.last)


@pytest.mark.parametrize("name", [name for name in IDS if expected(name).balances])
def test_the_balances_of_a_sample_follow_from_its_amounts(name: str) -> None:
    wanted = expected(name)
    assert wanted.balances is not None

    assert wanted.balances.opening + wanted.credits + wanted.debits == wanted.balances.closing
    if formats()[name].roles.balance is not None:
        assert walk(plain_rows(name)) == (wanted.balances.opening, wanted.balances.closing)


@pytest.mark.parametrize("name", IDS)
def test_a_sample_is_read_without_a_question(name: str) -> None:
    wanted = expected(name)

    statement = read_sample(name)
    rows = list(statement.rows())

    booked = [row for row in rows if isinstance(row, ValidRow)]
    amounts = [in_units(row.amount_minor, wanted) for row in booked]
    assert (statement.format_id, statement.questions) == (name, ())
    assert {row.line: row.reason_code for row in rows if isinstance(row, RejectedRow)} == wanted.rejected
    assert len(booked) == wanted.rows
    assert sum(amount for amount in amounts if amount > 0) == wanted.credits
    assert sum(amount for amount in amounts if amount < 0) == wanted.debits
    assert (as_expected(booked[0], wanted), as_expected(booked[-1], wanted)) == (wanted.first, wanted.last)


@pytest.mark.parametrize("name", [name for name in IDS if expected(name).balances])
def test_a_sample_is_proved_by_its_balances(name: str) -> None:
    wanted = expected(name)
    assert wanted.balances is not None

    proof = read_sample(name).proof

    assert proof.verdict == "BALANCES_MATCH", proof.message
    ends = [in_units(minor, wanted) for minor in (proof.opening_minor, proof.closing_minor) if minor is not None]
    assert ends == [wanted.balances.opening, wanted.balances.closing]


@pytest.mark.parametrize("name", IDS)
def test_a_sample_s_encoding_is_found(name: str) -> None:
    [found] = [found for found in read_sample(name).findings if found.property == "ENCODING"]

    assert found.value == expected(name).encoding


@pytest.mark.parametrize("name", WITH_HEADER)
def test_columns_in_another_order_give_the_same_rows(name: str) -> None:
    wanted, names = expected(name), [column for column in header(name) if column.strip()]
    if len(set(names)) < len(names):
        pytest.skip("A name that is there twice is known by its place.")
    order = Random(0).sample(range(len(names)), len(names))

    statement = read_sample(name, shuffled(name, order))
    rows = [as_expected(row, wanted) for row in statement.rows() if isinstance(row, ValidRow)]

    assert statement.format_id == name
    assert [row.model_copy(update={"line": 0}) for row in rows] == [
        row.read.model_copy(update={"line": 0}) for row in plain_rows(name)
    ]


def shuffled(name: str, order: Sequence[int]) -> bytes:
    """The sample in UTF-8, its columns in this order; what stands above the header is as it was."""
    told, text = formats()[name], StringIO(newline="")
    surplus = [""] * (told.width - len(told.header))
    writer = csv.writer(text, delimiter=told.delimiter)
    for record in records(name):
        if record.line < expected(name).header or len(record.cells) < len(order):
            writer.writerow(record.cells)
        else:
            is_header = record.line == expected(name).header
            writer.writerow([record.cells[at] for at in order] + ([] if is_header else surplus))
    return text.getvalue().encode()


def read_sample(name: str, content: bytes | None = None) -> Statement:
    """Files with a header are recognised, the others asked for."""
    wanted, told = expected(name), formats()[name]
    return read(
        BytesIO(content or sample(name)),
        uploaded_on=wanted.uploaded_on,
        currency=currency(wanted.currency),
        format_id=None if told.header else name,
    )


def as_expected(row: ValidRow, wanted: Expected) -> ExpectedRow:
    return ExpectedRow(
        line=row.line,
        date=row.booked_on,
        value_date=row.value_on,
        amount=in_units(row.amount_minor, wanted),
        description=row.description,
    )


def in_units(minor: int, wanted: Expected) -> Decimal:
    return Decimal(minor).scaleb(-currency(wanted.currency).decimals)
