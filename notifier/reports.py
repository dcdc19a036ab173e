"""What became of each mail, told to user_svc, where `stori trace` finds it."""

import re

from google.protobuf.timestamp_pb2 import Timestamp

from notifier.clients import Clients
from notifier.deliveries import Delivery
from protos.user.v1 import user_pb2 as user

# What user_svc takes for a word. SES's codes and ids are such; another one would keep the message from ever being done.
_OTHER_CHARACTERS = re.compile(r"[^A-Za-z0-9._-]")
WORD_MAX = 128


class Reports:
    """Reports settled deliveries; user_svc takes a second report of one for the first."""

    def __init__(self, clients: Clients) -> None:
        self._users = clients.users

    async def report(self, delivery: Delivery) -> None:
        """Raises a Refusal where user_svc has not kept it: nothing else will tell it."""
        settle_time = Timestamp()
        settle_time.FromDatetime(delivery.update_time)
        mail = user.Mail(
            delivery_id=delivery.delivery_id,
            type=delivery.type,
            resource=delivery.subject,
            holder_subject=delivery.holder_subject,
            state=user.MailState.Value(f"MAIL_STATE_{delivery.state}"),
            code=_word(delivery.code),
            attempt=delivery.attempt,
            ses_message_id=_word(delivery.ses_message_id),
            settle_time=settle_time,
        )
        await self._users.ReportMail(user.ReportMailRequest(mail=mail))


def _word(text: str) -> str:
    return _OTHER_CHARACTERS.sub("_", text)[:WORD_MAX]
