"""Imports as rows that change: what StartImport and each step of the importer write."""

from collections.abc import Collection, Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import and_, func, or_, select, text, tuple_, update

from runtime.database import ReadSession, WriteSession
from runtime.ids import to_id
from runtime.refusals import ResourceExhausted
from txn_svc.access import owner_of
from txn_svc.imports.due import IMPORTS
from txn_svc.model import IMPORT_STATES_DUE, IMPORT_STATES_OPEN, IMPORT_STATES_WAITING, Account, StatementImport, outbox

STATEMENT_TIMEOUT_SECONDS = 600
# The default would sort a large file's rows on disk only to sum them up by month.
WORK_MEMORY_MB = 64
CHANNEL = "import_changed"
# Its payload: [import id, [the subjects who have access to its account]].
_announce = text("""
SELECT pg_notify(:channel, CAST(json_build_array(
  CAST(:id AS uuid), (SELECT json_agg(subject) FROM account_access WHERE account_id = :account_id)) AS text))
""")


async def announce(session: WriteSession, found: StatementImport) -> None:
    """Tells the import's watchers at commit."""
    await session.execute(_announce, {"channel": CHANNEL, "account_id": found.account_id, "id": found.id})


async def require_room(session: WriteSession, subject: str, limit: int) -> None:
    """Raises ResourceExhausted (TOO_MANY_WAITING_IMPORTS) where `limit` imports of the holder await their file, their
    answers or their review; until commit nobody else can count theirs."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"imports\x1f{subject}", 0))))
    awaited = and_(StatementImport.state == "AWAITING_UPLOAD", StatementImport.expire_time > func.now())
    repeating = and_(StatementImport.state == "PLANNING", StatementImport.repeats_id.is_not(None))
    waits = or_(awaited, repeating, StatementImport.state.in_(IMPORT_STATES_WAITING))
    query = select(func.count()).select_from(StatementImport).where(StatementImport.subject == subject, waits)
    if int(await session.scalar(query)) >= limit:
        raise ResourceExhausted(
            f"{limit} of your imports await their file, answer or review, the most that may; finish those first.",
            reason="TOO_MANY_WAITING_IMPORTS",
            metadata={"waiting_imports_max": str(limit)},
        )


async def has_open_repeat(session: ReadSession, import_id: UUID) -> bool:
    """Whether an import reads this one's object again and has not ended."""
    repeats = (StatementImport.repeats_id == import_id, StatementImport.state.in_(IMPORT_STATES_OPEN))
    return await session.scalar(select(StatementImport.id).where(*repeats).limit(1)) is not None


async def uncleared(session: ReadSession, most: int) -> Sequence[StatementImport]:
    """DISCARDED imports whose rows are still there, oldest first."""
    is_uncleared = (StatementImport.state == "DISCARDED", StatementImport.plan_version.is_not(None))
    query = select(StatementImport).where(*is_uncleared).order_by(StatementImport.finish_time)
    return (await session.scalars(query.limit(most))).all()


async def allow_long_work(session: WriteSession) -> None:
    """For the steps of an import: a file may be large."""
    await session.execute(text(f"SET LOCAL statement_timeout = '{STATEMENT_TIMEOUT_SECONDS}s'"))
    await session.execute(text(f"SET LOCAL work_mem = '{WORK_MEMORY_MB}MB'"))


async def lock_accounts(session: WriteSession, account_ids: Collection[UUID]) -> None:
    """Locks accounts until the transaction ends, before any import of theirs: here as everywhere.

    The weaker lock lets others refer to an account meanwhile: start an import, keep a digest.
    """
    query = select(Account.id).where(Account.id.in_(account_ids)).order_by(Account.id)
    await session.execute(query.with_for_update(key_share=True))


async def lock_accounts_of(session: WriteSession, found: StatementImport) -> None:
    """Locks the account of an import, and of the one it repeats."""
    of_repeated = select(StatementImport.account_id).where(StatementImport.id == found.repeats_id)
    await lock_accounts(session, {found.account_id, *await session.scalars(of_repeated)})


async def account(session: ReadSession, account_id: UUID) -> Account:
    """The account as this statement finds it, whatever the session has read before."""
    query = select(Account).where(Account.id == account_id).execution_options(populate_existing=True)
    found: Account = (await session.scalars(query)).one()
    return found


async def locked(session: WriteSession, import_id: UUID) -> StatementImport | None:
    query = select(StatementImport).where(StatementImport.id == import_id).with_for_update()
    found: StatementImport | None = await session.scalar(query)
    return found


async def locked_by_object(session: WriteSession, key: str, version: str) -> StatementImport | None:
    """The import that the object was announced for, not one that reads it again."""
    of_object = and_(
        StatementImport.object_key == key,
        StatementImport.object_version == version,
        StatementImport.repeats_id.is_(None),
    )
    found: StatementImport | None = await session.scalar(select(StatementImport).where(of_object).with_for_update())
    return found


class Kept(NamedTuple):
    """What tells whether a stored object has its import."""

    id: UUID
    account_id: UUID
    state: str
    object_version: str | None


async def kept(
    session: ReadSession, import_ids: Collection[UUID], objects: Collection[tuple[str, str]]
) -> dict[UUID | tuple[str, str], Kept]:
    """Imports by their id, and by the (key, version) of the object that was announced for them."""
    columns = (StatementImport.id, StatementImport.account_id, StatementImport.state, StatementImport.object_version)
    query = select(*columns, StatementImport.object_key)
    found: dict[UUID | tuple[str, str], Kept] = {}
    for row in await session.execute(query.where(StatementImport.id.in_(import_ids))):
        found[row.id] = Kept(row.id, row.account_id, row.state, row.object_version)
    of_objects = tuple_(StatementImport.object_key, StatementImport.object_version).in_(objects)
    for row in await session.execute(query.where(of_objects, StatementImport.repeats_id.is_(None))):
        found[row.object_key, row.object_version] = Kept(row.id, row.account_id, row.state, row.object_version)
    return found


async def account_of(session: ReadSession, import_id: UUID) -> UUID | None:
    query = select(StatementImport.account_id).where(StatementImport.id == import_id)
    found: UUID | None = await session.scalar(query)
    return found


async def holder(session: ReadSession, import_id: UUID) -> str | None:
    found: str | None = await session.scalar(select(StatementImport.subject).where(StatementImport.id == import_id))
    return found


async def owner(session: ReadSession, account_id: UUID) -> str:
    """Cognito's `sub` of the account's owner."""
    return str(await session.scalar(select(owner_of(Account.id)).where(Account.id == account_id)))


async def owner_of_open(session: ReadSession, account_id: UUID) -> str | None:
    """The owner of an account that is not closed."""
    is_open = and_(Account.id == account_id, Account.close_time.is_(None))
    found: str | None = await session.scalar(select(owner_of(Account.id)).where(is_open))
    return found


async def open_accounts(session: ReadSession, account_ids: Collection[UUID]) -> set[UUID]:
    """Those that are there and not closed."""
    is_open = and_(Account.id.in_(account_ids), Account.close_time.is_(None))
    return set(await session.scalars(select(Account.id).where(is_open)))


async def currency_code(session: ReadSession, account_id: UUID) -> str:
    return str(await session.scalar(select(Account.currency_code).where(Account.id == account_id)))


async def expire(session: WriteSession, most: int) -> Sequence[StatementImport]:
    """Makes up to `most` imports EXPIRED whose form is over; skips those being worked on."""
    is_over = (StatementImport.state == "AWAITING_UPLOAD", StatementImport.expire_time <= func.now())
    over = select(StatementImport.id).where(*is_over).limit(most).with_for_update(skip_locked=True).cte("over")
    expired = (
        update(StatementImport)
        .where(StatementImport.id.in_(select(over.c.id)))
        .values(state="EXPIRED", finish_time=func.now())
        .returning(StatementImport)
        .execution_options(synchronize_session=False)
    )
    found = (await session.scalars(expired)).all()
    for one in found:
        await announce(session, one)
    return found


async def open_by_state(session: ReadSession) -> dict[str, tuple[int, float]]:
    """How many imports are in each state that is not an end, and the age of the oldest in seconds."""
    began = func.coalesce(StatementImport.start_time, StatementImport.create_time)
    age = func.extract("epoch", func.now() - func.min(began)).label("seconds")
    query = select(StatementImport.state, func.count().label("imports"), age)
    open_ones = query.where(StatementImport.state.in_(IMPORT_STATES_OPEN)).group_by(StatementImport.state)
    return {row.state: (row.imports, float(row.seconds)) for row in await session.execute(open_ones)}


async def unfinished(session: ReadSession, most: int) -> Sequence[StatementImport]:
    """The imports whose turn it is, longest first; not those that the queue has not been told of yet."""
    is_due = StatementImport.state.in_(IMPORT_STATES_DUE)
    query = select(StatementImport).where(is_due).order_by(StatementImport.start_time).limit(most)
    found = {to_id("imp", one.id): one for one in await session.scalars(query)}
    waits = (outbox.c.destination == IMPORTS, outbox.c.publish_time.is_(None), outbox.c.subject.in_(found))
    for name in await session.scalars(select(outbox.c.subject).where(*waits)):
        found.pop(name, None)
    return list(found.values())
