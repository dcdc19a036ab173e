"""A file that arrives in pieces, brought to standard output or to a file of its own."""

import codecs
import io
import os
import secrets
import sys
from collections.abc import AsyncIterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated

import typer

from cli.exits import ReaderGone
from cli.text import plain

STDOUT = "-"
OutputFile = Annotated[str, typer.Option("--output", "-o", metavar="FILE", help="Standard output without it.")]
Force = Annotated[bool, typer.Option("--force", help="Replace FILE where there is one.")]


def destination(output: str, *, force: bool) -> Path | None:
    """Where to write; None is standard output. Raises BadParameter where it must not or cannot be."""
    if output in {"", STDOUT}:
        return None
    # What a link names is replaced, not the link.
    path = Path(output).resolve()
    if path.exists() and not path.is_file():
        raise typer.BadParameter(f"{output} is not a plain file", param_hint="--output")
    if path.exists() and not force:
        raise _exists(path)
    if not path.parent.is_dir():
        raise typer.BadParameter(f"there is no folder {path.parent}", param_hint="--output")
    return path


async def save(pieces: AsyncIterable[bytes], path: Path | None, *, force: bool) -> int:
    """Writes all of it; the number of bytes. A file is there once it is complete, or not at all."""
    if path is not None:
        with _whole(path, force=force) as file:
            return await _copy(pieces, file)
    if sys.stdout.isatty():
        return await _copy(pieces, _Harmless())
    return await _copy(pieces, _Pipe())


async def _copy(pieces: AsyncIterable[bytes], file: "IO[bytes] | _Pipe | _Harmless") -> int:
    size = 0
    async for piece in pieces:
        file.write(piece)
        size += len(piece)
    return size


@contextmanager
def _whole(path: Path, *, force: bool) -> Iterator[IO[bytes]]:
    """A file beside `path` that takes its name at the end. Raises BadParameter where another took it meanwhile."""
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
        if force:
            unfinished.replace(path)
        else:
            _take(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def _take(unfinished: Path, path: Path) -> None:
    try:
        path.hardlink_to(unfinished)
    except FileExistsError:
        raise _exists(path) from None
    except OSError:
        # The file system has no hard links.
        if path.exists():
            raise _exists(path) from None
        unfinished.replace(path)


def _exists(path: Path) -> typer.BadParameter:
    return typer.BadParameter(f"{path} exists; --force replaces it", param_hint="--output")


class _Pipe:
    """Standard output, byte by byte."""

    def write(self, piece: bytes) -> None:
        try:
            sys.stdout.buffer.write(piece)
        except BrokenPipeError:
            raise ReaderGone from None


class _Harmless:
    """A terminal: line by line, and nothing of a line acts on it."""

    def __init__(self) -> None:
        utf_8 = codecs.getincrementaldecoder("utf-8")(errors="backslashreplace")
        self._decoder = io.IncrementalNewlineDecoder(utf_8, translate=True)

    def write(self, piece: bytes) -> None:
        text = self._decoder.decode(piece)
        sys.stdout.write("\n".join(map(plain, text.split("\n"))))
