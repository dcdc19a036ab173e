"""An account is a pure function of its live claims, whatever happened to it before."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import TypeVar
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protos.txn.v1 import txn_pb2
from runtime.database import Database
from runtime.refusals import Aborted, FailedPrecondition, Unavailable
from tests.counts import examples
from tests.ledger_model import Content, Model, Outcome
from tests.service.importing import Uploads, account
from tests.service.reviewing import (
    COMPLETED,
    READY,
    REVERTED,
    brought,
    csv,
    differences,
    planned,
    record,
    repeat,
    resting,
    revert,
)
from tests.service.txn import Client, Txn

OPENING_MINOR = 5_000

T = TypeVar("T")


async def outcome(client: Client, account_id: str) -> Outcome:
    seen = await account(client, account_id)
    summary = (await client.accounts.GetSummary(txn_pb2.GetSummaryRequest(account_id=account_id))).summary
    months = {
        one.month: (one.transaction_count, one.credit_total_minor, one.debit_total_minor)
        for one in summary.months
        if one.transaction_count
    }
    return seen.ledger_digest, seen.balance_minor, months


class World:
    """One account, and the model of it."""

    def __init__(self, client: Client, account_id: str) -> None:
        self.client, self.account_id, self.model = client, account_id, Model(OPENING_MINOR)
        self.files: dict[str, list[Content]] = {}
        """What each import that was ever live has read."""

    async def bring(self, rows: list[Content]) -> None:
        done = await brought(self.client, self.account_id, csv(*(row.line() for row in rows)))
        self._completed(done, rows)

    async def bring_again(self, number: int) -> None:
        if self.files:
            await self.bring(list(self.files.values())[number % len(self.files)])

    async def review(self, rows: list[Content]) -> None:
        await self._commit(await planned(self.client, self.account_id, csv(*(row.line() for row in rows))), rows)

    async def undo(self, number: int) -> None:
        if self.files:
            import_id = list(self.files)[number % len(self.files)]
            assert (await revert(self.client, import_id)).state == REVERTED
            self.model.imports.pop(import_id, None)

    async def repeat(self, number: int) -> None:
        if self.files:
            import_id = list(self.files)[number % len(self.files)]
            done = await repeat(self.client, import_id)
            self.model.imports.pop(import_id, None)
            self._completed(done, self.files[import_id])

    async def record(self, row: Content) -> None:
        made = await record(
            self.client, self.account_id, booked_on=row.day, amount_minor=row.minor, description=row.text
        )
        self.model.record(made.id, row)

    async def delete(self, number: int) -> None:
        if self.model.by_hand:
            transaction_id = list(self.model.by_hand)[number % len(self.model.by_hand)]
            request = txn_pb2.DeleteTransactionRequest(transaction_id=transaction_id)
            await self.client.transactions.DeleteTransaction(request)
            del self.model.by_hand[transaction_id]

    async def at_once(self, one: list[Content], two: list[Content], number: int) -> None:
        """Two plans committed, a third file brought and an import undone, all at the same time."""
        plans = [await planned(self.client, self.account_id, csv(*(row.line() for row in rows))) for rows in (one, two)]
        await asyncio.gather(
            self._commit(plans[0], one), self._commit(plans[1], two), self.bring(two + one), self.undo(number)
        )

    async def _commit(self, found: txn_pb2.Import, rows: list[Content]) -> None:
        request = txn_pb2.CommitImportRequest(import_id=found.id, plan_digest=found.plan.digest)
        try:
            await self.client.imports.CommitImport(request)
        except FailedPrecondition as refusal:
            if refusal.reason != "STALE_PLAN":
                raise
        done = await resting(self.client, found.id)
        assert done.state in {COMPLETED, READY}
        if done.state == COMPLETED:
            assert done.imported_count == found.plan.create_count
            self._completed(done, rows)

    def _completed(self, done: txn_pb2.Import, rows: list[Content]) -> None:
        assert (done.state, done.rejected_count) == (COMPLETED, 0), done.failure
        self.files[done.id] = rows
        self.model.bring(done.id, rows)

    async def agrees(self) -> None:
        assert await outcome(self.client, self.account_id) == self.model.outcome()
        assert await differences(self.client, self.account_id) == []


# Few contents, so that files overlap and hold twins; each text has amounts of its own, so that none looks like another.
CONTENTS = st.builds(
    lambda day, content: Content(day, *content),
    st.sampled_from(["2026-07-31", "2026-08-01"]),
    st.sampled_from([(-350, "Tea"), (-350, "tea "), (100, "Tea"), (-400, "Rent"), (150, "Rent")]),
)
FILES = st.lists(CONTENTS, min_size=1, max_size=6)
NUMBERS = st.integers(0, 20)
STEPS = st.one_of(
    st.tuples(st.just("bring"), FILES),
    st.tuples(st.just("bring_again"), NUMBERS),
    st.tuples(st.just("review"), FILES),
    st.tuples(st.just("undo"), NUMBERS),
    st.tuples(st.just("repeat"), NUMBERS),
    st.tuples(st.just("record"), CONTENTS),
    st.tuples(st.just("delete"), NUMBERS),
    st.tuples(st.just("at_once"), FILES, FILES, NUMBERS),
)


@pytest.fixture(autouse=True, scope="module")
async def importer(uploads: Uploads, txn_database: Database) -> AsyncIterator[None]:
    async with uploads.running(txn_database, consumer_retry_first_seconds=0, running_imports_max=4):
        yield


@pytest.mark.fuzz
@pytest.mark.timeout(examples(120, 1800))
@settings(
    max_examples=examples(12, 300),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)
@given(steps=st.lists(STEPS, min_size=1, max_size=6))
async def test_after_every_step_the_ledger_is_what_its_claims_say(
    txn_whole: Txn, steps: list[tuple[object, ...]]
) -> None:
    person = await txn_whole.person()
    world = World(person, (await person.open_account(opening_balance_minor=OPENING_MINOR)).id)

    for name, *arguments in steps:
        await getattr(world, str(name))(*arguments)

        await world.agrees()


@pytest.mark.fuzz
@pytest.mark.timeout(examples(120, 900))
async def test_sixty_four_writers_at_once_are_exact(txn_whole: Txn) -> None:
    person = await txn_whole.person()
    account_id = (await person.open_account(opening_balance_minor=OPENING_MINOR)).id
    changes, kept = examples(5, 200), dict[str, int]()

    async def write(writer: int) -> None:
        mine = list[str]()
        for change in range(changes):
            if change % 4 == 3:
                gone = mine.pop(0)
                request = txn_pb2.DeleteTransactionRequest(transaction_id=gone)
                await patiently(partial(person.transactions.DeleteTransaction, request))
                del kept[gone]
                continue
            minor = (writer + 1) * (-1 if change % 2 else 1)
            made = await recorded(person, account_id, minor, f"2026-{1 + change % 12:02d}-01")
            mine.append(made.id)
            kept[made.id] = minor

    await asyncio.gather(*(write(writer) for writer in range(64)))

    seen = await account(person, account_id)
    assert seen.balance_minor == OPENING_MINOR + sum(kept.values())
    assert await differences(person, account_id) == []
    request = txn_pb2.GetSummaryRequest(account_id=account_id)
    assert (await person.accounts.GetSummary(request)).summary.transaction_count == len(kept)


async def recorded(client: Client, account_id: str, minor: int, day: str) -> txn_pb2.Transaction:
    """A record; asked for again, with the same key, as long as there are too many others."""
    key = str(uuid4())
    return await patiently(lambda: record(client, account_id, booked_on=day, amount_minor=minor, idempotency_key=key))


async def patiently(change: Callable[[], Awaitable[T]]) -> T:
    """Refusals that say nothing was done are no loss: of the account's queue, and of the connections'."""
    while True:
        try:
            return await change()
        except (Aborted, Unavailable) as refusal:
            if refusal.reason not in {"ACCOUNT_BUSY", "DATABASE_BUSY"}:
                raise


@pytest.mark.fuzz
@pytest.mark.timeout(examples(120, 900))
async def test_import_undo_and_import_again_by_two_clients_has_one_of_two_ends(txn_whole: Txn) -> None:
    rows = [Content("2026-07-31", -350, "Tea"), Content("2026-07-31", -350, "Tea"), Content("2026-08-01", 100, "Rent")]
    content, full, empty = csv(*(row.line() for row in rows)), Model(OPENING_MINOR), Model(OPENING_MINOR)
    full.bring("any", rows)
    for _ in range(examples(5, 100)):
        person = await txn_whole.person()
        account_id = (await person.open_account(opening_balance_minor=OPENING_MINOR)).id
        first = await brought(person, account_id, content)

        async def undo_and_bring(first_id: str = first.id, to: str = account_id, client: Client = person) -> bool:
            await revert(client, first_id)
            done = await brought(client, to, content)
            undone = await revert(client, done.id)
            return undone.state == REVERTED

        async def bring_and_undo(to: str = account_id, client: Client = person) -> str:
            return (await brought(client, to, content)).id

        is_undone, last = await asyncio.gather(undo_and_bring(), bring_and_undo())

        assert is_undone
        assert await outcome(person, account_id) == full.outcome()
        assert await differences(person, account_id) == []
        await revert(person, last)
        assert await outcome(person, account_id) == empty.outcome()
        assert await differences(person, account_id) == []
