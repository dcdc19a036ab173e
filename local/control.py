"""How `make stop` and `make start` reach the supervisor: a loopback port, named with a token in a private file."""

import asyncio
import hmac
import json
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from local.home import Home, read_json, write_json
from local.ports import LOOPBACK

LINE_BYTES_MAX = 4096
ANSWER_SECONDS = 120.0
REQUEST_SECONDS = 5.0

Act = Callable[[str, str | None], Awaitable[str]]


class NotRunning(Exception):
    """Nothing runs in this folder."""


@asynccontextmanager
async def serve_control(home: Home, act: Act) -> AsyncIterator[None]:
    """Answers `(command, process name or None)` with what `act` returns, or the sentence it raises."""
    token = secrets.token_urlsafe(24)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, ValueError, TimeoutError):
            line = await asyncio.wait_for(reader.readline(), REQUEST_SECONDS)
            request = json.loads(line)
            if hmac.compare_digest(str(request["token"]), token):
                writer.write(json.dumps(await outcome(act, request)).encode() + b"\n")
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, LOOPBACK, 0, limit=LINE_BYTES_MAX)
    write_json(home.control, {"port": server.sockets[0].getsockname()[1], "token": token})
    try:
        yield
    finally:
        home.control.unlink(missing_ok=True)
        server.close()


async def outcome(act: Act, request: dict[str, str | None]) -> dict[str, object]:
    try:
        return {"ok": True, "message": await act(str(request["command"]), request.get("name"))}
    except Exception as error:  # noqa: BLE001 – shown to the person who asked
        return {"ok": False, "message": str(error)}


def ask(home: Home, command: str, name: str | None) -> tuple[bool, str]:
    """Sends a command to the supervisor of this folder; its answer, and whether it was done. Raises NotRunning."""
    control = read_json(home.control)
    if control is None:
        raise NotRunning(f"Nothing is running in {home.path}.")
    request = {"token": control["token"], "command": command, "name": name}
    try:
        with socket.create_connection((LOOPBACK, control["port"]), timeout=ANSWER_SECONDS) as connection:
            connection.sendall(json.dumps(request).encode() + b"\n")
            with connection.makefile("rb") as file:
                answer = json.loads(file.readline())
    except (OSError, ValueError):
        raise NotRunning(f"Nothing answers in {home.path}.") from None
    return bool(answer["ok"]), str(answer["message"])
