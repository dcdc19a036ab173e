"""Everything between an upload and the bounce of its mail, in this process: both services, importer, relay, notifier,
feedback, with a fake SES in front of the emulator's other services."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest
from pydantic import SecretStr

from local.emulator import REGION, Emulator
from notifier.clients import open_clients
from notifier.deliveries import Deliveries
from notifier.facts import RpcFacts
from notifier.handlers import Notifications
from notifier.reports import Reports
from notifier.sender import SesSender
from notifier.settings import NotifierSettings
from protos.txn.v1 import txn_pb2
from runtime.aws import Aws
from runtime.database import Database
from runtime.messages.consumer import Consumer
from runtime.messages.relay import Publisher, Relay
from runtime.messages.sns import SnsPublisher
from runtime.messages.sqs import SqsPublisher
from tests.service.importing import Uploads, until_stopped
from tests.service.mailing import create_table
from tests.service.messaging import TestQueue, create_topic, eventually
from tests.service.ses import FakeSes
from tests.service.stori import Stori
from tests.service.tokens import MACHINE_CLIENT, MACHINE_SECRET
from tests.service.txn import Client, Txn
from tests.service.users import UserSvc, ensured
from txn_svc.imports.due import IMPORTS
from txn_svc.imports.settle import EVENTS
from user_svc.feedback import Feedback


@dataclass
class Whole:
    """`txn` and `users` are the running services; `ses` is what has the mails."""

    txn: Txn
    txn_database: Database
    users: UserSvc
    ses: FakeSes
    aws: Aws
    feedback: TestQueue

    async def holder(self, **info: object) -> Client:
        """Somebody who is registered, with what Cognito says of them."""
        person = await self.txn.person()
        self.users.issuer.people[person.subject] = info
        await ensured(self.users, person.subject)
        return person

    def shell(self, folder: Path, token: str) -> Stori:
        return Stori(
            folder,
            {
                "STORI_ENVIRONMENT": "local",
                "STORI_USER_SVC_ADDRESS": f"127.0.0.1:{self.users.port}",
                "STORI_TXN_SVC_ADDRESS": f"127.0.0.1:{self.txn.port}",
                "STORI_TOKEN": token,
            },
        )

    async def mailed(self, found: txn_pb2.Import) -> dict[str, Any]:
        """The mail of an import as user_svc has it, once it was reported."""

        def look() -> bool:
            return bool(self._mails(found.id))

        await eventually(look)
        return self._mails(found.id)[0]

    async def bounce(self, ses_message_id: str, address: str) -> None:
        """What SES tells of a message that bounced for good; returns when it was taken."""
        bounced = {"bounceType": "Permanent", "bounceSubType": "General", "timestamp": "2126-11-20T12:00:00.000Z"}
        recipients = [{"emailAddress": address, "diagnosticCode": f"smtp; 550 no {address}"}]
        document = {
            "eventType": "Bounce",
            "bounce": {**bounced, "bouncedRecipients": recipients},
            "mail": {"messageId": ses_message_id, "destination": [address], "source": "mail@stori.example"},
        }
        await self.feedback.send(orjson.dumps(document).decode())
        await eventually(self.feedback.is_empty)

    def _mails(self, import_id: str) -> list[dict[str, Any]]:
        columns = ("delivery_id", "ses_message_id", "state")
        found = self.users.rows(f"SELECT {', '.join(columns)} FROM mail WHERE resource = '{import_id}'")
        return [dict(zip(columns, row, strict=True)) for row in found]


@pytest.fixture(scope="module")
async def whole(
    txn_whole: Txn, users: UserSvc, uploads: Uploads, txn_database: Database, imports_aws: Aws, emulator: Emulator
) -> AsyncIterator[Whole]:
    topic, notifications, feedback = create_topic(imports_aws), *(TestQueue.create(imports_aws) for _ in range(2))
    notifications.subscribe(topic)
    settings = NotifierSettings(
        environment="local",
        region=REGION,
        endpoint_url=emulator.url,
        domain_url=users.issuer.url,
        machine_client_id=MACHINE_CLIENT,
        machine_client_secret=SecretStr(MACHINE_SECRET),
        user_svc_address=f"127.0.0.1:{users.port}",
        txn_svc_address=f"127.0.0.1:{txn_whole.port}",
        deliveries_table=f"deliveries-{uuid4()}",
        mail_from="Stori <mail@stori.example>",
        web_url="https://stori.example",
        consumer_poll_seconds=1,
        consumer_retry_first_seconds=0,
    )
    create_table(settings.deliveries_table, imports_aws.client("dynamodb"))
    async with AsyncExitStack() as stack:
        ses = stack.enter_context(FakeSes(elsewhere=emulator.url))
        aws_of_ses = Aws(settings.model_copy(update={"endpoint_url": ses.url}))
        stack.callback(aws_of_ses.close)
        clients = await stack.enter_async_context(open_clients(settings))
        deliveries, sender = Deliveries(imports_aws, settings.deliveries_table), SesSender(aws_of_ses, settings)
        handle = Notifications(RpcFacts(clients), deliveries, sender, Reports(clients), settings).handle
        publishers: dict[str, Publisher] = {
            IMPORTS: SqsPublisher(imports_aws, uploads.queue.url),
            EVENTS: SnsPublisher(imports_aws, topic, fifo=False),
        }
        importer = uploads.importer(txn_database).handle
        for run in (
            Relay(txn_database.url, publishers).run,
            Consumer(imports_aws, uploads.queue.url, importer, uploads.settings).run,
            Consumer(imports_aws, notifications.url, handle, settings).run,
            Consumer(imports_aws, feedback.url, Feedback(users.database).handle, settings).run,
        ):
            await stack.enter_async_context(until_stopped(run))
        yield Whole(txn_whole, txn_database, users, ses, imports_aws, feedback)
