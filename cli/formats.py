"""`stori formats`: what files can be read as."""

from cli.options import Json
from cli.output import Output
from cli.session import Clients, run
from protos.txn.v1 import txn_pb2 as pb


def formats(json: Json = False) -> None:
    """List the formats that --format takes."""
    output = Output(as_json=json)

    async def work(clients: Clients) -> None:
        answer = await clients.imports.ListStatementFormats(pb.ListStatementFormatsRequest())
        for one in answer.formats:
            output.document(one)
        rows = [(one.id, one.name, one.bank, one.country) for one in answer.formats]
        output.table(("id", "name", "bank", "country"), rows)

    run(work)
