"""Figures, months and times as a person's locale writes them; exact, and copied as they stand."""

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton, format_time, get_timezone_name
from babel.numbers import format_decimal
from google.protobuf.timestamp_pb2 import Timestamp

from runtime.currency import DECIMALS

DEFAULT_LOCALE = "en-US"


class Language:
    """How one person reads. `locale` is BCP 47, `time_zone` IANA; what is not known falls back to en-US and UTC."""

    def __init__(self, locale: str, time_zone: str) -> None:
        self.locale = _locale(locale)
        self._zone = _zone(time_zone)

    def amount(self, minor: int, currency_code: str) -> str:
        """All decimals of the currency, the locale's marks, and an ASCII minus, so that a copy stays a number."""
        decimals = DECIMALS.get(currency_code, 2)
        value = Decimal(abs(minor)).scaleb(-decimals)
        pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
        digits: str = format_decimal(value, format=pattern, locale=self.locale, numbering_system="latn")
        return f"-{digits}" if minor < 0 else digits

    def number(self, count: int) -> str:
        return str(format_decimal(count, locale=self.locale, numbering_system="latn"))

    def month(self, month: str) -> str:
        """`2026-07` as the locale's name of the month and the year."""
        return str(format_skeleton("yMMMM", date.fromisoformat(f"{month}-01"), locale=self.locale))

    def time(self, time: Timestamp) -> str:
        """The moment in the person's time zone, with the zone."""
        local: datetime = time.ToDatetime(tzinfo=ZoneInfo("UTC")).astimezone(self._zone)
        day = format_date(local, "long", locale=self.locale)
        clock = format_time(local, "short", tzinfo=self._zone, locale=self.locale).replace("\u202f", " ")
        zone = get_timezone_name(local, "short", locale=self.locale)
        return f"{day}, {clock} {zone}"


def count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def plain(text: str, most: int) -> str:
    """One line without characters that hide or reorder what stands around them, cut to `most` characters."""
    shown = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def _locale(locale: str) -> Locale:
    try:
        return Locale.parse(locale, sep="-")
    except (UnknownLocaleError, ValueError, TypeError):
        return Locale.parse(DEFAULT_LOCALE, sep="-")


def _zone(time_zone: str) -> ZoneInfo:
    try:
        return ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
