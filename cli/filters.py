"""Options that narrow transactions."""

from enum import StrEnum
from typing import Annotated

import typer

from protos.txn.v1 import txn_pb2 as pb


class Direction(StrEnum):
    CREDIT = "credit"
    DEBIT = "debit"


FromDate = Annotated[str, typer.Option("--from", help="First day, as 2026-07-01.")]
UntilDate = Annotated[str, typer.Option("--until", help="Last day, as 2026-07-31.")]
Words = Annotated[str, typer.Option("--text", help="Words of the description, or their beginnings.")]
Category = Annotated[str, typer.Option("--category")]
DirectionOption = Annotated[Direction | None, typer.Option("--direction")]
BroughtBy = Annotated[str, typer.Option("--import", help="Only what this import brought.")]


def transaction_filter(
    from_date: str, until_date: str, text: str, category: str, direction: Direction | None, import_id: str
) -> pb.TransactionFilter:
    return pb.TransactionFilter(
        from_date=from_date,
        until_date=until_date,
        text=text,
        category=category,
        direction=pb.Direction.Value(f"DIRECTION_{direction.name}") if direction else pb.DIRECTION_UNSPECIFIED,
        import_id=import_id,
    )
