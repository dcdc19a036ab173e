"""Imports as rows that change: what StartImport and each step of the importer write."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import and_, func, select, text, update

from runtime.database import ReadSession, WriteSession
from txn_svc.access import owner_of
from txn_svc.model import IMPORT_STATES_OPEN, Account, StatementImport

CHANNEL = "import_changed"
# Its payload: [import id, [the subjects who have access to its account]].
_announce = text("""
SELECT pg_notify(:channel, CAST(json_build_array(
  CAST(:id AS uuid), (SELECT json_agg(subject) FROM account_access WHERE account_id = :account_id)) AS text))
""")


async def announce(session: WriteSession, found: StatementImport) -> None:
    """Tells the import's watchers at commit."""
    await session.execute(_announce, {"channel": CHANNEL, "account_id": found.account_id, "id": found.id})


async def waiting(session: WriteSession, subject: str) -> int:
    """How many imports of the holder await their file; until commit no other StartImport of theirs can count."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"imports\x1f{subject}", 0))))
    awaited = (StatementImport.state == "AWAITING_UPLOAD", StatementImport.expire_time > func.now())
    query = select(func.count()).select_from(StatementImport).where(StatementImport.subject == subject, *awaited)
    return int(await session.scalar(query))


async def locked(session: WriteSession, import_id: UUID) -> StatementImport | None:
    query = select(StatementImport).where(StatementImport.id == import_id).with_for_update()
    found: StatementImport | None = await session.scalar(query)
    return found


async def locked_by_object(session: WriteSession, key: str, version: str) -> StatementImport | None:
    of_object = and_(StatementImport.object_key == key, StatementImport.object_version == version)
    found: StatementImport | None = await session.scalar(select(StatementImport).where(of_object).with_for_update())
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
    """The imports that were taken and are not settled, longest first."""
    begun = [state for state in IMPORT_STATES_OPEN if state != "AWAITING_UPLOAD"]
    query = select(StatementImport).where(StatementImport.state.in_(begun)).order_by(StatementImport.start_time)
    return (await session.scalars(query.limit(most))).all()
