"""Whatever bytes there are: read or refused within seconds, in little memory, by a process of its own."""

import gzip
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path
from random import Random

import pytest

from tests.counts import examples

SECONDS, MEGABYTES = 5, 150
HEADER = b"date,description,amount\n"
ROW = b"2026-07-15,Coffee,-3.50\n"
FOUND_OUT = b"Tag;Text;Betrag;Saldo\n14/07/2026;a;1,50;3,00\n15/07/2026;b;-2,50;0,50\n15/07/2026;c;1,00;1,50\n"
MANY = examples(1 << 20, 10_000_000)
LONG = examples(1 << 22, 100_000_000)
# At least a hundred thousand bad rows of fifteen bytes.
LINES = examples(2 << 20, 10_000_000)
TOO_MANY = 100_000
BLOCK = 1 << 20

READING = """
import sys, time
from datetime import date
from txn_svc.ledger.money import currency
from txn_svc.statement import Unreadable, ValidRow, read

began = time.process_time()
valid, rejected = 0, 0
try:
    with open(sys.argv[1], "rb") as file:
        statement = read(file, uploaded_on=date(2026, 11, 20), currency=currency("USD"))
        outcome = "ASKS" if statement.questions else "READ"
        for row in () if statement.questions else statement.rows():
            if isinstance(row, ValidRow):
                valid += 1
            else:
                rejected += 1
except Unreadable as refused:
    outcome = refused.code
# Not getrusage: that begins with what the process had which started this one.
with open("/proc/self/status") as status:
    (peak,) = (line.split()[1] for line in status if line.startswith("VmHWM:"))
print(outcome, valid, rejected, time.process_time() - began, int(peak) / 1024)
"""


def repeated(unit: bytes, size: int) -> Iterable[bytes]:
    block = unit * (BLOCK // len(unit))
    return (block for _ in range(size // len(block)))


def rows_around(middle: Iterable[bytes]) -> Iterable[bytes]:
    yield HEADER + ROW
    yield from middle
    yield b"\n" + ROW


def numbers(rows: int, columns: int) -> Iterable[bytes]:
    """Any column of which may be the amount, and any other the balance."""
    for row in range(1, rows + 1):
        yield f"2026-07-15,x,{','.join(f'{row * column % 97}.5' for column in range(columns))}\n".encode()


def zipped(path: Path) -> bytes:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>" * 1000)
    return path.read_bytes()


# The file, what becomes of it, and how many rows are read and rejected; None where that is of no interest.
FILES: dict[str, tuple[Iterable[bytes], str, int | None, int | None]] = {
    "empty": ((), "EMPTY", 0, 0),
    "header only": ((HEADER,), "NO_ROWS", 0, 0),
    "one byte": ((b"x",), "UNKNOWN_LAYOUT", 0, 0),
    "one high byte": ((b"\xff",), "UNREADABLE", 0, 0),
    "PDF": ((b"%PDF-1.7\n", Random(1).randbytes(10_000)), "NOT_A_STATEMENT", 0, 0),
    "HTML": ((b"\n <!DOCTYPE html><html>", b"<td>" * 10_000), "NOT_A_STATEMENT", 0, 0),
    "HTML in UTF-16": (("<html>" + "<td>" * 10_000).encode("utf-16").split(b"\n"), "NOT_A_STATEMENT", 0, 0),
    "gzip bomb": ((gzip.compress(bytes(LONG), mtime=0),), "NOT_A_STATEMENT", 0, 0),
    "long line": (rows_around(repeated(b"x", LONG)), "READ", 2, 1),
    "long line of two-byte characters": (rows_around(repeated("é".encode(), LONG)), "READ", 2, 1),
    "long line of quotes": (rows_around(repeated(b'"', LONG)), "READ", 2, 1),
    "long line in windows-1252": (rows_around(repeated(b"a\xf1o ", LONG)), "READ", 2, 1),
    "a million columns": (rows_around((b"," * 1_000_000,)), "READ", 2, 1),
    "a quote over the whole file": (rows_around((b'2026-07-15,"x,1\n', *repeated(ROW, MANY))), "READ", None, 1),
    "NULs": (rows_around(repeated(b"\0", LONG)), "READ", None, None),
    "NULs in rows": (rows_around(repeated(b"2026-07-15,a\0b,1\n" + ROW * 2, MANY)), "READ", None, None),
    "CRs": (rows_around(repeated(b"\r", MANY)), "READ", 2, 0),
    "all line ends": (rows_around(repeated(ROW.strip() + b"\r\n" + ROW.strip() + b"\r" + ROW, MANY)), "READ", None, 0),
    "a mark and no text": ((b"\xef\xbb\xbf" + HEADER, *repeated(b"\xff\n", MANY)), "UNREADABLE", 0, 0),
    "invalid UTF-8": (rows_around(repeated(b"2026-07-15,\xc3\xff,1\n" + ROW * 3, MANY)), "READ", None, None),
    "no text at all": (repeated(b"\xff\n", MANY), "UNREADABLE", 0, 0),
    "random bytes": (repeated(Random(1).randbytes(BLOCK), LONG), "UNREADABLE", 0, 0),
    "UTF-16": ((HEADER + ROW * (MANY // 60)).decode().encode("utf-16").split(b"\xff\xfe", 0), "READ", None, 0),
    "UTF-16 of halves": ((b"\xff\xfe", *repeated(b"\xd8\xd8\n\0", MANY)), "UNREADABLE", 0, 0),
    "hundreds of columns of numbers": (numbers(299, 490), "ASKS", 0, 0),
    "lines that are no rows": (rows_around(repeated(b"a\n", LINES)), "NOT_A_STATEMENT", 1, TOO_MANY),
    "lines of open quotes": (rows_around(repeated(b'a",",\n', LINES)), "NOT_A_STATEMENT", 1, TOO_MANY),
    "lines of broken quotes": (rows_around(repeated(b'"a",",\n', LINES)), "NOT_A_STATEMENT", 1, TOO_MANY),
    "bad dates": (rows_around(repeated(b"2026-13-01,y,1\n", LINES)), "NOT_A_STATEMENT", 1, TOO_MANY),
    "as many bad dates as good ones": (rows_around(repeated(b"2026-13-01,y,1\n" + ROW, LINES)), "READ", None, None),
    "empty cells": (rows_around(repeated(b",,\n", LINES)), "READ", 2, 0),
    "empty cells below a layout nobody knows": (
        (FOUND_OUT, *repeated(b";;;\n", LINES)),
        "READ",
        3,
        0,
    ),
    "lines below a layout nobody knows": ((FOUND_OUT, *repeated(b"a\n", LINES)), "NOT_A_STATEMENT", 0, 0),
    "words below a layout nobody knows": ((FOUND_OUT, *repeated(b"a;b;c;d\n", LINES)), "NOT_A_STATEMENT", 0, 0),
    "windows-1252": (rows_around(repeated("2026-07-15,España,1\n".encode("cp1252"), MANY)), "READ", None, 0),
}


def test_a_workbook_named_csv_is_refused(tmp_path: Path) -> None:
    assert outcome_of([zipped(tmp_path / "x.zip")], tmp_path)[0] == "NOT_A_STATEMENT"


@pytest.mark.fuzz
@pytest.mark.parametrize("name", FILES)
def test_no_bytes_take_long_or_much_memory(name: str, tmp_path: Path) -> None:
    parts, code, valid, rejected = FILES[name]

    outcome, valid_rows, rejected_rows, seconds, megabytes = outcome_of(parts, tmp_path)

    assert outcome == code
    assert valid in {None, int(valid_rows)}
    assert rejected in {None, int(rejected_rows)}
    assert float(seconds) <= SECONDS
    assert float(megabytes) <= MEGABYTES


def outcome_of(parts: Iterable[bytes], tmp_path: Path) -> list[str]:
    path = tmp_path / "statement.csv"
    with path.open("wb") as file:
        file.writelines(parts)
    done = subprocess.run([sys.executable, "-c", READING, path], capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.split()
