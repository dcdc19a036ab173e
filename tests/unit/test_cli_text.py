"""Text from files and servers on a terminal."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.text import cut, plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x9b2J", "\\x9b2J"),
        ("a\tb\r\nc", "a\\tb\\r\\nc"),
        ("\x07\x00", "\\x07\\x00"),
        ("pay \u202eevil", "pay \\u202eevil"),
        ("\u2028", "\\u2028"),
        ("\ud800", "\\ud800"),
    ],
)
def test_what_a_terminal_would_act_on_is_written_out(text: str, shown: str) -> None:
    assert plain(text) == shown


@pytest.mark.parametrize("text", ["Café Ñandú", "日本語", "👩\u200d🔧", "= + - @ [bold]", "\\x1b"])
def test_what_is_only_to_be_read_stays(text: str) -> None:
    assert plain(text) == text


@given(st.text())
def test_nothing_that_acts_is_left(text: str) -> None:
    left = {unicodedata.category(character) for character in plain(text)} - {"Cf"}

    assert left.isdisjoint({"Cc", "Co", "Cs", "Zl", "Zp"})


@pytest.mark.parametrize(("text", "shown"), [("", ""), ("abcd", "abcd"), ("abcde", "abc…")])
def test_a_long_text_is_cut_to_its_beginning(text: str, shown: str) -> None:
    assert cut(text, 4) == shown
