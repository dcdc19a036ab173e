"""txn_svc as it runs: its processes, bucket and queue, and a person who drops files and looks at figures."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import grpc
from botocore.config import Config

from bench.ground import Ground
from bench.issuer import CLIENT, ISSUER, OTHER_CLIENT, Issuer
from bench.processes import NotRight, Running, running
from bench.rows import Totals
from local.emulator import REGION
from local.environment import aws_environment
from local.ports import LOOPBACK, free_port
from local.roles import DatabaseUrls
from local.stack import CREDENTIALS
from protos.txn.v1 import txn_pb2, txn_pb2_grpc

FILE_BYTES_MAX = 5_000_000_000
SUBJECT = "bench-person"
IMPORT_SECONDS_MAX = 3_600
UPLOAD_SECONDS_MAX = 300
STEPS = ("fetch", "stage", "commit")
# An import is looked at this often at first, and later so seldom that it is seen at most so much too late.
FIRST_LOOK_SECONDS = 0.02
LATER_LOOK_SHARE = 0.02
COUNT_LOOKS_MAX = 250
UNDER_WAY = {txn_pb2.IMPORT_STATE_AWAITING_UPLOAD, txn_pb2.IMPORT_STATE_PLANNING, txn_pb2.IMPORT_STATE_COMMITTING}


@dataclass(frozen=True)
class Imported:
    """Seconds from the stored object to the COMPLETED import, and of each step as the importer measures it."""

    seconds: float
    steps: Mapping[str, float]


@dataclass(frozen=True)
class Product:
    folder: Path
    urls: DatabaseUrls = field(repr=False)
    environment: Mapping[str, str]
    s3: Any
    accounts: "txn_pb2_grpc.AccountServiceAsyncStub"
    transactions: "txn_pb2_grpc.TransactionServiceAsyncStub"
    imports: "txn_pb2_grpc.ImportServiceAsyncStub"
    who: tuple[tuple[str, str], ...] = field(repr=False)

    async def open_account(self) -> str:
        request = txn_pb2.OpenAccountRequest(name="Bench", kind=txn_pb2.ACCOUNT_KIND_DEBIT, currency_code="USD")
        return (await self.accounts.OpenAccount(request, metadata=self.who)).account.id

    @asynccontextmanager
    async def importer(self) -> AsyncIterator["Importer"]:
        """An importer process of its own: what it holds in memory is by the files of the block."""
        async with running("importer", self.environment, self.folder) as process:
            yield Importer(self, process)


@dataclass(frozen=True)
class Importer:
    product: Product
    process: Running

    async def take(self, account_id: str, path: Path, totals: Totals) -> Imported:
        """Drops a file into an account whose figures must be `totals` afterwards. Raises NotRight."""
        last, commits, spent = await self._newest(account_id), await self._commits(), await self._spent()
        await asyncio.to_thread(self._put, f"drops/{account_id}/{path.name}", path)
        seconds = await self._completed(account_id, last.id)
        await self._require(account_id, totals)
        await self._until_counted(commits + 1)
        return Imported(seconds, {step: value - spent[step] for step, value in (await self._spent()).items()})

    def _put(self, key: str, path: Path) -> None:
        with path.open("rb") as body:
            bucket = self.product.environment["STORI_UPLOADS_BUCKET"]
            self.product.s3.put_object(Bucket=bucket, Key=key, Body=body)

    async def _completed(self, account_id: str, last_id: str) -> float:
        """The seconds until an import newer than this one is COMPLETED."""
        started = time.perf_counter()
        while True:
            newest = await self._newest(account_id)
            seconds = time.perf_counter() - started
            if newest.id != last_id and newest.state == txn_pb2.IMPORT_STATE_COMPLETED:
                return seconds
            if (newest.id != last_id and newest.state not in UNDER_WAY) or seconds > IMPORT_SECONDS_MAX:
                raise NotRight(f"An import is {txn_pb2.ImportState.Name(newest.state)}: {newest.failure}")
            await asyncio.sleep(max(FIRST_LOOK_SECONDS, seconds * LATER_LOOK_SHARE))

    async def _newest(self, account_id: str) -> txn_pb2.Import:
        request = txn_pb2.ListImportsRequest(account_id=account_id, page_size=1)
        found = (await self.product.imports.ListImports(request, metadata=self.product.who)).imports
        return found[0] if found else txn_pb2.Import()

    async def _require(self, account_id: str, totals: Totals) -> None:
        request = txn_pb2.GetSummaryRequest(account_id=account_id)
        summary = (await self.product.accounts.GetSummary(request, metadata=self.product.who)).summary
        if not totals.are_those_of(summary):
            raise NotRight("After an import the account's summary is not what its files say.")

    async def _until_counted(self, commits: float) -> None:
        """A step is counted when it is over, a moment after all can see what it did."""
        for _ in range(COUNT_LOOKS_MAX):
            if await self._commits() == commits:
                return
            await asyncio.sleep(FIRST_LOOK_SECONDS)
        raise NotRight("The importer does not count its steps.")

    async def _spent(self) -> dict[str, float]:
        spent = await self.process.metric("stori_import_step_seconds_sum", "step")
        return {step: spent.get(step, 0.0) for step in STEPS}

    async def _commits(self) -> float:
        return (await self.process.metric("stori_import_step_seconds_count", "step")).get("commit", 0.0)


@asynccontextmanager
async def open_product(ground: Ground, urls: DatabaseUrls) -> AsyncIterator[Product]:
    """txn_svc on that database, without its importer."""
    issuer, port = Issuer(), free_port()
    s3 = _client("s3", ground)
    with issuer.serving() as keys_url:
        environment = {
            **aws_environment(ground.emulator.url),
            **_uploads(ground, s3),
            "STORI_DATABASE_URL": urls.application,
            "STORI_RPC_BIND": f"{LOOPBACK}:{port}",
            "COGNITO_ISSUER": ISSUER,
            "COGNITO_JWKS_URL": keys_url,
            "COGNITO_PERSON_CLIENT_IDS": CLIENT,
            "COGNITO_SERVICE_CLIENT_IDS": OTHER_CLIENT,
            # Large files are what is measured: nothing is to be given up for its size.
            "STORI_IMPORT_MAX_BYTES": str(FILE_BYTES_MAX),
            "STORI_DOWNLOAD_SECONDS": str(IMPORT_SECONDS_MAX),
            "STORI_CONSUMER_HANDLER_SECONDS": str(IMPORT_SECONDS_MAX),
        }
        async with (
            running("txn_svc", environment, ground.folder),
            grpc.aio.insecure_channel(f"{LOOPBACK}:{port}") as channel,
        ):
            yield Product(
                folder=ground.folder,
                urls=urls,
                environment=environment,
                s3=s3,
                accounts=txn_pb2_grpc.AccountServiceStub(channel),
                transactions=txn_pb2_grpc.TransactionServiceStub(channel),
                imports=txn_pb2_grpc.ImportServiceStub(channel),
                who=(("authorization", f"Bearer {issuer.token(SUBJECT)}"),),
            )


def _uploads(ground: Ground, s3: Any) -> dict[str, str]:
    """A versioned bucket that announces its objects to a queue, as in deploy/app.yaml."""
    sqs, name = _client("sqs", ground), f"bench-{uuid4()}"
    queue_url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    announce = {"QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]}
    s3.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration=announce)
    return {"STORI_UPLOADS_BUCKET": name, "STORI_IMPORTS_QUEUE_URL": queue_url}


def _client(service: str, ground: Ground) -> Any:
    # Once only, and with patience: the emulator takes a large object in one piece.
    config = Config(read_timeout=UPLOAD_SECONDS_MAX, retries={"total_max_attempts": 1})
    return boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=ground.emulator.url,
        region_name=REGION,
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        config=config,
    )
