"""Rule 2: balances and monthly figures are the sums of the transactions, after every commit, whoever writes."""

import asyncio
from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import errors

from local.roles import DatabaseUrls
from runtime.ids import new_id

OPENING_MINOR = 1000
INSERT = """
INSERT INTO transaction (account_id, id, booked_on, amount_minor, description, identity, occurrence)
VALUES (%s, %s, %s, %s, 'coffee', %s, 1)
"""
Connection = psycopg.Connection[Any]


@pytest.fixture
def connection(txn_urls: DatabaseUrls) -> Iterator[Connection]:
    """The application's role."""
    with psycopg.connect(txn_urls.application, autocommit=True) as connection:
        yield connection


@pytest.fixture
def account_id(connection: Connection) -> UUID:
    return open_account(connection)


def open_account(connection: Connection) -> UUID:
    account_id = new_id()
    columns = "id, name, kind, currency_code, opening_balance_minor"
    connection.execute(
        f"INSERT INTO account ({columns}) VALUES (%s, 'a', 'DEBIT', 'USD', %s)", (account_id, OPENING_MINOR)
    )
    return account_id


def record(connection: Connection, account_id: UUID, booked_on: str | date, amount_minor: int) -> UUID:
    transaction_id = new_id()
    connection.execute(INSERT, (account_id, transaction_id, booked_on, amount_minor, new_id()))
    return transaction_id


def account(connection: Connection, account_id: UUID) -> tuple[Any, ...]:
    query = "SELECT balance_minor, transaction_count, version FROM account WHERE id = %s"
    [row] = connection.execute(query, (account_id,)).fetchall()
    return tuple(row)


def months(connection: Connection, account_id: UUID) -> list[tuple[Any, ...]]:
    query = """
    SELECT month::text, transaction_count, credit_count, debit_count, credit_total_minor, debit_total_minor
    FROM account_month WHERE account_id = %s ORDER BY month
    """
    return connection.execute(query, (account_id,)).fetchall()


def recomputed(connection: Connection, account_id: UUID) -> list[tuple[Any, ...]]:
    query = """
    SELECT to_char(booked_on, 'YYYY-MM-01'), count(*), count(*) FILTER (WHERE amount_minor > 0),
      count(*) FILTER (WHERE amount_minor < 0), coalesce(sum(amount_minor) FILTER (WHERE amount_minor > 0), 0),
      coalesce(sum(amount_minor) FILTER (WHERE amount_minor < 0), 0)
    FROM transaction WHERE account_id = %s GROUP BY 1 ORDER BY 1
    """
    return connection.execute(query, (account_id,)).fetchall()


def test_new_account_starts_with_its_opening_balance(connection: Connection, account_id: UUID) -> None:
    assert account(connection, account_id) == (OPENING_MINOR, 0, 0)


def test_inserted_rows_count_in_their_month(connection: Connection, account_id: UUID) -> None:
    for booked_on, amount in (("2026-07-15", 6050), ("2026-07-28", -1030), ("2026-08-02", -2046), ("2026-08-13", 1000)):
        record(connection, account_id, booked_on, amount)

    assert account(connection, account_id) == (OPENING_MINOR + 3974, 4, 4)
    assert months(connection, account_id) == [
        ("2026-07-01", 2, 1, 1, 6050, -1030),
        ("2026-08-01", 2, 1, 1, 1000, -2046),
    ]


def test_zero_amount_counts_as_a_transaction_only(connection: Connection, account_id: UUID) -> None:
    record(connection, account_id, "2026-07-15", 0)

    assert months(connection, account_id) == [("2026-07-01", 1, 0, 0, 0, 0)]


def test_deleting_the_last_row_of_a_month_removes_the_month(connection: Connection, account_id: UUID) -> None:
    record(connection, account_id, "2026-07-31", 5)
    last = record(connection, account_id, "2026-08-01", 7)

    connection.execute("DELETE FROM transaction WHERE account_id = %s AND id = %s", (account_id, last))

    assert months(connection, account_id) == [("2026-07-01", 1, 1, 0, 5, 0)]
    assert account(connection, account_id) == (OPENING_MINOR + 5, 1, 3)


def test_one_statement_over_many_accounts_and_months_is_one_version_of_each(connection: Connection) -> None:
    accounts = [open_account(connection) for _ in range(3)]

    connection.execute(
        """
        INSERT INTO transaction (account_id, id, booked_on, amount_minor, description, identity, occurrence)
        SELECT a, gen_random_uuid(), date '2026-01-31' + 28 * i, i - 5, 'x', gen_random_uuid(), 1
        FROM unnest(%s::uuid[]) AS a, generate_series(1, 10) AS i
        """,
        (accounts,),
    )

    for account_id in accounts:
        assert account(connection, account_id) == (OPENING_MINOR + 5, 10, 1)
        assert months(connection, account_id) == recomputed(connection, account_id)


def test_copy_is_counted(connection: Connection, account_id: UUID) -> None:
    columns = "account_id, id, booked_on, amount_minor, description, identity, occurrence"
    with connection.cursor() as cursor, cursor.copy(f"COPY transaction ({columns}) FROM STDIN") as copy:
        for day in range(1, 11):
            copy.write_row((account_id, new_id(), date(2026, 7, day), -day, "x", new_id(), 1))

    assert account(connection, account_id) == (OPENING_MINOR - 55, 10, 1)
    assert months(connection, account_id) == [("2026-07-01", 10, 0, 10, 0, -55)]


def test_rolled_back_rows_leave_no_trace(connection: Connection, account_id: UUID) -> None:
    with connection.transaction(force_rollback=True):
        record(connection, account_id, "2026-07-15", 5)

    assert account(connection, account_id) == (OPENING_MINOR, 0, 0)
    assert months(connection, account_id) == []


def test_row_without_an_account_is_refused(connection: Connection) -> None:
    with pytest.raises(errors.ForeignKeyViolation):
        record(connection, new_id(), "2026-07-15", 5)


def test_balance_beyond_64_bits_is_refused_and_changes_nothing(connection: Connection, account_id: UUID) -> None:
    record(connection, account_id, "2026-07-15", 2**63 - 1 - OPENING_MINOR)

    with pytest.raises(errors.NumericValueOutOfRange):
        record(connection, account_id, "2026-08-15", 1)

    assert account(connection, account_id) == (2**63 - 1, 1, 1)


def test_changing_a_note_leaves_the_ledger_alone(connection: Connection, account_id: UUID) -> None:
    record(connection, account_id, "2026-07-15", 5)

    connection.execute("UPDATE transaction SET note = 'n', category = 'c' WHERE account_id = %s", (account_id,))

    assert account(connection, account_id) == (OPENING_MINOR + 5, 1, 1)


async def test_concurrent_writers_of_one_new_month_lose_nothing(connection: Connection, txn_urls: DatabaseUrls) -> None:
    account_id = open_account(connection)

    async def write() -> None:
        async with await psycopg.AsyncConnection.connect(txn_urls.application) as own:
            for _ in range(10):
                await own.execute(INSERT, (account_id, new_id(), "2026-07-15", 1, new_id()))
                await own.commit()

    await asyncio.gather(*(write() for _ in range(8)))

    assert account(connection, account_id) == (OPENING_MINOR + 80, 80, 80)
    assert months(connection, account_id) == [("2026-07-01", 80, 80, 0, 80, 0)]


Change = tuple[date, int, bool]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.dates(date(2026, 1, 1), date(2026, 4, 30)), st.integers(-(10**15), 10**15), st.booleans()),
        max_size=25,
    )
)
def test_figures_equal_a_recomputation_after_any_history(connection: Connection, changes: list[Change]) -> None:
    account_id = open_account(connection)
    held: list[UUID] = []

    for booked_on, amount, deletes in changes:
        if deletes and held:
            gone = held.pop(abs(amount) % len(held))
            connection.execute("DELETE FROM transaction WHERE account_id = %s AND id = %s", (account_id, gone))
        else:
            held.append(record(connection, account_id, booked_on, amount))

    figures = recomputed(connection, account_id)
    assert months(connection, account_id) == figures
    balance, count, _ = account(connection, account_id)
    assert count == len(held) == sum(month[1] for month in figures)
    assert balance == OPENING_MINOR + sum(month[4] + month[5] for month in figures)
