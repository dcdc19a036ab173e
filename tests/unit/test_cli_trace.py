"""What `stori trace` takes for an id, and how it orders and words what is known."""

from datetime import UTC, datetime, timedelta

import pytest

from cli.moments import gap, stamp
from cli.timeline import Entry, timeline
from cli.trace import _is_id
from protos.txn.v1 import txn_pb2 as txn
from protos.user.v1 import user_pb2 as user

# Of a TypeID; a test has the same name in every process that collects it.
SUFFIX = "01m889fz1tetbvaqggrd1h5m0a"
START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        f"imp_{SUFFIX}",
        f"evt_{SUFFIX}",
        "0100018c-a1b2-000000",
        "4bf92f3577b34da6a3ce929d0e0e4736",
        "my-tool:1",
    ],
)
def test_ids_of_each_kind_are_taken(text: str) -> None:
    assert _is_id(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "imp_",
        "imp_x",
        f"evt_{SUFFIX}"[:-1],
        f"acct_{SUFFIX}",
        f"user_{SUFFIX}",
        "a b",
        "x" * 129,
        "someone@example.com",
        "é",
        "x\x00",
    ],
)
def test_what_is_no_id_is_not(text: str) -> None:
    assert not _is_id(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 ms"),
        (0.0124, "12 ms"),
        (0.9996, "1.0 s"),
        (3.44, "3.4 s"),
        (59.9, "59.9 s"),
        (303, "5 min 3 s"),
        (7500, "2 h 5 min"),
        (273_600, "3 d 4 h"),
    ],
)
def test_a_gap_is_told_in_its_largest_units(seconds: float, text: str) -> None:
    assert gap(timedelta(seconds=seconds)) == text


def test_a_moment_is_told_in_utc_to_the_millisecond() -> None:
    assert stamp(START + timedelta(microseconds=125_900)) == "2026-11-20T12:00:00.125Z"


def trace_of(*moments: tuple[int, str], **changes: object) -> txn.ImportTrace:
    trace = txn.ImportTrace(**changes)  # type: ignore[arg-type]  # what a test is about
    for second, action in moments:
        trace.moments.add(action=action, request_id="r").time.FromDatetime(START + timedelta(seconds=second))
    return trace


def whats(entries: list[Entry]) -> list[str]:
    return [entry.what for entry in entries]


def test_what_the_audit_will_call_something_is_told_as_it_is() -> None:
    [entry] = timeline(trace_of((0, "BlessImport")), [])

    assert (entry.where, entry.what) == ("txn_svc", "BlessImport")


def test_a_failure_says_its_code() -> None:
    trace = trace_of((0, "FailImport"), failure_code=txn.IMPORT_FAILURE_CODE_NO_ROWS)

    assert whats(timeline(trace, [])) == ["failed: NO_ROWS"]


def test_an_event_that_has_not_left_stands_out() -> None:
    trace = trace_of((0, "CompleteImport"))
    trace.events.add(event_id="evt_1", type="stori.txn.v1.ImportCompleted").create_time.FromDatetime(START)

    assert whats(timeline(trace, [])) == ["committed", "ImportCompleted written, has NOT LEFT yet"]


@pytest.mark.parametrize(
    ("mail", "what"),
    [
        (user.Mail(state=user.MAIL_STATE_SENT, attempt=1), "X mail sent"),
        (user.Mail(state=user.MAIL_STATE_SENT, attempt=2), "X mail sent, attempt 2"),
        (user.Mail(state=user.MAIL_STATE_FAILED, code="MessageRejected", attempt=1), "X mail FAILED: MessageRejected"),
        (user.Mail(state=user.MAIL_STATE_SUPPRESSED), "X no mail: the address bounced, or its owner complained"),
    ],
)
def test_a_mail_says_how_it_ended(mail: user.Mail, what: str) -> None:
    mail.type = "stori.txn.v1.X"

    assert whats(timeline(None, [mail])) == [what]


def test_mails_and_what_ses_said_stand_where_they_belong_in_time() -> None:
    mail = user.Mail(type="X", state=user.MAIL_STATE_SENT, ses_message_id="m", attempt=1)
    mail.settle_time.FromDatetime(START + timedelta(seconds=2))
    for second, kind in ((5, user.MAIL_FEEDBACK_KIND_COMPLAINT), (3, user.MAIL_FEEDBACK_KIND_DELIVERY)):
        mail.feedback.add(kind=kind).time.FromDatetime(START + timedelta(seconds=second))

    entries = timeline(trace_of((1, "CompleteImport"), (4, "RevertImport")), [mail])

    assert whats(entries) == [
        "committed",
        "X mail sent",
        "mail delivered",
        "undo asked for",
        "COMPLAINT about the mail",
    ]
