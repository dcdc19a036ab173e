"""What a list of transactions is asked for, checked and in its inner form."""

import string
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, Protocol
from uuid import UUID

from protos.txn.v1 import txn_pb2
from runtime.ids import from_id
from runtime.pages import Position, invalid_page_token, list_of, page_size, position_of
from txn_svc.fields import Fields

TEXT_CHARACTERS_MAX = 100
CATEGORY_CHARACTERS_MAX = 100

_ORDERS = txn_pb2.TransactionOrder
_SPACES = str.maketrans(dict.fromkeys(string.punctuation, " "))


@dataclass(frozen=True)
class Filter:
    """Every field narrows; None does not. `words` are beginnings of words of the description, all of them wanted."""

    first: date | None
    last: date | None
    min_amount_minor: int | None
    max_amount_minor: int | None
    words: tuple[str, ...]
    category: str | None
    direction: str | None
    import_id: UUID | None

    @property
    def is_empty(self) -> bool:
        return self == _EMPTY


_EMPTY = Filter(None, None, None, None, (), None, None, None)


@dataclass(frozen=True)
class Listing:
    """One order of the transactions that a filter lets through, and which page of it is wanted."""

    filter: Filter
    by_amount: bool
    descending: bool
    size: int
    backward: bool
    filter_bytes: bytes

    @property
    def reads_descending(self) -> bool:
        """The direction in which the page is read; a backward page is turned round afterwards."""
        return self.descending != self.backward

    def fingerprint(self, account_ids: Collection[UUID]) -> bytes:
        """Of this list of these accounts; no account stands for all of the caller's."""
        accounts = b"".join(sorted(account_id.bytes for account_id in account_ids))
        return list_of("transactions", self.by_amount, self.descending, accounts, self.filter_bytes)

    def position(self, booked_on: date, amount_minor: int, transaction_id: UUID) -> Position:
        return Position(amount_minor if self.by_amount else booked_on.toordinal(), transaction_id)


class Key(NamedTuple):
    """A position in the terms of the rows: the date or the amount, and the id."""

    value: date | int
    id: UUID


class ListRequest(Protocol):
    """What ListTransactions and BatchListTransactions share."""

    @property
    def filter(self) -> txn_pb2.TransactionFilter: ...
    @property
    def order(self) -> txn_pb2.TransactionOrder.ValueType: ...
    @property
    def page_size(self) -> int: ...
    @property
    def backward(self) -> bool: ...


def listing_of(request: ListRequest) -> Listing:
    fields = Fields()
    order = fields.choice("order", _ORDERS, request.order, required=False)
    wanted = _filter(fields, request.filter)
    fields.refuse()
    return Listing(
        filter=wanted,
        by_amount="AMOUNT" in order,
        descending=not order.endswith("_ASC"),
        size=page_size(request.page_size),
        backward=request.backward,
        filter_bytes=request.filter.SerializeToString(deterministic=True),
    )


def filter_of(asked: txn_pb2.TransactionFilter) -> Filter:
    fields = Fields()
    wanted = _filter(fields, asked)
    fields.refuse()
    return wanted


def start_of(listing: Listing, account_ids: Collection[UUID], page_token: str) -> Key | None:
    """Where a page starts; None at the list's beginning. Raises InvalidArgument (INVALID_PAGE_TOKEN)."""
    position = position_of(listing.fingerprint(account_ids), page_token)
    if position is None:
        return None
    if listing.by_amount:
        return Key(position.key, position.id)
    if not 1 <= position.key <= date.max.toordinal():
        raise invalid_page_token()
    return Key(date.fromordinal(position.key), position.id)


def _filter(fields: Fields, asked: txn_pb2.TransactionFilter) -> Filter:
    text = fields.text("filter.text", asked.text, at_most=TEXT_CHARACTERS_MAX, required=False)
    category = fields.text("filter.category", asked.category, at_most=CATEGORY_CHARACTERS_MAX, required=False)
    direction = fields.choice("filter.direction", txn_pb2.Direction, asked.direction, required=False)
    return Filter(
        first=fields.day("filter.from_date", asked.from_date),
        last=fields.day("filter.until_date", asked.until_date),
        min_amount_minor=asked.min_amount_minor if asked.HasField("min_amount_minor") else None,
        max_amount_minor=asked.max_amount_minor if asked.HasField("max_amount_minor") else None,
        words=tuple(text.translate(_SPACES).split()),
        category=category or None,
        direction=direction.removeprefix("DIRECTION_") if asked.direction else None,
        import_id=from_id("imp", asked.import_id, "filter.import_id") if asked.import_id else None,
    )
