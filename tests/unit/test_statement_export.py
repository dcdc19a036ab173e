"""Stori's own export: what is written is read, to the digest, and what was text is text to a spreadsheet too."""

import csv
import io
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.statement_text import Row, finding, read_text, refusal, rejected, rows_of, valid
from txn_svc.ledger.digest import DigestRow, ledger_digest
from txn_svc.ledger.money import MAX_MINOR, MIN_MINOR, currency
from txn_svc.statement import VERSION, ValidRow, format_ids
from txn_svc.statement.export import ExportedTransaction, transactions_csv
from txn_svc.statement.exported import MAX_OCCURRENCE
from txn_svc.statement.writing import ROWS_PER_CHUNK

# As the first exports had it, and as they have it now.
HEADER = "booked_on,value_on,amount,currency,description,category,note,external_id,occurrence\n"
WRITTEN = HEADER.strip() + ",has_stable_id\n"
GOOD = "2026-07-15,2026-07-16,-3.50,USD,Coffee,food,with Ana,A-1,1\n"
DAY = date(2026, 7, 15)

FORMULA_SIGNS = "=+-@\t'"

anything = st.characters(exclude_characters="\0\r", exclude_categories=["Cs"])


def texts(at_most: int) -> st.SearchStrategy[str]:
    awkward = st.text(FORMULA_SIGNS + '",;\n \ufeff\u2028\x1fé', max_size=min(at_most, 12))
    return st.text(anything, max_size=min(at_most, 30)) | awkward


days = st.dates(date(1900, 1, 1), date(2199, 12, 31))
transactions = st.builds(
    ExportedTransaction,
    booked_on=days,
    value_on=st.none() | days,
    amount_minor=st.integers(MIN_MINOR, MAX_MINOR) | st.integers(-500, 500),
    description=texts(500),
    category=st.none() | texts(100),
    note=st.none() | texts(1000),
    external_id=st.none() | texts(200),
    occurrence=st.integers(1, 3) | st.integers(1, MAX_OCCURRENCE),
    has_stable_id=st.booleans(),
).map(lambda row: row if row.external_id else row._replace(has_stable_id=False))
codes = st.sampled_from(["USD", "JPY", "KWD"])


def transaction(description: str = "", note: str | None = None, amount_minor: int = -350) -> ExportedTransaction:
    return ExportedTransaction(DAY, None, amount_minor, description, None, note, None, 1)


def written(rows: list[ExportedTransaction], code: str = "USD") -> str:
    return "".join(transactions_csv(rows, currency(code)))


def as_exported(row: Row) -> ExportedTransaction:
    found = valid(row)
    assert found.occurrence is not None
    return ExportedTransaction(
        found.booked_on,
        found.value_on,
        found.amount_minor,
        found.description,
        found.category,
        found.note,
        found.external_id,
        found.occurrence,
        found.has_stable_id,
    )


def with_nones(row: ExportedTransaction) -> ExportedTransaction:
    """An empty cell is none."""
    return row._replace(category=row.category or None, note=row.note or None, external_id=row.external_id or None)


def digest(rows: list[ExportedTransaction], code: str) -> str:
    ordered = sorted(rows, key=lambda row: (row.booked_on, row.amount_minor))
    return ledger_digest(
        DigestRow(
            row.booked_on,
            row.amount_minor,
            code,
            row.description,
            row.external_id if row.has_stable_id else None,
            row.occurrence,
        )
        for row in ordered
    )


@given(st.lists(transactions, min_size=1, max_size=8), codes)
def test_a_ledger_that_is_exported_and_read_is_the_same_to_the_digest(
    ledger: list[ExportedTransaction], code: str
) -> None:
    rows = [as_exported(row) for row in rows_of(written(ledger, code), code)]

    assert rows == [with_nones(row) for row in ledger]
    assert digest(rows, code) == digest(ledger, code)


@given(st.lists(transactions, min_size=1, max_size=4))
def test_a_file_that_is_read_and_exported_again_is_the_same_to_the_byte(ledger: list[ExportedTransaction]) -> None:
    text = written(ledger)

    assert written([as_exported(row) for row in rows_of(text)]) == text


@given(st.lists(transactions, min_size=1, max_size=4))
def test_no_text_cell_begins_like_a_formula(ledger: list[ExportedTransaction]) -> None:
    _, *rows = csv.reader(io.StringIO(written(ledger), newline=""))

    for row in rows:
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row[4:])
        assert row[3] == "USD"


@given(
    st.lists(transactions, min_size=1, max_size=3),
    st.permutations(range(10)),
    st.sampled_from(",;"),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.booleans(),
)
def test_the_columns_may_be_in_another_order_with_other_marks_and_names_in_another_case(
    ledger: list[ExportedTransaction], order: list[int], delimiter: str, end: str, upper: bool
) -> None:
    header, *table = csv.reader(io.StringIO(written(ledger), newline=""))
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    for cells in ([name.upper() if upper else name for name in header], *table):
        writer.writerow([cells[at] for at in order])

    rows = rows_of(out.getvalue().replace("\n", end))

    assert [as_exported(row) for row in rows] == [with_nones(row) for row in ledger]


@pytest.mark.parametrize(
    ("description", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-5", "'-5"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("'", "''"),
        ("'x", "''x"),
        ("''x", "'''x"),
        (" =1+1 ", " =1+1 "),
        ("x'", "x'"),
        ("", ""),
    ],
)
def test_one_apostrophe_is_put_before_text_that_a_spreadsheet_would_not_take_for_text(
    description: str, cell: str
) -> None:
    text = written([transaction(description)])

    assert f",USD,{cell},," in text
    assert valid(rows_of(text)[0]).description == description


@pytest.mark.parametrize(("cell", "description"), [("'", ""), ("''x", "'x"), ("'x", "x"), ("x", "x"), (" 'x ", " 'x ")])
def test_exactly_one_apostrophe_is_taken_away_and_nothing_is_trimmed(cell: str, description: str) -> None:
    row = valid(rows_of(HEADER + GOOD.replace("Coffee", cell))[0])

    assert row.description == description
    assert row.cells[4] == cell


def test_numbers_and_dates_are_written_without_an_apostrophe() -> None:
    assert written([transaction(amount_minor=-500)]).endswith("\n2026-07-15,,-5.00,USD,,,,,1,false\n")


def test_a_description_with_line_breaks_and_one_of_a_note_of_nothing_else_are_read_back() -> None:
    note = "\n" * 1000
    row = valid(rows_of(written([transaction('one\n\n"two", three\n', note)]))[0])

    assert (row.description, row.note) == ('one\n\n"two", three\n', note)


def test_a_broken_quote_in_an_export_costs_its_own_row_only() -> None:
    broken = GOOD.replace("Coffee", '"Coffee')

    rows = rows_of(HEADER + broken + GOOD * 3000)

    assert (rejected(rows[0]).reason_code, rejected(rows[0]).line) == ("UNBALANCED_QUOTE", 2)
    assert len(rows) == 3001
    assert all(valid(row) for row in rows[1:])


def test_the_file_comes_in_chunks_of_whole_rows_and_its_header_even_without_rows() -> None:
    chunks = list(transactions_csv((transaction() for _ in range(1000)), currency("USD")))

    assert list(transactions_csv([], currency("USD"))) == [WRITTEN]
    assert list(transactions_csv([], currency("USD"), has_header=False)) == []
    assert len(chunks) == 1 + 1000 // ROWS_PER_CHUNK
    assert all(chunk.endswith("\n") for chunk in chunks)


def test_all_of_a_row_is_read() -> None:
    line, cells, *values = valid(rows_of(HEADER + GOOD)[0])

    assert line == 2
    assert cells == tuple(GOOD.strip().split(","))
    assert values == [DAY, date(2026, 7, 16), -350, "Coffee", "A-1", "food", "with Ana", 1, False]


@pytest.mark.parametrize(
    ("cell", "external_id", "has_stable_id"),
    [("true", "A-1", True), (" TRUE ", "A-1", True), ("False", "A-1", False), ("", "A-1", False), ("true", "", False)],
)
def test_an_id_is_stable_where_its_row_says_so(cell: str, external_id: str, has_stable_id: bool) -> None:
    text = GOOD.replace("A-1", external_id).replace(",1\n", f",1,{cell}\n")

    assert valid(rows_of(WRITTEN + text)[0]).has_stable_id is has_stable_id


def test_what_is_neither_true_nor_false_is_rejected_with_its_column() -> None:
    reject = rejected(rows_of(WRITTEN + GOOD.replace(",1\n", ",1,yes\n"))[0])

    assert (reject.reason_code, reject.column) == ("BAD_ENCODING", "has_stable_id")
    assert reject.reason == "“yes” is neither true nor false."


def test_empty_cells_are_none() -> None:
    row = valid(rows_of(HEADER + "2026-07-15, ,1,USD,,,,,7\n")[0])

    assert (row.value_on, row.description, row.category, row.note, row.external_id) == (None, "", None, None, None)
    assert row.occurrence == 7


@pytest.mark.parametrize("text", ["Id,Date,Transaction\n0,7/15,+1\n", "date,description,amount\n2026-07-15,x,1\n"])
def test_other_layouts_leave_the_numbering_of_twins_to_others(text: str) -> None:
    row = valid(rows_of(text)[0])

    assert (row.category, row.note, row.occurrence) == (None, None, None)


@pytest.mark.parametrize(
    ("old", "new", "code", "column", "says"),
    [
        ("2026-07-15,", "15.7.2026,", "BAD_DATE", "booked_on", "is not a date"),
        ("2026-07-15,", ",", "NO_DATE", "booked_on", "There is no date"),
        ("2026-07-16", "2026-02-30", "BAD_DATE", "value_on", "does not exist"),
        ("-3.50", "-3.505", "BAD_AMOUNT", "amount", "has 3 decimals, but USD has 2"),
        ("-3.50", "'-3.50", "BAD_AMOUNT", "amount", "“'-3.50” is not an amount"),
        ("-3.50,USD", "-3.505,KWD", "OTHER_CURRENCY", "currency", "The currency is “KWD”, the account's is USD"),
        ("USD", "usd", "OTHER_CURRENCY", "currency", "“usd”"),
        ("USD", "", "OTHER_CURRENCY", "currency", "There is no currency; the account's is USD"),
        (",1\n", ",\n", "BAD_ENCODING", "occurrence", "“” does not count"),
        (",1\n", ",0\n", "BAD_ENCODING", "occurrence", "“0” does not count"),
        (",1\n", ",+1\n", "BAD_ENCODING", "occurrence", "“+1” does not count"),
        (",1\n", ",01\n", "BAD_ENCODING", "occurrence", "“01” does not count"),
        (",1\n", ",1.0\n", "BAD_ENCODING", "occurrence", "“1.0” does not count"),
        (",1\n", ",１\n", "BAD_ENCODING", "occurrence", "“１” does not count"),
        (",1\n", f",{MAX_OCCURRENCE + 1}\n", "BAD_ENCODING", "occurrence", "up to 2,147,483,647"),
        ("Coffee", "x" * 501, "TOO_LONG", "description", "longer than 500 characters"),
        ("food", "x" * 101, "TOO_LONG", "category", "longer than 100 characters"),
        ("with Ana", "x" * 1001, "TOO_LONG", "note", "longer than 1,000 characters"),
        ("A-1", "x" * 201, "TOO_LONG", "external_id", "longer than 200 characters"),
        (",1\n", "\n", "CELL_COUNT", None, "has 8 cells, the header has 9"),
        (",1\n", ",1,\n", "CELL_COUNT", None, "has 10 cells, the header has 9"),
    ],
)
def test_a_bad_row_is_rejected_with_its_column_and_the_others_are_read(
    old: str, new: str, code: str, column: str | None, says: str
) -> None:
    before, bad, after = rows_of(HEADER + GOOD + GOOD.replace(old, new) + GOOD)

    reject = rejected(bad)
    assert (reject.line, reject.reason_code, reject.column) == (3, code, column)
    assert says in reject.reason
    assert reject.reason.endswith(".")
    assert valid(before)[1:] == valid(after)[1:]


@pytest.mark.parametrize("code", ["USD", "JPY", "KWD"])
def test_an_export_in_another_currency_is_all_rejects_and_not_refused(code: str) -> None:
    other = "EUR" if code == "USD" else "USD"

    rows = rows_of(written([transaction(), transaction()], code), other)

    assert [rejected(row).reason_code for row in rows] == ["OTHER_CURRENCY"] * 2


def test_the_bounds_of_texts_are_those_of_what_they_say() -> None:
    longest = ExportedTransaction(DAY, None, 1, "=" * 500, "+" * 100, "-" * 1000, "'" * 200, MAX_OCCURRENCE)

    assert as_exported(rows_of(written([longest]))[0]) == longest


def test_every_property_of_an_export_is_stated() -> None:
    statement = read_text("\n" + HEADER.upper() + GOOD)

    assert [(found.property, found.basis, found.value) for found in statement.findings] == [
        ("ENCODING", "EVIDENCE", "UTF-8"),
        ("DELIMITER", "EVIDENCE", ","),
        ("HEADER", "DECLARED", HEADER.strip().upper()),
        (
            "COLUMNS",
            "DECLARED",
            (
                "booked_on=BOOKED_ON, value_on=VALUE_ON, amount=AMOUNT, currency=CURRENCY, description=DESCRIPTION, "
                "category=CATEGORY, note=NOTE, external_id=EXTERNAL_ID, occurrence=OCCURRENCE"
            ),
        ),
        ("DATE_ORDER", "DECLARED", "YMD"),
        ("DECIMAL_MARK", "DECLARED", "."),
        ("SIGN", "DECLARED", "SIGNED"),
        ("CURRENCY", "DECLARED", "USD"),
    ]
    assert finding(statement, "HEADER").message == "Line 2 is the header of Stori's own export."
    assert finding(statement, "COLUMNS").message == ("“OCCURRENCE” counts equal transactions: 1 is the first of them.")
    assert all(found.lines == (2,) for found in statement.findings[1:])


@pytest.mark.parametrize(
    ("text", "format_id", "shape"),
    [
        ("Id;Date;Transaction\n0;7/15;+1\n", "brief", "id\ndate\ntransaction"),
        ('" DATE",Description ,amount\n2026-07-15,x,1\n', "plain", "date\ndescription\namount"),
        ("amount,date,description\n1,2026-07-15,x\n", "plain", "amount\ndate\ndescription"),
        (HEADER + GOOD, "stori", HEADER.strip().replace(",", "\n")),
        ("Date,stori_reason,Id,Transaction,STORI_LINE\n7/15,,0,+1,\n", "brief", "date\nid\ntransaction"),
    ],
)
def test_a_statement_says_its_format_and_the_shape_of_its_header(text: str, format_id: str, shape: str) -> None:
    statement = read_text(text)

    assert (statement.format_id, statement.shape) == (format_id, shape)
    assert read_text(text, format_id=format_id).shape == shape


@pytest.mark.parametrize("format_id", ["brief", "stori"])
def test_a_file_is_read_only_as_the_format_asked_for(format_id: str) -> None:
    refused = refusal("\ndate,description,amount\n2026-07-15,x,1\n", format_id)

    assert refused.code == "UNKNOWN_LAYOUT"
    assert f"Line 2 is no header of the format {format_id}: “date,description,amount”" in refused.message
    assert ("booked_on, value_on, amount" in refused.message) is (format_id == "stori")
    assert len(refused.message) < 300


def test_a_format_that_there_is_not_is_refused_before_the_file_is_looked_at() -> None:
    with pytest.raises(ValueError, match="no format"):
        read_text(b"", format_id="PLAIN")


def test_the_formats_and_the_version_of_the_reading_are_those_that_imports_remember() -> None:
    assert {"brief", "plain", "stori"} <= {*format_ids()}
    assert VERSION == 9


@pytest.mark.parametrize(
    "header",
    ["booked_on,amount,currency,description,a,b,c,d,e", HEADER.strip() + ",stori_line", HEADER.strip() + ",balance"],
)
def test_some_of_the_columns_are_no_export(header: str) -> None:
    assert read_text(f"{header}\n{GOOD}").format_id == "inferred"
    assert refusal(f"{header}\n{GOOD}", format_id="stori").code == "UNKNOWN_LAYOUT"


def test_the_fields_that_are_new_stand_last() -> None:
    assert ValidRow._fields[-4:] == ("category", "note", "occurrence", "has_stable_id")
