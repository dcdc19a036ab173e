"""The bounds of a ledger."""

from pydantic import Field

from runtime.settings import Settings


class LedgerSettings(Settings):
    accounts_per_holder: int = Field(100, ge=1, description="One more is refused with TOO_MANY_ACCOUNTS.")
    summary_months: int = Field(36_000, ge=3600, le=36_000, description="Months in one answer, over all its accounts.")
    account_wait_seconds: float = Field(
        1,
        ge=0,
        le=30,
        description="How long a change waits for an account that something larger is changing.",
    )
    batch_transactions: int = Field(5000, ge=100, description="Accounts × page size of one BatchListTransactions.")
