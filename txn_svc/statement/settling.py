"""Each property of a file settled, one after the other: a finding, or a question with the rows that answers give."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final, cast

from txn_svc.ledger.money import DecimalMark
from txn_svc.ledger.quoting import quoted
from txn_svc.statement import infer, proofs, signs
from txn_svc.statement.columns import assign, columns_value, roles_from
from txn_svc.statement.facts import Facts, amount_places, facts
from txn_svc.statement.fees import settle_fees, with_fee
from txn_svc.statement.findings import account_finding, columns_finding, currency_finding, header_currency, own_findings
from txn_svc.statement.first_rows import first_rows
from txn_svc.statement.format import BALANCE_RULES, DateOrder, Format, Roles
from txn_svc.statement.infer import Given, Open, value_of
from txn_svc.statement.lines import TextBytes
from txn_svc.statement.model import Direction, Finding, Proof, Property, Question, Unreadable
from txn_svc.statement.other_forms import may_be_another_form, require_form, require_sign, require_uncontradicted
from txn_svc.statement.proving import UNPROVED, foot_line, is_complete, proved, with_sums, with_unbalanced, with_unmoved
from txn_svc.statement.questions import ask
from txn_svc.statement.reading import Reading, order_of_days, records_of
from txn_svc.statement.records import Record
from txn_svc.statement.signs_by_balance import as_books, as_owed, balance_votes, is_owed, with_minus_signs, with_sign
from txn_svc.statement.statuses import Statuses
from txn_svc.statement.survey import OtherForm, survey
from txn_svc.statement.table import Table
from txn_svc.statement.units import require_own_units
from txn_svc.statement.values import sum_lines
from txn_svc.statement.words import has_word, words

_NO_FORMAT: Final = Format(
    id="", name="", bank=None, country=None, delimiter="", header=(), width=0, roles=Roles(date=0)
)
# Of a file that is read fast, the rows that may say that it is of another form.
CHECKED_ROWS: Final = 300
# In one of more, no sums are looked for.
MOST_SUMMED: Final = 5_000


@dataclass(frozen=True, slots=True)
class Settled:
    """How a file is read, and why. Where it asks, `reading` takes the first option of each question."""

    reading: Reading
    findings: tuple[Finding, ...]
    questions: tuple[Question, ...] = ()
    proof: Proof = UNPROVED


def own_export(file: TextBytes, table: Table, given: Given) -> Settled:
    """Refuses with Unreadable NO_ROWS."""
    _require_rows(records_of(file, table), table)
    return Settled(_reading(table, Roles(date=0), given), own_findings(table, given.currency))


def is_declared(known: Format) -> bool:
    """Whether the format leaves nothing to be found out, and its rows are no more than date, amount, text and id."""
    return known.roles.are_simple and known.sign == "SIGNED" and None not in (known.date_order, known.decimal_mark)


def is_anybodys(table: Table, given: Given) -> bool:
    """Whether the format was only recognised, and is no bank's: others have the same few names."""
    return table.format is not None and table.format.bank is None and may_be_another_form(table, given)


def declared(file: TextBytes, table: Table, known: Format, given: Given) -> Settled:
    """A file of such a format. Refuses with Unreadable: NO_ROWS, OtherForm, as `found_out` by the first rows."""
    _require_rows(records_of(file, table), table)
    if may_be_another_form(table, given):
        first = islice(records_of(file, table), CHECKED_ROWS)
        found = facts(first, table.width, known.roles, given.currency, table.before, table.names)
        found.mixed_dates.require_months_in_place()
        require_uncontradicted(found, known)
        if found.has_titles or found.has_sections or found.other_rows or found.header_lines:
            raise OtherForm("Lines divide the rows, which this format does not have.")
    # No balances are looked for here that would show what else a row that is called one may be.
    reading = replace(_reading(table, known.roles, given, known), rejects_standing=True)
    years = survey(records_of(file, table), reading, given.uploaded_on)
    findings = [columns_finding("DECLARED", known.roles, table), *_declared(known, table)]
    if years is not None:
        years, finding = infer.with_year(years, table, given)
        findings.append(finding)
    reading = replace(reading, years=years)
    # A file to mend has some rows only.
    sums = frozenset[int]() if table.has_rejects else sum_lines(file, reading, MOST_SUMMED)
    return Settled(replace(reading, sum_lines=sums), tuple(findings))


def found_out(file: TextBytes, table: Table, given: Given) -> Settled:
    """Any other file. Refuses with Unreadable: NO_ROWS, UNKNOWN_LAYOUT, NOT_A_STATEMENT.

    With OtherForm where no row is as declared, or, of a format that was only recognised, rows decide for another way.
    """
    _require_rows(records_of(file, table), table)
    known = table.format or _NO_FORMAT
    columns, roles = _columns(file, table, given)
    if table.format is None:
        _require_own_units(file, table, roles)
        roles = with_fee(roles, table)
    found = facts(records_of(file, table), table.width, roles, given.currency, table.before, table.names)
    require_form(found, table, known, given)
    lines = (table.line,)
    order = infer.date_order(found, known.date_order, given, lines)
    mark = infer.decimal_mark(found, known.decimal_mark, given, lines)
    date_order = cast("DateOrder", value_of(order))
    plan = infer.year_plan(found, date_order, table, given)
    reading = replace(
        _reading(table, roles, given, known),
        date_order=date_order,
        years=plan and plan[0],
        decimal_mark=cast("DecimalMark", value_of(mark)),
        last_line=found.last_line or None,
        has_continuations=found.continuations.count > 0,
        header_currency=header_currency(table, roles, given.currency.code),
        unmarked=signs.unmarked(found, roles),
        debit_minus=signs.debits_have_minus(found),
        credit_minus=signs.credits_have_minus(found),
        fee_minus=2 * found.minus_in_fees > found.fees.count,
    )
    if roles.balance is not None:
        reading = _in_order(reading, order_of_days(file, reading), found)
    reading = with_minus_signs(file, reading, found, given)
    votes = balance_votes(file, reading, found, known)
    if roles.amount is not None and may_be_another_form(table, given) and not given.is_credit:
        require_sign(votes.written, known)
    sign = signs.sign(found, reading, votes, known.sign, given)
    reading = with_sign(reading, value_of(sign))
    if given.is_credit and isinstance(sign, Finding) and sign.value not in BALANCE_RULES:
        reading, sign = as_owed(file, reading, sign)
    if isinstance(columns, Finding) and columns.value != columns_value(roles, table.header):
        columns, roles = settle_fees(file, columns, reading, found.fees)
        reading = replace(reading, roles=roles)
    columns = as_books(file, columns, reading, found, given)
    sign = _with_fees(sign, reading)
    settled = [columns, order, mark, sign]
    if plan is not None:
        settled.append(plan[1])
    reading = replace(
        reading,
        has_sections=found.has_sections,
        has_parts=found.has_parts,
        header_lines=tuple(found.header_lines),
        has_same_ids=found.ids.are_same,
        foot_line=foot_line(table, roles, found),
    )
    reading = with_unbalanced(file, reading, found)
    reading, account = _with_account(file, reading, found, given)
    reading, status = _with_status(file, reading, found, given)
    # After the words of a status, which say it of each row.
    reading = with_unmoved(file, reading, found)
    settled += filter(None, [status, currency_finding(table, roles, given.currency), account])
    # Everything else may depend on which column is which: it is asked after that, if at all.
    open_ = [one for one in ([columns] if isinstance(columns, Open) else settled) if isinstance(one, Open)]
    questions = [
        ask(file, one, {value: _shown_as(file, one.property, value, reading, found, given) for value in one.values})
        for one in (() if given.is_shown else open_)
    ]
    proof = UNPROVED
    if not open_:
        reading, proof = proved(file, reading, found)
    if proof is not UNPROVED:
        settled.append(proofs.finding(proof))
    return Settled(reading, tuple(one for one in settled if isinstance(one, Finding)), tuple(questions), proof)


def _with_status(
    file: TextBytes, reading: Reading, found: Facts, given: Given
) -> tuple[Reading, Finding | Open | None]:
    words_ = Statuses(reading.table, reading.roles, found)

    def read_as(value: str | None) -> Reading:
        return replace(reading, unknown_statuses=words_.unbooked(value))

    status = words_.settled(given, lambda one: is_complete(file, read_as(one), found))
    return read_as(None if status is None else value_of(status)), status


def _with_fees(sign: Finding | Open, reading: Reading) -> Finding | Open:
    if reading.roles.fee is None or not reading.fee_minus or isinstance(sign, Open):
        return sign
    return replace(sign, message=f"{sign.message} Fees are written with a minus.")


def _in_order(reading: Reading, order: Direction | None, found: Facts) -> Reading:
    oldest = found.first_line if order == "ASCENDING" else found.last_line
    rows = found.balanced
    booked = (rows.first, rows.last) if rows.newest_without(order) else None
    return replace(reading, order=order, oldest_line=oldest if order and oldest else None, booked_lines=booked)


def _shown_as(file: TextBytes, asked: Property, value: str, reading: Reading, found: Facts, given: Given) -> Reading:
    """The reading that an option shows rows of: as they are to be read if nothing else is asked."""
    variant = _variant(file, asked, value, reading, found, given)
    if asked == "COLUMNS":
        return variant
    variant = with_unmoved(file, replace(variant, rejects_unmoved=False), found)
    return proved(file, variant, found)[0] if found.standing.count else with_sums(file, variant, found)


def _variant(file: TextBytes, asked: Property, value: str, reading: Reading, found: Facts, given: Given) -> Reading:
    """The reading with an answer in place of what was taken meanwhile."""
    # What balances say of signs depends on the order of days and on the amounts.
    is_told_by_balances = reading.roles.balance is not None and asked in {"DATE_ORDER", "DECIMAL_MARK"}
    match asked:
        case _ if asked == "COLUMNS" or is_told_by_balances:
            answered = replace(given, answers={**given.answers, asked: value}, is_shown=True)
            return found_out(file, reading.table, answered).reading
        case "DATE_ORDER":
            order = cast("DateOrder", value)
            plan = infer.year_plan(found, order, reading.table, given)
            return replace(reading, date_order=order, years=plan and plan[0])
        case "DECIMAL_MARK":
            return replace(reading, decimal_mark=cast("DecimalMark", value))
        case "ACCOUNT":
            return replace(reading, account=None if value == infer.ALL_HERE else value)
        case "STATUS":
            return replace(reading, unknown_statuses=Statuses(reading.table, reading.roles, found).unbooked(value))
        case _:
            assert asked == "SIGN"
            reading = with_sign(reading, value)
            owed = given.is_credit and value not in BALANCE_RULES and is_owed(file, reading)
            return with_unbalanced(file, replace(reading, is_owed=reading.is_owed or owed), found)


def _with_account(
    file: TextBytes, reading: Reading, found: Facts, given: Given
) -> tuple[Reading, Finding | Open | None]:
    """With the only account whose rows are read, where rows name one."""
    account = infer.account(found, given) or account_finding(reading.table, found)
    if isinstance(account, Open) and found.has_parts and is_complete(file, reading, found):
        message = "Titles divide the rows, and the balances go on through all of them."
        account = Finding("ACCOUNT", "EVIDENCE", infer.ALL_HERE, message, account.lines)
    value = None if account is None else value_of(account)
    return replace(reading, account=None if value == infer.ALL_HERE else value), account


def _columns(file: TextBytes, table: Table, given: Given) -> tuple[Finding | Open, Roles]:
    if table.format is not None:
        return columns_finding("DECLARED", table.format.roles, table), table.format.roles
    if (answered := roles_from(given.answers.get("COLUMNS", ""), table.header)) is not None:
        return columns_finding("ANSWERED", answered, table, infer.ANSWERED), answered
    if (before := roles_from(given.remembered.get("COLUMNS", ""), table.header)) is not None:
        return columns_finding("REMEMBERED", before, table, infer.REMEMBERED), before
    sample = first_rows(file, table)
    assigned = assign(_own_names(table), [record.cells for record in sample], given.currency, is_credit=given.is_credit)
    if not assigned:
        raise Unreadable("UNKNOWN_LAYOUT", _without_columns(table))
    if len(assigned) > 1:
        values_ = tuple(columns_value(roles, table.header) for roles in assigned)
        what = "dates is the booking's" if len({roles.date for roles in assigned}) > 1 else "numbers is the amount"
        message = f"Neither the names of the columns nor what stands in them tells which of the {what}."
        lines = tuple(record.line for record in sample[:5])
        return Open("COLUMNS", message, values_, lines), assigned[0]
    return columns_finding("EVIDENCE", assigned[0], table), assigned[0]


def _reading(table: Table, roles: Roles, given: Given, known: Format = _NO_FORMAT) -> Reading:
    """As far as the format says it."""
    return Reading(
        table=table,
        roles=roles,
        currency=given.currency,
        date_order=known.date_order or "YMD",
        decimal_mark=known.decimal_mark or ".",
        sign=known.sign or ("SIGNED" if roles.amount is not None else "SPLIT"),
        uploaded_on=given.uploaded_on,
        debit_words=known.debit_words,
        credit_words=known.credit_words,
        pending_words=known.pending_words,
        has_stable_ids=known.has_stable_ids,
    )


def _declared(known: Format, table: Table) -> tuple[Finding, ...]:
    lines = (table.line,)
    order, mark, sign = known.date_order, known.decimal_mark, known.sign
    assert order is not None
    assert mark is not None
    assert sign is not None
    return infer.declared_order(order, lines), infer.declared_mark(mark, lines), signs.declared_sign(sign, lines)


def _require_rows(records: Iterable[Record], table: Table) -> None:
    if next(iter(records), None) is None:
        raise Unreadable("NO_ROWS", f"The file has no rows after its header in line {table.header_line}.")


def _require_own_units(file: TextBytes, table: Table, roles: Roles) -> None:
    names = [table.names[at] for at in amount_places(roles)] if table.has_header else []
    require_own_units(table.before, names, next(iter(records_of(file, table))), roles)


def _own_names(table: Table) -> list[str]:
    """The names of the columns, where the file has any; those of a file of rejects mean nothing here."""
    own = set(table.own) if table.has_header else set[int]()
    return [name if at in own else "" for at, name in enumerate(table.header)]


def _without_columns(table: Table) -> str:
    if (minor := next((name for name in table.header if has_word(words().minor, name)), None)) is not None:
        return f"{quoted(minor)} has amounts in minor units, which are not read: there is no decimal mark in them."
    where = f"Line {table.header_line} is the header, but" if table.has_header else "There is no header, and"
    return f"{where} no column has dates, or none has amounts."
