"""An import followed while it is worked on."""

import asyncio
from collections.abc import Callable
from typing import Annotated

import typer

from cli.exits import DEPENDENCY_DOWN, Failure
from cli.outcome import state_of
from cli.output import Output, ProgressBar
from cli.session import Clients
from protos.txn.v1 import txn_pb2 as pb
from runtime.refusals import DeadlineExceeded, Unavailable

Timeout = Annotated[float, typer.Option("--timeout", min=1, help="Seconds to wait for the end.")]
DEFAULT_SECONDS = 300.0
WAITING = frozenset({pb.IMPORT_STATE_NEEDS_ANSWER, pb.IMPORT_STATE_READY})
WATCH_ATTEMPTS = 5
WATCH_PAUSE_SECONDS = 1.0


async def followed(clients: Clients, output: Output, started: pb.Import, seconds: float) -> pb.Import:
    """The import once it has ended or waits for a person. Raises Failure where it does neither within `seconds`."""
    with output.progress() as bar:
        try:
            async with asyncio.timeout(seconds):
                return await _follow(clients, started.id, lambda now: _show(bar, now))
        except TimeoutError:
            sentence = (
                f"{started.id} has not ended within {seconds:.0f} s; `stori imports show {started.id}` follows it up."
            )
            raise Failure(sentence, DEPENDENCY_DOWN, started.request_id) from None


async def _follow(clients: Clients, import_id: str, tell: Callable[[pb.Import], None]) -> pb.Import:
    """The import as it is when its stream ends, or waits; a stream that breaks is opened again."""
    request, failures = pb.WatchImportsRequest(import_id=import_id), 0
    while True:
        last = None
        try:
            stream = clients.imports.WatchImports(request)
            async for change in stream:
                last, failures = change.statement_import, 0
                if last.state in WAITING:
                    # Nothing more comes before somebody decides.
                    stream.cancel()
                    return last
                tell(last)
        except (Unavailable, DeadlineExceeded):
            failures += 1
            if failures == WATCH_ATTEMPTS:
                raise
            await asyncio.sleep(WATCH_PAUSE_SECONDS)
            continue
        if last is not None:
            return last


def _show(bar: ProgressBar | None, now: pb.Import) -> None:
    if bar is not None:
        progress = now.progress
        state = state_of(now).replace("_", " ").lower()
        bar.show(state, progress.bytes_read, progress.bytes_total, f"{progress.rows_read} rows")
