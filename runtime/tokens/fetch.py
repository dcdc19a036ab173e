"""A small document from a server that may be slow, big, or sending one elsewhere."""

import asyncio
from typing import Any

import httpx2

MAX_DOCUMENT_BYTES = 64 * 1024
TIMEOUT_SECONDS = 3.0


class FetchFailed(Exception):
    """Why there is no document; holds nothing of what was sent or answered."""


def open_client() -> httpx2.AsyncClient:
    """An HTTP client that follows no redirect."""
    return httpx2.AsyncClient(follow_redirects=False, timeout=TIMEOUT_SECONDS)


async def fetch(client: httpx2.AsyncClient, method: str, url: str, **request: Any) -> bytes:
    """The body of a 200 answer: ≤ 64 KB, uncompressed, whole within 3 s. Raises FetchFailed."""
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            return await _fetch(client, method, url, **request)
    except TimeoutError as error:
        raise FetchFailed("timed out") from error
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
        raise FetchFailed(type(error).__name__) from error


async def _fetch(client: httpx2.AsyncClient, method: str, url: str, **request: Any) -> bytes:
    headers = {"accept": "application/json", "accept-encoding": "identity"}
    async with client.stream(method, url, headers=headers, **request) as response:
        if response.status_code != httpx2.codes.OK:
            raise FetchFailed(f"status {response.status_code}")
        if response.headers.get("content-encoding", "identity") != "identity":
            raise FetchFailed("compressed")
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > MAX_DOCUMENT_BYTES:
                raise FetchFailed("too big")
        return bytes(body)
