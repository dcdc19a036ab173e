"""A service that is slow, down or broken: the rest of the page is there, in time, and nothing leaks."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from runtime.refusals import PermissionDenied
from tests.service.bff_stage import ANN, Stage, open_stage

PAGE = "{ viewer { id user { email } accounts { name summary { balance { amount } } } } }"


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with open_stage() as opened:
        yield opened


async def test_slow_service_costs_its_own_fields_within_three_seconds_and_is_cancelled(stage: Stage) -> None:
    stage.txns.gates["BatchGetSummaries"] = asyncio.Event()
    started = time.monotonic()

    answer = await stage.ask(PAGE)

    assert time.monotonic() - started < 3
    assert answer.status_code == 200
    document = answer.json()
    assert document["data"]["viewer"]["user"]["email"] == f"{ANN}@example.com"
    assert [one["summary"] for one in document["data"]["viewer"]["accounts"]] == [None, None, None]
    assert document["errors"][0]["path"] == ["viewer", "accounts", 0, "summary"]
    assert document["errors"][0]["extensions"] == {
        "code": "DEADLINE_EXCEEDED",
        "requestId": answer.headers["x-request-id"],
    }
    async with asyncio.timeout(1):
        await stage.txns.cancelled.wait()


async def test_calls_in_a_row_share_one_deadline(stage: Stage) -> None:
    stage.txns.gates["BatchGetSummaries"] = asyncio.Event()
    listing = stage.txns.gates["ListAccounts"] = asyncio.Event()
    asyncio.get_running_loop().call_later(1.5, listing.set)
    started = time.monotonic()

    await stage.ask(PAGE)

    assert time.monotonic() - started < 3


async def test_dead_service_leaves_the_viewer_its_id_and_the_rest() -> None:
    async with open_stage(user_svc_address="127.0.0.1:1") as stage:
        started = time.monotonic()

        answer = await stage.ask(PAGE)

        document = answer.json()
        assert time.monotonic() - started < 3
        assert document["data"]["viewer"]["id"].startswith("viewer_")
        assert document["data"]["viewer"]["user"] is None
        assert len(document["data"]["viewer"]["accounts"]) == 3
        assert [(error["path"], error["extensions"]["code"]) for error in document["errors"]] == [
            (["viewer", "user"], "UNAVAILABLE")
        ]
        assert "127.0.0.1" not in answer.text


async def test_viewers_id_is_the_same_each_time_and_another_for_another(stage: Stage) -> None:
    async def viewer_id(subject: str) -> str:
        return str((await stage.data("{ viewer { id } }", subject=subject))["viewer"]["id"])

    assert await viewer_id("a") == await viewer_id("a") != await viewer_id("b")


async def test_fault_of_a_service_is_told_without_its_text(stage: Stage) -> None:
    stage.txns.failures["ListAccounts"] = RuntimeError("canary-4111111111111111")

    answer = await stage.ask(PAGE)

    error = answer.json()["errors"][0]
    assert error["extensions"]["code"] == "INTERNAL"
    assert error["message"] == "Something went wrong on our side."
    assert "canary" not in answer.text


async def test_refusal_of_a_service_is_told_with_its_sentence_and_reason(stage: Stage) -> None:
    stage.txns.failures["ListAccounts"] = PermissionDenied("This is not yours.", reason="NOT_YOURS")

    error = (await stage.ask(PAGE)).json()["errors"][0]

    assert (error["message"], error["extensions"]["code"]) == ("This is not yours.", "NOT_YOURS")


async def test_user_is_not_registered_where_the_service_merely_fails(stage: Stage) -> None:
    stage.users.failures["GetUser"] = RuntimeError("broken")

    await stage.ask("{ viewer { user { email } } }")

    assert stage.users.calls["EnsureUser"] == 0


async def test_page_of_graphiql_asks_nobody_but_us_and_the_sign_in(stage: Stage) -> None:
    page = await stage.client.get("/graphiql")
    files = [await stage.client.get(f"/graphiql/{name}") for name in _files(page.text)]

    assert len(files) == 9
    assert {file.status_code for file in files} == {200}
    assert "http://" not in page.text
    assert "https://" not in page.text
    policy = page.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert f"connect-src 'self' {stage.issuer.url};" in policy


async def test_page_of_graphiql_says_what_is_missing(tmp_path: Path) -> None:
    async with open_stage(graphiql_dir=tmp_path) as stage:
        answer = await stage.client.get("/graphiql")

    assert answer.status_code == 404
    assert "npm ci" in answer.text


async def test_config_tells_a_page_where_to_sign_in(stage: Stage) -> None:
    config = (await stage.client.get("/config.json")).json()

    assert config == {
        "issuer": stage.settings.issuer,
        "clientId": stage.settings.web_client_id,
        "domainUrl": stage.issuer.url,
        "graphqlUrl": "/graphql",
    }


def _files(html: str) -> list[str]:
    return re.findall(r'(?:src|href)="/graphiql/([^"]+)"', html)
