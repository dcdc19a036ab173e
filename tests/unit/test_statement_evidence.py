"""What decides a finding is what it names: change those lines and it changes, change others and it stays."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import pytest
from hypothesis import assume, given, note, settings
from hypothesis import strategies as st

from tests.counts import examples
from tests.unit.dialects import Dialect, Row, dialects, rows, texts
from tests.unit.statement_text import read_text
from txn_svc.statement import Finding, Statement, Unreadable
from txn_svc.statement.model import MAX_FINDING_LINES, Property

Writer = Callable[[int], str]


@dataclass(frozen=True)
class Case:
    """How rows are written, by a number that makes them differ: such as decide for `value`, such as decide nothing, and
    such as decide for another value."""

    property: Property
    value: str
    header: str
    decides: Writer
    leaves_open: Writer
    decides_otherwise: Writer


CASES = {
    "day first": Case(
        "DATE_ORDER",
        "DMY",
        "date,what,amount",
        lambda one: f"{13 + one}/{1 + one}/2026,Bar {one},-{one}.50",
        lambda one: f"{1 + one}/{2 + one}/2026,Bar {one},-{one}.50",
        lambda one: f"{1 + one}/{13 + one}/2026,Bar {one},-{one}.50",
    ),
    "month first": Case(
        "DATE_ORDER",
        "MD",
        "date,what,amount",
        lambda one: f"{1 + one}/{13 + one},Bar {one},-{one}.50",
        lambda one: f"{1 + one}/{2 + one},Bar {one},-{one}.50",
        lambda one: f"{13 + one}/{1 + one},Bar {one},-{one}.50",
    ),
    "decimal comma": Case(
        "DECIMAL_MARK",
        ",",
        "date;what;amount",
        lambda one: f"2026-03-0{1 + one};Bar;-{one},50",
        lambda one: f"2026-03-0{1 + one};Bar;-{1 + one}.234",
        lambda one: f"2026-03-0{1 + one};Bar;-{one}.50",
    ),
    "decimal point": Case(
        "DECIMAL_MARK",
        ".",
        "date;what;debit;credit",
        lambda one: f"2026-03-0{1 + one};Bar;{one},234.5;",
        lambda one: f"2026-03-0{1 + one};Bar;{1 + one}.234;",
        lambda one: f"2026-03-0{1 + one};Bar;{one}.234,5;",
    ),
    "words": Case(
        "SIGN",
        "INDICATOR",
        "date;what;amount",
        lambda one: f"2026-03-0{1 + one};Bar;{1 + one}.50 DR",
        lambda one: f"2026-03-0{1 + one};Bar;{1 + one}.50",
        lambda one: f"2026-03-0{1 + one};Bar;-{1 + one}.50",
    ),
}
NUMBERS = st.lists(st.integers(0, 6), min_size=1, max_size=6)


def found(statement: Statement, name: Property) -> Finding | None:
    return next((one for one in statement.findings if one.property == name), None)


def written(case: Case, deciding: Sequence[int], others: Sequence[int], decide: Writer) -> str:
    """First such as leave it open."""
    return "\n".join([case.header, *map(case.leaves_open, others), *map(decide, deciding), ""])


def is_said(text: str | bytes, before: Finding) -> bool:
    """Whether it is still the same finding: of the same value, on the same ground, whichever lines it names."""
    try:
        after = found(read_text(text), before.property)
    except Unreadable:
        return False
    return after is not None and ground(after) == ground(before)


def ground(one: Finding) -> tuple[str, str, str]:
    return one.value, one.basis, one.message.partition(":")[0]


@pytest.mark.parametrize("name", CASES)
@settings(deadline=None)
@given(deciding=NUMBERS, others=NUMBERS, changed=NUMBERS)
def test_rows_decide_and_are_named(name: str, deciding: list[int], others: list[int], changed: list[int]) -> None:
    case = CASES[name]
    before = found(read_text(written(case, deciding, others, case.decides)), case.property)

    assert before is not None
    assert (before.basis, before.value) == ("EVIDENCE", case.value)
    assert before.lines == tuple(range(2 + len(others), 2 + len(others) + len(deciding)))
    assert is_said(written(case, deciding, changed, case.decides), before)
    assert is_said(written(case, changed, others, case.decides), before)
    assert not is_said(written(case, deciding, others, case.leaves_open), before)
    assert not is_said(written(case, deciding, others, case.decides_otherwise), before)


LINES: dict[Property, tuple[str, int, str, dict[int, str]]] = {
    # The file, the line that decides, what it becomes, and what other lines may become.
    "ENCODING": ("date,what,amount\n2026-03-01,Bar,-1\n2026-03-02,España,-2\n", 3, "2026-03-02,Spain,-2",
                 {2: "2026-03-05,Shop,-7"}),
    "DELIMITER": ("date,what,amount\n2026-03-01,Bar,-1\n2026-03-02,Shop,-2\n", 1, "date;what;amount",
                  {2: "2026-03-05,Shop,-7"}),
    "HEADER": ("Bank\ndate,what,amount\n2026-03-01,Bar,-1\n", 2, "Example", {3: "2026-03-05,Shop,-7"}),
    "COLUMNS": ("date,value date,what,amount\n2026-03-01,2026-03-02,Bar,-1\n", 1, "other,date,what,amount",
                {2: "2026-03-05,2026-03-03,Shop,-7"}),
    "SIGN": ("date,what,debit,credit\n2026-03-01,Bar,1,\n2026-03-02,Job,,2\n", 1, "date,what,amount,fee",
             {2: "2026-03-05,Shop,7,"}),
    "YEAR": ("Bank\nStatement of 2024\ndate,what,amount\n3/14,Bar,-1\n", 2, "Statement of 2025",
             {1: "Example", 4: "4/15,Shop,-7"}),
    "CURRENCY": ("date,what,amount (EUR)\n2026-03-01,Bar,-1\n", 1, "date,what,amount", {2: "2026-03-05,Shop,-7"}),
    "ACCOUNT": ("Bank\nIBAN,DE00 0000 0000 0000 0000 01\ndate,what,amount\n2026-03-01,Bar,-1\n", 2,
                "IBAN,DE00 0000 0000 0000 0000 02", {1: "Example", 4: "2026-03-05,Shop,-7"}),
    "BALANCE": ("date,what,amount,balance\n2026-03-01,Bar,-1,9\n2026-03-02,Bar,-2,7\n2026-03-03,Bar,-3,4\n", 4,
                "2026-03-03,Bar,-3,5", {3: "2026-03-02,Shop,-2,7"}),
}  # fmt: skip


def with_line(text: str, number: int, line: str) -> bytes:
    lines = text.splitlines()
    lines[number - 1] = line
    return "\n".join([*lines, ""]).encode("cp1252")


@pytest.mark.parametrize("name", LINES)
def test_a_line_decides_and_is_named(name: Property) -> None:
    text, line, other, harmless = LINES[name]
    before = found(read_text(text.encode("cp1252")), name)

    assert before is not None
    assert before.basis == "EVIDENCE"
    assert line in before.lines
    assert not is_same(with_line(text, line, other), before)
    assert all(is_said(with_line(text, number, change), before) for number, change in harmless.items())


def is_same(content: bytes, before: Finding) -> bool:
    """Whether nothing of the finding has changed, not even its lines."""
    return found(read_text(content), before.property) == before


BY_ROWS: tuple[Property, ...] = ("DATE_ORDER", "DECIMAL_MARK", "SIGN")


def same_ground(one: Finding | None, two: Finding | None) -> bool:
    return one is two is None or (one is not None and two is not None and one == replace(two, message=one.message))


@pytest.mark.fuzz
@pytest.mark.timeout(600)
@settings(max_examples=examples(50, 2_000), deadline=None)
@given(dialects, rows, st.lists(texts, min_size=12, max_size=12))
def test_other_texts_change_no_finding_about_dates_and_amounts(
    dialect: Dialect, before: list[Row], others: list[str]
) -> None:
    dialect = replace(dialect, has_header=True)
    after = [replace(row, text=text) for row, text in zip(before, others, strict=False)]

    one, two = (read_text(dialect.write(which), "EUR") for which in (before, after))

    assert all(same_ground(found(one, name), found(two, name)) for name in BY_ROWS)


@pytest.mark.fuzz
@pytest.mark.timeout(600)
@settings(max_examples=examples(50, 2_000), deadline=None)
@given(dialects, rows, st.sampled_from(BY_ROWS))
def test_without_the_lines_that_it_names_a_finding_is_not_said(
    dialect: Dialect, entries: list[Row], name: Property
) -> None:
    dialect = replace(dialect, has_header=True, has_balance=False, line_end="\n")
    text = dialect.write(entries)
    statement = read_text(text, "EUR")
    assume(statement.format_id == "inferred")
    before = found(statement, name)
    assume(before is not None and before.basis == "EVIDENCE" and len(before.lines) < MAX_FINDING_LINES)
    assert before is not None
    assume(not before.value.startswith("SPLIT"))
    note(text)
    note(str(before))

    left = [line for number, line in enumerate(text.splitlines(), start=1) if number not in before.lines]

    assert not is_said("\n".join([*left, ""]), before)


def test_a_day_that_contradicts_ten_is_named_by_none() -> None:
    rows_ = [f"{day}/3/2026,Bar,-1" for day in range(13, 23)]

    before = found(read_text("\n".join(["date,what,amount", *rows_, "3/13/2026,Bar,-1", ""])), "DATE_ORDER")

    assert before is not None
    assert (before.value, before.lines) == ("DMY", tuple(range(2, 12)))
