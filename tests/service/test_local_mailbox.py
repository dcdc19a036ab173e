from email.message import EmailMessage
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from local.mailbox import Mailbox, MailboxSettings

HOSTILE = "<script>alert(1)</script>"
CODE = {
    "MessageId": "code@ses",
    "Source": "no-reply@example.org",
    "To": ["ana@example.org"],
    "Subject": "Your code",
    "BodyText": "123456",
    "BodyHtml": "",
    "Timestamp": 1_700_000_000.0,
}


def answer(request: httpx2.Request) -> httpx2.Response:
    return httpx2.Response(200, json={"messages": {"000000000000": [CODE]}})


@pytest.fixture
def browser(tmp_path: Path) -> TestClient:
    message = EmailMessage()
    message["To"], message["Subject"] = "ana@example.org", HOSTILE
    message.set_content("plain")
    message.add_alternative(f"<p>39.74</p>{HOSTILE}", subtype="html")
    (tmp_path / "raw@ses.eml").write_bytes(message.as_bytes())
    settings = MailboxSettings(emulator_url="http://emulator", mail_dir=tmp_path)
    client = httpx2.AsyncClient(transport=httpx2.MockTransport(answer))
    return TestClient(Starlette(routes=Mailbox(settings, client).routes()))


def test_the_list_holds_kept_mails_and_codes_newest_first(browser: TestClient) -> None:
    listed = browser.get("/messages.json").json()

    assert [mail["id"] for mail in listed] == ["raw@ses", "code@ses"]
    assert set(listed[0]) == {"id", "to", "subject", "date", "headers", "text", "html", "eml_url"}
    assert listed[1]["text"].strip() == "123456"


def test_a_subject_is_inert_on_the_page(browser: TestClient) -> None:
    page = browser.get("/")

    assert HOSTILE not in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_a_mail_s_html_runs_nothing(browser: TestClient) -> None:
    assert "<iframe sandbox title=" in browser.get("/").text
    policy = browser.get("/mails/raw@ses.html").headers["Content-Security-Policy"]
    assert policy.startswith("sandbox; default-src 'none'")


def test_a_raw_mail_is_shown_as_text(browser: TestClient) -> None:
    raw = browser.get("/mails/raw@ses.eml")

    assert raw.headers["Content-Type"].startswith("text/plain")
    assert browser.get("/mails/code@ses.eml").status_code == 200


@pytest.mark.parametrize("name", ["none", "..%2Fraw@ses", "%2Fetc%2Fpasswd"])
def test_an_unknown_mail_is_not_found(browser: TestClient, name: str) -> None:
    assert browser.get(f"/mails/{name}.eml").status_code == 404
