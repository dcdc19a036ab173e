"""From an event to a mail: one delivery per event, whatever is delivered twice, killed or refused on the way."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Final

import structlog
from google.protobuf.timestamp_pb2 import Timestamp

from notifier.deliveries import Claim, Deliveries
from notifier.facts import Facts, FactSource, Undo
from notifier.letter import write
from notifier.mail import Mail, compose
from notifier.reports import Reports
from notifier.sender import NotAccepted, OutcomeUnknown, Rejected, Sender, StillUnknown
from notifier.settings import MailSettings
from protos.events.v1 import events_pb2 as events
from protos.txn.v1 import txn_pb2 as txn
from protos.user.v1 import user_pb2 as user
from runtime import call, points
from runtime.ids import to_id
from runtime.messages.envelope import PREFIX, Event
from runtime.messages.message import Message

News = events.ImportCompleted | events.ImportFailed | events.ImportReverted | events.ImportNeedsAnswer

# What each event carries, and where its import may be by the time that it is handled.
_READ: Final[Mapping[str, tuple[Callable[[], News], Collection[txn.ImportState.ValueType]]]] = {
    "stori.txn.v1.ImportCompleted": (
        events.ImportCompleted,
        (txn.IMPORT_STATE_COMPLETED, txn.IMPORT_STATE_REVERTING, txn.IMPORT_STATE_REVERTED),
    ),
    "stori.txn.v1.ImportFailed": (events.ImportFailed, (txn.IMPORT_STATE_FAILED,)),
    "stori.txn.v1.ImportReverted": (events.ImportReverted, (txn.IMPORT_STATE_REVERTED,)),
    # Whoever is at the form has answered by then.
    "stori.txn.v1.ImportNeedsAnswer": (
        events.ImportNeedsAnswer,
        set(txn.ImportState.values()) - {txn.IMPORT_STATE_AWAITING_UPLOAD, txn.IMPORT_STATE_EXPIRED},
    ),
}

log = structlog.get_logger()


class Notifications:
    """Mails each import that has ended, was undone or asks, to its holder: once for each event."""

    def __init__(
        self,
        facts: FactSource,
        deliveries: Deliveries,
        sender: Sender,
        reports: Reports,
        settings: MailSettings,
    ) -> None:
        self._facts = facts
        self._deliveries = deliveries
        self._sender = sender
        self._reports = reports
        self._settings = settings

    async def handle(self, message: Message) -> None:
        """Returns when the event needs nothing more. Raises to have it again: what is down, or is no event of ours."""
        event = Event.from_json(message.body)
        with call.bind(event.as_call()):
            await self._notify(event, is_first=message.receive_count == 1)

    async def _notify(self, event: Event, *, is_first: bool) -> None:
        if event.type not in _READ:
            log.info("event ignored", type=event.type)
            return
        kind, states = _READ[event.type]
        news = event.read(kind)
        if news.import_id != event.subject:
            raise ValueError("The event's subject is not the import it tells of.")
        delivery_id = to_id(PREFIX, event.id)
        # At its first coming a message is hardly ever about what is settled; where it is, the claim tells as well.
        delivery = None if is_first else await self._deliveries.settled(delivery_id)
        if delivery is None:
            await self._mail_once(event, news, states, delivery_id)
            delivery = await self._deliveries.settled(delivery_id)
        else:
            log.info("delivery known", delivery_id=delivery_id)
        if delivery is not None:
            # Of a known one too: whoever settled it may have died before this. It brings the message back if it fails,
            # and never the mail.
            await self._reports.report(delivery)

    async def _mail_once(
        self, event: Event, news: News, states: Collection[txn.ImportState.ValueType], delivery_id: str
    ) -> None:
        # Everything that may fail without consequence comes before the claim.
        facts = await self._facts.of_import(news.import_id, news.account_id, states)
        is_question = isinstance(news, events.ImportNeedsAnswer)
        mail = self._mail(replace(facts, undo=_undo(event, news), is_question=is_question), delivery_id)
        claim = await self._deliveries.claim(
            delivery_id, type=event.type, subject=event.subject, holder_subject=facts.holder.subject
        )
        if claim is None:
            log.info("delivery known", delivery_id=delivery_id)
            return
        await points.reach("delivery.claimed")
        await self._deliver(claim, mail)
        await points.reach("delivery.recorded")

    def _mail(self, facts: Facts, delivery_id: str) -> Mail | None:
        """None for an address that bounced, or whose owner complained."""
        if facts.holder.email_state != user.EMAIL_STATE_DELIVERABLE:
            return None
        letter = write(facts, self._settings.web_url)
        return compose(letter, facts.holder, delivery_id, facts.statement_import.request_id, self._settings)

    async def _deliver(self, claim: Claim, mail: Mail | None) -> None:
        if mail is None:
            await self._deliveries.settle(claim, "SUPPRESSED")
            return
        try:
            await points.reach("mail.sending")
            ses_message_id = await self._sender.send(mail)
            await points.reach("mail.accepted")
        except Rejected as error:
            await self._deliveries.settle(claim, "FAILED", code=str(error))
        except NotAccepted as error:
            await self._deliveries.give_back(claim, str(error))
            raise
        except StillUnknown:
            raise  # the lease outlasts the call that is still out
        except OutcomeUnknown as error:
            if not await self._deliveries.give_up(claim, str(error)):
                raise
        else:
            await self._deliveries.settle(claim, "SENT", ses_message_id=ses_message_id)


def _undo(event: Event, news: News) -> Undo | None:
    if not isinstance(news, events.ImportReverted):
        return None
    time = Timestamp()
    time.FromDatetime(event.time)
    return Undo(time, news.removed_count, news.kept_count)
