"""Files that are no text at all, whatever their name."""

import codecs
import re
from typing import Final

from txn_svc.statement.model import Unreadable

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
_BOM_UTF_16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_BOM_UTF_32: Final = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_AS_CSV: Final = "Export the statement as CSV and upload that."


def refuse_other_kinds(head: bytes) -> None:
    """Refuses with Unreadable: NOT_A_STATEMENT by how a file begins, and UTF-32."""
    for signature, kind in _SIGNATURES:
        if head.removeprefix(codecs.BOM_UTF8).startswith(signature):
            raise Unreadable("NOT_A_STATEMENT", f"The file is {kind}, whatever its name. {_AS_CSV}")
    if _MARKUP.match(_as_ascii(head)):
        raise Unreadable("NOT_A_STATEMENT", f"The file is a web page or XML, whatever its name. {_AS_CSV}")
    if head.startswith(_BOM_UTF_32):
        raise Unreadable(
            "UNREADABLE", "The file is UTF-32 from line 1 on. Save the file as CSV in UTF-8 and upload it again."
        )


def _as_ascii(head: bytes) -> bytes:
    """The beginning without marks, and without what UTF-16 adds to ASCII."""
    for mark in (codecs.BOM_UTF8, *_BOM_UTF_16):
        head = head.removeprefix(mark)
    return head.replace(b"\0", b"").lstrip()
