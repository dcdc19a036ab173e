"""What was found out about a file, said for a person."""

from txn_svc.ledger.quoting import quoted
from txn_svc.statement.encoding import Encoding
from txn_svc.statement.layouts import Columns
from txn_svc.statement.model import Finding
from txn_svc.statement.years import YearPlan

_DELIMITERS = {",": "commas", ";": "semicolons"}


def findings(encoding: Encoding, columns: Columns, years: YearPlan | None) -> tuple[Finding, ...]:
    found = (_encoding(encoding), _delimiter(columns), *_declared(columns))
    return found if years is None else (*found, years.finding())


def _encoding(encoding: Encoding) -> Finding:
    if encoding.has_bom:
        return Finding("ENCODING", "DECLARED", "UTF-8", "The file begins with the mark of UTF-8.", (1,))
    line = encoding.first_non_ascii_line
    if line is None:
        return Finding("ENCODING", "EVIDENCE", "UTF-8", "All characters are ASCII, which is UTF-8 too.")
    message = f"All characters read as UTF-8; line {line} has the first that is not ASCII."
    return Finding("ENCODING", "EVIDENCE", "UTF-8", message, (line,))


def _delimiter(columns: Columns) -> Finding:
    message = f"The header's names are separated by {_DELIMITERS[columns.delimiter]}."
    return Finding("DELIMITER", "EVIDENCE", columns.delimiter, message, (columns.header_line,))


def _declared(columns: Columns) -> tuple[Finding, ...]:
    layout, lines = columns.layout, (columns.header_line,)
    header = columns.delimiter.join(columns.header)
    dates = "YYYY-MM-DD" if layout.dates_have_years else "M/D"
    order = "year, month, day" if layout.dates_have_years else "month/day, without a year"
    return (
        Finding("HEADER", "DECLARED", header, f"Line {columns.header_line} is a header that Stori knows.", lines),
        Finding("COLUMNS", "DECLARED", _roles(columns), _roles_sentence(columns), lines),
        Finding("DATE_ORDER", "DECLARED", dates, f"The dates of this layout are {order}.", lines),
        Finding("DECIMAL_MARK", "DECLARED", ".", "The amounts of this layout have a decimal point.", lines),
        Finding("SIGN", "DECLARED", "SIGNED", "Amounts with a minus are debits, the others are credits.", lines),
    )


def _roles(columns: Columns) -> str:
    indexes = {
        "date": columns.date,
        "amount": columns.amount,
        "description": columns.description,
        "external_id": columns.external_id,
    }
    return ", ".join(f"{role}={columns.name(at)}" for role, at in indexes.items() if at is not None)


def _roles_sentence(columns: Columns) -> str:
    sentence = f"{quoted(columns.name(columns.date))} is the date, {quoted(columns.name(columns.amount))} the amount"
    if columns.description is not None:
        return f"{sentence}, {quoted(columns.name(columns.description))} the description."
    if columns.external_id is not None:
        return (
            f"{sentence}; {quoted(columns.name(columns.external_id))} is a row counter: it is kept, identifies nothing."
        )
    return f"{sentence}."
