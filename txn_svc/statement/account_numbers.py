"""Whether two texts name the same account, where one or both may hide some of its characters."""

import re
from typing import Final

# What suffices where the rest is hidden: as much as banks show.
SHOWN_CHARACTERS: Final = 4
_MASK: Final = "*"
_HIDDEN: Final = re.compile(r"[*•]|[Xx]{2,}")
_OTHERS: Final = re.compile(r"[^0-9A-Z*]")


def is_same_account(one: str, other: str) -> bool:
    """Compares letters and digits only; X, * and • that stand for hidden ones are like any."""
    first, second = _plain(one), _plain(other)
    if not (first and second):
        # Names in other letters.
        return one.strip().casefold() == other.strip().casefold()
    if _MASK not in first + second:
        return first == second
    if len(first) != len(second):
        first, second = first[-SHOWN_CHARACTERS:], second[-SHOWN_CHARACTERS:]
    return len(first) == len(second) and all(
        _MASK in pair or len(set(pair)) == 1 for pair in zip(first, second, strict=True)
    )


def _plain(number: str) -> str:
    masked = _HIDDEN.sub(lambda hidden: _MASK * len(hidden[0]), number)
    text = _OTHERS.sub("", masked.upper())
    # One hidden character, such as at the end, is a mask too where there are no other letters.
    return text if set(re.findall("[A-Z]", text)) - {"X"} else text.replace("X", _MASK)
