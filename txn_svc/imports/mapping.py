"""Imports and their rows as messages."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from protos.txn.v1 import txn_pb2
from runtime.ids import to_id
from txn_svc.imports.numbered import SAME_ID
from txn_svc.imports.overlap import SIMILAR, similar_to
from txn_svc.imports.plan import MONTHS_MAX, plan_of
from txn_svc.imports.questions import questions_to_proto
from txn_svc.imports.reading import COMMITTED, Seen
from txn_svc.ledger.months import MonthFigures, fill
from txn_svc.model import ImportRow, StatementImport
from txn_svc.statement.formats import formats
from txn_svc.statement.own import STORI
from txn_svc.summary import summary_to_proto

STATE_PREFIX = "IMPORT_STATE_"
OUTCOME_PREFIX = "ROW_OUTCOME_"
SAME_CONTENT = "A transaction with the same date, amount and description is already in this account."
WITH_SAME_ID = "The transaction with this id is already in this account."


def import_to_proto(
    seen: Seen, months: Sequence[MonthFigures] | None = None, upload: txn_pb2.ImportUpload | None = None
) -> txn_pb2.Import:
    found = seen.found
    message = txn_pb2.Import(
        id=to_id("imp", found.id),
        account_id=to_id("acct", found.account_id),
        state=txn_pb2.ImportState.Value(STATE_PREFIX + seen.state),
        file_name=found.file_name,
        size_bytes=found.size_bytes,
        upload=upload,
        progress=txn_pb2.ImportProgress(
            bytes_read=found.bytes_read,
            bytes_total=found.bytes_total,
            rows_read=found.rows_read,
            rows_written=found.rows_written,
        ),
        row_count=found.row_count,
        imported_count=found.imported_count,
        duplicate_count=found.duplicate_count,
        rejected_count=found.rejected_count,
        findings=_findings(found),
        summary=None if months is None else _summary(seen.currency_code, months),
        failure_code=txn_pb2.ImportFailureCode.Value(f"IMPORT_FAILURE_CODE_{found.failure_code or 'UNSPECIFIED'}"),
        failure=found.failure or "",
        request_id=found.request_id,
        plan=plan_of(found),
        format_id=found.format or "",
        repeats_import_id=to_id("imp", found.repeats_id) if found.repeats_id else "",
        review=txn_pb2.Review.Value(f"REVIEW_{found.review}"),
        questions=questions_to_proto(found, seen.currency_code),
        currency_code=seen.currency_code,
        proof=txn_pb2.Proof.Value(f"PROOF_{found.proof or 'UNSPECIFIED'}"),
        gaps=[txn_pb2.ImportGap(**gap) for gap in found.gaps],
        from_date=found.from_date.isoformat() if found.from_date else "",
        to_date=found.to_date.isoformat() if found.to_date else "",
        account_number=found.account_number or "",
        opening_minor=found.opening_minor,
        closing_minor=found.closing_minor,
        proposed_opening=_proposal(found) if seen.proposes_opening else None,
    )
    message.create_time.FromDatetime(found.create_time)
    if found.finish_time is not None:
        message.finish_time.FromDatetime(found.finish_time)
    return message


def formats_to_proto() -> list[txn_pb2.StatementFormat]:
    """The formats that statements come in, by id."""
    own = txn_pb2.StatementFormat(id=STORI.id, name="Stori's own export")
    banks = [
        txn_pb2.StatementFormat(id=one.id, name=one.name, bank=one.bank or "", country=one.country or "")
        for one in formats().values()
    ]
    return sorted([own, *banks], key=lambda one: one.id)


def row_to_proto(
    found: StatementImport, row: ImportRow, currency_code: str, held: Mapping[UUID, int]
) -> txn_pb2.ImportRow:
    """What became of the row in this import, which may share it with an earlier one.

    `held` is how many transactions of its content the account holds, as long as none is the import's own.
    """
    is_shared = found.reading_id != found.id
    outcome = "DUPLICATE" if is_shared and row.outcome == "CREATE" else row.outcome
    here = _here(row, outcome, held, is_shared=is_shared)
    return txn_pb2.ImportRow(
        line=row.line,
        cells=row.cells,
        outcome=txn_pb2.RowOutcome.Value(f"{OUTCOME_PREFIX}{outcome or 'UNSPECIFIED'}"),
        booked_on=row.booked_on.isoformat() if row.booked_on else "",
        amount_minor=row.amount_minor,
        currency_code=currency_code,
        description=row.description or "",
        transaction_id=_transaction_of(found, row, outcome),
        occurrence=row.occurrence or 0,
        reason_code=txn_pb2.RowReason.Value(f"ROW_REASON_{_reason_code(row, outcome)}"),
        reason=_reason(row, outcome, here),
        column=row.column_name or "",
        occurrences_here=here,
        occurrences_in_file=row.twins if row.identity else 0,
    )


def _transaction_of(found: StatementImport, row: ImportRow, outcome: str | None) -> str:
    """The transaction the row is equal to or, once that is committed, created."""
    is_there = outcome == "DUPLICATE" or (outcome == "CREATE" and found.state in COMMITTED)
    return to_id("txn", row.transaction_id) if is_there and row.transaction_id else ""


def _here(row: ImportRow, outcome: str | None, held: Mapping[UUID, int], *, is_shared: bool) -> int:
    """Of the rows of this content, how many the account held already; at most all of them."""
    if row.identity is None:
        return 0
    if is_shared:
        return row.twins
    known = row.here if row.twins > 1 else int(outcome == "DUPLICATE" and row.reason_code != SIMILAR)
    return min(row.twins, held.get(row.identity, known))


def _reason_code(row: ImportRow, outcome: str | None) -> str:
    if outcome == "DUPLICATE" and row.reason_code not in {SIMILAR, SAME_ID}:
        return "SAME_CONTENT"
    return row.reason_code or "UNSPECIFIED"


def _reason(row: ImportRow, outcome: str | None, here: int) -> str:
    if row.reason:
        return similar_to(row.reason) if row.reason_code == SIMILAR else row.reason
    if row.twins > 1 and outcome != "REJECT":
        return f"{here} of {row.twins} like this are already here."
    if outcome == "DUPLICATE":
        return WITH_SAME_ID if row.reason_code == SAME_ID else SAME_CONTENT
    return "One like this is already here, as another one of its kind." if outcome == "CREATE" and here else ""


def _proposal(found: StatementImport) -> txn_pb2.OpeningProposal:
    assert found.opening_minor is not None
    assert found.from_date is not None
    return txn_pb2.OpeningProposal(balance_minor=found.opening_minor, date=found.from_date.isoformat())


def _findings(found: StatementImport) -> list[txn_pb2.ImportFinding]:
    return [
        txn_pb2.ImportFinding(
            property=txn_pb2.StatementProperty.Value(f"STATEMENT_PROPERTY_{finding['property']}"),
            basis=txn_pb2.FindingBasis.Value(f"FINDING_BASIS_{finding['basis']}"),
            value=finding["value"],
            message=finding["message"],
            lines=finding["lines"],
        )
        for finding in found.findings
    ]


def _summary(currency_code: str, months: Sequence[MonthFigures]) -> txn_pb2.Summary:
    filled = fill(months, months[0].month, months[-1].month) if months else []
    summary = summary_to_proto(currency_code, filled)
    del summary.months[:-MONTHS_MAX]
    return summary
