"""The importer process: the imports queue in, settled imports and their events out."""

from pathlib import Path

from pydantic import Field

from runtime.aws import Aws, AwsSettings
from runtime.database import DatabaseSettings, open_database
from runtime.messages.consumer import Consumer, ConsumerSettings
from runtime.migrations import head
from runtime.process import Process
from runtime.settings import ProcessSettings
from txn_svc.imports.importer import Importer
from txn_svc.imports.settings import ImporterSettings
from txn_svc.imports.sweep import Sweep

_MIGRATIONS = str(Path(__file__).parent.parent / "migrations")


class ImporterProcessSettings(ImporterSettings, ConsumerSettings, DatabaseSettings, AwsSettings, ProcessSettings):
    """All of `python -m txn_svc importer`."""

    database_pool_size: int = Field(
        25, ge=1, le=100, description="Somewhat more than consumer_concurrency: no import waits for another's commit."
    )


async def run_importer(process: Process, settings: ImporterProcessSettings) -> None:
    """Works until the process is stopped; ready while the queue and a database of the code's schema answer."""
    async with open_database(settings) as database:
        aws = Aws(settings)
        try:
            consumer = Consumer(aws, settings.imports_queue_url, Importer(database, aws, settings).handle, settings)
            newest = head(_MIGRATIONS)
            process.add_check("database", lambda: database.require_schema(newest))
            process.add_check("queue", consumer.check)
            process.spawn(consumer.run(process.stopping), "imports consumer")
            process.spawn(Sweep(database, settings).run(process.stopping), "imports sweep")
            process.set_ready()
            await process.until_stopped()
        finally:
            aws.close()
