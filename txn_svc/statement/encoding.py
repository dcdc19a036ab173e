"""Which encoding the bytes of a file are in, on which ground, and which it may be as well."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from txn_svc.statement.code_pages import Choice, choose
from txn_svc.statement.damage import AS_UTF_8, find_damage
from txn_svc.statement.high_bytes import HighBytes, high_bytes
from txn_svc.statement.kinds import refuse_other_kinds
from txn_svc.statement.lines import BLOCK_BYTES, TextBytes, read_lines
from txn_svc.statement.model import MAX_FINDING_LINES, Basis, Finding, Unreadable
from txn_svc.statement.scan import Scan, scan
from txn_svc.statement.transcode import ENCODING_NAMES, EncodingName, as_utf_8, characters

_MARKS: Final[tuple[tuple[bytes, EncodingName], ...]] = (
    (codecs.BOM_UTF8, "UTF-8"),
    (codecs.BOM_UTF16_LE, "UTF-16LE"),
    (codecs.BOM_UTF16_BE, "UTF-16BE"),
)
_NOT_ASCII: Final = re.compile("[^\0-\x7f]")
_PADDING: Final = " NUL bytes at the ends of lines and of the file are padding and left out."
_HEAD_BYTES: Final = 4096
# Of ten hanzi that are written by chance, one in a hundred times none has a place that Korean leaves free.
_FEW_PAIRED: Final = 20


@dataclass(frozen=True, slots=True)
class Encoding:
    """`alternatives` are all that the file may as well be in, `name` the first: each would give another text.

    Empty where the bytes, or whoever named it, leave no doubt.
    """

    name: EncodingName
    finding: Finding
    alternatives: tuple[EncodingName, ...] = ()

    def text(self, file: TextBytes) -> TextBytes:
        """The file as `read_lines` and `read_records` take it: in UTF-8."""
        return as_utf_8(file, self.name)


def encoding_named(name: str | None) -> EncodingName | None:
    """The encoding of that name, where there is one."""
    return next((one for one in ENCODING_NAMES if one == name), None)


def examine(file: TextBytes, name: EncodingName | None = None, basis: Basis = "ANSWERED") -> Encoding:
    """How to read the file, by all of its bytes; with a name, as that one, on the basis given.

    A mark at the beginning (BOM) declares UTF-8 or UTF-16. Without one it is UTF-16 where NULs stand at every other
    byte and hardly any between. It is UTF-8 where all bytes are, or more of them than not: other encodings make its
    sequences only by chance. Otherwise it is GB18030 where nearly all bytes from 0x80 on stand in pairs of GB 2312 that
    are spread as hanzi are, or else the code page that makes likely words of them (`choose`), of windows-1252 and
    windows-1250. ISO-8859-1 is never found: where it differs from windows-1252 it has control characters, which no
    statement holds. Where none makes text of them it is UTF-8 with some lines damaged.

    Lines that hold bytes which are no text are named, and rejected one by one as rows. Refuses with Unreadable: EMPTY,
    NOT_A_STATEMENT, TOO_LARGE, and UNREADABLE where most lines are like that, or the pairs are those of Korean or
    Japanese. Reads the file up to four times, once
    where it is UTF-8 without fault, in constant memory.
    """
    file.seek(0)
    head = file.read(BLOCK_BYTES)
    if not head:
        raise Unreadable("EMPTY", "The file is empty.")
    refuse_other_kinds(head[:_HEAD_BYTES])
    if name is not None:
        return _read_as(file, name, basis, f"The file is read as {name}.")
    for mark, marked in _MARKS:
        if head.startswith(mark):
            return _read_as(file, marked, "DECLARED", f"The file begins with the mark of {marked}.", (1,))
    return _found(file, scan(file))


def _found(file: TextBytes, seen: Scan) -> Encoding:
    if seen.is_blank:
        raise Unreadable("EMPTY", "The file holds nothing but blank lines" + (" and NULs." if seen.has_nul else "."))
    if (utf_16 := seen.utf_16) is not None:
        return _read_as(file, utf_16, "EVIDENCE", f"Every other byte is NUL wherever {utf_16} has it so.", (1,))
    line = seen.first_non_ascii_line
    if line is None:
        message = "All characters are ASCII, which is UTF-8 too."
        return _read_as(file, "UTF-8", "EVIDENCE", message, seen=seen)
    if seen.undecodable <= seen.continued:
        which = "Most" if seen.undecodable else "All"
        message = f"{which} characters read as UTF-8; line {line} has the first that is not ASCII."
        return _read_as(file, "UTF-8", "EVIDENCE", message, (line,), seen=seen)
    return _by_high_bytes(file)


def _by_high_bytes(file: TextBytes) -> Encoding:
    found = high_bytes(file)
    if found.is_chinese:
        if found.look_alike is not None:
            raise Unreadable("UNREADABLE", f"{_not_chinese(found, found.look_alike)} {AS_UTF_8}")
        lines = _lines_with(file, "GB18030", _NOT_ASCII)
        return _read_as(file, "GB18030", "EVIDENCE", "The bytes that are not ASCII are Chinese characters.", lines)
    choice = choose(found.triples)
    if choice is None:
        return _read_as(file, "UTF-8", "ASSUMPTION", "No encoding makes text of all bytes; UTF-8 is assumed.")
    return _of_code_page(file, choice, may_be_chinese=found.may_be_chinese)


def _not_chinese(found: HighBytes, look_alike: str) -> str:
    if found.paired < _FEW_PAIRED:
        return f"The file may be Chinese (GB18030) or {look_alike}: too few characters tell."
    return f"The file looks like {look_alike}, which Stori does not read."


def _of_code_page(file: TextBytes, choice: Choice, *, may_be_chinese: bool) -> Encoding:
    name = choice.page
    deciding = re.escape("".join(characters(name)[byte] for byte in choice.deciding))
    lines = _lines_with(file, name, re.compile(f"[{deciding}]") if deciding else _NOT_ASCII)
    alternatives: list[EncodingName] = [name]
    if not choice.is_certain:
        alternatives += [choice.other]
    if may_be_chinese:
        alternatives += ["GB18030"]
    if len(alternatives) > 1:
        message = f"The file is not UTF-8, and may be {' or '.join(alternatives)}: too few letters tell."
        return _read_as(file, name, "ASSUMPTION", message, lines, tuple(alternatives))
    if not choice.deciding:
        message = "The file is not UTF-8; windows-1252, ISO-8859-1 and windows-1250 all give this text."
        return _read_as(file, name, "ASSUMPTION", message, lines)
    message = f"The file is not UTF-8; read as {name}, and not as {choice.other}, its letters stand as words have them."
    return _read_as(file, name, "EVIDENCE", message, lines)


def _read_as(
    file: TextBytes,
    name: EncodingName,
    basis: Basis,
    message: str,
    lines: tuple[int, ...] = (),
    alternatives: tuple[EncodingName, ...] = (),
    seen: Scan | None = None,
) -> Encoding:
    """`seen` is the scan of this reading where there was one."""
    seen = seen or scan(as_utf_8(file, name))
    if not seen.is_clean:
        message += find_damage(as_utf_8(file, name), name, is_hopeless=seen.is_hopeless).sentence()
    if seen.has_nul:
        message += _PADDING
    return Encoding(name, Finding("ENCODING", basis, name, message, lines), alternatives)


def _lines_with(file: TextBytes, name: EncodingName, pattern: re.Pattern[str]) -> tuple[int, ...]:
    return tuple(islice(_all_lines_with(as_utf_8(file, name), pattern), MAX_FINDING_LINES))


def _all_lines_with(view: TextBytes, pattern: re.Pattern[str]) -> Iterator[int]:
    for number, text in enumerate(read_lines(view), start=1):
        if not text.isascii() and pattern.search(text):
            yield number
