"""Questions to the person at the terminal."""

import select
import signal
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from cli.exits import FAILED, INTERRUPTED, OK
from cli.text import plain

ANSWERS = {b"y": OK, b"yes": OK, b"n": FAILED, b"no": FAILED, b"": FAILED}


def can_ask() -> bool:
    """Whether somebody sees a question and can answer it: standard input and standard error are a terminal."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))


def answer(question: str) -> int:
    """OK for a yes, else the exit code of the command: FAILED for a no or the end of input, INTERRUPTED for Ctrl-C."""
    said, code = _said(f"{question} [y/N]: ", ANSWERS)
    return code or said


def choose(question: str, count: int) -> tuple[int, int]:
    """The number that is chosen, 1 to `count`, and OK; or 0 and the exit code, as in `answer`."""
    return _said(f"{question} [1-{count}]: ", {str(number).encode(): number for number in range(1, count + 1)})


def _said(prompt: str, meanings: Mapping[bytes, int]) -> tuple[int, int]:
    """What the person says, asked until it means something, and OK; or 0 and why he did not."""
    with _ctrl_c() as interrupted:
        while True:
            print(plain(prompt), end="", file=sys.stderr, flush=True)  # noqa: T201
            readable, _, _ = select.select([sys.stdin, interrupted], [], [])
            line = b"" if interrupted in readable else sys.stdin.buffer.readline()
            if not line:
                # Nobody has ended the line of the question.
                print(file=sys.stderr)  # noqa: T201
                return 0, INTERRUPTED if interrupted in readable else FAILED
            meaning = meanings.get(line.strip().lower())
            if meaning is not None:
                return meaning, OK


@contextmanager
def _ctrl_c() -> Iterator[socket.socket]:
    """What can be read once Ctrl-C was pressed.

    The event loop would take note of it and act once the question is answered; and a handler of Python's that is due
    just before a read begins runs when the read has ended.
    """
    reading, writing = socket.socketpair()
    writing.setblocking(False)
    noting, woken = signal.signal(signal.SIGINT, lambda *_: None), signal.set_wakeup_fd(writing.fileno())
    try:
        yield reading
    finally:
        signal.set_wakeup_fd(woken)
        signal.signal(signal.SIGINT, noting)
        reading.close()
        writing.close()
