"""What stands around the value of a cell and says nothing."""

from typing import Final

PADDING: Final = " \t\xa0"


def bare(text: str) -> str:
    """Without padding, and without the apostrophe before it by which spreadsheets keep a value as it is written."""
    return text.strip(PADDING).removeprefix("'")
