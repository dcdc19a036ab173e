"""What the processes say: kept as it came in a bounded file, and shown readable with the process's name before it."""

import json
import re
import sys
import threading
from pathlib import Path

FILE_BYTES_MAX = 10_000_000
VALUE_CHARACTERS_MAX = 300
NAME_WIDTH = 11
COLOURS = {"warning": "33", "error": "31", "critical": "31"}
SHOWN_FIRST = ("event", "level", "timestamp", "process", "logger")
QUIET = (("uvicorn.error", "info"),)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_screen = threading.Lock()


class LogFile:
    """Appends lines; at its bound the file becomes NAME.log.1, and the one before that is dropped."""

    def __init__(self, path: Path, bytes_max: int = FILE_BYTES_MAX) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path, self.bytes_max = path, bytes_max
        self.file = path.open("ab")

    def append(self, line: bytes) -> None:
        if self.file.tell() + len(line) > self.bytes_max:
            self.file.close()
            self.path.replace(self.path.with_name(f"{self.path.name}.1"))
            self.file = self.path.open("ab")
        self.file.write(line)
        self.file.flush()

    def close(self) -> None:
        self.file.close()


def show(name: str, text: str, level: str = "info") -> None:
    """One line on the screen, whole even when several threads write."""
    line = f"{name:<{NAME_WIDTH}} │ {text}"
    if sys.stdout.isatty() and level in COLOURS:
        line = f"\x1b[{COLOURS[level]}m{line}\x1b[0m"
    with _screen:
        print(line, flush=True)


def show_line(name: str, line: bytes) -> None:
    """Shows a process's raw line; what PostgreSQL and the HTTP server say every day stays in the file."""
    text = line.decode(errors="replace").rstrip()
    if not text or (name == "postgres" and text.startswith("LOG:")):
        return
    record = as_record(text)
    if record is None:
        show(name, clean(text))
    elif (record.get("logger"), record.get("level")) not in QUIET:
        show(name, readable(record), str(record.get("level")))


def as_record(text: str) -> dict[str, object] | None:
    try:
        record = json.loads(text) if text.startswith("{") else None
    except ValueError:
        return None
    return record if isinstance(record, dict) else None


def readable(record: dict[str, object]) -> str:
    time = str(record.get("timestamp", ""))[11:19]
    level = str(record.get("level", ""))
    values = (f"{key}={clean(str(value))}" for key, value in record.items() if key not in SHOWN_FIRST)
    return " ".join(part for part in (time, level, clean(str(record.get("event", ""))), *values) if part)


def clean(text: str) -> str:
    """Without control characters, so that nothing a process quotes can move the cursor or fake a line."""
    return _CONTROL.sub("�", text[:VALUE_CHARACTERS_MAX])


def last_words(path: Path, bytes_max: int = 20_000) -> str:
    """The last thing a process said, in one line."""
    if not path.exists():
        return "it left no log"
    lines = path.read_bytes()[-bytes_max:].decode(errors="replace").strip().splitlines()
    if not lines:
        return "it left no log"
    record = as_record(lines[-1])
    return clean(lines[-1]) if record is None else readable(record)
