"""How a file is to be read, where the ledger has a say in it: whose account it is, and which year."""

from dataclasses import replace

from runtime.database import Database
from txn_svc.imports.fetch import Fetched
from txn_svc.imports.known import Remembered
from txn_svc.imports.stage import understand
from txn_svc.imports.whose import one_of, whose
from txn_svc.imports.yearless import year_of
from txn_svc.model import Account, StatementImport
from txn_svc.statement import Statement
from txn_svc.statement.model import Finding, Property, Question


async def consult(
    database: Database, found: StatementImport, fetched: Fetched, account: Account, remembered: Remembered
) -> Statement:
    """The statement, with one more question where the ledger speaks against it. Raises as `understand`.

    What the file leaves open is asked first. An account without transactions knows nothing of years.
    """
    ledger = dict[Property, Finding]()
    statement = await understand(found, fetched, account, remembered)
    asked = next((one for one in statement.questions if one.property == "ACCOUNT"), None)
    if asked is not None:
        async with database.read() as session:
            known = await one_of(session, found, asked)
        if known is not None:
            ledger["ACCOUNT"] = known
            statement = await understand(found, fetched, account, remembered, ledger)
    if statement.questions:
        return statement
    async with database.read() as session:
        said = await whose(session, found, statement, fetched.sha256)
    if isinstance(said, Question):
        return replace(statement, questions=(said,))
    has_rows = account.transaction_count > 0
    year = await year_of(database, found, statement, fetched.sha256, account.currency_code) if has_rows else None
    if isinstance(year, Question):
        return replace(statement, questions=(year,))
    if year is not None:
        ledger["YEAR"] = year
        statement = await understand(found, fetched, account, remembered, ledger)
    return statement if said is None else _with(statement, said)


def _with(statement: Statement, finding: Finding) -> Statement:
    findings = tuple(finding if one.property == finding.property else one for one in statement.findings)
    return replace(statement, findings=findings)
