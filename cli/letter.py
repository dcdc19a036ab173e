"""What an operator is shown of a dead letter: of what kind it is, whom it is about by id, and why it is dead.

Never its body, nor any text of it that is not one of a known form: file names, addresses and amounts stand there.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_plus

from runtime.ids import prefix_of
from runtime.messages.dead_letters import Record

UNREADABLE, FOREIGN = "unreadable", "foreign"
IDS_MAX = 10
_PREFIXES = frozenset({"evt", "imp", "acct", "user"})
_EVENT_TYPE = re.compile(r"stori\.(user|txn)\.v1\.[A-Za-z]{1,60}")
_S3_EVENT = re.compile(r"(?:s3:)?([A-Za-z]{1,40}:[A-Za-z]{1,40})")
_FEEDBACK = frozenset({"Bounce", "Complaint", "Delivery", "Reject"})


@dataclass(frozen=True)
class Letter:
    """A dead letter as it was received. `type` is its event's, or UNREADABLE or FOREIGN."""

    raw: Mapping[str, Any] = field(repr=False)
    record: Record
    type: str
    ids: tuple[str, ...]

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> "Letter":
        kind, ids = described(raw["Body"])
        return cls(raw, Record.of(raw), kind, ids)

    @property
    def id(self) -> str:
        """The message id in the worker's log; that of the dead-letter queue is another where the worker moved it."""
        return self.record.message_id

    @property
    def reason(self) -> str:
        return self.record.reason or "not recorded"

    @property
    def age_seconds(self) -> float:
        """Since it was first sent."""
        return max(0.0, (datetime.now(UTC) - self.record.sent_at).total_seconds())

    def to_document(self) -> dict[str, Any]:
        found = self.record
        return {
            "id": self.id,
            "type": self.type,
            "ids": list(self.ids),
            "reason": found.reason or None,
            "receiveCount": found.receive_count,
            "sentTime": _moment(found.sent_at),
            "failTime": _moment(found.failed_at),
        }

    def to_row(self) -> tuple[str, ...]:
        return (
            self.id,
            self.type,
            " ".join(self.ids),
            self.reason,
            "" if self.record.receive_count is None else str(self.record.receive_count),
            _moment(self.record.sent_at) or "",
            _moment(self.record.failed_at) or "",
        )


COLUMNS = ("id", "type", "about", "reason", "receives", "sent", "failed")


def described(body: str) -> tuple[str, tuple[str, ...]]:
    """The type and the ids of a message of any of the queues: a CloudEvent, S3's announcement, or SES's feedback."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return UNREADABLE, ()
    if not isinstance(found, dict):
        return FOREIGN, ()
    if "specversion" in found:
        return _matching(_EVENT_TYPE, found.get("type")), _ids(found.get("id"), found.get("subject"))
    if isinstance(found.get("Records"), list):
        records = [one for one in found["Records"][:IDS_MAX] if isinstance(one, dict)]
        kind = _matching(_S3_EVENT, records[0].get("eventName")) if records else FOREIGN
        return kind, _ids(*(part for one in records for part in _key(one).split("/")))
    feedback = found.get("notificationType") or found.get("eventType")
    return (feedback if isinstance(feedback, str) and feedback in _FEEDBACK else FOREIGN), ()


def _matching(pattern: re.Pattern[str], text: Any) -> str:
    return text if isinstance(text, str) and pattern.fullmatch(text) else FOREIGN


def _ids(*candidates: Any) -> tuple[str, ...]:
    whole = (one for one in candidates if isinstance(one, str) and prefix_of(one) in _PREFIXES)
    return tuple(dict.fromkeys(whole))[:IDS_MAX]


def _key(record: Mapping[str, Any]) -> str:
    """Of its parts only those are shown that are whole ids."""
    try:
        return unquote_plus(str(record["s3"]["object"]["key"]))
    except (KeyError, TypeError):
        return ""


def _moment(time: datetime | None) -> str | None:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ") if time else None
