"""An older database is restored, and `stori reconcile` brings back what the bucket holds."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest
from pydantic import SecretStr

from local.emulator import Emulator
from local.postgres import Postgres
from protos.txn.v1 import txn_pb2
from runtime.aws import Aws
from runtime.migrations import MigrationSettings, upgrade
from tests.service.importing import BRIEF, Uploads, account, get, post, start
from tests.service.messaging import eventually
from tests.service.restoring import Installation, Ledger, dropped, imports, ledger
from tests.service.reviewing import COMPLETED, DISCARDED, READY, brought, commit, csv, planned, revert
from tests.service.stori import Done, Stori, shell_of
from tests.service.tokens import Issuer
from tests.service.txn import Client, Txn
from txn_svc.app import MIGRATIONS
from txn_svc.imports import importer as importer_module

COFFEE, TEA = "2026-07-01,Coffee,-3.50", "2026-08-02,Tea,-2.00"
YEARLESS = b"Id,Date,Transaction\n0,1/2,+60.5\n1,1/3,-10.3\n"


@pytest.fixture
def installation(postgres: Postgres, imports_aws: Aws, emulator: Emulator, issuer: Issuer) -> Installation:
    urls = postgres.create("txn", f"_{datetime.now(UTC):%H%M%S%f}")
    upgrade(MIGRATIONS, MigrationSettings(environment="local", migration_database_url=SecretStr(urls.owner)))
    return Installation(postgres, urls, Uploads.create(imports_aws, emulator, urls), issuer)


class Holder(NamedTuple):
    person: Client
    account_id: str

    async def now(self) -> Ledger:
        return await ledger(self.person, self.account_id)

    async def again(self, txn: Txn) -> "Holder":
        return Holder(await txn.person(self.person.subject), self.account_id)


async def holder(txn: Txn) -> Holder:
    person = await txn.person()
    return Holder(person, (await person.open_account(opening_balance_minor=10_000)).id)


async def reconcile(txn: Txn, installation: Installation, folder: Path, *more: str) -> Done:
    settings = installation.uploads.settings
    where = {
        "STORI_TOKEN": txn.issuer.token(groups=("support",)),
        "STORI_UPLOADS_BUCKET": settings.uploads_bucket,
        "STORI_IMPORTS_QUEUE_URL": settings.imports_queue_url,
        "AWS_REGION": settings.region,
        "AWS_ENDPOINT_URL": str(settings.endpoint_url),
    }
    shell: Stori = shell_of(txn, await txn.person(), folder).changed(**where)
    done = await shell.run("reconcile", "--since", "24h", "--json", *more)
    assert done.code == 0, done.err
    return done


async def test_the_ledgers_are_what_they_were_before_the_restore(installation: Installation, tmp_path: Path) -> None:
    uploads = installation.uploads
    async with installation.running() as (txn, database), uploads.running(database):
        ana, ben = await holder(txn), await holder(txn)
        await brought(ana.person, ana.account_id, csv(COFFEE))
        await dropped(ben.person, uploads, ben.account_id, "july.csv", csv(COFFEE, TEA))
        old = [await ana.now(), await ben.now()]
    installation.back_up()
    async with installation.running() as (txn, database), uploads.running(database):
        ana, ben = await ana.again(txn), await ben.again(txn)
        await brought(ana.person, ana.account_id, csv(COFFEE, COFFEE, COFFEE, TEA), file_name="três  cafés.csv")
        await brought(ana.person, ana.account_id, YEARLESS, format_id="brief")
        await commit(ana.person, await planned(ana.person, ana.account_id, csv("2026-09-01,Rent,-800.00")))
        await dropped(ana.person, uploads, ana.account_id, "a b+c é.csv", csv(TEA, TEA))
        await dropped(ben.person, uploads, ben.account_id, "july.csv", csv(COFFEE, COFFEE))
        await dropped(ben.person, uploads, ben.account_id, "brief.csv", BRIEF)
        before = [await ana.now(), await ben.now()]
        known = [await imports(ana.person, ana.account_id), await imports(ben.person, ben.account_id)]
    installation.restore()

    async with installation.running() as (txn, database):
        ana, ben = await ana.again(txn), await ben.again(txn)
        assert [await ana.now(), await ben.now()] == old != before
        done = await reconcile(txn, installation, tmp_path)
        async with uploads.running(database):
            await eventually(uploads.queue.is_empty)
        again = await reconcile(txn, installation, tmp_path)

        assert done.document["counts"] == {"IMPORTED": 2, "MISSING": 6, "UNFINISHED": 0, "IGNORED": 0}
        assert done.document["enqueuedCount"] == 6
        assert again.document["counts"] == {"IMPORTED": 8, "MISSING": 0, "UNFINISHED": 0, "IGNORED": 0}
        assert (again.document["enqueuedCount"], again.document["files"]) == (0, [])
        assert uploads.queue.is_empty()
        assert [await ana.now(), await ben.now()] == before
        assert described(await imports(ana.person, ana.account_id)) == described(known[0])
        assert described(await imports(ben.person, ben.account_id)) == described(known[1])
        assert uploads.dead.is_empty()


def described(found: list[txn_pb2.Import]) -> list[Any]:
    """What each import is: of which file, read how, with which result."""
    return sorted((one.file_name, one.format_id, one.size_bytes, one.row_count, one.state) for one in found)


async def test_an_upload_has_its_id_again_and_a_second_version_of_it_none(
    installation: Installation, tmp_path: Path
) -> None:
    uploads = installation.uploads
    async with installation.running() as (txn, _):
        ana = await holder(txn)
    installation.back_up()
    async with installation.running() as (txn, database), uploads.running(database):
        ana = await ana.again(txn)
        started = await start(ana.person, ana.account_id)
        for content in (BRIEF, csv(COFFEE)):
            assert await post(started.upload, content) == 204
            await eventually(uploads.queue.is_empty)
        before = await ana.now()
    installation.restore()

    async with installation.running() as (txn, database):
        ana = await ana.again(txn)
        assert await get(ana.person, started.id) is None
        done = await reconcile(txn, installation, tmp_path)
        async with uploads.running(database):
            await eventually(uploads.queue.is_empty)

        assert [one["id"] for one in done.document["files"]] == [started.id]
        assert await ana.now() == before
        found = await get(ana.person, started.id)
        assert found is not None
        assert (found.state, found.imported_count, found.review) == (COMPLETED, 4, txn_pb2.REVIEW_NEVER)
        with psycopg.connect(installation.urls.owner) as connection:
            query = "SELECT action FROM audit_event WHERE resource = %s ORDER BY id"
            audited = [action for (action,) in connection.execute(query, [started.id])]
        assert audited == ["RestoreImport", "TakeImport", "CompleteImport"]


async def test_what_was_undone_or_discarded_after_the_backup_comes_back_committed(
    installation: Installation, tmp_path: Path
) -> None:
    uploads = installation.uploads
    async with installation.running() as (txn, _):
        ana = await holder(txn)
    installation.back_up()
    async with installation.running() as (txn, database), uploads.running(database):
        ana = await ana.again(txn)
        undone = await brought(ana.person, ana.account_id)
        await revert(ana.person, undone.id)
        left = await planned(ana.person, ana.account_id, csv(COFFEE))
        await ana.person.imports.DiscardImport(txn_pb2.DiscardImportRequest(import_id=left.id))
        assert await state(ana.person, left.id) == DISCARDED
    installation.restore()

    async with installation.running() as (txn, database):
        ana = await ana.again(txn)
        await reconcile(txn, installation, tmp_path)
        async with uploads.running(database):
            await eventually(uploads.queue.is_empty)

        assert [await state(ana.person, one.id) for one in (undone, left)] == [COMPLETED, COMPLETED]
        assert (await account(ana.person, ana.account_id)).balance_minor == 10_000 + 3974 - 350


@pytest.mark.parametrize("is_swept", [False, True])
async def test_a_form_that_was_out_at_the_backup_gets_its_file_and_keeps_its_review(
    installation: Installation, tmp_path: Path, *, is_swept: bool
) -> None:
    uploads = installation.uploads
    async with installation.running() as (txn, _):
        ana = await holder(txn)
        started = await start(ana.person, ana.account_id)
        reviewed = await start(ana.person, ana.account_id, review=txn_pb2.REVIEW_ALWAYS)
    installation.back_up()
    async with installation.running() as (_, database), uploads.running(database):
        for one in (started, reviewed):
            assert await post(one.upload, BRIEF) == 204
        await eventually(uploads.queue.is_empty)
    installation.restore()
    if is_swept:
        with psycopg.connect(installation.urls.owner) as connection:
            connection.execute("UPDATE import SET state = 'EXPIRED', expire_time = now(), finish_time = now()")

    async with installation.running() as (txn, database):
        ana = await ana.again(txn)
        done = await reconcile(txn, installation, tmp_path)
        async with uploads.running(database):
            await eventually(uploads.queue.is_empty)

        assert done.document["counts"]["UNFINISHED"] == 2
        assert [await state(ana.person, one.id) for one in (started, reviewed)] == [COMPLETED, READY]


class Killed(BaseException):
    """Stands for a kill: no handler of the product catches it."""


async def test_an_import_that_was_worked_on_at_the_backup_is_finished(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploads = installation.uploads
    async with installation.running() as (txn, database):
        ana = await holder(txn)
        started = await start(ana.person, ana.account_id)
        assert await post(started.upload, BRIEF) == 204
        announced = await uploads.announcement()

        async def die(*_: Any) -> bool:
            raise Killed

        with monkeypatch.context() as patch:
            patch.setattr(importer_module, "stage", die)
            with pytest.raises(Killed):
                await uploads.importer(database).handle(announced)
        assert await state(ana.person, started.id) == txn_pb2.IMPORT_STATE_PLANNING
    installation.back_up()
    installation.restore()

    async with installation.running() as (txn, database):
        ana = await ana.again(txn)
        done = await reconcile(txn, installation, tmp_path)
        async with uploads.running(database):
            await eventually(uploads.queue.is_empty)

        assert done.document["counts"]["UNFINISHED"] == 1
        assert await state(ana.person, started.id) == COMPLETED


async def state(client: Client, import_id: str) -> txn_pb2.ImportState.ValueType:
    found = await get(client, import_id)
    assert found is not None
    return found.state
