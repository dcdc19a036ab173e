"""What a person does with an import that is there: each writes the wanted state, and the worker does the rest."""

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from runtime import call
from runtime.audit import record
from runtime.database import WriteSession
from runtime.ids import new_id, to_id
from runtime.refusals import FailedPrecondition
from txn_svc.access import Verb, require, waiting_at_most
from txn_svc.imports import settle, store
from txn_svc.imports.answers import are_to_discard, has_answers, keep_answers, require_answers
from txn_svc.imports.decide import decide_row
from txn_svc.imports.due import due
from txn_svc.imports.matching import match
from txn_svc.imports.plan import keep, make_plan, plan_of
from txn_svc.imports.reading import import_missing
from txn_svc.imports.requests import Repetition
from txn_svc.imports.review import is_as_planned
from txn_svc.imports.undo import preview
from txn_svc.model import IMPORT_STATES_WAITING, Account, StatementImport, audit_event
from txn_svc.statement.model import Property

REPEATABLE = frozenset({*IMPORT_STATES_WAITING, "COMPLETED", "FAILED", "REVERTED", "DISCARDED"})


LOCK_WAIT_SECONDS = 1.0


async def changeable(session: WriteSession, import_id: UUID) -> tuple[StatementImport, Account]:
    """The import, its row locked, and its account.

    Raises as `require`, IMPORT_NOT_FOUND for one that is missing, and ACCOUNT_BUSY where the worker has it.
    """
    caller, account_id = call.person(), await store.account_of(session, import_id)
    if account_id is None:
        raise import_missing()
    account = await require(session, caller, Verb.CHANGE, account_id, missing=import_missing())
    async with waiting_at_most(session, LOCK_WAIT_SECONDS):
        found = await store.locked(session, import_id)
    assert found is not None
    return found, account


async def answer(session: WriteSession, import_id: UUID, given: Mapping[Property, str]) -> StatementImport:
    """Has the file of a NEEDS_ANSWER import read again, with the answers, or discards it where these say so.

    Leaves one that has the answers as it is.

    Raises InvalidArgument where they do not answer all that it asks and nothing else, FailedPrecondition
    (IMPORT_NOT_ASKING, ACCOUNT_CLOSED).
    """
    found, account = await changeable(session, import_id)
    if has_answers(found, given):
        return found
    if found.state != "NEEDS_ANSWER":
        raise FailedPrecondition("This import asks nothing.", reason="IMPORT_NOT_ASKING")
    if account.close_time is not None:
        raise account_closed()
    require_answers(found, given)
    is_over = are_to_discard(found, given)
    keep_answers(found, given)
    if is_over:
        await _discard(session, found)
        return found
    found.state, found.questions = "PLANNING", []
    await _wanted(session, found, "AnswerImport")
    return found


async def commit_plan(session: WriteSession, import_id: UUID, digest: str, inline_rows_max: int) -> StatementImport:
    """Makes a READY import COMMITTING where this is its plan, and still what a commit would do.

    The caller looks afterwards whether it is: where it is not, the import keeps its new plan. A file of more rows than
    may be planned again while somebody waits is planned again by the worker.
    """
    found, account = await changeable(session, import_id)
    plan = plan_of(found)
    if found.state in {"COMMITTING", "COMPLETED"} and plan is not None and plan.digest == digest:
        return found
    _require_ready(found)
    if account.close_time is not None:
        raise account_closed()
    if plan is None or plan.digest != digest:
        return found
    if found.row_count <= inline_rows_max and not await is_as_planned(session, account, found):
        if found.state == "NEEDS_ANSWER":
            return found
        await record(session, audit_event, "RenewPlan", to_id("imp", found.id))
        await store.announce(session, found)
        return found
    found.state = "COMMITTING"
    await _wanted(session, found, "CommitImport")
    return found


def stale_plan(found: StatementImport) -> FailedPrecondition:
    plan = plan_of(found)
    return FailedPrecondition(
        "This is not the plan of this import any more; look at the new one.",
        reason="STALE_PLAN",
        metadata={"plan_digest": plan.digest if plan else ""},
    )


async def discard(session: WriteSession, import_id: UUID) -> StatementImport:
    """Makes an import DISCARDED that waits for a person; leaves one that is as it is."""
    found, _ = await changeable(session, import_id)
    if found.state != "DISCARDED":
        if found.state not in IMPORT_STATES_WAITING:
            raise _not_ready()
        await _discard(session, found)
    return found


async def _discard(session: WriteSession, found: StatementImport) -> None:
    await settle.discard(session, found)
    await record(session, audit_event, "DiscardImport", to_id("imp", found.id))


async def revert(session: WriteSession, import_id: UUID, preview_digest: str) -> StatementImport:
    """Makes a COMPLETED import REVERTING; leaves one that is on its way as it is. Raises STALE_PREVIEW."""
    found, account = await changeable(session, import_id)
    if found.state in {"REVERTING", "REVERTED"}:
        return found
    require_completed(found)
    if preview_digest and (await preview(session, account, found)).digest != preview_digest:
        raise FailedPrecondition(
            "Undoing this import would do something else by now; look at it again.", reason="STALE_PREVIEW"
        )
    found.state = "REVERTING"
    await _wanted(session, found, "RevertImport")
    return found


async def repeat(session: WriteSession, wanted: Repetition, waiting_max: int) -> StatementImport:
    """A new import that reads the object of the other one again.

    Raises FailedPrecondition (IMPORT_NOT_REPEATABLE, ACCOUNT_CLOSED), and as `require_room`.
    """
    served, caller = call.current(), call.person()
    repeated, account = await changeable(session, wanted.import_id)
    is_repeated = await store.has_open_repeat(session, repeated.id)
    if repeated.state not in REPEATABLE or repeated.object_version is None or is_repeated:
        raise FailedPrecondition(
            "Only an import whose file was read, and that is not being worked on or read again, can be repeated.",
            reason="IMPORT_NOT_REPEATABLE",
        )
    if wanted.account_id not in {None, account.id}:
        account = await require(session, caller, Verb.CHANGE, wanted.account_id or account.id)
    if account.close_time is not None:
        raise account_closed()
    if repeated.state not in IMPORT_STATES_WAITING:
        await store.require_room(session, caller.subject, waiting_max)
    import_id, now = new_id(), datetime.now(UTC)
    found = StatementImport(
        account_id=account.id,
        id=import_id,
        reading_id=import_id,
        repeats_id=repeated.id,
        subject=caller.subject,
        source=repeated.source,
        state="PLANNING",
        review=wanted.review,
        wanted_format=wanted.format_id,
        file_name=repeated.file_name,
        size_bytes=repeated.size_bytes,
        bytes_total=repeated.size_bytes,
        object_key=repeated.object_key,
        object_version=repeated.object_version,
        object_etag=repeated.object_etag,
        upload_time=repeated.upload_time,
        request_id=served.request_id,
        traceparent=served.traceparent,
        event_sequence=0,
        answers=[],
        create_time=now,
        start_time=now,
    )
    keep_answers(found, wanted.answers)
    session.add(found)
    await session.flush()
    await _wanted(session, found, "RepeatImport")
    return found


async def decide(
    session: WriteSession, import_id: UUID, line: int, outcome: str, decisions_max: int, inline_rows_max: int
) -> StatementImport:
    """Overrides what becomes of a row, and plans the import again. Raises as `decide_row`."""
    found, account = await changeable(session, import_id)
    _require_ready(found)
    old = plan_of(found)
    assert old is not None
    if found.row_count > inline_rows_max:
        raise FailedPrecondition(
            f"A file of more than {inline_rows_max:,} rows cannot be decided row by row; mend the file instead.",
            reason="DECISION_NOT_POSSIBLE",
        )
    await decide_row(session, found, line, outcome, decisions_max)
    await match(session, found, again=True)
    new = await make_plan(session, account, found)
    new.is_renewed = old.is_renewed
    keep(found, new, account.version)
    await record(session, audit_event, "DecideImportRow", to_id("imp", found.id))
    await store.announce(session, found)
    return found


def require_completed(found: StatementImport) -> None:
    if found.state != "COMPLETED":
        raise FailedPrecondition("Only a completed import can be undone.", reason="IMPORT_NOT_COMPLETED")


def account_closed() -> FailedPrecondition:
    return FailedPrecondition("This account is closed.", reason="ACCOUNT_CLOSED")


def _require_ready(found: StatementImport) -> None:
    if found.state != "READY":
        raise _not_ready()


def _not_ready() -> FailedPrecondition:
    return FailedPrecondition("This import does not wait for a review.", reason="IMPORT_NOT_READY")


async def _wanted(session: WriteSession, found: StatementImport, action: str) -> None:
    found.start_time = datetime.now(UTC)
    await record(session, audit_event, action, to_id("imp", found.id))
    await due(session, found)
    await store.announce(session, found)
