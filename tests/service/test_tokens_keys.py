"""The issuer's keys over a real connection: fetched once, refreshed seldom, kept while the issuer is down."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from runtime.refusals import Unauthenticated, Unavailable
from runtime.tokens import KeySet, Verifier, open_verifier
from runtime.tokens.fetch import MAX_DOCUMENT_BYTES, TIMEOUT_SECONDS
from runtime.tokens.jwks import FRESH_SECONDS, RETRY_SECONDS, UNKNOWN_KEY_SECONDS
from tests.service.tokens import JWKS_PATH, Answer, Issuer, signing_key


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with Issuer() as issuer:
        yield issuer


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def keys(issuer: Issuer, clock: Clock) -> AsyncIterator[KeySet]:
    keys = KeySet(issuer.jwks_url, clock=clock)
    yield keys
    await keys.close()


@pytest.fixture
def verifier(issuer: Issuer, keys: KeySet) -> Verifier:
    return Verifier(issuer.settings(), keys)


async def accepts(verifier: Verifier, token: str) -> bool:
    try:
        await verifier.verify(token)
    except Unauthenticated:
        return False
    return True


async def refreshed(issuer: Issuer, keys: KeySet) -> None:
    """Waits for the refresh that is under way."""
    assert keys._flight.under_way
    await keys._flight.join()


# -- once ------------------------------------------------------------------------------------------------------------
async def test_a_hundred_first_requests_fetch_once(issuer: Issuer, verifier: Verifier) -> None:
    tokens = [issuer.token(f"person-{number}") for number in range(100)]
    issuer.open.clear()
    asked = [asyncio.create_task(accepts(verifier, token)) for token in tokens]
    await asyncio.sleep(0)
    issuer.open.set()

    assert all(await asyncio.gather(*asked))
    assert issuer.requests[JWKS_PATH] == 1


async def test_one_that_gives_up_waiting_does_not_fail_the_others(issuer: Issuer, verifier: Verifier) -> None:
    issuer.open.clear()
    asked = [asyncio.create_task(accepts(verifier, issuer.token("alice"))) for _ in range(3)]
    await asyncio.sleep(0)
    asked[0].cancel()
    issuer.open.set()

    assert await asyncio.gather(*asked[1:]) == [True, True]
    assert issuer.requests[JWKS_PATH] == 1


async def test_unknown_kids_refetch_once_in_ten_seconds(issuer: Issuer, verifier: Verifier, clock: Clock) -> None:
    assert await accepts(verifier, issuer.token("alice"))
    strangers = [issuer.token("alice", header={"kid": f"unknown-{number}"}) for number in range(100)]

    assert not any(await asyncio.gather(*(accepts(verifier, token) for token in strangers)))
    assert issuer.requests[JWKS_PATH] == 2
    clock.seconds += UNKNOWN_KEY_SECONDS - 0.1
    assert not any(await asyncio.gather(*(accepts(verifier, token) for token in strangers)))
    assert issuer.requests[JWKS_PATH] == 2
    clock.seconds += 0.1
    assert not any(await asyncio.gather(*(accepts(verifier, token) for token in strangers)))
    assert issuer.requests[JWKS_PATH] == 3


async def test_a_malformed_token_fetches_nothing(issuer: Issuer, verifier: Verifier) -> None:
    assert not await accepts(verifier, "x.y.z")
    assert issuer.requests[JWKS_PATH] == 0


# -- rotation --------------------------------------------------------------------------------------------------------
async def test_rotation_under_traffic_refuses_no_valid_request(
    issuer: Issuer, verifier: Verifier, clock: Clock
) -> None:
    names = ["rotation-1", "rotation-2", "rotation-3"]
    keys = [issuer.key, *map(signing_key, names)]
    outcomes: list[bool] = []
    over = asyncio.Event()

    async def traffic() -> None:
        while not over.is_set():
            for key in keys[: issuer.requests[JWKS_PATH]]:
                outcomes.append(await accepts(verifier, issuer.token("alice", key=key)))  # noqa: PERF401
            outcomes.append(await accepts(verifier, issuer.token("alice")))
            await asyncio.sleep(0)

    async def fetches(number: int) -> None:
        while issuer.requests[JWKS_PATH] < number:
            await asyncio.sleep(0.001)

    async def rotations() -> None:
        for number, name in enumerate(names, 1):
            await fetches(number)
            clock.seconds += UNKNOWN_KEY_SECONDS
            issuer.rotate(name)
        await fetches(len(keys))
        over.set()

    await asyncio.gather(rotations(), *(traffic() for _ in range(10)))

    assert all(outcomes)
    assert issuer.requests[JWKS_PATH] == len(keys)


async def test_a_rotation_right_after_the_start_is_seen(issuer: Issuer, verifier: Verifier) -> None:
    old = issuer.token("alice")
    assert await accepts(verifier, old)

    issuer.rotate("rotation-1")

    assert await accepts(verifier, issuer.token("alice"))
    assert await accepts(verifier, old)


async def test_a_key_that_was_taken_back_is_refused_after_the_next_refresh(
    issuer: Issuer, verifier: Verifier, keys: KeySet, clock: Clock
) -> None:
    old = issuer.token("alice")
    assert await accepts(verifier, old)
    issuer.rotate("rotation-1", keep_old=False)
    clock.seconds += FRESH_SECONDS

    await accepts(verifier, old)
    await refreshed(issuer, keys)

    assert not await accepts(verifier, old)
    assert await accepts(verifier, issuer.token("alice"))


async def test_a_refresh_never_makes_a_request_wait(
    issuer: Issuer, verifier: Verifier, keys: KeySet, clock: Clock
) -> None:
    assert await accepts(verifier, issuer.token("alice"))
    clock.seconds += FRESH_SECONDS
    issuer.open.clear()

    async with asyncio.timeout(1):
        assert all([await accepts(verifier, issuer.token(f"person-{number}")) for number in range(20)])

    issuer.open.set()
    await refreshed(issuer, keys)
    assert issuer.requests[JWKS_PATH] == 2


# -- down ------------------------------------------------------------------------------------------------------------
async def test_a_cold_start_without_the_issuer_is_not_ready_and_accepts_nobody(
    issuer: Issuer, verifier: Verifier, clock: Clock
) -> None:
    issuer.stop()

    with pytest.raises(Unavailable):
        await verifier.check()
    assert not await accepts(verifier, issuer.token("alice"))

    issuer.start()
    clock.seconds += RETRY_SECONDS
    await verifier.check()
    assert await accepts(verifier, issuer.token("alice"))


async def test_a_verifier_opens_without_the_issuer_and_is_not_ready() -> None:
    issuer = Issuer().start()
    issuer.stop()

    async with open_verifier(issuer.settings()) as verifier:
        with pytest.raises(Unavailable):
            await verifier.check()
        assert not await accepts(verifier, issuer.token("alice"))


async def test_a_verifier_that_opened_is_ready(issuer: Issuer) -> None:
    async with open_verifier(issuer.settings()) as verifier:
        await verifier.check()
        assert issuer.requests[JWKS_PATH] == 1


async def test_old_keys_keep_serving_while_the_issuer_is_down(
    issuer: Issuer, verifier: Verifier, keys: KeySet, clock: Clock
) -> None:
    assert await accepts(verifier, issuer.token("alice"))
    issuer.stop()
    clock.seconds += 10 * FRESH_SECONDS

    assert await accepts(verifier, issuer.token("alice"))
    await refreshed(issuer, keys)
    assert not await accepts(verifier, issuer.token("alice", key=signing_key("other")))
    assert await accepts(verifier, issuer.token("alice"))
    await verifier.check()


USELESS = {
    "an error": Answer(500, b"{}"),
    "not JSON": Answer(200, b"<html>"),
    "an empty set": Answer(200, b'{"keys":[]}'),
    "a list": Answer(200, b"[]"),
    "keys as object": Answer(200, b'{"keys":{}}'),
    "keys of text": Answer(200, b'{"keys":["key-1"]}'),
    "nothing": Answer(200, b""),
    "deep": Answer(200, b'{"keys":' + b"[" * 20000),
    "compressed": Answer(200, b"\x1f\x8b", {"content-encoding": "gzip"}),
    "elsewhere": Answer(302, b"", {"location": JWKS_PATH}),
    "cut short": Answer(200, b'{"keys":', {"content-length": "500"}),
}


@pytest.mark.parametrize("answer", USELESS.values(), ids=USELESS.keys())
async def test_a_useless_answer_replaces_no_key(
    issuer: Issuer, verifier: Verifier, keys: KeySet, clock: Clock, answer: Answer
) -> None:
    issuer.answers[JWKS_PATH] = answer
    with pytest.raises(Unavailable):
        await verifier.check()
    assert issuer.requests[JWKS_PATH] == 1

    del issuer.answers[JWKS_PATH]
    clock.seconds += RETRY_SECONDS
    assert await accepts(verifier, issuer.token("alice"))

    issuer.answers[JWKS_PATH] = answer
    clock.seconds += FRESH_SECONDS
    assert await accepts(verifier, issuer.token("bob"))
    await refreshed(issuer, keys)
    assert await accepts(verifier, issuer.token("carol"))


async def test_no_redirect_is_followed(issuer: Issuer, verifier: Verifier) -> None:
    with Issuer() as other:
        issuer.answers[JWKS_PATH] = Answer(302, b"", {"location": other.jwks_url})

        assert not await accepts(verifier, issuer.token("alice"))
        assert other.requests[JWKS_PATH] == 0


async def test_a_key_set_is_64_kb_at_most(issuer: Issuer, keys: KeySet, clock: Clock) -> None:
    body = b'{"keys":[' + str(issuer.key.jwk()).replace("'", '"').encode() + b"]"
    issuer.answers[JWKS_PATH] = Answer(200, body + b" " * (MAX_DOCUMENT_BYTES - len(body)) + b"}")
    with pytest.raises(Unavailable):
        await keys.check()

    issuer.answers[JWKS_PATH] = Answer(200, body + b" " * (MAX_DOCUMENT_BYTES - len(body) - 1) + b"}")
    clock.seconds += RETRY_SECONDS
    await keys.check()


async def test_a_silent_issuer_is_given_up_on_after_three_seconds(issuer: Issuer, keys: KeySet) -> None:
    issuer.open.clear()
    started = time.monotonic()

    with pytest.raises(Unavailable):
        await keys.check()

    assert TIMEOUT_SECONDS == 3
    assert time.monotonic() - started == pytest.approx(TIMEOUT_SECONDS, abs=1)


async def test_a_dripping_issuer_gets_no_longer_than_a_silent_one(
    issuer: Issuer, keys: KeySet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runtime.tokens.fetch.TIMEOUT_SECONDS", 0.2)
    issuer.answers[JWKS_PATH] = Answer(200, b" " * 1000, pause_seconds=0.02)

    async with asyncio.timeout(2):
        with pytest.raises(Unavailable):
            await keys.check()


async def test_closing_ends_a_fetch_under_way(issuer: Issuer) -> None:
    issuer.open.clear()
    keys = KeySet(issuer.jwks_url)
    starting = asyncio.create_task(keys.start())
    await asyncio.sleep(0.05)

    async with asyncio.timeout(1):
        await keys.close()

    with pytest.raises(asyncio.CancelledError):
        await starting
