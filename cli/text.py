"""Text from files and servers, made harmless for a terminal."""

import unicodedata

# Control, format (also what turns the direction of writing), private-use and surrogate characters, and line ends;
# but for the joiners that scripts and emoji need.
_UNPRINTABLE = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
_JOINERS = frozenset("\u200c\u200d")


def plain(text: str) -> str:
    """The text on one line, every character that a terminal would act on written as its escape: \\x1b."""
    return "".join(_escaped(character) if _acts(character) else character for character in text)


def _acts(character: str) -> bool:
    return unicodedata.category(character) in _UNPRINTABLE and character not in _JOINERS


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
