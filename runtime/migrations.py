"""Schema migrations: Alembic without an ini file, one run at a time, each waiting only briefly for a lock."""

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from pydantic import Field
from sqlalchemy import MetaData, NullPool, create_engine, text

from runtime.database import PostgresqlUrl, sqlalchemy_url
from runtime.settings import Settings

LOCK_TIMEOUT_SECONDS = 5
# Any number, the same in every process that migrates.
_ADVISORY_LOCK = 7_305_802_114


class MigrationSettings(Settings):
    migration_database_url: PostgresqlUrl = Field(description="postgresql://… of the role that owns the schema.")
    application_role: str = Field(
        "", description="Who gets the grants; empty is the owner's name with _app for _owner."
    )


def upgrade(script_location: str, settings: MigrationSettings) -> None:
    """Brings the schema to the newest revision; does nothing where it is there. `script_location` is a folder."""
    url = settings.migration_database_url.get_secret_value()
    config = _config(script_location)
    engine = create_engine(sqlalchemy_url(url), poolclass=NullPool, hide_parameters=True)
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _ADVISORY_LOCK})
        connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT_SECONDS}s'"))
        connection.commit()
        owner = str(connection.scalar(text("SELECT current_user")))
        connection.commit()
        config.attributes["connection"] = connection
        config.attributes["application_role"] = settings.application_role or f"{owner.removesuffix('_owner')}_app"
        command.upgrade(config, "head")


def head(script_location: str) -> str:
    """The newest revision the code knows."""
    found = ScriptDirectory.from_config(_config(script_location)).get_current_head()
    assert found is not None
    return found


def run_env(metadata: MetaData) -> None:
    """The whole of a service's `migrations/env.py`."""
    from alembic import context

    connection = context.config.attributes["connection"]
    context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


def application_role() -> str:
    """Inside a revision: the role that gets the grants, quoted."""
    from alembic import context

    name: str = context.config.attributes["application_role"]
    return '"' + name.replace('"', '""') + '"'


def _config(script_location: str) -> Config:
    config = Config()
    config.set_main_option("script_location", script_location.replace("%", "%%"))
    return config
