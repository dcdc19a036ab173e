"""What a profile may hold: pure checks, each raising ValueError with what is wrong."""

import re
import unicodedata
from functools import cache
from zoneinfo import available_timezones

from babel import Locale, UnknownLocaleError

DISPLAY_NAME_MAX = 100
EMAIL_MAX = 320
DEFAULT_LOCALE = "en-US"
DEFAULT_TIME_ZONE = "UTC"

# Language, script, region, variant. Babel would also take, and keep, any text behind an @ or a dot.
_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
# What these mean depends on the machine.
_NO_ZONES = frozenset({"Factory", "localtime"})
_UNPRINTABLE = frozenset({"Cc", "Co", "Cs", "Zl", "Zp"})


def display_name(value: str) -> str:
    if not value.strip() or len(value) > DISPLAY_NAME_MAX:
        raise ValueError(f"must have 1 to {DISPLAY_NAME_MAX} characters")
    if any(unicodedata.category(character) in _UNPRINTABLE for character in value):
        raise ValueError("must not contain control characters")
    return value


def locale(value: str) -> str:
    """A BCP 47 tag that CLDR knows, canonically written: es-MX."""
    try:
        if _TAG.fullmatch(value):
            return str(Locale.parse(value, sep="-")).replace("_", "-")
    except (UnknownLocaleError, ValueError, TypeError):
        pass
    raise ValueError("must be a language tag such as es-MX")


def time_zone(value: str) -> str:
    if value not in _zones():
        raise ValueError("must be a time zone such as America/Mexico_City")
    return value


def email(value: str) -> str:
    if "@" not in value or len(value) > EMAIL_MAX or not value.isprintable() or " " in value:
        raise ValueError("must be an address")
    return value


@cache
def _zones() -> frozenset[str]:
    # Reads hundreds of files, so not at each call.
    return frozenset(available_timezones()) - _NO_ZONES
