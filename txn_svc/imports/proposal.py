"""The opening that a file proposes to its account: the balance at the beginning of its first day, as it proves it."""

from datetime import date

from sqlalchemy import ColumnElement, Date, DateTime, ScalarSelect, and_, case, cast, exists, false, func, or_, select

from txn_svc.model import Account, AccountMonth, ImportRow, StatementImport, Transaction

_of_account = Transaction.account_id == Account.id
_is_said = or_(Account.opening_date.is_not(None), Account.opening_balance_minor != 0)


def proposes() -> ColumnElement[bool]:
    """SQL: whether the import proposes an opening, of an import joined with its account.

    Its balances are proved, and the account's balance at the beginning of its first day is another. Where somebody has
    said an opening, the file must also have the day that was said, and no transaction may come before it: anything
    else could as well be rows that are missing.
    """
    is_proved = and_(StatementImport.proof == "BALANCES_MATCH", StatementImport.state.in_(("READY", "COMPLETED")))
    differs = and_(or_(~_is_said, _has_what_was_said()), ~_others_that_day(), _differs())
    # Only of these few the transactions are looked at.
    return case((is_proved, differs), else_=false())


def _has_what_was_said() -> ColumnElement[bool]:
    # Rows that a plan would add before the date move the balance from which the ones after it start.
    is_committed = StatementImport.state == "COMPLETED"
    has_date = Account.opening_date.between(StatementImport.from_date, StatementImport.to_date)
    is_first = ~exists().where(_of_account, Transaction.booked_on < StatementImport.from_date)
    return and_(or_(Account.opening_date.is_(None), and_(is_committed, has_date)), is_first)


def _others_that_day() -> ColumnElement[bool]:
    """Transactions of the first day that the file does not have: they may come before its rows, or after them."""
    of_file = exists().where(
        ImportRow.account_id == Transaction.account_id,
        ImportRow.import_id == StatementImport.reading_id,
        ImportRow.transaction_id == Transaction.id,
        ImportRow.outcome != "REJECT",
    )
    return exists().where(_of_account, Transaction.booked_on == StatementImport.from_date, ~of_file)


def _differs() -> ColumnElement[bool]:
    before = Account.initial_balance_minor + _in_months_before() + _in_days_before()
    return before != StatementImport.opening_minor


def _in_months_before() -> ScalarSelect[int]:
    total = func.coalesce(func.sum(AccountMonth.credit_total_minor + AccountMonth.debit_total_minor), 0)
    is_before = (AccountMonth.account_id == Account.id, AccountMonth.month < _first_month())
    return select(total).where(*is_before).scalar_subquery()


def _in_days_before() -> ScalarSelect[int]:
    total = func.coalesce(func.sum(Transaction.amount_minor), 0)
    is_before = (Transaction.booked_on >= _first_month(), Transaction.booked_on < StatementImport.from_date)
    return select(total).where(_of_account, *is_before).scalar_subquery()


def _first_month() -> ColumnElement[date]:
    # Of a timestamp without a zone: the session's zone has no say in it.
    return cast(func.date_trunc("month", cast(StatementImport.from_date, DateTime())), Date())
