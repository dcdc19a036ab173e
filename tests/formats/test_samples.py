"""Every format's sample: its figures by a plain reading, and by the product's."""

import re
from importlib import resources

import pytest

from tests.formats.plain_reading import (
    EXPECTED,
    FOLDER,
    data,
    expected,
    header,
    plain_rows,
    sample_ids,
    walk,
)
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
