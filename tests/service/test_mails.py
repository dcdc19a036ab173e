"""Mails that have ended, in user_svc: reported by a service, listed for whom they were for and for support."""

import asyncio
import secrets
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from protos.user.v1 import user_pb2 as pb
from runtime.database import sqlalchemy_url
from runtime.ids import new_id, to_id
from runtime.refusals import InvalidArgument, PermissionDenied
from tests.service.test_user_feedback import Queue, bounce, complaint, queue
from tests.service.users import UserSvc, new_subject
from user_svc.model import Base

__all__ = ["queue"]

SETTLED = datetime(2026, 11, 20, 12, 0, 0, 125_000, tzinfo=UTC)


def mail_of(holder: str = "", **changes: Any) -> pb.Mail:
    values = {
        "delivery_id": to_id("evt", new_id()),
        "type": "stori.txn.v1.ImportCompleted",
        "resource": to_id("imp", new_id()),
        "holder_subject": holder or new_subject(),
        "state": pb.MAIL_STATE_SENT,
        "attempt": 1,
        "ses_message_id": f"0100-{secrets.token_hex(8)}",
    }
    mail = pb.Mail(**{**values, **changes})
    mail.settle_time.FromDatetime(SETTLED)
    return mail


async def report(users: UserSvc, *mails: pb.Mail) -> None:
    async with users.client(users.issuer.service_token(scope="stori/mails.write")) as notifier:
        for mail in mails:
            await notifier.ReportMail(pb.ReportMailRequest(mail=mail))


async def listed(users: UserSvc, token: str, **key: Any) -> list[pb.Mail]:
    async with users.client(token) as client:
        return list((await client.ListMails(pb.ListMailsRequest(**key))).mails)


async def test_a_reported_mail_is_found_by_each_of_its_ids(users: UserSvc) -> None:
    mail, service = mail_of(), users.issuer.service_token(scope="stori/users.read")
    await report(users, mail, mail_of())

    found = [
        await listed(users, service, delivery_id=mail.delivery_id),
        await listed(users, service, resources=[to_id("imp", new_id()), mail.resource]),
        await listed(users, service, ses_message_id=mail.ses_message_id),
    ]

    assert found[0] == found[1] == found[2]
    [one] = found[0]
    assert one.request_id
    one.ClearField("request_id")
    assert one == mail


async def test_a_second_report_changes_nothing_and_leaves_no_trace(users: UserSvc) -> None:
    mail = mail_of()
    other = pb.Mail()
    other.CopyFrom(mail)
    other.state, other.code = pb.MAIL_STATE_FAILED, "MessageRejected"

    await report(users, mail)
    await asyncio.gather(*(report(users, other) for _ in range(5)))

    [found] = await listed(users, users.issuer.service_token(), delivery_id=mail.delivery_id)
    assert (found.state, found.code) == (pb.MAIL_STATE_SENT, "")
    audit = users.rows(f"SELECT actor_kind, action FROM audit_event WHERE resource = '{mail.delivery_id}'")
    assert audit == [("service", "mail.report")]


async def test_only_a_service_with_the_scope_reports(users: UserSvc) -> None:
    request = pb.ReportMailRequest(mail=mail_of())
    tokens = [
        users.issuer.service_token(scope="stori/users.read"),
        users.issuer.token(new_subject()),
        users.issuer.token(new_subject(), groups=["support", "admin"]),
    ]

    for token in tokens:
        async with users.client(token) as client:
            with pytest.raises(PermissionDenied):
                await client.ReportMail(request)

    assert await listed(users, users.issuer.service_token(), delivery_id=request.mail.delivery_id) == []


async def test_one_s_own_mails_are_seen_and_another_person_s_look_like_missing_ones(users: UserSvc) -> None:
    holder = new_subject()
    mail = mail_of(holder)
    await report(users, mail)

    for key in (
        {"delivery_id": mail.delivery_id},
        {"resources": [mail.resource]},
        {"ses_message_id": mail.ses_message_id},
    ):
        assert len(await listed(users, users.issuer.token(holder), **key)) == 1
        assert await listed(users, users.issuer.token(new_subject()), **key) == []
    with pytest.raises(PermissionDenied):
        await listed(users, users.issuer.service_token(scope="stori/mails.write"), delivery_id=mail.delivery_id)


async def test_support_reads_every_mail_and_leaves_an_audit_row_for_each(users: UserSvc) -> None:
    agent = new_subject()
    resource = to_id("imp", new_id())
    mails = [mail_of(resource=resource), mail_of(agent, resource=resource)]
    await report(users, *mails)

    found = await listed(users, users.issuer.token(agent, groups=["support"]), resources=[resource])

    assert [one.delivery_id for one in found] == [mail.delivery_id for mail in mails]
    audit = users.rows(f"SELECT action, resource FROM audit_event WHERE actor = '{agent}'")
    assert audit == [("mail.read", mails[0].delivery_id)]


async def test_pages_follow_the_order_of_the_events(users: UserSvc) -> None:
    resource, service = to_id("imp", new_id()), users.issuer.service_token()
    mails = [mail_of(resource=resource) for _ in range(5)]
    await report(users, *reversed(mails))

    seen, token = [], ""
    async with users.client(service) as client:
        while True:
            request = pb.ListMailsRequest(resources=[resource], page_size=2, page_token=token)
            answer = await client.ListMails(request)
            seen += [one.delivery_id for one in answer.mails]
            if not (token := answer.next_page_token):
                break
            with pytest.raises(InvalidArgument) as refused:
                await client.ListMails(pb.ListMailsRequest(resources=[to_id("imp", new_id())], page_token=token))
            assert refused.value.reason == "INVALID_PAGE_TOKEN"

    assert seen == [mail.delivery_id for mail in mails]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"delivery_id": to_id("imp", new_id())}, "mail.delivery_id"),
        ({"delivery_id": ""}, "mail.delivery_id"),
        ({"type": ""}, "mail.type"),
        ({"resource": "somebody@example.com"}, "mail.resource"),
        ({"holder_subject": "somebody@example.com"}, "mail.holder_subject"),
        ({"state": pb.MAIL_STATE_UNSPECIFIED}, "mail.state"),
        ({"state": 7}, "mail.state"),
        ({"code": "550 no such user <somebody@example.com>"}, "mail.code"),
        ({"ses_message_id": "x\x00"}, "mail.ses_message_id"),
        ({"ses_message_id": "x" * 129}, "mail.ses_message_id"),
        ({"attempt": -1}, "mail.attempt"),
        ({"settle_time": None}, "mail.settle_time"),
    ],
)
async def test_what_is_no_report_names_the_field_and_is_not_kept(
    users: UserSvc, changes: dict[str, Any], field: str
) -> None:
    mail = mail_of(**{name: value for name, value in changes.items() if value is not None})
    for name in [name for name, value in changes.items() if value is None]:
        mail.ClearField(name)  # type: ignore[arg-type]
    before = users.rows("SELECT count(*) FROM mail")

    with pytest.raises(InvalidArgument) as refused:
        await report(users, mail)

    assert set(refused.value.fields) == {field}
    assert users.rows("SELECT count(*) FROM mail") == before


@pytest.mark.parametrize(
    "request_message",
    [
        pb.ListMailsRequest(),
        pb.ListMailsRequest(delivery_id=to_id("evt", new_id()), ses_message_id="x"),
        pb.ListMailsRequest(delivery_id=to_id("imp", new_id())),
        pb.ListMailsRequest(resources=["x"]),
        *(pb.ListMailsRequest(ses_message_id=text) for text in ("x\x00", "a b", "é", "x" * 257)),
        pb.ListMailsRequest(resources=[to_id("imp", new_id())] * 101),
        pb.ListMailsRequest(ses_message_id="x", page_size=101),
        pb.ListMailsRequest(ses_message_id="x", page_size=-1),
        pb.ListMailsRequest(ses_message_id="x", page_token="x"),
    ],
)
async def test_what_is_no_list_is_refused(users: UserSvc, request_message: pb.ListMailsRequest) -> None:
    async with users.client(users.issuer.service_token()) as client:
        with pytest.raises(InvalidArgument):
            await client.ListMails(request_message)


async def test_a_request_s_id_is_the_id_of_no_message(users: UserSvc) -> None:
    assert await listed(users, users.issuer.service_token(), ses_message_id="my-tool:1/2=3+4") == []


def said(document: dict[str, Any], message_id: str, time: str = "", *, delivery_id: str = "") -> dict[str, Any]:
    """The notification with what SES tells of the message it is about; an address stands in its headers too."""
    mail: dict[str, Any] = {"messageId": message_id, "destination": ["gone@example.com"]}
    if delivery_id:
        mail["tags"] = {"delivery": [delivery_id], "ses:caller-identity": ["notifier"]}
    about: dict[str, Any] = {
        kind: {**document[kind], "timestamp": time} for kind in ("bounce", "complaint") if kind in document
    }
    return {**document, **about, "mail": mail}


async def test_what_ses_said_of_a_mail_comes_with_it_whichever_was_first(users: UserSvc, queue: Queue) -> None:
    early, late = mail_of(), mail_of()
    document = bounce("gone@example.com", "Permanent")
    document["bounce"]["bounceSubType"] = "General"

    queue.send(said(document, early.ses_message_id, "2026-11-20T12:00:01.000Z"))
    await queue.settled()
    await report(users, early, late)
    queue.send(said(document, late.ses_message_id, "2026-11-20T12:00:02.000Z"))
    queue.send(said(document, late.ses_message_id, "2026-11-20T12:00:02.000Z"))
    queue.send(said(complaint("gone@example.com"), late.ses_message_id, "2026-11-20T12:00:03+00:00"))
    await queue.settled()

    [first] = await listed(users, users.issuer.service_token(), delivery_id=early.delivery_id)
    [second] = await listed(users, users.issuer.service_token(), ses_message_id=late.ses_message_id)
    told = [[(one.kind, one.detail, one.time.ToJsonString()) for one in found.feedback] for found in (first, second)]
    assert told == [
        [(pb.MAIL_FEEDBACK_KIND_BOUNCE, "Permanent/General", "2026-11-20T12:00:01Z")],
        [
            (pb.MAIL_FEEDBACK_KIND_BOUNCE, "Permanent/General", "2026-11-20T12:00:02Z"),
            (pb.MAIL_FEEDBACK_KIND_COMPLAINT, "", "2026-11-20T12:00:03Z"),
        ],
    ]
    assert "gone@" not in str(users.rows("SELECT mail_feedback::text FROM mail_feedback"))


async def test_a_bounce_of_an_attempt_whose_answer_was_lost_comes_with_its_delivery(
    users: UserSvc, queue: Queue
) -> None:
    mail, lost = mail_of(attempt=2), f"0100-{secrets.token_hex(8)}"
    await report(users, mail)

    document = said(bounce("full@example.com", "Transient"), lost, delivery_id=mail.delivery_id)
    queue.send(document)
    await queue.settled()

    [found] = await listed(users, users.issuer.service_token(), ses_message_id=lost)
    assert found.delivery_id == mail.delivery_id
    [feedback] = found.feedback
    assert (feedback.ses_message_id, feedback.detail) == (lost, "Transient")
    # It had no time that could be read: it is that of its arrival.
    assert feedback.time.ToDatetime(UTC).year >= 2025


@pytest.mark.parametrize(
    "mail", [None, [], {}, {"messageId": None}, {"messageId": "a b"}, {"messageId": "x", "tags": {"delivery": 7}}]
)
async def test_feedback_that_names_no_message_still_stops_the_address(
    users: UserSvc, queue: Queue, mail: object
) -> None:
    before = queue.depth(queue.dead_url)

    queue.send({**bounce("nobody@example.com", "Permanent"), "mail": mail})
    await queue.settled()

    assert queue.depth(queue.dead_url) == before


async def test_what_is_kept_long_enough_is_forgotten_as_new_reports_come(users: UserSvc) -> None:
    old = [mail_of() for _ in range(3)]
    await report(users, *old)
    with psycopg.connect(users.owner_url) as connection:
        names = [mail.delivery_id for mail in old]
        connection.execute("UPDATE mail SET create_time = now() - interval '141 days' WHERE resource = ANY(%s)",
                           ([mail.resource for mail in old],))  # fmt: skip
        connection.execute(
            "INSERT INTO mail_feedback VALUES ('old', 'BOUNCE', '', NULL, now(), now() - interval '141 days')"
        )

    await report(users, mail_of())

    service = users.issuer.service_token()
    assert [await listed(users, service, delivery_id=name) for name in names] == [[], [], []]
    assert users.rows("SELECT count(*) FROM mail_feedback WHERE ses_message_id = 'old'") == [(0,)]


def test_model_and_migrations_describe_the_same_schema(users: UserSvc) -> None:
    engine = create_engine(sqlalchemy_url(users.owner_url))
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), Base.metadata)
    engine.dispose()

    assert [one for one in differences if one[0] != "remove_index" or one[1].name != "user_profile_email"] == []


async def test_the_application_changes_no_mail_that_is_kept(users: UserSvc) -> None:
    for table in ("mail", "mail_feedback"):
        for privilege, holds in (("UPDATE", False), ("TRUNCATE", False), ("INSERT", True), ("DELETE", True)):
            asked = f"SELECT has_table_privilege(current_user, '{table}', '{privilege}')"
            async with users.database.read() as session:
                assert await session.scalar(text(asked)) is holds
