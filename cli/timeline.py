"""What is known of an import and its mails as one list of moments: when, where, what."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from protos.txn.v1 import txn_pb2 as txn
from protos.user.v1 import user_pb2 as user

# By the audit's words: who did it, and what it was.
_MOMENTS: Final[Mapping[str, tuple[str, str]]] = {
    "StartImport": ("txn_svc", "announced"),
    "TakeImport": ("importer", "file taken"),
    "AskImport": ("importer", "asks, waits for its answer"),
    "AnswerImport": ("txn_svc", "answered"),
    "PlanImport": ("importer", "planned, waits for its review"),
    "RenewPlan": ("txn_svc", "planned again, waits for its review"),
    "DecideImportRow": ("txn_svc", "row decided"),
    "CommitImport": ("txn_svc", "commit asked for"),
    "CompleteImport": ("importer", "committed"),
    "DiscardImport": ("txn_svc", "discarded"),
    "FailImport": ("importer", "failed"),
    "ExpireImport": ("importer", "upload form expired"),
    "RevertImport": ("txn_svc", "undo asked for"),
    "CompleteRevert": ("importer", "undone"),
    "FailRevert": ("importer", "not undone, committed as before"),
    "RepeatImport": ("txn_svc", "asked for, of a file that is here"),
    "CreateDownload": ("txn_svc", "download asked for"),
    "Download": ("txn_svc", "downloaded"),
}
_MAILS: Final = {
    user.MAIL_STATE_SENT: "mail sent",
    user.MAIL_STATE_FAILED: "mail FAILED",
    user.MAIL_STATE_SUPPRESSED: "no mail: the address bounced, or its owner complained",
}
_FEEDBACK: Final = {
    user.MAIL_FEEDBACK_KIND_DELIVERY: "mail delivered",
    user.MAIL_FEEDBACK_KIND_BOUNCE: "mail BOUNCED",
    user.MAIL_FEEDBACK_KIND_COMPLAINT: "COMPLAINT about the mail",
    user.MAIL_FEEDBACK_KIND_REJECT: "mail rejected by SES",
}


@dataclass(frozen=True)
class Entry:
    """`reference` finds it elsewhere: a request's id in the logs, an event's in the deliveries, a message's at SES."""

    time: datetime
    where: str
    what: str
    reference: str


def timeline(trace: txn.ImportTrace | None, mails: Sequence[user.Mail]) -> list[Entry]:
    """Oldest first; what happened at once in the order in which one leads to the other."""
    found = [] if trace is None else [*_uploads(trace), *_moments(trace), *_events(trace)]
    return sorted([*found, *(entry for mail in mails for entry in _mail(mail))], key=lambda entry: entry.time)


def _uploads(trace: txn.ImportTrace) -> Iterator[Entry]:
    if trace.HasField("upload_time"):
        yield Entry(trace.upload_time.ToDatetime(UTC), "S3", "file uploaded", trace.request_id)


def _moments(trace: txn.ImportTrace) -> Iterator[Entry]:
    for moment in trace.moments:
        where, what = _MOMENTS.get(moment.action, ("txn_svc", moment.action))
        if moment.action == "FailImport":
            what += f": {txn.ImportFailureCode.Name(trace.failure_code).removeprefix('IMPORT_FAILURE_CODE_')}"
        yield Entry(moment.time.ToDatetime(UTC), where, what, moment.request_id)


def _events(trace: txn.ImportTrace) -> Iterator[Entry]:
    for event in trace.events:
        name, is_out = event.type.rpartition(".")[2], event.HasField("publish_time")
        written = f"{name} written" + ("" if is_out else ", has NOT LEFT yet")
        yield Entry(event.create_time.ToDatetime(UTC), "outbox", written, event.event_id)
        if is_out:
            yield Entry(event.publish_time.ToDatetime(UTC), "txn_relay", f"{name} published", event.event_id)


def _mail(mail: user.Mail) -> Iterator[Entry]:
    about = f"{mail.type.rpartition('.')[2]} {_MAILS.get(mail.state, '')}"
    code = f": {mail.code}" if mail.code else ""
    attempt = f", attempt {mail.attempt}" if mail.attempt > 1 else ""
    settled = mail.settle_time.ToDatetime(UTC)
    yield Entry(settled, "notifier", f"{about}{code}{attempt}", mail.ses_message_id or mail.delivery_id)
    for said in mail.feedback:
        detail = f": {said.detail}" if said.detail else ""
        yield Entry(said.time.ToDatetime(UTC), "SES", f"{_FEEDBACK.get(said.kind, '')}{detail}", said.ses_message_id)
