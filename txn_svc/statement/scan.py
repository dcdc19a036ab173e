"""One look at all bytes of a file: whether they are UTF-8, and if not, what they are instead."""

import codecs
import re
from dataclasses import dataclass
from typing import Final, Literal

from txn_svc.statement.lines import BLOCK_BYTES, TextBytes
from txn_svc.statement.model import MAX_LINES, Unreadable

_NO_UTF_8: Final = re.compile("[\udc80-\udcff]")
_HIGH: Final = re.compile(rb"[\x80-\xff]")
# Of so many bytes that are no UTF-8, more than those that continue its characters and than an eighth of all, the rest
# changes nothing.
_HOPELESS: Final = 1_000_000
_HOPELESS_SHARE: Final = 0.125
_ONE_IF_NUL: Final = bytes([1, *[0] * 255])
# Of a statement's characters more than these are ASCII, which half the bytes of UTF-16 say with NULs; CJK has none.
_LEAST_SHARE_OF_ASCII: Final = 0.15
_MOST_ON_THE_OTHER_SIDE: Final = 0.05


@dataclass(slots=True)
class Scan:
    """`continued` counts the bytes that continue a character of UTF-8, `undecodable` those that are none of it.

    `pairs` are the file's bytes two by two, those of two NULs left out; `little` and `big` the pairs whose second and
    whose first byte is NUL.
    """

    size: int = 0
    first_non_ascii_line: int | None = None
    is_blank: bool = True
    has_nul: bool = False
    continued: int = 0
    undecodable: int = 0
    pairs: int = 0
    little: int = 0
    big: int = 0

    @property
    def is_clean(self) -> bool:
        return not self.undecodable and not self.has_nul

    @property
    def is_hopeless(self) -> bool:
        """What is not read then is not counted."""
        return self.undecodable > max(self.continued, _HOPELESS, _HOPELESS_SHARE * self.size)

    @property
    def utf_16(self) -> Literal["UTF-16LE", "UTF-16BE"] | None:
        """By the places of the NULs: text in UTF-16 has many at every other byte and hardly any between."""
        least = max(1.0, _LEAST_SHARE_OF_ASCII * self.pairs)
        if self.little >= least and self.big <= _MOST_ON_THE_OTHER_SIDE * self.little:
            return "UTF-16LE"
        if self.big >= least and self.little <= _MOST_ON_THE_OTHER_SIDE * self.big:
            return "UTF-16BE"
        return None


def scan(file: TextBytes) -> Scan:
    """Reads the whole file as UTF-8. Refuses with Unreadable(TOO_LARGE)."""
    file.seek(0)
    seen, decoder = Scan(), codecs.getincrementaldecoder("utf-8")()
    line, after_cr = 1, False
    block = file.read(BLOCK_BYTES).removeprefix(codecs.BOM_UTF8)
    while block:
        if not block.isascii():
            if seen.first_non_ascii_line is None:
                high = _HIGH.search(block)
                seen.first_non_ascii_line = line + _line_ends(block[: high.start() if high else 0], after_cr)
            _count_utf_8(decoder, block, seen)
        _count_nuls(block, seen)
        line += _line_ends(block, after_cr)
        if line > MAX_LINES:
            raise Unreadable("TOO_LARGE", f"The file has more than {MAX_LINES:,} lines. Upload it in parts.")
        seen.size += len(block)
        if seen.is_hopeless:
            return seen
        after_cr = block.endswith(b"\r")
        block = file.read(BLOCK_BYTES)
    seen.undecodable += len(decoder.getstate()[0])
    return seen


def _count_utf_8(decoder: codecs.IncrementalDecoder, block: bytes, seen: Scan) -> None:
    kept = len(decoder.getstate()[0])
    try:
        text = decoder.decode(block)
    except UnicodeDecodeError:
        decoder.errors = "surrogateescape"
        text = decoder.decode(block)
        decoder.errors = "strict"
        seen.undecodable += len(_NO_UTF_8.findall(text))
    seen.continued += kept + len(block) - len(decoder.getstate()[0]) - len(text)


def _count_nuls(block: bytes, seen: Scan) -> None:
    if seen.is_blank:
        seen.is_blank = not block.strip(b"\0 \t\r\n")
    if b"\0" not in block:
        seen.pairs += len(block) // 2
        return
    seen.has_nul = True
    zeros = block[: len(block) // 2 * 2].translate(_ONE_IF_NUL)
    first, second = int.from_bytes(zeros[::2], "big"), int.from_bytes(zeros[1::2], "big")
    seen.pairs += len(zeros) // 2 - (first & second).bit_count()
    seen.little += (second & ~first).bit_count()
    seen.big += (first & ~second).bit_count()


def _line_ends(block: bytes, after_cr: bool) -> int:
    ends = block.count(b"\n") + block.count(b"\r") - block.count(b"\r\n")
    # A CR at the end of the block before has been counted: the LF that follows belongs to it.
    return ends - (after_cr and block.startswith(b"\n"))
