"""Files for a browser's link: created by a person, fetched once by whoever holds the link, passed on as they come."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
import structlog
from prometheus_client import REGISTRY, generate_latest

from bff import downloads
from protos.txn.v1 import txn_pb2 as pb
from runtime.refusals import FailedPrecondition, Internal, InvalidArgument, NotFound, ResourceExhausted, Unavailable
from tests.service.bff_stage import ANN, BOB, TICKET, Stage, account, open_stage, some_id

CREATE = """mutation ($input: DownloadCreateInput!) { downloadCreate(input: $input) {
  url expireTime userErrors { code message path } } }"""
LINK = f"/downloads/{TICKET}"
MEGABYTE = bytes(1_000_000)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with open_stage() as opened:
        yield opened


async def create(stage: Stage, **given: Any) -> Any:
    return (await stage.data(CREATE, {"input": given}))["downloadCreate"]


async def test_link_is_made_for_an_accounts_transactions(stage: Stage) -> None:
    stage.txns.currencies = ["KWD"]
    narrowing = {"from": "2026-07-01", "to": "2026-07-31", "minAmount": "-20.5", "text": "caf", "direction": "DEBIT"}

    payload = await create(stage, kind="TRANSACTIONS", id=account(ANN, 0).id, filter=narrowing)

    assert stage.txns.requests["CreateDownload"] == [
        pb.CreateDownloadRequest(
            kind=pb.DOWNLOAD_KIND_TRANSACTIONS,
            id=account(ANN, 0).id,
            filter=pb.TransactionFilter(
                from_date="2026-07-01",
                until_date="2026-07-31",
                min_amount_minor=-20500,
                text="caf",
                direction=pb.DIRECTION_DEBIT,
            ),
        )
    ]
    assert payload == {"url": LINK, "expireTime": "2026-07-01T12:00:00Z", "userErrors": []}


@pytest.mark.parametrize(
    ("kind", "asked"), [("REJECTS", pb.DOWNLOAD_KIND_REJECTS), ("ORIGINAL", pb.DOWNLOAD_KIND_ORIGINAL)]
)
async def test_link_is_made_for_a_part_of_an_import(stage: Stage, kind: str, asked: pb.DownloadKind.ValueType) -> None:
    import_id = some_id("imp", account(ANN, 0).id)

    payload = await create(stage, kind=kind, id=import_id)

    assert stage.txns.requests["CreateDownload"] == [pb.CreateDownloadRequest(kind=asked, id=import_id)]
    assert stage.asked() == {"CreateDownload": 1}
    assert payload["url"] == LINK


AMOUNTS = {"minAmount": "1"}


@pytest.mark.parametrize(
    ("given", "code", "path"),
    [
        ({"kind": "REJECTS", "filter": {"text": "a"}}, "INVALID_FILTER", ["input", "filter"]),
        ({"kind": "TRANSACTIONS", "filter": {"accountIds": []}}, "INVALID_FILTER", ["input", "filter", "accountIds"]),
        (
            {"kind": "TRANSACTIONS", "filter": {"minAmount": "0.001"}},
            "TOO_MANY_DECIMALS",
            ["input", "filter", "minAmount"],
        ),
        ({"kind": "TRANSACTIONS", "filter": AMOUNTS, "id": account(BOB, 0).id}, "ACCOUNT_NOT_FOUND", ["input"]),
        ({"kind": "TRANSACTIONS", "filter": AMOUNTS, "id": "acct_x"}, "INVALID_ID", ["input", "id"]),
    ],
)
async def test_link_that_cannot_be_is_a_user_error_and_none_is_made(
    stage: Stage, given: dict[str, Any], code: str, path: list[str]
) -> None:
    payload = await create(stage, **{"id": account(ANN, 0).id, **given})

    assert (payload["url"], payload["expireTime"]) == (None, None)
    assert [(error["code"], error["path"]) for error in payload["userErrors"]] == [(code, path)]
    assert stage.txns.calls["CreateDownload"] == 0


async def test_day_the_service_refuses_is_named_as_the_filter_names_it(stage: Stage) -> None:
    fields = {"filter.from_date": "too early", "filter.until_date": "too early", "id": "not yours"}
    stage.txns.failures["CreateDownload"] = InvalidArgument("Not so.", fields=fields)

    payload = await create(stage, kind="TRANSACTIONS", id=account(ANN, 0).id, filter={"from": "1800-01-01"})

    assert [error["path"] for error in payload["userErrors"]] == [
        ["input", "filter", "from"],
        ["input", "filter", "to"],
        ["input", "id"],
    ]


async def test_link_gives_the_file_without_a_token(stage: Stage) -> None:
    answer = await stage.client.get(LINK)

    assert (answer.status_code, answer.text) == (200, "date,description,amount\n")
    assert stage.txns.requests["Download"] == [pb.DownloadRequest(ticket=TICKET)]
    assert "authorization" not in stage.txns.download_metadata
    assert answer.headers["content-disposition"] == 'attachment; filename="daily.csv"'
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-request-id"] == stage.txns.seen[-1].request_id


async def test_token_that_a_browser_sends_along_is_not_passed_on(stage: Stage) -> None:
    await stage.client.get(LINK, headers=stage.headers())

    assert "authorization" not in stage.txns.download_metadata


@pytest.mark.parametrize(
    ("file_name", "media_type", "told"),
    [
        ("año.csv", "text/csv", "text/csv"),
        ('a"\r\nset-cookie: b=c\r\n\r\n<script>', "text/csv\r\nset-cookie: b=c", "application/octet-stream"),
        ("\x00\x1b[2J\u2028.csv", "", "application/octet-stream"),
    ],
)
async def test_name_and_type_of_a_file_can_say_nothing_else(
    stage: Stage, file_name: str, media_type: str, told: str
) -> None:
    async def hostile() -> AsyncIterator[pb.DownloadResponse]:
        yield pb.DownloadResponse(file_name=file_name, media_type=media_type, data=b"rows")

    stage.txns.download = hostile
    answer = await stage.client.get(LINK)

    assert answer.content == b"rows"
    assert answer.headers["content-type"] == told
    assert answer.headers["content-disposition"].startswith("attachment; filename=")
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (NotFound("It is gone.", reason="DOWNLOAD_GONE"), 404, "DOWNLOAD_GONE"),
        (FailedPrecondition("It was deleted.", reason="OBJECT_GONE"), 409, "OBJECT_GONE"),
        (Unavailable("canary"), 503, "UNAVAILABLE"),
        (ResourceExhausted("canary"), 503, "UNAVAILABLE"),
        (Internal("canary"), 500, "INTERNAL"),
    ],
)
async def test_first_message_that_does_not_come_decides_the_status(
    stage: Stage, failure: Exception, status: int, code: str
) -> None:
    stage.txns.failures["Download"] = failure

    answer = await stage.client.get(LINK)

    assert answer.status_code == status
    assert answer.json()["errors"][0]["extensions"] == {"code": code}
    assert ("retry-after" in answer.headers) == (status == 503)
    assert "content-disposition" not in answer.headers
    assert "canary" not in answer.text


async def test_service_that_is_down_is_a_503() -> None:
    async with open_stage(txn_svc_address="127.0.0.1:1") as stage:
        assert (await stage.client.get(LINK)).status_code == 503


async def test_service_that_says_nothing_is_a_503_in_time_and_its_call_is_cancelled(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "MAX_STALL_SECONDS", 0.3)
    stage.txns.gates["Download"] = asyncio.Event()

    answer = await stage.client.get(LINK)

    assert answer.status_code == 503
    async with asyncio.timeout(2):
        await stage.txns.cancelled.wait()


async def test_client_that_goes_before_the_first_message_ends_the_call(stage: Stage) -> None:
    stage.txns.gates["Download"] = asyncio.Event()

    with structlog.testing.capture_logs() as lines:
        with pytest.raises(httpx2.ReadTimeout):
            await stage.client.get(LINK, timeout=0.3)
        async with asyncio.timeout(2):
            await stage.txns.cancelled.wait()
            while not any(line["event"] == "request" for line in lines):
                await asyncio.sleep(0.01)

    assert [line["status"] for line in lines if line["event"] == "request"] == [0]
    assert {line["log_level"] for line in lines} == {"info"}


async def test_stream_without_a_message_is_a_fault(stage: Stage) -> None:
    async def nothing() -> AsyncIterator[pb.DownloadResponse]:
        for message in list[pb.DownloadResponse]():
            yield message

    stage.txns.download = nothing

    assert (await stage.client.get(LINK)).status_code == 500


@pytest.mark.parametrize("ticket", ["t" * 42, "t" * 44, "t" * 42 + ".", "t" * 42 + "%0A", "t" * 42 + "é", "%2e%2e"])
async def test_what_is_no_ticket_is_a_404_without_a_call(stage: Stage, ticket: str) -> None:
    answer = await stage.client.get(f"/downloads/{ticket}")

    assert answer.status_code == 404
    assert stage.asked() == {}


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
async def test_only_a_get_uses_a_ticket_up(stage: Stage, method: str) -> None:
    answer = await stage.client.request(method, LINK)

    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
    assert stage.asked() == {}


async def test_address_that_fetches_too_often_waits() -> None:
    async with open_stage(address_requests_per_minute=2) as stage:
        statuses = [(await stage.client.get(link)).status_code for link in (LINK, "/downloads/x", LINK)]

        assert statuses == [200, 404, 429]
        assert stage.asked() == {"Download": 1}


async def test_first_chunk_is_there_before_the_last_is_made(stage: Stage) -> None:
    rest = asyncio.Event()

    async def slow() -> AsyncIterator[pb.DownloadResponse]:
        yield pb.DownloadResponse(file_name="a.csv", media_type="text/csv", data=b"first")
        await rest.wait()
        yield pb.DownloadResponse(data=b"last")

    stage.txns.download = slow
    async with stage.client.stream("GET", LINK) as answer:
        chunks = answer.aiter_bytes()
        first = await anext(chunks)
        rest.set()
        last = b"".join([chunk async for chunk in chunks])

    assert (first, last) == (b"first", b"last")


async def test_file_that_breaks_off_is_not_taken_for_a_whole_one(stage: Stage) -> None:
    async def broken() -> AsyncIterator[pb.DownloadResponse]:
        yield pb.DownloadResponse(file_name="a.csv", media_type="text/csv", data=b"first")
        raise Unavailable("canary")

    stage.txns.download = broken

    with pytest.raises(httpx2.RemoteProtocolError):
        await stage.client.get(LINK)


class Endless:
    """A download without an end, and how much of it has been made."""

    def __init__(self, *, pause: asyncio.Event | None = None) -> None:
        self.made = 0
        self.left = asyncio.Event()
        self._pause = pause

    async def __call__(self) -> AsyncIterator[pb.DownloadResponse]:
        try:
            yield pb.DownloadResponse(file_name="a.csv", media_type="text/csv", data=b"first")
            while True:
                if self._pause:
                    await self._pause.wait()
                self.made += 1
                yield pb.DownloadResponse(data=MEGABYTE)
        finally:
            self.left.set()


@pytest.mark.parametrize("pause", [asyncio.Event(), None], ids=["while it waits", "while it sends"])
async def test_client_that_goes_away_ends_the_call(stage: Stage, pause: asyncio.Event | None) -> None:
    endless = stage.txns.download = Endless(pause=pause)

    async with stage.client.stream("GET", LINK) as answer:
        await anext(answer.aiter_bytes())
        assert not endless.left.is_set()

    async with asyncio.timeout(3):
        await endless.left.wait()


async def test_client_that_takes_nothing_is_sent_little_and_left_after_a_while(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "MAX_STALL_SECONDS", 1.0)
    endless = stage.txns.download = Endless()
    _, writer = await asyncio.open_connection("127.0.0.1", int(stage.url.rpartition(":")[2]), limit=1_000)

    writer.write(f"GET {LINK} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
    async with asyncio.timeout(5):
        await endless.left.wait()
    writer.transport.abort()

    assert endless.made < 40  # what buffers of sockets and of grpc hold, in megabytes


async def test_service_that_stops_in_the_middle_is_left_after_a_while(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "MAX_STALL_SECONDS", 0.3)
    endless = stage.txns.download = Endless(pause=asyncio.Event())

    with pytest.raises(httpx2.RemoteProtocolError):
        await stage.client.get(LINK)

    async with asyncio.timeout(2):
        await endless.left.wait()


async def test_ticket_stands_in_no_log_line_and_no_metric(stage: Stage) -> None:
    async def broken() -> AsyncIterator[pb.DownloadResponse]:
        yield pb.DownloadResponse(file_name="a.csv", media_type="text/csv", data=b"first")
        raise Internal(TICKET)

    with structlog.testing.capture_logs() as lines:
        await create(stage, kind="TRANSACTIONS", id=account(ANN, 0).id)
        await stage.client.get(LINK)
        await stage.client.get(f"{LINK}x")
        await stage.client.head(LINK)
        stage.txns.download = broken
        with pytest.raises(httpx2.RemoteProtocolError):
            await stage.client.get(LINK)

    assert {line["path"] for line in lines if line["event"] == "request"} == {"/graphql", "/downloads/{ticket}"}
    assert TICKET not in repr(lines)
    assert TICKET not in generate_latest(REGISTRY).decode()
