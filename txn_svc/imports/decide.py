"""A person's decision about one row of a READY import, in place of what the matching says."""

from uuid import UUID

from sqlalchemy import Select, select

from runtime.database import ReadSession, WriteSession
from runtime.ids import new_id
from runtime.refusals import FailedPrecondition, NotFound, ResourceExhausted
from txn_svc.imports.matching import own_rows
from txn_svc.imports.numbered import SAME_ID, match_numbered
from txn_svc.imports.overlap import SIMILAR, Partner, partner_of
from txn_svc.model import ImportRow, StatementImport, Transaction

DECIDED = "DECIDED"
_NOT_READ = "This row could not be read; mend it in the file of the rejected rows."
_REPEATED = "An earlier line of this file is the same transaction; mend this one in the file of the rejected rows."
_ONE_ID = (
    "The bank gives an id to one transaction only; undo the import of that one first, or record another one by hand."
)
_LEFT_OUT = "Left out by your decision."
_ONE_MORE = "Booked as one more by your decision."


async def decide_row(
    session: WriteSession, found: StatementImport, line: int, outcome: str, decisions_max: int
) -> None:
    """Makes the row CREATE, DUPLICATE or REJECT; the caller matches all rows again, which numbers what is one more.

    Raises NotFound (ROW_NOT_FOUND), FailedPrecondition (DECISION_NOT_POSSIBLE), ResourceExhausted (TOO_MANY_DECISIONS).
    """
    if found.reading_id != found.id:
        await own_rows(session, found)
    row = await _row(session, found, line)
    if row.identity is None:
        raise _not_possible(_REPEATED if row.reason_code == SAME_ID else _NOT_READ)
    if row.outcome == outcome:
        return
    was_decided = row.reason_code == DECIDED
    await _undecide(session, found, row)
    if outcome == "REJECT":
        row.outcome, row.reason_code, row.reason = "REJECT", DECIDED, _LEFT_OUT
    elif row.outcome == "CREATE":
        _take_for(row, outcome, await partner_of(session, row))
    elif row.outcome != outcome:
        await _require_other_id(session, row)
        _make_one_more(row)
    found.decided_count += (row.reason_code == DECIDED) - was_decided
    if found.decided_count > decisions_max:
        raise ResourceExhausted(
            f"{decisions_max} rows of this file are decided, the most that may be; mend the file instead.",
            reason="TOO_MANY_DECISIONS",
            metadata={"decisions_max": str(decisions_max)},
        )
    await session.flush()


async def _row(session: WriteSession, found: StatementImport, line: int) -> ImportRow:
    row: ImportRow | None = await session.scalar(_this_row(found.account_id, found.id, line))
    if row is None:
        raise NotFound(f"No row of this file begins in line {line}.", reason="ROW_NOT_FOUND")
    return row


def _this_row(account_id: UUID, import_id: UUID, line: int) -> Select[ImportRow]:
    return select(ImportRow).where(
        ImportRow.account_id == account_id, ImportRow.import_id == import_id, ImportRow.line == line
    )


async def _undecide(session: WriteSession, found: StatementImport, row: ImportRow) -> None:
    """Brings the row to what the matching makes of it, if no decision stands."""
    if row.reason_code == SIMILAR:
        row.transaction_id = new_id()
    if row.reason_code in {DECIDED, SIMILAR}:
        row.occurrence, row.file_occurrence = row.file_occurrence or row.occurrence, None
        row.outcome, row.reason_code, row.reason = "CREATE", None, None
        await session.flush()
    query = select(Transaction.id).where(
        Transaction.account_id == row.account_id,
        Transaction.identity == row.identity,
        Transaction.occurrence == row.occurrence,
    )
    known = await session.scalar(query)
    if known is None:
        row.outcome, row.reason_code = "CREATE", None
        await session.flush()
        await match_numbered(session, found, again=True)
        this_row = _this_row(row.account_id, row.import_id, row.line)
        await session.execute(this_row.execution_options(populate_existing=True))
    else:
        row.outcome, row.reason_code, row.transaction_id = "DUPLICATE", "SAME_CONTENT", known


async def _require_other_id(session: ReadSession, row: ImportRow) -> None:
    """Refuses what would give one id of a bank to two transactions."""
    if row.reason_code == SAME_ID and row.outcome == "REJECT":
        raise _not_possible(f"{row.reason} {_ONE_ID}")
    query = select(Transaction.id).where(
        Transaction.account_id == row.account_id,
        Transaction.id == row.transaction_id,
        Transaction.external_id == row.external_id,
        Transaction.has_stable_id,
    )
    if row.has_stable_id and (row.reason_code == SAME_ID or await session.scalar(query) is not None):
        raise _not_possible(f"The transaction with this id is already in this account. {_ONE_ID}")


def _take_for(row: ImportRow, outcome: str, partner: Partner | None) -> None:
    """Makes a row that the account does not hold what it looks like, or one more beside that."""
    if outcome == "CREATE":
        if partner is not None:
            row.reason_code, row.reason = DECIDED, _ONE_MORE
    elif partner is None:
        raise _not_possible("The account holds no transaction that this row could be a duplicate of.")
    else:
        row.outcome, row.reason_code, row.reason = "DUPLICATE", SIMILAR, partner.description
        row.transaction_id = partner.id


def _make_one_more(row: ImportRow) -> None:
    row.file_occurrence = row.occurrence
    row.outcome, row.reason_code, row.reason, row.transaction_id = "CREATE", DECIDED, _ONE_MORE, new_id()


def _not_possible(sentence: str) -> FailedPrecondition:
    return FailedPrecondition(sentence, reason="DECISION_NOT_POSSIBLE")
