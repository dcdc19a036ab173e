"""Bytes that are no statement are refused with a sentence that says what and where."""

import codecs
import gzip
import zipfile
from io import BytesIO
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.statement_text import finding, read_text, refusal, rejected, rows_of, valid
from txn_svc.statement import scan
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


@pytest.mark.parametrize("name", ["utf-32", "utf-32-le", "utf-32-be"])
def test_an_encoding_of_no_statement_is_refused(name: str) -> None:
    refused = refusal((HEADER + ROW).encode(name))

    assert refused.code == "UNREADABLE"
    assert "ine 1 " in refused.message


@pytest.mark.parametrize(
    "bad", [b"a\xff\xffb", b"\xff", b"\x81(", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf5\x80\x80\x80", b"a\0b"]
)
@pytest.mark.parametrize("ends", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("rows_before", [3, BLOCK_BYTES // len(ROW), 2 * BLOCK_BYTES // len(ROW) + 1])
def test_bytes_that_are_no_text_cost_their_row_only(bad: bytes, ends: bytes, rows_before: int) -> None:
    # The accents are what makes the file UTF-8, and not one of another encoding.
    row = "2026-07-15,Café número 1 ¿señor?,1\n".encode()
    content = HEADER.encode() + ROW.encode() * rows_before + b"2026-07-15," + bad + b",1\n" + row * 3
    statement = read_text(content.replace(b"\n", ends))

    rows = list(statement.rows())

    reject = rejected(rows[rows_before])
    byte = next(f"{byte:02X}" for byte in bad if byte >= 0x80 or not byte)
    assert (reject.line, reject.reason_code, reject.column) == (rows_before + 2, "BAD_ENCODING", None)
    assert f"0x{byte}" in reject.reason
    assert f"\\x{byte}" in reject.cells[0]
    assert all(map(valid, rows[:rows_before] + rows[rows_before + 1 :]))
    assert f"Line {rows_before + 2} holds the byte 0x{byte}" in finding(statement, "ENCODING").message


def test_a_character_cut_off_by_the_end_costs_its_row() -> None:
    rows = rows_of((HEADER + ROW).encode() + "2026-07-16,número,é".encode()[:-1])

    assert (valid(rows[0]).line, rejected(rows[1]).line, rejected(rows[1]).reason_code) == (2, 3, "BAD_ENCODING")


def test_damage_on_a_later_line_of_a_row_is_the_rows() -> None:
    rows = rows_of((HEADER + ROW).encode() + b'2026-07-16,"one\ntw\xff\xff\nthree",1\n' + ROW.encode())

    reject = rejected(rows[1])
    assert (reject.line, reject.reason_code) == (3, "BAD_ENCODING")
    assert reject.cells == ('2026-07-16,"one\ntw\\xFF\\xFF\nthree",1',)
    assert (len(rows), rows[2].line) == (3, 6)


@pytest.mark.parametrize("content", [Random(1).randbytes(5000), b"\xff", b"a\0b\0\0c", b"\x81\n\x8d\n\x90\n" * 1000])
def test_a_file_that_makes_no_text_is_refused_with_its_first_line(content: bytes) -> None:
    refused = refusal(content)

    assert refused.code == "UNREADABLE"
    assert "Line 1 holds the byte 0x" in refused.message


@pytest.mark.parametrize("nuls", [1, 7, 3 * BLOCK_BYTES])
def test_nuls_after_lines_and_at_the_end_are_padding(nuls: int) -> None:
    padding = b"\0" * nuls
    statement = read_text(
        (HEADER + ROW).encode() + ROW.strip().encode() + padding + b"\r\n" + padding + b"\n" + ROW.encode() + padding
    )

    assert [valid(row).line for row in statement.rows()] == [2, 3, 5]
    assert "padding" in finding(statement, "ENCODING").message


@pytest.mark.parametrize("content", [b"\0", b"\0" * 1_000_000, b"\0\0\n\0\r\n"])
def test_a_file_of_nuls_is_empty(content: bytes) -> None:
    assert refusal(content).code == "EMPTY"


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
    monkeypatch.setattr(scan, "MAX_LINES", 10)

    for name in ("utf-8", "utf-16", "utf-16-le"):
        assert rows_of((HEADER + ROW * 8).encode(name))
        assert refusal((HEADER + ROW * 10).encode(name)).code == "TOO_LARGE"


def test_the_encoding_is_stated_with_its_ground() -> None:
    ascii_only = finding(read_text(HEADER + ROW), "ENCODING")
    accented = finding(read_text(HEADER + ROW + "2026-07-16,Café,1\n"), "ENCODING")
    marked = finding(read_text(codecs.BOM_UTF8 + (HEADER + ROW).encode()), "ENCODING")

    assert {ascii_only.value, accented.value, marked.value} == {"UTF-8"}
    assert (ascii_only.basis, ascii_only.lines) == ("EVIDENCE", ())
    assert (accented.basis, accented.lines) == ("EVIDENCE", (3,))
    assert (marked.basis, marked.lines) == ("DECLARED", (1,))
