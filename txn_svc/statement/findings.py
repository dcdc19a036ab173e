"""What was found out about where the rows of a file are and what its columns mean, said for a person."""

import re
from typing import Final

from txn_svc.ledger.money import Currency
from txn_svc.ledger.quoting import quoted
from txn_svc.statement.columns import columns_value, places_of
from txn_svc.statement.currency_signs import currencies_in, other_sign_in
from txn_svc.statement.facts import Facts, amount_places, is_total
from txn_svc.statement.format import Roles
from txn_svc.statement.model import MAX_FINDING_LINES, Basis, Finding
from txn_svc.statement.table import DELIMITER_NAMES, Table, own_places
from txn_svc.statement.words import plain, words

_NUMBER: Final = re.compile(r"[A-Z]{2}[0-9]{2}(?:[ ]?[A-Z0-9]){10,30}|[0-9Xx*•][0-9Xx*•./ -]{4,30}[0-9]")
_ROLE_NAMES: Final = {
    "date": "the date",
    "value_date": "the value date",
    "description": "the description",
    "amount": "the amount",
    "debit": "debits",
    "credit": "credits",
    "fee": "a fee, which is taken off",
    "included_fee": "a fee, which is in the amount already",
    "indicator": "the word for debit or credit",
    "currency": "the currency",
    "balance": "the balance after the row",
    "external_id": "the bank's id, which is kept and identifies nothing",
    "category": "the category",
    "account": "the account",
    "status": "the status",
}


def table_findings(table: Table) -> tuple[Finding, ...]:
    names = DELIMITER_NAMES[table.delimiter]
    what = "The header's names" if table.has_header else "The cells"
    message = f"{what} are separated by {names}."
    return Finding("DELIMITER", "EVIDENCE", table.delimiter, message, (table.line,)), _header(table)


def columns_finding(basis: Basis, roles: Roles, table: Table, message: str = "") -> Finding:
    said = ", ".join(
        f"{' and '.join(quoted(table.name(at)) for at in places)}"
        f"{' is ' if len(places) == 1 else ' are '}{_ROLE_NAMES[role]}"
        for role, places in places_of(roles)
    )
    sentence = f"{message} {said[:1].upper()}{said[1:]}.".strip()
    return Finding("COLUMNS", basis, columns_value(roles, table.header), sentence, (table.line,))


def own_findings(table: Table, currency: Currency) -> tuple[Finding, ...]:
    """Those of Stori's own export."""
    lines = (table.header_line,)
    roles = ", ".join(f"{name}={table.name(at)}" for name, at in own_places(table).items())
    occurrence = quoted(table.name(own_places(table)["occurrence"]))
    return (
        Finding(
            "COLUMNS", "DECLARED", roles, f"{occurrence} counts equal transactions: 1 is the first of them.", lines
        ),
        Finding("DATE_ORDER", "DECLARED", "YMD", "The dates of this format are year, month, day.", lines),
        Finding("DECIMAL_MARK", "DECLARED", ".", "The amounts of this format have a decimal point.", lines),
        Finding("SIGN", "DECLARED", "SIGNED", "Amounts with a minus are debits, the others are credits.", lines),
        Finding(
            "CURRENCY",
            "DECLARED",
            currency.code,
            f"Each row names its currency: the account's, {currency.code}, is read, others are rejected.",
            lines,
        ),
    )


def currency_finding(table: Table, roles: Roles, currency: Currency) -> Finding | None:
    lines = (table.line,)
    if roles.currency is not None:
        named = quoted(table.name(roles.currency))
        message = f"{named} names each row's currency: the account's, {currency.code}, is read, others are rejected."
        return Finding("CURRENCY", "EVIDENCE", currency.code, message, lines)
    code = header_currency(table, roles, currency.code)
    if code is None:
        return None
    return Finding("CURRENCY", "EVIDENCE", code, f"The header names {code}.", lines)


def header_currency(table: Table, roles: Roles, own: str) -> str | None:
    """The currency that the names of the amounts' columns have in them, such as Betrag (EUR); a sign that several
    currencies have where the account's `own` one is none of them."""
    if not table.has_header:
        return None
    names = [table.header[at] for at in amount_places(roles)]
    codes = {code for name in names for code in currencies_in(name)}
    codes |= {sign for name in names if (sign := other_sign_in(name, own)) is not None}
    return codes.pop() if len(codes) == 1 else None


def account_finding(table: Table, facts: Facts) -> Finding | None:
    """Whose account the file says it is: by a column all of whose rows agree, or by a line before the header."""
    if len(facts.accounts) == 1:
        ((number, tally),) = facts.accounts.items()
        return Finding("ACCOUNT", "EVIDENCE", number, "Every row names this account.", tuple(tally.lines))
    for record in table.before:
        for at, cell in enumerate(record.cells):
            label, _, rest = cell.partition(":")
            text = rest if rest.strip() else next((one for one in record.cells[at + 1 :] if one.strip()), "")
            if plain(label) in words().account and (found := _NUMBER.search(text)):
                message = f"Line {record.line}, before the header, names this account."
                return Finding("ACCOUNT", "EVIDENCE", found[0].strip(), message, (record.line,))
    return None


def _header(table: Table) -> Finding:
    before = [record.line for record in table.before if not is_total(record.cells)]
    skipped = (
        f" {_count(len(before), 'line')} before it {'is' if len(before) == 1 else 'are'} no row." if before else ""
    )
    if not table.has_header:
        message = "The file has no header: its first row has a date and an amount already."
        return Finding("HEADER", "EVIDENCE", "", f"{message}{skipped}", (table.line,))
    shown = table.delimiter.join(table.header)
    basis: Basis
    if table.is_own_export:
        known, basis = "the header of Stori's own export", "DECLARED"
    elif table.format is not None:
        known, basis = "a header that Stori knows", "DECLARED"
    else:
        known, basis = "the header: names, and below it a date and an amount in each row", "EVIDENCE"
    rejects = ", with the two columns that its files of rejected rows have" if table.has_rejects else ""
    lines = (table.header_line, *before)[:MAX_FINDING_LINES]
    message = f"Line {table.header_line} is {known}{rejects}.{skipped}"
    return Finding("HEADER", basis, shown, message, lines)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
