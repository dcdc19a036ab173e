"""The loopback address that the sign-in page sends the browser back to (RFC 8252 §7.3)."""

import queue
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from cli.exits import Failure

PORTS = (8976, 8977, 8978)
PATH = "/callback"
REQUEST_SECONDS = 5.0
LOOK_SECONDS = 0.2
_PAGE = "<!doctype html><html lang=en><meta charset=utf-8><title>Stori</title><p>{}</p>"
_DONE = "You can close this page and go back to the terminal."


class Callback:
    """A listening callback. `expect` says whose answer is taken; any other request changes nothing."""

    def __init__(self, port: int) -> None:
        self.redirect_uri = f"http://localhost:{port}{PATH}"
        self._state = ""
        self._answers: queue.Queue[dict[str, str]] = queue.Queue(maxsize=1)

    def expect(self, state: str) -> None:
        self._state = state

    def code(self, seconds: float) -> str:
        """The code of the sign-in. Raises Failure where the person is refused, or nobody comes within `seconds`."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                # Short waits: Ctrl-C is looked at between them.
                answer = self._answers.get(timeout=LOOK_SECONDS)
            except queue.Empty:
                continue
            if "code" in answer:
                return answer["code"]
            raise Failure(f"The sign-in page refused: {answer.get('error', 'without a reason')}.")
        raise Failure(f"Nobody signed in within {seconds:.0f} s.")

    def take(self, target: str) -> tuple[int, str]:
        """The status and the sentence with which a request is answered."""
        parts = urlsplit(target)
        if parts.path != PATH:
            return 404, "There is nothing here."
        answer = {name: values[0] for name, values in parse_qs(parts.query).items() if len(values) == 1}
        state = answer.get("state", "")
        if not self._state or not secrets.compare_digest(state.encode(), self._state.encode()):
            return 400, "This is not the answer to a sign-in that is under way."
        try:
            self._answers.put_nowait(answer)
        except queue.Full:
            return 400, "This sign-in has been answered already."
        return 200, _DONE


@contextmanager
def listening(ports: tuple[int, ...] = PORTS) -> Iterator[Callback]:
    """A callback on the first of the ports that is free. Raises Failure where none is."""
    for port in ports:
        callback = Callback(port)
        servers = _listen(callback, port)
        if servers:
            break
    else:
        raise Failure(f"The ports {', '.join(map(str, ports))} are all taken; free one of them to sign in.")
    try:
        for server in servers:
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield callback
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True


class _Server6(_Server):
    address_family = socket.AF_INET6


def _listen(callback: Callback, port: int) -> list[ThreadingHTTPServer]:
    """On both loopback addresses: whoever held the other one would get the answer of a browser that tries it first."""
    handler = _handler(callback)
    try:
        servers: list[ThreadingHTTPServer] = [_Server(("127.0.0.1", port), handler)]
    except OSError:
        return []
    if not _has_ipv6():
        return servers
    try:
        return [*servers, _Server6(("::1", port), handler)]
    except OSError:
        servers[0].server_close()
        return []


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def _handler(callback: Callback) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = REQUEST_SECONDS

        def do_GET(self) -> None:
            status, sentence = callback.take(self.path)
            body = _PAGE.format(sentence).encode()
            self.send_response(status)
            for name, value in {
                "content-type": "text/html; charset=utf-8",
                "content-length": str(len(body)),
                "content-security-policy": "default-src 'none'",
                "cache-control": "no-store",
                "referrer-policy": "no-referrer",
                "connection": "close",
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the code stands in the address
            pass

    return Handler
