"""Facts for letters: the brief's file, and what may differ from it."""

from datetime import UTC, datetime
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from notifier.facts import Facts, Undo
from notifier.settings import MailSettings
from protos.txn.v1 import txn_pb2 as txn
from protos.user.v1 import user_pb2 as user

YEAR_RULE = "The dates have no year; the newest row is taken to be of 2026."
MAIL = MailSettings(environment="local", mail_from="Stori <mail@stori.example>", web_url="https://stori.example/")


def month(name: str, credit_minor: int, debit_minor: int) -> txn.MonthSummary:
    """Two transactions, one of each side."""
    return txn.MonthSummary(
        month=name,
        transaction_count=2,
        credit_count=1,
        debit_count=1,
        credit_total_minor=credit_minor,
        debit_total_minor=debit_minor,
        average_credit_minor=credit_minor,
        average_debit_minor=debit_minor,
    )


def brief_summary(**changes: Any) -> txn.Summary:
    values: dict[str, Any] = {
        "currency_code": "USD",
        "balance_minor": 3974,
        "transaction_count": 4,
        "average_credit_minor": 3525,
        "average_debit_minor": -1538,
        "months": [month("2026-07", 6050, -1030), month("2026-08", 1000, -2046)],
    }
    return txn.Summary(**{**values, **changes})


def at(hour: int, minute: int) -> Timestamp:
    """A moment of 2026-11-20, UTC."""
    time = Timestamp()
    time.FromDatetime(datetime(2026, 11, 20, hour, minute, tzinfo=UTC))
    return time


def brief_import(**changes: Any) -> txn.Import:
    assumption = txn.ImportFinding(
        property=txn.STATEMENT_PROPERTY_YEAR, basis=txn.FINDING_BASIS_ASSUMPTION, value="2026", message=YEAR_RULE
    )
    values: dict[str, Any] = {
        "id": "imp_01jexample",
        "account_id": "acct_01jexample",
        "state": txn.IMPORT_STATE_COMPLETED,
        "file_name": "brief.csv",
        "row_count": 4,
        "imported_count": 4,
        "findings": [assumption],
        "summary": brief_summary(),
        "finish_time": at(18, 4),
        "request_id": "request-1",
    }
    return txn.Import(**{**values, **changes})


def failed_import(**changes: Any) -> txn.Import:
    values: dict[str, Any] = {
        "state": txn.IMPORT_STATE_FAILED,
        "imported_count": 0,
        "findings": [],
        "failure_code": txn.IMPORT_FAILURE_CODE_UNKNOWN_LAYOUT,
        "failure": "Line 1 has the columns Foo and Bar, a layout Stori does not know.",
    }
    return brief_import(**{**values, **changes})


def reverted_import(**changes: Any) -> txn.Import:
    return brief_import(**{"state": txn.IMPORT_STATE_REVERTED, **changes})


def reverting_import(**changes: Any) -> txn.Import:
    return brief_import(**{"state": txn.IMPORT_STATE_REVERTING, **changes})


def asking_import(**changes: Any) -> txn.Import:
    labels = {"MDY": "Month first: 4 March 2026", "DMY": "Day first: 3 April 2026"}
    question = txn.ImportQuestion(
        id="DATE_ORDER",
        property=txn.STATEMENT_PROPERTY_DATE_ORDER,
        message="The dates read both ways: 3/4/2026 is in March or in April.",
        options=[txn.ImportOption(id=id_, label=label) for id_, label in labels.items()],
    )
    values: dict[str, Any] = {
        "state": txn.IMPORT_STATE_NEEDS_ANSWER,
        "row_count": 0,
        "imported_count": 0,
        "findings": [],
        "summary": None,
        "questions": [question],
        "create_time": at(18, 4),
        "finish_time": None,
    }
    return brief_import(**{**values, **changes})


def undo(removed_count: int = 4, kept_count: int = 0) -> Undo:
    return Undo(at(18, 9), removed_count, kept_count)


def facts(
    statement_import: txn.Import | None = None,
    *,
    summary: txn.Summary | None = None,
    rejects: tuple[txn.ImportRow, ...] = (),
    undo: Undo | None = None,
    is_question: bool = False,
    account_name: str = "Everyday",
    currency_code: str = "USD",
    **holder: Any,
) -> Facts:
    person: dict[str, Any] = {
        "subject": "sub-1",
        "email": "ana@example.com",
        "email_state": user.EMAIL_STATE_DELIVERABLE,
        "display_name": "Ana",
        "locale": "en-US",
        "time_zone": "America/Mexico_City",
    }
    return Facts(
        statement_import or brief_import(),
        txn.Account(
            id="acct_01jexample", name=account_name, currency_code=currency_code, owner_subject=str(person["subject"])
        ),
        summary or brief_summary(),
        user.User(**{**person, **holder}),
        list(rejects),
        undo,
        is_question,
    )
