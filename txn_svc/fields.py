"""Checks of request fields: what reaches the database has been through one of these."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Any, Protocol
from uuid import UUID

from runtime.ids import from_id
from runtime.printable import is_printable
from runtime.refusals import InvalidArgument
from txn_svc.ledger.money import currency
from txn_svc.ledger.months import EARLIEST_DATE, LATEST_DATE, parse_month

BATCH_MAX = 100
"""The most ids a request may name."""

_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class ProtoEnum(Protocol):
    """A generated enum, of any message."""

    def Name(self, number: Any) -> str: ...  # noqa: N802 -- protobuf names it so

    def values(self) -> list[Any]: ...


class Fields:
    """Collects what is wrong with a request; `refuse` raises it all at once, as field violations.

    Each check gives the value in its inner form, or a harmless one where it is wrong.
    """

    def __init__(self) -> None:
        self.wrong: dict[str, str] = {}

    def text(self, field: str, value: str, *, at_most: int, required: bool = True) -> str:
        if required and not value.strip():
            self.wrong[field] = "must not be empty"
        elif len(value) > at_most:
            self.wrong[field] = f"must have at most {at_most} characters"
        elif not is_printable(value):
            self.wrong[field] = "must not contain control characters"
        return value

    def day(self, field: str, value: str) -> date | None:
        """None for an empty one. Years are 1900 to 2199, as in the ledger."""
        if not value:
            return None
        try:
            return _iso_date(value)
        except ValueError:
            self.wrong[field] = "must be a date of the form 2026-07-15"
            return None

    def month(self, field: str, value: str) -> date | None:
        """Its first day; None for an empty one."""
        if not value:
            return None
        try:
            return parse_month(value)
        except ValueError:
            self.wrong[field] = "must be a month of the form 2026-07"
            return None

    def currency(self, field: str, value: str) -> None:
        try:
            currency(value)
        except ValueError:
            self.wrong[field] = "must be a currency code of ISO 4217, such as USD"

    def choice(self, field: str, enum: ProtoEnum, value: int, *, required: bool = True) -> str:
        """The name of an enum's value: on the wire any number may stand there. Without `required` 0 is allowed too."""
        if value not in enum.values() or (required and value == 0):
            self.wrong[field] = "must be one of the enum's values"
            return ""
        return enum.Name(value)

    def refuse(self) -> None:
        if self.wrong:
            named = ", ".join(self.wrong)
            raise InvalidArgument(f"The request is not valid: {named}.", fields=self.wrong)


def batch_ids(prefix: str, field: str, values: Sequence[str], *, twice: bool = True) -> list[UUID]:
    """The ids of a batch, in its order. Raises InvalidArgument for a malformed one, for more than 100, and, where
    `twice` is not allowed, for a repeated one."""
    if len(values) > BATCH_MAX:
        raise too_many(field)
    ids = [from_id(prefix, value, f"{field}[{index}]") for index, value in enumerate(values)]
    if not twice and len(set(ids)) < len(ids):
        raise _wrong(field, "must not name one twice", "REPEATED_ID")
    return ids


def too_many(field: str) -> InvalidArgument:
    return _wrong(field, f"must name at most {BATCH_MAX}", "TOO_MANY_IDS")


def _wrong(field: str, what: str, reason: str) -> InvalidArgument:
    return InvalidArgument(f"The field {field} {what}.", reason=reason, fields={field: what})


def _iso_date(value: str) -> date:
    # date.fromisoformat alone also takes 20260715 and 2026-W29-3.
    if not _ISO_DATE.fullmatch(value):
        raise ValueError(value)
    day = date.fromisoformat(value)
    if not EARLIEST_DATE <= day <= LATEST_DATE:
        raise ValueError(value)
    return day
