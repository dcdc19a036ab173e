"""Creates that may be repeated: the same key and request get the first answer, without a second effect."""

import hashlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

from google.protobuf.message import Message
from sqlalchemy import delete, func, insert, select

from runtime import call
from runtime.database import Database, WriteSession
from runtime.refusals import FailedPrecondition
from txn_svc.fields import Fields
from txn_svc.model import IdempotencyKey

KEPT = timedelta(days=7)
KEY_CHARACTERS_MAX = 128

Answer = TypeVar("Answer", bound=Message)


async def once(
    database: Database,
    rpc: str,
    key: str,
    request: Message,
    answer_type: type[Answer],
    work: Callable[[WriteSession], Awaitable[Answer]],
) -> Answer:
    """Runs `work` in a transaction of its own, once for each caller, RPC and key; without a key every time.

    Raises InvalidArgument for a malformed key, FailedPrecondition (IDEMPOTENCY_KEY_REUSED) for one that came with
    another request in the last 7 days.
    """
    if not key:
        async with database.write() as session:
            return await work(session)
    _check(key)
    subject, request_hash = call.caller().subject, _hash(request)
    async with database.write() as session:
        await _wait_for_the_same_key(session, subject, rpc, key)
        known = await _known(session, subject, rpc, key)
        if known is None:
            answer = await work(session)
            await _keep(session, subject, rpc, key, request_hash, answer)
            return answer
    if known.request_hash != request_hash:
        raise FailedPrecondition("This idempotency key was used for another request.", reason="IDEMPOTENCY_KEY_REUSED")
    return answer_type.FromString(known.response)


def _check(key: str) -> None:
    fields = Fields()
    fields.text("idempotency_key", key, at_most=KEY_CHARACTERS_MAX)
    fields.refuse()


def _hash(request: Message) -> bytes:
    return hashlib.sha256(request.SerializeToString(deterministic=True)).digest()


async def _wait_for_the_same_key(session: WriteSession, subject: str, rpc: str, key: str) -> None:
    """Until this transaction ends no other one works on the key; two keys of the same hash only wait for each other."""
    name = f"idempotency\x1f{subject}\x1f{rpc}\x1f{key}"
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))


async def _known(session: WriteSession, subject: str, rpc: str, key: str) -> IdempotencyKey | None:
    found: IdempotencyKey | None = await session.scalar(
        select(IdempotencyKey).where(
            IdempotencyKey.subject == subject,
            IdempotencyKey.rpc == rpc,
            IdempotencyKey.key == key,
            IdempotencyKey.create_time > func.now() - KEPT,
        )
    )
    return found


async def _keep(session: WriteSession, subject: str, rpc: str, key: str, request_hash: bytes, answer: Message) -> None:
    """Keeps the answer, and forgets what this subject's expired keys answered."""
    await session.execute(
        delete(IdempotencyKey).where(IdempotencyKey.subject == subject, IdempotencyKey.create_time <= func.now() - KEPT)
    )
    await session.execute(
        insert(IdempotencyKey).values(
            subject=subject, rpc=rpc, key=key, request_hash=request_hash, response=answer.SerializeToString()
        )
    )
