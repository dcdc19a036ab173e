"""Rows are split as the standard library's csv splits them, and what is malformed costs one row and no more."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.statement_text import rejected, rows_of, valid
from txn_svc.statement import records
from txn_svc.statement.model import MAX_LINE_CHARACTERS, MAX_ROW_LINES
from txn_svc.statement.records import Record, read_records, split_line

HEADER = "date,description,amount\n"
GOOD = "2026-07-15,Coffee,-3.50\n"

cells = st.text('ab,;|" \n\té', max_size=6)
tables = st.lists(st.lists(cells, min_size=3, max_size=3).filter(lambda row: any(map(str.strip, row))), max_size=8)


def records_of(text: str, delimiter: str = ",") -> list[Record]:
    return list(read_records(io.BytesIO(text.encode()), delimiter, range(3, 4)))


@given(tables, st.sampled_from(",;\t|"), st.booleans(), st.sampled_from("\n\r"))
def test_well_formed_rows_are_split_as_csv_splits_them(
    table: list[list[str]], delimiter: str, quotes_all: bool, end: str
) -> None:
    written = io.StringIO()
    csv.writer(
        written, delimiter=delimiter, quoting=csv.QUOTE_ALL if quotes_all else csv.QUOTE_MINIMAL, lineterminator="\n"
    ).writerows(table)
    text = written.getvalue()

    found = records_of(text.replace("\n", "\r\n") if end == "\r" else text, delimiter)

    assert [record.cells for record in found] == list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    assert all(record.fault is None for record in found)


@given(tables)
def test_a_row_is_named_by_the_line_it_starts_on(table: list[list[str]]) -> None:
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows(table)
    starts, line = [], 1
    for row in table:
        starts.append(line)
        line += 1 + sum(cell.count("\n") for cell in row)

    assert [record.line for record in records_of(written.getvalue())] == starts


@given(st.text('a," \n', max_size=60))
def test_any_text_is_split_without_losing_a_line_or_counting_one_twice(text: str) -> None:
    found = records_of(text)

    lines = text.split("\n")
    assert [record.line for record in found] == sorted({record.line for record in found})
    covered = {record.line + extra for record in found for extra in range(1 + sum(c.count("\n") for c in record.cells))}
    assert covered >= {number for number, line in enumerate(lines, start=1) if line.strip(" ,")}


@pytest.mark.parametrize(
    "broken",
    [
        '2026-07-15,"Coffee,-3.50\n',
        '2026-07-15,"Coffee"s,-3.50\n',
        '"2026-07-15,Coffee,-3.50\n',
        '2026-07-15,Coffee,"-3.50\n',
    ],
)
@pytest.mark.parametrize("after", [GOOD, GOOD * 200, '2026-07-15,"Quoted",1\n' * 3, ""])
def test_an_unbalanced_quote_costs_its_own_row_only(broken: str, after: str) -> None:
    rows = rows_of(HEADER + GOOD + broken + after + GOOD)

    reject = rejected(rows[1])
    assert (reject.line, reject.reason_code, reject.column) == (3, "UNBALANCED_QUOTE", None)
    assert reject.cells == (broken.rstrip("\n"),)
    assert len(rows) == 3 + after.count("\n")
    assert all(valid(row) for row in rows[:1] + rows[2:])
    assert rows[-1].line == 4 + after.count("\n")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ('5" pipe', '5" pipe'),
        ('5"', '5"'),
        ('a "b" c', 'a "b" c'),
        ("d'Artagnan's", "d'Artagnan's"),
        ("'a", "'a"),
        ("\"d''A\"", "d''A"),
        ('"5"" pipe"', '5" pipe'),
        ('""', ""),
        ('""""', '"'),
    ],
)
def test_a_quote_inside_a_cell_is_text_and_an_apostrophe_always(delimiter: str, cell: str, text: str) -> None:
    row = delimiter.join(["2026-07-15", cell, "1"])

    (found,) = records_of(row + "\n", delimiter)

    assert (found.cells, found.fault) == (["2026-07-15", text, "1"], None)
    assert split_line(row, delimiter) == found.cells


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ('2026-07-15,"Coffee,1', '2026-07-16,Tea",2'),
        ('2026-07-15,"Coffee,1', '2026-07-16,Cake,3\n2026-07-17,Tea",2'),
        ('15/07/2026,"Coffee,1', '16/07/2026,Tea",2'),
        ('7/15,"Coffee,1', '7/16,Tea",2'),
        ('15. Juli 2026,"Coffee,1', '16. März 2026,Tea",2'),
        ('20260715 10:15,"Coffee,1', '20260716 09:00,Tea",2'),
        ('"Coffee,2026-07-15,1', 'Tea",2026-07-16,2'),
    ],
)
def test_two_unbalanced_quotes_do_not_swallow_the_rows_between(first: str, second: str) -> None:
    found = records_of(f"{first}\n{second}\n")

    assert [(record.line, record.fault) for record in found] == [
        (1, "UNBALANCED_QUOTE"),
        *((line, None) for line in range(2, 3 + second.count("\n"))),
    ]


@pytest.mark.parametrize(
    "row",
    [
        '2026-07-15,"Invoices 10,20\n30,40",50',
        '2026-07-15,"of 15 July,\n2026-07-01 and later",50',
        '"2026-07-15","line\nand line","50"',
        '"one\n2026-07-16",2026-07-15,50',
        '2026-07-15,"Refund of\n2026-07-01,Train,-39.00\nCase 77",50',
    ],
)
def test_a_text_of_several_lines_is_one_row(row: str) -> None:
    (found,) = records_of(row + "\n")

    assert (found.cells, found.fault) == (next(csv.reader(io.StringIO(row))), None)


def test_after_very_many_broken_quotes_no_row_reads_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "_MAX_LINES_PUT_BACK", 1000)
    # Each line leaves a quote open, which each following one closes and opens again.
    broken, good = 'a",",\n', '2026-07-15,"two\nlines",1\n'

    few, many = records_of(broken * 40 + good), records_of(broken * 200 + good)

    assert few[-1] == Record(41, ["2026-07-15", "two\nlines", "1"], None)
    assert [(record.line, record.fault) for record in many[-2:]] == [(201, "UNBALANCED_QUOTE"), (202, None)]


def test_a_quoted_cell_may_hold_lines_quotes_and_delimiters() -> None:
    rows = rows_of(HEADER + '2026-07-15,"one, ""two""\r\n\r\nthree",-3.50\r\n' + GOOD)

    assert valid(rows[0]).description == 'one, "two"\n\nthree'
    assert [row.line for row in rows] == [2, 5]


@pytest.mark.parametrize(("extra", "is_valid"), [(MAX_ROW_LINES - 1, True), (MAX_ROW_LINES, False)])
def test_a_quoted_cell_has_a_bound_of_lines(extra: int, is_valid: bool) -> None:
    rows = rows_of(HEADER + '2026-07-15,"' + "x\n" * extra + '",1\n' + GOOD)

    assert isinstance(rows[0], type(valid(rows[-1]))) is is_valid
    assert valid(rows[-1]).line == 3 + extra


def test_blank_lines_are_no_rows_and_keep_the_count() -> None:
    rows = rows_of("\n \n" + HEADER + "\n" + GOOD + " \t \n\n" + GOOD)

    assert [row.line for row in rows] == [5, 8]


@pytest.mark.parametrize(("characters", "is_long"), [(MAX_LINE_CHARACTERS, False), (MAX_LINE_CHARACTERS + 1, True)])
def test_a_line_has_a_bound_in_characters(characters: int, is_long: bool) -> None:
    line = "2026-07-15,".ljust(characters - 2, "é") + ",1"

    reject = rejected(rows_of(f"{HEADER}{GOOD}{line}\n{GOOD}")[1])

    assert (reject.line, reject.reason_code, reject.column) == (3, "TOO_LONG", None if is_long else "description")


def test_a_line_of_millions_of_characters_costs_one_row() -> None:
    rows = rows_of(HEADER + GOOD + "x" * 3_000_000 + "\n" + GOOD)

    assert [type(row).__name__ for row in rows] == ["ValidRow", "RejectedRow", "ValidRow"]
    assert len(rows[1].cells[0]) < 100
    assert rows[2].line == 4


def test_a_line_with_a_million_cells_is_rejected_with_a_few_of_them() -> None:
    short, endless = (rejected(row) for row in rows_of(HEADER + "," * 5000 + "\n" + "," * 1_000_000 + "\n"))

    assert (short.reason_code, endless.reason_code) == ("CELL_COUNT", "TOO_LONG")
    assert "5001 cells" in short.reason
    assert len(short.cells) == 64


@given(st.lists(st.sampled_from(["\n", "\r\n", "\r"]), min_size=4, max_size=4))
def test_line_ends_may_be_mixed(ends: list[str]) -> None:
    text = "".join(line + end for line, end in zip([HEADER.strip()] + [GOOD.strip()] * 3, ends, strict=True))

    assert [row.line for row in rows_of(text)] == [2, 3, 4]


def test_the_last_line_needs_no_end() -> None:
    assert len(rows_of(HEADER + GOOD + GOOD.strip())) == 2
