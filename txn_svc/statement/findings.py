"""What was found out about a file, said for a person."""

from txn_svc.ledger.money import Currency
from txn_svc.ledger.quoting import quoted
from txn_svc.statement.encoding import Encoding
from txn_svc.statement.layouts import STORI, Columns
from txn_svc.statement.model import Finding
from txn_svc.statement.years import YearPlan

_DELIMITERS = {",": "commas", ";": "semicolons"}


def findings(encoding: Encoding, columns: Columns, years: YearPlan | None, currency: Currency) -> tuple[Finding, ...]:
    found = [_encoding(encoding), _delimiter(columns), *_declared(columns)]
    if columns.layout is STORI:
        found.append(_currency(columns, currency))
    if years is not None:
        found.append(years.finding())
    return tuple(found)


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
        Finding("HEADER", "DECLARED", header, _header_sentence(columns), lines),
        Finding("COLUMNS", "DECLARED", _roles(columns), _roles_sentence(columns), lines),
        Finding("DATE_ORDER", "DECLARED", dates, f"The dates of this layout are {order}.", lines),
        Finding("DECIMAL_MARK", "DECLARED", ".", "The amounts of this layout have a decimal point.", lines),
        Finding("SIGN", "DECLARED", "SIGNED", "Amounts with a minus are debits, the others are credits.", lines),
    )


def _currency(columns: Columns, currency: Currency) -> Finding:
    message = f"Each row names its currency: the account's, {currency.code}, is read, others are rejected."
    return Finding("CURRENCY", "DECLARED", currency.code, message, (columns.header_line,))


def _header_sentence(columns: Columns) -> str:
    known = "the header of Stori's own export" if columns.layout is STORI else "a header that Stori knows"
    rejects = ", with the two columns that its files of rejected rows have" if columns.has_rejects else ""
    return f"Line {columns.header_line} is {known}{rejects}."


def _roles(columns: Columns) -> str:
    indexes: dict[str, int | None] = {
        "date": columns.date,
        "amount": columns.amount,
        "description": columns.description,
        "external_id": columns.external_id,
    }
    # The others go by the names that they have here and there alike.
    indexes |= {name: at for name, at in columns.at.items() if at not in indexes.values()}
    return ", ".join(f"{role}={columns.name(at)}" for role, at in indexes.items() if at is not None)


def _roles_sentence(columns: Columns) -> str:
    sentence = f"{quoted(columns.name(columns.date))} is the date, {quoted(columns.name(columns.amount))} the amount"
    if columns.layout is STORI:
        occurrence = quoted(columns.name(columns.at["occurrence"]))
        return f"{sentence}; {occurrence} counts equal transactions: 1 is the first of them."
    if columns.description is not None:
        return f"{sentence}, {quoted(columns.name(columns.description))} the description."
    if columns.external_id is not None:
        return (
            f"{sentence}; {quoted(columns.name(columns.external_id))} is a row counter: it is kept, identifies nothing."
        )
    return f"{sentence}."
