"""The composition of txn_svc's processes; the importer's is in imports/worker.py."""

from contextlib import AsyncExitStack
from pathlib import Path

import grpc
from pydantic import Field

from protos.txn.v1 import txn_pb2_grpc
from runtime.aws import Aws, AwsSettings
from runtime.database import DatabaseSettings, open_database
from runtime.messages.relay import Publisher, Relay
from runtime.messages.sns import SnsPublisher
from runtime.messages.sqs import SqsPublisher
from runtime.migrations import head
from runtime.process import Process
from runtime.rpc.server import RpcServerSettings, serve_rpc
from runtime.settings import ProcessSettings
from runtime.tokens import TokenSettings, open_verifier
from txn_svc.accounts.servicer import AccountServicer
from txn_svc.downloads.servicer import DownloadServicer
from txn_svc.imports.due import IMPORTS
from txn_svc.imports.servicer import ImportServicer
from txn_svc.imports.settings import UploadSettings
from txn_svc.imports.settle import EVENTS
from txn_svc.imports.watch import Watch
from txn_svc.settings import LedgerSettings
from txn_svc.transactions.servicer import TransactionServicer

MIGRATIONS = str(Path(__file__).with_name("migrations"))
SERVICES = (
    "txn.v1.AccountService",
    "txn.v1.TransactionService",
    "txn.v1.ImportService",
    "txn.v1.DownloadService",
)


class ServeSettings(
    LedgerSettings, UploadSettings, AwsSettings, RpcServerSettings, TokenSettings, DatabaseSettings, ProcessSettings
):
    """All of `python -m txn_svc serve`."""


class RelaySettings(AwsSettings, DatabaseSettings, ProcessSettings):
    """All of `python -m txn_svc relay`."""

    events_topic_arn: str = Field(min_length=1, description="SNS topic.")
    imports_queue_url: str = Field(min_length=1, description="SQS queue of the imports that ask for work.")


async def serve(process: Process, settings: ServeSettings) -> None:
    """Answers gRPC."""
    schema = head(MIGRATIONS)
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_database(settings))
        verifier = await stack.enter_async_context(open_verifier(settings))
        aws = Aws(settings)
        stack.callback(aws.close)

        watch = Watch(database, settings.watchers_max)
        imports = ImportServicer(database, aws, settings, watch)
        downloads = DownloadServicer(database, aws, settings)

        def register(server: grpc.aio.Server) -> None:
            txn_pb2_grpc.add_AccountServiceServicer_to_server(AccountServicer(database, settings), server)
            txn_pb2_grpc.add_TransactionServiceServicer_to_server(TransactionServicer(database, settings), server)
            txn_pb2_grpc.add_ImportServiceServicer_to_server(imports, server)
            txn_pb2_grpc.add_DownloadServiceServicer_to_server(downloads, server)

        process.add_check("schema", lambda: database.require_schema(schema))
        process.add_check("tokens", verifier.check)
        process.spawn(watch.run(process.stopping), "watch imports")
        await stack.enter_async_context(serve_rpc(settings, verifier.verify, register, SERVICES))
        process.set_ready()
        await process.until_stopped()


async def relay(process: Process, settings: RelaySettings) -> None:
    """Publishes txn_svc's outbox."""
    aws = Aws(settings)
    try:
        publishers: dict[str, Publisher] = {
            EVENTS: SnsPublisher(aws, settings.events_topic_arn, fifo=False),
            IMPORTS: SqsPublisher(aws, settings.imports_queue_url),
        }
        working = Relay(settings.database_url.get_secret_value(), publishers)
        process.add_check("outbox", working.check)
        process.spawn(working.run(process.stopping), "relay")
        process.set_ready()
        await process.until_stopped()
    finally:
        aws.close()
