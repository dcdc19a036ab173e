"""Balances and totals that stand among the rows with a date and an amount, as rows do: passed over where they are shown
to be what they are called, and else rejected."""

from collections.abc import Iterable, Iterator
from itertools import chain, pairwise
from typing import Final, NamedTuple

from txn_svc.ledger.quoting import quoted
from txn_svc.statement.facts import amount_places, described
from txn_svc.statement.format import BALANCE_RULES
from txn_svc.statement.model import RejectedRow, ValidRow
from txn_svc.statement.reading import AmountReader, Reading
from txn_svc.statement.rejecting import rejected
from txn_svc.statement.words import is_of_period, is_only, plain, words

# Of one amount a total is no more than the same amount again.
_LEAST_SUMMED: Final = 2


class Standing(NamedTuple):
    """A row that is described as a balance or a total, and as nothing else.

    With `unbooked`, the reject for it, it is any row of which a text says that it is not booked: its running balance
    shows that where it is the one before it.
    """

    row: ValidRow
    unbooked: RejectedRow | None = None


class Listed(NamedTuple):
    """A row that may be a part of the row above it."""

    row: ValidRow


class More(NamedTuple):
    """Text of the line after a valid row, which belongs to that row's description."""

    text: str


Part = ValidRow | RejectedRow | Standing | More
RowPart = ValidRow | RejectedRow | More


def without_standing(parts: Iterable[Part], reading: Reading) -> Iterator[RowPart]:
    """The parts without what stands among them. What nothing shows to be a balance or a total is rejected."""
    if reading.roles.balance is not None:
        return _beside_balances(parts, reading)
    return _alone(parts, reading)


def lead_on(parts: Iterable[Part], reading: Reading) -> bool:
    """Whether the amounts lead from each balance to the next, in one of the orders, and add up to each total: as all
    rows above it, or as those since the last one."""
    sums, since_total, before, count = _Sums(), _Sums(), 0, 0
    is_up = is_down = True
    for part in parts:
        if isinstance(part, ValidRow):
            sums.add(part.amount_minor)
            since_total.add(part.amount_minor)
        if not isinstance(part, Standing) or part.row.line in reading.sum_lines:
            continue
        figure = part.row.amount_minor
        if _is_total(part.row, reading):
            if not (sums.have(figure) or since_total.have(figure)):
                return False
            since_total = _Sums()
            continue
        is_up &= not count or figure == before + sums.since_balance
        is_down &= not count or before == figure + sums.since_balance
        before, count, sums.since_balance = figure, count + 1, 0
    return (is_up or is_down) and count != 1


class _Sums:
    """Of all amounts, of those of each side, and of those since the last balance."""

    def __init__(self) -> None:
        self.since_balance = self._credits = self._debits = self._count = 0

    def add(self, minor: int) -> None:
        self.since_balance += minor
        self._credits += max(minor, 0)
        self._debits += max(-minor, 0)
        self._count += 1

    def have(self, total: int) -> bool:
        sums = {abs(self._credits - self._debits), self._credits, self._debits}
        return self._count >= _LEAST_SUMMED and abs(total) in sums


def _is_total(row: ValidRow, reading: Reading) -> bool:
    text = plain(described(row.cells, reading.roles)[0])
    return is_only(text, words().total) or is_of_period(text, words().total_of_period)


def _alone(parts: Iterable[Part], reading: Reading) -> Iterator[RowPart]:
    for part in parts:
        if not isinstance(part, Standing):
            yield part
        elif part.row.amount_minor and _is_rejected(part.row, reading):
            yield _rejected(part.row, reading)


def _is_rejected(row: ValidRow, reading: Reading) -> bool:
    if row.line in reading.sum_lines:
        return True
    return reading.rejects_foot if row.line == reading.foot_line else reading.rejects_standing


def _beside_balances(parts: Iterable[Part], reading: Reading) -> Iterator[RowPart]:
    judge, before = _BalanceJudge(reading), None
    for part, after in pairwise(chain(parts, [None])):
        if not isinstance(part, Standing):
            assert part is not None
            yield part
        elif judge.is_booked(part.row, before, after):
            yield part.row
        elif part.unbooked is not None:
            yield part.unbooked if judge.is_unmoved(part.row, before, after) else part.row
        elif not judge.is_standing(part.row, before, after):
            yield _rejected(part.row, reading)
        before = before if isinstance(part, More) else part


class _BalanceJudge:
    """What running balances show of a row that is called one: those beside it and in the rows around it."""

    def __init__(self, reading: Reading) -> None:
        self._reading, self._amounts = reading, AmountReader(reading)

    def is_booked(self, row: ValidRow, before: Part | None, after: Part | None) -> bool:
        """Whether its balance is the one before it and its amount."""
        balance = self._amounts.balance(row.cells)
        size = abs if self._reading.sign in BALANCE_RULES else int
        return balance is not None and any(
            row.amount_minor and size(balance - older) == size(row.amount_minor) for older in self._older(before, after)
        )

    def is_unmoved(self, row: ValidRow, before: Part | None, after: Part | None) -> bool:
        return self._amounts.balance(row.cells) in self._older(before, after)

    def is_standing(self, row: ValidRow, before: Part | None, after: Part | None) -> bool:
        """Whether its amount is its balance, or its balance the one before it: nothing is added."""
        amount, balance = row.amount_minor, self._amounts.balance(row.cells)
        if balance is None and row.line == self._reading.foot_line:
            # Nothing but its place says what it is.
            return abs(amount) in {0, *map(abs, self._older(before, after))}
        standing = amount if balance is None else balance
        return not amount or abs(amount) == abs(standing) or standing in self._older(before, after)

    def _older(self, before: Part | None, after: Part | None) -> set[int]:
        parts = {"ASCENDING": (before,), "DESCENDING": (after,)}.get(self._reading.order or "", (before, after))
        balances = (self._balance(part) for part in parts)
        return {balance for balance in balances if balance is not None}

    def _balance(self, part: Part | None) -> int | None:
        row = part.row if isinstance(part, Standing) else part
        return None if row is None or isinstance(row, More) else self._amounts.balance(row.cells)


def _rejected(row: ValidRow, reading: Reading) -> RejectedRow:
    said = quoted(described(row.cells, reading.roles)[0].strip())
    reason = f"{said} is what balances or totals are called, and nothing in the file shows whether it is one."
    if row.line in reading.sum_lines or row.line == reading.foot_line:
        is_sum = row.line in reading.sum_lines
        which = "It is what the rows above it add up to" if is_sum else "Only the last row has no text"
        reason = f"{which}: it may be a balance or a sum, and nothing shows whether it is."
    name = reading.table.name(amount_places(reading.roles)[0])
    return rejected(row, "BAD_AMOUNT", reason, name)
