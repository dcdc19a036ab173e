"""A database of the first release, with data in it, becomes one of today."""

import uuid
from typing import Any

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from pydantic import SecretStr
from sqlalchemy import NullPool, create_engine

from local.postgres import Postgres
from local.roles import DatabaseUrls
from runtime.database import sqlalchemy_url
from runtime.migrations import MigrationSettings, upgrade
from txn_svc.app import MIGRATIONS

ACCOUNT, IMPORT = uuid.uuid4(), uuid.uuid4()


@pytest.fixture
def first_release(postgres: Postgres) -> DatabaseUrls:
    urls = postgres.create("txn", f"_{uuid.uuid4().hex[:8]}")
    config = Config()
    config.set_main_option("script_location", MIGRATIONS)
    with create_engine(sqlalchemy_url(urls.owner), poolclass=NullPool).connect() as connection:
        role = psycopg.conninfo.conninfo_to_dict(urls.application)["user"]
        config.attributes.update({"connection": connection, "application_role": role})
        command.upgrade(config, "0001")
    return urls


def fill(connection: psycopg.Connection[Any]) -> None:
    columns = "id, name, kind, currency_code, opening_balance_minor, opening_date"
    values = "%s, 'a', 'DEBIT', 'USD', 1000, '2026-07-02'"
    connection.execute(f"INSERT INTO account ({columns}) VALUES ({values})", [ACCOUNT])
    insert(connection, IMPORT)
    for line, (day, amount) in enumerate([("2026-07-01", 30), ("2026-07-02", 5)], start=2):
        ids = [ACCOUNT, uuid.uuid4(), day, amount, uuid.uuid4(), IMPORT, line]
        columns = "account_id, id, booked_on, amount_minor, description, identity, occurrence, import_id, line"
        connection.execute(f"INSERT INTO transaction ({columns}) VALUES (%s, %s, %s, %s, '', %s, 1, %s, %s)", ids)


def insert(connection: psycopg.Connection[Any], import_id: uuid.UUID) -> None:
    """An import as the first release inserts it."""
    columns = "account_id, id, subject, source, state, review, file_name, size_bytes, object_key"
    values = "%s, %s, 's', 'UPLOAD', 'COMPLETED', 'NEVER', 'f', 1, 'k', 'r', 't'"
    connection.execute(
        f"INSERT INTO import ({columns}, request_id, traceparent) VALUES ({values})", [ACCOUNT, import_id]
    )


def test_balances_and_imports_of_the_first_release_are_brought_along(first_release: DatabaseUrls) -> None:
    with psycopg.connect(first_release.owner, autocommit=True) as connection:
        fill(connection)
        assert connection.execute("SELECT balance_minor FROM account").fetchall() == [(1035,)]

        upgrade(
            MIGRATIONS, MigrationSettings(environment="local", migration_database_url=SecretStr(first_release.owner))
        )

        # The opening balance has a date now that means something: 10.00 at the beginning of 2 July.
        balances = "SELECT opening_balance_minor, initial_balance_minor, balance_minor FROM account"
        assert connection.execute(balances).fetchall() == [(1000, 970, 1005)]
        insert(connection, uuid.uuid4())
        assert connection.execute("SELECT reading_id = id FROM import").fetchall() == [(True,), (True,)]
        states = "SELECT indexdef LIKE '%NEEDS_ANSWER%' FROM pg_indexes WHERE indexname = 'import_open'"
        assert connection.execute(states).fetchall() == [(True,)]
        invalid = "SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid"
        assert connection.execute(invalid).fetchall() == []


def test_a_migration_that_was_interrupted_is_run_again(first_release: DatabaseUrls) -> None:
    settings = MigrationSettings(environment="local", migration_database_url=SecretStr(first_release.owner))
    with psycopg.connect(first_release.owner, autocommit=True) as connection:
        fill(connection)
    upgrade(MIGRATIONS, settings)

    # All was done but to say so.
    with psycopg.connect(first_release.owner, autocommit=True) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0004'")
        upgrade(MIGRATIONS, settings)

        connection.execute("UPDATE import SET state = 'NEEDS_ANSWER'")
        with pytest.raises(psycopg.errors.CheckViolation):
            connection.execute("UPDATE import SET state = 'NONSENSE'")
        assert connection.execute("SELECT questions FROM import").fetchall() == [([],)]
