"""A view of a file in UTF-8, whatever encoding it is in, so that nothing else has to know of encodings."""

import codecs
import re
from typing import Final, Literal, get_args

from txn_svc.statement.lines import TextBytes

EncodingName = Literal["UTF-8", "UTF-16LE", "UTF-16BE", "windows-1252", "ISO-8859-1", "windows-1250", "GB18030"]
ENCODING_NAMES: Final[tuple[EncodingName, ...]] = get_args(EncodingName)

_HALF: Final = re.compile("[\ud800-\udfff]")
_LINE_ENDS_AND_PADDING: Final = b"\r\n\0"


def as_utf_8(file: TextBytes, name: EncodingName) -> TextBytes:
    """The file itself where it is UTF-8."""
    if name == "UTF-8":
        return file
    return _TableView(file, name) if name.startswith(("windows", "ISO")) else _IncrementalView(file, name)


def characters(name: str) -> str:
    """The 256 characters of a single-byte encoding; for a byte that it leaves undefined U+DC00 plus the byte."""
    return bytes(range(256)).decode(name, "surrogateescape")


class _TableView:
    def __init__(self, file: TextBytes, name: str) -> None:
        self._file = file
        self._table = characters(name)

    def seek(self, offset: int, /) -> int:
        return self._file.seek(offset)

    def read(self, size: int, /) -> bytes:
        """UTF-8 of the next `size` bytes; an undefined one, 0x80 to 0x9F, stays what it is, which UTF-8 cannot have."""
        text, _ = codecs.charmap_decode(self._file.read(size), "strict", self._table)
        return text.encode(errors="surrogateescape")


class _IncrementalView:
    """UTF-16 and GB18030, whose characters may lie across two reads. Only the beginning can be sought."""

    def __init__(self, file: TextBytes, name: EncodingName) -> None:
        self._file = file
        self._is_utf_16 = name.startswith("UTF-16")
        # A half of a pair is let through, to be marked like any other bytes that are no text.
        errors = "surrogatepass" if self._is_utf_16 else "surrogateescape"
        self._decoder = codecs.getincrementaldecoder(name)(errors)

    def seek(self, offset: int, /) -> int:
        assert offset == 0
        self._decoder.reset()
        return self._file.seek(0)

    def read(self, size: int, /) -> bytes:
        """UTF-8 of about `size` bytes; for bytes that are no text one from 0x80 on, where UTF-8 has no such byte."""
        while block := self._file.read(size):
            if text := self._decoder.decode(block):
                return self._encoded(text)
        return self._end()

    def _encoded(self, text: str) -> bytes:
        try:
            return text.encode()
        except UnicodeEncodeError:
            escaped = _HALF.sub(_high_byte, text) if self._is_utf_16 else text
            return escaped.encode(errors="surrogateescape")

    def _end(self) -> bytes:
        kept, _ = self._decoder.getstate()
        self._decoder.reset()
        # Of UTF-16, one byte of a line end may have been added by what knew nothing of it.
        return b"\xff" if kept.strip(_LINE_ENDS_AND_PADDING) else b""


def _high_byte(half: re.Match[str]) -> str:
    return chr(0xDC00 + (ord(half[0]) >> 8))
