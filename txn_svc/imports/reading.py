"""Imports as a caller sees them."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, select, true, tuple_

from runtime.call import Caller
from runtime.database import ReadSession
from runtime.refusals import NotFound
from txn_svc.access import Verb, access_of, may, own
from txn_svc.imports.proposal import proposes
from txn_svc.ledger.months import MonthFigures
from txn_svc.model import Account, ImportMonth, ImportRow, StatementImport, Transaction
from txn_svc.summary import month_figures

# The state as of now: a form is over at its time, not when the sweep comes by.
_form_is_over = and_(StatementImport.state == "AWAITING_UPLOAD", StatementImport.expire_time <= func.now())
_state = case((_form_is_over, literal("EXPIRED")), else_=StatementImport.state)


COMMITTED = frozenset({"COMPLETED", "REVERTING", "REVERTED"})


class Seen(NamedTuple):
    """An import as of now, in the currency of its account, with the caller's access to that account."""

    found: StatementImport
    state: str
    currency_code: str
    access: str | None
    proposes_opening: bool = False
    """Whether the balance before the file's first row is proposed as the account's opening."""


def import_missing() -> NotFound:
    """The refusal for an import that does not exist, or not for this caller: the two are not told apart."""
    return NotFound("There is no such import.", reason="IMPORT_NOT_FOUND")


async def find(session: ReadSession, caller: Caller, import_ids: Collection[UUID]) -> dict[UUID, Seen]:
    """Those of the imports that the caller may read."""
    query = _seen(caller).where(StatementImport.id.in_(import_ids), may(caller, Verb.READ, StatementImport.account_id))
    return {row[0].id: Seen._make(row) for row in await session.execute(query)}


async def find_own(session: ReadSession, caller: Caller, import_ids: Collection[UUID]) -> list[Seen]:
    query = _seen(caller).where(StatementImport.id.in_(import_ids), own(caller, StatementImport.account_id))
    return [Seen._make(row) for row in await session.execute(query)]


def listed(caller: Caller, account_id: UUID | None, states: Collection[str]) -> ColumnElement[bool]:
    """SQL: of this account, which the caller was found to see, or of all his own; in one of the states, or in any."""
    where = own(caller, StatementImport.account_id) if account_id is None else StatementImport.account_id == account_id
    return and_(where, _state.in_(states) if states else true())


async def page(
    session: ReadSession, caller: Caller, where: ColumnElement[bool], after: tuple[datetime, UUID] | None, size: int
) -> list[Seen]:
    """Newest first; `after` is the (create_time, id) of the last one seen."""
    query = _seen(caller).where(where)
    if after is not None:
        query = query.where(tuple_(StatementImport.create_time, StatementImport.id) < after)
    newest_first = (StatementImport.create_time.desc(), StatementImport.id.desc())
    return [Seen._make(row) for row in await session.execute(query.order_by(*newest_first).limit(size))]


async def count(session: ReadSession, where: ColumnElement[bool]) -> int:
    return int(await session.scalar(select(func.count(StatementImport.id)).where(where)))


async def months(session: ReadSession, seen: Collection[Seen]) -> dict[UUID, list[MonthFigures]]:
    """The months of the files themselves, ascending, for each import that was committed."""
    keys = [(one.found.account_id, one.found.id) for one in seen if one.state in COMMITTED]
    by_import: dict[UUID, list[MonthFigures]] = {import_id: [] for _, import_id in keys}
    if keys:
        of_these = tuple_(ImportMonth.account_id, ImportMonth.import_id).in_(keys)
        for row in await session.scalars(select(ImportMonth).where(of_these).order_by(ImportMonth.month)):
            by_import[row.import_id].append(month_figures(row))
    return by_import


async def rows(
    session: ReadSession, found: StatementImport, outcome: str | None, after_line: int, size: int
) -> Sequence[ImportRow]:
    """In the order of the file, those after `after_line`. Of shared rows, all that are not rejected are duplicates."""
    query = select(ImportRow).where(
        ImportRow.account_id == found.account_id, ImportRow.import_id == found.reading_id, ImportRow.line > after_line
    )
    if outcome is not None:
        query = query.where(outcome_in(found) == outcome)
    return (await session.scalars(query.order_by(ImportRow.line).limit(size))).all()


async def held(session: ReadSession, found: StatementImport, rows: Sequence[ImportRow]) -> dict[UUID, int]:
    """How many transactions of each row's content the account holds now."""
    contents = {row.identity for row in rows}
    here = Counter[UUID]()
    # Those with a stable id by what they are without it; of a row that has one, by what it is with it.
    for content, such in ((Transaction.identity, true()), (Transaction.content_identity, Transaction.has_stable_id)):
        query = (
            select(content.label("content"), func.count().label("transactions"))
            .where(Transaction.account_id == found.account_id, content.in_(contents), such)
            .group_by(content)
        )
        here.update({row.content: row.transactions for row in await session.execute(query)})
    return here


def outcome_in(found: StatementImport) -> ColumnElement[str | None]:
    """SQL: what became of a row in this import."""
    if found.reading_id == found.id:
        return ImportRow.outcome.expression
    return case((ImportRow.outcome == "REJECT", literal("REJECT")), else_=literal("DUPLICATE"))


def are_rows_told(seen: Seen) -> bool:
    """Whether the outcomes are known: before a plan or the commit they may still change."""
    is_planned = seen.found.plan is not None and seen.state in {"READY", "COMMITTING"}
    return is_planned or seen.state in COMMITTED


def _seen(caller: Caller) -> Select[StatementImport, str, str, str | None, bool]:
    access = access_of(caller, StatementImport.account_id)
    query = select(StatementImport, _state, Account.currency_code, access, proposes())
    return query.join(Account, Account.id == StatementImport.account_id)
