"""`stori import`: a file announced, posted straight to S3, and followed to its end."""

import asyncio
import secrets
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Annotated, NoReturn

import typer

from cli.accounts import find_account
from cli.exits import DEPENDENCY_DOWN, FAILED, INTERRUPTED, Failure
from cli.imports import outcome_document, rejected_rows, show_outcome, state_of
from cli.money import amount
from cli.options import DEFAULT_LIMIT, Account, Json
from cli.output import Output, ProgressBar
from cli.session import Clients, run
from cli.text import plain
from protos.txn.v1 import txn_pb2 as pb
from runtime.refusals import DeadlineExceeded, Unavailable

UPLOAD_SECONDS = 120.0
WATCH_ATTEMPTS = 5
WATCH_PAUSE_SECONDS = 1.0
STDIN_MAX_BYTES = 100_000_000
STDIN = "-"


@dataclass(frozen=True)
class Statement:
    name: str
    size_bytes: int
    content: IO[bytes]


def import_(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A CSV statement; - reads standard input.")],
    account: Account,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    name: Annotated[str, typer.Option("--name", help="What to call the file, in place of its own name.")] = "",
    timeout: Annotated[float, typer.Option("--timeout", min=1, help="Seconds to wait for the end.")] = 300,
    json: Json = False,
) -> None:
    """Import a bank statement; every transaction is recorded exactly once, however often the file comes."""
    output = Output(as_json=json)
    with opened(file, name) as statement:

        async def work(clients: Clients) -> None:
            holder = await find_account(clients, account)
            if not yes and sys.stdin.isatty() and sys.stderr.isatty() and not confirmed(statement, holder):
                raise Failure("Nothing was imported.")
            with output.progress() as bar:
                done = await bring(clients, statement, holder.id, timeout, bar)
            rejected = await rejected_rows(clients, done, DEFAULT_LIMIT)
            output.document(outcome_document(done, rejected))
            if done.state != pb.IMPORT_STATE_COMPLETED:
                raise Failure(f"{done.id} is {state_of(done)}: {done.failure}", FAILED, done.request_id)
            show_outcome(output, done, rejected, [pb.FINDING_BASIS_ASSUMPTION])
            after = await find_account(clients, holder.id)
            output.say(
                f"{after.name}: balance {amount(after.balance_minor, after.currency_code)} {after.currency_code}"
            )

        run(work)


def confirmed(statement: Statement, holder: pb.Account) -> bool:
    what = f"Import {statement.name} ({statement.size_bytes} bytes) into {holder.name} ({holder.currency_code})?"
    # The event loop would take note of Ctrl-C and act on it once the question is answered.
    noting = signal.signal(signal.SIGINT, _give_up)
    try:
        return typer.confirm(plain(what), err=True)
    except typer.Abort:
        typer.echo(err=True)
        return False
    finally:
        signal.signal(signal.SIGINT, noting)


def _give_up(*_: object) -> NoReturn:
    typer.echo(err=True)
    raise Failure("Nothing was imported.", INTERRUPTED)


@contextmanager
def opened(file: str, name: str) -> Iterator[Statement]:
    """The file to import. Raises BadParameter where there is none."""
    if file == STDIN:
        with tempfile.SpooledTemporaryFile(max_size=1_000_000) as spool:
            size = 0
            while chunk := sys.stdin.buffer.read(65536):
                size += spool.write(chunk)
                if size > STDIN_MAX_BYTES:
                    raise Failure(f"Standard input holds more than {STDIN_MAX_BYTES} bytes.")
            spool.seek(0)
            yield Statement(name or "stdin.csv", size, spool)
        return
    path = Path(file)
    if not path.is_file():
        what = "is not a plain file; - reads standard input" if path.exists() else "does not exist"
        raise typer.BadParameter(f"{file} {what}", param_hint="FILE")
    try:
        content = path.open("rb")
    except OSError as error:
        raise Failure(f"{file} cannot be read ({type(error).__name__}).") from None
    with content:
        yield Statement(name or path.name, path.stat().st_size, content)


async def bring(
    clients: Clients, statement: Statement, account_id: str, seconds: float, bar: ProgressBar | None
) -> pb.Import:
    """Announces, posts and follows a file; the settled import."""
    request = pb.StartImportRequest(
        account_id=account_id,
        file_name=statement.name,
        size_bytes=statement.size_bytes,
        review=pb.REVIEW_NEVER,
        idempotency_key=secrets.token_hex(16),
    )
    started = (await clients.imports.StartImport(request)).statement_import
    await post(started, statement)
    try:
        async with asyncio.timeout(seconds):
            return await follow(clients, started.id, lambda now: show(bar, now))
    except TimeoutError:
        sentence = (
            f"{started.id} has not ended within {seconds:.0f} s; `stori imports show {started.id}` follows it up."
        )
        raise Failure(sentence, DEPENDENCY_DOWN, started.request_id) from None


async def post(started: pb.Import, statement: Statement) -> None:
    """Sends the file with the form that the answer carries; the token is not for S3."""
    import httpx2

    fields = {field.name: field.value for field in started.upload.fields}
    # Its name is in the import already; here it would only have to be escaped.
    files = {"file": ("statement.csv", statement.content, "text/csv")}
    try:
        async with httpx2.AsyncClient(timeout=UPLOAD_SECONDS, follow_redirects=False) as client:
            answer = await client.post(started.upload.url, data=fields, files=files)
    except httpx2.HTTPError as error:
        sentence = f"The file could not be uploaded ({type(error).__name__}); nothing was imported."
        raise Failure(sentence, DEPENDENCY_DOWN, started.request_id) from None
    if not answer.is_success:
        code = DEPENDENCY_DOWN if answer.is_server_error else FAILED
        sentence = f"The upload was refused with status {answer.status_code}; nothing was imported."
        raise Failure(sentence, code, started.request_id)


async def follow(clients: Clients, import_id: str, tell: Callable[[pb.Import], None]) -> pb.Import:
    """The import as it is when its stream ends; a stream that breaks is opened again."""
    request, failures = pb.WatchImportsRequest(import_id=import_id), 0
    while True:
        last = None
        try:
            async for change in clients.imports.WatchImports(request):
                last, failures = change.statement_import, 0
                tell(last)
        except (Unavailable, DeadlineExceeded):
            failures += 1
            if failures == WATCH_ATTEMPTS:
                raise
            await asyncio.sleep(WATCH_PAUSE_SECONDS)
            continue
        if last is not None:
            return last


def show(bar: ProgressBar | None, now: pb.Import) -> None:
    if bar is not None:
        progress = now.progress
        state = state_of(now).replace("_", " ").lower()
        bar.show(state, progress.bytes_read, progress.bytes_total, f"{progress.rows_read} rows")
