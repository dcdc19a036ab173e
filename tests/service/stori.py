"""The `stori` command as a person runs it: a process of its own, with files of its own."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.service.txn import Client, Txn

ROOT = Path(__file__).parent.parent.parent
LAUNCHER = ROOT / "cli" / "stori"
SECONDS = 60.0
QUESTION = b"[y/N]"


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def documents(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]

    @property
    def document(self) -> dict[str, Any]:
        [document] = self.documents
        return document

    def rows(self) -> list[dict[str, str]]:
        """The tab-separated lines by their header's names."""
        header, *rows = (line.split("\t") for line in self.lines)
        return [dict(zip(header, row, strict=True)) for row in rows]


@dataclass(frozen=True)
class Stori:
    """A person's shell. `folder` holds the command's own files."""

    folder: Path
    environment: Mapping[str, str]

    @property
    def credentials(self) -> Path:
        return self.folder / "stori" / "credentials.json"

    def changed(self, **environment: str) -> "Stori":
        return Stori(self.folder, {**self.environment, **environment})

    async def start(
        self, *arguments: str, program: str | Path = LAUNCHER, **options: Any
    ) -> asyncio.subprocess.Process:
        passed = {name: value for name, value in os.environ.items() if not name.startswith(("STORI_", "COGNITO_"))}
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), asyncio.subprocess.PIPE)
        own = {"XDG_CONFIG_HOME": str(self.folder), "STORI_HOME": str(self.folder / "no-stack")}
        environment = {**passed, **own, **self.environment}
        return await asyncio.create_subprocess_exec(program, *arguments, env=environment, **{**pipes, **options})

    async def run(self, *arguments: str, stdin: bytes = b"", program: str | Path = LAUNCHER) -> Done:
        process = await self.start(*arguments, program=program)
        async with asyncio.timeout(SECONDS):
            out, err = await process.communicate(stdin)
        return Done(process.returncode or 0, out.decode(), err.decode())

    async def on_a_terminal(self, *arguments: str, typed: bytes = b"") -> Done:
        """What the command writes to a terminal, all of it in `out`."""
        async with self.at_a_terminal(*arguments) as conversation:
            conversation.type(typed)
            return await conversation.end()

    @asynccontextmanager
    async def at_a_terminal(self, *arguments: str, **options: Any) -> AsyncIterator["Conversation"]:
        """The command on a terminal, to be answered as it asks; `options` take other streams away from it."""
        with terminal() as (ours, theirs):
            streams = dict.fromkeys(("stdin", "stdout", "stderr"), theirs)
            process = await self.start(*arguments, **{**streams, **options})
            os.close(theirs)
            try:
                yield Conversation(process, ours)
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()

    async def interrupted(self, process: asyncio.subprocess.Process) -> Done:
        """Ends it as Ctrl-C does."""
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(SECONDS):
            out, err = await process.communicate()
        return Done(process.returncode or 0, out.decode(), err.decode())


@dataclass
class Conversation:
    """A command and our end of its terminal."""

    process: asyncio.subprocess.Process
    _ours: int
    _seen: bytes = b""

    def type(self, keys: bytes) -> None:
        os.write(self._ours, keys)

    async def asked(self, question: bytes = QUESTION) -> None:
        """Waits for the next question."""
        count = self._seen.count(question)
        async with asyncio.timeout(SECONDS):
            while self._seen.count(question) == count:
                self._seen += await asyncio.to_thread(os.read, self._ours, 65536)

    async def end(self) -> Done:
        """How it ends; `out` is all that it wrote to the terminal."""
        reading = asyncio.create_task(asyncio.to_thread(_read_all, self._ours))
        async with asyncio.timeout(SECONDS):
            code = await self.process.wait()
            # What was typed is echoed, whatever it was.
            return Done(code, (self._seen + await reading).decode(errors="replace"), "")

    async def interrupted(self) -> Done:
        """How it ends after Ctrl-C."""
        self.process.send_signal(signal.SIGINT)
        return await self.end()


def shell_of(txn: Txn, person: Client, folder: Path) -> Stori:
    """The shell of a person, with his token."""
    address = f"127.0.0.1:{txn.port}"
    return Stori(
        folder,
        {
            "STORI_ENVIRONMENT": "local",
            "STORI_USER_SVC_ADDRESS": address,
            "STORI_TXN_SVC_ADDRESS": address,
            "STORI_TOKEN": txn.issuer.token(subject=person.subject),
        },
    )


@contextmanager
def terminal() -> Iterator[tuple[int, int]]:
    """Our end and theirs; theirs is for the one who is given it to close."""
    ours, theirs = os.openpty()
    try:
        yield ours, theirs
    finally:
        os.close(ours)


def _read_all(descriptor: int) -> bytes:
    seen = bytearray()
    while True:
        try:
            chunk = os.read(descriptor, 65536)
        except OSError:  # Linux says so when the other end is closed
            return bytes(seen)
        if not chunk:
            return bytes(seen)
        seen += chunk
