"""What balances say of the signs of amounts, and the reading that takes them so."""

from dataclasses import replace
from typing import Final, cast

from txn_svc.statement import signs
from txn_svc.statement.by_balance import oldest_side
from txn_svc.statement.columns import columns_value
from txn_svc.statement.facts import ChainVotes, Facts, direction
from txn_svc.statement.first_rows import first_rows
from txn_svc.statement.format import BalanceRule, Format, SignRule
from txn_svc.statement.indicators import Indicator, indicator_of, of_kinds, possible
from txn_svc.statement.infer import Given, Open
from txn_svc.statement.lines import TextBytes
from txn_svc.statement.model import Finding
from txn_svc.statement.proving import proof_of, totals_of
from txn_svc.statement.reading import Reading, Side, chain_of
from txn_svc.statement.signs import BalanceVotes
from txn_svc.statement.split_signs import SPLIT_RULES

# A letter or two may mean the opposite elsewhere: D is a deposit, or "dobro".
_LETTERS: Final = 2


def balance_votes(file: TextBytes, reading: Reading, found: Facts, known: Format) -> BalanceVotes:
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


def with_minus_signs(file: TextBytes, reading: Reading, found: Facts, given: Given) -> Reading:
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


def with_sign(reading: Reading, value: str) -> Reading:
    if (minus := SPLIT_RULES.get(value)) is not None:
        return replace(reading, sign="SPLIT", debit_minus=minus.debits, credit_minus=minus.credits)
    said = indicator_of(value, reading.table.header)
    if said is None:
        return replace(reading, sign=cast("SignRule | BalanceRule", value), is_owed=value.startswith("OWED_"))
    return replace(
        reading,
        sign="INDICATOR",
        roles=replace(reading.roles, indicator=said.at),
        debit_words=said.debits,
        credit_words=said.credits,
    )


def as_owed(file: TextBytes, reading: Reading, sign: Finding) -> tuple[Reading, Finding]:
    """Of a card: with the balances as what is owed, where they are that."""
    if not is_owed(file, reading):
        return reading, sign
    return replace(reading, is_owed=True), replace(sign, message=f"{sign.message} The balances are what is owed.")


def is_owed(file: TextBytes, reading: Reading) -> bool:
    """Whether the balances follow from the opposite amounts."""
    votes = chain_of(file, reading)
    return votes.inverted > votes.signed


def as_books(file: TextBytes, columns: Finding | Open, reading: Reading, found: Facts, given: Given) -> Finding | Open:
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
    totals_ = totals_of(reading, found)
    return None not in totals_ and [proof_of(file, one, *totals_).verdict for one in (turned, reading)] == [
        "BALANCES_MATCH",
        "GAP",
    ]


def _ways(file: TextBytes, reading: Reading) -> dict[Indicator, int]:
    """Columns of two words that may say which amounts are debits: how many balances follow with each."""
    rows = [record.cells for record in first_rows(file, reading.table)]
    ways = [way for way in possible(rows, reading.roles) if not _is_against_known_words(way)]
    ways = ways or [*of_kinds(rows, reading.roles, reading.table.names)]
    return {way: chain_of(file, with_sign(reading, way.value(reading.table.header))).signed for way in ways}


def _is_against_known_words(way: Indicator) -> bool:
    """Whether one of the words is known for the other side; where both are known, they mean something else here."""
    known = tuple(direction(word) if len(word) > _LETTERS else None for word in (way.debit, way.credit))
    return known in {("credit", None), (None, "debit")}


def _oldest(file: TextBytes, reading: Reading, found: Facts) -> tuple[int, Side | None] | None:
    """The oldest row, where balances may give each amount a sign of its own: a fee beside it would need two."""
    roles = reading.roles
    if reading.oldest_line is None or roles.amount is None or roles.fee is not None:
        return None
    return reading.oldest_line, oldest_side(file, reading, totals_of(reading, found)[0])
