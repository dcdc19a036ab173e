"""What the edge bears: slow clients, many requests, and a drain."""

import asyncio
import time
from collections.abc import AsyncIterator

import httpx2
import pytest

from bff import request, server
from runtime.messages.backoff import pause
from tests.service.bff_stage import ANN, BOB, Stage, open_stage


@pytest.fixture
async def stage(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    monkeypatch.setattr(request, "MAX_BODY_SECONDS", 0.4)
    monkeypatch.setattr(server, "MAX_REQUEST_SECONDS", 0.8)
    async with open_stage() as opened:
        yield opened


def test_bounds_are_below_ten_seconds() -> None:
    assert request.MAX_BODY_SECONDS < server.MAX_REQUEST_SECONDS < 10


class _Received(asyncio.Protocol):
    """All that came before the connection ended, also where it ended with a reset."""

    def __init__(self) -> None:
        self.content, self.ended = b"", asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self.content += data

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended.set()


async def _answer(stage: Stage, head: bytes, drip: bytes) -> tuple[bytes, float]:
    """What comes back, and after how many seconds the connection is closed, while `drip` goes on."""
    port = int(stage.url.rpartition(":")[2])
    transport, received = await asyncio.get_running_loop().create_connection(_Received, "127.0.0.1", port)
    started = time.monotonic()
    transport.write(head)
    try:
        async with asyncio.timeout(5):
            while not await pause(received.ended, 0.05):
                transport.write(drip)
    finally:
        transport.close()
    return received.content, time.monotonic() - started


async def test_head_that_never_ends_is_closed(stage: Stage) -> None:
    received, seconds = await _answer(stage, b"POST /graphql HTTP/1.1\r\nhost: x\r\n", b"x-a: b\r\n")

    assert received == b""
    assert seconds < 1.5


async def test_connection_without_a_byte_is_closed(stage: Stage) -> None:
    _, seconds = await _answer(stage, b"", b"")

    assert seconds < 1.5


async def test_body_that_drips_is_a_408(stage: Stage) -> None:
    token = stage.headers()["authorization"].encode()
    head = b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 5000\r\n"

    received, seconds = await _answer(stage, head + b"authorization: " + token + b"\r\n\r\n", b"x")

    assert received.startswith(b"HTTP/1.1 408")
    assert seconds < 1.5


async def test_body_that_drips_after_its_answer_is_closed(stage: Stage) -> None:
    head = b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-length: 5000\r\n\r\n"

    received, seconds = await _answer(stage, head, b"x")

    assert received.startswith(b"HTTP/1.1 401")
    assert seconds < 1.5


async def test_head_that_is_too_large_is_refused(stage: Stage) -> None:
    received, _ = await _answer(stage, b"GET /config.json HTTP/1.1\r\nhost: x\r\n", b"x-a: " + b"b" * 4096 + b"\r\n")

    assert received.startswith(b"HTTP/1.1 400")


async def test_kept_connection_serves_one_request_after_another(stage: Stage) -> None:
    for _ in range(3):
        assert (await stage.ask("{ __typename }")).status_code == 200
        await asyncio.sleep(0.5)  # longer in all than one request may take


async def test_person_who_asks_too_often_waits_and_the_others_do_not() -> None:
    async with open_stage(user_requests_per_minute=3) as stage:
        statuses = [(await stage.ask("{ __typename }")).status_code for _ in range(3)]
        refused = await stage.ask("{ __typename }")
        other = await stage.ask("{ __typename }", subject=BOB)

    assert (statuses, refused.status_code) == ([200, 200, 200], 429)
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert other.status_code == 200


async def test_address_that_asks_too_often_waits_before_its_token_is_looked_at() -> None:
    async with open_stage(address_requests_per_minute=2) as stage:
        statuses = [(await stage.client.post("/graphql")).status_code for _ in range(3)]
        forwarded = await stage.client.post("/graphql", headers={"x-forwarded-for": "203.0.113.9"})

    assert statuses == [401, 401, 429]
    assert forwarded.status_code == 429, "the header is nobody's word but a trusted proxy's"


async def test_trusted_proxy_tells_the_address() -> None:
    async with open_stage(address_requests_per_minute=1, trusted_proxies=("127.0.0.1",)) as stage:
        statuses = [
            (await stage.client.post("/graphql", headers={"x-forwarded-for": f"203.0.113.{n}"})).status_code
            for n in (1, 2, 2)
        ]

    assert statuses == [401, 401, 429]


async def test_request_in_flight_is_answered_through_a_drain() -> None:
    async with open_stage() as stage:
        stage.txns.gates["ListAccounts"] = asyncio.Event()
        client = httpx2.AsyncClient(base_url=stage.url, headers=stage.headers(ANN))
        asking = asyncio.create_task(client.post("/graphql", json={"query": "{ viewer { accounts { name } } }"}))
        await stage.txns.entered.wait()
        asyncio.get_running_loop().call_later(0.3, stage.txns.gates["ListAccounts"].set)

    assert (await asking).json()["data"]["viewer"]["accounts"]
    await client.aclose()


async def test_connection_that_is_kept_is_given_up_with_an_answer() -> None:
    """Who asks on a connection that is just being closed would not know whether it was heard."""
    async with open_stage() as stage:
        client = httpx2.AsyncClient(base_url=stage.url)
        kept = await client.get("/config.json")
        leaving = asyncio.create_task(_ask_until_closed(client))

    last = await leaving
    assert "connection" not in kept.headers
    assert (last.status_code, last.headers["connection"]) == (200, "close")
    await client.aclose()


async def _ask_until_closed(client: httpx2.AsyncClient) -> httpx2.Response:
    while "connection" not in (answer := await client.get("/config.json")).headers:
        await asyncio.sleep(0.05)
    return answer
