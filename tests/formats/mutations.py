"""Files that nobody wrote: samples with their bytes, lines and cells changed, in all ways in which files go wrong."""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from hypothesis import strategies as st

DELIMITERS = (b",", b";", b"\t", b"|")
LINE_ENDS = (b"\n", b"\r\n", b"\r", b"\n\r", b"\n\n")
SPECIAL = (
    b'"', b'""', b"\0", b"\xef\xbb\xbf", b"\xff\xfe", b"\xff", b"\n", b"\r", b"'", b"=", b"-", b"+", b"(", b")", b" ",
    b"\xc2\xa0", b"\xe9", b",", b";", b"\t", b"|", b".", b"1", b"EUR", b"D", b"CR", b"2026", b"\xa1\xa2", b"#1", b"/",
    b"%", b"\xe2\x88\x92", b"Total", b"Saldo", b"1.234", b"1,234", b"0", b"99999999999999999999",
)  # fmt: skip
CODECS = ("utf-16", "utf-16-le", "utf-16-be", "cp1252", "cp1250", "gb18030", "utf-8-sig", "cp437")


class Edit(NamedTuple):
    """The name of an edit and three numbers that say where; they are taken modulo what there is."""

    name: str
    at: int
    to: int
    which: int


def _flip(content: bytes, edit: Edit, _: bytes) -> bytes:
    at = edit.at % len(content)
    return content[:at] + bytes([content[at] ^ (1 << edit.which % 8)]) + content[at + 1 :]


def _delete(content: bytes, edit: Edit, _: bytes) -> bytes:
    at = edit.at % len(content)
    return content[:at] + content[at + 1 + edit.to % 8 :]


def _insert(content: bytes, edit: Edit, _: bytes) -> bytes:
    at = edit.at % (len(content) + 1)
    return content[:at] + SPECIAL[edit.which % len(SPECIAL)] + content[at:]


def _duplicate(content: bytes, edit: Edit, _: bytes) -> bytes:
    at = edit.at % len(content)
    end = at + 1 + edit.to % 40
    return content[:end] + content[at:end] * (1 + edit.which % 3) + content[end:]


def _truncate(content: bytes, edit: Edit, _: bytes) -> bytes:
    return content[: edit.at % len(content)]


def _splice(content: bytes, edit: Edit, other: bytes) -> bytes:
    start = edit.to % len(other)
    at = edit.at % (len(content) + 1)
    return content[:at] + other[start : start + 1 + edit.which % 200] + content[at:]


def _of_lines(change: Callable[[list[bytes], Edit, list[bytes]], list[bytes]]) -> Callable[[bytes, Edit, bytes], bytes]:
    def changed(content: bytes, edit: Edit, other: bytes) -> bytes:
        lines = change(content.splitlines(keepends=True), edit, other.splitlines(keepends=True))
        return b"".join(lines)

    return changed


def _swap_lines(lines: list[bytes], edit: Edit, _: list[bytes]) -> list[bytes]:
    one, two = edit.at % len(lines), edit.to % len(lines)
    lines[one], lines[two] = lines[two], lines[one]
    return lines


def _duplicate_lines(lines: list[bytes], edit: Edit, _: list[bytes]) -> list[bytes]:
    at, to = edit.at % len(lines), edit.to % (len(lines) + 1)
    return [*lines[:to], *lines[at : at + 1 + edit.which % 3], *lines[to:]]


def _delete_lines(lines: list[bytes], edit: Edit, _: list[bytes]) -> list[bytes]:
    at = edit.at % len(lines)
    return lines[:at] + lines[at + 1 + edit.which % 3 :]


def _borrow_lines(lines: list[bytes], edit: Edit, others: list[bytes]) -> list[bytes]:
    at, to = edit.at % len(others), edit.to % (len(lines) + 1)
    return [*lines[:to], *others[at : at + 1 + edit.which % 3], *lines[to:]]


def _reverse_lines(lines: list[bytes], edit: Edit, _: list[bytes]) -> list[bytes]:
    first = edit.at % len(lines)
    return lines[:first] + lines[first:][::-1]


def _swap_columns(lines: list[bytes], edit: Edit, _: list[bytes]) -> list[bytes]:
    """Of all lines; what a quote holds together falls apart, which is a file too."""
    return [_swapped(line, edit) for line in lines]


def _swap_cells(lines: list[bytes], edit: Edit, _: list[bytes]) -> list[bytes]:
    at = edit.which % len(lines)
    lines[at] = _swapped(lines[at], edit)
    return lines


def _swapped(line: bytes, edit: Edit) -> bytes:
    delimiter = max(DELIMITERS, key=line.count)
    text = line.rstrip(b"\r\n")
    cells = text.split(delimiter)
    one, two = edit.at % len(cells), edit.to % len(cells)
    cells[one], cells[two] = cells[two], cells[one]
    return delimiter.join(cells) + line[len(text) :]


def _empty_cell(lines: list[bytes], edit: Edit, _: list[bytes]) -> list[bytes]:
    at = edit.at % len(lines)
    delimiter = max(DELIMITERS, key=lines[at].count)
    text = lines[at].rstrip(b"\r\n")
    cells = text.split(delimiter)
    cells[edit.to % len(cells)] = SPECIAL[edit.which % len(SPECIAL)] if edit.which % 2 else b""
    lines[at] = delimiter.join(cells) + lines[at][len(text) :]
    return lines


def _other_delimiter(content: bytes, edit: Edit, _: bytes) -> bytes:
    return content.replace(DELIMITERS[edit.at % 4], DELIMITERS[edit.to % 4])


def _other_line_ends(content: bytes, edit: Edit, _: bytes) -> bytes:
    return re.sub(b"\r\n|\n|\r", LINE_ENDS[edit.which % len(LINE_ENDS)], content)


def _other_encoding(content: bytes, edit: Edit, _: bytes) -> bytes:
    text = content.decode("utf-8" if edit.at % 2 else "cp1252", "replace")
    return text.encode(CODECS[edit.which % len(CODECS)], "replace")


def _other_digit(content: bytes, edit: Edit, _: bytes) -> bytes:
    places = [found.start() for found in re.finditer(b"[0-9]", content)]
    if not places:
        return content
    at = places[edit.at % len(places)]
    return content[:at] + b"%d" % (edit.which % 10) + content[at + 1 :]


def _other_mark(content: bytes, edit: Edit, _: bytes) -> bytes:
    places = [found.start() for found in re.finditer(b"(?<=[0-9])[-.,/ ](?=[0-9])", content)]
    if not places:
        return content
    at = places[edit.at % len(places)]
    return content[:at] + b"-.,/ '"[(which := edit.which % 6) : which + 1] + content[at + 1 :]


def _other_marks(content: bytes, edit: Edit, _: bytes) -> bytes:
    """Of all numbers, as in another country."""
    one, two = b".,/-"[(at := edit.at % 4) : at + 1], b".,/- "[(to := edit.to % 5) : to + 1]
    return re.sub(b"(?<=[0-9])" + re.escape(one) + b"(?=[0-9])", two, content)


def _without_signs(content: bytes, edit: Edit, _: bytes) -> bytes:
    return re.sub(rb"-(?=[0-9.,]+\b(?![-0-9]))", (b"", b"+", b"--")[edit.which % 3], content)


EDITS: Mapping[str, Callable[[bytes, Edit, bytes], bytes]] = {
    "flip": _flip,
    "delete": _delete,
    "insert": _insert,
    "duplicate": _duplicate,
    "truncate": _truncate,
    "splice": _splice,
    "swap lines": _of_lines(_swap_lines),
    "duplicate lines": _of_lines(_duplicate_lines),
    "delete lines": _of_lines(_delete_lines),
    "borrow lines": _of_lines(_borrow_lines),
    "reverse lines": _of_lines(_reverse_lines),
    "swap columns": _of_lines(_swap_columns),
    "swap cells": _of_lines(_swap_cells),
    "empty cell": _of_lines(_empty_cell),
    "other delimiter": _other_delimiter,
    "other line ends": _other_line_ends,
    "other encoding": _other_encoding,
    "other digit": _other_digit,
    "other mark": _other_mark,
    "other marks": _other_marks,
    "without signs": _without_signs,
}

numbers = st.integers(0, 9_999)
edits = st.lists(st.builds(Edit, st.sampled_from(sorted(EDITS)), numbers, numbers, numbers), min_size=1, max_size=5)


def edited(content: bytes, changes: list[Edit], other: bytes) -> bytes:
    """`other` is another sample, for lines and bytes that come from there."""
    for change in changes:
        content = EDITS[change.name](content, change, other) if content else content
    return content
