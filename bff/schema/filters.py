"""How a client narrows transactions, and what that is for txn_svc."""

import strawberry

from bff.schema.enums import Direction
from bff.schema.money import minor_units
from bff.schema.scalars import Date, Decimal
from protos.txn.v1 import txn_pb2 as pb
from runtime.refusals import InvalidArgument


@strawberry.input(description="Every field narrows; one that is left out does not.")
class TransactionFilter:
    account_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="Of the viewer's transactions; an account's own are narrowed to it already."
    )
    from_date: Date | None = strawberry.field(name="from", default=None)
    to_date: Date | None = strawberry.field(name="to", default=None)
    min_amount: Decimal | None = None
    max_amount: Decimal | None = None
    text: str | None = strawberry.field(
        default=None, description="Words of the description, all of them, each perhaps only its beginning."
    )
    category: str | None = None
    direction: Direction | None = None
    import_id: strawberry.ID | None = None

    @property
    def has_amounts(self) -> bool:
        return self.min_amount is not None or self.max_amount is not None

    def to_proto(self, decimals: int) -> pb.TransactionFilter:
        """`decimals`: those of the one currency in which its amounts are meant."""
        narrowed = pb.TransactionFilter(
            from_date=self.from_date or "",
            until_date=self.to_date or "",
            text=self.text or "",
            category=self.category or "",
            direction=pb.Direction.ValueType(self.direction.value) if self.direction else pb.DIRECTION_UNSPECIFIED,
            import_id=self.import_id or "",
        )
        if self.min_amount is not None:
            narrowed.min_amount_minor = minor_units(self.min_amount, decimals, "filter.min_amount")
        if self.max_amount is not None:
            narrowed.max_amount_minor = minor_units(self.max_amount, decimals, "filter.max_amount")
        return narrowed


def common_decimals(decimals: set[int]) -> int:
    """The decimals in which a filter's amounts are meant. Raises InvalidArgument where currencies differ in them."""
    if len(decimals) > 1:
        raise InvalidArgument(
            "Amounts can only be compared where currencies have the same decimals: narrow `accountIds`.",
            reason="CURRENCIES_MIX",
            fields={"filter": "currencies mix"},
        )
    return next(iter(decimals), 2)
