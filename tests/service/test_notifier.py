"""The notifier's core: what a message of the notifications queue becomes."""

import asyncio
import json
import urllib.request
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from local.emulator import Emulator
from notifier.deliveries import LEASE_SECONDS
from notifier.letter import write
from notifier.mail import compose
from notifier.sender import NotAccepted, OutcomeUnknown, SesSender
from notifier.settings import DeliverySettings
from protos.events.v1 import events_pb2 as events
from protos.txn.v1 import txn_pb2 as txn
from protos.user.v1 import user_pb2 as user
from runtime.aws import Aws
from runtime.ids import new_id, to_id
from runtime.messages.envelope import Event, event_of
from runtime.refusals import FailedPrecondition, NotFound, Unavailable
from tests.service.mailing import Mailing, event_for, mailing, mailing_stage, message
from tests.service.messaging import eventually
from tests.service.ses import BREAK_AFTER_ACCEPTING
from tests.unit.letters import (
    MAIL,
    asking_import,
    brief_import,
    facts,
    failed_import,
    reverted_import,
    reverting_import,
    undo,
)

__all__ = ["mailing", "mailing_stage"]

ENDED = {
    txn.IMPORT_STATE_COMPLETED,
    txn.IMPORT_STATE_FAILED,
    txn.IMPORT_STATE_REVERTING,
    txn.IMPORT_STATE_REVERTED,
}
THROTTLED = (429, "TooManyRequestsException")


async def test_a_completed_import_becomes_one_mail_with_its_figures(mailing: Mailing) -> None:
    event = mailing.settle_import()

    await mailing.handle(event)

    [mail] = mailing.ses.accepted
    for part in mail.iter_parts():
        assert {"39.74", "-15.38", "35.25"} <= set(part.get_content().replace(">", " ").replace("<", " ").split())
    assert mail["To"] == "Ana <ana@example.com>"
    assert mailing.delivery(event)["state"] == "SENT"


async def test_every_attempt_carries_the_event_s_id(mailing: Mailing) -> None:
    event = mailing.settle_import()
    delivery_id = to_id("evt", event.id)

    await mailing.handle(event)

    [request] = mailing.ses.requests
    [mail] = mailing.ses.accepted
    assert mail["X-Stori-Delivery"] == delivery_id
    assert request["EmailTags"] == [{"Name": "delivery", "Value": delivery_id}]
    assert request["ConfigurationSetName"] == "stori"
    assert request["Destination"] == {"ToAddresses": ["ana@example.com"]}


async def test_a_failed_import_becomes_one_mail(mailing: Mailing) -> None:
    await mailing.handle(mailing.settle_import(statement_import=failed_import()))

    [mail] = mailing.ses.accepted
    assert mail["Subject"] == "brief.csv could not be imported"


async def test_an_import_with_nothing_new_becomes_one_mail(mailing: Mailing) -> None:
    await mailing.handle(mailing.settle_import(statement_import=brief_import(imported_count=0, duplicate_count=4)))

    [mail] = mailing.ses.accepted
    assert mail["Subject"] == "brief.csv: nothing new, balance 39.74 USD"


async def test_an_undo_becomes_one_mail_with_the_counts_of_its_event(mailing: Mailing) -> None:
    event = mailing.settle_import(statement_import=reverted_import(), undo=undo(3, 1))

    await mailing.handle(event)
    await mailing.handle(event)

    [mail] = mailing.ses.accepted
    [request] = mailing.ses.requests
    assert mail["Subject"] == "brief.csv was undone: 3 transactions removed, balance 39.74 USD"
    for part in mail.iter_parts():
        assert "3 transactions removed; 1 transaction stayed" in part.get_content()
        assert "12:09 PM" in part.get_content()
    assert mail["X-Stori-Delivery"] == to_id("evt", event.id)
    assert request["EmailTags"] == [{"Name": "delivery", "Value": to_id("evt", event.id)}]
    assert mailing.delivery(event)["state"] == "SENT"
    assert mailing.delivery(event)["type"] == "stori.txn.v1.ImportReverted"


async def test_a_question_becomes_one_mail_each_time_that_it_is_asked(mailing: Mailing) -> None:
    first = mailing.settle_import(statement_import=asking_import(), is_question=True)
    again = event_for(mailing.ledger.known[first.subject])

    for event in (first, first, again):
        await mailing.handle(event)

    assert [mail["Subject"] for mail in mailing.ses.accepted] == ["brief.csv needs an answer before it is imported"] * 2
    assert [mail["X-Stori-Delivery"] for mail in mailing.ses.accepted] == [to_id("evt", e.id) for e in (first, again)]
    assert mailing.delivery(first)["type"] == "stori.txn.v1.ImportNeedsAnswer"


@pytest.mark.parametrize("state", sorted(ENDED | {txn.IMPORT_STATE_PLANNING, txn.IMPORT_STATE_READY}))
async def test_a_question_that_was_answered_before_its_mail_is_said_to_be(
    mailing: Mailing, state: txn.ImportState.ValueType
) -> None:
    event = mailing.settle_import(statement_import=asking_import(state=state, questions=[]), is_question=True)

    await mailing.handle(event)

    [mail] = mailing.ses.accepted
    assert mail["Subject"] == "brief.csv asked, and does not any more"


async def test_an_import_and_its_undo_are_two_mails_in_whatever_order(mailing: Mailing) -> None:
    undone = mailing.settle_import(statement_import=reverted_import(), undo=undo())
    completed = event_for(replace(mailing.ledger.known[undone.subject], undo=None))

    await mailing.handle(undone)
    await mailing.handle(completed)

    assert [mail["Subject"] for mail in mailing.ses.accepted] == [
        "brief.csv was undone: 4 transactions removed, balance 39.74 USD",
        "brief.csv: imported and undone since, balance 39.74 USD",
    ]
    assert len({mail["X-Stori-Delivery"] for mail in mailing.ses.accepted}) == 2


@pytest.mark.parametrize(
    ("found", "subject"),
    [
        (reverting_import(), "brief.csv: imported and being undone, balance 39.74 USD"),
        (reverted_import(), "brief.csv: imported and undone since, balance 39.74 USD"),
    ],
)
async def test_the_mail_of_an_import_that_is_undone_by_then_goes_out_and_says_so(
    mailing: Mailing, found: txn.Import, subject: str
) -> None:
    event = mailing.settle_import(statement_import=found)

    await mailing.handle(event)

    [mail] = mailing.ses.accepted
    assert mail["Subject"] == subject
    assert mailing.delivery(event)["state"] == "SENT"


async def test_an_import_that_is_undone_while_its_figures_are_asked_for_is_not_mailed_as_it_was(
    mailing: Mailing,
) -> None:
    event = mailing.settle_import()
    found = mailing.ledger.known[event.subject]

    def undo() -> None:
        found.statement_import.state = txn.IMPORT_STATE_REVERTED
        found.summary.CopyFrom(txn.Summary(currency_code="USD"))

    mailing.ledger.then = undo
    await mailing.handle(event)

    [mail] = mailing.ses.accepted
    assert mail["Subject"] == "brief.csv: imported and undone since, balance 0.00 USD"


@pytest.mark.parametrize("times", [2, 10])
async def test_a_duplicate_delivered_later_sends_nothing(mailing: Mailing, times: int) -> None:
    event = mailing.settle_import()

    for _ in range(times):
        await mailing.handle(event)

    assert len(mailing.ses.requests) == 1


@pytest.mark.parametrize("times", [2, 10])
async def test_duplicates_at_once_send_one_mail(mailing: Mailing, times: int) -> None:
    event = mailing.settle_import()

    await asyncio.gather(*(mailing.handle(event) for _ in range(times)))

    assert len(mailing.ses.requests) == 1
    assert mailing.delivery(event)["attempt"] == "1"


async def test_a_message_that_comes_again_is_done_without_asking_for_facts(mailing: Mailing) -> None:
    event = mailing.settle_import()
    await mailing.handle(event)
    mailing.ledger.known.clear()

    await mailing.notifications.handle(replace(message(event.to_json()), receive_count=2))

    assert len(mailing.ses.requests) == 1


async def test_a_mail_takes_three_requests_of_dynamodb(mailing: Mailing, monkeypatch: pytest.MonkeyPatch) -> None:
    event, call, asked = mailing.settle_import(), mailing.aws.call, []

    async def counting(method: Any, **kwargs: Any) -> Any:
        if "TableName" in kwargs:
            asked.append(method.__name__)
        return await call(method, **kwargs)

    monkeypatch.setattr(mailing.aws, "call", counting)
    await mailing.handle(event)

    assert asked == ["put_item", "update_item", "get_item"]
    assert mailing.delivery(event)["state"] == "SENT"


async def test_a_claim_that_botocore_writes_twice_is_one_attempt(
    mailing: Mailing, monkeypatch: pytest.MonkeyPatch
) -> None:
    event, call_once = mailing.settle_import(), mailing.aws.call

    async def call_twice(method: Any, **kwargs: Any) -> Any:
        if method.__name__ == "put_item":
            await call_once(method, **kwargs)  # its answer is lost
        return await call_once(method, **kwargs)

    monkeypatch.setattr(mailing.aws, "call", call_twice)
    async with asyncio.timeout(LEASE_SECONDS / 2):
        await mailing.handle(event)

    assert len(mailing.ses.requests) == 1
    assert (mailing.delivery(event)["state"], mailing.delivery(event)["attempt"]) == ("SENT", "1")


async def test_two_imports_are_two_mails(mailing: Mailing) -> None:
    first, second = mailing.settle_import(), mailing.settle_import()

    await asyncio.gather(mailing.handle(first), mailing.handle(second))

    assert {mail["X-Stori-Delivery"] for mail in mailing.ses.accepted} == {
        to_id("evt", first.id),
        to_id("evt", second.id),
    }


@pytest.mark.parametrize("state", [user.EMAIL_STATE_BOUNCED, user.EMAIL_STATE_COMPLAINED])
async def test_an_address_that_bounced_gets_no_mail(mailing: Mailing, state: user.EmailState.ValueType) -> None:
    event = mailing.settle_import(email_state=state)

    await mailing.handle(event)

    assert mailing.ses.requests == []
    assert mailing.delivery(event)["state"] == "SUPPRESSED"


async def test_an_unknown_type_is_acknowledged(mailing: Mailing) -> None:
    event = replace(mailing.settle_import(), type="stori.txn.v1.ImportDreamt")

    await mailing.handle(event)

    assert mailing.ses.requests == []


@pytest.mark.parametrize(
    "body",
    [" ", "junk", "[]", "{}", "null", '"text"', json.dumps({"Type": "Notification", "TopicArn": "a", "Message": "{}"})],
)
async def test_what_is_no_event_is_not_acknowledged(mailing: Mailing, body: str) -> None:
    with pytest.raises(ValueError):
        await mailing.deliver(body)


async def test_an_event_of_another_subject_is_not_acknowledged(mailing: Mailing) -> None:
    event = replace(mailing.settle_import(), subject=to_id("imp", new_id()))

    with pytest.raises(ValueError, match="subject"):
        await mailing.handle(event)

    assert mailing.ses.requests == []


async def test_the_mail_goes_to_the_owner_whatever_the_event_claims(mailing: Mailing) -> None:
    eve = mailing.settle_import(email="eve@example.com")
    event = mailing.settle_import()
    claimed = mailing.ledger.known[eve.subject].account.owner_subject
    forged = replace(event, data={**event.data, "holderSubject": claimed})

    await mailing.handle(forged)

    [mail] = mailing.ses.accepted
    assert mail["To"] == "Ana <ana@example.com>"


async def test_an_event_that_names_another_account_is_not_acknowledged(mailing: Mailing) -> None:
    eve = mailing.settle_import(email="eve@example.com")
    event = mailing.settle_import()
    forged = replace(event, data={**event.data, "accountId": eve.data["accountId"]})

    with pytest.raises(ValueError, match="account"):
        await mailing.handle(forged)

    assert mailing.ses.requests == []


async def test_fields_of_a_newer_producer_are_ignored(mailing: Mailing) -> None:
    event = mailing.settle_import()

    await mailing.handle(replace(event, data={**event.data, "fromTheFuture": 1}))

    assert len(mailing.ses.accepted) == 1


async def test_an_import_that_is_not_known_uses_up_no_attempt(mailing: Mailing) -> None:
    import_id = to_id("imp", new_id())
    event = event_of(
        events.ImportCompleted(import_id=import_id),
        type="stori.txn.v1.ImportCompleted",
        source="stori/txn_svc",
        subject=import_id,
        sequence=1,
    )

    with pytest.raises(NotFound):
        await mailing.handle(event)

    with pytest.raises(KeyError):
        mailing.delivery(event)


@pytest.mark.parametrize("state", sorted(set(txn.ImportState.values()) - ENDED))
async def test_an_import_that_has_not_ended_as_its_event_says_is_not_mailed(
    mailing: Mailing, state: txn.ImportState.ValueType
) -> None:
    event = mailing.settle_import(statement_import=brief_import(state=state))

    with pytest.raises(FailedPrecondition):
        await mailing.handle(event)

    assert mailing.ses.requests == []


@pytest.mark.parametrize("state", [txn.IMPORT_STATE_COMPLETED, txn.IMPORT_STATE_REVERTING])
async def test_an_undo_that_is_not_done_is_not_mailed(mailing: Mailing, state: txn.ImportState.ValueType) -> None:
    event = mailing.settle_import(statement_import=brief_import(state=state), undo=undo())

    with pytest.raises(FailedPrecondition):
        await mailing.handle(event)

    assert mailing.ses.requests == []


async def test_a_holder_who_is_not_registered_is_waited_for(mailing: Mailing) -> None:
    event = mailing.settle_import(email="")

    with pytest.raises(NotFound):
        await mailing.handle(event)

    assert mailing.ses.requests == []


async def test_a_service_that_is_down_uses_up_no_attempt(mailing: Mailing) -> None:
    event = mailing.settle_import()
    mailing.ledger.is_down = True
    with pytest.raises(Unavailable):
        await mailing.handle(event)

    mailing.ledger.is_down = False
    await mailing.handle(event)

    assert mailing.delivery(event)["attempt"] == "1"


async def test_the_request_id_crosses_to_the_services(mailing: Mailing) -> None:
    event = replace(mailing.settle_import(), request_id="request-from-the-browser")

    await mailing.handle(event)

    assert set(mailing.ledger.request_ids) == {"request-from-the-browser"}


async def test_a_throttled_mail_goes_out_later_and_uses_up_no_attempt(mailing: Mailing) -> None:
    event = mailing.settle_import()
    mailing.ses.script.extend([THROTTLED] * 4)

    for _ in range(4):
        with pytest.raises(NotAccepted):
            await mailing.handle(event)
    await mailing.handle(event)

    assert len(mailing.ses.accepted) == 1
    assert (mailing.delivery(event)["state"], mailing.delivery(event)["attempt"]) == ("SENT", "1")


@pytest.mark.parametrize(
    "answer",
    [
        (400, "LimitExceededException"),
        (400, "SendingPausedException"),
        (400, "AccountSuspendedException"),
        (403, "AccessDeniedException"),
        (404, "NotFoundException"),
        (500, "InternalServiceErrorException"),
        (503, "ServiceUnavailableException"),
    ],
)
async def test_what_is_not_the_mail_s_fault_is_tried_again(mailing: Mailing, answer: tuple[int, str]) -> None:
    event = mailing.settle_import()
    mailing.ses.script.append(answer)

    with pytest.raises(NotAccepted, match=answer[1]):
        await mailing.handle(event)

    assert len(mailing.ses.requests) == 1, "botocore must not repeat a send by itself"
    assert mailing.delivery(event)["state"] == "WAITING"


@pytest.mark.parametrize("code", ["MessageRejected", "BadRequestException"])
async def test_a_rejected_mail_has_failed(mailing: Mailing, code: str) -> None:
    event = mailing.settle_import()
    mailing.ses.script.append((400, code))

    await mailing.handle(event)
    await mailing.handle(event)

    assert len(mailing.ses.requests) == 1
    assert (mailing.delivery(event)["state"], mailing.delivery(event)["code"]) == ("FAILED", code)


async def test_a_lost_answer_is_tried_again_at_most_three_times(mailing: Mailing) -> None:
    event = mailing.settle_import()
    mailing.ses.script.extend([BREAK_AFTER_ACCEPTING] * 9)

    for _ in range(2):
        with pytest.raises(OutcomeUnknown):
            await mailing.handle(event)
    for _ in range(3):
        await mailing.handle(event)

    assert len(mailing.ses.accepted) == 3
    assert mailing.delivery(event)["state"] == "FAILED"


async def test_a_lost_answer_then_a_good_one_is_sent(mailing: Mailing) -> None:
    event = mailing.settle_import()
    mailing.ses.script.append(BREAK_AFTER_ACCEPTING)
    with pytest.raises(OutcomeUnknown):
        await mailing.handle(event)

    await mailing.handle(event)
    await mailing.handle(event)

    assert len(mailing.ses.accepted) == 2
    assert (mailing.delivery(event)["state"], mailing.delivery(event)["attempt"]) == ("SENT", "2")


async def test_an_answer_that_is_not_ses_s_own_leaves_the_outcome_unknown(mailing: Mailing) -> None:
    event = mailing.settle_import()
    mailing.ses.script.append((504, ""))

    with pytest.raises(OutcomeUnknown):
        await mailing.handle(event)

    assert mailing.delivery(event)["attempt"] == "1"


async def test_a_death_between_ses_and_the_record_is_taken_over_after_the_lease(mailing: Mailing) -> None:
    event = mailing.settle_import()
    await _die_while_sending(mailing, event, times=1)

    await mailing.handle(event)

    assert len(mailing.ses.accepted) == 2
    assert (mailing.delivery(event)["state"], mailing.delivery(event)["attempt"]) == ("SENT", "2")


async def test_three_deaths_end_the_delivery(mailing: Mailing) -> None:
    event = mailing.settle_import()
    await _die_while_sending(mailing, event, times=3)

    await mailing.handle(event)
    await mailing.handle(event)

    assert len(mailing.ses.accepted) == 3
    assert (mailing.delivery(event)["state"], mailing.delivery(event)["code"]) == ("FAILED", "OUTCOME_UNKNOWN")


async def test_ses_that_cannot_be_reached_uses_up_no_attempt(mailing: Mailing, monkeypatch: pytest.MonkeyPatch) -> None:
    event = mailing.settle_import()
    nowhere = mailing.settings.model_copy(update={"endpoint_url": "http://127.0.0.1:1"})
    monkeypatch.setattr(mailing.notifications, "_sender", SesSender(Aws(nowhere), mailing.settings))

    with pytest.raises(NotAccepted):
        await mailing.handle(event)

    assert (mailing.delivery(event)["state"], mailing.delivery(event)["attempt"]) == ("WAITING", "0")


async def test_what_became_of_a_mail_is_reported_without_an_address(mailing: Mailing) -> None:
    event = mailing.settle_import()
    delivery_id = to_id("evt", event.id)

    await mailing.handle(event)

    [report] = mailing.ledger.reports[delivery_id]
    kept, holder = mailing.delivery(event), mailing.ledger.known[event.subject].holder
    assert (report.delivery_id, report.type, report.resource) == (delivery_id, event.type, event.subject)
    assert (report.state, report.attempt, report.code) == (user.MAIL_STATE_SENT, 1, "")
    assert (report.ses_message_id, report.holder_subject) == (kept["ses_message_id"], holder.subject)
    assert report.settle_time.ToJsonString() == kept["update_time"].replace("+00:00", "Z")
    assert holder.email not in str(report)


async def test_a_mail_that_was_suppressed_or_has_failed_is_reported_as_such(mailing: Mailing) -> None:
    suppressed = mailing.settle_import(email_state=user.EMAIL_STATE_BOUNCED)
    rejected, unknown = mailing.settle_import(), mailing.settle_import()

    await mailing.handle(suppressed)
    mailing.ses.script.append((400, "MessageRejected"))
    await mailing.handle(rejected)
    await _die_while_sending(mailing, unknown, times=3)
    await mailing.handle(unknown)

    reports = [mailing.ledger.reports[to_id("evt", event.id)] for event in (suppressed, rejected, unknown)]
    assert [[(each.state, each.code) for each in of_event] for of_event in reports] == [
        [(user.MAIL_STATE_SUPPRESSED, "")],
        [(user.MAIL_STATE_FAILED, "MessageRejected")],
        [(user.MAIL_STATE_FAILED, "OUTCOME_UNKNOWN")],
    ]
    assert reports[2][0].attempt == 3


async def test_a_mail_that_may_still_leave_is_not_reported(mailing: Mailing) -> None:
    event = mailing.settle_import()
    mailing.ses.script.append(THROTTLED)

    with pytest.raises(NotAccepted):
        await mailing.handle(event)

    assert mailing.ledger.reports[to_id("evt", event.id)] == []


async def test_a_report_that_is_not_heard_comes_with_the_message_and_the_mail_does_not(mailing: Mailing) -> None:
    event = mailing.settle_import()
    mailing.ledger.is_deaf = True
    for _ in range(2):
        with pytest.raises(Unavailable):
            await mailing.handle(event)
    assert mailing.delivery(event)["state"] == "SENT"

    mailing.ledger.is_deaf = False
    await mailing.handle(event)

    assert len(mailing.ses.requests) == 1
    [report] = mailing.ledger.reports[to_id("evt", event.id)]
    assert (report.state, report.attempt) == (user.MAIL_STATE_SENT, 1)


async def test_a_death_between_the_record_and_the_report_is_made_up_for_by_the_redelivered_message(
    mailing: Mailing,
) -> None:
    event, ledger = mailing.settle_import(), mailing.ledger
    ledger.hearing.clear()
    dying = asyncio.create_task(mailing.notifications.handle(message(event.to_json())))
    await eventually(lambda: ledger.telling == 1)
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    await eventually(lambda: ledger.telling == 0)
    ledger.hearing.set()
    assert (mailing.delivery(event)["state"], ledger.reports[to_id("evt", event.id)]) == ("SENT", [])

    await mailing.handle(event)

    assert len(mailing.ses.requests) == 1
    assert len(ledger.reports[to_id("evt", event.id)]) == 1


async def test_a_record_of_an_earlier_release_is_reported_without_its_holder(mailing: Mailing) -> None:
    event = mailing.settle_import()
    await mailing.handle(event)
    await mailing.aws.call(
        mailing.aws.client("dynamodb").update_item,
        TableName=mailing.settings.deliveries_table,
        Key={"delivery_id": {"S": to_id("evt", event.id)}},
        UpdateExpression="REMOVE holder_subject",
    )

    await mailing.handle(event)

    reports = mailing.ledger.reports[to_id("evt", event.id)]
    assert [each.holder_subject for each in reports][1:] == [""]


async def test_the_emulator_s_ses_takes_the_mail(mailing: Mailing, emulator: Emulator) -> None:
    sender = SesSender(mailing.aws, DeliverySettings(environment="local", deliveries_table="unused"))
    ses = mailing.aws.client("sesv2")
    ses.create_email_identity(EmailIdentity="stori.example")
    found = facts(email=f"{uuid4()}@example.com")
    mail = compose(write(found, "https://stori.example"), found.holder, "evt_1", "request-1", MAIL)

    message_id = await sender.send(mail)

    [kept] = [each for each in _kept(emulator) if each["MessageId"] == message_id]
    assert kept["To"] == [found.holder.email]
    assert "-15.38" in kept["BodyText"]
    assert "-15.38" in kept["BodyHtml"]


def _kept(emulator: Emulator) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{emulator.url}/_ministack/ses/messages") as answer:
        return [each for mails in json.load(answer)["messages"].values() for each in mails]


async def _die_while_sending(mailing: Mailing, event: Event, times: int) -> None:
    """SES accepts, and the notifier is gone before it reads the answer; then the lease ends."""
    for accepted in range(1, times + 1):
        mailing.ses.accepting.clear()
        dying = asyncio.create_task(mailing.notifications.handle(message(event.to_json())))
        await eventually(partial(_has_accepted, mailing, accepted))
        dying.cancel()
        await asyncio.gather(dying, return_exceptions=True)
        mailing.ses.accepting.set()
        await mailing.end_lease(event)


def _has_accepted(mailing: Mailing, count: int) -> bool:
    return len(mailing.ses.accepted) == count
