"""Whether the balances of a file that proves itself complete meet the ledger, where that is known by itself.

Known is a balance at the beginning of some day: what the nearest other statement opens with that proves itself
complete too, or what the holder has said. From there the ledger leads to the day at which the file says its own.
"""

from collections.abc import Collection
from datetime import date, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import text

from runtime.database import ReadSession
from txn_svc.imports.answers import DISCARD, answers_of
from txn_svc.ledger.money import Currency, currency, format_amount
from txn_svc.ledger.quoting import quoted
from txn_svc.model import Account, StatementImport
from txn_svc.statement.model import Finding, Option, Question

COMMIT_ANYWAY: Final = "COMMIT_ANYWAY"
MEETS_LEDGER: Final = "MEETS_LEDGER"
_EVER: Final = date(1900, 1, 1)

_HAS_NEW_ROWS = text("""
SELECT EXISTS (SELECT FROM import_row
  WHERE account_id = :account_id AND import_id = :import_id AND outcome = 'CREATE')
""")

# The nearest that begins no later than the file, or else the nearest after it.
_NEAREST = text("""
SELECT file_name, reading_id, from_date, opening_minor FROM import
WHERE account_id = :account_id AND id <> :import_id AND state IN ('COMPLETED', 'REVERTING')
  AND proof = 'BALANCES_MATCH' AND from_date IS NOT NULL AND opening_minor IS NOT NULL
ORDER BY from_date > :from_date, abs(from_date - :from_date), finish_time DESC LIMIT 1
""")

_BOOKED = text("""
SELECT coalesce(sum(amount_minor), 0) FROM transaction
WHERE account_id = :account_id AND booked_on >= :first AND booked_on < :end
""")
_OWN = text("""
SELECT coalesce(sum(amount_minor), 0) FROM import_row
WHERE account_id = :account_id AND import_id = :import_id AND outcome <> 'REJECT'
  AND booked_on >= :first AND booked_on < :end
""")
# Of one day, what a statement does not have, which may have been before it began or after it ended.
_BESIDE = text("""
SELECT (SELECT coalesce(sum(t.amount_minor), 0) FROM transaction AS t
    WHERE t.account_id = :account_id AND t.booked_on = :day
      AND NOT EXISTS (SELECT FROM import_row AS c WHERE c.account_id = t.account_id AND c.transaction_id = t.id
        AND c.import_id = :reading_id AND c.outcome <> 'REJECT'))
  + (SELECT coalesce(sum(r.amount_minor), 0) FROM import_row AS r
    WHERE r.account_id = :account_id AND r.import_id = :new_id AND r.booked_on = :day AND r.outcome = 'CREATE')
""")


class Reference(NamedTuple):
    """A balance before the rows of `day`; before all that was ever booked where that is None.

    `reading_id`: of the statement that says so, whose first day may have begun before it.
    """

    day: date | None
    balance_minor: int
    said_by: str
    reading_id: UUID | None


class Meeting(NamedTuple):
    """`is_exact`: the balances are equal, with no rows of a day left aside."""

    finding: Finding
    is_exact: bool


class _Compared(NamedTuple):
    """Where the file and the ledger are held against each other, and what of its first or last day may lie between."""

    at: str
    file_minor: int
    ledger_minor: int
    allowed: frozenset[int]


async def meeting_of(session: ReadSession, account: Account, found: StatementImport) -> Meeting | Question | None:
    """None where there is nothing to compare, or nothing new in the file; the question where the balances differ."""
    if found.proof != "BALANCES_MATCH" or found.from_date is None or found.opening_minor is None:
        return None
    this = {"account_id": found.account_id, "import_id": found.id}
    if not await session.scalar(_HAS_NEW_ROWS, this):
        return None
    reference = await _reference(session, account, found)
    if reference is None:
        return None
    compared = await _compare(session, found, reference)
    return _judged(compared, reference, currency(account.currency_code), answers_of(found).get("BALANCE"))


async def _reference(session: ReadSession, account: Account, found: StatementImport) -> Reference | None:
    this = {"account_id": found.account_id, "import_id": found.id, "from_date": found.from_date}
    near = (await session.execute(_NEAREST, this)).one_or_none()
    if near is not None:
        return Reference(near.from_date, near.opening_minor, f"the statement {quoted(near.file_name)}", near.reading_id)
    if account.opening_date is None and account.opening_balance_minor == 0:
        return None
    return Reference(account.opening_date, account.opening_balance_minor, "the balance that you gave it", None)


async def _compare(session: ReadSession, found: StatementImport, reference: Reference) -> _Compared:
    first, last = found.from_date, found.to_date
    assert first is not None
    assert last is not None
    assert found.opening_minor is not None
    assert found.closing_minor is not None
    day = reference.day or _EVER
    this = {"account_id": found.account_id, "import_id": found.id}
    before = await _before(session, found, reference)
    if day <= first:
        moved = int(await session.scalar(_BOOKED, {**this, "first": day, "end": first}))
        beside = await _beside(session, found, first, found.id)
        allowed = {beside, -before, beside - before}
        return _compared(f"the beginning of {first}", found.opening_minor, reference.balance_minor + moved, allowed)
    if day <= last:
        own = int(await session.scalar(_OWN, {**this, "first": first, "end": day}))
        return _compared(f"the beginning of {day}", found.opening_minor + own, reference.balance_minor, {-before})
    moved = int(await session.scalar(_BOOKED, {**this, "first": last + timedelta(days=1), "end": day}))
    beside = await _beside(session, found, last, found.id)
    allowed = {-beside, -before, -beside - before}
    return _compared(f"the end of {last}", found.closing_minor, reference.balance_minor - moved, allowed)


def _compared(at: str, file_minor: int, ledger_minor: int, beside: Collection[int]) -> _Compared:
    return _Compared(at, file_minor, ledger_minor, frozenset({0, *beside}))


async def _before(session: ReadSession, found: StatementImport, reference: Reference) -> int:
    """What was booked on the day of the reference and is not in its statement."""
    if reference.day is None or reference.reading_id is None:
        return 0
    return await _beside(session, found, reference.day, reference.reading_id, new_id=found.id)


async def _beside(
    session: ReadSession, found: StatementImport, day: date, reading_id: UUID, new_id: UUID | None = None
) -> int:
    values = {"account_id": found.account_id, "day": day, "reading_id": reading_id, "new_id": new_id}
    return int(await session.scalar(_BESIDE, values))


def _judged(compared: _Compared, reference: Reference, money: Currency, answer: str | None) -> Meeting | Question:
    difference = compared.file_minor - compared.ledger_minor
    if difference in compared.allowed:
        message = f"The balances meet your account at {compared.at}, as {reference.said_by} says it."
        return Meeting(Finding("BALANCE", "EVIDENCE", MEETS_LEDGER, message), difference == 0)
    if answer != COMMIT_ANYWAY:
        return _question(compared, reference, money)
    message = f"{_differ(compared, reference, money)} You answered that it is to be imported."
    return Meeting(Finding("BALANCE", "ANSWERED", COMMIT_ANYWAY, message), is_exact=False)


def _question(compared: _Compared, reference: Reference, money: Currency) -> Question:
    options = (
        Option(COMMIT_ANYWAY, "Import the file; the difference stays"),
        Option(DISCARD, "Discard the import"),
    )
    return Question("BALANCE", _differ(compared, reference, money), options)


def _differ(compared: _Compared, reference: Reference, money: Currency) -> str:
    file, ledger = (format_amount(one, money) for one in (compared.file_minor, compared.ledger_minor))
    apart = format_amount(abs(compared.file_minor - compared.ledger_minor), money)
    return (
        f"At {compared.at} the file's balance is {file} {money.code}, and your account's is {ledger} {money.code} as "
        f"{reference.said_by} says it: {apart} apart. Something is missing, or this is another account's file."
    )
