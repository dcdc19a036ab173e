"""Whose account a file is of: the number that it names, against those that earlier files name, here and elsewhere."""

from typing import Final
from uuid import UUID

from sqlalchemy import text

from runtime.database import ReadSession
from txn_svc.imports.answers import DISCARD, answers_of
from txn_svc.imports.known import NEWEST_IMPORTS_MAX, same_file
from txn_svc.ledger.quoting import quoted
from txn_svc.model import StatementImport
from txn_svc.statement import Statement
from txn_svc.statement.account_numbers import is_same_account
from txn_svc.statement.infer import ALL_HERE, ANSWERED
from txn_svc.statement.model import MAX_FINDING_LINES, Finding, Option, Question, ValidRow

# In the question.
SHOWN_NUMBERS: Final = 3

# What a repeat reads again says nothing about it: it may be in the wrong account.
_NAMED = text("""
SELECT account_number FROM (
  SELECT id, account_number, state FROM import
  WHERE account_id = :account_id ORDER BY create_time DESC, id DESC LIMIT :most
) AS newest
WHERE state IN ('COMPLETED', 'REVERTING') AND account_number IS NOT NULL
  AND id IS DISTINCT FROM CAST(:repeats_id AS uuid)
GROUP BY account_number ORDER BY account_number
""")

# Of the same owner's other accounts.
_NAMED_BY_OTHERS = text("""
SELECT other.name, named.account_number
FROM account_access AS mine
JOIN account_access AS owned ON owned.subject = mine.subject AND owned.access = 'OWNER'
JOIN account AS other ON other.id = owned.account_id
CROSS JOIN LATERAL (
  SELECT id, account_number, state FROM import
  WHERE account_id = other.id ORDER BY create_time DESC, id DESC LIMIT :most
) AS named
WHERE mine.account_id = :account_id AND mine.access = 'OWNER' AND other.id <> :account_id
  AND named.state IN ('COMPLETED', 'REVERTING') AND named.account_number IS NOT NULL
  AND named.id IS DISTINCT FROM CAST(:repeats_id AS uuid)
GROUP BY other.name, named.account_number ORDER BY other.name, named.account_number
""")


async def one_of(session: ReadSession, found: StatementImport, asked: Question) -> Finding | None:
    """Of several accounts that rows name, the one that earlier files of this account name; None where none or more."""
    numbers = await _named(session, found)
    offered = [option for option in asked.options if option.id != ALL_HERE]
    fitting = [one for one in offered if any(is_same_account(one.id, number) for number in numbers)]
    if len(fitting) != 1:
        return None
    message = (
        f"The rows name several accounts; earlier files of this one name {quoted(fitting[0].id)}, "
        "and only its rows are read."
    )
    lines = tuple(row.line for row in fitting[0].rows if isinstance(row, ValidRow))
    return Finding("ACCOUNT", "EVIDENCE", fitting[0].id, message, lines[:MAX_FINDING_LINES])


async def whose(
    session: ReadSession, found: StatementImport, statement: Statement, sha256: str
) -> Finding | Question | None:
    """The question where the number is another account's, the finding where that was answered; else None."""
    number = statement.account_number
    if number is None or await same_file(session, found, sha256) is not None:
        return None
    said = next(one for one in statement.findings if one.property == "ACCOUNT")
    numbers = await _named(session, found)
    # One that was chosen among several was chosen for this account.
    if said.basis == "ANSWERED" or any(is_same_account(number, one) for one in numbers):
        return None
    # "Current" or "Main Account" is what a bank calls one of everybody's accounts.
    is_number = any(map(str.isdigit, number))
    others = (await session.execute(_NAMED_BY_OTHERS, _values(found))).all() if is_number else ()
    owner = next((row.name for row in others if is_same_account(number, row.account_number)), None)
    if owner is None and not numbers:
        return None
    if answers_of(found).get("ACCOUNT") == ALL_HERE:
        return Finding("ACCOUNT", "ANSWERED", number, f"{said.message} {ANSWERED}", said.lines)
    return _question(number, owner, numbers)


def _question(number: str, owner: str | None, numbers: list[str]) -> Question:
    message = f"The file names the account {quoted(number)}."
    if owner is not None:
        message += f" So do files of your account {quoted(owner)}."
    if numbers:
        message += f" Earlier files of this account name {', '.join(map(quoted, numbers[:SHOWN_NUMBERS]))}."
    return Question(
        "ACCOUNT",
        message,
        (Option(ALL_HERE, "It belongs into this account all the same"), Option(DISCARD, "Discard the import")),
    )


async def _named(session: ReadSession, found: StatementImport) -> list[str]:
    return list(await session.scalars(_NAMED, _values(found)))


def _values(found: StatementImport) -> dict[str, UUID | int | None]:
    return {"account_id": found.account_id, "repeats_id": found.repeats_id, "most": NEWEST_IMPORTS_MAX}
