"""Coverage against a model that looks at each day, and at each night between two, for itself."""

from collections.abc import Sequence
from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from txn_svc.ledger.coverage import CoveredFile, Period, Proof, coverage

JULY = date(2026, 7, 1)
DAYS = 14
PROOFS: tuple[Proof, ...] = ("BALANCES_MATCH", "BALANCES_MATCH", "GAP", "CANNOT_TELL")


def day(number: int) -> date:
    return JULY + timedelta(days=number)


def file(first: int, last: int, proof: Proof = "CANNOT_TELL", opening: int = 0, closing: int = 0) -> CoveredFile:
    balances = (None, None) if proof == "CANNOT_TELL" else (opening, closing)
    return CoveredFile(day(first), day(last), proof, *balances)


def proved(first: int, last: int, opening: int, closing: int) -> CoveredFile:
    return file(first, last, "BALANCES_MATCH", opening, closing)


@st.composite
def some_files(draw: st.DrawFn) -> list[CoveredFile]:
    days, balances = st.integers(0, DAYS - 1), st.integers(0, 2)
    one = st.tuples(days, days, st.sampled_from(PROOFS), balances, balances)
    return [file(min(a, b), max(a, b), proof, *ends) for a, b, proof, *ends in draw(st.lists(one, max_size=7))]


def known(files: Sequence[CoveredFile], on: date) -> Proof | None:
    proofs = {one.proof for one in files if one.from_date <= on <= one.to_date}
    if "BALANCES_MATCH" in proofs:
        return "BALANCES_MATCH"
    return "GAP" if "GAP" in proofs else "CANNOT_TELL" if proofs else None


def meet(files: Sequence[CoveredFile], on: date) -> bool:
    """Whether proved files say that nothing is missing between a day and the next one."""
    after = on + timedelta(days=1)
    strong = [one for one in files if one.proof == "BALANCES_MATCH"]
    spans = any(one.from_date <= on and after <= one.to_date for one in strong)
    return spans or any(
        one.to_date == on and other.from_date == after and one.closing_minor == other.opening_minor
        for one in strong
        for other in strong
    )


def model(files: Sequence[CoveredFile]) -> list[Period]:
    periods = list[Period]()
    for number in range(DAYS):
        on, before = day(number), day(number - 1)
        proof = known(files, on)
        if proof is None:
            continue
        goes_on = proof == known(files, before) and (proof != "BALANCES_MATCH" or meet(files, before))
        if goes_on:
            periods[-1] = periods[-1]._replace(to_date=on)
        else:
            periods.append(Period(on, on, proof))
    return periods


@given(some_files())
def test_periods_are_what_a_look_at_each_day_gives(files: list[CoveredFile]) -> None:
    assert coverage(files) == model(files)


@given(some_files(), st.randoms())
def test_the_order_of_the_files_does_not_matter(files: list[CoveredFile], random: Random) -> None:
    shuffled = list(files)
    random.shuffle(shuffled)

    assert coverage(shuffled) == coverage(files)


@given(some_files())
def test_the_same_files_twice_cover_no_more(files: list[CoveredFile]) -> None:
    assert coverage([*files, *files]) == coverage(files)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param([], [], id="no file"),
        pytest.param([file(0, 3), file(4, 6)], [(0, 6, "CANNOT_TELL")], id="one after another"),
        pytest.param([file(0, 3), file(5, 6)], [(0, 3, "CANNOT_TELL"), (5, 6, "CANNOT_TELL")], id="a day between"),
        pytest.param(
            [file(0, 9), proved(3, 5, 1, 2)],
            [(0, 2, "CANNOT_TELL"), (3, 5, "BALANCES_MATCH"), (6, 9, "CANNOT_TELL")],
            id="a proved file inside of another",
        ),
        pytest.param([proved(0, 3, 1, 5), proved(4, 6, 5, 2)], [(0, 6, "BALANCES_MATCH")], id="balances meet"),
        pytest.param(
            [proved(0, 3, 1, 5), proved(4, 6, 6, 2)],
            [(0, 3, "BALANCES_MATCH"), (4, 6, "BALANCES_MATCH")],
            id="balances do not meet",
        ),
        pytest.param([proved(0, 3, 1, 5), proved(2, 6, 9, 9)], [(0, 6, "BALANCES_MATCH")], id="overlapping"),
        pytest.param(
            [file(0, 6, "GAP", 1, 2), file(0, 6), proved(2, 3, 1, 2)],
            [(0, 1, "GAP"), (2, 3, "BALANCES_MATCH"), (4, 6, "GAP")],
            id="a gap is closed only by a proof",
        ),
    ],
)
def test_what_several_files_cover(files: list[CoveredFile], expected: list[tuple[int, int, Proof]]) -> None:
    assert coverage(files) == [Period(day(first), day(last), proof) for first, last, proof in expected]


def test_the_last_day_of_the_calendar_can_be_covered() -> None:
    last = CoveredFile(date.max, date.max, "CANNOT_TELL", None, None)

    assert coverage([last]) == [Period(date.max, date.max, "CANNOT_TELL")]
