"""Accounts whose bank gives ids for ever are a function of their live claims too: each id is as the oldest says."""

import hashlib
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protos.txn.v1 import txn_pb2
from runtime.database import Database
from tests.counts import examples
from tests.ledger_model import Outcome
from tests.service.importing import Uploads
from tests.service.reviewing import COMPLETED, REVERTED, brought, csv, differences, record, repeat, revert
from tests.service.test_imports_stable_ids import numbered
from tests.service.test_ledger_truth import outcome
from tests.service.txn import Txn


@pytest.fixture(autouse=True, scope="module")
async def importer(uploads: Uploads, txn_database: Database) -> AsyncIterator[None]:
    async with uploads.running(txn_database):
        yield


class Row(NamedTuple):
    day: int
    cents: int
    text: str
    id: str

    def line(self) -> str:
        return f"{self.day:02}/07/2026,{self.cents / 100:.2f},{self.id},{self.text}"

    def plain(self) -> str:
        return f"2026-07-{self.day:02},{self.text},{self.cents / 100:.2f}"


@dataclass
class Model:
    """What each live import claims of each id, oldest import first; another amount and a second row claim nothing."""

    imports: dict[str, dict[str, Row]] = field(default_factory=dict)

    def held(self) -> dict[str, Row]:
        held = dict[str, Row]()
        for claims in self.imports.values():
            held = claims | held
        return held

    def bring(self, import_id: str, rows: list[Row]) -> None:
        held, claims = self.held(), dict[str, Row]()
        seen = set[str]()
        for row in rows:
            if row.id not in seen and held.get(row.id, row).cents == row.cents:
                claims[row.id] = row
            seen.add(row.id)
        self.imports[import_id] = claims

    def outcome(self) -> Outcome:
        held = self.held().values()
        lines = [
            f"2026-07-{row.day:02}\x1f{row.cents}\x1fUSD\x1f{row.text.lower()}\x1f{len(row.id)}:{row.id}\x1f1\n"
            for row in sorted(held, key=lambda row: (row.day, row.cents, row.text.lower(), row.id))
        ]
        months: dict[str, tuple[int, int, int]] = defaultdict(lambda: (0, 0, 0))
        for row in held:
            count, credit, debit = months["2026-07"]
            months["2026-07"] = (count + 1, credit + max(row.cents, 0), debit + min(row.cents, 0))
        balance = sum(row.cents for row in held)
        return hashlib.sha256("".join(lines).encode()).hexdigest(), balance, dict(months)


# Few of everything, so that files meet.
ROWS = st.builds(
    Row,
    day=st.integers(1, 2),
    cents=st.sampled_from([-350, -350, 100]),
    text=st.sampled_from(["Tea", "tea", "Rent"]),
    id=st.sampled_from(["a", "b", "c"]),
)
NUMBERS = st.integers(0, 20)
STEPS = st.one_of(
    st.tuples(st.just("bring"), st.lists(ROWS, min_size=1, max_size=5)),
    st.tuples(st.just("undo"), NUMBERS),
    st.tuples(st.just("repeat"), NUMBERS),
)
REAL = settings(
    max_examples=examples(3, 60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@REAL
@given(steps=st.lists(STEPS, min_size=1, max_size=6))
async def test_an_account_is_what_the_oldest_live_claim_of_each_id_says(
    txn_whole: Txn, steps: list[tuple[str, list[Row] | int]]
) -> None:
    client, model, files = await txn_whole.person(), Model(), dict[str, list[Row]]()
    account_id = (await client.open_account()).id

    for step, given_ in steps:
        if isinstance(given_, list):
            done = await brought(client, account_id, numbered(*(row.line() for row in given_)))
            _completed(model, files, done, given_)
        elif files:
            import_id = list(files)[given_ % len(files)]
            if step == "undo":
                assert (await revert(client, import_id)).state == REVERTED
                model.imports.pop(import_id, None)
            else:
                done = await repeat(client, import_id)
                model.imports.pop(import_id, None)
                _completed(model, files, done, files[import_id])
        assert await outcome(client, account_id) == model.outcome()
        assert await differences(client, account_id) == []


def _completed(model: Model, files: dict[str, list[Row]], done: txn_pb2.Import, rows: list[Row]) -> None:
    assert done.state == COMPLETED, done.failure
    files[done.id] = rows
    model.bring(done.id, rows)
    assert done.rejected_count == len(rows) - len(model.imports[done.id])


# One text, and one amount of each id: nothing is rejected and nothing merely looks alike.
SAME = st.builds(Row, day=st.integers(1, 2), cents=st.just(-350), text=st.just("Tea"), id=st.sampled_from("abc"))
DISTINCT = st.lists(SAME, min_size=1, max_size=3, unique_by=lambda row: row.id)
MIXED = st.one_of(
    st.tuples(st.just("numbered"), DISTINCT),
    st.tuples(st.just("plain"), st.lists(SAME, min_size=1, max_size=3)),
    st.tuples(st.just("by hand"), st.lists(SAME, min_size=1, max_size=1)),
    st.tuples(st.just("undo"), NUMBERS),
    st.tuples(st.just("delete"), NUMBERS),
)


@REAL
@given(steps=st.lists(MIXED, min_size=2, max_size=7))
async def test_with_rows_that_have_no_id_whatever_is_live_is_known_again(
    txn_whole: Txn, steps: list[tuple[str, list[Row] | int]]
) -> None:
    client, live, made = await txn_whole.person(), dict[str, bytes](), list[str]()
    account_id = (await client.open_account()).id

    for step, given_ in steps:
        if isinstance(given_, list):
            if step == "by hand":
                (row,) = given_
                day = f"2026-07-{row.day:02}"
                one = await record(client, account_id, booked_on=day, amount_minor=row.cents, description=row.text)
                made.append(one.id)
            else:
                content = numbered(*(row.line() for row in given_))
                content = content if step == "numbered" else csv(*(row.plain() for row in given_))
                done = await brought(client, account_id, content)
                assert (done.state, done.rejected_count) == (COMPLETED, 0)
                live[done.id] = content
        elif step == "undo" and live:
            import_id = list(live)[given_ % len(live)]
            assert (await revert(client, import_id)).state == REVERTED
            del live[import_id]
        elif step == "delete" and made:
            request = txn_pb2.DeleteTransactionRequest(transaction_id=made.pop(given_ % len(made)))
            await client.transactions.DeleteTransaction(request)
        assert await differences(client, account_id) == []

    for content in live.values():
        again = await brought(client, account_id, content + b"\n")
        assert (again.imported_count, again.rejected_count) == (0, 0)
    assert await differences(client, account_id) == []
