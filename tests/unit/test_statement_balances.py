"""The proof by balances against one that tries everything: all orders of the rows of a day, both orders of the file."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import accumulate, groupby, pairwise, permutations, product
from typing import NamedTuple

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from txn_svc.ledger.money import currency
from txn_svc.statement.balances import BalanceWalk
from txn_svc.statement.chains import MAX_DAY_ROWS
from txn_svc.statement.model import MAX_FINDING_LINES, MAX_GAPS, Gap, Proof, Total
from txn_svc.statement.proofs import finding

USD = currency("USD")
FIRST_LINE = 2
JULY = date(2026, 7, 1)


class Row(NamedTuple):
    day: int
    amount: int
    balance: int | None


# So few that rows are often each other's opposite: what is missing may then look like something else.
amounts = st.integers(-4, 4).filter(bool)
days = st.lists(st.lists(amounts, min_size=1, max_size=3), min_size=1, max_size=4).filter(
    lambda days: sum(map(len, days)) > 1
)


def booked(days: Sequence[Sequence[int]], opening: int = 100) -> list[Row]:
    """The rows of some days, oldest first, each with the balance after it."""
    flat = [(day, amount) for day, of_day in enumerate(days) for amount in of_day]
    balances = list(accumulate((amount for _, amount in flat), initial=opening))[1:]
    return [Row(day, amount, balance) for (day, amount), balance in zip(flat, balances, strict=True)]


def proof(
    rows: Sequence[Row], *, rejected: int | None = None, opening: Total | None = None, closing: Total | None = None
) -> Proof:
    """Of rows from line 2 on; the row at the index `rejected` was rejected."""
    walk = BalanceWalk(USD)
    for line, row in enumerate(rows, start=FIRST_LINE):
        if line - FIRST_LINE == rejected:
            walk.reject(line)
        else:
            walk.add(line, JULY + timedelta(days=row.day), row.amount, row.balance)
    return walk.proof(opening, closing)


def chains(rows: Sequence[Row]) -> bool:
    """Whether the balances of rows, oldest first, follow from each other."""
    return all(
        after.balance is not None and before.balance is not None and after.balance == before.balance + after.amount
        for before, after in pairwise(rows)
    )


def orders(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """All orders of rows that keep the days in order."""
    of_days = [list(group) for _, group in groupby(rows, key=lambda row: row.day)]
    for choice in product(*(permutations(group) for group in of_days)):
        yield [row for group in choice for row in group]


def ends_of(rows: Sequence[Row]) -> tuple[int, int]:
    assert rows[0].balance is not None
    assert rows[-1].balance is not None
    return rows[0].balance - rows[0].amount, rows[-1].balance


@given(days, st.integers(-50, 50), st.booleans())
def test_a_whole_file_is_proved_in_either_order(days: list[list[int]], opening: int, newest_first: bool) -> None:
    rows = booked(days, opening)

    found = proof(rows[::-1] if newest_first else rows)

    if found.verdict == "BALANCES_MATCH":
        assert (found.opening_minor, found.closing_minor) == ends_of(rows)
        assert len(days) == 1 or found.direction == ("DESCENDING" if newest_first else "ASCENDING")
        assert (found.first_on, found.last_on) == (JULY, JULY + timedelta(days=len(days) - 1))
    else:
        assert len(days) == 1 or {row.balance for row in rows} == {rows[0].balance}


@given(days.map(booked), st.data())
def test_what_is_said_to_match_has_an_order_that_chains(rows: list[Row], data: st.DataObject) -> None:
    """Whatever is done to a file: where its balances are said to match, some order of the rows of its days chains."""
    shuffled = [row for of_day in _days(rows) for row in data.draw(st.permutations(of_day))]
    gone = data.draw(st.sampled_from([None, *range(len(shuffled))]))
    kept = [row for at, row in enumerate(shuffled) if at != gone]

    found = proof(kept)

    whole = {ends_of(order) for order in orders(kept) if chains(order)} if len(kept) > 1 else set()
    if found.verdict == "BALANCES_MATCH":
        assert (found.opening_minor, found.closing_minor) in whole
    elif found.verdict == "GAP":
        assert not whole
    elif len(whole) == 1 and len({row.balance for row in kept}) > 1:
        # The only one, and still not said: another explanation is as good.
        assert "order" in found.message


@given(days.map(booked), st.data())
def test_disorder_inside_of_days_is_proved_by_days(rows: list[Row], data: st.DataObject) -> None:
    shuffled = [row for of_day in _days(rows) for row in data.draw(st.permutations(of_day))]
    assume(len({ends_of(order) for order in orders(shuffled) if chains(order)}) == 1)

    found = proof(shuffled)

    assert found.verdict != "GAP"
    if found.verdict == "BALANCES_MATCH":
        assert (found.opening_minor, found.closing_minor) == ends_of(rows)


@given(st.lists(st.integers(1, 99), min_size=5, max_size=12, unique=True), st.data(), st.booleans())
def test_a_row_taken_away_leaves_a_gap_at_exactly_its_place(
    amounts: list[int], data: st.DataObject, newest_first: bool
) -> None:
    rows = booked([[amount] for amount in amounts])
    at = data.draw(st.integers(1, len(rows) - 2))
    kept = rows[:at] + rows[at + 1 :]
    after, before = at - 1 + FIRST_LINE, at + FIRST_LINE
    if newest_first:
        kept = kept[::-1]
        after, before = (len(kept) - 1 + 2 * FIRST_LINE - line for line in (before, after))

    found = proof(kept)

    assert (found.verdict, found.gap_count) == ("GAP", 1)
    assert found.gaps == (Gap(after, before, rows[at].amount, None),)
    assert found.lines == (after, before)
    assert f"Between lines {after} and {before} something is missing" in found.message


@given(days.map(booked), st.data())
def test_the_reverse_of_a_file_has_the_same_proof(rows: list[Row], data: st.DataObject) -> None:
    gone = data.draw(st.sampled_from([None, *range(len(rows))]))
    kept = [row for at, row in enumerate(rows) if at != gone]

    forth, back = proof(kept), proof(kept[::-1])

    assert (back.verdict, back.opening_minor, back.closing_minor) == (
        forth.verdict,
        forth.opening_minor,
        forth.closing_minor,
    )
    assert sorted(gap.missing_minor for gap in back.gaps) == sorted(gap.missing_minor for gap in forth.gaps)
    mirrored = len(kept) - 1 + 2 * FIRST_LINE
    assert {(mirrored - gap.before_line, mirrored - gap.after_line) for gap in back.gaps} == {
        (gap.after_line, gap.before_line) for gap in forth.gaps
    }


def test_the_issue_s_sentences() -> None:
    rows = booked([[5000], [-1200], [11200]], opening=10_000)

    assert proof(rows).message == "Balances prove the file complete: opening 100.00, closing 250.00."
    wrong = booked([[100], [200], [300], [400]])
    assert proof(wrong[:2] + wrong[3:]).message == "Between lines 3 and 4 something is missing: 3.00."


def test_a_rejected_row_explains_the_gap_it_leaves() -> None:
    found = proof(booked([[1], [2], [3], [4], [5]]), rejected=2)

    assert found.gaps == (Gap(3, 5, 3, 4),)
    assert found.message == "Between lines 3 and 5 something is missing: 0.03, where line 4 was rejected."


def test_a_rejected_row_without_effect_breaks_nothing() -> None:
    rows = booked([[1], [2], [3], [4]])
    found = proof([rows[0], Row(0, 99, None), *rows[1:]], rejected=1)

    assert found.verdict == "BALANCES_MATCH"


def test_what_is_rejected_outside_of_the_rows_is_not_proved() -> None:
    found = proof(booked([[1], [2], [3], [4]]), rejected=0)

    assert found.verdict == "BALANCES_MATCH"
    assert found.message.endswith("What was rejected before or after the rows is not proved: line 2.")


def test_balances_at_the_end_of_days_prove_the_rows_between_them() -> None:
    rows = booked([[1, 2, 3], [4], [5, 6], [7]])
    last_of_day = {row.day: row for row in rows}
    sparse = [row if last_of_day[row.day] is row else row._replace(balance=None) for row in rows]
    repeated = [row._replace(balance=last_of_day[row.day].balance) for row in rows]

    for kept in (sparse, sparse[::-1], repeated, repeated[::-1]):
        found = proof(kept)
        assert (found.verdict, found.opening_minor, found.closing_minor) == ("BALANCES_MATCH", 100, 128)
    assert proof(sparse[:4] + sparse[5:]).gaps == (Gap(5, 6, 5, None),)


def test_days_with_the_newest_first_inside_of_a_file_with_the_oldest_first() -> None:
    rows = booked([[1, 2], [3, 4, 5], [6, 7]])

    found = proof([row for of_day in _days(rows) for row in of_day[::-1]])

    assert (found.verdict, found.opening_minor, found.closing_minor) == ("BALANCES_MATCH", 100, 128)
    assert "day by day" in found.message


def test_a_gap_between_days_in_disorder() -> None:
    rows = booked([[1, 2], [3, 4, 5], [6], [7, 8], [9, 1]])
    disordered = [row for of_day in _days(rows) if of_day[0].day != 2 for row in of_day[::-1]]

    found = proof(disordered)

    assert (found.verdict, found.gaps) == ("GAP", (Gap(6, 7, 6, None),))


def test_a_purchase_its_refund_and_the_purchase_again() -> None:
    """Without the first of them the day chains in another order too: what was the balance is not to be known."""
    rows = booked([[1], [2], [5, -5, 5]])

    found = proof(rows[:2] + rows[3:])

    assert found.verdict == "CANNOT_TELL"
    assert found.opening_minor is None
    assert "Lines 3 and 4 are of one day" in found.message


def test_a_total_before_and_one_after_the_rows_prove_them() -> None:
    rows = [row._replace(balance=None) for row in booked([[5], [-2], [4]])]

    whole = proof(rows, opening=Total(100, 1), closing=Total(107, 9))
    short = proof(rows, opening=Total(100, 1), closing=Total(110, 9))

    assert (whole.verdict, whole.opening_minor, whole.closing_minor) == ("BALANCES_MATCH", 100, 107)
    assert (short.verdict, short.gaps) == ("GAP", (Gap(2, 4, 3, None),))
    assert short.lines == (1, 9)
    assert proof(rows, opening=Total(100, 1)).verdict == "CANNOT_TELL"


def test_totals_that_do_not_meet_the_chain_are_gaps_at_its_ends() -> None:
    rows = booked([[5], [-2], [4]])

    for kept in (rows, rows[::-1]):
        found = proof(kept, opening=Total(90, 1), closing=Total(120, 9))
        assert found.verdict == "GAP"
        assert [gap.missing_minor for gap in found.gaps] == [10, 13]
    assert proof(rows, opening=Total(100, 1), closing=Total(107, 9)).verdict == "BALANCES_MATCH"


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([Row(0, 5, None), Row(1, 6, None)], "no running balances"),
        ([Row(0, 5, 105)], "only one row"),
        ([Row(0, 5, None), Row(0, 6, 111)], "Only one row"),
        ([Row(0, 5, 0), Row(1, 6, 0), Row(2, 7, 0)], "the same"),
        ([Row(0, 5, 105), Row(0, -5, 100)], "either order"),
        ([Row(0, 5, 700), Row(1, 6, 13), Row(2, 7, 54)], "do not follow"),
        ([Row(0, 5, None), Row(1, 6, 111), Row(2, 7, 118)], "first or the last days"),
        ([Row(0, 5, 105), Row(1, 6, 111), Row(2, 7, None)], "first or the last days"),
        ([Row(0, 1, 2**63 - 1), Row(1, 1, 2**63)], "too large"),
        ([], "no running balances"),
    ],
)
def test_a_file_that_cannot_tell_says_why(rows: list[Row], reason: str) -> None:
    found = proof(rows)

    assert found.verdict == "CANNOT_TELL"
    assert reason in found.message
    assert (found.opening_minor, found.closing_minor, found.direction) == (None, None, None)


def test_many_gaps_are_counted_and_some_named() -> None:
    rows = booked([[amount] for amount in range(1, 120)])
    kept = [row for row in rows if row.day % 5 != 2]

    found = proof(kept)

    assert found.verdict == "GAP"
    assert found.gap_count == 24
    assert len(found.gaps) == MAX_GAPS
    assert len(found.lines) == MAX_FINDING_LINES
    assert found.message.endswith("So it is at 23 more places.")


def test_a_day_of_more_rows_than_are_kept_still_chains_in_its_order() -> None:
    rows = booked([[1] * (MAX_DAY_ROWS + 5), [2], [3]])

    assert proof(rows).verdict == "BALANCES_MATCH"
    assert proof(rows[:3] + rows[4:]).gaps == (Gap(4, 5, 1, None),)


def test_the_proof_is_the_finding_balance() -> None:
    found = proof(booked([[1], [2], [3]]))

    assert finding(found) == finding(replace(found))
    assert (finding(found).property, finding(found).basis, finding(found).value) == (
        "BALANCE",
        "EVIDENCE",
        "BALANCES_MATCH",
    )
    assert finding(found).lines == (2, 4)


def _days(rows: Sequence[Row]) -> list[list[Row]]:
    return [list(group) for _, group in groupby(rows, key=lambda row: row.day)]
