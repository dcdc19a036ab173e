"""A service's own token over a real connection: asked for once, renewed in time, never kept beyond its life."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import structlog
from pydantic import SecretStr

from runtime.call import Call, bind
from runtime.refusals import DeadlineExceeded, Unavailable
from runtime.tokens import MachineTokens, open_verifier
from runtime.tokens.machine import RETRY_SECONDS
from tests.service.test_tokens_keys import Clock
from tests.service.tokens import MACHINE_CLIENT, TOKEN_PATH, Answer, Issuer


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with Issuer() as issuer:
        yield issuer


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def tokens(issuer: Issuer, clock: Clock) -> AsyncIterator[MachineTokens]:
    tokens = MachineTokens(issuer.machine_settings(), clock=clock)
    yield tokens
    await tokens.close()


async def test_its_token_is_accepted_as_the_service(issuer: Issuer, tokens: MachineTokens) -> None:
    async with open_verifier(issuer.settings()) as verifier:
        caller = await verifier.verify(await tokens.token())

    assert (caller.kind, caller.subject) == ("service", MACHINE_CLIENT)
    assert caller.scopes == {"stori/users.read", "stori/txns.read", "stori/mails.write"}


async def test_a_hundred_calls_ask_once(issuer: Issuer, tokens: MachineTokens) -> None:
    given = await asyncio.gather(*(tokens.token() for _ in range(100)))

    assert len(set(given)) == 1
    assert issuer.requests[TOKEN_PATH] == 1


async def test_it_is_renewed_a_minute_before_it_expires(issuer: Issuer, tokens: MachineTokens, clock: Clock) -> None:
    first = await tokens.token()
    clock.seconds += 3600 - 61
    assert await tokens.token() == first

    clock.seconds += 1
    renewed = await asyncio.gather(*(tokens.token() for _ in range(20)))

    assert first not in renewed
    assert issuer.requests[TOKEN_PATH] == 2


async def test_the_last_minute_is_used_while_the_pool_is_down(
    issuer: Issuer, tokens: MachineTokens, clock: Clock
) -> None:
    first = await tokens.token()
    issuer.answers[TOKEN_PATH] = Answer(503)
    clock.seconds += 3600 - 30

    assert [await tokens.token() for _ in range(20)] == [first] * 20
    assert issuer.requests[TOKEN_PATH] == 2
    clock.seconds += RETRY_SECONDS
    assert await tokens.token() == first
    assert issuer.requests[TOKEN_PATH] == 3
    clock.seconds += 30
    with pytest.raises(Unavailable):
        await tokens.token()


async def test_it_is_asked_for_again_after_a_failure(issuer: Issuer, tokens: MachineTokens) -> None:
    issuer.stop()
    with pytest.raises(Unavailable) as refused:
        await tokens.token()
    assert refused.value.reason == "MACHINE_TOKEN_UNAVAILABLE"

    issuer.start()

    assert await tokens.token()


async def test_a_wrong_secret_is_unavailable_and_in_no_log(issuer: Issuer) -> None:
    wrong = issuer.machine_settings().model_copy(update={"machine_client_secret": SecretStr("canary-secret")})
    tokens = MachineTokens(wrong)

    with structlog.testing.capture_logs() as lines, pytest.raises(Unavailable) as refused:
        await tokens.token()

    assert [line["cause"] for line in lines] == ["status 400"]
    assert "canary" not in repr(lines) + repr(refused.value) + repr(refused.value.__cause__)
    await tokens.close()


GRANT: dict[str, Any] = {"access_token": "a.b.c", "expires_in": 3600, "token_type": "Bearer"}


@pytest.mark.parametrize(
    "changes",
    [
        {"access_token": None},
        {"access_token": ""},
        {"access_token": "a b"},
        {"access_token": "a\r\nx: y"},
        {"access_token": "a" * 8193},
        {"expires_in": None},
        {"expires_in": "3600"},
        {"expires_in": 0},
        {"expires_in": -5},
        {"expires_in": True},
        {"expires_in": 10**9},
        {"token_type": "mac"},
        {"token_type": None},
    ],
)
async def test_a_malformed_grant_is_unavailable(issuer: Issuer, tokens: MachineTokens, changes: dict[str, Any]) -> None:
    issuer.answers[TOKEN_PATH] = Answer(200, json.dumps({**GRANT, **changes}).encode())

    with pytest.raises(Unavailable):
        await tokens.token()


async def test_no_redirect_takes_the_secret_elsewhere(issuer: Issuer, tokens: MachineTokens) -> None:
    with Issuer() as other:
        issuer.answers[TOKEN_PATH] = Answer(307, b"", {"location": other.url + TOKEN_PATH})

        with pytest.raises(Unavailable):
            await tokens.token()
        assert other.requests[TOKEN_PATH] == 0


async def test_a_caller_waits_no_longer_than_its_deadline(issuer: Issuer, tokens: MachineTokens) -> None:
    issuer.open.clear()
    soon = asyncio.get_running_loop().time() + 0.1  # the loop's clock is time.monotonic

    with bind(Call("request", "traceparent", deadline=soon)), pytest.raises(DeadlineExceeded):
        await tokens.token()
    issuer.open.set()

    assert await tokens.token()
    assert issuer.requests[TOKEN_PATH] == 1
