"""Amounts without a sign that get one each by the balances beside them."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import accumulate

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.unit.statement_text import finding, read_text, valid
from txn_svc.statement import RejectedRow, Statement

HEADER = "Date,Description,Amount,Balance\n"
OLDEST_FIRST = (-2000, 5000, -1000, -500, -250, 12000, -300, -400, -150, -350, -450, -600)


def rows(amounts: Sequence[int], opening: int = 10000) -> list[str]:
    """Oldest first, of one day each."""
    balances = list(accumulate(amounts, initial=opening))[1:]
    return [
        f"{date(2026, 9, 1) + timedelta(day)},Text {day},{abs(amount) / 100:.2f},{balance / 100:.2f}"
        for day, (amount, balance) in enumerate(zip(amounts, balances, strict=True), 1)
    ]


def text(lines: Sequence[str], before: str = "") -> str:
    return before + HEADER + "".join(f"{line}\n" for line in lines)


def amounts(statement: Statement) -> list[int]:
    return [valid(row).amount_minor for row in statement.rows()]


@pytest.mark.parametrize("is_descending", [False, True])
@pytest.mark.parametrize("oldest", [-2000, 2000])
def test_the_opening_balance_of_the_file_shows_what_the_oldest_row_is(oldest: int, is_descending: bool) -> None:
    meant = [oldest, *OLDEST_FIRST[1:]]
    lines = rows(meant)[:: -1 if is_descending else 1]

    statement = read_text(text(lines, "Opening balance,,,100.00\n"))

    assert amounts(statement) == meant[:: -1 if is_descending else 1]
    found = finding(statement, "SIGN")
    assert (found.basis, found.value) == ("EVIDENCE", "BALANCE_DEBIT" if oldest < 0 else "BALANCE_CREDIT")
    assert statement.proof.verdict == "BALANCES_MATCH"


@pytest.mark.parametrize("is_descending", [False, True])
@pytest.mark.parametrize(("chosen", "oldest"), [(0, -2000), (1, 2000)])
def test_only_the_oldest_row_is_asked_about(chosen: int, oldest: int, is_descending: bool) -> None:
    lines = rows(OLDEST_FIRST)[:: -1 if is_descending else 1]
    line = len(lines) + 1 if is_descending else 2

    (question,) = read_text(text(lines)).questions
    answered = read_text(text(lines), answers={"SIGN": question.options[chosen].id})

    assert question.property == "SIGN"
    assert question.message == (
        "No amount has a sign. The balances show which are debits, but for the oldest row, "
        f"in line {line}: nothing says what was there before it."
    )
    assert [[(valid(row).line, valid(row).amount_minor) for row in option.rows] for option in question.options] == [
        [(line, -2000)],
        [(line, 2000)],
    ]
    assert amounts(answered) == [oldest, *OLDEST_FIRST[1:]][:: -1 if is_descending else 1]


def test_what_the_oldest_row_of_one_file_was_says_nothing_of_the_next() -> None:
    before = read_text(text(rows(OLDEST_FIRST)), answers={"SIGN": "BALANCE_DEBIT"})

    later = read_text(text(rows(OLDEST_FIRST[2:])), remembered={before.shape: {"SIGN": "BALANCE_DEBIT"}})

    assert [question.property for question in later.questions] == ["SIGN"]


def test_balances_before_the_rows_decide_nothing() -> None:
    lines = rows(OLDEST_FIRST)
    befores = ["100.00", *(line.rpartition(",")[2] for line in lines)]

    statement = read_text(
        text([f"{line.rpartition(',')[0]},{before}" for line, before in zip(lines, befores, strict=False)])
    )

    assert [(one.property, [option.id for option in one.options]) for one in statement.questions] == [
        ("SIGN", ["CREDITS", "DEBITS"])
    ]


def test_a_fee_beside_amounts_leaves_no_single_sign() -> None:
    header = "Date,Description,Fee,Amount,Balance\n"
    text_ = (
        f"{header}2026-03-01,In,100.00,0.00,100.00\n2026-03-02,Bar,-10.00,1.50,88.50\n2026-03-03,Shop,-8.00,,80.50\n"
    )

    (columns,) = read_text(text_).questions
    (signs,) = read_text(text_, answers={"COLUMNS": columns.options[0].id}).questions

    assert [option.id for option in signs.options] == ["CREDITS", "DEBITS"]


def test_one_credit_among_many_debits_is_one() -> None:
    meant = [-100 - at for at in range(40)]
    meant[20] = 777

    statement = read_text(text(rows(meant, 1_000_000), "Opening balance,,,10000.00\n"))

    assert amounts(statement) == meant


def test_debits_alone_stay_debits_where_a_row_is_missing() -> None:
    lines = rows([-100 - at for at in range(30)], 1_000_000)

    statement = read_text(text([*lines[:12], *lines[13:]]))

    assert finding(statement, "SIGN").value == "DEBITS"
    assert statement.proof.verdict == "GAP"


def test_a_row_that_the_balances_do_not_explain_is_rejected() -> None:
    meant = [*OLDEST_FIRST, *(amount - 1 for amount in OLDEST_FIRST)]
    lines = rows(meant)

    statement = read_text(text([*lines[:6], *lines[7:]], "Opening balance,,,100.00\n"))

    rejected = [row for row in statement.rows() if isinstance(row, RejectedRow)]
    assert [(row.line, row.reason_code, row.column) for row in rejected] == [(9, "BAD_AMOUNT", "Amount")]
    assert rejected[0].reason == (
        "The balances do not differ by this amount here, so nothing says whether it is a debit or a credit."
    )
    accepted = [valid(row).amount_minor for row in statement.rows() if not isinstance(row, RejectedRow)]
    assert accepted == [*meant[:6], *meant[8:]]


@settings(deadline=None)
@given(st.lists(st.integers(-500, 500).filter(bool), min_size=4, max_size=25), st.booleans())
def test_signs_that_were_taken_away_come_back(meant: list[int], is_descending: bool) -> None:
    assume(len(set(map(abs, meant))) == len(meant))
    assume(min(meant[1:]) < 0 < max(meant[1:]))
    order = -1 if is_descending else 1

    statement = read_text(
        text(rows(meant, 100_000)[::order]),
        answers={"SIGN": "BALANCE_DEBIT" if meant[0] < 0 else "BALANCE_CREDIT"},
    )

    assert amounts(statement) == meant[::order]


def test_a_row_of_other_cells_says_nothing_of_the_order_of_days() -> None:
    text = (
        "Date,Text,Amount,Balance\n03/27/2026,a,b,10.00,110.00\n03/02/2026,Bar,100.00,987.13\n"
        "03/09/2026,Shop,12.50,974.63\n"
    )
    statement = read_text(text, answers={"DATE_ORDER": "MDY"})
    (question,) = statement.questions
    answered = read_text(text, answers={"DATE_ORDER": "MDY", "SIGN": "BALANCE_CREDIT"})

    assert [option.id for option in question.options] == ["BALANCE_DEBIT", "BALANCE_CREDIT"]
    assert finding(answered, "SIGN").basis == "ANSWERED"
