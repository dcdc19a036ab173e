"""Events on the wire: CloudEvents 1.0 in JSON structured mode (https://github.com/cloudevents/spec/tree/v1.0.2).

Extensions: `sequence`, the subject's own counter, as 19 zero-padded digits, since that extension wants an order that
plain text comparison shows; `traceparent` (W3C Trace Context); `requestid`. `data` is protojson: int64 are strings.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

import orjson
from google.protobuf import json_format
from google.protobuf.message import Message

from runtime import call, ids
from runtime.refusals import InvalidArgument

M = TypeVar("M", bound=Message)

PREFIX = "evt"
SEQUENCE_DIGITS = 19
TEXT_MAX = 256
_CONTENT_TYPE = "application/json"
_SCHEMA = "urn:stori:"
_TEXT = re.compile(rf"[!-~]{{1,{TEXT_MAX}}}")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_SEQUENCE = re.compile(rf"[0-9]{{1,{SEQUENCE_DIGITS}}}")
_TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


@dataclass(frozen=True)
class Event:
    """One event. `subject` is the id of what it is about, `sequence` grows with each event of that subject,
    `time` is UTC, `dataschema` names the message type of `data` (urn:stori:events.v1.ImportCompleted).
    """

    id: UUID
    type: str
    source: str
    subject: str
    sequence: int
    time: datetime
    data: dict[str, Any]
    request_id: str
    traceparent: str
    dataschema: str

    def to_json(self) -> str:
        attributes = {
            "specversion": "1.0",
            "id": ids.to_id(PREFIX, self.id),
            "source": self.source,
            "type": self.type,
            "time": self.time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "subject": self.subject,
            "datacontenttype": _CONTENT_TYPE,
            "dataschema": self.dataschema,
            "sequence": f"{self.sequence:0{SEQUENCE_DIGITS}d}",
            "traceparent": self.traceparent,
            "requestid": self.request_id,
            "data": self.data,
        }
        # ASCII, every other character escaped: SNS and SQS refuse a message for some characters of Unicode.
        return json.dumps(attributes, separators=(",", ":"), allow_nan=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> "Event":
        """The event of a message's body; attributes it does not know are ignored.

        Raises ValueError, which names the attribute that is missing or malformed and never quotes its value.
        """
        found = _object(text)
        if found.get("specversion") != "1.0":
            raise _wrong("specversion")
        if found.get("datacontenttype", _CONTENT_TYPE) != _CONTENT_TYPE:
            raise _wrong("datacontenttype")
        return cls(
            id=_id(found),
            type=_matching(found, "type", _TEXT),
            source=_matching(found, "source", _TEXT),
            subject=_matching(found, "subject", _TEXT),
            sequence=_sequence(found),
            time=_time(found),
            data=_data(found),
            request_id=_request_id(found),
            traceparent=_matching(found, "traceparent", _TRACEPARENT),
            dataschema=_matching(found, "dataschema", _TEXT),
        )

    def read(self, message_class: Callable[[], M]) -> M:
        """`data` as a message, unknown fields ignored. Raises ValueError if it is malformed or another message's."""
        message = message_class()
        if self.dataschema != _schema_of(message):
            raise _wrong("dataschema")
        try:
            json_format.ParseDict(self.data, message, ignore_unknown_fields=True)
        except (json_format.ParseError, RecursionError):
            raise _wrong("data") from None
        return message

    def as_call(self) -> call.Call:
        """The call in which to handle this event: its request id, its trace, the deadline of whoever handles it."""
        return call.Call(
            self.request_id, call.new_traceparent(self.traceparent), caller=None, deadline=call.current().deadline
        )


def event_of(message: Message, *, type: str, source: str, subject: str, sequence: int) -> Event:  # noqa: A002 – CloudEvents' name
    """A new event that carries `message`, caused by the call being served."""
    current = call.current()
    return Event(
        id=ids.new_id(),
        type=type,
        source=source,
        subject=subject,
        sequence=sequence,
        time=datetime.now(UTC),
        # Zeros are stated: a reader in another language should not have to know protobuf's defaults.
        data=json_format.MessageToDict(message, always_print_fields_with_no_presence=True),
        request_id=current.request_id,
        traceparent=current.traceparent,
        dataschema=_schema_of(message),
    )


def _schema_of(message: Message) -> str:
    return f"{_SCHEMA}{message.DESCRIPTOR.full_name}"


def _object(text: str | bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise ValueError("The event is not JSON.") from None
    if not isinstance(found, dict):
        raise ValueError("The event is not a JSON object.")  # noqa: TRY004 – one kind of error for one kind of fault
    return found


def _wrong(attribute: str) -> ValueError:
    return ValueError(f"The event's `{attribute}` is missing or malformed.")


def _matching(found: Mapping[str, Any], attribute: str, pattern: re.Pattern[str]) -> str:
    value = found.get(attribute)
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise _wrong(attribute)
    return value


def _id(found: Mapping[str, Any]) -> UUID:
    try:
        return ids.from_id(PREFIX, _matching(found, "id", _TEXT))
    except InvalidArgument:
        raise _wrong("id") from None


def _sequence(found: Mapping[str, Any]) -> int:
    value = int(_matching(found, "sequence", _SEQUENCE))
    if value >= 1 << 63:
        raise _wrong("sequence")
    return value


def _time(found: Mapping[str, Any]) -> datetime:
    try:
        return datetime.fromisoformat(_matching(found, "time", _TIME).upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _wrong("time") from None


def _data(found: Mapping[str, Any]) -> dict[str, Any]:
    value = found.get("data")
    if not isinstance(value, dict):
        raise _wrong("data")
    return value


def _request_id(found: Mapping[str, Any]) -> str:
    value = _matching(found, "requestid", _TEXT)
    if call.new_request_id(value) != value:
        raise _wrong("requestid")
    return value
