"""Text from files and servers, made harmless for a terminal."""

from runtime.printable import is_printable


def plain(text: str) -> str:
    """The text on one line, every character that a terminal would act on written as its escape: \\x1b."""
    return "".join(character if is_printable(character) else _escaped(character) for character in text)


def cut(text: str, characters: int) -> str:
    """The text, or its beginning and an ellipsis: at most that many characters."""
    return text if len(text) <= characters else text[: characters - 1] + "…"


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
