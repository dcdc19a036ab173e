"""The notifier for tests: its core on the emulator's DynamoDB and a fake SES, its facts from a real gRPC server."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import grpc
import pytest
from pydantic import SecretStr

from local.emulator import REGION, Emulator
from notifier.clients import open_clients
from notifier.deliveries import Deliveries
from notifier.facts import Facts, RpcFacts
from notifier.handlers import News, Notifications
from notifier.reports import Reports
from notifier.sender import SesSender
from notifier.settings import NotifierSettings
from protos.events.v1 import events_pb2 as events
from protos.txn.v1 import txn_pb2 as txn
from protos.txn.v1 import txn_pb2_grpc as txn_rpc
from protos.user.v1 import user_pb2 as user
from protos.user.v1 import user_pb2_grpc as user_rpc
from runtime.aws import Aws
from runtime.call import current
from runtime.ids import new_id, to_id
from runtime.messages.consumer import Consumer
from runtime.messages.envelope import Event, event_of
from runtime.messages.message import Message
from runtime.refusals import NotFound, Unavailable
from runtime.rpc.server import RpcServerSettings, serve_rpc
from runtime.tokens import open_verifier
from tests.service.messaging import TestQueue
from tests.service.ses import FakeSes
from tests.service.tokens import MACHINE_CLIENT, MACHINE_SECRET, Issuer
from tests.unit.letters import facts

SERVICES = ("user.v1.UserService", "txn.v1.AccountService", "txn.v1.ImportService")


@dataclass
class Ledger(user_rpc.UserServiceServicer, txn_rpc.AccountServiceServicer, txn_rpc.ImportServiceServicer):
    """Answers what the notifier asks, from facts that a test lays down. `then` happens after a summary is answered.

    `reports` is what it was told of each mail, by the event: nothing while `is_deaf`, nothing yet while `hearing` is
    cleared; `telling` counts those who wait for it.
    """

    known: dict[str, Facts] = field(default_factory=dict)
    reports: defaultdict[str, list[user.Mail]] = field(default_factory=lambda: defaultdict(list))
    is_deaf: bool = False
    hearing: asyncio.Event = field(default_factory=asyncio.Event)
    telling: int = 0
    request_ids: list[str] = field(default_factory=list)
    is_down: bool = False
    then: Callable[[], object] = bool

    async def BatchGetImports(self, request: txn.BatchGetImportsRequest, context: Any) -> txn.BatchGetImportsResponse:
        self.request_ids.append(current().request_id)
        if self.is_down:
            raise Unavailable("down")
        found = [self.known[key].statement_import if key in self.known else None for key in request.import_ids]
        results = [
            txn.BatchGetImportsResult(import_id=key, statement_import=each)
            for key, each in zip(request.import_ids, found, strict=True)
        ]
        return txn.BatchGetImportsResponse(results=results)

    async def ListImportRows(self, request: txn.ListImportRowsRequest, context: Any) -> txn.ListImportRowsResponse:
        return txn.ListImportRowsResponse(rows=self.known[request.import_id].rejects)

    async def GetAccount(self, request: txn.GetAccountRequest, context: Any) -> txn.GetAccountResponse:
        return txn.GetAccountResponse(account=self._of(request.account_id).account)

    async def GetSummary(self, request: txn.GetSummaryRequest, context: Any) -> txn.GetSummaryResponse:
        answer = txn.GetSummaryResponse(summary=self._of(request.account_id).summary)
        self.then()
        return answer

    async def BatchGetUsers(self, request: user.BatchGetUsersRequest, context: Any) -> user.BatchGetUsersResponse:
        holders = {each.account.owner_subject: each.holder for each in self.known.values() if each.holder.email}
        results = [user.BatchGetUsersResult(key=key, user=holders.get(key)) for key in request.subjects]
        return user.BatchGetUsersResponse(results=results)

    async def ReportMail(self, request: user.ReportMailRequest, context: Any) -> user.ReportMailResponse:
        if self.is_deaf:
            raise Unavailable("deaf")
        self.telling += 1
        try:
            await self.hearing.wait()
        finally:
            self.telling -= 1
        self.request_ids.append(current().request_id)
        self.reports[request.mail.delivery_id].append(request.mail)
        return user.ReportMailResponse()

    def _of(self, account_id: str) -> Facts:
        found = [each for each in self.known.values() if each.statement_import.account_id == account_id]
        if not found:
            raise NotFound("There is no such account.", reason="ACCOUNT_NOT_FOUND")
        return found[0]


class Attempts:
    """What came of each message of the queue, by its id. None comes twice: a test says itself what is sent again."""

    def __init__(self, aws: Aws, notifications: Notifications) -> None:
        self.queue = TestQueue.create(aws)
        self.of: defaultdict[str, asyncio.Future[None]] = defaultdict(asyncio.Future)
        self._handle = notifications.handle

    async def handle(self, message: Message) -> None:
        try:
            await self._handle(message)
        except Exception as error:  # noqa: BLE001 -- it is the one who sent it who is told
            self.of[message.id].set_exception(error)
        else:
            self.of[message.id].set_result(None)

    @asynccontextmanager
    async def consumed(self, aws: Aws, settings: NotifierSettings) -> AsyncIterator[None]:
        """As in the notifier's process."""
        stopping = asyncio.Event()
        consuming = asyncio.create_task(Consumer(aws, self.queue.url, self.handle, settings).run(stopping))
        try:
            yield
        finally:
            stopping.set()
            await consuming


@dataclass
class Mailing:
    aws: Aws
    ses: FakeSes
    ledger: Ledger
    settings: NotifierSettings
    notifications: Notifications
    issuer: Issuer
    attempts: "Attempts"

    def environment(self) -> dict[str, str]:
        """The settings as environment variables, for a process of its own; all of AWS is behind the fake SES."""
        return {
            **self.issuer.environment(),
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_ENDPOINT_URL": self.ses.url,
            "STORI_ADMIN_BIND": "127.0.0.1:0",
            "STORI_USER_SVC_ADDRESS": self.settings.user_svc_address,
            "STORI_TXN_SVC_ADDRESS": self.settings.txn_svc_address,
            "STORI_DELIVERIES_TABLE": self.settings.deliveries_table,
            "STORI_MAIL_FROM": self.settings.mail_from,
            "STORI_WEB_URL": self.settings.web_url,
        }

    def settle_import(self, **changes: Any) -> Event:
        """Lays down a settled import of a holder of its own; its event, that of its undo where the facts have one."""
        found = facts(**changes)
        found.statement_import.id = to_id("imp", new_id())
        found.statement_import.account_id = found.account.id = to_id("acct", new_id())
        found.account.owner_subject = found.holder.subject = str(uuid4())
        self.ledger.known[found.statement_import.id] = found
        return event_for(found)

    async def handle(self, event: Event) -> None:
        await self.deliver(event.to_json())

    async def deliver(self, body: str) -> None:
        """Sends a message through the queue and waits for the attempt at it; raises what that raised."""
        sqs, url = self.aws.client("sqs"), self.attempts.queue.url
        answer = await self.aws.call(sqs.send_message, QueueUrl=url, MessageBody=body)
        await self.attempts.of[answer["MessageId"]]

    def delivery(self, event: Event) -> dict[str, str]:
        """The delivery's record, its values as text."""
        item = self.aws.client("dynamodb").get_item(
            TableName=self.settings.deliveries_table,
            Key={"delivery_id": {"S": to_id("evt", event.id)}},
            ConsistentRead=True,
        )["Item"]
        return {name: next(iter(value.values())) for name, value in item.items()}

    async def end_lease(self, event: Event) -> None:
        """What time does."""
        await self.aws.call(
            self.aws.client("dynamodb").update_item,
            TableName=self.settings.deliveries_table,
            Key={"delivery_id": {"S": to_id("evt", event.id)}},
            UpdateExpression="SET lease_until = :past",
            ExpressionAttributeValues={":past": {"N": "0"}},
        )


def event_for(facts: Facts) -> Event:
    found, undo = facts.statement_import, facts.undo
    import_id, account_id = found.id, found.account_id
    if facts.is_question:
        return _event_of(events.ImportNeedsAnswer(import_id=import_id, account_id=account_id))
    if found.state == txn.IMPORT_STATE_FAILED:
        code = txn.ImportFailureCode.Name(found.failure_code)
        return _event_of(events.ImportFailed(import_id=import_id, account_id=account_id, failure_code=code))
    if undo is None:
        return _event_of(events.ImportCompleted(import_id=import_id, account_id=account_id))
    reverted = events.ImportReverted(import_id=import_id, account_id=account_id)
    reverted.removed_count, reverted.kept_count = undo.removed_count, undo.kept_count
    return replace(_event_of(reverted), time=undo.time.ToDatetime(UTC))


def _event_of(news: News) -> Event:
    name = news.DESCRIPTOR.name
    return event_of(news, type=f"stori.txn.v1.{name}", source="stori/txn_svc", subject=news.import_id, sequence=1)


def message(body: str) -> Message:
    return Message(id=str(uuid4()), body=body, receive_count=1, sent_at=datetime.now(UTC), attributes={})


@asynccontextmanager
async def _ledger(issuer: Issuer) -> AsyncIterator[tuple[Ledger, str]]:
    ledger = Ledger()  # type: ignore[abstract]  # the notifier asks for nothing else

    def register(server: grpc.aio.Server) -> None:
        user_rpc.add_UserServiceServicer_to_server(ledger, server)
        txn_rpc.add_AccountServiceServicer_to_server(ledger, server)
        txn_rpc.add_ImportServiceServicer_to_server(ledger, server)

    settings = RpcServerSettings(environment="local", rpc_bind="127.0.0.1:0", drain_seconds=1)
    async with (
        open_verifier(issuer.settings()) as verifier,
        serve_rpc(settings, verifier.verify, register, SERVICES) as server,
    ):
        yield ledger, f"127.0.0.1:{server.port}"


def create_table(name: str, client: Any) -> None:
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "delivery_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "delivery_id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


@pytest.fixture(scope="module")
async def mailing_stage(emulator: Emulator) -> AsyncIterator[Mailing]:
    with pytest.MonkeyPatch.context() as patch, Issuer() as issuer, FakeSes(elsewhere=emulator.url) as ses:
        async with _ledger(issuer) as (ledger, address):
            patch.setenv("AWS_ACCESS_KEY_ID", "test")
            patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
            settings = NotifierSettings(
                environment="local",
                region=REGION,
                endpoint_url=emulator.url,
                domain_url=issuer.url,
                machine_client_id=MACHINE_CLIENT,
                machine_client_secret=SecretStr(MACHINE_SECRET),
                user_svc_address=address,
                txn_svc_address=address,
                deliveries_table=f"deliveries-{uuid4()}",
                mail_from="Stori <mail@stori.example>",
                web_url="https://stori.example",
                ses_configuration_set="stori",
            )
            aws = Aws(settings)
            aws_of_ses = Aws(settings.model_copy(update={"endpoint_url": ses.url}))
            sender = SesSender(aws_of_ses, settings)
            create_table(settings.deliveries_table, aws.client("dynamodb"))
            deliveries = Deliveries(aws, settings.deliveries_table)
            async with open_clients(settings) as clients:
                notifications = Notifications(RpcFacts(clients), deliveries, sender, Reports(clients), settings)
                attempts = Attempts(aws, notifications)
                async with attempts.consumed(aws, settings):
                    yield Mailing(aws, ses, ledger, settings, notifications, issuer, attempts)
            aws_of_ses.close()
            aws.close()


@pytest.fixture
def mailing(mailing_stage: Mailing) -> Mailing:
    """The module's notifier with a fresh SES; imports and their holders are each test's own."""
    mailing_stage.ses.forget()
    mailing_stage.ledger.request_ids.clear()
    mailing_stage.ledger.is_down = False
    mailing_stage.ledger.is_deaf = False
    mailing_stage.ledger.hearing.set()
    mailing_stage.ledger.then = bool
    return mailing_stage
