from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from notifier.letter import write
from notifier.mail import compose
from notifier.settings import MailSettings
from protos.user.v1 import user_pb2 as user
from tests.unit.letters import MAIL, brief_import, facts

DELIVERY = "evt_01jexample"


def sent(display_name: str = "Ana") -> EmailMessage:
    found = facts(display_name=display_name)
    mail = compose(write(found, MAIL.web_url), found.holder, DELIVERY, "request-1", MAIL)
    return message_from_bytes(mail.mime, EmailMessage, policy=policy.default)


def test_a_mail_is_text_and_html_of_one_letter() -> None:
    message = sent()

    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    for part in message.iter_parts():
        assert "39.74" in part.get_content()


def test_a_mail_carries_its_delivery_and_its_request() -> None:
    message = sent()

    assert message["X-Stori-Delivery"] == DELIVERY
    assert message["X-Stori-Request"] == "request-1"
    assert message["Message-ID"] == f"<{DELIVERY}@stori.example>"
    assert message["Date"].datetime is not None
    assert message["From"] == "Stori <mail@stori.example>"


def test_a_name_is_only_a_name() -> None:
    message = sent(display_name='Ana" <eve@example.com>,\r\nBcc: eve@example.com')

    assert [address.addr_spec for address in message["To"].addresses] == ["ana@example.com"]
    assert message["Bcc"] is None


def test_a_file_name_cannot_add_a_header() -> None:
    found = facts(brief_import(file_name="a.csv\r\nBcc: eve@example.com\r\n\r\nbody"))

    mail = compose(write(found, MAIL.web_url), found.holder, DELIVERY, "r", MAIL)

    message = message_from_bytes(mail.mime, EmailMessage, policy=policy.default)
    assert message["Bcc"] is None
    assert message["X-Stori-Delivery"] == DELIVERY


@pytest.mark.parametrize("email", ["", "ana", "ana@", "a@b, c@d.example", "a b@example.com", "a@example.com\r\nBcc: x"])
def test_what_is_no_address_is_refused_without_quoting_it(email: str) -> None:
    found = facts()

    with pytest.raises(ValueError, match="not an address") as error:
        compose(write(found, MAIL.web_url), user.User(email=email), DELIVERY, "r", MAIL)

    assert not email or email not in str(error.value)


def test_no_line_is_longer_than_smtp_allows() -> None:
    found = facts(display_name="é" * 100)

    mail = compose(write(found, MAIL.web_url), found.holder, DELIVERY, "r", MAIL)

    assert max(len(line) for line in mail.mime.split(b"\r\n")) <= 998


@pytest.mark.parametrize("sender", ["", "Stori", "@", "mail@"])
def test_a_sender_that_is_no_address_is_a_bad_setting(sender: str) -> None:
    with pytest.raises(ValueError, match="must be an address"):
        MailSettings(environment="local", mail_from=sender, web_url="https://stori.example")
