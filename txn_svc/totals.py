"""The totals of an account, which have to fit 64 bits."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import psycopg
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from runtime.database import ReadSession
from runtime.refusals import FailedPrecondition

# So that no total, and no balance after any month, is ever larger.
_TOTALS = text("""
SELECT CAST(greatest(initial_balance_minor, 0) + sum(credit_total_minor) AS bigint),
  CAST(least(initial_balance_minor, 0) + sum(debit_total_minor) AS bigint)
FROM account_month JOIN account ON account.id = account_id WHERE account_id = :account_id GROUP BY account.id
""")


async def require_totals(session: ReadSession, account_id: UUID) -> None:
    """Raises FailedPrecondition (FIGURES_TOO_LARGE) where the account holds more than fits."""
    with too_large_refused():
        await session.execute(_TOTALS, {"account_id": account_id})


@contextmanager
def too_large_refused() -> Iterator[None]:
    """Turns a figure that does not fit the database's 64 bits into FailedPrecondition (FIGURES_TOO_LARGE)."""
    try:
        yield
    except DBAPIError as error:
        if isinstance(error.orig, psycopg.errors.NumericValueOutOfRange):
            raise FailedPrecondition("The figures would not fit 64 bits.", reason="FIGURES_TOO_LARGE") from None
        raise
