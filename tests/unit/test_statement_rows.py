"""Whole files: what is read, what is rejected row by row, and what is refused as a whole."""

import csv
import io
import tracemalloc
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.statement_text import UPLOADED_ON, Row, finding, read_text, refusal, rejected, rows_of, valid
from txn_svc.ledger.money import average_minor
from txn_svc.statement import RejectedRow, Unreadable, ValidRow, rejecting
from txn_svc.statement.facts import is_called_standing
from txn_svc.statement.model import MAX_CELLS_KEPT, MAX_CHARACTERS_KEPT
from txn_svc.statement.unbooked import says_pending

BRIEF = Path(__file__).parents[2] / "samples" / "brief.csv"
HEADER = "date,description,amount\n"
GOOD = "2026-07-15,Coffee,-3.50\n"

HEADS = [
    b"",
    HEADER.encode(),
    HEADER.encode() + GOOD.encode(),
    b"Id,Date,Transaction\n0,7/15,+1\n",
    b"booked_on,value_on,amount,currency,description,category,note,external_id,occurrence\n2026-07-15,,1,USD,'x,,,,1\n",
    b"date,description,amount,stori_line,stori_reason\n'2026-07-15,x,'1\n",
]

# What is called a balance, or says that it is not booked, is no row.
descriptions = st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"]), max_size=20).filter(
    lambda text: not is_called_standing(text) and not says_pending(text, 0)
)


def entries_from(first: date) -> st.SearchStrategy[list[tuple[date, str, int]]]:
    """Rows of most of a year: one that is alone in another year is taken for a slip, and a last one that sums up the
    others for a sum."""
    days = st.dates(first, min(UPLOADED_ON, first + timedelta(days=300))).filter(date(1970, 1, 1).__ne__)
    tables = st.lists(st.tuples(days, descriptions, st.integers(-(10**9), 10**9)), min_size=1, max_size=6)
    return tables.filter(lambda rows: rows[-1][2] != sum(minor for _, _, minor in rows[:-1]))


entries = st.dates(date(1900, 1, 2), UPLOADED_ON).flatmap(entries_from)


def write(table: list[tuple[date, str, int]], order: tuple[int, int, int] = (0, 1, 2), delimiter: str = ",") -> str:
    written = io.StringIO()
    writer = csv.writer(written, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL)
    for cells in (("date", "description", "amount"), *((str(d), text, f"{n / 100:.2f}") for d, text, n in table)):
        writer.writerow([cells[index] for index in order])
    return written.getvalue()


def values(rows: list[Row]) -> list[tuple[object, ...]]:
    return [(row.line, *row[2:]) for row in map(valid, rows)]


def test_the_briefs_file_gives_the_briefs_figures() -> None:
    rows = [valid(row) for row in rows_of(BRIEF.read_bytes())]

    debits = [row.amount_minor for row in rows if row.amount_minor < 0]
    credits_ = [row.amount_minor for row in rows if row.amount_minor > 0]
    assert [row.booked_on for row in rows] == [
        date(2026, 7, 15),
        date(2026, 7, 28),
        date(2026, 8, 2),
        date(2026, 8, 13),
    ]
    assert [row.amount_minor for row in rows] == [6050, -1030, -2046, 1000]
    assert sum(row.amount_minor for row in rows) == 3974
    assert (average_minor(sum(debits), 2), average_minor(sum(credits_), 2)) == (-1538, 3525)
    assert [(row.line, row.description, row.external_id) for row in rows] == [
        (index + 2, "", str(index)) for index in range(4)
    ]


@given(entries)
def test_what_is_written_is_read(table: list[tuple[date, str, int]]) -> None:
    rows = [valid(row) for row in rows_of(write(table))]

    assert [(row.booked_on, row.description, row.amount_minor) for row in rows] == table


@given(entries, st.permutations([0, 1, 2]), st.sampled_from(",;"), st.booleans(), st.sampled_from(["\n", "\r\n", "\r"]))
def test_order_delimiter_mark_and_line_ends_change_nothing(
    table: list[tuple[date, str, int]], order: list[int], delimiter: str, has_bom: bool, end: str
) -> None:
    plain = values(rows_of(write(table)))

    written = write(table, (order[0], order[1], order[2]), delimiter).replace("\n", end)

    assert values(rows_of(("\ufeff" if has_bom else "") + written)) == plain


@pytest.mark.parametrize(
    "header", ["DATE,Description,aMOUNT", " date , description,amount", '"date","description","amount"']
)
def test_header_names_may_be_padded_quoted_and_of_any_case(header: str) -> None:
    statement = read_text(f"{header}\n{GOOD}")

    assert len(list(statement.rows())) == 1
    assert [name.strip().lower() for name in statement.header] == ["date", "description", "amount"]


@pytest.mark.parametrize("text", ["x\ny\n", "a,b,c\n1,2,3\n", '"date,description\n', "," * 1_000_000, "é" * 3_000_000])
def test_a_file_without_a_date_and_an_amount_is_an_unknown_layout_with_its_first_line(text: str) -> None:
    refused = refusal("\n\n" + text)

    assert refused.code == "UNKNOWN_LAYOUT"
    assert "Line 3 is " in refused.message
    assert len(refused.message) < 300


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("date,amount", "2026-07-15,-3.50"),
        ("date,description,amount,balance", "2026-07-15,Coffee,-3.50,96.50"),
        ("date\tdescription\tamount", "2026-07-15\tCoffee\t-3.50"),
        ("date|description|amount", "2026-07-15|Coffee|-3.50"),
        ("Fecha;Concepto;Importe", "15/07/2026;Coffee;-3,50"),
        ("Id,Date,Transaction,Note", "0,2026-07-15,-3.50,Coffee"),
    ],
)
def test_a_header_that_nobody_knows_is_found_out(header: str, row: str) -> None:
    statement = read_text(f"\n{header}\n{row}\n")

    assert statement.format_id == "inferred"
    assert finding(statement, "HEADER").lines == (2,)
    (found,) = map(valid, statement.rows())
    assert (found.line, found.booked_on, found.amount_minor) == (3, date(2026, 7, 15), -350)
    assert refusal(f"{header}\n{row}\n", format_id="plain").code == "UNKNOWN_LAYOUT"


@pytest.mark.parametrize(
    "content", ["date,description,amount", "date,description,amount\r\n\r\n", "Id,Date,Transaction\n"]
)
def test_a_header_alone_has_no_rows(content: str) -> None:
    assert refusal(content).code == "NO_ROWS"


@pytest.mark.parametrize(
    ("text", "quotes"),
    [
        (HEADER + "15/07/2026,x,1\n16/07/2026,y,2\n", "“15/07/2026” in line 2"),
        (HEADER + "7/15,x,1\n", "“7/15” in line 2"),
        (HEADER + "broken\n15.07.2026,x,1\n", "“15.07.2026” in line 3"),
        ("Id,Date,Transaction\n0,2026-07-15,+1\n", "“2026-07-15” in line 2"),
        ("date;description;amount\n2026-07-15;x;-10,30\n", "“-10,30” in line 2"),
    ],
)
def test_a_file_that_is_of_another_form_throughout_is_refused_only_where_the_format_is_asked_for(
    text: str, quotes: str
) -> None:
    asked = "brief" if text.startswith("Id") else "plain"

    refused = refusal(text, format_id=asked)

    assert refused.code == "UNKNOWN_LAYOUT"
    assert quotes in refused.message
    assert read_text(text).format_id == "inferred"


@pytest.mark.parametrize(
    ("row", "code", "column", "says"),
    [
        ("2026-02-30,x,1", "BAD_DATE", "date", "“2026-02-30” does not exist"),
        ("15/07/2026,x,1", "BAD_DATE", "date", "“15/07/2026” is not a date such as 2026-07-15"),
        ("２０２６-07-15,x,1", "BAD_DATE", "date", "is not a date"),
        ("1899-12-31,x,1", "BAD_DATE", "date", "outside 1900–2199"),
        ("9999-12-31,x,1", "BAD_DATE", "date", "outside 1900–2199"),
        (",x,1", "NO_DATE", "date", "There is no date"),
        (" ,x,1", "NO_DATE", "date", "There is no date"),
        ("2026-07-15,x,", "BAD_AMOUNT", "amount", "There is no amount"),
        ("2026-07-15,x,ten", "BAD_AMOUNT", "amount", "“ten” is not an amount such as -1234.00"),
        ("2026-07-15,x,1.005", "BAD_AMOUNT", "amount", "has 3 decimals, but USD has 2"),
        ("2026-07-15,x,1e3", "BAD_AMOUNT", "amount", "is not an amount"),
        ("2026-07-15,x,99999999999999999999", "BAD_AMOUNT", "amount", "too large"),
        ("2026-07-15,x", "CELL_COUNT", None, "has 2 cells, the header has 3"),
        ("2026-07-15,x,1,", "CELL_COUNT", None, "has 4 cells, the header has 3"),
        ("2026-07-15," + "x" * 501 + ",1", "TOO_LONG", "description", "longer than 500 characters"),
    ],
)
def test_a_bad_row_is_rejected_with_line_column_and_reason_and_the_others_are_read(
    row: str, code: str, column: str | None, says: str
) -> None:
    before, bad, after = rows_of(HEADER + GOOD + row + "\n" + GOOD)

    reject = rejected(bad)
    assert (reject.line, reject.reason_code, reject.column) == (3, code, column)
    assert says in reject.reason
    assert reject.reason.endswith(".")
    assert len(reject.reason) < 200
    assert reject.cells == tuple(next(csv.reader([row])))
    assert (valid(before).line, valid(after).line) == (2, 4)


def test_rejects_name_the_column_as_the_files_header_does() -> None:
    assert rejected(rows_of("Amount;DATE;Description\n1;x;y\n")[0]).column == "DATE"


def test_a_file_of_bad_rows_is_all_rejects_and_not_refused() -> None:
    rows = rows_of(HEADER + "x,y,z\n,,1\n1\n")

    assert [rejected(row).reason_code for row in rows] == ["BAD_DATE", "NO_DATE", "CELL_COUNT"]


@pytest.mark.parametrize("header", [HEADER, "Day,What,Amount (USD)\n"])
def test_rows_of_empty_cells_are_blank_unless_they_are_too_many_cells(header: str) -> None:
    rows = rows_of(header + GOOD * 2 + ",,\n" * 3 + GOOD + ",,,\n" + GOOD + ",,\n")

    assert [valid(row).line for row in (*rows[:3], rows[4])] == [2, 3, 7, 9]
    assert (rejected(rows[3]).line, rejected(rows[3]).reason_code, len(rows)) == (8, "CELL_COUNT", 5)


def test_a_file_of_very_many_bad_rows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rejecting, "MAX_REJECTED_ROWS", 10)

    for bad in ("x\n", "x,y,z\n", "2026-07-15,y,z\n", f"2026-07-15,{'y' * 501},1\n"):
        assert len(rows_of(HEADER + GOOD * 2 + bad * 10)) == 12
        assert len(rows_of(HEADER + GOOD * 11 + bad * 11)) == 22
        with pytest.raises(Unreadable) as refused:
            rows_of(HEADER + GOOD * 10 + bad * 11)
        assert refused.value.code == "NOT_A_STATEMENT"
        assert "Up to line 22, 11 of 21 rows cannot be read" in refused.value.message


def test_a_file_of_very_many_lines_that_are_no_rows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rejecting, "MAX_REJECTED_ROWS", 10)
    header, good = "Tag;Text;Betrag;Saldo\n", "15/07/2026;x;1,50;3,00\n"

    for bad in ("x\n", "x;y;z;a\n", ";y;;\n"):
        assert refusal(header + good * 10 + bad * 11).code == "NOT_A_STATEMENT"
        assert read_text(header + good * 11 + bad * 11).questions


@pytest.mark.parametrize("text", ["=1+1", "+SUM(A1)", "-x", "@x", "\tx", "<script>alert(1)</script>", " x ", "x" * 500])
def test_descriptions_are_kept_as_they_stand(text: str) -> None:
    assert valid(rows_of(f"{HEADER}2026-07-15,{text},1\n")[0]).description == text


def test_padding_around_dates_and_amounts_is_no_part_of_them_and_stays_in_the_cells() -> None:
    row = valid(rows_of(HEADER + " 2026-07-15,x,\t-3.50 \n")[0])

    assert (row.booked_on, row.amount_minor) == (date(2026, 7, 15), -350)
    assert row.cells == (" 2026-07-15", "x", "\t-3.50 ")


@pytest.mark.parametrize(
    ("code", "text", "minor"), [("JPY", "-1500", -1500), ("KWD", "1.5", 1500), ("USD", "-0.00", 0)]
)
def test_amounts_are_minor_units_of_the_accounts_currency(code: str, text: str, minor: int) -> None:
    assert valid(rows_of(f"{HEADER}2026-07-15,x,{text}\n", code)[0]).amount_minor == minor


def test_the_briefs_ids_are_kept_as_text_up_to_a_bound() -> None:
    rows = rows_of("Id,Date,Transaction\n007,7/15,+1\n,7/16,+1\n" + "9" * 201 + ",7/17,+1\n")

    assert [valid(row).external_id for row in rows[:2]] == ["007", ""]
    assert (rejected(rows[2]).reason_code, rejected(rows[2]).column) == ("TOO_LONG", "Id")


def test_rows_can_be_read_again_from_the_start() -> None:
    statement = read_text(BRIEF.read_bytes())

    assert next(statement.rows()) == next(statement.rows())
    assert len(list(statement.rows())) == 4


def test_every_property_is_stated_with_its_ground() -> None:
    brief = read_text(BRIEF.read_bytes())
    plain = read_text("\n" + (HEADER + GOOD).replace(",", ";"))

    assert {(found.property, found.basis, found.value) for found in brief.findings} >= {
        ("DELIMITER", "EVIDENCE", ","),
        ("HEADER", "DECLARED", "Id,Date,Transaction"),
        ("COLUMNS", "DECLARED", "date=Date, amount=Transaction, external_id=Id"),
        ("DATE_ORDER", "DECLARED", "MD"),
        ("DECIMAL_MARK", "DECLARED", "."),
        ("YEAR", "ASSUMPTION", "2026"),
    }
    assert finding(plain, "DELIMITER").value == ";"
    assert finding(plain, "HEADER").lines == (2,)
    assert finding(plain, "DATE_ORDER").value == "YMD"


@given(st.binary(max_size=300) | st.text('Id,Date,Transaction;"\n\r 0123456789/+-.', max_size=200).map(str.encode))
def test_any_bytes_are_read_or_refused(tail: bytes) -> None:
    for head in HEADS:
        # Nothing but the one refusal there is.
        with suppress(Unreadable):
            statement = read_text(head + tail)
            shown = (row for question in statement.questions for option in question.options for row in option.rows)
            rows = shown if statement.questions else statement.rows()
            assert all(isinstance(row, ValidRow | RejectedRow) for row in rows)


def test_memory_does_not_grow_with_the_file() -> None:
    random = Random(1)
    rows = [f"{random.randint(1, 12)}/{random.randint(1, 28)}" for _ in range(1000)]
    block = "".join(f"{index:0150},{day},+1.5\n" for index, day in enumerate(rows)).encode()
    peaks = []
    for blocks in (8, 32):
        content = b"Id,Date,Transaction\n" + block * blocks
        tracemalloc.start()
        statement = read_text(content)
        count = sum(1 for _ in statement.rows())
        peaks.append(tracemalloc.get_traced_memory()[1] - len(content))
        tracemalloc.stop()
        assert count == 1000 * blocks

    assert peaks[1] < peaks[0] * 1.5


def test_the_cells_that_a_reject_keeps_are_bounded_together() -> None:
    wide = ",".join(["x" * 900] * 70)

    row = rejected(rows_of(f"{HEADER}{wide}\n{GOOD}")[0])

    assert len(row.cells) == MAX_CELLS_KEPT
    assert sum(map(len, row.cells)) == MAX_CHARACTERS_KEPT
