"""Each property of a file settled, one after the other: a finding, or a question with the rows that answers give."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final, cast

from txn_svc.ledger.money import DecimalMark
from txn_svc.ledger.quoting import quoted
from txn_svc.statement import infer, proofs, signs
from txn_svc.statement.amounts import MARKS
from txn_svc.statement.balances import BalanceWalk
from txn_svc.statement.by_balance import oldest_side
from txn_svc.statement.columns import assign, columns_value, roles_from
from txn_svc.statement.dates import EXAMPLES
from txn_svc.statement.facts import ChainVotes, Facts, amount_places, direction, facts, is_total
from txn_svc.statement.fees import settle_fees, with_fee
from txn_svc.statement.findings import account_finding, columns_finding, currency_finding, header_currency, own_findings
from txn_svc.statement.format import BALANCE_RULES, BalanceRule, DateOrder, Format, Roles, SignRule
from txn_svc.statement.indicators import Indicator, indicator_of, possible
from txn_svc.statement.infer import MARK_NAMES, Given, Open
from txn_svc.statement.lines import TextBytes
from txn_svc.statement.model import Direction, Finding, Proof, Property, Question, Total, Unreadable, ValidRow
from txn_svc.statement.questions import ask
from txn_svc.statement.reading import AmountReader, Reading, Side, chain_of, order_of_days, records_of
from txn_svc.statement.records import Record
from txn_svc.statement.signs import BalanceVotes
from txn_svc.statement.split_signs import SPLIT_RULES
from txn_svc.statement.statuses import Statuses
from txn_svc.statement.survey import OtherForm, survey
from txn_svc.statement.table import SAMPLE_ROWS, Table, is_row
from txn_svc.statement.totals import totals
from txn_svc.statement.units import require_own_units
from txn_svc.statement.values import chain_of_rows, rows_of_file, standing_leads_on, sum_lines
from txn_svc.statement.votes import is_decided
from txn_svc.statement.words import has_word, words

_NO_FORMAT: Final = Format(
    id="", name="", bank=None, country=None, delimiter="", header=(), width=0, roles=Roles(date=0)
)
_WORDS: Final = "The amounts have words beside them, where this format has a minus for debits."
# A letter or two may mean the opposite elsewhere: D is a deposit, or "dobro".
_LETTERS: Final = 2
# Of a file that is read fast, the rows that may say that it is of another form.
CHECKED_ROWS: Final = 300
UNPROVED: Final = proofs.cannot_tell(proofs.Span(), "The file has no running balances.")


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
    return table.format is not None and table.format.bank is None and _may_be_another_form(table, given)


def declared(file: TextBytes, table: Table, known: Format, given: Given) -> Settled:
    """A file of such a format. Refuses with Unreadable: NO_ROWS, OtherForm, as `found_out` by the first rows."""
    _require_rows(records_of(file, table), table)
    if _may_be_another_form(table, given):
        first = islice(records_of(file, table), CHECKED_ROWS)
        found = facts(first, table.width, known.roles, given.currency, table.before, table.names)
        found.mixed_dates.require_months_in_place()
        _require_uncontradicted(found, known)
        if found.has_titles or found.has_sections or found.other_rows or found.header_lines:
            raise OtherForm("Lines divide the rows, which this format does not have.")
    # No balances are looked for here that would show what else a row that is called one may be.
    reading = replace(_reading(table, known.roles, given, known), rejects_standing=True)
    years = survey(records_of(file, table), reading, given.uploaded_on)
    findings = [columns_finding("DECLARED", known.roles, table), *_declared(known, table)]
    if years is not None:
        years, finding = infer.with_year(years, table, given)
        findings.append(finding)
    return Settled(replace(reading, years=years), tuple(findings))


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
    _require_form(found, table, known, given)
    lines = (table.line,)
    order = infer.date_order(found, known.date_order, given, lines)
    mark = infer.decimal_mark(found, known.decimal_mark, given, lines)
    date_order = cast("DateOrder", _value(order))
    plan = infer.year_plan(found, date_order, table, given)
    reading = replace(
        _reading(table, roles, given, known),
        date_order=date_order,
        years=plan and plan[0],
        decimal_mark=cast("DecimalMark", _value(mark)),
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
    reading = _with_minus_signs(file, reading, found, given)
    votes = _balance_votes(file, reading, found, known)
    if roles.amount is not None and _may_be_another_form(table, given) and not given.is_credit:
        _require_sign(votes.written, known)
    sign = signs.sign(found, reading, votes, known.sign, given)
    reading = _with_sign(reading, _value(sign))
    if given.is_credit and isinstance(sign, Finding) and sign.value not in BALANCE_RULES:
        reading, sign = _as_owed(file, reading, sign)
    if isinstance(columns, Finding) and columns.value != columns_value(roles, table.header):
        columns, roles = settle_fees(file, columns, reading, found.fees)
        reading = replace(reading, roles=roles)
    columns = _as_books(file, columns, reading, found, given)
    sign = _with_fees(sign, reading)
    settled = [columns, order, mark, sign]
    if plan is not None:
        settled.append(plan[1])
    reading = replace(
        reading,
        has_sections=found.has_sections,
        has_parts=found.has_parts,
        header_lines=tuple(found.header_lines),
        foot_line=_foot_line(table, roles, found),
    )
    reading = _with_unbalanced(file, reading, found)
    reading, account = _with_account(file, reading, found, given)
    reading, status = _with_status(file, reading, found, given)
    # After the words of a status, which say it of each row.
    reading = _with_unmoved(file, reading, found)
    settled += filter(None, [status, currency_finding(table, roles, given.currency), account])
    questions = [
        ask(file, one, {value: _shown_as(file, one.property, value, reading, found, given) for value in one.values})
        # Everything else may depend on which column is which: it is asked after that, if at all.
        for one in ([columns] if isinstance(columns, Open) else settled)
        if isinstance(one, Open)
    ]
    proof = UNPROVED
    if not questions:
        reading, proof = _proved(file, reading, found)
    if proof is not UNPROVED:
        settled.append(proofs.finding(proof))
    return Settled(reading, tuple(one for one in settled if isinstance(one, Finding)), tuple(questions), proof)


def _with_status(
    file: TextBytes, reading: Reading, found: Facts, given: Given
) -> tuple[Reading, Finding | Open | None]:
    words_ = Statuses(reading.table, reading.roles, found)

    def read_as(value: str | None) -> Reading:
        return replace(reading, unknown_statuses=words_.unbooked(value))

    status = words_.settled(given, lambda one: _is_complete(file, read_as(one), found))
    return read_as(None if status is None else _value(status)), status


def _with_fees(sign: Finding | Open, reading: Reading) -> Finding | Open:
    if reading.roles.fee is None or not reading.fee_minus or isinstance(sign, Open):
        return sign
    return replace(sign, message=f"{sign.message} Fees are written with a minus.")


def _in_order(reading: Reading, order: Direction | None, found: Facts) -> Reading:
    oldest = found.first_line if order == "ASCENDING" else found.last_line
    rows = found.balanced
    booked = (rows.first, rows.last) if rows.newest_without(order) else None
    return replace(reading, order=order, oldest_line=oldest if order and oldest else None, booked_lines=booked)


def _with_unbalanced(file: TextBytes, reading: Reading, found: Facts) -> Reading:
    """The reading that rejects rows without a balance where only so the file is complete, or as few others explain it.

    A bank may write one balance for each day, at either end of it: then rows without one are as good as any.
    """
    rows = found.balanced
    if not rows.has_some_without_between or _is_complete(file, reading, found):
        return reading
    without = replace(reading, has_unbalanced=True)
    if _is_complete(file, without, found):
        return without
    votes = chain_of(file, reading) if rows.has_few_without else ChainVotes()
    if not votes.are_decided_by(votes.signed):
        return reading
    disproved = replace(without, rejects_unbalanced=True)
    gaps = _proof(file, disproved, *_totals(disproved, found)).gaps
    return disproved if gaps and all(gap.rejected_line is not None for gap in gaps) else reading


def _with_unmoved(file: TextBytes, reading: Reading, found: Facts) -> Reading:
    """The reading that rejects rows which leave the balance as it was, where so the file is complete, or most balances
    follow row by row and less is missing."""
    if not found.balanced.unmoved:
        return reading
    without = replace(reading, rejects_unmoved=True)
    before, after = (_proof(file, one, *_totals(one, found)) for one in (reading, without))
    if before.verdict != "GAP" or after.gap_count >= before.gap_count:
        return reading
    votes = chain_of_rows(file, without)
    return without if after.verdict == "BALANCES_MATCH" or votes.are_decided_by(votes.signed) else reading


def _oldest(file: TextBytes, reading: Reading, found: Facts) -> tuple[int, Side | None] | None:
    """The oldest row, where balances may give each amount a sign of its own: a fee beside it would need two."""
    roles = reading.roles
    if reading.oldest_line is None or roles.amount is None or roles.fee is not None:
        return None
    return reading.oldest_line, oldest_side(file, reading, _totals(reading, found)[0])


def _totals(reading: Reading, found: Facts) -> tuple[Total | None, Total | None]:
    opening, closing = totals([*reading.table.before, *found.totals, *found.last_totals], reading)
    return (opening, closing) if not reading.is_owed else (_owed(opening), _owed(closing))


def _owed(total: Total | None) -> Total | None:
    return None if total is None else total._replace(balance_minor=-total.balance_minor)


def _proof(file: TextBytes, reading: Reading, opening: Total | None, closing: Total | None) -> Proof:
    if reading.roles.balance is None and (opening is None or closing is None):
        return UNPROVED
    walk, amounts = BalanceWalk(reading.currency), AmountReader(reading)
    for row in rows_of_file(file, reading):
        if isinstance(row, ValidRow):
            walk.add(row.line, row.booked_on, row.amount_minor, amounts.balance(row.cells))
        elif row.reason_code != "OTHER_ACCOUNT":
            walk.reject(row.line)
    return walk.proof(opening, closing)


def _proved(file: TextBytes, reading: Reading, found: Facts) -> tuple[Reading, Proof]:
    """The proof by balances, and the reading with what it shows of rows that are called balances or totals."""
    reading = _with_foot(file, reading, found)
    proof = _proof(file, reading, *_totals(reading, found))
    if reading.roles.balance is not None or not (found.standing.count or reading.foot_line is not None):
        return reading, proof
    is_shown = proof.verdict == "BALANCES_MATCH" or standing_leads_on(file, reading)
    return replace(reading, rejects_standing=not is_shown, rejects_foot=not is_shown), proof


def _shown_as(file: TextBytes, asked: Property, value: str, reading: Reading, found: Facts, given: Given) -> Reading:
    """The reading that an option shows rows of: as they are to be read if nothing else is asked."""
    variant = _variant(file, asked, value, reading, found, given)
    if asked == "COLUMNS":
        return variant
    return _with_foot(file, _with_unmoved(file, replace(variant, rejects_unmoved=False), found), found)


def _variant(file: TextBytes, asked: Property, value: str, reading: Reading, found: Facts, given: Given) -> Reading:
    """The reading with an answer in place of what was taken meanwhile."""
    # What balances say of signs depends on the order of days and on the amounts.
    is_told_by_balances = reading.roles.balance is not None and asked in {"DATE_ORDER", "DECIMAL_MARK"}
    match asked:
        case _ if asked == "COLUMNS" or is_told_by_balances:
            return found_out(file, reading.table, replace(given, answers={**given.answers, asked: value})).reading
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
            reading = _with_sign(reading, value)
            owed = given.is_credit and value not in BALANCE_RULES and _is_owed(file, reading)
            return _with_unbalanced(file, replace(reading, is_owed=reading.is_owed or owed), found)


def _with_sign(reading: Reading, value: str) -> Reading:
    if (minus := SPLIT_RULES.get(value)) is not None:
        return replace(reading, sign="SPLIT", debit_minus=minus.debits, credit_minus=minus.credits)
    said = indicator_of(value, reading.table.header)
    if said is None:
        return replace(reading, sign=cast("SignRule | BalanceRule", value), is_owed=value.startswith("OWED_"))
    return replace(
        reading,
        sign="INDICATOR",
        roles=replace(reading.roles, indicator=said.at),
        debit_words=frozenset({said.debit}),
        credit_words=frozenset({said.credit}),
    )


def _balance_votes(file: TextBytes, reading: Reading, found: Facts, known: Format) -> BalanceVotes:
    """Of a sign that is not declared: what the balances say of each way to read the amounts."""
    if reading.roles.amount is None:
        return BalanceVotes(written=chain_of(file, reading) if found.minus_in_sides.count else ChainVotes())
    written = chain_of(file, reading)
    if reading.roles.fee is not None:
        # Taken off an amount of either sign, it tells nothing of the opposite ones.
        written = written._replace(inverted=0, either=written.signed)
    if known.sign is not None:
        return BalanceVotes(written=written)
    has_words = found.debits.count or found.credits.count
    worded = chain_of(file, replace(reading, sign="INDICATOR")) if has_words else ChainVotes()
    is_open = not found.negative.count and signs.rule_of_words(found, reading.roles) is None
    ways = _ways(file, reading) if is_open else {}
    return BalanceVotes(written=written, worded=worded, ways=ways, oldest=_oldest(file, reading, found))


def _with_minus_signs(file: TextBytes, reading: Reading, found: Facts, given: Given) -> Reading:
    """Of columns for debits and credits: the way to take their minus signs from which most balances follow.

    Where there is none in a column, there is one way.
    """
    if given.is_credit or not found.minus_in_sides.count or reading.roles.balance is None:
        return reading
    debits = (reading.debit_minus, not reading.debit_minus) if found.minus_in_debits else (False,)
    credits_ = (reading.credit_minus, not reading.credit_minus) if found.minus_in_credits else (False,)
    others = [replace(reading, debit_minus=debit, credit_minus=credit) for debit in debits for credit in credits_]
    # The first of the best: as it is, where balances do not tell.
    return max(others, key=lambda other: chain_of(file, other).signed)


def _ways(file: TextBytes, reading: Reading) -> dict[Indicator, int]:
    """Columns of two words that may say which amounts are debits: how many balances follow with each."""
    found = possible((record.cells for record in _sample(file, reading.table)), reading.roles)
    ways = [way for way in found if not _is_against_known_words(way)]
    return {way: chain_of(file, _with_sign(reading, way.value(reading.table.header))).signed for way in ways}


def _is_against_known_words(way: Indicator) -> bool:
    """Whether one of the words is known for the other side; where both are known, they mean something else here."""
    known = tuple(direction(word) if len(word) > _LETTERS else None for word in (way.debit, way.credit))
    return known in {("credit", None), (None, "debit")}


def _as_owed(file: TextBytes, reading: Reading, sign: Finding) -> tuple[Reading, Finding]:
    """Of a card: with the balances as what is owed, where they are that."""
    if not _is_owed(file, reading):
        return reading, sign
    return replace(reading, is_owed=True), replace(sign, message=f"{sign.message} The balances are what is owed.")


def _is_owed(file: TextBytes, reading: Reading) -> bool:
    """Whether the balances follow from the opposite amounts."""
    votes = chain_of(file, reading)
    return votes.inverted > votes.signed


def _as_books(file: TextBytes, columns: Finding | Open, reading: Reading, found: Facts, given: Given) -> Finding | Open:
    """Asks where balances follow only if what the columns call debits came in, as the books of the holder have it.

    A bank may show so what is owed on a loan; a card's statement does.
    """
    roles, header = reading.roles, reading.table.header
    is_evident = isinstance(columns, Finding) and columns.basis == "EVIDENCE" and not given.is_credit
    if not is_evident or roles.debit is None or roles.credit is None:
        return columns
    turned = replace(reading, roles=replace(roles, debit=roles.credit, credit=roles.debit))
    if not _follow_only(file, turned, reading, found):
        return columns
    message = "The balances grow by what the columns call debits, as in the books of who owns the account."
    return Open("COLUMNS", message, (columns_value(turned.roles, header), columns_value(roles, header)), columns.lines)


def _follow_only(file: TextBytes, turned: Reading, reading: Reading, found: Facts) -> bool:
    """Whether balances follow from the columns turned round, and not as they are."""
    if reading.roles.balance is not None:
        votes = chain_of(file, reading)
        return votes.are_decided_by(votes.inverted) and not votes.are_decided_by(votes.signed)
    totals_ = _totals(reading, found)
    return None not in totals_ and [_proof(file, one, *totals_).verdict for one in (turned, reading)] == [
        "BALANCES_MATCH",
        "GAP",
    ]


def _foot_line(table: Table, roles: Roles, found: Facts) -> int | None:
    """The last row, where it may be the balance or the sum below the others: it alone has no text.

    Below a header it may well be a row, if running balances or its amount do not tell.
    """
    is_one = found.textless.lines == [found.last_line] and found.first_line < found.last_line
    return found.last_line if is_one and not (table.has_header and roles.balance is not None) else None


def _with_foot(file: TextBytes, reading: Reading, found: Facts) -> Reading:
    """With the rows that are what those above them add up to, and below a header no other as what is below all."""
    if reading.roles.balance is not None or found.first_line == found.last_line:
        return reading
    foot_line = None if reading.table.has_header else reading.foot_line
    reading = replace(reading, foot_line=foot_line, sum_lines=frozenset())
    return replace(reading, sum_lines=sum_lines(file, reading))


def _with_account(
    file: TextBytes, reading: Reading, found: Facts, given: Given
) -> tuple[Reading, Finding | Open | None]:
    """With the only account whose rows are read, where rows name one."""
    account = infer.account(found, given) or account_finding(reading.table, found)
    if isinstance(account, Open) and found.has_parts and _is_complete(file, reading, found):
        message = "Titles divide the rows, and the balances go on through all of them."
        account = Finding("ACCOUNT", "EVIDENCE", infer.ALL_HERE, message, account.lines)
    value = None if account is None else _value(account)
    return replace(reading, account=None if value == infer.ALL_HERE else value), account


def _is_complete(file: TextBytes, reading: Reading, found: Facts) -> bool:
    return _proof(file, reading, *_totals(reading, found)).verdict == "BALANCES_MATCH"


def _columns(file: TextBytes, table: Table, given: Given) -> tuple[Finding | Open, Roles]:
    if table.format is not None:
        return columns_finding("DECLARED", table.format.roles, table), table.format.roles
    if (answered := roles_from(given.answers.get("COLUMNS", ""), table.header)) is not None:
        return columns_finding("ANSWERED", answered, table, infer.ANSWERED), answered
    if (before := roles_from(given.remembered.get("COLUMNS", ""), table.header)) is not None:
        return columns_finding("REMEMBERED", before, table, infer.REMEMBERED), before
    sample = _sample(file, table)
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


def _require_form(found: Facts, table: Table, known: Format, given: Given) -> None:
    if not table.has_rejects:
        found.mixed_dates.require_months_in_place()
    _require_declared(found, known)
    if _may_be_another_form(table, given):
        _require_uncontradicted(found, known)


def _require_declared(found: Facts, known: Format) -> None:
    if known.date_order is not None and not found.dates.fits(known.date_order):
        raise OtherForm(f"The dates are not written as this format has them: {EXAMPLES[known.date_order]}.")
    if known.decimal_mark is not None and not found.marks.fits(known.decimal_mark):
        raise OtherForm(f"The amounts are not written as this format has them: with {MARK_NAMES[known.decimal_mark]}.")
    if _has_words(found, known):
        raise OtherForm(_WORDS)


def _may_be_another_form(table: Table, given: Given) -> bool:
    """A format that was asked for is the file's, and so is that of which a file of rejects is."""
    return not given.is_format_asked and not table.has_rejects


def _require_uncontradicted(found: Facts, known: Format) -> None:
    order, mark = known.date_order, known.decimal_mark
    if order is not None and found.dates.contradicts(order, found.two_digit_years.narrowed(infer.ORDERS)):
        raise OtherForm(f"Most dates are not written as this format has them: {EXAMPLES[order]}.")
    if mark is not None and found.marks.contradicts(mark, MARKS):
        raise OtherForm(f"Most amounts are not written as this format has them: with {MARK_NAMES[mark]}.")
    if _has_words(found, known):
        raise OtherForm(_WORDS)


def _require_sign(chain: ChainVotes, known: Format) -> None:
    if known.sign is not None and is_decided(chain.inverted, chain.signed):
        raise OtherForm("The balances show that a minus does not mean what it means in this format.")


def _has_words(found: Facts, known: Format) -> bool:
    has_words = found.debits.count > 0 or found.credits.count > 0
    return known.sign == "SIGNED" and known.roles.indicator is None and has_words


def _value(settled: Finding | Open) -> str:
    return settled.value if isinstance(settled, Finding) else settled.values[0]


def _require_rows(records: Iterable[Record], table: Table) -> None:
    if next(iter(records), None) is None:
        raise Unreadable("NO_ROWS", f"The file has no rows after its header in line {table.header_line}.")


def _require_own_units(file: TextBytes, table: Table, roles: Roles) -> None:
    names = [table.names[at] for at in amount_places(roles)] if table.has_header else []
    require_own_units(table.before, names, next(iter(records_of(file, table))), roles)


def _sample(file: TextBytes, table: Table) -> list[Record]:
    """The first rows that have a cell for each column, and of these such as have a date and an amount if any has."""
    records = islice(records_of(file, table), SAMPLE_ROWS)
    wide = [record for record in records if record.fault is None and len(record.cells) == table.width]
    return [record for record in wide if is_row(record) and not is_total(record.cells)] or wide


def _own_names(table: Table) -> list[str]:
    """The names of the columns, where the file has any; those of a file of rejects mean nothing here."""
    own = set(table.own) if table.has_header else set[int]()
    return [name if at in own else "" for at, name in enumerate(table.header)]


def _without_columns(table: Table) -> str:
    if (minor := next((name for name in table.header if has_word(words().minor, name)), None)) is not None:
        return f"{quoted(minor)} has amounts in minor units, which are not read: there is no decimal mark in them."
    where = f"Line {table.header_line} is the header, but" if table.has_header else "There is no header, and"
    return f"{where} no column has dates, or none has amounts."
