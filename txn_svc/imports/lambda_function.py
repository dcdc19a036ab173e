"""The importer as a Lambda function behind the imports queue (ReportBatchItemFailures on).

Forms and orphans are swept by the worker; where only Lambda runs, reads still show a form's end at its time.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from runtime.aws import Aws, AwsSettings
from runtime.database import Database, DatabaseSettings
from runtime.messages.batch import Context, lambda_handler
from txn_svc.imports.importer import Importer
from txn_svc.imports.settings import ImporterSettings


class ImporterFunctionSettings(ImporterSettings, DatabaseSettings, AwsSettings):
    """The function's environment."""


def handler(event: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Answers which messages of the batch are to come again."""
    return _invoke()(event, context)


@cache
def _invoke() -> Callable[[Mapping[str, Any], Context], dict[str, Any]]:
    """Made by the first invocation, kept by the next ones of the same instance."""
    settings = ImporterFunctionSettings()
    return lambda_handler(Importer(Database(settings), Aws(settings), settings).handle)
