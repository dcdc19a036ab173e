"""Rows without a running balance among rows with one: what the balances around them say of them."""

from collections.abc import Sequence

from tests.unit.statement_text import read_text, rejected
from txn_svc.statement import RejectedRow, Statement, ValidRow
from txn_svc.statement.unbalanced import MAX_HELD

HEADER = "Date,What,Amount,Balance\n"
PARTS = (
    "2026-10-01,Start,-5.00,1000.00\n"
    "2026-10-02,Batch,-100.00,900.00\n"
    "2026-10-02,One,-60.00,\n"
    "2026-10-02,Two,-40.00,\n"
    "2026-10-03,Bar,-10.00,890.00\n"
)
OF_DAYS = (
    "2026-10-01,A,-5.00,\n2026-10-01,B,-5.00,990.00\n2026-10-02,C,-1.00,\n2026-10-02,D,-2.00,987.00\n"
    "2026-10-03,E,-3.00,\n2026-10-03,F,-4.00,980.00\n"
)


def booked(statement: Statement) -> list[int]:
    return [row.amount_minor for row in statement.rows() if isinstance(row, ValidRow)]


def left_out(statement: Statement) -> list[tuple[int, str, str | None]]:
    rows = (row for row in statement.rows() if isinstance(row, RejectedRow))
    return [(row.line, row.reason_code, row.column) for row in rows]


def turned(text: str) -> str:
    return "".join(f"{line}\n" for line in text.splitlines()[::-1])


def test_balances_that_go_on_without_rows_say_that_those_are_parts_of_another() -> None:
    for text, lines in ((PARTS, (4, 5)), (turned(PARTS), (3, 4))):
        statement = read_text(HEADER + text)

        assert left_out(statement) == [(line, "PENDING", "Balance") for line in lines]
        assert sorted(booked(statement)) == [-10000, -1000, -500]
        assert statement.proof.verdict == "BALANCES_MATCH"
        assert rejected(next(row for row in statement.rows() if row.line == lines[0])).reason == (
            "It has no balance, and those before and after it go on without its amount: it is not booked, or is a part "
            "of another row."
        )


def test_a_day_of_all_rows_tells_it_in_either_order() -> None:
    of_one_day = PARTS.replace("10-01", "10-02").replace("10-03", "10-02")

    assert left_out(read_text(HEADER + of_one_day)) == [(4, "PENDING", "Balance"), (5, "PENDING", "Balance")]
    assert len(left_out(read_text(HEADER + turned(of_one_day)))) == 2


def test_balances_of_each_day_count_all_rows_also_where_one_is_lost() -> None:
    whole, lost = read_text(HEADER + OF_DAYS), read_text(HEADER + OF_DAYS.replace("2026-10-02,C,-1.00,\n", ""))

    assert left_out(whole) == left_out(lost) == []
    assert [statement.proof.verdict for statement in (whole, lost)] == ["BALANCES_MATCH", "GAP"]


def test_the_only_row_without_a_balance_is_rejected_where_the_others_disprove_it() -> None:
    rows = [f"2026-10-{day:02},A,-1.00,{100 - day}.00\n" for day in range(1, 7)]
    rows[3] = "2026-10-04,-1.00,96.00,\n"

    assert left_out(read_text(HEADER + "".join(rows))) == [(5, "BAD_AMOUNT", "Balance")]


def test_beside_a_rejected_row_nothing_is_known_of_one_without_a_balance() -> None:
    rows = PARTS.replace("2026-10-02,Two,-40.00,", "2026-10-02,Two,-4O.00,")

    assert left_out(read_text(HEADER + rows)) == [(5, "BAD_AMOUNT", "Amount")]


def many(count: int) -> Sequence[str]:
    first, last = "2026-10-01,A,-1.00,99.00\n", "2026-10-03,C,-1.00,98.00\n"
    return [first, *["2026-10-02,B,-1.00,\n"] * count, last]


def test_more_rows_than_a_bank_puts_between_two_balances_are_left_as_they_are() -> None:
    few, more = (read_text(HEADER + "".join(many(count))) for count in (MAX_HELD, MAX_HELD + 1))

    assert (len(booked(few)), len(booked(more))) == (2, MAX_HELD + 3)


def test_what_an_option_of_the_sign_shows_is_what_its_answer_reads() -> None:
    text = (
        "Date,Details,Amount,Balance\n2026-03-12,Salary,100.00,100.00\n2026-03-13,100.00,-45.60,\n"
        "2026-03-14,Bar,-4.40,95.60\n2026-03-15,Rent,-50.00,45.60\n2026-03-16,Bar,-5.60,40.00\n"
    )
    (question,) = read_text(text, is_credit=True).questions

    for option in question.options:
        assert set(option.rows) <= {*read_text(text, is_credit=True, answers={"SIGN": option.id}).rows()}
