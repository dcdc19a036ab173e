"""python -m txn_svc, as the operating system sees it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psycopg
import pytest

from local.postgres import Postgres
from local.roles import DatabaseUrls
from tests.service.test_process import get, lines_until
from tests.service.tokens import Issuer


@pytest.fixture
def empty_urls(postgres: Postgres) -> DatabaseUrls:
    """A database without a schema."""
    return postgres.create("txn", f"_process_{time.monotonic_ns()}")


def environment(urls: DatabaseUrls, issuer: Issuer) -> dict[str, str]:
    return {
        **os.environ,
        **issuer.environment(),
        "STORI_ADMIN_BIND": "127.0.0.1:0",
        "STORI_RPC_BIND": "127.0.0.1:0",
        "STORI_DATABASE_URL": urls.application,
        "STORI_MIGRATION_DATABASE_URL": urls.owner,
        "STORI_UPLOADS_BUCKET": "uploads",
        "STORI_EVENTS_TOPIC_ARN": "arn:aws:sns:us-east-1:000000000000:events",
        "STORI_IMPORTS_QUEUE_URL": "http://127.0.0.1:9/000000000000/imports",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }


def command(name: str) -> list[str]:
    return [sys.executable, "-m", "txn_svc", name]


def migrate(settings: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command("migrate"), env=settings, capture_output=True, text=True, timeout=30, check=False)


@contextmanager
def running(name: str, settings: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    pipe = subprocess.PIPE
    with subprocess.Popen(command(name), stdout=pipe, stderr=pipe, text=True, env=settings) as child:
        try:
            yield child
        finally:
            child.kill()


def answers(port: int, status: int, part: str = "") -> bool:
    """Whether readyz comes to answer with this status and a body that holds `part`."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        found, body = get(port, "readyz")
        if found == status and part in body:
            return True
        time.sleep(0.05)
    return False


def test_migrating_twice_is_migrating_once(empty_urls: DatabaseUrls, issuer: Issuer) -> None:
    settings = environment(empty_urls, issuer)

    results = [migrate(settings) for _ in range(2)]

    assert [(result.returncode, result.stderr) for result in results] == [(0, "")] * 2
    with psycopg.connect(empty_urls.application) as connection:
        assert connection.execute("SELECT count(*) FROM account").fetchone() == (0,)


@pytest.mark.parametrize("name", ["serve", "relay"])
def test_process_is_ready_once_it_can_work_and_ends_with_0(empty_urls: DatabaseUrls, issuer: Issuer, name: str) -> None:
    settings = environment(empty_urls, issuer)
    migrate(settings)

    with running(name, settings) as child:
        ready = answers(int(str(lines_until(child, "started")[-1]["admin_port"])), 200)
        child.send_signal(signal.SIGTERM)
        child.communicate(timeout=10)

    assert (ready, child.returncode) == (True, 0)


def test_serve_is_not_ready_until_the_schema_is_as_new_as_the_code(empty_urls: DatabaseUrls, issuer: Issuer) -> None:
    settings = environment(empty_urls, issuer)
    with running("serve", settings) as child:
        port = int(str(lines_until(child, "started")[-1]["admin_port"]))
        before = answers(port, 503, "schema")
        migrate(settings)
        after = answers(port, 200)

    assert (before, after) == (True, True)


def test_missing_settings_are_named_and_end_it_with_78() -> None:
    with running("serve", {"PATH": os.defpath}) as child:
        _, errors = child.communicate(timeout=10)

    assert child.returncode == 78
    for name in ("STORI_DATABASE_URL", "STORI_UPLOADS_BUCKET", "COGNITO_ISSUER", "AWS_REGION"):
        assert name in errors
    assert "Traceback" not in errors
