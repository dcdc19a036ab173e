"""Physical lines of a file of any size in constant memory."""

import codecs
from collections.abc import Iterator
from typing import BinaryIO, Final

from txn_svc.statement.model import MAX_LINE_CHARACTERS

BLOCK_BYTES: Final = 1 << 18
# UTF-8 has at most four bytes a character: what is kept of an endless line is still longer than a line may be.
_KEPT_BYTES: Final = 4 * (MAX_LINE_CHARACTERS + 1)


def read_lines(file: BinaryIO) -> Iterator[str]:
    """The lines of an examined file, without a BOM and without their ends: CRLF, LF or a lone CR, mixed or not.

    Of a line too long to hold only the beginning is given, which is longer than MAX_LINE_CHARACTERS.
    """
    for block in _blocks(file):
        yield from block


def _blocks(file: BinaryIO) -> Iterator[list[str]]:
    file.seek(0)
    rest = file.read(BLOCK_BYTES).removeprefix(codecs.BOM_UTF8)
    while True:
        # A final CR stays with the rest: its LF may come with the next read.
        end = max(rest.rfind(b"\n"), rest.rfind(b"\r", 0, -1)) + 1
        if end:
            yield _split(rest[:end])
            rest = rest[end:]
        elif len(rest) > _KEPT_BYTES:
            rest = rest[:_KEPT_BYTES] + rest[-1:]
        chunk = file.read(BLOCK_BYTES)
        if not chunk:
            break
        rest += chunk
    if rest:
        yield _split(rest if rest.endswith(b"\r") else rest + b"\n")


def _split(block: bytes) -> list[str]:
    # The file is known to be UTF-8; only the cut of an endless line can divide a character.
    text = block.decode(errors="ignore")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    lines.pop()
    return lines
