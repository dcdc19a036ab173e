"""The one-off steps of compose.yaml, run as it runs them, before a real PostgreSQL and the real emulator."""

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from local.emulator import Emulator
from local.postgres import Postgres
from local.roles import SUPERUSER

ROOT = Path(__file__).parents[2]
ENTERED = {"user_svc", "user_relay", "txn_svc", "txn_relay", "importer", "notifier", "bff"}


@dataclass
class Containers:
    """The volumes, as folders below one."""

    folder: Path
    postgres: Postgres
    emulator: Emulator

    def run(self, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": os.environ["PATH"], "STORI_ENVIRONMENT": "local", **variables}
        return subprocess.run(
            [sys.executable, *command],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def passwords(self) -> subprocess.CompletedProcess[str]:
        return self.run("-m", "local.containers", "passwords", STORI_CONTAINERS_DIR=str(self.folder))

    def deploy(self) -> subprocess.CompletedProcess[str]:
        return self.run(
            *("-m", "local.containers", "deploy"),
            STORI_CONTAINERS_DIR=str(self.folder),
            STORI_POSTGRES_ADDRESS=f"127.0.0.1:{self.postgres.port}",
            STORI_EMULATOR_URL=self.emulator.url,
            STORI_WEB_URL="http://127.0.0.1:8000",
        )

    def environment(self, name: str) -> dict[str, str]:
        found: dict[str, str] = json.loads((self.folder / "environments" / name / "environment.json").read_text())
        return found


@pytest.fixture(scope="module")
def containers(postgres: Postgres, run_folder: Path) -> Iterator[Containers]:
    folder = run_folder / "containers"
    for name in ("deployment", "postgres"):
        (folder / name).mkdir(parents=True)
    # The server of the tests has its password already; that of compose.yaml is started with the one that is made.
    shutil.copy(postgres.data_dir / "passwords.json", folder / "deployment" / "passwords.json")
    with Emulator.start(run_folder / "containers-emulator", persist=False) as emulator:
        yield Containers(folder, postgres, emulator)


@pytest.fixture(scope="module")
def deployed(containers: Containers) -> Containers:
    result = containers.deploy()
    assert result.returncode == 0, result.stdout + result.stderr
    return containers


def test_the_servers_password_is_made_once_and_readable_to_the_server(containers: Containers) -> None:
    kept = containers.folder / "postgres" / "password"
    assert not kept.exists()

    first, again = containers.passwords(), containers.passwords()

    assert (first.returncode, again.returncode) == (0, 0)
    assert kept.read_text() == containers.postgres.passwords.of(SUPERUSER)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o444


def test_each_process_is_told_its_own_and_nobody_else_reads_it(deployed: Containers) -> None:
    files = sorted((deployed.folder / "environments").glob("*/*"))

    assert {file.parent.name for file in files} == ENTERED | {"user_migrate", "txn_migrate"}
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    secrets = {name for name in ENTERED if "COGNITO_MACHINE_CLIENT_SECRET" in deployed.environment(name)}
    assert secrets == {"notifier"}
    assert not [key for name in ("bff", "notifier") for key in deployed.environment(name) if "DATABASE" in key]


def test_deploying_again_changes_nothing(deployed: Containers) -> None:
    before = {name: deployed.environment(name) for name in ENTERED}

    assert deployed.deploy().returncode == 0

    assert {name: deployed.environment(name) for name in ENTERED} == before


def test_a_migration_runs_with_what_was_written_for_it(deployed: Containers) -> None:
    folder = deployed.folder / "environments" / "user_migrate"
    assert tables(deployed) == []

    result = deployed.run("-m", "local.enter", str(folder), sys.executable, "-m", "user_svc", "migrate")

    assert result.returncode == 0, result.stderr
    assert "user_profile" in tables(deployed)


def tables(deployed: Containers) -> list[str]:
    url = deployed.environment("user_svc")["STORI_DATABASE_URL"]
    with psycopg.connect(url) as connection:
        found: list[Any] = connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        ).fetchall()
    return [name for (name,) in found]


def test_what_compose_sets_comes_before_what_was_written(deployed: Containers) -> None:
    show = "import os; print(os.environ['AWS_ENDPOINT_URL'], os.environ['AWS_REGION'])"
    folder = str(deployed.folder / "environments" / "txn_svc")

    written = deployed.run("-m", "local.enter", folder, sys.executable, "-c", show)
    outside = deployed.run("-m", "local.enter", folder, sys.executable, "-c", show, AWS_ENDPOINT_URL="http://outside")

    assert written.stdout == f"{deployed.emulator.url} us-east-1\n"
    assert outside.stdout == "http://outside us-east-1\n"


def test_before_the_deployment_a_process_says_what_is_missing(containers: Containers, tmp_path: Path) -> None:
    result = containers.run("-m", "local.enter", str(tmp_path), sys.executable, "-c", "print('started')")

    assert (result.returncode, result.stdout) == (78, "")
    assert result.stderr == f"{tmp_path} holds no environment.json: the step `deploy` has not run.\n"


def test_an_emulator_that_lost_its_state_is_not_deployed_to_anew(deployed: Containers) -> None:
    kept = deployed.folder / "deployment" / "deployed.json"
    whole, before = kept.read_text(), deployed.environment("bff")
    kept.write_text(json.dumps({**json.loads(whole), "UserPoolId": "us-east-1_Gone00000"}))

    result = deployed.deploy()

    kept.write_text(whole)
    assert result.returncode == 1
    assert "no longer has the user pool" in result.stdout
    assert "`docker compose down --volumes`" in result.stdout
    assert deployed.environment("bff") == before
