"""Lists that come in pages, as one."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

from cli.output import note

PAGE_SIZE = 100

T = TypeVar("T")
Fetch = Callable[[str, int], Awaitable[tuple[list[T], str]]]
"""Takes a page token and a page size; gives the page and the token of the next one."""


async def listed(fetch: Fetch[T], limit: int, option: str = "--limit") -> AsyncIterator[T]:
    """The first `limit` of a list, all with 0, page by page; says on standard error where more follow.

    `option` is the one that asks for more.
    """
    token, left = "", limit
    while True:
        page, token = await fetch(token, min(PAGE_SIZE, left) if limit else PAGE_SIZE)
        for one in page:
            yield one
        left -= len(page)
        if not token:
            return
        if limit and left <= 0:
            note(f"More follow; these are the first {limit}. `{option} 0` gives all.")
            return
