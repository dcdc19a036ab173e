"""SES feedback: an address that bounces for good, or whose holder complains, gets no more mail.

What became of each message is kept by its id, without the address. The notification's form:
https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
"""

import re
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import orjson
import structlog

from runtime.database import Database
from runtime.ids import from_id
from runtime.messages.consumer import Message
from runtime.messages.envelope import PREFIX
from runtime.messages.sns import unwrap
from runtime.refusals import InvalidArgument
from user_svc import store

RECIPIENTS_MAX = 50

# Each kind that is kept, with where its notification says when.
_KINDS: Final = {"Delivery": "delivery", "Bounce": "bounce", "Complaint": "complaint", "Reject": "reject"}
_DETAILS: Final = ("bounceType", "bounceSubType", "complaintFeedbackType")
_WORD: Final = re.compile(r"[A-Za-z0-9._-]{1,128}")

log = structlog.get_logger()


class Feedback:
    """Handles one message of the feedback queue; safe to repeat."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def handle(self, message: Message) -> None:
        """Raises ValueError for a body that is no feedback: it goes to the dead-letter queue."""
        # The subscription delivers raw, so an envelope of SNS is a stranger's.
        notification = orjson.loads(unwrap(message.body, ()))
        state, addresses = _verdict(notification)
        for address in addresses:
            async with self._database.write() as session:
                for user in await store.locked_by_email(session, address):
                    # A complaint outlasts a bounce: it is a person's word.
                    if user.email_state != "COMPLAINED":
                        await store.change(session, user, {"email_state": state}, "user.email_state")
        said = _said(notification, message.sent_at)
        if said is not None:
            async with self._database.write() as session:
                await store.keep_feedback(session, said)
        log.info("feedback", state=state, addresses=len(addresses))


def _verdict(notification: Any) -> tuple[str, list[str]]:
    if not isinstance(notification, dict):
        raise ValueError("SES feedback is not a JSON object.")  # noqa: TRY004 -- one kind of error for junk
    kind = _kind(notification)
    if kind == "Bounce" and notification["bounce"].get("bounceType") == "Permanent":
        return "BOUNCED", _addresses(notification["bounce"].get("bouncedRecipients"))
    if kind == "Complaint":
        return "COMPLAINED", _addresses(notification["complaint"].get("complainedRecipients"))
    return "", []


def _addresses(recipients: Any) -> list[str]:
    if not isinstance(recipients, list) or len(recipients) > RECIPIENTS_MAX:
        raise ValueError("SES feedback names no list of recipients, or too long a one.")
    return [str(recipient["emailAddress"]) for recipient in recipients]


def _kind(notification: dict[str, Any]) -> Any:
    return notification.get("notificationType") or notification.get("eventType")


def _said(notification: dict[str, Any], received: datetime) -> dict[str, Any] | None:
    """What is kept of a notification; None for one of another kind, or one that does not name its message."""
    kind, mail = str(_kind(notification)), _object(notification, "mail")
    message_id = str(mail.get("messageId", ""))
    if kind not in _KINDS or not _WORD.fullmatch(message_id):
        return None
    about = _object(notification, _KINDS[kind])
    words = [str(about[name]) for name in _DETAILS if name in about]
    return {
        "ses_message_id": message_id,
        "kind": kind.upper(),
        "detail": "/".join(word for word in words if _WORD.fullmatch(word)),
        "delivery_id": _delivery_id(_object(mail, "tags").get("delivery")),
        "time": _time(about.get("timestamp")) or received,
    }


def _object(document: dict[str, Any], name: str) -> dict[str, Any]:
    found = document.get(name)
    return found if isinstance(found, dict) else {}


def _delivery_id(tags: Any) -> UUID | None:
    """Of the tag that every attempt carries. A message of another sender has none, or another one."""
    try:
        return from_id(PREFIX, str(tags[0]))
    except (InvalidArgument, TypeError, LookupError):
        return None


def _time(value: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(str(value)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
