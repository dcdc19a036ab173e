"""Rejects as a file: read unchanged they are the same rejects again, and mended they are rows."""

import csv
import io
from collections.abc import Callable, Iterable
from typing import NamedTuple

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.unit.statement_text import Row, finding, read_text, refusal, rejected, rows_of, valid
from txn_svc.statement import RejectedRow, Statement
from txn_svc.statement.rejects import Reject, rejects_csv

BRIEF = "Id,Date,Transaction\n"
PLAIN = "date,description,amount\n"
STORI = "booked_on,value_on,amount,currency,description,category,note,external_id,occurrence\n"
EXTRAS = {"stori_line", "stori_reason"}

texts = (
    st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"]), max_size=12)
    | st.text("=+-@\t'\",;\n 0159.x", max_size=6)
    | st.builds("".ljust, st.sampled_from([101, 501]), st.sampled_from("x=é'"))
    | st.just("\n\n\n")
)
endless = st.builds("".ljust, st.sampled_from([3000, 9000]), st.sampled_from("x='1"))
dates = st.sampled_from(["2026-07-15", "2026-02-30", "15.07.2026", "", "=1", "'2026-07-15", "-1"])
amounts = st.sampled_from(["-3.50", "+60.5", "=1+1", "'-3.50", "''", "-1,234.50", "+-1", "1.005", ""])


class Kind(NamedTuple):
    good: str
    escaped: frozenset[str]
    cells: Callable[[st.SearchStrategy[str]], st.SearchStrategy[tuple[str, ...]]]


def plain_cells(text: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.tuples(dates, text, amounts)


def stori_cells(text: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, ...]]:
    value_dates = st.sampled_from(["", "2026-07-16", "x"])
    currencies = st.sampled_from(["USD", "EUR", "=USD", ""])
    occurrences = st.sampled_from(["1", "2", "0", "-5", "'1", ""])
    return st.tuples(dates, value_dates, amounts, currencies, text, text, text, text, occurrences)


KINDS = {
    "plain": Kind(PLAIN + "2026-07-15,x,1", frozenset(), plain_cells),
    "stori": Kind(
        STORI + "2026-07-15,,1,USD,x,,,,1",
        frozenset({"description", "category", "note", "external_id"}),
        stori_cells,
    ),
}
kinds = pytest.mark.parametrize("kind", KINDS)


def to_csv(table: Iterable[Iterable[str]], delimiter: str = ",") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows(table)
    return out.getvalue()


def from_csv(text: str, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


@st.composite
def files(draw: st.DrawFn, kind: Kind, text: st.SearchStrategy[str] = texts) -> Statement:
    """A good row and a few of any kind; the columns in any order, with either delimiter, and now and then a cell more
    or less than there should be."""
    names, good = from_csv(kind.good)
    order = draw(st.permutations(range(len(names))))
    table = [[row[at] for at in order] for row in (names, good)]
    for cells in draw(st.lists(kind.cells(text), min_size=1, max_size=5)):
        row = [cells[at] for at in order]
        change = draw(st.sampled_from([0, 0, 0, 1, 2, -1, -2]))
        if change:
            # Over several lines that would be an unbalanced quote.
            row = [*(cell.replace("\n", " ") for cell in row), "=x", ""][: len(names) + change]
        table.append(row)
    return read_text(to_csv(table, draw(st.sampled_from(",;"))))


def rejects_of(statement: Statement) -> list[RejectedRow]:
    return [row for row in statement.rows() if isinstance(row, RejectedRow)]


def written(statement: Statement) -> str:
    rows = (Reject(row.line, row.cells, row.reason_code, row.reason) for row in rejects_of(statement))
    return "".join(rejects_csv(statement.header, delimiter_of(statement), rows))


def delimiter_of(statement: Statement) -> str:
    return finding(statement, "DELIMITER").value


def first_of(text: str) -> str:
    """The row of the only reject, as it is written."""
    _, row = written(read_text(text)).split("\n", 1)
    return row.removesuffix("\n")


def seen(row: RejectedRow, names: Iterable[str], escaped: frozenset[str] | None) -> list[str]:
    """The cells as they were read: without an apostrophe where the column has them, or where every one has (None)."""
    columns = [*names, *[""] * len(row.cells)]
    return [
        cell.removeprefix("'") if escaped is None or name in escaped else cell
        for name, cell in zip(columns, row.cells, strict=False)
    ]


@kinds
@given(data=st.data())
def test_rejects_that_come_back_unchanged_are_rejected_for_the_same_reasons(kind: str, data: st.DataObject) -> None:
    statement = data.draw(files(KINDS[kind], texts | endless))
    first = rejects_of(statement)
    assume(first)

    again = [rejected(row) for row in read_text(written(statement)).rows()]

    assert [(row.reason_code, row.column) for row in again] == [(row.reason_code, row.column) for row in first]


@kinds
@given(data=st.data())
def test_rejects_that_come_back_have_cell_for_cell_what_was_read(kind: str, data: st.DataObject) -> None:
    statement = data.draw(files(KINDS[kind]))
    first = rejects_of(statement)
    assume(first)
    width = len(statement.header)

    for before, row in zip(first, read_text(written(statement)).rows(), strict=True):
        after = seen(rejected(row), (), None)
        expected = seen(before, statement.header, KINDS[kind].escaped)
        filled = [""] * (width - len(expected))
        assert after[:width] == expected[:width] + filled
        assert after[width : width + 2] == [str(before.line), before.reason]
        assert after[width + 2 :] == (expected[width:] or [""] * (before.reason_code == "CELL_COUNT"))


@kinds
@given(data=st.data())
def test_the_rejects_of_a_file_of_rejects_are_the_same_file_but_for_lines_and_reasons(
    kind: str, data: st.DataObject
) -> None:
    statement = data.draw(files(KINDS[kind]))
    assume(rejects_of(statement))
    delimiter, width = delimiter_of(statement), len(statement.header)

    once = written(statement)
    twice = written(read_text(once))

    without = [[row[:width] + row[width + 2 :] for row in from_csv(text, delimiter)] for text in (once, twice)]
    assert without[0] == without[1]


@kinds
@given(data=st.data())
def test_what_is_mended_is_read_as_if_it_had_stood_there_at_first(kind: str, data: st.DataObject) -> None:
    header, good = from_csv(KINDS[kind].good)
    _, *cells = data.draw(KINDS[kind].cells(texts))
    _, right = read_text(to_csv([header, good, ["2026-07-15", *cells]])).rows()
    statement = read_text(to_csv([header, good, ["yesterday", *cells]]))

    extended, (_, *others) = from_csv(written(statement))
    (mended,) = rows_of(to_csv([extended, ["2026-07-15", *others]]))

    # But for the line and the cells, which are escaped in a file of rejects.
    assert (type(mended), mended[2:]) == (type(right), right[2:])


@pytest.mark.parametrize(
    ("text", "row"),
    [
        (BRIEF + "0,7/15,=1+1\n", "0,7/15,'=1+1,2,“=1+1” is not an amount such as -1234.00."),
        (BRIEF + "0,13/15,+60.5\n", "0,13/15,+60.5,2,The date “13/15” is no month and day of any year."),
        (
            BRIEF + '0,7/15,"-1\'234,5"\n0,7/15,1.5\n',
            '0,7/15,"-1\'234,5",2,"“-1\'234,5” is not an amount such as -1234.00."',
        ),
        (BRIEF + "-5,7/15,x\n", "'-5,7/15,x,2,“x” is not an amount such as -1234.00."),
        (PLAIN + "-5,-5,1\n", "-5,'-5,1,2,“-5” is not a date such as 2026-07-15."),
        (PLAIN + "x,'a,'1\n", "x,''a,''1,2,“x” is not a date such as 2026-07-15."),
        (PLAIN + "x, =a,1\n", "x, =a,1,2,“x” is not a date such as 2026-07-15."),
        (PLAIN + 'x,"a\n=b",1\n', 'x,"a\n=b",1,2,“x” is not a date such as 2026-07-15.'),
        (PLAIN + "2026-07-15,a\n", '2026-07-15,a,,2,"The row has 2 cells, the header has 3.",'),
        (PLAIN + "2026-07-15,a,1,=b\n", '2026-07-15,a,1,2,"The row has 4 cells, the header has 3.",\'=b'),
        (
            PLAIN + '=2,"a,1\n',
            '"\'=2,""a,1",,,2,A quotation mark opens a cell and is not closed at the cell\'s end.',
        ),
        (
            "amount;date;description\n1;x;a,b\n",
            "1;x;a,b;2;“x” is not a date such as 2026-07-15.",
        ),
    ],
)
def test_a_reject_is_written_with_its_line_and_reason_and_nothing_that_a_spreadsheet_would_compute(
    text: str, row: str
) -> None:
    assert first_of(text) == row


def test_the_cells_of_an_export_are_not_escaped_twice_and_one_that_was_not_is() -> None:
    row = "x,,-1,USD,'=a,=b,''c,'d,1"

    assert first_of(f"{STORI}{row}\n").startswith("x,,-1,USD,'=a,'=b,''c,d,1,2,")


@pytest.mark.parametrize("length", [70_000, 3_000_000])
def test_a_line_that_is_too_long_is_written_with_its_beginning(length: int) -> None:
    row = first_of(PLAIN + "@" + "x" * length + "\n")

    assert row.startswith("'@" + "x" * 79 + "…,,,2,")
    assert rejected(rows_of(f"{PLAIN.strip()},stori_line,stori_reason\n{row}\n")[0]).reason_code == "BAD_DATE"


def test_a_long_row_keeps_its_short_cells_and_what_is_cut_is_no_number() -> None:
    row = first_of(PLAIN + "2026-07-15," + "1" * 9000 + ",-3.50\n")

    date, description, amount, *_ = row.split(",")
    assert (date, amount) == ("2026-07-15", "-3.50")
    assert description.endswith("1…")


def test_the_rejects_of_many_rows_name_the_columns_of_the_file_and_two_more() -> None:
    statement = read_text(" Amount;DATE;Description\n1;x;y\n1;2026-07-15;y\n2;z;y\n")

    header, *rows = from_csv(written(statement), ";")
    assert header == ["Amount", "DATE", "Description", "stori_line", "stori_reason"]
    assert [row[3] for row in rows] == ["2", "4"]
    assert "".join(
        rejects_csv(statement.header, ";", [Reject(7, ["=", "x", "y"], "BAD_DATE", "why")], has_header=False)
    ) == ("'=;x;y;7;why\n")


def test_the_columns_of_an_earlier_file_of_rejects_are_replaced_wherever_they_stand() -> None:
    text = "stori_line,date,Stori_Reason,description,amount\n7,x,old,'=a,1\n8,y,old,'-b,1,'@c\n"

    header, *rows = from_csv(written(read_text(text)))
    assert header == ["date", "description", "amount", "stori_line", "stori_reason"]
    assert rows == [
        ["x", "'=a", "1", "2", "“x” is not a date such as 2026-07-15."],
        ["y", "'-b", "1", "3", "The row has 6 cells, the header has 5.", "'@c"],
    ]


def test_a_header_that_nobody_knows_has_rejects_like_any_other() -> None:
    assert list(rejects_csv(["Tag", "Wert"], ";", [Reject(3, ["=x", "-1,50"], "BAD_DATE", "why")])) == [
        "Tag;Wert;stori_line;stori_reason\n'=x;-1,50;3;why\n"
    ]


@pytest.mark.parametrize(
    "row",
    [
        "2026-07-15,x,-1,2,why",
        "2026-07-15,x,-1,,",
        "2026-07-15,x,-1,",
        "2026-07-15,x,-1",
        "'2026-07-15,'x,'-1,'2,'why",
    ],
)
def test_a_mended_row_may_lack_the_two_cells_and_have_every_cell_escaped(row: str) -> None:
    found = valid(rows_of(f"{PLAIN.strip()},stori_line,stori_reason\n{row}\n")[0])

    assert (found.description, found.amount_minor) == ("x", -100)
    assert found.cells == tuple(row.split(","))


@pytest.mark.parametrize(
    ("header", "row", "is_valid"),
    [
        ("stori_line,date,description,amount,stori_reason", "2,2026-07-15,x,-1", True),
        ("stori_line,date,description,amount,stori_reason", "2026-07-15,x,-1", False),
        ("date,description,stori_line,stori_reason,amount", "2026-07-15,x,-1", False),
        ("date,description,amount,stori_reason,stori_line", "2026-07-15,x,-1,,,", False),
        ("date,description,amount,stori_reason,stori_line", "2026-07-15,x", False),
    ],
)
def test_only_the_two_cells_at_the_end_of_a_row_may_be_missing(header: str, row: str, is_valid: bool) -> None:
    found = rows_of(f"{header}\n{row}\n")[0]

    if is_valid:
        assert valid(found).description == "x"
    else:
        assert rejected(found).reason_code == "CELL_COUNT"
        assert "the header has 5" in rejected(found).reason


def test_the_rejects_of_the_layout_without_years_are_read_with_the_years_of_their_upload() -> None:
    rows = rows_of("Id,Date,Transaction,stori_line,stori_reason\n'=1,12/30,+60.5,3,why\n2,1/2,-1\n3,1/3,-1,5,why\n")

    assert [valid(row).booked_on.year for row in rows] == [2025, 2026, 2026]
    assert [valid(row).external_id for row in rows] == ["=1", "2", "3"]


def test_bad_dates_throughout_refuse_a_file_and_not_its_rejects() -> None:
    row = "15/07/2026,x,1"

    assert refusal(f"{PLAIN}{row}\n", format_id="plain").code == "UNKNOWN_LAYOUT"
    assert rejected(rows_of(f"{PLAIN.strip()},stori_line,stori_reason\n{row},2,why\n")[0]).reason_code == "BAD_DATE"


@pytest.mark.parametrize(
    "extras", ["stori_line", "stori_reason", "stori_line,stori_line", "stori_line,stori_reason,stori_reason", "line"]
)
def test_one_column_more_than_a_formats_two_is_another_format(extras: str) -> None:
    text = f"{PLAIN.strip()},{extras}\n2026-07-15,x,-1{',2' * (extras.count(',') + 1)}\n"

    assert read_text(text).format_id == "inferred"
    assert refusal(text, format_id="plain").code == "UNKNOWN_LAYOUT"


def test_that_a_file_is_one_of_rejects_is_stated_and_changes_neither_format_nor_shape() -> None:
    plain = read_text(f"{PLAIN}2026-07-15,x,1\n")
    mended = read_text(f"{PLAIN.strip()},stori_line,stori_reason\n2026-07-15,x,1,2,why\n")

    assert (mended.format_id, mended.shape) == (plain.format_id, plain.shape)
    assert finding(plain, "HEADER").message == "Line 1 is a header that Stori knows."
    assert finding(mended, "HEADER").message == (
        "Line 1 is a header that Stori knows, with the two columns that its files of rejected rows have."
    )
    assert finding(mended, "COLUMNS").value == "date=date, description=description, amount=amount"


def test_rows_of_several_lines_are_counted_in_a_file_of_rejects_too() -> None:
    text = f"{PLAIN.strip()},stori_line,stori_reason\n"
    rows: list[Row] = rows_of(text + '2026-07-15,"a\nb",1,2,"one\ntwo"\n2026-07-15,"a\nb",1\n2026-07-15,c,1,,\n')

    assert [(row.line, valid(row).description) for row in rows] == [(2, "a\nb"), (5, "a\nb"), (7, "c")]


def test_each_row_of_any_bank_s_rejects_has_its_own_cells() -> None:
    text = "Datum;Tekst;Bedrag;stori_line;stori_reason\n"
    lines = ["13-3-2026;Bar;'-12,50;3;'=x", ";of two lines;;;", "none;'=Shop;-1,00;4;x", "14-3-2026;Shop;-2,00;5;x"]

    rows = list(read_text(text + "\n".join(lines), "EUR").rows())

    assert [";".join(row.cells) for row in rows] == [lines[0], lines[2], lines[3]]
    assert valid(rows[0]).description == "Bar of two lines"


def test_a_row_with_other_marks_begins_no_section() -> None:
    other = '2026-03-05,"Diner","Main Account",-21.39,USD'
    text = f"Datum;Text;Betrag\n04.03.2026;Bar;-1,00\n{other}\n05.03.2026;Bar;-2,00\n26.03.2026;Bar;-3,00\n"

    statement = read_text(text, "EUR")

    assert not statement.questions
    assert [row.line for row in statement.rows()] == [2, 3, 4, 5]


@pytest.mark.parametrize("before", ["", "Statement\n"])
def test_the_two_columns_of_rejects_alone_are_no_header(before: str) -> None:
    assert refusal(f"{before}stori_line;stori_reason\n3;The date is none\n").code == "UNKNOWN_LAYOUT"
