"""SES feedback: an address that bounces for good, or whose holder complains, gets no more mail.

The notification's form: https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html
"""

from typing import Any

import orjson
import structlog

from runtime.database import Database
from runtime.messages.consumer import Message
from runtime.messages.sns import unwrap
from user_svc import store

RECIPIENTS_MAX = 50

log = structlog.get_logger()


class Feedback:
    """Handles one message of the feedback queue; safe to repeat."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def handle(self, message: Message) -> None:
        """Raises ValueError for a body that is no feedback: it goes to the dead-letter queue."""
        # The subscription delivers raw, so an envelope of SNS is a stranger's.
        state, addresses = _verdict(orjson.loads(unwrap(message.body, ())))
        for address in addresses:
            async with self._database.write() as session:
                for user in await store.locked_by_email(session, address):
                    # A complaint outlasts a bounce: it is a person's word.
                    if user.email_state != "COMPLAINED":
                        await store.change(session, user, {"email_state": state}, "user.email_state")
        log.info("feedback", state=state, addresses=len(addresses))


def _verdict(notification: Any) -> tuple[str, list[str]]:
    if not isinstance(notification, dict):
        raise ValueError("SES feedback is not a JSON object.")  # noqa: TRY004 -- one kind of error for junk
    kind = notification.get("notificationType") or notification.get("eventType")
    if kind == "Bounce" and notification["bounce"].get("bounceType") == "Permanent":
        return "BOUNCED", _addresses(notification["bounce"].get("bouncedRecipients"))
    if kind == "Complaint":
        return "COMPLAINED", _addresses(notification["complaint"].get("complainedRecipients"))
    return "", []


def _addresses(recipients: Any) -> list[str]:
    if not isinstance(recipients, list) or len(recipients) > RECIPIENTS_MAX:
        raise ValueError("SES feedback names no list of recipients, or too long a one.")
    return [str(recipient["emailAddress"]) for recipient in recipients]
