"""One PostgreSQL database: its pool, its two kinds of transaction, and whether its schema is as new as the code."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Annotated, Any, Final, TypeVar

import psycopg
from pydantic import AfterValidator, Field, SecretStr
from sqlalchemy import Executable, text
from sqlalchemy.engine import CursorResult, Result, ScalarResult
from sqlalchemy.engine.url import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncResult, AsyncSession, create_async_engine

from runtime.refusals import Aborted, DeadlineExceeded, Unavailable
from runtime.settings import Settings

T = TypeVar("T")

# Both ends of a connection notice within half a minute that the other one's machine has vanished.
CLIENT_LIVENESS: Final[dict[str, Any]] = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
SERVER_LIVENESS: Final = (
    "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3 -c tcp_user_timeout=15s"
)


def _postgresql(value: SecretStr) -> SecretStr:
    try:
        name = make_url(value.get_secret_value()).get_backend_name()
    except (ArgumentError, ValueError):
        name = ""
    if name != "postgresql":
        raise ValueError("must be postgresql://role:password@host:port/database") from None
    return value


PostgresqlUrl = Annotated[SecretStr, AfterValidator(_postgresql)]


class DatabaseSettings(Settings):
    database_url: PostgresqlUrl = Field(
        description="postgresql://role:password@host:port/database, the application's role."
    )
    database_pool_size: int = Field(10, ge=1, le=100, description="Connections of one process.")
    database_pool_timeout_seconds: float = Field(2.0, gt=0, description="How long a call waits for a connection.")
    database_connect_timeout_seconds: int = Field(5, ge=1, description="How long opening a connection may take.")
    database_statement_timeout_seconds: int = Field(30, ge=1, description="Longest single statement of a call.")


class ReadSession:
    """A READ ONLY transaction: PostgreSQL refuses a write in it, and mypy refuses to pass it where one is needed."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def execute(self, statement: Executable, parameters: Any = None) -> Result[Any]:
        return await self._session.execute(statement, parameters)

    async def scalar(self, statement: Executable, parameters: Any = None) -> Any:
        return await self._session.scalar(statement, parameters)

    async def scalars(self, statement: Executable, parameters: Any = None) -> ScalarResult[Any]:
        return await self._session.scalars(statement, parameters)

    async def stream(self, statement: Executable, parameters: Any = None) -> AsyncResult[Any]:
        """Rows as they come, in bounded memory (a server-side cursor)."""
        return await self._session.stream(statement, parameters)


class WriteSession(ReadSession):
    """A transaction that its opener commits; a store only writes in it."""

    def add(self, row: object) -> None:
        self._session.add(row)

    async def flush(self) -> None:
        await self._session.flush()

    async def changed(self, statement: Executable, parameters: Any = None) -> int:
        """Executes an INSERT, UPDATE or DELETE and gives the number of rows it touched."""
        result = await self._session.execute(statement, parameters)
        assert isinstance(result, CursorResult)
        return result.rowcount

    async def connection(self) -> AsyncConnection:
        return await self._session.connection()


class Database:
    """A pool of connections. `url` is the libpq form, for COPY and LISTEN on a connection of one's own."""

    def __init__(self, settings: DatabaseSettings) -> None:
        self.url = settings.database_url.get_secret_value()
        self._engine = create_async_engine(
            sqlalchemy_url(self.url),
            pool_size=settings.database_pool_size,
            max_overflow=0,
            pool_timeout=settings.database_pool_timeout_seconds,
            pool_pre_ping=True,
            connect_args={
                **CLIENT_LIVENESS,
                "connect_timeout": settings.database_connect_timeout_seconds,
                "options": f"-c statement_timeout={settings.database_statement_timeout_seconds}s -c TimeZone=UTC"
                f" {SERVER_LIVENESS}",
            },
            # An error's text would otherwise quote the values of the row.
            hide_parameters=True,
        )
        self._reads = self._engine.execution_options(postgresql_readonly=True)
        self._snapshots = self._reads.execution_options(isolation_level="REPEATABLE READ")

    @asynccontextmanager
    async def read(self, *, snapshot: bool = False) -> AsyncIterator[ReadSession]:
        """A READ ONLY transaction; with `snapshot` all its statements see one state (REPEATABLE READ)."""
        engine = self._snapshots if snapshot else self._reads
        with _outages_refused():
            async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():
                yield ReadSession(session)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[WriteSession]:
        """A transaction that commits at the end of the block and rolls back when it raises."""
        with _outages_refused():
            async with AsyncSession(self._engine, expire_on_commit=False) as session, session.begin():
                yield WriteSession(session)

    async def check(self) -> None:
        """Raises while the database cannot be reached."""
        async with self._engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def require_schema(self, head: str) -> None:
        """Raises Unavailable while the schema is older than revision `head` (revisions are numbered: 0001, 0002, …)."""
        async with self._engine.connect() as connection:
            found = await connection.scalar(text("SELECT version_num FROM alembic_version"))
        if found is None or str(found) < head:
            raise Unavailable(f"The schema is at {found}, the code needs {head}.", reason="SCHEMA_TOO_OLD")

    async def close(self) -> None:
        await self._engine.dispose()


@contextmanager
def _outages_refused() -> Iterator[None]:
    """Turns what the database could not do for the moment into refusals that say so; a mistake of ours stays one."""
    try:
        yield
    except PoolTimeout as error:
        raise Unavailable("The database has no free connection.", reason="DATABASE_BUSY") from error
    except DBAPIError as error:
        if isinstance(error.orig, psycopg.errors.QueryCanceled):
            raise DeadlineExceeded("The database took too long.") from error
        if isinstance(error.orig, psycopg.errors.SerializationFailure | psycopg.errors.DeadlockDetected):
            raise Aborted("The change met another one; try again.") from error
        if isinstance(error.orig, psycopg.OperationalError):
            raise Unavailable("The database cannot be reached.", reason="DATABASE_DOWN") from error
        raise


@asynccontextmanager
async def open_database(settings: DatabaseSettings) -> AsyncIterator[Database]:
    database = Database(settings)
    try:
        yield database
    finally:
        await database.close()


def sqlalchemy_url(url: str) -> str:
    """The same database for SQLAlchemy, through psycopg 3."""
    return make_url(url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
