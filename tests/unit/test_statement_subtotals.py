"""Sums among the rows, whatever they are called, are no bookings."""

from itertools import count

import pytest

from tests.unit.statement_text import read_text, rejected
from txn_svc.statement import RejectedRow

HEADER = "Date;What;Amount\n"
ONE, TWO = [-1000, -2046, 500000], [-7, -90000, -300, 1]


def text(amounts: list[int]) -> str:
    days = count(13)
    return HEADER + "".join(f"2026-10-{next(days)};Thing;{amount / 100:.2f}\n" for amount in amounts)


def sums(*amounts: int) -> list[int]:
    rows = read_text(text(list(amounts))).rows()
    return [row.line for row in rows if isinstance(row, RejectedRow)]


def test_each_sum_of_the_rows_since_the_last_one_is_rejected() -> None:
    assert sums(*ONE, sum(ONE), *TWO, sum(TWO)) == [5, 10]


def test_so_is_the_sum_of_all_below_the_last_of_them() -> None:
    assert sums(*ONE, sum(ONE), *TWO, sum(TWO), sum(ONE) + sum(TWO)) == [5, 10, 11]


def test_the_reject_says_what_it_is() -> None:
    rows = list(read_text(text([*ONE, sum(ONE), *TWO, sum(TWO)])).rows())

    row = rejected(rows[3])

    assert (row.reason_code, row.column) == ("BAD_AMOUNT", "Amount")
    assert row.reason.startswith("It is what the rows above it add up to")


@pytest.mark.parametrize(
    "amounts",
    [
        [*ONE, sum(ONE), *TWO],
        [*ONE, sum(ONE), *TWO, sum(TWO), -5],
        [*ONE, sum(ONE), *TWO, sum(TWO) + 1],
        [-1000, 3000, 2000, -500, -400, -900],
        [-1000, -2046, 50, -2996],
        [-1, -2, 3, -5, -5, 0, -1, -2, 0, 2, -1, -1, -1, -3],
    ],
)
def test_what_may_be_so_by_chance_is_booked(amounts: list[int]) -> None:
    assert sums(*amounts) == []


def test_beside_running_balances_sums_say_nothing() -> None:
    amounts = [*ONE, sum(ONE), *TWO, sum(TWO)]
    rows = "".join(
        f"2026-10-{13 + at};Thing;{amount / 100:.2f};{sum(amounts[: at + 1]) / 100:.2f}\n"
        for at, amount in enumerate(amounts)
    )

    assert not [row for row in read_text(f"Date;What;Amount;Balance\n{rows}").rows() if isinstance(row, RejectedRow)]


def test_so_it_is_in_a_file_of_the_simple_layout() -> None:
    simple = text([*ONE, sum(ONE), *TWO, sum(TWO)]).replace("Date;What;Amount", "date;description;amount")

    assert [row.line for row in read_text(simple).rows() if isinstance(row, RejectedRow)] == [5, 10]


def test_there_a_last_row_that_is_as_much_as_all_others_is_booked() -> None:
    simple = text([-350, -350, 100, 100, 150, -350]).replace("Date;What;Amount", "date;description;amount")

    assert not [row for row in read_text(simple).rows() if isinstance(row, RejectedRow)]


def balances(step: int, *, off: int = 0) -> list[int]:
    """The lines rejected of a file in which each second day ends in its balance, whatever that is called."""
    lines, balance = list[str](), 400000
    for day, amounts in enumerate(([-4760], [-7696, -4365], [-190000, 640000], [-870, -1667]), start=13):
        balance += sum(amounts)
        lines += [f"2026-10-{day};Thing {one};{one / 100:.2f}" for one in amounts]
        lines.append(f"2026-10-{day};Stan dnia;{(balance + off * day) / 100:.2f}")
    rows = read_text(HEADER + "\n".join(lines[::step]), answers={"SIGN": "SIGNED"}).rows()
    return [row.line for row in rows if isinstance(row, RejectedRow)]


def test_rows_of_one_text_that_lead_on_are_balances() -> None:
    assert balances(1) == [3, 6, 9, 12]
    assert balances(-1) == [2, 5, 8, 11]
    assert balances(1, off=1) == []
