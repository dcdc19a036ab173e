"""Where a command's result goes: a table for a person, tab-separated lines for a pipe, JSON for a program."""

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Table
from rich.text import Text

from cli.exits import ReaderGone
from cli.text import plain

# Columns of ids, which are copied, and of times: they are never broken into lines.
WHOLE = frozenset({"id", "import", "figure", "time"})


class Output:
    """Standard output of one command, or another stream. Whatever it is given is made harmless for a terminal."""

    def __init__(self, *, as_json: bool, stream: TextIO | None = None) -> None:
        self.as_json = as_json
        self._stream = stream or sys.stdout
        self.is_terminal = self._stream.isatty()
        self.is_plain = not self.is_terminal or bool(os.environ.get("NO_COLOR"))

    def document(self, message: Message | dict[str, Any]) -> None:
        """One JSON document on a line of its own; nothing unless JSON is asked for."""
        if self.as_json:
            self.json(message)

    def json(self, message: Message | dict[str, Any], indent: int | None = None) -> None:
        """A JSON document whatever was asked for, at once: its reader may wait for it."""
        # ASCII, so that no character of it acts on a terminal.
        self._write(json.dumps(protojson(message), indent=indent) + "\n")
        self.flush()

    def say(self, sentence: str) -> None:
        """A line for a person; nothing where JSON is asked for."""
        if not self.as_json:
            self._write(plain(sentence) + "\n")

    def flush(self) -> None:
        """For a reader that waits for what was said so far."""
        try:
            self._stream.flush()
        except BrokenPipeError:
            raise ReaderGone from None

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[str] = ()) -> None:
        """A table on a terminal, tab-separated lines under a header elsewhere. `right` names columns of figures."""
        if self.as_json:
            return
        if not self.is_terminal:
            for row in (columns, *rows):
                self._write("\t".join(map(plain, row)) + "\n")
            return
        table = Table(box=SIMPLE_HEAD, pad_edge=False)
        for column in columns:
            table.add_column(
                column, justify="right" if column in right else "left", overflow="fold", no_wrap=column in WHOLE
            )
        for row in rows:
            table.add_row(*(Text(plain(cell)) for cell in row))
        try:
            Console(
                file=self._stream,
                force_terminal=True,
                color_system=None if self.is_plain else "auto",
                no_color=self.is_plain,
            ).print(table)
        except BrokenPipeError:
            raise ReaderGone from None

    @contextmanager
    def progress(self) -> Iterator["ProgressBar | None"]:
        """A bar on standard error, only for a person who sees both; else None."""
        if self.as_json or self.is_plain or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
            yield None
            return
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[figures]}"))
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            yield ProgressBar(progress)

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
        except BrokenPipeError:
            raise ReaderGone from None


class ProgressBar:
    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: TaskID = progress.add_task("", total=None, figures="")

    def show(self, description: str, done: int, total: int, figures: str) -> None:
        """A total of 0 is not known yet."""
        self._progress.update(
            self._task, description=plain(description), completed=done, total=total or None, figures=plain(figures)
        )


def note(sentence: str) -> None:
    """A line beside the result, on standard error."""
    print(plain(sentence), file=sys.stderr, flush=True)  # noqa: T201


def protojson(message: Message | dict[str, Any]) -> dict[str, Any]:
    """Protobuf's JSON mapping, every field that has a value of its own, also where it is empty."""
    if isinstance(message, dict):
        return {name: protojson(value) if isinstance(value, Message) else value for name, value in message.items()}
    return MessageToDict(message, always_print_fields_with_no_presence=True)
