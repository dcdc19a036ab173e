"""What balances and sums prove of a file, and the rows that they show to be no bookings."""

from dataclasses import replace
from typing import Final

from txn_svc.statement import proofs
from txn_svc.statement.balances import BalanceWalk
from txn_svc.statement.facts import ChainVotes, Facts
from txn_svc.statement.format import Roles
from txn_svc.statement.lines import TextBytes
from txn_svc.statement.model import Proof, Total, ValidRow
from txn_svc.statement.reading import AmountReader, Reading, chain_of
from txn_svc.statement.table import Table
from txn_svc.statement.totals import totals
from txn_svc.statement.values import chain_of_rows, rows_of_file, standing_leads_on, sum_lines

# A row with one of these explains no gap.
_NOT_IN_BALANCES: Final = frozenset({"OTHER_ACCOUNT", "PENDING"})
UNPROVED: Final = proofs.cannot_tell(proofs.Span(), "The file has no running balances.")


def with_unbalanced(file: TextBytes, reading: Reading, found: Facts) -> Reading:
    """The reading that rejects rows without a balance where only so the file is complete, or as few others explain it.

    A bank may write one balance for each day, at either end of it: then rows without one are as good as any.
    """
    rows = found.balanced
    if not rows.has_some_without_between or is_complete(file, reading, found):
        return reading
    without = replace(reading, has_unbalanced=True)
    if is_complete(file, without, found):
        return without
    votes = chain_of(file, reading) if rows.has_few_without else ChainVotes()
    if not votes.are_decided_by(votes.signed):
        return reading
    disproved = replace(without, rejects_unbalanced=True)
    gaps = _proof(file, disproved, found).gaps
    return disproved if gaps and all(gap.rejected_line is not None for gap in gaps) else reading


def with_unmoved(file: TextBytes, reading: Reading, found: Facts) -> Reading:
    """The reading that rejects rows which leave the balance as it was, where so the file is complete, or most balances
    follow row by row and less is missing."""
    if not found.balanced.unmoved:
        return reading
    without = replace(reading, rejects_unmoved=True)
    before, after = (_proof(file, one, found) for one in (reading, without))
    is_explained = any(gap.rejected_line is not None for gap in before.gaps)
    if before.verdict != "GAP" or is_explained or after.gap_count >= before.gap_count:
        return reading
    votes = chain_of_rows(file, without)
    return without if after.verdict == "BALANCES_MATCH" or votes.are_decided_by(votes.signed) else reading


def proved(file: TextBytes, reading: Reading, found: Facts) -> tuple[Reading, Proof]:
    """The proof by balances, and the reading with what it shows of rows that are called balances or totals."""
    reading = with_sums(file, reading, found)
    proof = _proof(file, reading, found)
    if reading.roles.balance is not None or not (found.standing.count or reading.foot_line is not None):
        return reading, proof
    is_shown = proof.verdict == "BALANCES_MATCH" or standing_leads_on(file, reading)
    return replace(reading, rejects_standing=not is_shown, rejects_foot=not is_shown), proof


def with_sums(file: TextBytes, reading: Reading, found: Facts) -> Reading:
    """With the rows that are what those above them add up to, and below a header no other as what is below all."""
    if reading.roles.balance is not None or found.first_line == found.last_line:
        return reading
    foot = None if reading.table.has_header else reading.foot_line
    reading = replace(reading, foot_line=foot, sum_lines=frozenset())
    return replace(reading, sum_lines=sum_lines(file, reading))


def foot_line(table: Table, roles: Roles, found: Facts) -> int | None:
    """The last row, where it may be the balance or the sum below the others: it alone has no text.

    Below a header it may well be a row, if running balances or its amount do not tell.
    """
    is_one = found.textless.lines == [found.last_line] and found.first_line < found.last_line
    return found.last_line if is_one and not (table.has_header and roles.balance is not None) else None


def is_complete(file: TextBytes, reading: Reading, found: Facts) -> bool:
    return _proof(file, reading, found).verdict == "BALANCES_MATCH"


def _proof(file: TextBytes, reading: Reading, found: Facts) -> Proof:
    return proof_of(file, reading, *totals_of(reading, found))


def proof_of(file: TextBytes, reading: Reading, opening: Total | None, closing: Total | None) -> Proof:
    if reading.roles.balance is None and (opening is None or closing is None):
        return UNPROVED
    walk, amounts = BalanceWalk(reading.currency), AmountReader(reading)
    for row in rows_of_file(file, reading):
        if isinstance(row, ValidRow):
            walk.add(row.line, row.booked_on, row.amount_minor, amounts.balance(row.cells))
        elif row.reason_code not in _NOT_IN_BALANCES:
            walk.reject(row.line)
    return walk.proof(opening, closing)


def totals_of(reading: Reading, found: Facts) -> tuple[Total | None, Total | None]:
    opening, closing = totals([*reading.table.before, *found.totals, *found.last_totals], reading)
    return (opening, closing) if not reading.is_owed else (_owed(opening), _owed(closing))


def _owed(total: Total | None) -> Total | None:
    return None if total is None else total._replace(balance_minor=-total.balance_minor)
