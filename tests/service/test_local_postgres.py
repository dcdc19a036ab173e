import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psycopg
import pytest

from local.postgres import Postgres

ROOT = Path(__file__).parents[2]


def test_a_service_s_database_admits_its_own_two_roles_only(postgres: Postgres) -> None:
    user, txn = postgres.create("user", "_walls"), postgres.create("txn", "_walls")

    for url in (user.owner, user.application, txn.owner, txn.application):
        psycopg.connect(url).close()
    for url in (user.owner, user.application):
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(url, dbname="stori_txn_walls")


def test_a_password_is_needed(postgres: Postgres) -> None:
    url = postgres.create("user", "_password").application
    role, _, rest = url.removeprefix("postgresql://").partition(":")

    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(f"postgresql://{role}:wrong@{rest.partition('@')[2]}")


def test_creating_a_database_again_changes_nothing(postgres: Postgres) -> None:
    first = postgres.create("user", "_again")
    with psycopg.connect(first.owner) as connection:
        connection.execute("CREATE TABLE kept (id int)")

    assert postgres.create("user", "_again") == first
    with psycopg.connect(first.owner) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)


def test_passwords_are_readable_by_their_owner_only(postgres: Postgres) -> None:
    assert (postgres.data_dir / "passwords.json").stat().st_mode & 0o777 == 0o600


def test_committed_data_survives_a_kill_of_the_server(run_folder: Path) -> None:
    data_dir = run_folder / "killed"
    with Postgres.start(data_dir) as server:
        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1 AS id")
        server.process.kill()
        server.process.wait()

    with Postgres.start(data_dir) as server, psycopg.connect(server.url()) as connection:
        assert connection.execute("SELECT id FROM kept").fetchone() == (1,)


def test_the_server_ends_cleanly_when_its_starter_is_killed(run_folder: Path) -> None:
    data_dir = run_folder / "orphaned"
    code = f"""
        import sys, time
        from pathlib import Path
        sys.path.insert(0, {str(ROOT)!r})
        from local.postgres import Postgres
        print(Postgres.start(Path({str(data_dir)!r})).process.pid, flush=True)
        time.sleep(60)
        """
    starter = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    server = int(starter.stdout.readline())

    starter.send_signal(signal.SIGKILL)
    starter.wait()

    wait_gone(server)
    assert "database system is shut down" in (data_dir / "server.log").read_text()


def wait_gone(pid: int, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
