"""`--since`, and how long something has been."""

from datetime import UTC, datetime, timedelta

import pytest

from cli.moments import since

NOW = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "ago"),
    [
        ("30m", timedelta(minutes=30)),
        ("24h", timedelta(hours=24)),
        ("7d", timedelta(days=7)),
        ("2w", timedelta(weeks=2)),
    ],
)
def test_a_time_back_from_now(text: str, ago: timedelta) -> None:
    assert since(text, NOW) == NOW - ago


def test_a_date_is_its_first_moment_in_utc() -> None:
    assert since("2026-07-15", NOW) == datetime(2026, 7, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["2026-07-15T10:00:00Z", "2026-07-15t10:00:00.000z", "2026-07-15 12:00:00+02:00", "2026-07-15T05:00:00-05:00"],
)
def test_a_time_is_of_rfc_3339(text: str) -> None:
    assert since(text, NOW) == datetime(2026, 7, 15, 10, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2026-07-15T10:00:00", "2026-07-15T10:00Z", "2026-07-15T25:00:00Z", "T10:00:00Z"])
def test_a_time_without_its_zone_or_a_part_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        since(text, NOW)


@pytest.mark.parametrize("text", ["yesterday", "20260715", "2026-02-30", "7", "-7d", "999999d", "٧d", "2026-W29-3"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        since(text, NOW)
