"""`stori reconcile`: enqueues the files that have no import, as after the restore of an older database.

Its output holds ids only: the key of a drop names a person's file.
"""

from collections import Counter
from collections.abc import AsyncIterable, AsyncIterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from cli.moments import since as moment
from cli.options import Json
from cli.output import Output, note
from cli.session import Clients, run
from cli.settings import read_settings
from cli.target import find_target
from protos.txn.v1 import txn_pb2 as pb

if TYPE_CHECKING:
    from cli.stored import Stored

BATCH_SIZE = 100
FILES_MAX = 100_000
SHOWN_MAX = 100
COLUMNS = ("stored", "state", "id", "version", "reason")
IMPORTED, UNFINISHED, MISSING, IGNORED = "IMPORTED", "UNFINISHED", "MISSING", "IGNORED"


class Found(NamedTuple):
    """A file that is not simply imported. They sort by age; no two are equal."""

    stored: "Stored"
    state: str
    id: str
    """Of the import or, where there is none yet, of the account."""
    reason: str

    def shown(self) -> tuple[str, ...]:
        return _text(self.stored.time), self.state, self.id, self.stored.version, self.reason


class Findings(NamedTuple):
    """All counted by state; the oldest FILES_MAX to be enqueued, and as many that are ignored."""

    counts: Counter[str]
    wanted: list[Found]
    ignored: list[Found]


def reconcile(
    since: Annotated[str, typer.Option("--since", help="2026-07-15 (UTC), 2026-07-15T12:00:00Z, or 24h, 7d back.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be enqueued.")] = False,
    json: Json = False,
) -> None:
    """Enqueue the files in the bucket that have no import: after a restore of an older database. For support staff."""
    output = Output(as_json=json)
    earliest = _earliest(since)
    settings = read_settings()
    target = find_target(settings)

    async def work(clients: Clients) -> None:
        from cli.cloud import open_cloud
        from cli.stored import PLACES, announce, stored_since

        with open_cloud(target, settings, PLACES, all_of_them=True) as cloud:
            found = await _look(clients, stored_since(cloud, earliest))
            if not dry_run:
                await announce(cloud, [one.stored for one in found.wanted])
        _show(output, earliest, found, is_dry_run=dry_run)

    run(work, target, settings)


def _earliest(since: str) -> datetime:
    now = datetime.now(UTC)
    try:
        earliest = moment(since, now)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--since") from None
    if earliest > now:
        raise typer.BadParameter("must not lie in the future", param_hint="--since")
    # S3 tells whole seconds.
    return earliest.replace(microsecond=0)


async def _look(clients: Clients, stored: AsyncIterable["Stored"]) -> Findings:
    found = Findings(Counter(), [], [])
    async for batch in _batches(stored):
        request = pb.BatchGetStoredObjectsRequest(
            objects=[pb.StoredObject(key=one.key, version_id=one.version) for one in batch]
        )
        answer = await clients.imports.BatchGetStoredObjects(request)
        for one, said in zip(batch, answer.results, strict=True):
            _count(found, Found(one, _state(said), said.import_id or said.account_id, said.reason))
    for kept in (found.wanted, found.ignored):
        _keep_oldest(kept)
    return found


def _count(found: Findings, one: Found) -> None:
    found.counts[one.state] += 1
    if one.state != IMPORTED:
        kept = found.ignored if one.state == IGNORED else found.wanted
        kept.append(one)
        if len(kept) > 2 * FILES_MAX:
            _keep_oldest(kept)


def _keep_oldest(kept: list[Found]) -> None:
    kept.sort()
    del kept[FILES_MAX:]


async def _batches(stored: AsyncIterable["Stored"]) -> AsyncIterator[list["Stored"]]:
    batch: list[Stored] = []
    async for one in stored:
        batch.append(one)
        if len(batch) == BATCH_SIZE:
            yield batch
            batch = []
    if batch:
        yield batch


def _state(said: pb.BatchGetStoredObjectsResult) -> str:
    return pb.StoredObjectState.Name(said.state).removeprefix("STORED_OBJECT_STATE_")


def _show(output: Output, earliest: datetime, found: Findings, *, is_dry_run: bool) -> None:
    enqueued = 0 if is_dry_run else len(found.wanted)
    files = sorted([*found.wanted, *found.ignored])
    output.document(_document(earliest, found, files) | {"enqueuedCount": enqueued, "isDryRun": is_dry_run})
    if files:
        output.table(COLUMNS, [one.shown() for one in files[:SHOWN_MAX]])
    counts, total = found.counts, found.counts.total()
    output.say(
        f"{total} files since {_text(earliest)}: {counts[IMPORTED]} have their import, {counts[MISSING]} have none, "
        f"{counts[UNFINISHED]} are not finished, {counts[IGNORED]} are ignored."
    )
    output.say("Nothing was enqueued, as asked." if is_dry_run else f"{enqueued} enqueued.")
    if len(files) > SHOWN_MAX:
        note(f"These are the oldest {SHOWN_MAX} of {len(files)}; `--json` names all.")
    if counts[MISSING] + counts[UNFINISHED] > FILES_MAX:
        note(f"More follow: these are the oldest {FILES_MAX}. The same again, when they are imported, finds the rest.")


def _document(earliest: datetime, found: Findings, files: list[Found]) -> dict[str, Any]:
    names = ("storedTime", "state", "id", "versionId", "reason")
    return {
        "since": _text(earliest),
        "counts": {state: found.counts[state] for state in (IMPORTED, MISSING, UNFINISHED, IGNORED)},
        "files": [dict(zip(names, one.shown(), strict=True)) for one in files],
    }


def _text(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
