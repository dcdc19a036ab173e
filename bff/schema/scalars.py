"""The scalars, each as the text a client sees: what a service says is passed on, not read and written again."""

import re
from datetime import date
from typing import Final, NewType

import strawberry
from google.protobuf.timestamp_pb2 import Timestamp
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

Date = NewType("Date", str)
DateTime = NewType("DateTime", str)
Decimal = NewType("Decimal", str)
URL = NewType("URL", str)

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DECIMAL = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,4})?")


def date_of(text: str) -> Date | None:
    """A message's date; None where it is empty."""
    return Date(text) if text else None


def time_of(timestamp: Timestamp) -> DateTime:
    return DateTime(timestamp.ToJsonString())


def _read_date(value: object) -> Date:
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            return Date(date.fromisoformat(value).isoformat())
        except ValueError:
            pass
    raise GraphQLError("A Date is a day of the calendar, as 2026-07-15.")


def _read_decimal(value: object) -> Decimal:
    # A string only: a JSON number has been through floating point before anybody sees it.
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return Decimal(value)
    raise GraphQLError('A Decimal is a string of digits with an optional sign and fraction, as "-20.46".')


def _output_only(_: object) -> str:
    raise GraphQLError("This scalar is for output only.")


SCALARS: Final[dict[object, ScalarDefinition]] = {
    Date: strawberry.scalar(name="Date", description="2026-07-15", serialize=str, parse_value=_read_date),
    DateTime: strawberry.scalar(name="DateTime", description="RFC 3339, UTC", serialize=str, parse_value=_output_only),
    Decimal: strawberry.scalar(
        name="Decimal",
        description='"-20.46": a string, exact, with the currency\'s number of decimals',
        serialize=str,
        parse_value=_read_decimal,
    ),
    URL: strawberry.scalar(name="URL", serialize=str, parse_value=_output_only),
}
