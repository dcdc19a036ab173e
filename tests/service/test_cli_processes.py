"""`stori healthcheck`, `stori config` and `stori migrate`: what operators and containers run."""

import asyncio
import secrets
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from local.postgres import Postgres
from runtime.admin import serve_admin
from tests.service.stori import ROOT, Stori
from tests.service.tokens import Issuer
from tests.service.txn import Txn

HEAVY = ("typer", "rich", "grpc", "pydantic", "google.protobuf")


@pytest.fixture
def stori(tmp_path: Path) -> Stori:
    return Stori(tmp_path, {"STORI_ENVIRONMENT": "local"})


@dataclass
class Admin:
    port: int
    is_down: bool = False

    async def check(self) -> None:
        if self.is_down:
            raise ConnectionError


@pytest.fixture
async def admin() -> AsyncIterator[Admin]:
    found = Admin(0)
    async with serve_admin("127.0.0.1:0", {"database": found.check}, lambda: True) as found.port:
        yield found


async def test_a_process_is_healthy_while_it_is_ready(stori: Stori, admin: Admin) -> None:
    container = stori.changed(STORI_ADMIN_BIND=f"0.0.0.0:{admin.port}")

    ready = await container.run("healthcheck")
    admin.is_down = True
    failing = await container.run("healthcheck", "--json")

    assert (ready.code, ready.out) == (0, "ok\n")
    assert (failing.code, failing.document) == (1, {"status": "failing", "failing": ["database"]})


async def test_a_process_that_does_not_answer_is_75(stori: Stori) -> None:
    done = await stori.run("healthcheck", "http://127.0.0.1:1")

    assert (done.code, done.out, len(done.err.splitlines())) == (75, "", 1)


async def test_a_grpc_server_is_asked_by_its_own_protocol(stori: Stori, txn: Txn) -> None:
    server = f"grpc://127.0.0.1:{txn.port}"

    whole, one, none = [
        await stori.run("healthcheck", server + path) for path in ("", "/txn.v1.AccountService", "/x.Y")
    ]

    assert [each.code for each in (whole, one, none)] == [0, 0, 1]
    assert (await stori.run("healthcheck", "grpc://127.0.0.1:1", "--timeout", "1")).code == 75


async def test_a_process_that_there_is_not_is_wrong_usage(stori: Stori, tmp_path: Path) -> None:
    (tmp_path / "stack.json").write_text('{"metrics_urls": {"bff": "http://127.0.0.1:1/metrics"}}')
    shell = stori.changed(STORI_HOME=str(tmp_path))

    done = await shell.run("healthcheck", "importers")

    assert ((await shell.run("healthcheck", "bff")).code, done.code) == (75, 2)
    assert "importers; there are bff" in done.err


@pytest.mark.parametrize(("target", "code"), [("bff", 75), ("http://[", 78), ("http://127.0.0.1:x", 78)])
async def test_a_target_that_cannot_be_asked_is_no_answer(stori: Stori, target: str, code: int) -> None:
    done = await stori.run("healthcheck", target)

    assert (done.code, len(done.err.splitlines())) == (code, 1)


async def test_a_health_check_starts_without_what_the_other_commands_need(admin: Admin) -> None:
    asked = f"from cli.__main__ import run; run(['healthcheck', 'http://127.0.0.1:{admin.port}'])"
    program = f"import sys; {asked}; print([name for name in {HEAVY} if name in sys.modules])"

    done = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-c", program, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await done.communicate()

    assert out.decode().splitlines() == ["ok", "[]"]


async def test_the_settings_of_a_process_are_shown_with_secrets_masked(stori: Stori) -> None:
    with Issuer() as issuer:
        environment = issuer.environment() | {
            "STORI_USER_SVC_ADDRESS": "127.0.0.1:1",
            "STORI_TXN_SVC_ADDRESS": "127.0.0.1:2",
            "STORI_WEB_CLIENT_ID": "webclient0000000000000000",
            "STORI_RATE_LIMIT_STORAGE": "redis://stori:canary@cache:6379",
        }
        done = await stori.changed(**environment).run("config", "bff")

    rows = {row["variable"]: (row["value"], row["from"]) for row in done.rows()}
    assert done.code == 0
    assert rows["STORI_TXN_SVC_ADDRESS"] == ("127.0.0.1:2", "set")
    assert rows["STORI_HTTP_BIND"] == ("0.0.0.0:8080", "default")
    assert "canary" not in done.out


async def test_settings_with_which_a_process_would_not_start_are_78_and_named(stori: Stori) -> None:
    done = await stori.changed(STORI_DATABASE_URL="postgresql://me:canary@db/x").run("config", "--json")

    assert done.code == 78
    assert [one["process"] for one in done.documents if not one["problems"]] == []
    [importer] = [one for one in done.documents if one["process"] == "importer"]
    assert "STORI_UPLOADS_BUCKET" in {problem["variable"] for problem in importer["problems"]}
    assert "canary" not in done.out


def tables(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    return {name for (name,) in found}


async def test_both_databases_are_migrated_and_a_repeat_changes_nothing(stori: Stori, postgres: Postgres) -> None:
    suffix = f"_{secrets.token_hex(4)}"
    user, txn = postgres.create("user", suffix).owner, postgres.create("txn", suffix).owner
    assert tables(user) | tables(txn) == set()

    shell = stori.changed(STORI_USER_SVC_MIGRATION_DATABASE_URL=user, STORI_TXN_SVC_MIGRATION_DATABASE_URL=txn)
    first, second = await shell.run("migrate"), await shell.run("migrate", "--json")

    assert (first.code, first.lines) == (0, ["user_svc is migrated.", "txn_svc is migrated."])
    assert [one["service"] for one in second.documents] == ["user_svc", "txn_svc"]
    assert "user_profile" in tables(user) - tables(txn)
    assert "account" in tables(txn) - tables(user)


async def test_two_services_are_never_migrated_into_one_database(stori: Stori, postgres: Postgres) -> None:
    url = postgres.create("user", f"_{secrets.token_hex(4)}").owner

    both = await stori.changed(STORI_MIGRATION_DATABASE_URL=url).run("migrate")

    assert (both.code, tables(url)) == (78, set())
    one = await stori.changed(STORI_MIGRATION_DATABASE_URL=url).run("migrate", "user_svc")
    assert (one.code, "user_profile" in tables(url)) == (0, True)


async def test_a_database_that_is_down_is_75_and_one_that_is_not_named_78(stori: Stori) -> None:
    down = await stori.changed(STORI_MIGRATION_DATABASE_URL="postgresql://u:canary@127.0.0.1:1/x").run(
        "migrate", "txn_svc"
    )
    missing = await stori.run("migrate", "txn_svc")

    assert (down.code, down.err) == (75, "stori: The database of txn_svc does not answer.\n")
    assert missing.code == 78
    assert "STORI_MIGRATION_DATABASE_URL" in missing.err
