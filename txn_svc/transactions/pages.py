"""One page of transactions as a message."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from protos.txn.v1 import txn_pb2
from runtime.pages import page_token
from txn_svc.summary import require_int64
from txn_svc.transactions.listing import Listing
from txn_svc.transactions.mapping import transaction_to_proto
from txn_svc.transactions.store import Ledger, Total


def page_to_proto(
    listing: Listing,
    account_ids: Collection[UUID],
    ledgers: Mapping[UUID, Ledger],
    rows: Sequence[Row[Any]],
    totals: Mapping[UUID, Total] | None,
) -> txn_pb2.ListTransactionsResponse:
    """`rows` as they were read, one more than the page where another follows; `account_ids` as they were asked for."""
    read = rows[: listing.size]
    page = read[::-1] if listing.backward else read
    listed = listing.fingerprint(account_ids)
    tokens = [page_token(listed, listing.position(row.booked_on, row.amount_minor, row.id)) for row in page]
    last = 0 if listing.backward else -1
    answer = txn_pb2.ListTransactionsResponse(
        transactions=[transaction_to_proto(row, ledgers[row.account_id].currency_code) for row in page],
        page_tokens=tokens,
        next_page_token=tokens[last] if len(rows) > listing.size else "",
    )
    if totals is not None:
        _add_totals(answer, ledgers.values(), totals.values())
    return answer


def _add_totals(
    answer: txn_pb2.ListTransactionsResponse, ledgers: Collection[Ledger], totals: Collection[Total]
) -> None:
    answer.total_count = sum(total.transaction_count for total in totals)
    currencies = {ledger.currency_code for ledger in ledgers}
    if len(currencies) == 1:
        answer.total_minor = require_int64(sum(total.amount_minor for total in totals))
        answer.total_currency_code = currencies.pop()
