"""`stori queues` and `stori queues redrive`: how full the queues are, and what became of their dead letters.

What asks AWS is imported when it is asked: the other commands do without it.
"""

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from cli.exits import BAD_CONFIGURATION, FAILED, Failure
from cli.options import Json
from cli.output import Output, note

if TYPE_CHECKING:
    from cli.letter import Letter
    from runtime.aws import Aws


def queues(context: typer.Context, json: Json = False) -> None:
    """Show how full each queue is, and its dead letters with their reasons; `redrive` moves these back."""
    if context.invoked_subcommand:
        return
    from cli.letter import COLUMNS
    from cli.queue import run
    from cli.queue_status import FIGURES, status

    output = Output(as_json=json)

    async def work(aws: "Aws", urls: Mapping[str, str]) -> None:
        found = [await status(aws, name, url) for name, url in urls.items()]
        for one in found:
            output.document(one.to_document())
        output.table(("queue", *FIGURES), [row for one in found for row in one.to_rows()], right=FIGURES)
        letters = [(one.name, *letter.to_row()) for one in found for letter in one.letters]
        if letters:
            output.table(("queue", *COLUMNS), letters, right=("receives",))

    run(work)


def queues_redrive(
    queue: Annotated[str, typer.Argument(help="imports, notifications or feedback; all without one.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be moved.")] = False,
    message: Annotated[str, typer.Option("--message", metavar="ID", help="Only this dead letter.")] = "",
    json: Json = False,
) -> None:
    """Move dead letters back to the queue they come from. Safe to repeat: a message that comes twice does no harm."""
    from cli.queue import NAMES, run

    output = Output(as_json=json)
    if queue and queue not in NAMES:
        raise typer.BadParameter(f"there is no queue {queue}; there are {', '.join(NAMES)}", param_hint="QUEUE")

    async def work(aws: "Aws", urls: Mapping[str, str]) -> None:
        if queue and queue not in urls:
            raise Failure(
                f"The address of the queue {queue} is not known: set STORI_{queue.upper()}_QUEUE_URL.",
                BAD_CONFIGURATION,
            )
        is_found = False
        for name in [queue] if queue else urls:
            moved: list[Letter] = []
            try:
                await _redrive(aws, name, urls[name], moved, only=message, is_dry_run=dry_run)
            finally:
                if moved or not message:
                    _show(output, name, moved, is_dry_run=dry_run)
            is_found = is_found or bool(moved)
        if message and not is_found:
            raise Failure(f"There is no dead letter {message}.", FAILED)

    run(work)


async def _redrive(aws: "Aws", name: str, url: str, moved: "list[Letter]", *, only: str, is_dry_run: bool) -> None:
    from cli.dead_letters import MOVE_MAX, redrive
    from cli.queue import queue_at

    policy = (await queue_at(aws, url)).policy
    if policy is None:
        raise Failure(f"The queue {name} keeps no dead letters.", FAILED)
    await redrive(aws, policy.dead_letters_url, url, moved, only=only, is_dry_run=is_dry_run)
    hidden = (await queue_at(aws, policy.dead_letters_url)).counts["hidden"]
    if len(moved) == MOVE_MAX:
        note(f"{name}: these are {MOVE_MAX}, and there may be more; the same again finds them.")
    if hidden and not moved:
        note(f"{name}: {hidden} are in somebody else's hands; the same in a minute finds them.")


def _show(output: Output, name: str, moved: "list[Letter]", *, is_dry_run: bool) -> None:
    output.document({"queue": name, "isDryRun": is_dry_run, "letters": [letter.to_document() for letter in moved]})
    kinds = Counter((letter.type, letter.reason) for letter in moved)
    of_what = "".join(f"; {count} {kind} ({reason})" for (kind, reason), count in sorted(kinds.items()))
    output.say(f"{name}: {len(moved)} {'would be moved' if is_dry_run else 'moved'}{of_what}")
