"""Files of banks that nobody has described: they are read as their writer meant them, or something is asked."""

from collections.abc import Iterator, Mapping
from datetime import date
from itertools import product

import pytest
from hypothesis import assume, given, note, settings

from tests.counts import examples
from tests.unit.dialects import Dialect, Row, dialects, rows
from tests.unit.statement_text import read_text
from txn_svc.statement import Statement, ValidRow
from txn_svc.statement.model import Property

# Which column is which, then what they mean.
ROUNDS_MAX = 2

Meaning = list[tuple[date, int, str]]


def meant(dialect: Dialect, written: list[Row]) -> Meaning:
    in_file = written[::-1] if dialect.is_newest_first else written
    return [(row.day, row.minor, row.text) for row in in_file]


def understood(statement: Statement) -> Meaning:
    found = list(statement.rows())
    assert all(isinstance(row, ValidRow) for row in found), found
    return [(row.booked_on, row.amount_minor, row.description) for row in found if isinstance(row, ValidRow)]


def answered(text: str, answers: Mapping[Property, str], rounds: int = ROUNDS_MAX) -> Iterator[Statement]:
    """The statements of all answers that can be given, one after the other as they are asked."""
    statement = read_text(text, "EUR", answers=answers)
    if not statement.questions:
        yield statement
        return
    assert rounds, statement.questions
    names = [question.property for question in statement.questions]
    for chosen in product(*([option.id for option in question.options] for question in statement.questions)):
        yield from answered(text, {**answers, **dict(zip(names, chosen, strict=True))}, rounds - 1)


@pytest.mark.fuzz
@pytest.mark.timeout(900)
@settings(max_examples=examples(150, 20_000), deadline=None)
@given(dialects, rows)
def test_a_file_is_read_as_it_was_meant_or_asks(dialect: Dialect, written: list[Row]) -> None:
    text = dialect.write(written)
    note(text)
    statement = read_text(text, "EUR")
    # What rows leave open, a bank's own header decides.
    assume(statement.format_id in {"inferred", "plain"} or not read_text(without_bank(text), "EUR").questions)
    note(str([(one.property, one.basis, one.value) for one in statement.findings]))
    note(str([(one.property, [option.id for option in one.options]) for one in statement.questions]))

    if not statement.questions:
        assert understood(statement) == meant(dialect, written)
    else:
        assert meant(dialect, written) in map(without_rejects, answered(text, {}))


def without_bank(text: str) -> str:
    """The same file with a header that is no bank's."""
    return text.replace("Concepto", "Descripción", 1)


def without_rejects(statement: Statement) -> Meaning:
    return [(row.booked_on, row.amount_minor, row.description) for row in statement.rows() if isinstance(row, ValidRow)]
