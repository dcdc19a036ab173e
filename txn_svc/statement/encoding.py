"""Whether the bytes are text that can be read at all: no other kind of file, UTF-8 throughout, not too many lines."""

import codecs
import re
from dataclasses import dataclass
from typing import BinaryIO, Final

from txn_svc.statement.lines import BLOCK_BYTES
from txn_svc.statement.model import MAX_LINES, Unreadable

_UTF_16_AND_32: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
_SIGNATURES: Final = (
    (b"%PDF-", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"{\\rtf", "an RTF document"),
)
_MARKUP: Final = re.compile(rb"<(!doctype|!--|\?xml|html|head|body|table|script)", re.IGNORECASE)
_AS_CSV: Final = "Export the statement as CSV and upload that."
_AS_UTF_8: Final = "Save the file as CSV in UTF-8 and upload it again."


@dataclass(frozen=True, slots=True)
class Encoding:
    """UTF-8; `first_non_ascii_line` is None where every byte is ASCII."""

    has_bom: bool
    first_non_ascii_line: int | None


def examine(file: BinaryIO) -> Encoding:
    """Reads the whole file once. Refuses with Unreadable: EMPTY, NOT_A_STATEMENT, UNREADABLE or TOO_LARGE."""
    file.seek(0)
    head = file.read(BLOCK_BYTES)
    if not head:
        raise Unreadable("EMPTY", "The file is empty.")
    _refuse_other_kinds(head)
    return Encoding(
        has_bom=head.startswith(codecs.BOM_UTF8),
        first_non_ascii_line=_check_text(file, head.removeprefix(codecs.BOM_UTF8)),
    )


def _refuse_other_kinds(head: bytes) -> None:
    text = head.removeprefix(codecs.BOM_UTF8)
    for signature, kind in _SIGNATURES:
        if text.startswith(signature):
            raise Unreadable("NOT_A_STATEMENT", f"The file is {kind}, whatever its name. {_AS_CSV}")
    if _MARKUP.match(text.lstrip()):
        raise Unreadable("NOT_A_STATEMENT", f"The file is a web page or XML, whatever its name. {_AS_CSV}")
    if head.startswith(_UTF_16_AND_32):
        raise Unreadable("UNREADABLE", f"The file is UTF-16 or UTF-32 from line 1 on. {_AS_UTF_8}")


def _check_text(file: BinaryIO, block: bytes) -> int | None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    line, after_cr, non_ascii_line = 1, False, None
    while block:
        if non_ascii_line is None and not block.isascii():
            non_ascii_line = line + _line_ends(block[: _first(block, rb"[\x80-\xff]")], after_cr)
        if b"\0" in block:
            at = line + _line_ends(block[: block.index(b"\0")], after_cr)
            raise Unreadable("UNREADABLE", f"Line {at} holds a NUL byte, which no text has. {_AS_UTF_8}")
        _decode(decoder, block, line, after_cr)
        line += _line_ends(block, after_cr)
        if line > MAX_LINES:
            raise Unreadable("TOO_LARGE", f"The file has more than {MAX_LINES:,} lines. Upload it in parts.")
        after_cr = block.endswith(b"\r")
        block = file.read(BLOCK_BYTES)
    _decode(decoder, b"", line, after_cr, final=True)
    return non_ascii_line


def _decode(
    decoder: codecs.IncrementalDecoder, block: bytes, line: int, after_cr: bool, *, final: bool = False
) -> None:
    try:
        decoder.decode(block, final)
    except UnicodeDecodeError as error:
        # error.object begins with what the decoder had kept of the block before: never a line end.
        at = line + _line_ends(error.object[: error.start], after_cr)
        byte = error.object[error.start]
        raise Unreadable(
            "UNREADABLE", f"Line {at} is not UTF-8: it holds the byte 0x{byte:02X}. {_AS_UTF_8}"
        ) from error


def _first(block: bytes, pattern: bytes) -> int:
    found = re.search(pattern, block)
    assert found is not None
    return found.start()


def _line_ends(block: bytes, after_cr: bool) -> int:
    ends = block.count(b"\n") + block.count(b"\r") - block.count(b"\r\n")
    # A CR at the end of the block before has been counted: the LF that follows belongs to it.
    return ends - (after_cr and block.startswith(b"\n"))
