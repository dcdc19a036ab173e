"""Files that overlap under other texts: what the account holds, by day and amount, is what the answers say."""

from collections import Counter
from collections.abc import AsyncIterator
from random import Random

import pytest

from protos.txn.v1 import txn_pb2
from runtime.database import Database
from tests.counts import examples
from tests.service.importing import Uploads
from tests.service.reviewing import COMPLETED, NEEDS_ANSWER, REVERTED, answer, brought, csv, revert, transactions
from tests.service.test_imports_overlap import ledger
from tests.service.txn import Client, Txn

OPENING_MINOR = 5_000
FILES = 4

Booking = tuple[str, int]
"""A day and an amount."""


def bookings(random: Random) -> list[Booking]:
    """Few, so that files overlap."""
    days, amounts = ["2026-07-30", "2026-07-31", "2026-08-01"], [-350, 100]
    return [(random.choice(days), random.choice(amounts)) for _ in range(random.randint(1, 7))]


def file(rows: list[Booking], texts: list[str]) -> bytes:
    return csv(*(f"{day},{text},{minor / 100:.2f}" for (day, minor), text in zip(rows, texts, strict=True)))


async def held(person: Client, account_id: str) -> Counter[Booking]:
    """What the account holds; its balance and its own verification agree with that."""
    found = Counter((one.booked_on, one.amount_minor) for one in await transactions(person, account_id))
    seen = await ledger(person, account_id)
    assert seen.balance_minor == OPENING_MINOR + sum(minor * count for (_, minor), count in found.items())
    return found


async def answered(person: Client, account_id: str, content: bytes, option: str) -> tuple[txn_pb2.Import, bool]:
    """The import once it is committed, and whether it asked; a question changes nothing."""
    before = await ledger(person, account_id)
    found = await brought(person, account_id, content)
    if found.state == COMPLETED:
        return found, False
    assert (found.state, [question.id for question in found.questions]) == (NEEDS_ANSWER, ["OVERLAP"])
    assert await ledger(person, account_id) == before
    return await answer(person, found.id, OVERLAP=option), True


@pytest.fixture(autouse=True, scope="module")
async def importer(uploads: Uploads, txn_database: Database) -> AsyncIterator[None]:
    async with uploads.running(txn_database, consumer_retry_first_seconds=0, running_imports_max=4):
        yield


@pytest.mark.fuzz
@pytest.mark.parametrize("seed", range(examples(2, 150)))
async def test_of_each_day_and_amount_there_are_as_many_as_the_answers_say(txn_whole: Txn, seed: int) -> None:
    random, person, model = Random(seed), await txn_whole.person(), Counter[Booking]()
    account_id = (await person.open_account(opening_balance_minor=OPENING_MINOR)).id

    for number in range(FILES):
        # Each file has texts of its own, some of them twice.
        rows, option = bookings(random), random.choice(["SAME", "NEW"])
        content = file(rows, [f"File {number} shop {random.randint(1, 3)}" for _ in rows])
        done, has_asked = await answered(person, account_id, content, option)

        brings = Counter(rows)
        assert has_asked == bool(model.keys() & brings.keys())
        model = model | brings if option == "SAME" and has_asked else model + brings
        assert done.state == COMPLETED
        assert await held(person, account_id) == model


@pytest.mark.fuzz
@pytest.mark.parametrize("seed", range(examples(2, 150)))
async def test_the_same_rows_under_any_texts_are_there_once(txn_whole: Txn, seed: int) -> None:
    random, person, files = Random(seed), await txn_whole.person(), dict[str, Counter[Booking]]()
    account_id = (await person.open_account(opening_balance_minor=OPENING_MINOR)).id

    for _ in range(FILES):
        # Of few texts, so that some rows are equal to what is there and some look like it.
        rows = bookings(random)
        content = file(rows, [random.choice(["Tea", "Rent", "Shop"]) for _ in rows])
        done, _ = await answered(person, account_id, content, "SAME")
        again = await brought(person, account_id, content)

        files[done.id] = files[again.id] = Counter(rows)
        assert (done.state, again.state, again.imported_count) == (COMPLETED, COMPLETED, 0)
        assert await held(person, account_id) == most(files)

    while files:
        gone = random.choice(list(files))
        assert (await revert(person, gone)).state == REVERTED
        del files[gone]
        left = await held(person, account_id)
        # Two files may have claimed different ones of several that look alike.
        assert most(files) <= left
        assert left.keys() == most(files).keys()
    assert not await held(person, account_id)


def most(files: dict[str, Counter[Booking]]) -> Counter[Booking]:
    """Of each day and amount as many as the file that has most of them."""
    found = Counter[Booking]()
    for one in files.values():
        found |= one
    return found
