"""Which characters are only text: they act on no terminal, and hide or reorder nothing."""

import unicodedata

# Control, format (also what turns the direction of writing), private-use and surrogate characters, and line ends;
# but for the joiners that scripts and emoji need.
_UNPRINTABLE = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
_JOINERS = frozenset("\u200c\u200d")


def is_printable(text: str) -> bool:
    return all(c in _JOINERS or unicodedata.category(c) not in _UNPRINTABLE for c in text)
