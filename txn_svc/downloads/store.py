"""Tickets: random, kept as a hash, good for one download."""

import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import delete, func, insert

from runtime.call import Caller
from runtime.database import WriteSession
from runtime.refusals import NotFound
from txn_svc.model import DownloadTicket

TICKET_BYTES = 32


class Wanted(NamedTuple):
    """`filter` is a serialized txn.v1.TransactionFilter."""

    kind: str
    resource_id: UUID
    filter: bytes


async def create(session: WriteSession, holder: Caller, wanted: Wanted, seconds: int) -> tuple[str, datetime]:
    """A new ticket and when it is over; forgets the holder's that are over."""
    is_over = (DownloadTicket.subject == holder.subject, DownloadTicket.expire_time <= func.now())
    await session.execute(delete(DownloadTicket).where(*is_over))
    ticket, expire_time = secrets.token_urlsafe(TICKET_BYTES), datetime.now(UTC) + timedelta(seconds=seconds)
    values = {
        "ticket_hash": _hash(ticket),
        "subject": holder.subject,
        "roles": sorted(holder.roles),
        "expire_time": expire_time,
        **wanted._asdict(),
    }
    await session.execute(insert(DownloadTicket).values(values))
    return ticket, expire_time


async def use(session: WriteSession, ticket: str) -> DownloadTicket:
    """What the ticket is for; nobody can use it again. Raises NotFound (DOWNLOAD_GONE)."""
    this = DownloadTicket.ticket_hash == _hash(ticket)
    found: DownloadTicket | None = await session.scalar(delete(DownloadTicket).where(this).returning(DownloadTicket))
    if found is None or found.expire_time <= datetime.now(UTC):
        raise NotFound("This download was fetched already, or is over; ask for it again.", reason="DOWNLOAD_GONE")
    return found


def holder_of(found: DownloadTicket) -> Caller:
    """Whoever asked for the ticket, as far as it says: without a token and without scopes."""
    return Caller(
        kind="person",
        subject=found.subject,
        client_id="",
        roles=frozenset(found.roles),
        scopes=frozenset(),
        token="",
        expires_at=int(found.expire_time.timestamp()),
    )


def _hash(ticket: str) -> bytes:
    return hashlib.sha256(ticket.encode()).digest()
