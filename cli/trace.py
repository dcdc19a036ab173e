"""`stori trace`: what happened to a file, from its upload to the bounce of its mail."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any

import typer

from cli.exits import Failure
from cli.moments import gap, stamp
from cli.options import DEFAULT_LIMIT, Json, Limit
from cli.outcome import state_of
from cli.output import Output, protojson
from cli.pages import listed
from cli.session import Clients, run
from cli.timeline import Entry, timeline
from protos.txn.v1 import txn_pb2 as txn
from protos.user.v1 import user_pb2 as user
from runtime.ids import prefix_of

COLUMNS = ("time", "after", "where", "what", "reference")
WRONG = "not the id of an import (imp_…), of an event or delivery (evt_…), of a request, or of a message of SES"
FORGOTTEN = "Events are forgotten 7 days after they have left."
_REQUEST_OR_MESSAGE = re.compile(r"[A-Za-z0-9._:=/+-]{1,128}")
_IMPORT, _EVENT = "imp", "evt"
_OTHERS = frozenset({"acct", "txn", "user"})


@dataclass
class Found:
    """What is known of one import. `trace` is None where only mails of it are."""

    trace: txn.ImportTrace | None = None
    mails: list[user.Mail] = field(default_factory=list)


def trace(
    given: Annotated[
        str, typer.Argument(metavar="ID", help="Of an import, a request, an event or delivery, or SES's of a message.")
    ],
    limit: Limit = DEFAULT_LIMIT,
    json: Json = False,
) -> None:
    """Show what happened to an import: upload, plan, commit, events, mails, and what SES said of those."""
    output = Output(as_json=json)
    if not _is_id(given):
        raise typer.BadParameter(WRONG, param_hint="ID")

    async def work(clients: Clients) -> None:
        found = await _found(clients, given, limit)
        if not found:
            raise Failure(f"Nothing is known of {given}, or it is not for you to see. {FORGOTTEN}")
        for import_id, one in found.items():
            _show(output, import_id, one)

    run(work)


def _is_id(text: str) -> bool:
    prefix = text.partition("_")[0]
    if prefix in {_IMPORT, _EVENT}:
        return prefix_of(text) == prefix
    return prefix_of(text) not in _OTHERS and bool(_REQUEST_OR_MESSAGE.fullmatch(text))


async def _found(clients: Clients, given: str, limit: int) -> dict[str, Found]:
    """By import. Whatever id was given, all that is known of the imports it leads to."""
    by_trace, by_mail = _keys(given)
    found = {one.import_id: Found(one) for one in await _traces(clients, limit, **by_trace)}
    for mail in await _mails(clients, **by_mail) if by_mail else []:
        if mail.resource not in found:
            # Its event is forgotten, or it was the id of its message.
            found[mail.resource] = Found(await _trace_of(clients, mail.resource))
    for mail in await _mails_of(clients, list(found)):
        found[mail.resource].mails.append(mail)
    return found


def _keys(given: str) -> tuple[dict[str, str], dict[str, str]]:
    """How the imports and the mails that it may be the id of are asked for."""
    if prefix_of(given) == _IMPORT:
        return {"import_id": given}, {}
    if prefix_of(given) == _EVENT:
        return {"event_id": given}, {"delivery_id": given}
    return {"request_id": given}, {"ses_message_id": given}


async def _traces(clients: Clients, limit: int, **key: str) -> list[txn.ImportTrace]:
    async def fetch(token: str, size: int) -> tuple[list[txn.ImportTrace], str]:
        answer = await clients.imports.TraceImports(txn.TraceImportsRequest(page_token=token, page_size=size, **key))
        return list(answer.traces), answer.next_page_token

    return [one async for one in listed(fetch, limit)]


async def _trace_of(clients: Clients, resource: str) -> txn.ImportTrace | None:
    if prefix_of(resource) != _IMPORT:
        return None
    return next(iter(await _traces(clients, 1, import_id=resource)), None)


async def _mails_of(clients: Clients, import_ids: list[str]) -> list[user.Mail]:
    mails = []
    for start in range(0, len(import_ids), DEFAULT_LIMIT):
        mails += await _mails(clients, resources=import_ids[start : start + DEFAULT_LIMIT])
    return mails


async def _mails(clients: Clients, **key: Any) -> list[user.Mail]:
    async def fetch(token: str, size: int) -> tuple[list[user.Mail], str]:
        answer = await clients.users.ListMails(user.ListMailsRequest(page_token=token, page_size=size, **key))
        return list(answer.mails), answer.next_page_token

    return [mail async for mail in listed(fetch, 0)]


def _show(output: Output, import_id: str, found: Found) -> None:
    entries = timeline(found.trace, found.mails)
    output.document(_document(import_id, found, entries))
    for line in _about(import_id, found.trace):
        output.say(line)
    if output.is_terminal and entries:
        # The day once, to leave room for what happened.
        output.say(f"From {entries[0].time:%Y-%m-%d}, in UTC:")
    rows = [_row(before, one, output) for before, one in zip([None, *entries], entries, strict=False)]
    output.table(COLUMNS, rows, right=("time", "after"))


def _row(before: Entry | None, one: Entry, output: Output) -> tuple[str, ...]:
    time, after = stamp(one.time), gap(one.time - before.time) if before else ""
    if output.is_terminal:
        is_new_day = before is not None and before.time.date() != one.time.date()
        time = time.replace("T", " ")[0 if is_new_day else len("2026-07-15 ") : -1]
    return time, after, one.where, one.what, one.reference


def _document(import_id: str, found: Found, entries: list[Entry]) -> dict[str, Any]:
    told = [{**vars(entry), "time": stamp(entry.time)} for entry in entries]
    mails = [protojson(mail) for mail in found.mails]
    return {"importId": import_id, "timeline": told, "trace": found.trace or {}, "mails": mails}


def _about(import_id: str, trace: txn.ImportTrace | None) -> Iterator[str]:
    if trace is None:
        yield f"{import_id}: nothing but its mails is known, or yours to see."
        return
    again = f", reads the file of {trace.repeats_import_id} again" if trace.repeats_import_id else ""
    yield f"{import_id} of {trace.account_id}, {state_of(trace)}, request {trace.request_id}{again}"
    if not trace.events:
        yield f"No event of it is known. {FORGOTTEN}"
    left_out = trace.moment_count - len(trace.moments) + trace.event_count - len(trace.events)
    if left_out:
        yield f"{left_out} moments in the middle are left out."
