"""What stands around the value of a cell and says nothing."""

from typing import Final

# With the marks of direction and the breaks without width that web pages leave in what is copied from them.
PADDING: Final = " \t\xa0\xad\u200b\u200e\u200f\u2060\ufeff"


def bare(text: str) -> str:
    """Without padding, and without the apostrophe before it or the ="" around it that keep a value as it is written in
    a spreadsheet."""
    text = text.strip(PADDING)
    if text.startswith('="') and text.endswith('"'):
        text = text[2:-1].strip(PADDING)
    return text.removeprefix("'")


def is_dash(text: str) -> bool:
    """Whether it is what stands where there is nothing: "-" or "--"."""
    return bool(text) and not text.strip("-\u2010\u2011\u2012\u2013\u2014\u2212")
