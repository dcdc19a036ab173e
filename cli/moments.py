"""Moments as a person writes them, 2026-07-15, 2026-07-15T12:00:00Z or 7d for seven days ago, and reads them."""

import re
from datetime import UTC, date, datetime, timedelta

_AGO = re.compile(r"([0-9]{1,5})([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(  # RFC 3339 §5.6
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
# In milliseconds.
_SECOND, _MINUTE, _HOUR, _DAY = 1000, 60_000, 3_600_000, 86_400_000
_GAPS = ((_DAY, _HOUR, "d", "h"), (_HOUR, _MINUTE, "h", "min"), (_MINUTE, _SECOND, "min", "s"))


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


def stamp(moment: datetime) -> str:
    """In UTC, to the millisecond: 2026-07-15T09:30:00.125Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def gap(passed: timedelta) -> str:
    """How long it was, in the largest two units that say it: 12 ms, 3.4 s, 5 min 3 s, 2 h 5 min, 3 d 4 h."""
    milliseconds = round(passed.total_seconds() * 1000)
    if milliseconds < _SECOND:
        return f"{milliseconds} ms"
    for unit, part, name, part_name in _GAPS:
        if milliseconds >= unit:
            return f"{milliseconds // unit} {name} {milliseconds % unit // part} {part_name}"
    return f"{milliseconds / _SECOND:.1f} s"
