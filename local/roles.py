"""A service's database: one role that owns it and migrates, one that the application uses; nobody else may connect."""

from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from local.passwords import Passwords
from local.ports import LOOPBACK

SUPERUSER = "postgres"
CONNECT_SECONDS = 5


@dataclass(frozen=True, kw_only=True)
class DatabaseUrls:
    owner: str
    application: str


def create_database(superuser_url: str, passwords: Passwords, name: str) -> DatabaseUrls:
    """Database `name` with roles `{name}_owner` and `{name}_app`, CONNECT granted to these two; idempotent."""
    owner, application = f"{name}_owner", f"{name}_app"
    with psycopg.connect(superuser_url, autocommit=True, connect_timeout=CONNECT_SECONDS) as connection:
        for role in (owner, application):
            ensure_role(connection, role, passwords.of(role))
        ensure_database(connection, name, owner)
        restrict_connections(connection, name, owner, application)
    return DatabaseUrls(
        owner=role_url(superuser_url, owner, passwords.of(owner), name),
        application=role_url(superuser_url, application, passwords.of(application), name),
    )


def ensure_role(connection: psycopg.Connection, role: str, password: str) -> None:
    exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
    verb = sql.SQL("ALTER" if exists else "CREATE")
    connection.execute(
        sql.SQL("{} ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD {}").format(
            verb, sql.Identifier(role), sql.Literal(password)
        )
    )


def ensure_database(connection: psycopg.Connection, name: str, owner: str) -> None:
    if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
        return
    connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(owner)))


def restrict_connections(connection: psycopg.Connection, name: str, owner: str, application: str) -> None:
    database = sql.Identifier(name)
    for closed in (database, sql.Identifier("postgres"), sql.Identifier("template1")):
        connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(closed))
    for role in (owner, application):
        connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, sql.Identifier(role)))


def superuser_url(passwords: Passwords, port: int, database: str = "postgres") -> str:
    return f"postgresql://{SUPERUSER}:{passwords.of(SUPERUSER)}@{LOOPBACK}:{port}/{database}"


def role_url(superuser_url: str, role: str, password: str, database: str) -> str:
    server = urlsplit(superuser_url)
    return urlunsplit(("postgresql", f"{role}:{password}@{server.hostname}:{server.port}", f"/{database}", "", ""))
