"""What makes two rows the same, and what must not."""

import unicodedata
from datetime import date, timedelta
from hashlib import sha256
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from txn_svc.ledger.identity import identity, normalise

DAY = date(2026, 7, 15)

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
contents = st.tuples(
    st.dates(), st.integers(-(2**63), 2**63 - 1), st.sampled_from(["USD", "EUR"]), text, st.none() | text
)


@given(text)
def test_normalising_twice_changes_nothing(description: str) -> None:
    once = normalise(description)

    assert normalise(once) == once


@given(text)
def test_a_normalised_description_has_only_single_inner_spaces_as_white_space(description: str) -> None:
    normalised = normalise(description)

    assert normalised == " ".join(normalised.split())


@given(st.text(st.characters(max_codepoint=127), max_size=30))
def test_the_short_way_for_ascii_is_the_long_way(description: str) -> None:
    folded = unicodedata.normalize("NFKC", description).casefold()

    assert normalise(description) == " ".join(folded.split())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Café", "CAFE\N{COMBINING ACUTE ACCENT}"),
        ("straße", "STRASSE"),
        ("Coffee  shop", " coffee\tSHOP\r\n"),
        ("A\N{NO-BREAK SPACE}B", "a b"),
        ("ﬁne", "FINE"),
        ("ＡＴＭ", "atm"),
    ],
)
def test_the_same_words_written_otherwise_are_the_same(one: str, other: str) -> None:
    assert normalise(one) == normalise(other)
    assert identity(DAY, 100, "USD", one) == identity(DAY, 100, "USD", other)


@given(contents, contents)
def test_identities_are_equal_exactly_where_contents_are(
    one: tuple[date, int, str, str, str | None], other: tuple[date, int, str, str, str | None]
) -> None:
    same = (*one[:3], normalise(one[3]), one[4]) == (*other[:3], normalise(other[3]), other[4])

    assert (identity(*one) == identity(*other)) == same


@given(contents)
def test_every_part_counts(content: tuple[date, int, str, str, str | None]) -> None:
    day, minor, code, description, stable_id = content
    assume(day < date.max)
    changed = [
        identity(day + timedelta(days=1), minor, code, description, stable_id),
        identity(day, minor + 1, code, description, stable_id),
        identity(day, minor, "JPY", description, stable_id),
        identity(day, minor, code, description + "x", stable_id),
        identity(day, minor, code, description, (stable_id or "") + "x"),
    ]

    assert len({identity(*content), *changed}) == 6


def test_no_stable_id_is_not_an_empty_one() -> None:
    assert identity(DAY, 1, "USD", "x", None) != identity(DAY, 1, "USD", "x", "")


def test_a_stable_id_cannot_pose_as_other_fields() -> None:
    assert identity(DAY, 1, "USD", "a\x1f1:b") != identity(DAY, 1, "USD", "a", "b")
    assert identity(DAY, 1, "USD", "", "1:b\x1f") != identity(DAY, 1, "USD", "1:b", "")


def test_the_encoding_stays_as_it_is_because_ledgers_hold_its_results() -> None:
    expected = sha256(b"2026-07-15\x1f6050\x1fUSD\x1fcoffee shop\x1f").digest()[:16]

    assert identity(DAY, 6050, "USD", "Coffee  Shop") == UUID(bytes=expected)
