"""How a file was read, as its import keeps it."""

from dataclasses import asdict
from typing import Any, Final

from txn_svc.model import StatementImport
from txn_svc.statement import VERSION, Finding, Statement

LEDGER_VALUES: Final = frozenset({"SAME", "NEW", "MEETS_LEDGER", "COMMIT_ANYWAY"})
"""Of findings that the ledger gives, beside those that the file gives of the same property."""


def described(statement: Statement) -> dict[str, Any]:
    """Values of the import's columns; the days that its rows cover are known once they are staged."""
    proof = statement.proof
    return {
        "header": [storable(name) for name in statement.header],
        "findings": [_finding(finding) for finding in statement.findings],
        "format": statement.format_id,
        "shape": storable(statement.shape),
        "reader_version": VERSION,
        "account_number": None if statement.account_number is None else storable(statement.account_number),
        "proof": proof.verdict,
        "opening_minor": proof.opening_minor,
        "closing_minor": proof.closing_minor,
        "gaps": [asdict(gap) for gap in proof.gaps],
    }


def keep_finding(found: StatementImport, finding: Finding) -> None:
    """Adds what the ledger says to what the file said; in place of what it said before."""
    others = [one for one in found.findings if one["property"] != finding.property or one["value"] not in LEDGER_VALUES]
    found.findings = [*others, _finding(finding)]


def storable(text: str) -> str:
    """The text without what cannot stand in PostgreSQL's, NUL and halves of surrogate pairs; these are shown as �."""
    return text.replace("\x00", "\ufffd").encode(errors="replace").decode()


def _finding(finding: Finding) -> dict[str, Any]:
    texts = {"value": storable(finding.value), "message": storable(finding.message)}
    return {**asdict(finding), **texts, "lines": list(finding.lines)}
