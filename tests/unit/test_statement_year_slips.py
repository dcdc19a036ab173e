"""A row that is a year away from those around it is a slip where they are in the order of their days."""

import pytest

from tests.unit.statement_text import read_text, rejected
from txn_svc.statement import RejectedRow

HEADERS = ("date,description,amount\n", "Date;Payee;Amount\n")


def rejects(header: str, days: list[str]) -> list[int]:
    mark = "," if "," in header else ";"
    statement = read_text(header + "".join(f"{day}{mark}Bar{mark}-5.00\n" for day in days))
    return [row.line for row in statement.rows() if isinstance(row, RejectedRow)]


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize(
    ("days", "slips"),
    [
        (["2026-10-05", "2026-10-09", "2026-10-13", "2025-10-14", "2026-10-19"], [5]),
        (["2026-10-19", "2026-10-13", "2026-10-09", "2025-10-08", "2026-10-05"], [5]),
        (["2025-12-28", "2025-12-29", "2025-12-30", "2025-01-02", "2026-01-05"], [5]),
        (["2026-01-05", "2026-01-03", "2026-01-02", "2024-12-31", "2025-12-30"], [5]),
        (["2026-01-05", "2026-01-03", "2026-01-02", "2025-12-31", "2025-12-30"], []),
        # Of two, the second stands between others again.
        (["2026-10-05", "2026-10-09", "2025-10-13", "2026-10-14", "2025-10-15", "2026-10-19"], []),
        (["2026-10-05", "2026-10-06", "2026-10-09", "2025-10-13", "2026-10-14", "2025-10-15", "2026-10-19"], [5, 7]),
        # Too few before it, none behind it, no order, another place, another time.
        (["2026-10-05", "2026-10-09", "2025-10-13", "2026-10-19"], []),
        (["2026-10-05", "2026-10-09", "2026-10-13", "2025-10-14"], []),
        (["2026-10-05", "2026-10-09", "2026-10-06", "2025-10-07", "2026-10-08"], []),
        (["2026-10-05", "2026-10-09", "2026-10-13", "2025-10-30", "2026-10-19"], []),
        (["2026-10-05", "2026-10-09", "2026-10-13", "2026-04-14", "2026-10-19"], []),
        (["2024-02-26", "2024-02-27", "2024-02-28", "2024-02-28", "2025-03-01", "2024-03-02"], [6]),
        # An account that rested, and one whose days begin again.
        (["2025-01-05", "2025-01-09", "2025-01-13", "2026-10-14", "2026-10-19"], []),
        (["2026-08-05", "2026-08-09", "2026-08-13", "2025-08-05", "2025-08-09", "2025-08-13"], []),
    ],
)
def test_a_slip_of_one_year_is_rejected(header: str, days: list[str], slips: list[int]) -> None:
    assert rejects(header, days) == slips


def test_the_reject_says_what_is_wrong_with_it() -> None:
    days = ["2026-10-05", "2026-10-09", "2026-10-13", "2025-10-14", "2026-10-19"]
    statement = read_text(HEADERS[0] + "".join(f"{day},Bar,-5.00\n" for day in days))

    row = rejected(list(statement.rows())[3])

    assert (row.reason_code, row.column) == ("BAD_DATE", "date")
    assert row.reason == "“2025-10-14” is a year away from the rows around it, which are in the order of their days."


def test_a_reject_between_a_slip_and_the_row_behind_it_keeps_its_place() -> None:
    days = ["2026-10-05", "2026-10-09", "2026-10-13", "2025-10-14", "soon", "2026-10-19"]

    assert rejects(HEADERS[0], days) == [5, 6]


def test_beside_running_balances_the_bank_has_written_it() -> None:
    days = ["2026-10-05", "2026-10-09", "2026-10-13", "2025-10-14", "2026-10-19"]
    text = "Date;Payee;Amount;Balance\n" + "".join(
        f"{day};Bar;-5.00;{95 - 5 * number}.00\n" for number, day in enumerate(days)
    )

    assert not [row for row in read_text(text).rows() if isinstance(row, RejectedRow)]
