"""`stori imports revert`: an import undone, once it is seen what that does."""

import sys

from cli.exits import USAGE, Failure
from cli.following import DEFAULT_SECONDS, Timeout, followed
from cli.imports import ImportId
from cli.options import Json
from cli.outcome import ended_otherwise, import_document, show_balance
from cli.output import Output
from cli.plan import before_and_after
from cli.question import answer, can_ask
from cli.review import Yes
from cli.session import Clients, run
from protos.txn.v1 import txn_pb2 as pb
from runtime.refusals import FailedPrecondition

STALE_PREVIEW = "STALE_PREVIEW"
KEEPER_COLUMNS = ("kept by", "import", "transactions")
BY_HAND = "records made by hand"


def imports_revert(
    import_id: ImportId, yes: Yes = False, timeout: Timeout = DEFAULT_SECONDS, json: Json = False
) -> None:
    """Undo an import: what nothing else brought goes, the rest stays. Doing it again changes nothing."""
    output = Output(as_json=json)
    if not yes and not can_ask():
        raise Failure("Nobody can be asked here: --yes undoes the import.", USAGE)

    async def work(clients: Clients) -> None:
        if yes:
            answered = await clients.imports.RevertImport(pb.RevertImportRequest(import_id=import_id))
            reverting = answered.statement_import
        else:
            reverting = await _agreed(clients, import_id)
        done = await followed(clients, output, reverting, timeout)
        output.document(import_document(done))
        if done.state != pb.IMPORT_STATE_REVERTED:
            raise ended_otherwise(done)
        output.say(f"{done.id} is undone.")
        await show_balance(clients, output, done.account_id)

    run(work)


async def _agreed(clients: Clients, import_id: str) -> pb.Import:
    """Undoes exactly what the person was shown. Raises Failure where he does not want it."""
    asked = Output(as_json=False, stream=sys.stderr)
    while True:
        answered = await clients.imports.PreviewRevert(pb.PreviewRevertRequest(import_id=import_id))
        show_preview(asked, answered.preview)
        code = answer("Undo this import?")
        if code:
            raise Failure("Nothing was undone.", code)
        request = pb.RevertImportRequest(import_id=import_id, preview_digest=answered.preview.digest)
        try:
            return (await clients.imports.RevertImport(request)).statement_import
        except FailedPrecondition as refusal:
            if refusal.reason != STALE_PREVIEW:
                raise
        asked.say("The account changed meanwhile, and nothing was undone.")


def show_preview(output: Output, preview: pb.RevertPreview) -> None:
    output.say(f"{_transactions(preview.remove_count)} would go, {preview.keep_count} would stay")
    if preview.edited_count:
        output.say(f"categories or notes on {preview.edited_count} of them, which come back with the same row")
    output.say(before_and_after(preview))
    if preview.keepers:
        rows = [(one.file_name or BY_HAND, one.import_id, str(one.count)) for one in preview.keepers]
        output.table(KEEPER_COLUMNS, rows, right=("transactions",))


def _transactions(count: int) -> str:
    return f"{count} transaction{'' if count == 1 else 's'}"
