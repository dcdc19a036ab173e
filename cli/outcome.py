"""An import as it stands, and the end of each command that brings one to an end."""

from collections.abc import Collection
from typing import Any

from cli.accounts import find_account
from cli.asked import show_questions, waits_for_answer
from cli.exits import FAILED, Failure
from cli.import_rows import rejected_rows, show_rejected
from cli.money import amount
from cli.options import DEFAULT_LIMIT
from cli.output import Output, protojson
from cli.plan import counts, show_plan
from cli.proof import proof_lines, proposal_lines
from cli.session import Clients
from protos.txn.v1 import txn_pb2 as pb

STATE_PREFIX = "IMPORT_STATE_"
EVERY_BASIS = tuple(pb.FindingBasis.values())
CANNOT_TELL = pb.Proof.Name(pb.PROOF_CANNOT_TELL).removeprefix("PROOF_")
ASSUMED = (pb.FINDING_BASIS_ASSUMPTION,)


def state_of(found: pb.Import | pb.ImportTrace) -> str:
    return pb.ImportState.Name(found.state).removeprefix(STATE_PREFIX)


async def find_import(clients: Clients, import_id: str) -> pb.Import:
    """Without the form to upload it, which is a permission. Raises Failure where there is none."""
    answer = await clients.imports.BatchGetImports(pb.BatchGetImportsRequest(import_ids=[import_id]))
    [result] = answer.results
    if not result.HasField("statement_import"):
        raise Failure("There is no such import.")
    result.statement_import.ClearField("upload")
    return result.statement_import


async def conclude(clients: Clients, output: Output, found: pb.Import) -> None:
    """Tells the outcome of an import that was to be committed. Raises Failure where it was not."""
    if found.state == pb.IMPORT_STATE_NEEDS_ANSWER:
        await show_import(clients, output, found, ASSUMED)
        raise waits_for_answer(found)
    if found.state not in {pb.IMPORT_STATE_COMPLETED, pb.IMPORT_STATE_READY}:
        output.document(import_document(found, await _rejected(clients, found, DEFAULT_LIMIT)))
        raise ended_otherwise(found)
    await show_import(clients, output, found, ASSUMED)
    if found.state == pb.IMPORT_STATE_READY:
        sentence = (
            f"{found.id} waits: `stori imports commit {found.id} --plan {found.plan.digest}` commits this plan, "
            f"`stori imports discard {found.id}` ends it."
        )
        raise Failure(sentence, FAILED, found.request_id)
    await show_balance(clients, output, found.account_id)


def ended_otherwise(found: pb.Import) -> Failure:
    because = f": {found.failure}" if found.failure else "."
    return Failure(f"{found.id} is {state_of(found)}{because}", FAILED, found.request_id)


async def show_import(
    clients: Clients,
    output: Output,
    found: pb.Import,
    bases: Collection[int] = EVERY_BASIS,
    rejected_max: int = DEFAULT_LIMIT,
) -> None:
    """What became of a file or, at READY, would; how it was read, as far as that rests on `bases`; rejected rows."""
    rejected = await _rejected(clients, found, rejected_max)
    output.document(import_document(found, rejected))
    if output.as_json:
        return
    output.say(f"{found.id}  {state_of(found)}  {found.file_name}  (request {found.request_id})")
    if found.failure:
        output.say(found.failure)
    if found.state == pb.IMPORT_STATE_COMPLETED:
        output.say(counts(found.imported_count, found.duplicate_count, found.rejected_count))
    if found.state == pb.IMPORT_STATE_READY:
        await show_plan(clients, output, found)
        if found.repeats_import_id:
            output.say(f"{found.repeats_import_id} is undone by this, whatever becomes of it.")
    for line in proof_lines(found):
        output.say(line)
    for finding in (each for each in found.findings if each.basis in bases or _is_telling(each)):
        basis = pb.FindingBasis.Name(finding.basis).removeprefix("FINDING_BASIS_").lower()
        output.say(f"{basis}: {finding.message}")
    for line in proposal_lines(found):
        output.say(line)
    show_questions(output, found)
    show_rejected(output, rejected)


def _is_telling(finding: pb.ImportFinding) -> bool:
    """Whether it is worth a line to who asked for assumptions only: the file is complete or not, or has rows again."""
    is_proof = finding.property == pb.STATEMENT_PROPERTY_BALANCE and finding.value != CANNOT_TELL
    return is_proof or finding.property == pb.STATEMENT_PROPERTY_OVERLAP


async def show_balance(clients: Clients, output: Output, account_id: str) -> None:
    held = await find_account(clients, account_id)
    output.say(f"{held.name}: balance {amount(held.balance_minor, held.currency_code)} {held.currency_code}")


def import_document(found: pb.Import, rejected: Collection[pb.ImportRow] = ()) -> dict[str, Any]:
    return {"statementImport": found, "rejectedRows": [protojson(row) for row in rejected]}


async def _rejected(clients: Clients, found: pb.Import, limit: int) -> list[pb.ImportRow]:
    is_waiting = found.state == pb.IMPORT_STATE_READY
    count = found.plan.reject_count if is_waiting else found.rejected_count
    return await rejected_rows(clients, found.id, limit) if count else []
