"""Review: a plan is made, waits for a person, and is held against the ledger again when it is to be committed."""

from runtime.audit import record
from runtime.database import Database, WriteSession
from runtime.ids import to_id
from txn_svc.imports import metrics, store
from txn_svc.imports.asking import ask
from txn_svc.imports.examine import Asked, ask_instead, examine
from txn_svc.imports.matching import match
from txn_svc.imports.plan import keep, make_plan, plan_of
from txn_svc.imports.revert import take_back_repeated
from txn_svc.imports.settle import too_much_refused
from txn_svc.model import Account, StatementImport, audit_event


async def plan_for_review(database: Database, staged: StatementImport) -> str:
    """Makes a PLANNING import, whose rows are staged, READY with its plan, or has it ask; "ready" or "asked".

    Raises Refused, undoing all.
    """
    try:
        await _plan(database, staged)
    except Asked as asked:
        await ask_instead(database, staged, asked)
        return "asked"
    return "ready"


async def _plan(database: Database, staged: StatementImport) -> None:
    async with database.write() as session:
        await store.allow_long_work(session)
        if staged.repeats_id is not None:
            await store.lock_accounts_of(session, staged)
        found = await store.locked(session, staged.id)
        assert found is not None
        if found.state != "PLANNING":
            return
        with too_much_refused():
            reverted = await take_back_repeated(session, found)
            account = await store.account(session, found.account_id)
            await match(session, found, again=False)
            if (question := await examine(session, account, found)) is not None:
                raise Asked(question)
            keep(found, await make_plan(session, account, found), account.version)
        found.state = "READY"
        await record(session, audit_event, "PlanImport", to_id("imp", found.id))
        await store.announce(session, found)
    metrics.settled(reverted)


async def is_as_planned(session: WriteSession, account: Account, found: StatementImport) -> bool:
    """Whether the plan still is what a commit would do; if not, the import has a new plan afterwards, or asks.

    Raises FailedPrecondition (FIGURES_TOO_LARGE) where a sum does not fit 64 bits any more.
    """
    old = plan_of(found)
    assert old is not None
    if account.version == found.plan_version:
        return True
    await match(session, found, again=True)
    if (question := await examine(session, account, found)) is not None:
        await ask(session, found, [question])
        return False
    new = await make_plan(session, account, found)
    is_same = new.digest == old.digest
    new.is_renewed = old.is_renewed or not is_same
    keep(found, new, account.version)
    return is_same
