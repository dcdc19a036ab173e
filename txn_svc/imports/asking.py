"""An import that asks: what its file leaves open is kept with it, its holder is told, and it waits."""

from collections.abc import Sequence

from protos.events.v1 import events_pb2
from runtime.audit import record
from runtime.database import Database, WriteSession
from runtime.ids import to_id
from txn_svc.imports import store
from txn_svc.imports.described import described
from txn_svc.imports.questions import kept_questions
from txn_svc.imports.settle import forget_rows, publish
from txn_svc.imports.stage import Superseded
from txn_svc.model import StatementImport, audit_event
from txn_svc.statement import Statement
from txn_svc.statement.model import Question


async def ask_about(database: Database, read: StatementImport, sha256: str, statement: Statement) -> None:
    """Makes a PLANNING import NEEDS_ANSWER whose file leaves something open; keeps what was found out so far.

    Raises Superseded where it is not PLANNING any more.
    """
    async with database.write() as session:
        found = await store.locked(session, read.id)
        assert found is not None
        if found.state != "PLANNING":
            raise Superseded
        for name, value in described(statement).items():
            setattr(found, name, value)
        found.sha256, found.bytes_read = sha256, found.size_bytes
        await ask(session, found, statement.questions)


async def ask(session: WriteSession, found: StatementImport, questions: Sequence[Question]) -> None:
    """Makes the import NEEDS_ANSWER, without rows and plan: they are staged again with the answers.

    The caller holds the lock of its row. Its holder is told each time that it asks.
    """
    await forget_rows(session, found)
    found.row_count = found.rejected_count = found.rows_read = found.rows_written = 0
    found.reading_id, found.from_date, found.to_date = found.id, None, None
    found.plan, found.plan_version, found.decided_count = None, None, 0
    found.state, found.questions = "NEEDS_ANSWER", kept_questions(questions)
    asked = events_pb2.ImportNeedsAnswer(
        import_id=to_id("imp", found.id),
        account_id=to_id("acct", found.account_id),
        holder_subject=await store.owner(session, found.account_id),
        question_ids=[question.property for question in questions],
    )
    await publish(session, found, asked)
    await record(session, audit_event, "AskImport", to_id("imp", found.id))
    await store.announce(session, found)
