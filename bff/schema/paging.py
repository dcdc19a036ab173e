"""Relay connections over the services' page tokens: a cursor is the token itself, opaque to all but its maker."""

from dataclasses import dataclass

import strawberry

from bff.limits import MAX_PAGE_SIZE
from runtime.refusals import InvalidArgument

MAX_CURSOR_LENGTH = 1_000


@strawberry.type
class PageInfo:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@dataclass(frozen=True)
class Page:
    """A page that is asked for: its size, the cursor it starts from (or empty), its direction."""

    size: int
    cursor: str
    backward: bool = False

    def info(self, cursors: list[str], *, more: bool) -> PageInfo:
        """`more`: whether anything follows in this direction."""
        return PageInfo(
            has_next_page=bool(self.cursor) if self.backward else more,
            has_previous_page=more if self.backward else bool(self.cursor),
            start_cursor=cursors[0] if cursors else None,
            end_cursor=cursors[-1] if cursors else None,
        )


def forward_page(first: int | None, after: str | None, default: int) -> Page:
    """Raises InvalidArgument (INVALID_PAGE) unless `first` is 1 to 100."""
    return Page(_size("first", default if first is None else first), _cursor("after", after))


def page(first: int | None, after: str | None, last: int | None, before: str | None, default: int) -> Page:
    """Raises InvalidArgument (INVALID_PAGE) where both directions are asked for, or a size is not 1 to 100."""
    if last is None and before is None:
        return forward_page(first, after, default)
    if first is not None or after is not None:
        raise _invalid("last", "Use first and after, or last and before, not both.")
    return Page(_size("last", default if last is None else last), _cursor("before", before), backward=True)


def _size(name: str, value: int) -> int:
    if not 1 <= value <= MAX_PAGE_SIZE:
        raise _invalid(name, f"`{name}` must be 1 to {MAX_PAGE_SIZE}.")
    return value


def _cursor(name: str, value: str | None) -> str:
    if value is None:
        return ""
    if not value or len(value) > MAX_CURSOR_LENGTH:
        raise _invalid(name, f"`{name}` is not a cursor of this list.")
    return value


def _invalid(name: str, message: str) -> InvalidArgument:
    return InvalidArgument(message, reason="INVALID_PAGE", fields={name: message})
