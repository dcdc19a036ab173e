"""Imports and their rows as messages."""

from collections.abc import Sequence

from protos.txn.v1 import txn_pb2
from runtime.ids import to_id
from txn_svc.imports.reading import Seen
from txn_svc.ledger.months import MonthFigures, fill
from txn_svc.model import ImportRow, StatementImport
from txn_svc.summary import summary_to_proto

STATE_PREFIX = "IMPORT_STATE_"
OUTCOME_PREFIX = "ROW_OUTCOME_"


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
    )
    message.create_time.FromDatetime(found.create_time)
    if found.finish_time is not None:
        message.finish_time.FromDatetime(found.finish_time)
    return message


def row_to_proto(row: ImportRow, currency_code: str) -> txn_pb2.ImportRow:
    return txn_pb2.ImportRow(
        line=row.line,
        cells=row.cells,
        outcome=txn_pb2.RowOutcome.Value(f"{OUTCOME_PREFIX}{row.outcome or 'UNSPECIFIED'}"),
        booked_on=row.booked_on.isoformat() if row.booked_on else "",
        amount_minor=row.amount_minor,
        currency_code=currency_code,
        description=row.description or "",
        transaction_id=to_id("txn", row.transaction_id) if row.transaction_id else "",
        occurrence=row.occurrence or 0,
        reason_code=txn_pb2.RowReason.Value(f"ROW_REASON_{row.reason_code or 'UNSPECIFIED'}"),
        reason=row.reason or "",
        column=row.column_name or "",
    )


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
    return summary_to_proto(currency_code, filled)
