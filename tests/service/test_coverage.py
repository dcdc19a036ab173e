"""Which days an account's imports cover: ListCoverage and its batch."""

from uuid import uuid4

import psycopg
import pytest

from local.roles import DatabaseUrls
from protos.txn.v1 import txn_pb2
from runtime.ids import from_id, to_id
from runtime.refusals import NotFound, Refusal
from tests.service.importing import imported
from tests.service.reviewing import COMPLETED, READY, commit, planned, record, revert
from tests.service.txn import Client, Txn
from txn_svc.accounts.coverage import PERIODS_MAX

MATCH, CANNOT_TELL = txn_pb2.PROOF_BALANCES_MATCH, txn_pb2.PROOF_CANNOT_TELL
JULY = b"date,description,amount,balance\n2026-07-01,Coffee,-4.50,29.50\n2026-07-31,Salary,2000.00,2029.50\n"
AUGUST = b"date,description,amount,balance\n2026-08-01,Rent,-900.00,1129.50\n2026-08-31,Tea,-3.00,1126.50\n"
UNPROVED = b"date,description,amount\n2026-06-15,Cake,-5.00\n2026-07-10,Shoes,-50.00\n"

_MANY = """
INSERT INTO import (account_id, id, reading_id, subject, source, state, review, file_name, size_bytes, object_key,
  request_id, traceparent, from_date, to_date, proof)
SELECT %(account)s, id, id, 'somebody', 'DROP', 'COMPLETED', 'NEVER', 'a.csv', 1, id::text, 'r', 't',
  date '2000-01-01' + 2 * number, date '2000-01-01' + 2 * number, 'CANNOT_TELL'
FROM (SELECT gen_random_uuid() AS id, number FROM generate_series(1, %(count)s) AS number) AS made
"""

Periods = list[tuple[str, str, txn_pb2.Proof.ValueType]]


@pytest.fixture
async def account_id(person: Client) -> str:
    """An account whose opening nobody said: no file can contradict it."""
    return (await person.open_account()).id


async def covered(client: Client, account_id: str) -> Periods:
    answer = await client.accounts.ListCoverage(txn_pb2.ListCoverageRequest(account_id=account_id))
    return [(one.from_date, one.to_date, one.proof) for one in answer.periods]


async def refusal(client: Client, account_id: str) -> Refusal | None:
    try:
        await covered(client, account_id)
    except Refusal as refused:
        return refused
    return None


async def test_files_whose_balances_meet_are_one_proved_period(person: Client, account_id: str) -> None:
    await imported(person, account_id, JULY)
    before = await covered(person, account_id)

    await imported(person, account_id, AUGUST)

    assert before == [("2026-07-01", "2026-07-31", MATCH)]
    assert await covered(person, account_id) == [("2026-07-01", "2026-08-31", MATCH)]


async def test_a_proof_stands_out_of_days_that_another_file_merely_covers(person: Client, account_id: str) -> None:
    await imported(person, account_id, UNPROVED)
    before = await covered(person, account_id)

    await imported(person, account_id, JULY)

    assert before == [("2026-06-15", "2026-07-10", CANNOT_TELL)]
    after = [("2026-06-15", "2026-06-30", CANNOT_TELL), ("2026-07-01", "2026-07-31", MATCH)]
    assert await covered(person, account_id) == after


async def test_what_is_undone_covers_nothing(person: Client, account_id: str) -> None:
    done = await imported(person, account_id, JULY)
    before = await covered(person, account_id)

    await revert(person, done.id)

    assert (before, await covered(person, account_id)) == ([("2026-07-01", "2026-07-31", MATCH)], [])


async def test_what_waits_for_a_person_covers_nothing_yet(person: Client, account_id: str) -> None:
    ready = await planned(person, account_id, JULY)

    before = await covered(person, account_id)
    await commit(person, ready)

    assert (ready.state, before) == (READY, [])
    assert await covered(person, account_id) == [("2026-07-01", "2026-07-31", MATCH)]


async def test_the_same_file_twice_covers_what_it_covered(person: Client, account_id: str) -> None:
    await imported(person, account_id, JULY)
    before = await covered(person, account_id)

    again = await imported(person, account_id, JULY)

    assert (again.state, again.duplicate_count) == (COMPLETED, 2)
    assert await covered(person, account_id) == before


async def test_a_record_by_hand_covers_no_day(person: Client, account_id: str) -> None:
    await record(person, account_id)

    assert await covered(person, account_id) == []


async def test_of_many_periods_the_newest_are_told(person: Client, account_id: str, txn_urls: DatabaseUrls) -> None:
    with psycopg.connect(txn_urls.owner) as connection:
        connection.execute(_MANY, {"account": from_id("acct", account_id), "count": PERIODS_MAX + 20})

    periods = await covered(person, account_id)

    assert len(periods) == PERIODS_MAX
    assert periods == sorted(periods)
    assert periods[-1][0] == "2002-11-06"


async def test_another_persons_account_looks_like_a_missing_one(txn_importing: Txn, account_id: str) -> None:
    stranger = await txn_importing.person()

    refusals = [await refusal(stranger, one) for one in (account_id, to_id("acct", uuid4()))]

    assert {type(one) for one in refusals} == {NotFound}
    assert len({str(one) for one in refusals}) == 1


async def test_a_batch_answers_in_the_order_of_its_ids_with_the_missing_ones(
    txn_importing: Txn, person: Client, account_id: str
) -> None:
    await imported(person, account_id, JULY)
    empty, foreign = await person.open_account(), await (await txn_importing.person()).open_account()
    asked = [empty.id, foreign.id, account_id]

    answer = await person.accounts.BatchListCoverage(txn_pb2.BatchListCoverageRequest(account_ids=asked))

    assert [one.account_id for one in answer.results] == asked
    assert [one.HasField("coverage") for one in answer.results] == [True, False, True]
    assert [len(one.coverage.periods) for one in answer.results] == [0, 0, 1]


async def test_support_reads_coverage_and_is_audited(
    txn_importing: Txn, person: Client, account_id: str, txn_urls: DatabaseUrls
) -> None:
    await imported(person, account_id, JULY)
    support = await txn_importing.support()

    periods = await covered(support, account_id)

    assert periods == [("2026-07-01", "2026-07-31", MATCH)]
    with psycopg.connect(txn_urls.owner) as connection:
        query = "SELECT actor FROM audit_event WHERE action = 'ListCoverage' AND resource = %s"
        assert connection.execute(query, [account_id]).fetchall() == [(support.subject,)]


async def test_a_service_reads_coverage(txn_importing: Txn, person: Client, account_id: str) -> None:
    await imported(person, account_id, JULY)

    assert await covered(await txn_importing.service(), account_id) == [("2026-07-01", "2026-07-31", MATCH)]
