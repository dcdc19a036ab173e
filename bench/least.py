"""The least that a mail for each message asks of AWS: claim, send, record. No facts, no letter, no process of ours."""

import json
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from typing import Any

from bench.system import System
from bench.tap import BATCH, Message, Tap
from local.stack import MAIL_FROM

# As long as a mail of the notifier's.
LINE, LINES = "x" * 76, 510


class Least:
    """The bare loop at a queue like the notifier's, with ten messages at once between receive and delete."""

    def __init__(self, system: System) -> None:
        self.tap = Tap(system, system.outputs["EventsTopicArn"])
        self._dynamodb, self._ses = system.aws("dynamodb"), system.aws("sesv2")
        self._table, self._set = system.outputs["DeliveriesTable"], system.outputs["MailConfigurationSet"]

    def take(self, count: int) -> None:
        """`count` messages, each claimed, mailed and recorded once."""
        with ThreadPoolExecutor(BATCH) as threads:
            self.tap.take(count, handle=lambda messages: list(threads.map(self._mail, messages)))

    def _mail(self, message: Message) -> None:
        delivery_id = f"least-{json.loads(message['Body'])['id']}"

        self._dynamodb.put_item(
            TableName=self._table,
            Item={"delivery_id": {"S": delivery_id}, "state": {"S": "SENDING"}},
            ConditionExpression="attribute_not_exists(delivery_id)",
        )
        answer = self._ses.send_email(**self._request(delivery_id))
        self._dynamodb.update_item(
            TableName=self._table,
            Key={"delivery_id": {"S": delivery_id}},
            UpdateExpression="SET #state = :sent, ses_message_id = :id",
            ConditionExpression="#state = :sending",
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues={
                ":sent": {"S": "SENT"},
                ":sending": {"S": "SENDING"},
                ":id": {"S": answer["MessageId"]},
            },
        )

    def _request(self, delivery_id: str) -> dict[str, Any]:
        return {
            "FromEmailAddress": MAIL_FROM,
            "Destination": {"ToAddresses": ["least@stori.example"]},
            "Content": {"Raw": {"Data": _mime(delivery_id)}},
            "EmailTags": [{"Name": "delivery", "Value": delivery_id}],
            "ConfigurationSetName": self._set,
        }


def _mime(delivery_id: str) -> bytes:
    head = EmailMessage()
    head["From"], head["To"], head["Subject"] = MAIL_FROM, "least@stori.example", "Least"
    head["X-Stori-Delivery"] = delivery_id
    return head.as_bytes() + "\n".join([LINE] * LINES).encode()
