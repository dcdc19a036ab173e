"""Text of a stranger inside a sentence for a person."""

from typing import Final

MAX_QUOTED_CHARACTERS: Final = 80


def quoted(text: str) -> str:
    """The text in typographic quotes, on one line, cut to 80 characters; what does not print becomes U+FFFD."""
    cut = text[:MAX_QUOTED_CHARACTERS] + ("…" if len(text) > MAX_QUOTED_CHARACTERS else "")
    shown = "".join(_shown(character) for character in cut)
    return f"“{shown}”"


def _shown(character: str) -> str:
    if character.isprintable():
        return character
    return " " if character.isspace() else "\N{REPLACEMENT CHARACTER}"
