"""What an import asks, as it is kept with it and told.

Bounded, because a page of a hundred imports has to fit a gRPC message of 4 MB.
"""

from collections.abc import Sequence
from typing import Any, Final

import orjson

from protos.txn.v1 import txn_pb2
from txn_svc.imports.described import storable
from txn_svc.model import StatementImport
from txn_svc.statement.model import MAX_CELLS_KEPT, MAX_OPTION_ROWS, KnownRow, Option, Question, RejectedRow, ValidRow

QUESTIONS_MAX_BYTES: Final = 32_768
"""Of one import's questions as JSON; over it, fewer rows are shown."""
TEXT_MAX_CHARACTERS: Final = 200
"""Of a cell or a description that is shown."""


def kept_questions(questions: Sequence[Question]) -> list[dict[str, Any]]:
    """The questions as JSON: [{property, message, options: [{id, label, rows}]}].

    A row is {line, cells, outcome} with booked_on, amount_minor, description, or with reason_code, reason, column;
    one that is not booked again has all of these but the column.
    """
    kept: list[dict[str, Any]] = []
    for rows in range(MAX_OPTION_ROWS, -1, -1):
        kept = [_question(question, rows) for question in questions]
        if len(orjson.dumps(kept)) <= QUESTIONS_MAX_BYTES:
            break
    return kept


def questions_to_proto(found: StatementImport, currency_code: str) -> list[txn_pb2.ImportQuestion]:
    return [
        txn_pb2.ImportQuestion(
            id=question["property"],
            property=txn_pb2.StatementProperty.Value(f"STATEMENT_PROPERTY_{question['property']}"),
            message=question["message"],
            options=[_option_to_proto(option, currency_code) for option in question["options"]],
        )
        for question in found.questions
    ]


def _question(question: Question, rows: int) -> dict[str, Any]:
    options = [_option(option, rows) for option in question.options]
    return {"property": question.property, "message": storable(question.message), "options": options}


def _option(option: Option, rows: int) -> dict[str, Any]:
    return {"id": option.id, "label": storable(option.label), "rows": [_row(row) for row in option.rows[:rows]]}


def _row(row: ValidRow | KnownRow | RejectedRow) -> dict[str, Any]:
    if isinstance(row, KnownRow):
        known = {"outcome": "DUPLICATE", "reason_code": "SIMILAR", "reason": storable(row.reason)}
        return {**_row(row.row), **known}
    at = {"line": row.line, "cells": [_short(cell) for cell in row.cells[:MAX_CELLS_KEPT]]}
    if isinstance(row, RejectedRow):
        column = None if row.column is None else _short(row.column)
        return {
            **at,
            "outcome": "REJECT",
            "reason_code": row.reason_code,
            "reason": storable(row.reason),
            "column": column,
        }
    read = {"booked_on": row.booked_on.isoformat(), "amount_minor": row.amount_minor}
    return {**at, "outcome": "CREATE", **read, "description": _short(row.description)}


def _short(text: str) -> str:
    is_long = len(text) > TEXT_MAX_CHARACTERS
    return storable(text[: TEXT_MAX_CHARACTERS - 1] + "…" if is_long else text)


def _option_to_proto(option: dict[str, Any], currency_code: str) -> txn_pb2.ImportOption:
    rows = [_row_to_proto(row, currency_code) for row in option["rows"]]
    return txn_pb2.ImportOption(id=option["id"], label=option["label"], rows=rows)


def _row_to_proto(row: dict[str, Any], currency_code: str) -> txn_pb2.ImportRow:
    return txn_pb2.ImportRow(
        line=row["line"],
        cells=row["cells"],
        outcome=txn_pb2.RowOutcome.Value(f"ROW_OUTCOME_{row['outcome']}"),
        booked_on=row.get("booked_on", ""),
        amount_minor=row.get("amount_minor"),
        currency_code=currency_code,
        description=row.get("description", ""),
        reason_code=txn_pb2.RowReason.Value(f"ROW_REASON_{row.get('reason_code', 'UNSPECIFIED')}"),
        reason=row.get("reason", ""),
        column=row.get("column") or "",
    )
