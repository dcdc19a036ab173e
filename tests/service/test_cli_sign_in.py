"""Signing in with the command line: code and PKCE on a loopback address, kept, renewed and forgotten."""

import asyncio
import base64
import hashlib
import json
import re
import socket
import stat
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from cli.callback import PORTS
from tests.service.stori import Stori
from tests.service.tokens import CLI_CLIENT, TOKEN_PATH, Answer
from tests.service.users import UserSvc, new_subject

pytestmark = pytest.mark.usefixtures("callback_ports")
REVOKE_PATH = "/oauth2/revoke"


@pytest.fixture
def stori(users: UserSvc, tmp_path: Path) -> Stori:
    address = f"127.0.0.1:{users.port}"
    return Stori(
        tmp_path,
        {
            "STORI_ENVIRONMENT": "local",
            "STORI_USER_SVC_ADDRESS": address,
            "STORI_TXN_SVC_ADDRESS": address,
            "COGNITO_DOMAIN_URL": users.issuer.url,
            "STORI_CLI_CLIENT_ID": CLI_CLIENT,
        },
    )


@pytest.fixture(autouse=True)
def _usual_answers(users: UserSvc) -> Iterator[None]:
    yield
    users.issuer.answers.clear()
    users.issuer.requests.clear()


def grant(users: UserSvc, subject: str, **changes: Any) -> None:
    """What the token endpoint answers from now on."""
    answer = {
        "access_token": users.issuer.token(subject, CLI_CLIENT),
        "refresh_token": f"refresh-{subject}",
        "expires_in": 3600,
        "token_type": "Bearer",
        **changes,
    }
    users.issuer.answers[TOKEN_PATH] = Answer(body=json.dumps(answer).encode())


async def signing_in(stori: Stori) -> tuple[asyncio.subprocess.Process, dict[str, str]]:
    """A login that waits for the browser, and the query of the address it printed."""
    process = await stori.start("login", "--no-browser")
    assert process.stdout is not None
    line = (await asyncio.wait_for(process.stdout.readline(), 30)).decode()
    address = re.search(r"http\S+", line)
    assert address is not None
    return process, {name: values[0] for name, values in parse_qs(urlsplit(address.group()).query).items()}


async def come_back(query: dict[str, str], **changes: str) -> httpx2.Response:
    answer = {"code": "the-code", "state": query["state"]} | changes
    async with httpx2.AsyncClient() as browser:
        return await browser.get(query["redirect_uri"], params=answer)


async def signed_in(stori: Stori, users: UserSvc, **changes: Any) -> str:
    subject = new_subject()
    grant(users, subject, **changes)
    process, query = await signing_in(stori)
    assert (await come_back(query)).status_code == 200
    out, err = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0, err.decode()
    assert f"<{subject}@example.com>" in out.decode()
    return subject


async def test_a_sign_in_is_kept_for_its_owner_only_and_makes_the_person_known(stori: Stori, users: UserSvc) -> None:
    before = users.rows("SELECT subject FROM user_profile")
    assert (await stori.run("token")).code == 1

    subject = await signed_in(stori, users)

    assert (subject,) not in before
    assert (subject,) in users.rows("SELECT subject FROM user_profile")
    assert stat.S_IMODE(stori.credentials.stat().st_mode) == 0o600
    assert stat.S_IMODE(stori.credentials.parent.stat().st_mode) == 0o700
    assert users.issuer.read((await stori.run("token")).out.strip()) is not None


async def test_the_address_asks_for_a_code_with_a_challenge(stori: Stori) -> None:
    process, query = await signing_in(stori)
    await stori.interrupted(process)

    assert query["response_type"] == "code"
    assert query["client_id"] == CLI_CLIENT
    assert query["scope"] == "openid email profile"
    assert query["code_challenge_method"] == "S256"
    assert len(base64.urlsafe_b64decode(query["code_challenge"] + "=")) == hashlib.sha256().digest_size
    assert urlsplit(query["redirect_uri"]).port in PORTS


async def test_an_answer_with_another_state_changes_nothing(stori: Stori, users: UserSvc) -> None:
    grant(users, new_subject())
    process, query = await signing_in(stori)

    forged = await come_back(query, state="forged")
    elsewhere = await come_back(query | {"redirect_uri": query["redirect_uri"].replace("/callback", "/other")})

    assert (forged.status_code, elsewhere.status_code) == (400, 404)
    assert users.issuer.requests[TOKEN_PATH] == 0
    assert not stori.credentials.exists()
    assert (await come_back(query)).status_code == 200
    assert await asyncio.wait_for(process.wait(), 30) == 0


async def test_a_person_who_is_refused_is_not_signed_in(stori: Stori) -> None:
    process, query = await signing_in(stori)
    async with httpx2.AsyncClient() as browser:
        await browser.get(query["redirect_uri"], params={"error": "access_denied", "state": query["state"]})

    _, err = await asyncio.wait_for(process.communicate(), 30)

    assert process.returncode == 1
    assert b"access_denied" in err
    assert not stori.credentials.exists()


async def test_the_first_free_port_of_three_is_taken_and_none_is_an_error(stori: Stori) -> None:
    process, query = await signing_in(stori)
    await stori.interrupted(process)
    free = urlsplit(query["redirect_uri"]).port
    assert free is not None

    with ExitStack() as stack:
        hold(stack, free)
        process, query = await signing_in(stori)
        await stori.interrupted(process)
        assert urlsplit(query["redirect_uri"]).port in set(PORTS) - {free}

        for port in set(PORTS) - {free}:
            hold(stack, port)
        done = await stori.run("login", "--no-browser")

    assert done.code == 1
    assert all(str(port) in done.err for port in PORTS)


def hold(stack: ExitStack, port: int) -> None:
    """Listens on the port, unless somebody does already."""
    listener = stack.enter_context(socket.socket())
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen()
    except OSError:
        pass


async def test_nobody_who_comes_is_an_end_too(stori: Stori) -> None:
    done = await stori.run("login", "--no-browser", "--timeout", "1")

    assert (done.code, "within 1 s" in done.err) == (1, True)


async def test_ctrl_c_ends_a_waiting_login_with_130(stori: Stori) -> None:
    process, _ = await signing_in(stori)

    done = await stori.interrupted(process)

    assert (done.code, done.err) == (130, "")


async def test_an_expired_token_is_renewed_once_however_many_ask(stori: Stori, users: UserSvc) -> None:
    subject = await signed_in(stori, users, expires_in=30)
    first = json.loads(stori.credentials.read_text())
    users.issuer.requests.clear()
    grant(users, subject, refresh_token="", access_token=users.issuer.token(subject, CLI_CLIENT))

    done = await asyncio.gather(*(stori.run("token") for _ in range(3)))

    assert users.issuer.requests[TOKEN_PATH] == 1
    [renewed] = {each.out.strip() for each in done}
    [old], [new] = first.values(), json.loads(stori.credentials.read_text()).values()
    assert renewed == new["access_token"] != old["access_token"]
    assert new["refresh_token"] == old["refresh_token"]


async def test_a_sign_in_that_the_pool_has_ended_asks_for_a_new_one(stori: Stori, users: UserSvc) -> None:
    await signed_in(stori, users, expires_in=1)
    users.issuer.answers[TOKEN_PATH] = Answer(400, b'{"error":"invalid_grant"}')

    done = await stori.run("token")

    assert (done.code, done.out) == (1, "")
    assert "stori login" in done.err


async def test_while_the_pool_is_down_what_is_left_of_a_token_serves(stori: Stori, users: UserSvc) -> None:
    await signed_in(stori, users, expires_in=30)
    users.issuer.answers[TOKEN_PATH] = Answer(503)

    done = await stori.run("token")

    assert users.issuer.read(done.out.strip()) is not None
    expired = json.loads(stori.credentials.read_text())
    for one in expired.values():
        one["expires_at"] = 0
    stori.credentials.write_text(json.dumps(expired))
    assert (await stori.run("token")).code == 75


async def test_logout_forgets_the_sign_in_and_ends_it_at_the_pool(stori: Stori, users: UserSvc) -> None:
    await signed_in(stori, users)
    users.issuer.answers[REVOKE_PATH] = Answer(200)
    assert (await stori.run("token")).code == 0

    done = await stori.run("logout", "--json")

    assert (done.code, done.document, done.err) == (0, {"wasSignedIn": True}, "")
    assert users.issuer.requests[REVOKE_PATH] == 1
    assert (await stori.run("token")).code == 1
    assert "refresh-" not in stori.credentials.read_text()


async def test_a_token_of_the_environment_comes_before_the_stored_one(stori: Stori, users: UserSvc) -> None:
    await signed_in(stori, users)
    stored = await stori.run("token")

    given = await stori.changed(STORI_TOKEN="a.given.token").run("token")

    assert stored.out != given.out == "a.given.token\n"


async def test_a_sign_in_is_for_one_place_only(stori: Stori, users: UserSvc) -> None:
    await signed_in(stori, users)
    assert (await stori.run("token")).code == 0

    done = await stori.changed(COGNITO_DOMAIN_URL="http://127.0.0.1:1").run("token")

    assert (done.code, done.out) == (1, "")


async def test_a_token_that_cannot_be_one_is_bad_configuration(stori: Stori) -> None:
    done = await stori.changed(STORI_TOKEN="two words").run("token")

    assert (done.code, "two words" in done.err) == (78, False)


async def test_a_later_command_needs_no_environment(stori: Stori, users: UserSvc) -> None:
    await signed_in(stori, users)

    done = await Stori(stori.folder, {}).run("grpc", "user.v1.UserService/GetUser")

    assert done.document["user"]["email"].endswith("@example.com")
