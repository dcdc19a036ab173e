"""Moments as a person writes them: 2026-07-15, 2026-07-15T12:00:00Z, or 7d for seven days ago."""

import re
from datetime import UTC, date, datetime, timedelta

_AGO = re.compile(r"([0-9]{1,5})([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(  # RFC 3339 §5.6
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


def since(text: str, now: datetime) -> datetime:
    """A time of RFC 3339; of a date its first moment in UTC; 30m, 24h, 7d and 2w back from `now`. Raises ValueError."""
    ago = _AGO.fullmatch(text)
    if ago is not None:
        return now - timedelta(**{_UNITS[ago.group(2)]: int(ago.group(1))})
    if _TIME.fullmatch(text):
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    if not _DATE.fullmatch(text):
        raise ValueError(
            "must be a date such as 2026-07-15, a time such as 2026-07-15T12:00:00Z, or one back from now such as 7d"
        )
    day = date.fromisoformat(text)
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def span(seconds: float) -> str:
    """A duration in its largest whole unit: 42s, 5m, 3h, 2d."""
    for length, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds >= length:
            return f"{int(seconds // length)}{unit}"
    return f"{int(seconds)}s"
