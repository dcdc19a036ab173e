"""The application's role cannot make a balance wrong, whatever it executes, nor see another service's data."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from psycopg import errors
from sqlalchemy import create_engine

from local.postgres import Postgres
from local.roles import DatabaseUrls
from runtime.database import sqlalchemy_url
from runtime.ids import new_id
from runtime.migrations import head
from txn_svc.app import MIGRATIONS
from txn_svc.model import Base

ACCOUNT = "INSERT INTO account (id, name, kind, currency_code, opening_balance_minor"
TRANSACTION = "INSERT INTO transaction (account_id, id, booked_on, amount_minor, description, identity, occurrence)"
Connection = psycopg.Connection[Any]


@pytest.fixture
def connection(txn_urls: DatabaseUrls) -> Iterator[Connection]:
    with psycopg.connect(txn_urls.application, autocommit=True) as connection:
        account_id = new_id()
        connection.execute(f"{ACCOUNT}) VALUES (%s, 'a', 'DEBIT', 'USD', 0)", (account_id,))
        values = (account_id, new_id(), new_id())
        connection.execute(f"{TRANSACTION} VALUES (%s, %s, '2026-07-15', 5, 'x', %s, 1)", values)
        yield connection


FORBIDDEN = {
    "set a balance": "UPDATE account SET balance_minor = 1",
    "set an initial balance": "UPDATE account SET initial_balance_minor = 1",
    "set a count": "UPDATE account SET transaction_count = 1",
    "set a version": "UPDATE account SET version = 1",
    "open with a balance": f"{ACCOUNT}, balance_minor) VALUES (gen_random_uuid(), 'a', 'DEBIT', 'USD', 0, 7)",
    "delete an account": "DELETE FROM account",
    "truncate accounts": "TRUNCATE account CASCADE",
    "write a month": "UPDATE account_month SET credit_count = 7",
    "invent a month": "INSERT INTO account_month VALUES (gen_random_uuid(), '2026-01-01', 1, 1, 0, 1, 0)",
    "delete a month": "DELETE FROM account_month",
    "change an amount": "UPDATE transaction SET amount_minor = 7",
    "change a date": "UPDATE transaction SET booked_on = '2026-01-01'",
    "change an account": "UPDATE transaction SET account_id = gen_random_uuid()",
    "truncate transactions": "TRUNCATE transaction",
    "disable triggers": "ALTER TABLE transaction DISABLE TRIGGER ALL",
    "drop a trigger": "DROP TRIGGER transaction_inserted ON transaction",
    "replace a trigger's function": "CREATE OR REPLACE FUNCTION ledger_changed() RETURNS trigger LANGUAGE sql AS ''",
    "skip triggers": "SET session_replication_role = replica",
    "feed the trigger invented rows": "CREATE TEMP TABLE t (account_id uuid, booked_on date, amount_minor bigint)",
    "make a table": "CREATE TABLE mine (id int)",
    "become the owner": "SET ROLE stori_txn_1_owner",
    "rewrite the audit": "UPDATE audit_event SET actor = 'me'",
    "delete the audit": "DELETE FROM audit_event",
}


@pytest.mark.parametrize("statement", FORBIDDEN.values(), ids=FORBIDDEN.keys())
def test_application_role_cannot(connection: Connection, statement: str) -> None:
    with pytest.raises((errors.InsufficientPrivilege, errors.InvalidParameterValue)):
        connection.execute(statement)


def test_trigger_functions_cannot_be_executed_by_the_application(connection: Connection) -> None:
    names = ("account_opened()", "ledger_changed()", "ledger_kept()")

    rows = [connection.execute("SELECT has_function_privilege(%s, 'EXECUTE')", (n,)).fetchone() for n in names]

    assert rows == [(False,)] * 3


def test_owner_cannot_change_the_figures_of_a_transaction(txn_urls: DatabaseUrls, connection: Connection) -> None:
    with psycopg.connect(txn_urls.owner, autocommit=True) as owner:
        for statement in ("UPDATE transaction SET amount_minor = 7", "TRUNCATE transaction"):
            with pytest.raises(errors.InsufficientPrivilege):
                owner.execute(statement)


def test_neither_service_can_connect_to_the_other_ones_database(postgres: Postgres, txn_urls: DatabaseUrls) -> None:
    user = postgres.create("user", "_roles")

    for service, other in ((txn_urls, user), (user, txn_urls)):
        foreign = service.application.rpartition("/")[0] + "/" + other.application.rpartition("/")[2]
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(foreign)


def test_model_and_migrations_describe_the_same_schema(txn_urls: DatabaseUrls) -> None:
    engine = create_engine(sqlalchemy_url(txn_urls.owner))
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), Base.metadata)

    # Foreign keys are the database's business: the model names tables by their keys alone.
    assert [one for one in differences if one[0] != "remove_fk"] == []
    engine.dispose()


def test_schema_is_at_the_revision_the_code_needs(connection: Connection) -> None:
    assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == (head(MIGRATIONS),)
