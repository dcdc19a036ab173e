"""What the ledger says about rows that are staged and matched, before anything is committed: said, or asked."""

from runtime.database import Database, WriteSession
from txn_svc.imports import store
from txn_svc.imports.asking import ask
from txn_svc.imports.described import keep_finding
from txn_svc.imports.meeting import meeting_of
from txn_svc.imports.overlap import overlap_of
from txn_svc.model import Account, StatementImport
from txn_svc.statement.model import Question


class Asked(Exception):
    """The import asks something, so that nothing of it may be kept but the question."""

    def __init__(self, question: Question) -> None:
        super().__init__(question.property)
        self.question = question


async def examine(session: WriteSession, account: Account, found: StatementImport) -> Question | None:
    """Marks the rows that are SIMILAR to what the account has, and keeps what was found out; or gives what is open.

    The caller holds the lock of the account, which is as it was read before the rows were matched. Rows that are shared
    with a live import ask nothing, and neither do rows of which none is new.
    """
    if account.transaction_count == 0 or found.reading_id != found.id:
        return None
    meeting = await meeting_of(session, account, found)
    if isinstance(meeting, Question):
        return meeting
    if meeting is not None:
        keep_finding(found, meeting.finding)
    overlap = await overlap_of(session, found, is_met=meeting is not None and meeting.is_exact)
    if isinstance(overlap, Question):
        return overlap
    if overlap is not None:
        keep_finding(found, overlap)
    return None


async def ask_instead(database: Database, staged: StatementImport, asked: Asked) -> None:
    """Makes the import NEEDS_ANSWER that was to be planned or committed; does nothing where it is neither any more."""
    async with database.write() as session:
        await store.allow_long_work(session)
        found = await store.locked(session, staged.id)
        assert found is not None
        if found.state in {"PLANNING", "COMMITTING"}:
            await ask(session, found, [asked.question])
