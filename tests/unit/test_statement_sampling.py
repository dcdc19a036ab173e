"""Some rows of many, evenly."""

from datetime import date

import pytest

from txn_svc.statement.model import RejectedRow, ValidRow
from txn_svc.statement.sampling import moved_by, sampled


def rows(count: int) -> list[ValidRow | RejectedRow]:
    read: list[ValidRow | RejectedRow] = [
        ValidRow(line, (), date(2026, 7, 1), None, 1, "", None, None, None, None) for line in range(count)
    ]
    return [*read, RejectedRow(count, (), "BAD_DATE", "", None)]


@pytest.mark.parametrize(("count", "lines"), [(0, []), (4, [0, 1, 2, 3]), (5, [0, 2, 4]), (17, [0, 8, 16])])
def test_the_rows_lie_evenly_over_all(count: int, lines: list[int]) -> None:
    assert [row.line for row in sampled(rows(count), 4)] == lines


def test_a_leap_day_is_in_no_other_year() -> None:
    assert moved_by(date(2024, 2, 29), -1) is None
    assert moved_by(date(2024, 2, 28), -1) == date(2023, 2, 28)
