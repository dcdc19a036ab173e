"""Who is told of the named points that processes reach, and can hold one of them there."""

import json
import socketserver
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

HELD_SECONDS_MAX = 60.0


class Point(NamedTuple):
    """A place in the work of a process."""

    process: str
    name: str


class Hold:
    """Waits at a point for the process that comes there."""

    def __init__(self, after: int) -> None:
        self._left, self._reached, self._released = after, threading.Event(), threading.Event()

    def take(self) -> bool:
        """Whether this is the arrival that is to be held."""
        self._left -= 1
        return self._left == 0

    def stand(self) -> None:
        self._reached.set()
        self._released.wait(HELD_SECONDS_MAX)

    def wait(self, seconds: float) -> bool:
        """Whether a process stands at the point, now or within `seconds`."""
        return self._reached.wait(seconds)

    def release(self) -> None:
        self._released.set()


class Points:
    """Listens on a Unix socket. `seen` counts the arrivals at every point."""

    def __init__(self, socket: Path) -> None:
        self.socket, self.seen = socket, Counter[Point]()
        self._holds: dict[Point, Hold] = {}
        self._lock = threading.Lock()
        points = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                line = self.rfile.readline()
                if line:
                    told = json.loads(line)
                    points.arrived(Point(told["process"], told["point"]))

        class Server(socketserver.ThreadingUnixStreamServer):
            daemon_threads = True
            request_queue_size = 100

        self._server = Server(str(socket), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def arrived(self, point: Point) -> None:
        with self._lock:
            self.seen[point] += 1
            hold = self._holds.get(point)
            is_held = hold is not None and hold.take()
        if hold is not None and is_held:
            hold.stand()

    @contextmanager
    def held(self, point: Point, after: int = 1) -> Iterator[Hold]:
        """Holds the process that is the `after`-th to come to the point; lets it go at the end of the block."""
        hold = Hold(after)
        with self._lock:
            self._holds[point] = hold
        try:
            yield hold
        finally:
            with self._lock:
                del self._holds[point]
            hold.release()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
