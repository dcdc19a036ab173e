"""In whatever encoding a table is written, its cells are those that Python's own codecs and csv read."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from txn_svc.statement import lines
from txn_svc.statement.encoding import examine
from txn_svc.statement.model import MAX_ROW_LINES
from txn_svc.statement.records import read_records
from txn_svc.statement.transcode import ENCODING_NAMES, EncodingName, as_utf_8, characters

TABLES: tuple[EncodingName, ...] = ("windows-1252", "ISO-8859-1", "windows-1250")


def alphabet(name: EncodingName) -> st.SearchStrategy[str]:
    if name not in TABLES:
        return st.characters(exclude_characters="\0\r\ufeff", exclude_categories=["Cs"])
    return st.sampled_from([letter for letter in characters(name) if not "\udc80" <= letter <= "\udcff"]).filter(
        lambda letter: letter not in "\0\r"
    )


@st.composite
def tables(draw: st.DrawFn) -> tuple[EncodingName, str, list[list[str]]]:
    name = draw(st.sampled_from(ENCODING_NAMES))
    delimiter = draw(st.sampled_from(",;\t|"))
    cell = st.text(alphabet(name) | st.sampled_from('",;\t|\n x'), max_size=8)
    return name, delimiter, draw(st.lists(st.lists(cell, min_size=3, max_size=3), min_size=1, max_size=6))


@given(tables(), st.sampled_from([7, 64, 1 << 18]))
def test_cells_are_those_of_the_codec_and_csv(
    table: tuple[EncodingName, str, list[list[str]]], block_bytes: int
) -> None:
    name, delimiter, rows = table
    written = io.StringIO()
    csv.writer(written, delimiter=delimiter, lineterminator="\r\n", quoting=csv.QUOTE_ALL).writerows(rows)
    content = written.getvalue().encode(name)
    decoded = io.StringIO(content.decode(name), newline="")

    with pytest.MonkeyPatch.context() as patch:
        # So that characters lie across two reads.
        patch.setattr(lines, "BLOCK_BYTES", block_bytes)
        # More than the rows of a bank may have: nothing is suspected of being two rows.
        found = list(
            read_records(as_utf_8(io.BytesIO(content), name), delimiter, range(3, 4), row_lines=MAX_ROW_LINES * 5)
        )

    assert [record.cells for record in found] == list(csv.reader(decoded, delimiter=delimiter))
    assert {record.fault for record in found} == {None}


@given(st.binary(max_size=200), st.sampled_from(ENCODING_NAMES), st.sampled_from([1, 3, 1 << 18]))
def test_any_bytes_become_lines_that_can_be_written(content: bytes, name: EncodingName, block_bytes: int) -> None:
    """And they are the codec's own where it can read them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "BLOCK_BYTES", block_bytes)
        found = list(lines.read_lines(as_utf_8(io.BytesIO(content), name)))

    for line in found:
        line.encode()
    try:
        text = content.decode(name)
    except UnicodeDecodeError:
        # What UTF-16 ends in the middle of may be a line end.
        assert name.startswith("UTF-16") or any(type(line) is lines.Undecodable for line in found)
    else:
        universal = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
        expected = [line.rstrip("\0").replace("\0", "\\x00") for line in universal.split("\n")]
        assert found == (expected[:-1] if universal.endswith("\n") or not universal else expected)


@given(st.binary(max_size=200), st.sampled_from(ENCODING_NAMES))
def test_a_view_can_be_read_again(content: bytes, name: EncodingName) -> None:
    view = as_utf_8(io.BytesIO(content), name)
    first = list(lines.read_lines(view))

    view.read(3)

    assert list(lines.read_lines(view)) == first


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        ("a,".encode("utf-16-le") + b"\xc3\xdc\x80\xdc" + "\nb".encode("utf-16-le"), ["a,\\xDC\\xDC", "b"]),
        ("ab".encode("utf-16-le") + b"\x3d\xd8", ["ab\\xFF"]),
        ("ab\n".encode("utf-16-le") + b"\n", ["ab"]),
    ],
)
def test_halves_of_utf_16_are_no_text(content: bytes, shown: list[str]) -> None:
    assert list(lines.read_lines(as_utf_8(io.BytesIO(content), "UTF-16LE"))) == shown


def test_an_answer_is_followed() -> None:
    encoding = examine(io.BytesIO("Łódź;1\n".encode("windows-1250")), "windows-1252")

    assert (encoding.name, encoding.finding.value, encoding.finding.basis) == (
        "windows-1252",
        "windows-1252",
        "ANSWERED",
    )
    assert list(lines.read_lines(encoding.text(io.BytesIO(b"caf\xe9")))) == ["café"]
