"""Coverage, from what each import keeps of its file: its cost does not grow with the number of transactions."""

from collections.abc import Collection
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import FromClause, Select, select, true

from runtime.call import Caller
from runtime.database import ReadSession
from txn_svc.access import Verb, access_of, may
from txn_svc.ledger.coverage import CoveredFile, Period, coverage
from txn_svc.model import IMPORT_STATES_LIVE, Account, StatementImport

# Of an account's files those with the newest last days are looked at, each once however often it came.
FILES_MAX = 1_000
PERIODS_MAX = 500


class Covered(NamedTuple):
    """The periods of one account, and the caller's access to it."""

    access: str | None
    periods: list[Period]


async def read(session: ReadSession, caller: Caller, account_ids: Collection[UUID]) -> dict[UUID, Covered]:
    """What the live imports of those accounts cover that the caller may read; the newest PERIODS_MAX periods."""
    accesses: dict[UUID, str | None] = {}
    files: dict[UUID, list[CoveredFile]] = {}
    for row in await session.execute(_files(caller, account_ids)):
        accesses[row.id] = row.access
        known = files.setdefault(row.id, [])
        if row.from_date is not None:
            known.append(CoveredFile._make(row[2:]))
    return {key: Covered(access, coverage(files[key])[-PERIODS_MAX:]) for key, access in accesses.items()}


def _files(caller: Caller, account_ids: Collection[UUID]) -> Select[*tuple[Any, ...]]:
    """One row for each file of each account, and one without a file for an account that has none."""
    files = _newest()
    return (
        select(Account.id, access_of(caller, Account.id).label("access"), *files.c)
        .outerjoin(files, true())
        .where(Account.id.in_(account_ids), may(caller, Verb.READ, Account.id))
    )


def _newest() -> FromClause:
    columns = (
        StatementImport.from_date,
        StatementImport.to_date,
        StatementImport.proof,
        StatementImport.opening_minor,
        StatementImport.closing_minor,
    )
    of_account = (
        StatementImport.account_id == Account.id,
        StatementImport.state.in_(IMPORT_STATES_LIVE),
        StatementImport.from_date.is_not(None),
    )
    query = select(*columns).distinct().where(*of_account)
    newest_first = (StatementImport.to_date.desc(), StatementImport.from_date.desc())
    return query.order_by(*newest_first).limit(FILES_MAX).lateral("files")
