import pytest

from user_svc import profile


@pytest.mark.parametrize(
    ("given", "kept"), [("en-us", "en-US"), ("zh-Hant-TW", "zh-Hant-TW"), ("es-419", "es-419"), ("de", "de")]
)
def test_a_language_tag_is_kept_in_its_canonical_spelling(given: str, kept: str) -> None:
    assert profile.locale(given) == kept


@pytest.mark.parametrize(
    "value", ["", "C", "root", "en_US", "de-DE@euro", "en@\u202e<b>", "en-US.UTF-8", "en@" + "z" * 10_000, "en-US\n"]
)
def test_what_is_no_language_tag_is_refused(value: str) -> None:
    """Babel's own parser takes, and gives back, any text behind an @."""
    with pytest.raises(ValueError, match="language tag"):
        profile.locale(value)


@pytest.mark.parametrize("value", ["", "utc", "localtime", "Factory", "../../etc/passwd", "Europe"])
def test_what_is_no_time_zone_everywhere_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="time zone"):
        profile.time_zone(value)


def test_a_time_zone_is_kept() -> None:
    assert profile.time_zone("America/Mexico_City") == "America/Mexico_City"
