"""An SES that answers as told: accepts, throttles, rejects, fails, or breaks the connection after accepting."""

import base64
import json
import sys
import threading
import urllib.error
import urllib.request
from collections import deque
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Self
from uuid import uuid4

# (HTTP status, error code); an empty code is an answer that is not SES's own.
ACCEPT: Final = (200, "")
BREAK_AFTER_ACCEPTING: Final = (0, "")


class FakeSes:
    """Use as a context manager. `script` is what the next requests are answered; after its end they are accepted.

    What is not for SES goes on to `elsewhere`.
    """

    def __init__(self, elsewhere: str = "") -> None:
        self.elsewhere = elsewhere
        self.script: deque[tuple[int, str]] = deque()
        self.requests: list[dict[str, Any]] = []
        self.accepted: list[EmailMessage] = []
        self.accepting = threading.Event()  # cleared, a request is accepted and its answer held back
        self.accepting.set()
        self._server: ThreadingHTTPServer | None = None

    def __enter__(self) -> Self:
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server is not None
        self.accepting.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def forget(self) -> None:
        self.accepting.set()
        self.script.clear()
        self.requests.clear()
        self.accepted.clear()

    def next_answer(self) -> tuple[int, str]:
        return self.script.popleft() if self.script else ACCEPT

    def accept(self, request: dict[str, Any]) -> None:
        raw = base64.b64decode(request["Content"]["Raw"]["Data"])
        self.accepted.append(message_from_bytes(raw, EmailMessage, policy=policy.default))


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that was killed hangs up in an answer, and elsewhere may be down; any other error shows."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def _handler(ses: FakeSes) -> type[BaseHTTPRequestHandler]:  # noqa: C901 (four short methods)
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if not self.path.startswith("/v2/email/"):
                self._forward(body)
                return
            request = json.loads(body)
            ses.requests.append(request)
            status, code = ses.next_answer()
            if status in (0, 200):
                ses.accept(request)
            ses.accepting.wait()
            if status == 0:
                self.close_connection = True
                return
            self._answer(status, code)

        def _answer(self, status: int, code: str) -> None:
            body = {"MessageId": str(uuid4())} if status == 200 else {"message": "told to"}
            content = json.dumps(body).encode()
            self.send_response(status)
            if code:
                self.send_header("x-amzn-errortype", code)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def _forward(self, body: bytes) -> None:
            headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            request = urllib.request.Request(ses.elsewhere + self.path, body, headers, method="POST")
            try:
                answer = urllib.request.urlopen(request, timeout=30)
            except urllib.error.HTTPError as error:
                answer = error
            with answer:
                content = answer.read()
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                if name.lower().startswith(("x-amz", "content-type")):
                    self.send_header(name, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    return Handler
