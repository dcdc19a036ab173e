"""Accounts and their coverage as messages."""

from collections.abc import Iterable

from protos.txn.v1 import txn_pb2
from runtime.ids import to_id
from txn_svc.accounts.store import Seen
from txn_svc.ledger.coverage import Period

KIND_PREFIX = "ACCOUNT_KIND_"


def account_to_proto(seen: Seen, *, full: bool = False) -> txn_pb2.Account:
    account = seen.account
    message = txn_pb2.Account(
        id=to_id("acct", account.id),
        name=account.name,
        kind=txn_pb2.AccountKind.Value(KIND_PREFIX + account.kind),
        currency_code=account.currency_code,
        access=txn_pb2.Access.Value(f"ACCESS_{seen.access or 'UNSPECIFIED'}"),
        balance_minor=account.balance_minor,
        opening_balance_minor=account.opening_balance_minor,
        opening_date=account.opening_date.isoformat() if account.opening_date else "",
        initial_balance_minor=account.initial_balance_minor,
        ledger_digest=(seen.digest or "") if full else "",
        owner_subject=seen.owner_subject or "",
    )
    message.create_time.FromDatetime(account.create_time)
    if account.close_time is not None:
        message.close_time.FromDatetime(account.close_time)
    return message


def coverage_to_proto(periods: Iterable[Period]) -> txn_pb2.ListCoverageResponse:
    return txn_pb2.ListCoverageResponse(
        periods=[
            txn_pb2.CoveragePeriod(
                from_date=period.from_date.isoformat(),
                to_date=period.to_date.isoformat(),
                proof=txn_pb2.Proof.Value(f"PROOF_{period.proof}"),
            )
            for period in periods
        ]
    )
