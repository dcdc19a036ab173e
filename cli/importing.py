"""`stori import`: a file announced, posted straight to S3, and followed to its end."""

import secrets
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Annotated

import typer

from cli.accounts import find_account
from cli.answers import Answers, answers_of
from cli.exits import DEPENDENCY_DOWN, FAILED, Failure
from cli.following import DEFAULT_SECONDS, Timeout, followed
from cli.options import Account, Json
from cli.outcome import conclude
from cli.output import Output
from cli.review import Format, ReviewOption, Yes, decided, review_of
from cli.session import Clients, run
from protos.txn.v1 import txn_pb2 as pb

UPLOAD_SECONDS = 120.0
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
    yes: Yes = False,
    review: ReviewOption = None,
    format_id: Format = "",
    answer: Answers = [],  # noqa: B006 -- typer reads it, nobody writes it
    name: Annotated[str, typer.Option("--name", help="What to call the file, in place of its own name.")] = "",
    timeout: Timeout = DEFAULT_SECONDS,
    json: Json = False,
) -> None:
    """Import a bank statement; every transaction is recorded exactly once, however often the file comes."""
    output, wanted, given = Output(as_json=json), review_of(review, yes=yes), answers_of(answer)
    with opened(file, name) as statement:

        async def work(clients: Clients) -> None:
            holder = await find_account(clients, account)
            started = await upload(clients, statement, holder.id, wanted, format_id)
            read = await followed(clients, output, started, timeout)
            await conclude(clients, output, await decided(clients, output, read, timeout, given, yes=yes))

        run(work)


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


async def upload(
    clients: Clients, statement: Statement, account_id: str, review: pb.Review.ValueType, format_id: str
) -> pb.Import:
    """Announces and posts a file; the import as it was announced."""
    request = pb.StartImportRequest(
        account_id=account_id,
        file_name=statement.name,
        size_bytes=statement.size_bytes,
        review=review,
        idempotency_key=secrets.token_hex(16),
        format_id=format_id,
    )
    started = (await clients.imports.StartImport(request)).statement_import
    await post(started, statement)
    return started


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
