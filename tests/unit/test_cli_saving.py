"""Files that the command writes: whole or not at all."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import typer

from cli.saving import destination, save
from runtime.refusals import Unavailable


async def pieces(*each: bytes) -> AsyncIterator[bytes]:
    for piece in each:
        yield piece


async def breaking(folder: Path) -> AsyncIterator[bytes]:
    yield b"date,"
    assert "out.csv" not in names(folder)
    raise Unavailable("gone")


async def taken(path: Path) -> AsyncIterator[bytes]:
    """Another program takes the name meanwhile."""
    yield b"ours"
    put(path, b"theirs")


def put(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_a_file_is_written_beside_and_named_when_it_is_complete(tmp_path: Path) -> None:
    path = destination(str(tmp_path / "out.csv"), force=False)
    assert path is not None

    size = await save(pieces(b"date,", b"amount\n"), path, force=False)

    assert (size, path.read_bytes(), names(tmp_path)) == (12, b"date,amount\n", ["out.csv"])


async def test_a_stream_that_breaks_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        await save(breaking(tmp_path), tmp_path / "out.csv", force=False)

    assert names(tmp_path) == []


async def test_a_file_that_is_there_is_replaced_only_by_force(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_bytes(b"old")

    with pytest.raises(typer.BadParameter):
        destination(str(path), force=False)
    before = path.read_bytes()
    await save(pieces(b"new"), destination(str(path), force=True), force=True)

    assert (before, path.read_bytes(), names(tmp_path)) == (b"old", b"new", ["out.csv"])


async def test_a_name_that_another_takes_meanwhile_is_his(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"

    with pytest.raises(typer.BadParameter):
        await save(taken(path), path, force=False)

    assert (path.read_bytes(), names(tmp_path)) == (b"theirs", ["out.csv"])


async def test_without_hard_links_it_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    path, other = tmp_path / "out.csv", tmp_path / "other.csv"

    await save(pieces(b"ours"), path, force=False)
    with pytest.raises(typer.BadParameter):
        await save(taken(other), other, force=False)

    assert (path.read_bytes(), other.read_bytes()) == (b"ours", b"theirs")
    assert names(tmp_path) == ["other.csv", "out.csv"]


async def test_what_a_link_names_is_replaced_and_the_link_stays(tmp_path: Path) -> None:
    (tmp_path / "kept.csv").write_bytes(b"old")
    (tmp_path / "link.csv").symlink_to("kept.csv")

    await save(pieces(b"new"), destination(str(tmp_path / "link.csv"), force=True), force=True)

    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "kept.csv").read_bytes() == b"new"


@pytest.mark.parametrize("output", ["/dev/null", "/tmp", "/no such folder/out.csv"])
def test_what_is_no_place_for_a_file_is_refused(output: str) -> None:
    with pytest.raises(typer.BadParameter):
        destination(output, force=True)


@pytest.mark.parametrize("output", ["", "-"])
def test_standard_output_needs_no_name(output: str) -> None:
    assert destination(output, force=False) is None
