"""Physical lines of a file of any size in constant memory."""

import codecs
import re
from collections.abc import Iterator
from typing import Final, Protocol

from txn_svc.statement.model import MAX_LINE_CHARACTERS

BLOCK_BYTES: Final = 1 << 18
# UTF-8 has at most four bytes a character: what is kept of an endless line is still longer than a line may be.
_KEPT_BYTES: Final = 4 * (MAX_LINE_CHARACTERS + 1)
# A byte that is none of UTF-8 is decoded to U+DC80 and up (PEP 383); a NUL inside a line becomes U+DC00.
_NUL: Final = "\udc00"
_NO_TEXT: Final = re.compile("[\udc00-\udcff]")
_WRITTEN_OUT: Final = {0xDC00 + byte: f"\\x{byte:02X}" for byte in range(256)}
_FIRST_WRITTEN_OUT: Final = re.compile(r"\\x([0-9A-F]{2})")


class TextBytes(Protocol):
    """What lines are read from: the file itself, or a view of it in UTF-8."""

    def read(self, size: int, /) -> bytes: ...

    def seek(self, offset: int, /) -> int: ...


class Undecodable(str):
    """A line with bytes that are no text, each written out as \\xE9, so that the line can be shown and kept."""

    __slots__ = ()


def read_lines(file: TextBytes) -> Iterator[str]:
    """The lines of a file in UTF-8, without a BOM and without their ends: CRLF, LF or a lone CR, mixed or not.

    NULs at the end of a line are padding and left out, those inside make it Undecodable. Of a line too long to hold
    only the beginning is given, which is longer than MAX_LINE_CHARACTERS.
    """
    for block in _blocks(file):
        yield from block


def first_written_out(text: str) -> str:
    """The first byte of an Undecodable line that is no text, as 0xE9."""
    found = _FIRST_WRITTEN_OUT.search(text)
    return "0x" + (found[1] if found else "00")


def _blocks(file: TextBytes) -> Iterator[list[str]]:
    file.seek(0)
    rest = file.read(BLOCK_BYTES).removeprefix(codecs.BOM_UTF8)
    while True:
        # A final CR stays with the rest: its LF may come with the next read.
        end = max(rest.rfind(b"\n"), rest.rfind(b"\r", 0, -1)) + 1
        if end:
            yield _split(rest[:end])
            rest = rest[end:]
        elif len(rest) > _KEPT_BYTES:
            rest = _cut(rest)
        chunk = file.read(BLOCK_BYTES)
        if not chunk:
            break
        rest += chunk
    if rest:
        yield _split(rest if rest.endswith(b"\r") else rest + b"\n")


def _cut(line: bytes) -> bytes:
    if line.endswith(b"\0"):
        # Padding, if no text follows. One NUL stays to tell.
        line = line.rstrip(b"\0") + b"\0"
    return line if len(line) <= _KEPT_BYTES else line[:_KEPT_BYTES] + line[-1:]


def _split(block: bytes) -> list[str]:
    try:
        text, is_text = block.decode(), b"\0" not in block
    except UnicodeDecodeError:
        text, is_text = block.decode(errors="surrogateescape"), False
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    lines.pop()
    return lines if is_text else [_shown(line) for line in lines]


def _shown(line: str) -> str:
    line = line.rstrip("\0").replace("\0", _NUL)
    if line.isascii() or not _NO_TEXT.search(line):
        return line
    return Undecodable(line.translate(_WRITTEN_OUT))
