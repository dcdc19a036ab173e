"""The mails that left through the emulator's SES, newest first.

Raw mails are kept as files, also over the emulator's restart, which forgets them; what was sent otherwise, as Cognito's
codes, is known only from the emulator.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

SHOWN_MAX = 500


@dataclass(frozen=True, kw_only=True)
class Mail:
    """`date` is RFC 3339, UTC; `headers` those of the raw mail, the last of equal names."""

    id: str
    to: list[str]
    subject: str
    date: str
    headers: dict[str, str]
    text: str
    html: str
    eml_url: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def mails(answer: dict[str, Any], folder: Path, mailbox_url: str) -> list[Mail]:
    """The newest SHOWN_MAX of the kept mails and of what /_ministack/ses/messages answered."""
    kept = sorted(folder.glob("*.eml"), key=sent_at, reverse=True)[:SHOWN_MAX]
    found = {path.stem: read_mail(path.stem, path, mailbox_url) for path in kept}
    for record in records(answer):
        name = record["MessageId"]
        if name not in found and not (folder / f"{name}.eml").exists():
            moment = datetime.fromtimestamp(record["Timestamp"], UTC)
            found[name] = mail(name, written(record), moment, mailbox_url)
    return sorted(found.values(), key=lambda each: each.date, reverse=True)[:SHOWN_MAX]


def records(answer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for account in answer["messages"].values():
        yield from account


def eml(name: str, answer: dict[str, Any], folder: Path) -> bytes | None:
    """A mail as it was sent; None where there is none of that id."""
    kept = {path.stem: path for path in folder.glob("*.eml")}
    if name in kept:
        return kept[name].read_bytes()
    return next((written(record).as_bytes() for record in records(answer) if record["MessageId"] == name), None)


@lru_cache(maxsize=2 * SHOWN_MAX)
def read_mail(name: str, path: Path, mailbox_url: str) -> Mail:
    raw = message_from_bytes(path.read_bytes(), policy=policy.default)
    return mail(name, raw, sent_at(path), mailbox_url)


def sent_at(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def mail(name: str, raw: EmailMessage, moment: datetime, mailbox_url: str) -> Mail:
    return Mail(
        id=name,
        to=[address.addr_spec for address in raw["To"].addresses] if raw["To"] else [],
        subject=str(raw["Subject"] or ""),
        date=moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        headers={header: str(value) for header, value in raw.items()},
        text=body(raw, "plain"),
        html=body(raw, "html"),
        eml_url=f"{mailbox_url}/mails/{quote(name)}.eml",
    )


def body(raw: EmailMessage, subtype: str) -> str:
    part = raw.get_body((subtype,))
    return str(part.get_content()) if part is not None else ""


def written(record: dict[str, Any]) -> EmailMessage:
    """A mail that was not sent raw, written from what SES was told."""
    message = EmailMessage(policy=policy.SMTP)
    message["Message-ID"] = f"<{record['MessageId']}>"
    message["Date"] = format_datetime(datetime.fromtimestamp(record["Timestamp"], UTC))
    message["From"] = record["Source"]
    message["To"] = ", ".join(record["To"])
    message["Subject"] = record["Subject"]
    message.set_content(record["BodyText"] or "")
    if record["BodyHtml"]:
        message.add_alternative(record["BodyHtml"], subtype="html")
    return message
