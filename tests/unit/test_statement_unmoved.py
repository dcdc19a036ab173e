"""A row that leaves the running balance as it was is not booked, where the balances go on without it."""

import pytest

from tests.unit.statement_text import read_text, rejected
from txn_svc.statement import RejectedRow

HEADER = "Date,What,Amount,Balance\n"
ROWS = [
    "2026-10-13,Start,-5.00,1000.00",
    "2026-10-14,Rate changed to,4.15,1000.00",
    "2026-10-15,Shop,-100.00,900.00",
    "2026-10-16,Notice,-60.00,900.00",
    "2026-10-16,Notice,-30.00,900.00",
    "2026-10-19,Wages,250.00,1150.00",
]
# One balance for each day, beside each of its rows.
OF_DAYS = [
    "2026-10-13,A,-5.00,990.00",
    "2026-10-13,B,-5.00,990.00",
    "2026-10-14,C,-1.00,987.00",
    "2026-10-14,D,-2.00,987.00",
    "2026-10-15,E,-3.00,980.00",
    "2026-10-15,F,-4.00,980.00",
]


def unbooked(rows: list[str]) -> list[int]:
    statement = read_text(HEADER + "".join(f"{row}\n" for row in rows))
    return [row.line for row in statement.rows() if isinstance(row, RejectedRow)]


@pytest.mark.parametrize(("rows", "lines"), [(ROWS, [3, 5, 6]), (ROWS[::-1], [3, 4, 6])])
def test_notices_are_not_booked_in_either_order(rows: list[str], lines: list[int]) -> None:
    statement = read_text(HEADER + "\n".join(rows))
    rejects = [row for row in statement.rows() if isinstance(row, RejectedRow)]

    assert [row.line for row in rejects] == lines
    assert {(row.reason_code, row.column) for row in rejects} == {("PENDING", "Balance")}
    assert rejected(rejects[0]).reason == (
        "Its balance is that of the row before it, and the balances go on without its amount."
    )
    assert statement.proof.verdict == "BALANCES_MATCH"


def test_where_a_row_is_lost_as_well_the_notices_are_told_and_the_gap_is_said() -> None:
    later = [f"2026-11-{day:02},Bar,-1.00,{400 - day}.00" for day in range(1, 15)]
    statement = read_text(HEADER + "\n".join([*ROWS, *later]))

    assert unbooked([*ROWS, *later]) == [3, 5, 6]
    assert statement.proof.verdict == "GAP"


@pytest.mark.parametrize("rows", [OF_DAYS, OF_DAYS[::-1], OF_DAYS[:2] + OF_DAYS[3:], OF_DAYS[:5]])
def test_one_balance_for_each_day_says_nothing_of_single_rows(rows: list[str]) -> None:
    assert unbooked(rows) == []


def test_the_same_balance_beside_all_rows_says_nothing() -> None:
    rows = [row.rpartition(",")[0] + ",500.00" for row in ROWS]

    assert unbooked(rows) == []


def test_an_amount_of_zero_is_a_row() -> None:
    assert unbooked([*ROWS[:1], "2026-10-14,Free,0.00,1000.00", *ROWS[2:3]]) == []


def test_an_option_shows_the_notices_as_they_are_read_then() -> None:
    rows = [row.replace("2026-10-", "").replace(",", "/10/2026,", 1).replace("1", "0", 1) for row in ROWS]
    text = HEADER + "\n".join(rows)
    (question,) = read_text(text).questions

    for option in question.options:
        following = list(read_text(text, answers={question.property: option.id}).rows())

        assert question.property == "DATE_ORDER"
        assert set(option.rows) <= set(following)
        assert [row.line for row in following if isinstance(row, RejectedRow)] == [3, 5, 6]


def test_a_rejected_row_between_explains_why_the_balance_is_the_same_again() -> None:
    rows = [
        "2026-10-13,Coffee,-5.00,95.00",
        "2026-10-14,Shoes, size 42,-50.00,45.00",
        "2026-10-15,Shoes refund,50.00,95.00",
        "2026-10-16,Food,-5.00,90.00",
        "2026-10-19,Tea,-5.00,85.00",
    ]
    statement = read_text(HEADER + "\n".join(rows))

    assert unbooked(rows) == [3]
    assert statement.proof.verdict == "GAP"


@pytest.mark.parametrize("text", ["planned", "VOIDED", "declined - no funds"])
def test_what_a_remark_says_is_not_true_of_a_row_whose_balance_moved(text: str) -> None:
    header = "Date,Description,Amount,Balance,Notes\n"
    rows = [f"2026-10-{day},Rent,-5.00,{100 - 5 * (day - 12)}.00,{text}\n" for day in range(13, 17)]

    statement = read_text(header + "".join(rows))

    assert not [row for row in statement.rows() if isinstance(row, RejectedRow)]
    assert statement.proof.verdict == "BALANCES_MATCH"


def test_so_it_is_where_the_rows_of_a_day_have_another_order() -> None:
    rows = [
        "2026-10-19,Gas,-5.00,0.00,",
        "2026-10-16,Rent,-50.00,30.00,VOIDED",
        "2026-10-16,Food,-25.00,5.00,",
        "2026-10-15,Fuel,-20.00,80.00,",
        "2026-10-14,Tea,-20.00,100.00,",
    ]
    statement = read_text("Date,Description,Amount,Balance,Notes\n" + "\n".join(rows))

    assert not [row for row in statement.rows() if isinstance(row, RejectedRow)]


@pytest.mark.parametrize("text", ["PENDING Tattoo Studio", "Terminüberweisung - Miete", "Refund HOTEL (cancelled)"])
def test_nor_is_what_a_description_says(text: str) -> None:
    rows = [ROWS[0], f"2026-10-14,{text},-5.00,995.00", f"2026-10-15,{text},5.00,1000.00"]

    assert unbooked(rows) == []
