"""`stori reconcile` and what it asks: files without an import are found, enqueued, or named as nobody's."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from cli import reconcile as reconcile_module
from cli import stored as stored_module
from cli.cloud import Cloud
from cli.reconcile import Findings, Found
from cli.stored import Stored, announce, stored_since
from local.emulator import Emulator
from local.roles import DatabaseUrls
from protos.txn.v1 import txn_pb2
from runtime.aws import Aws
from runtime.ids import from_id, new_id, to_id
from runtime.refusals import InvalidArgument, PermissionDenied
from tests.service.importing import BRIEF, Uploads, account, event, get, post, settled, start
from tests.service.messaging import TestQueue, eventually
from tests.service.outcomes import import_of
from tests.service.restoring import imports
from tests.service.reviewing import COMPLETED, brought
from tests.service.stori import Done, Stori, shell_of
from tests.service.txn import Client, Txn
from txn_svc.imports.objects import announced, records
from txn_svc.imports.origin import Origin

IMPORTED, UNFINISHED = txn_pb2.STORED_OBJECT_STATE_IMPORTED, txn_pb2.STORED_OBJECT_STATE_UNFINISHED
MISSING, IGNORED = txn_pb2.STORED_OBJECT_STATE_MISSING, txn_pb2.STORED_OBJECT_STATE_IGNORED
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def operator(txn_whole: Txn, person: Client, uploads: Uploads, tmp_path: Path) -> Stori:
    """The command line of somebody of the support staff."""
    settings = uploads.settings
    return shell_of(txn_whole, person, tmp_path).changed(
        STORI_TOKEN=txn_whole.issuer.token(groups=("support",)),
        STORI_UPLOADS_BUCKET=uploads.bucket,
        STORI_IMPORTS_QUEUE_URL=uploads.queue.url,
        AWS_REGION=settings.region,
        AWS_ENDPOINT_URL=str(settings.endpoint_url),
    )


@contextmanager
def silent(uploads: Uploads) -> Iterator[None]:
    """The bucket announces nothing inside the block."""
    s3, bucket = uploads.aws.client("s3"), uploads.bucket
    before = s3.get_bucket_notification_configuration(Bucket=bucket)["QueueConfigurations"]
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    try:
        yield
    finally:
        again = {"QueueConfigurations": before}
        s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=again)


async def put(uploads: Uploads, key: str, **said: str) -> str:
    """Stores an object with metadata as somebody with access to the bucket may; its version."""
    put_object = partial(uploads.aws.client("s3").put_object, Metadata=said)
    answer = await uploads.aws.call(put_object, Bucket=uploads.bucket, Key=key, Body=BRIEF)
    return str(answer["VersionId"])


def metadata(account_id: UUID, **changes: str) -> dict[str, str]:
    """What a form of ours would have said."""
    fields = Origin(account_id, "brief.csv", None).form_fields()
    return {name.removeprefix("x-amz-meta-"): value for name, value in fields.items()} | changes


def rows(done: Done, version: str) -> list[list[str]]:
    """The cells of the lines about this version of an object."""
    return [line.split("\t") for line in done.lines if version in line.split("\t")]


async def test_a_dry_run_says_what_would_be_enqueued_and_changes_nothing(
    operator: Stori, uploads: Uploads, person: Client, account_id: str
) -> None:
    with silent(uploads):
        version = await put(uploads, f"drops/{account_id}/canary.csv")
    before = await account(person, account_id)

    dry = await operator.run("reconcile", "--since", "1h", "--dry-run")

    assert (dry.code, dry.lines[-1]) == (0, "Nothing was enqueued, as asked.")
    assert [cells[1:4] for cells in rows(dry, version)] == [["MISSING", account_id, version]]
    assert "canary" not in dry.out + dry.err
    assert uploads.queue.is_empty()
    assert await account(person, account_id) == before
    assert await imports(person, account_id) == []

    real = await operator.run("reconcile", "--since", "1h")

    assert (real.code, real.lines[-1]) == (0, "1 enqueued.")
    done = await settled(person, await import_of(person, account_id))
    assert (done.state, done.imported_count, done.file_name) == (COMPLETED, 4, "canary.csv")
    again = await operator.run("reconcile", "--since", "1h")
    assert (again.lines[-1], rows(again, version)) == ("0 enqueued.", [])


async def test_what_was_stored_before_is_left_alone(
    operator: Stori, uploads: Uploads, person: Client, account_id: str
) -> None:
    with silent(uploads):
        version = await put(uploads, f"drops/{account_id}/a.csv")
    later = (datetime.now(UTC) + timedelta(seconds=1)).replace(microsecond=0)
    await eventually(lambda: datetime.now(UTC) > later)

    done = await operator.run("reconcile", "--since", later.isoformat())

    assert (done.code, rows(done, version)) == (0, [])
    assert await imports(person, account_id) == []
    assert rows(await operator.run("reconcile", "--since", "1h"), version) != []
    assert (await settled(person, await import_of(person, account_id))).imported_count == 4


async def test_files_of_unknown_and_closed_accounts_are_named_and_left_alone(
    operator: Stori, uploads: Uploads, person: Client, account_id: str
) -> None:
    await person.accounts.CloseAccount(txn_pb2.CloseAccountRequest(account_id=account_id))
    unknown, import_id = new_id(), to_id("imp", new_id())
    with silent(uploads):
        versions = [
            await put(uploads, f"drops/{account_id}/a.csv"),
            await put(uploads, f"drops/{to_id('acct', unknown)}/a.csv"),
            await put(uploads, f"imports/{import_id}", **metadata(unknown)),
        ]
    before = await account(person, account_id)

    done = await operator.run("reconcile", "--since", "1h")

    named = [cells for version in versions for cells in rows(done, version)]
    assert [cells[1:] for cells in named] == [
        ["IGNORED", name, version, "no such open account"]
        for name, version in zip([account_id, to_id("acct", unknown), import_id], versions, strict=True)
    ]
    assert done.lines[-1] == "0 enqueued."
    assert await account(person, account_id) == before
    assert await get(person, import_id) is None


FORGED: list[dict[str, str]] = [
    {},
    {"stori-account": "acct_x", "stori-file-name": "YQ=="},
    {"stori-account": "{account}"},
    {"stori-account": "{account}", "stori-file-name": "===="},
    {"stori-account": "{account}", "stori-file-name": "AA=="},
    {"stori-account": "{account}", "stori-file-name": "/w=="},
    {"stori-account": "{account}", "stori-file-name": "YQ==", "stori-format": "elsewhere"},
]


@pytest.mark.parametrize("said", FORGED)
async def test_an_object_that_no_form_of_ours_sent_is_ignored(
    operator: Stori, uploads: Uploads, person: Client, account_id: str, said: dict[str, str]
) -> None:
    before, import_id = await account(person, account_id), to_id("imp", new_id())
    said = {name: value.format(account=account_id) for name, value in said.items()}

    version = await put(uploads, f"imports/{import_id}", **said)

    await eventually(uploads.queue.is_empty)
    done = await operator.run("reconcile", "--since", "1h")
    [cells] = rows(done, version)
    assert cells[1] == "IGNORED"
    assert cells[4].startswith("no such import, and its object")
    assert await account(person, account_id) == before
    assert await get(person, import_id) is None


async def test_the_owner_is_the_accounts_whoever_stored_the_object(
    uploads: Uploads, person: Client, account_id: str
) -> None:
    """Who may put objects into the bucket may import into any account, as by a drop; but for its owner alone."""
    import_id = to_id("imp", new_id())

    await put(uploads, f"imports/{import_id}", **metadata(from_id("acct", account_id)))

    done = await settled(person, await import_of(person, account_id))
    assert (done.id, done.account_id, done.file_name) == (import_id, account_id, "brief.csv")
    assert done.review == txn_pb2.REVIEW_NEVER


async def test_a_form_with_another_account_is_refused_by_s3(uploads: Uploads, person: Client, account_id: str) -> None:
    started = await start(person, account_id)
    other = (await person.open_account()).id

    changed = await post(started.upload, BRIEF, **{"x-amz-meta-stori-account": other})
    more = await post(started.upload, BRIEF, **{"x-amz-meta-stori-format": "plain"})

    assert (changed, more) == (403, 403)
    assert await post(started.upload, BRIEF) == 204
    assert (await settled(person, started.id)).account_id == account_id


async def test_only_staff_and_services_may_ask(
    txn_whole: Txn, operator: Stori, person: Client, uploads: Uploads
) -> None:
    with pytest.raises(PermissionDenied) as refused:
        await person.imports.BatchGetStoredObjects(txn_pb2.BatchGetStoredObjectsRequest())
    theirs = operator.changed(STORI_TOKEN=txn_whole.issuer.token(subject=person.subject))
    with silent(uploads):
        await put(uploads, f"drops/{to_id('acct', new_id())}/a.csv")

    done = await theirs.run("reconcile", "--since", "1h")

    assert refused.value.reason == "STAFF_REQUIRED"
    assert (done.code, done.out) == (1, "")
    assert "Only support and services may do this." in done.err
    for allowed in (await txn_whole.support(), await txn_whole.service()):
        answer = await allowed.imports.BatchGetStoredObjects(txn_pb2.BatchGetStoredObjectsRequest())
        assert list(answer.results) == []


async def test_each_object_is_told_of_in_its_place_and_the_reading_is_audited(
    txn_whole: Txn, uploads: Uploads, person: Client, account_id: str, txn_urls: DatabaseUrls
) -> None:
    done, waiting = await brought(person, account_id), await start(person, account_id)
    s3 = uploads.aws.client("s3")
    version = s3.head_object(Bucket=uploads.bucket, Key=f"imports/{done.id}")["VersionId"]
    wanted = [
        ("elsewhere/x", "v", IGNORED, "", ""),
        (f"imports/{done.id}", version, IMPORTED, done.id, account_id),
        (f"imports/{done.id}", "another", IMPORTED, done.id, account_id),
        (f"imports/{waiting.id}", "v", UNFINISHED, waiting.id, account_id),
        (f"drops/{account_id}/a.csv", "v", MISSING, "", account_id),
        (f"drops/{account_id}/a.txt", "v", IGNORED, "", ""),
    ]
    support = await txn_whole.support()

    answer = await support.imports.BatchGetStoredObjects(
        txn_pb2.BatchGetStoredObjectsRequest(
            objects=[txn_pb2.StoredObject(key=key, version_id=version) for key, version, *_ in wanted]
        )
    )

    told = [(one.object.key, one.object.version_id, one.state, one.import_id, one.account_id) for one in answer.results]
    assert told == wanted
    with psycopg.connect(txn_urls.owner) as connection:
        read = connection.execute(
            "SELECT resource FROM audit_event WHERE actor = %s AND action = 'BatchGetStoredObjects'", [support.subject]
        ).fetchall()
    assert read == [(account_id,)]


@pytest.mark.parametrize(
    ("objects", "field"),
    [
        ([("drops/x", "v")] * 101, "objects"),
        ([("", "v")], "objects[0].key"),
        ([("imports/x", "v"), ("é" * 513, "v")], "objects[1].key"),
        ([("imports/x", "")], "objects[0].version_id"),
        ([("imports/x", "v\0")], "objects[0].version_id"),
    ],
)
async def test_a_malformed_question_is_refused(txn_whole: Txn, objects: list[tuple[str, str]], field: str) -> None:
    asked = [txn_pb2.StoredObject(key=key, version_id=version) for key, version in objects]
    support = await txn_whole.support()

    with pytest.raises(InvalidArgument) as refused:
        await support.imports.BatchGetStoredObjects(txn_pb2.BatchGetStoredObjectsRequest(objects=asked))

    assert list(refused.value.fields) == [field]


@pytest.mark.parametrize("since", ["", "yesterday", "2026-13-01", "2026-11-20T12:00:00", "2999-01-01", "-1d"])
async def test_a_bad_since_is_wrong_usage(operator: Stori, uploads: Uploads, since: str) -> None:
    done = await operator.run("reconcile", "--since", since)

    assert (done.code, done.out) == (2, "")
    assert "--since" in done.err
    assert uploads.queue.is_empty()


async def test_without_a_bucket_it_is_bad_configuration_and_without_aws_try_again(operator: Stori) -> None:
    nowhere = await operator.changed(STORI_UPLOADS_BUCKET="").run("reconcile", "--since", "1h")
    unset = await operator.changed(AWS_REGION="").run("reconcile", "--since", "1h")
    down = await operator.changed(AWS_ENDPOINT_URL="http://127.0.0.1:1").run("reconcile", "--since", "1h")
    none = await operator.changed(STORI_UPLOADS_BUCKET="no-such-bucket").run("reconcile", "--since", "1h")

    assert [each.code for each in (nowhere, unset, down, none)] == [78, 78, 75, 1]
    assert "STORI_UPLOADS_BUCKET" in nowhere.err
    assert "AWS_REGION" in unset.err
    assert "NoSuchBucket" in none.err


@pytest.fixture
def cloud(uploads: Uploads) -> Cloud:
    return Cloud(uploads.aws, {"uploads_bucket": uploads.bucket, "imports_queue_url": uploads.queue.url})


async def test_every_page_is_listed_and_of_an_upload_its_first_version(
    cloud: Cloud, uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_module, "PAGE_SIZE", 2)
    first, other = sorted((to_id("imp", new_id()), to_id("imp", new_id())))
    drop = f"drops/{to_id('acct', new_id())}/a.csv"
    with silent(uploads):
        keys = [f"imports/{first}"] * 3 + [f"imports/{other}"] + [drop] * 3
        versions = [(key, await put(uploads, key)) for key in keys]

    listed = [(one.key, one.version) async for one in stored_since(cloud, LONG_AGO) if one.key in keys]

    assert listed == [versions[0], versions[3], *reversed(versions[4:])]


async def test_an_upload_from_before_is_not_even_listed(cloud: Cloud, uploads: Uploads) -> None:
    now = datetime.now(UTC)
    old, young = (_import_of(now - timedelta(days=days)) for days in (4, 1))
    with silent(uploads):
        for import_id in (old, young):
            await put(uploads, f"imports/{import_id}")

    listed = [one.key async for one in stored_since(cloud, now - timedelta(hours=1))]
    longer = [one.key async for one in stored_since(cloud, now - timedelta(days=3))]

    assert (f"imports/{old}" in listed, f"imports/{young}" in listed) == (False, True)
    assert {f"imports/{old}", f"imports/{young}"} <= set(longer)


def _import_of(time: datetime) -> str:
    """An import's id as it would have been made then."""
    return to_id("imp", UUID(int=int(time.timestamp() * 1000) << 80 | new_id().int & (1 << 80) - 1))


async def test_more_than_one_question_takes_are_all_told_of(operator: Stori, uploads: Uploads) -> None:
    unknown = to_id("acct", new_id())
    with silent(uploads):
        await asyncio.gather(*(put(uploads, f"drops/{unknown}/{number}.csv") for number in range(101)))

    done = await operator.run("reconcile", "--since", "1h", "--json")
    table = await operator.run("reconcile", "--since", "1h")

    assert len([one for one in done.document["files"] if one["id"] == unknown]) == 101
    assert len(table.lines) == 1 + 100 + 2
    assert "`--json` names all" in table.err


def test_of_too_many_the_oldest_are_kept_and_all_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconcile_module, "FILES_MAX", 3)
    found = Findings(Counter(), [], [])

    for minute in (7, 1, 9, 2, 8, 3, 6, 5, 4, 0):
        stored = Stored(LONG_AGO + timedelta(minutes=minute), f"drops/x/{minute}.csv", "v", "e", 1)
        reconcile_module._count(found, Found(stored, "MISSING", "acct_x", ""))
    reconcile_module._keep_oldest(found.wanted)

    assert [one.stored.time.minute for one in found.wanted] == [0, 1, 2]
    assert found.counts == {"MISSING": 10}


async def test_of_two_versions_of_a_lost_upload_at_once_one_is_its_file(
    uploads: Uploads, person: Client, account_id: str
) -> None:
    key = f"imports/{to_id('imp', new_id())}"
    with silent(uploads):
        versions = [await put(uploads, key, **metadata(from_id("acct", account_id))) for _ in range(4)]

    await uploads.queue.send(
        *(event(uploads.bucket, key, versionId=version, size=len(BRIEF)) for version in versions for _ in range(2))
    )

    await eventually(uploads.queue.is_empty)
    [done] = await imports(person, account_id)
    assert (done.state, done.imported_count) == (COMPLETED, 4)
    assert (await account(person, account_id)).balance_minor == 10_000 + 3974
    assert uploads.dead.is_empty()


async def test_an_object_is_announced_as_s3_announces_it(
    imports_aws: Aws, emulator: Emulator, txn_urls: DatabaseUrls
) -> None:
    queue, other = TestQueue.create(imports_aws), Uploads.create(imports_aws, emulator, txn_urls)
    key = f"drops/{to_id('acct', new_id())}/a b+c é%.csv"
    version = await other.put(key, BRIEF)
    by_s3 = announced(records((await other.announcement()).body)[0])

    cloud = Cloud(other.aws, {"uploads_bucket": other.bucket, "imports_queue_url": queue.url})
    await announce(cloud, [one async for one in stored_since(cloud, LONG_AGO)])

    [raw] = await queue.take(1)
    by_us = announced(records(raw["Body"])[0])
    same = ("bucket", "key", "version", "etag", "size_bytes")
    assert [getattr(by_us, name) for name in same] == [getattr(by_s3, name) for name in same]
    assert (by_us.key, by_us.version) == (key, version)
    assert abs(by_us.time - by_s3.time) < timedelta(seconds=2)


async def test_the_oldest_is_announced_first_and_all_of_many(uploads: Uploads, operator: Stori, person: Client) -> None:
    opened = [(await person.open_account()).id for _ in range(12)]
    with silent(uploads):
        for account_id in opened:
            await put(uploads, f"drops/{account_id}/a.csv")

    done = await operator.run("reconcile", "--since", "1h", "--json")

    files = [one for one in done.document["files"] if one["id"] in opened]
    assert [one["storedTime"] for one in files] == sorted(one["storedTime"] for one in files)
    for account_id in opened:
        assert (await settled(person, await import_of(person, account_id))).imported_count == 4
