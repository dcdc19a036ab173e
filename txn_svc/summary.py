"""A summary as a message: of an account, or of one file."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from protos.txn.v1 import txn_pb2
from runtime.refusals import FailedPrecondition
from txn_svc.ledger.money import MAX_MINOR, MIN_MINOR
from txn_svc.ledger.months import MonthFigures, format_month, totals
from txn_svc.model import MonthColumns


def month_figures(row: MonthColumns | Row[Any]) -> MonthFigures:
    return MonthFigures(
        month=row.month,
        transaction_count=row.transaction_count,
        credit_count=row.credit_count,
        debit_count=row.debit_count,
        credit_total_minor=int(row.credit_total_minor),
        debit_total_minor=int(row.debit_total_minor),
    )


def summary_to_proto(
    currency_code: str, months: Sequence[MonthFigures], balance_before_minor: int | None = None
) -> txn_pb2.Summary:
    """The totals of contiguous months, which it lists. Closing balances only with the balance before the first of them.

    Raises FailedPrecondition (FIGURES_TOO_LARGE) where a sum does not fit 64 bits.
    """
    listed, whole = months_to_proto(months, balance_before_minor), totals(months)
    balance = (balance_before_minor or 0) + whole.credit_total_minor + whole.debit_total_minor
    return txn_pb2.Summary(
        currency_code=currency_code,
        balance_minor=0 if balance_before_minor is None else require_int64(balance),
        transaction_count=whole.transaction_count,
        credit_count=whole.credit_count,
        debit_count=whole.debit_count,
        credit_total_minor=require_int64(whole.credit_total_minor),
        debit_total_minor=require_int64(whole.debit_total_minor),
        average_credit_minor=whole.average_credit_minor,
        average_debit_minor=whole.average_debit_minor,
        months=listed,
    )


def months_to_proto(
    months: Sequence[MonthFigures], balance_before_minor: int | None = None
) -> list[txn_pb2.MonthSummary]:
    """Contiguous months, with closing balances where the balance before the first of them is given.

    Raises FailedPrecondition (FIGURES_TOO_LARGE) where a balance does not fit 64 bits.
    """
    balance, listed = balance_before_minor, []
    for figures in months:
        if balance is not None:
            balance += figures.credit_total_minor + figures.debit_total_minor
        listed.append(_month_to_proto(figures, balance))
    return listed


def _month_to_proto(figures: MonthFigures, closing_balance_minor: int | None) -> txn_pb2.MonthSummary:
    return txn_pb2.MonthSummary(
        month=format_month(figures.month),
        transaction_count=figures.transaction_count,
        credit_count=figures.credit_count,
        debit_count=figures.debit_count,
        credit_total_minor=require_int64(figures.credit_total_minor),
        debit_total_minor=require_int64(figures.debit_total_minor),
        average_credit_minor=figures.average_credit_minor,
        average_debit_minor=figures.average_debit_minor,
        closing_balance_minor=None if closing_balance_minor is None else require_int64(closing_balance_minor),
    )


def require_int64(value: int) -> int:
    """The value itself. Raises FailedPrecondition (FIGURES_TOO_LARGE) where it does not fit 64 bits."""
    # Every amount and the balance of today fit; a sum over some of them need not.
    if not MIN_MINOR <= value <= MAX_MINOR:
        raise FailedPrecondition("The sums asked for do not fit 64 bits.", reason="FIGURES_TOO_LARGE")
    return value
