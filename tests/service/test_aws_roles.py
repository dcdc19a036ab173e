"""The SQL of docs/aws.md, on a server of its own: the services migrate and work with the roles it makes."""

import re
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from pydantic import SecretStr

import txn_svc.app
import user_svc.app
from local.postgres import Postgres
from local.roles import role_url
from runtime.migrations import MigrationSettings, upgrade

ROOT = Path(__file__).parents[2]
SERVICES = {"user": user_svc.app.MIGRATIONS, "txn": txn_svc.app.MIGRATIONS}
PASSWORD = "set-by-psql"


def test_the_guides_roles_migrate_work_and_keep_to_their_own(run_folder: Path) -> None:
    (statements,) = re.findall(r"```sql\n(.*?)```", (ROOT / "docs" / "aws.md").read_text(), re.DOTALL)
    with Postgres.start(run_folder / "aws-roles") as server:
        with psycopg.connect(server.url(), autocommit=True) as administrator:
            for statement in statements.split(";\n"):
                administrator.execute(statement.encode())
            for role in (f"stori_{name}_{kind}" for name in SERVICES for kind in ("owner", "app")):
                administrator.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), PASSWORD))

        def url(role: str, database: str) -> str:
            return role_url(server.url(), f"stori_{role}", PASSWORD, f"stori_{database}")

        for name, migrations in SERVICES.items():
            upgrade(migrations, MigrationSettings(migration_database_url=SecretStr(url(f"{name}_owner", name))))

        with psycopg.connect(url("txn_app", "txn")) as application:
            assert application.execute("SELECT count(*) FROM account").fetchone() == (0,)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                application.execute("UPDATE account SET balance_minor = 1")
        for stranger in ("txn_app", "txn_owner"):
            with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
                psycopg.connect(url(stranger, "user"))
