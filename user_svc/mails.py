"""Mails that have ended, as the notifier reports them and as they are listed: checked, and as messages."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from protos.user.v1 import user_pb2 as pb
from runtime import call
from runtime.ids import from_id, prefix_of, to_id
from runtime.messages.envelope import PREFIX as EVENT_PREFIX
from runtime.refusals import InvalidArgument
from user_svc.model import Mail, MailFeedback

RESOURCES_MAX: Final = 100

_STATE: Final = "MAIL_STATE_"
_KIND: Final = "MAIL_FEEDBACK_KIND_"
# Of ids, codes and types: no address and no sentence is one.
_WORD: Final = re.compile(r"[A-Za-z0-9._-]{1,128}")
_KEY: Final = re.compile(r"[!-~]{1,256}")
_NOT_A_WORD: Final = "must be at most 128 of A-Z a-z 0-9 and ._-"


class Wanted(NamedTuple):
    """Which mails to list, by one of the three; the other two are None."""

    delivery_id: UUID | None = None
    resources: tuple[str, ...] | None = None
    ses_message_id: str | None = None


def reported(mail: pb.Mail) -> dict[str, Any]:
    """The columns of a reported mail. Raises InvalidArgument, naming every field that is wrong."""
    delivery_id = from_id(EVENT_PREFIX, mail.delivery_id, "mail.delivery_id")
    words = {"type": mail.type, "holder_subject": mail.holder_subject, "code": mail.code}
    words["ses_message_id"] = mail.ses_message_id
    wrong = {f"mail.{name}": _NOT_A_WORD for name, value in words.items() if value and not _WORD.fullmatch(value)}
    if not mail.type:
        wrong["mail.type"] = "must not be empty"
    if prefix_of(mail.resource) is None:
        wrong["mail.resource"] = "must be an id, such as imp_…"
    if not mail.state or mail.state not in pb.MailState.values():
        wrong["mail.state"] = "must be one of the enum's values"
    if mail.attempt < 0:
        wrong["mail.attempt"] = "must not be negative"
    settle_time = _moment(mail.settle_time) if mail.HasField("settle_time") else None
    if settle_time is None:
        wrong["mail.settle_time"] = "must be a time"
    if wrong:
        raise InvalidArgument(f"The mail is not valid: {', '.join(wrong)}.", fields=wrong)
    return {
        **words,
        "delivery_id": delivery_id,
        "resource": mail.resource,
        "state": pb.MailState.Name(mail.state).removeprefix(_STATE),
        "attempt": mail.attempt,
        "settle_time": settle_time,
        "request_id": call.current().request_id,
    }


def wanted(request: pb.ListMailsRequest) -> Wanted:
    """The one key of the request. Raises InvalidArgument where there is none, more than one, or no such key."""
    keys = ("delivery_id", "resources", "ses_message_id")
    given = [key for key in keys if getattr(request, key)]
    if len(given) != 1:
        raise InvalidArgument("Name mails by one key.", fields=dict.fromkeys(keys, "exactly one of the three"))
    if len(request.resources) > RESOURCES_MAX:
        raise InvalidArgument("Too many keys.", fields={"resources": f"must name at most {RESOURCES_MAX}"})
    for index, resource in enumerate(request.resources):
        if prefix_of(resource) is None:
            raise InvalidArgument("Not an id.", fields={f"resources[{index}]": "must be an id, such as imp_…"})
    if request.delivery_id:
        return Wanted(delivery_id=from_id(EVENT_PREFIX, request.delivery_id, "delivery_id"))
    if request.resources:
        return Wanted(resources=tuple(request.resources))
    if not _KEY.fullmatch(request.ses_message_id):
        what = "must be 1 to 256 printable characters of ASCII, without a space"
        raise InvalidArgument("Not the id of a message.", fields={"ses_message_id": what})
    return Wanted(ses_message_id=request.ses_message_id)


def mail_to_proto(mail: Mail, feedback: Sequence[MailFeedback]) -> pb.Mail:
    return pb.Mail(
        delivery_id=to_id(EVENT_PREFIX, mail.delivery_id),
        type=mail.type,
        resource=mail.resource,
        holder_subject=mail.holder_subject,
        state=pb.MailState.Value(f"{_STATE}{mail.state}"),
        code=mail.code,
        attempt=mail.attempt,
        ses_message_id=mail.ses_message_id,
        settle_time=_timestamp(mail.settle_time),
        request_id=mail.request_id,
        feedback=[_feedback_to_proto(one) for one in feedback],
    )


def _feedback_to_proto(feedback: MailFeedback) -> pb.MailFeedback:
    return pb.MailFeedback(
        kind=pb.MailFeedbackKind.Value(f"{_KIND}{feedback.kind}"),
        detail=feedback.detail,
        ses_message_id=feedback.ses_message_id,
        time=_timestamp(feedback.time),
    )


def _timestamp(value: datetime) -> Timestamp:
    timestamp = Timestamp()
    timestamp.FromDatetime(value)
    return timestamp


def _moment(timestamp: Timestamp) -> datetime | None:
    try:
        return timestamp.ToDatetime(UTC)
    except (ValueError, OverflowError):
        return None
