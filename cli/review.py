"""From NEEDS_ANSWER and READY on: a person is asked and shown the plan and decides, or nobody is there to be."""

import sys
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

import typer

from cli.accounts import find_account
from cli.answers import Declined, answered
from cli.following import followed
from cli.outcome import ASSUMED, show_import
from cli.output import Output, note
from cli.question import answer, can_ask
from cli.session import Clients
from protos.txn.v1 import txn_pb2 as pb
from runtime.refusals import FailedPrecondition

STALE_PLAN = "STALE_PLAN"
# Of the rejected rows, how many are shown before the question.
REJECTED_MAX = 10


class Review(StrEnum):
    WHEN_NEW = "when-new"
    ALWAYS = "always"
    NEVER = "never"


ReviewOption = Annotated[
    Review | None,
    typer.Option("--review", help="Whether the plan waits for you; by default always where you are asked, else never."),
]
Format = Annotated[str, typer.Option("--format", help="Read the file only as this, one of `stori formats`.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def review_of(wanted: Review | None, *, yes: bool) -> pb.Review.ValueType:
    """Whoever is asked sees the plan first; elsewhere nobody would ever commit it."""
    if wanted is None:
        return pb.REVIEW_ALWAYS if can_ask() and not yes else pb.REVIEW_NEVER
    return pb.Review.Value(f"REVIEW_{wanted.name}")


async def decided(
    clients: Clients, output: Output, found: pb.Import, seconds: float, given: Mapping[str, str], *, yes: bool
) -> pb.Import:
    """Where it waits and somebody can be asked, he is until a plan is committed. Raises Declined, once it is discarded.

    With `yes` nobody is asked, and what waits stays so: it waits because the review that was asked for says so, or the
    file asks what no answer was given to.
    """
    asks = can_ask() and not yes
    try:
        found = await answered(clients, output, found, seconds, given, asks=asks)
        return await agreed(clients, output, found, seconds) if asks else found
    except Declined:
        await clients.imports.DiscardImport(pb.DiscardImportRequest(import_id=found.id))
        raise


async def agreed(clients: Clients, output: Output, found: pb.Import, seconds: float) -> pb.Import:
    """Where it waits, the person is asked until a plan is committed. Raises Declined, and changes nothing then."""
    # Where the question stands; standard output may be a file, and is for the result.
    asked = Output(as_json=False, stream=sys.stderr)
    while found.state == pb.IMPORT_STATE_READY:
        holder = await find_account(clients, found.account_id)
        await show_import(clients, asked, found, ASSUMED, REJECTED_MAX)
        code = answer(f"Commit this plan of {found.file_name} into {holder.name} ({holder.currency_code})?")
        if code:
            raise Declined("Nothing was imported.", code)
        found = await committed(clients, output, found, found.plan.digest, seconds)
        if found.state == pb.IMPORT_STATE_READY:
            asked.say("The account changed meanwhile, and nothing was imported.")
    return found


async def committed(clients: Clients, output: Output, found: pb.Import, plan_digest: str, seconds: float) -> pb.Import:
    """Commits exactly this plan and follows it; READY again, with a new plan, where it is not the plan any more."""
    try:
        await clients.imports.CommitImport(pb.CommitImportRequest(import_id=found.id, plan_digest=plan_digest))
    except FailedPrecondition as refusal:
        if refusal.reason != STALE_PLAN:
            raise
        note("This is not the plan of this import, or not any more.")
    return await followed(clients, output, found, seconds)
