"""A mail as it leaves: MIME, plain text and HTML of the same content."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from notifier.language import plain
from notifier.letter import Letter
from notifier.settings import MailSettings
from protos.user.v1 import user_pb2 as user

NAME_MAX = 100
REQUEST_ID_MAX = 128


@dataclass(frozen=True)
class Mail:
    """`delivery_id` is the event's id; every attempt carries it."""

    delivery_id: str
    sender: str = field(repr=False)
    recipient: str = field(repr=False)
    mime: bytes = field(repr=False)


def compose(letter: Letter, holder: user.User, delivery_id: str, request_id: str, settings: MailSettings) -> Mail:
    """The mail of a letter to its holder. Raises ValueError where the holder's address is none."""
    sender = settings.sender
    recipient = _address(holder)
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = recipient
    message["Subject"] = letter.subject
    message["Date"] = datetime.now(UTC)
    # SES puts its own over it; a copy sent by any other way keeps this one.
    message["Message-ID"] = f"<{delivery_id}@{sender.domain}>"
    message["X-Stori-Delivery"] = delivery_id
    message["X-Stori-Request"] = plain(request_id, REQUEST_ID_MAX)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text, cte="quoted-printable")
    message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    return Mail(delivery_id, str(sender), recipient.addr_spec, message.as_bytes())


def _address(holder: user.User) -> Address:
    try:
        return Address(display_name=plain(holder.display_name, NAME_MAX), addr_spec=holder.email)
    except Exception:  # noqa: BLE001 – the parser raises IndexError and others for some texts
        raise ValueError("The holder's address is not an address.") from None
