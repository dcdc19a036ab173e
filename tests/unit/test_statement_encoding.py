"""Bytes that are no statement are refused with a sentence that says what and where."""

import codecs
import gzip
import zipfile
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.statement_text import finding, read_text, refusal, rows_of, valid
from txn_svc.statement import encoding
from txn_svc.statement.lines import BLOCK_BYTES

HEADER = "date,description,amount\n"
ROW = "2026-07-15,Coffee,-3.50\n"


def zipped(name: str) -> bytes:
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(name, HEADER + ROW)
    return archive.getvalue()


@pytest.mark.parametrize("content", [b"", b"\n", b" \r\n\t\n", codecs.BOM_UTF8, codecs.BOM_UTF8 + b"\r\n\r\n"])
def test_a_file_without_text_is_empty(content: bytes) -> None:
    assert refusal(content).code == "EMPTY"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "PDF"),
        (zipped("statement.csv"), "ZIP"),
        (zipped("xl/workbook.xml"), "Excel"),
        (gzip.compress((HEADER + ROW).encode(), mtime=0), "gzip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Excel"),
        (b"\n <!DOCTYPE html><html>", "web page"),
        (b"<HTML><table>", "web page"),
        (b'\xef\xbb\xbf<?xml version="1.0"?>', "XML"),
    ],
)
def test_another_kind_of_file_is_named(content: bytes, kind: str) -> None:
    refused = refusal(content)

    assert refused.code == "NOT_A_STATEMENT"
    assert kind in refused.message


def test_a_gzip_bomb_is_not_unpacked() -> None:
    assert refusal(gzip.compress(b"0" * 10_000_000, mtime=0)).code == "NOT_A_STATEMENT"


@pytest.mark.parametrize("name", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_other_unicode_encodings_are_unreadable(name: str) -> None:
    refused = refusal((HEADER + ROW).encode(name))

    assert refused.code == "UNREADABLE"
    assert "1" in refused.message


@pytest.mark.parametrize(
    "bad", [b"Caf\xe9", b"\xff", b"\xc3(", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf5\x80\x80\x80", b"a\0b"]
)
@pytest.mark.parametrize("ends", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("rows_before", [0, 3, BLOCK_BYTES // len(ROW), 2 * BLOCK_BYTES // len(ROW) + 1])
def test_the_line_of_bytes_that_are_no_text_is_named(bad: bytes, ends: bytes, rows_before: int) -> None:
    content = (HEADER.encode() + ROW.encode() * rows_before + b"2026-07-15," + bad + b",1\n").replace(b"\n", ends)

    refused = refusal(content)

    assert refused.code == "UNREADABLE"
    assert f"Line {rows_before + 2} " in refused.message


def test_a_character_cut_off_by_the_end_is_unreadable() -> None:
    assert "Line 3 " in refusal((HEADER + ROW).encode() + "2026-07-16,é".encode()[:-1]).message


def test_a_bad_header_is_unreadable_on_line_1() -> None:
    assert "Line 1 " in refusal(b"Dat\xe9,description,amount\n").message


@given(st.text("é€𝄞x\r\n", min_size=1, max_size=8), st.integers(-9, 1))
def test_characters_and_line_ends_across_blocks_are_whole(text: str, shift: int) -> None:
    padding = "x" * (BLOCK_BYTES - len(HEADER) + shift)
    # The padding makes one line that is too long: rows follow it wherever a block ends.
    content = HEADER + padding + "\r\n" + text + "\r\n2026-07-15,Café,1\n"

    last = valid(rows_of(content)[-1])

    universal = content.replace("\r\n", "\n").replace("\r", "\n")
    assert last.description == "Café"
    assert last.line == universal.count("\n")


def test_more_lines_than_the_bound_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding, "MAX_LINES", 10)

    assert rows_of(HEADER + ROW * 8)
    assert refusal(HEADER + ROW * 10).code == "TOO_LARGE"


def test_the_encoding_is_stated_with_its_ground() -> None:
    ascii_only = finding(read_text(HEADER + ROW), "ENCODING")
    accented = finding(read_text(HEADER + ROW + "2026-07-16,Café,1\n"), "ENCODING")
    marked = finding(read_text(codecs.BOM_UTF8 + (HEADER + ROW).encode()), "ENCODING")

    assert {ascii_only.value, accented.value, marked.value} == {"UTF-8"}
    assert (ascii_only.basis, ascii_only.lines) == ("EVIDENCE", ())
    assert (accented.basis, accented.lines) == ("EVIDENCE", (3,))
    assert (marked.basis, marked.lines) == ("DECLARED", (1,))
