"""The importer as a Lambda function behind the imports queue, one message an invocation (ReportBatchItemFailures on).

Forms and orphans are swept by the worker; where only Lambda runs, reads still show a form's end at its time.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from runtime import telemetry
from runtime.aws import Aws, AwsSettings
from runtime.database import Database, DatabaseSettings
from runtime.messages.batch import Context, Retries, lambda_handler
from runtime.messages.consumer import ConsumerSettings
from runtime.process import settings_or_exit
from runtime.settings import ProcessSettings
from txn_svc.imports.importer import Importer
from txn_svc.imports.settings import ImporterSettings


class ImporterFunctionSettings(ImporterSettings, ConsumerSettings, DatabaseSettings, AwsSettings, ProcessSettings):
    """The function's environment: that of the process, with fewer connections."""


def handler(event: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Answers which messages of the batch are to come again."""
    return _invoke()(event, context)


@cache
def _invoke() -> Callable[[Mapping[str, Any], Context], dict[str, Any]]:
    """Made by the first invocation, kept by the next ones of the same instance."""
    settings = settings_or_exit(ImporterFunctionSettings)
    telemetry.configure("importer", settings.log_level)
    aws = Aws(settings)
    retries = Retries(aws, settings.imports_queue_url, settings)
    return lambda_handler(Importer(Database(settings), aws, settings).handle, retries.show_again)
