"""A filter of transactions as SQL."""

import string
from collections.abc import Sequence

from sqlalchemy import ColumnElement, func

from txn_svc.model import Transaction
from txn_svc.transactions.listing import Filter


def matching(wanted: Filter) -> list[ColumnElement[bool]]:
    """The conditions of a filter; none for an empty one."""
    row = Transaction
    conditions: list[ColumnElement[bool]] = []
    if wanted.first is not None:
        conditions.append(row.booked_on >= wanted.first)
    if wanted.last is not None:
        conditions.append(row.booked_on <= wanted.last)
    if wanted.min_amount_minor is not None:
        conditions.append(row.amount_minor >= wanted.min_amount_minor)
    if wanted.max_amount_minor is not None:
        conditions.append(row.amount_minor <= wanted.max_amount_minor)
    if wanted.direction is not None:
        conditions.append(row.amount_minor > 0 if wanted.direction == "CREDIT" else row.amount_minor < 0)
    if wanted.category is not None:
        conditions.append(row.category == wanted.category)
    if wanted.import_id is not None:
        conditions.append(row.import_id == wanted.import_id)
    if wanted.words:
        # Implied by the other, but several times cheaper, so PostgreSQL asks it first.
        conditions += [row.description.ilike(f"%{word}%") for word in wanted.words]
        conditions.append(_has_words(wanted.words))
    return conditions


def _has_words(words: Sequence[str]) -> ColumnElement[bool]:
    # PostgreSQL's parser takes amazon.com for one word; without the punctuation both sides fall into the same words.
    spaced = func.translate(Transaction.description, string.punctuation, " " * len(string.punctuation))
    # A word holds no quote, backslash, % or _: listing.py has made them spaces.
    query = " & ".join(f"'{word}':*" for word in words)
    return func.to_tsvector("simple", spaced).bool_op("@@")(func.to_tsquery("simple", query))
