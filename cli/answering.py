"""`stori imports answer`: what an import leaves open, said by somebody else than who brought the file, or later."""

from cli.answers import Answers, answered, answers_of, answers_to_proto
from cli.exits import USAGE, Failure
from cli.following import DEFAULT_SECONDS, Timeout, followed
from cli.imports import ImportId
from cli.options import Json
from cli.outcome import conclude, ended_otherwise, find_import
from cli.output import Output
from cli.question import can_ask
from cli.review import Yes, agreed
from cli.session import Clients, run
from protos.txn.v1 import txn_pb2 as pb


def imports_answer(
    import_id: ImportId,
    answer: Answers = [],  # noqa: B006 -- typer reads it, nobody writes it
    yes: Yes = False,
    timeout: Timeout = DEFAULT_SECONDS,
    json: Json = False,
) -> None:
    """Answer what an import asks, and go on with it."""
    output, given = Output(as_json=json), answers_of(answer)
    asks = can_ask() and not yes
    if not given and not asks:
        raise Failure("Nobody can be asked here: --answer QUESTION=ANSWER answers.", USAGE)

    async def work(clients: Clients) -> None:
        found = await find_import(clients, import_id)
        if found.state != pb.IMPORT_STATE_NEEDS_ANSWER:
            found = await _again(clients, output, found, given, timeout)
        found = await answered(clients, output, found, timeout, given, asks=asks)
        await conclude(clients, output, await agreed(clients, output, found, timeout) if asks else found)

    run(work)


async def _again(
    clients: Clients, output: Output, found: pb.Import, given: dict[str, str], seconds: float
) -> pb.Import:
    """One that asks nothing, where it has these answers already. Raises IMPORT_NOT_ASKING, Failure for no answers."""
    if not given:
        raise ended_otherwise(found)
    await clients.imports.AnswerImport(pb.AnswerImportRequest(import_id=found.id, answers=answers_to_proto(given)))
    return await followed(clients, output, found, seconds)
