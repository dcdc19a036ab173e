"""Changes of transactions, by hand."""

import strawberry

from bff.context import Context, Info
from bff.schema.fields import field
from bff.schema.money import decimals_in, minor_units
from bff.schema.refusals import IDEMPOTENCY_KEY, UserError, attempt
from bff.schema.scalars import Date, Decimal
from bff.schema.transaction import Transaction
from protos.txn.v1 import txn_pb2 as pb
from runtime.ids import from_id

_KEPT = "Left out, or null, it stays as it is; empty clears it."


@strawberry.input
class TransactionRecordInput:
    account_id: strawberry.ID
    booked_on: Date
    amount: Decimal = strawberry.field(description="In the account's currency; what is spent is negative.")
    description: str
    category: str | None = None
    note: str | None = None
    idempotency_key: str | None = strawberry.field(default=None, description=IDEMPOTENCY_KEY)

    async def to_proto(self, context: Context) -> pb.RecordTransactionRequest:
        """Raises NotFound and InvalidArgument."""
        currency_code = await context.currency_of(self.account_id)
        return pb.RecordTransactionRequest(
            account_id=self.account_id,
            booked_on=self.booked_on,
            amount_minor=minor_units(self.amount, decimals_in(currency_code), "amount"),
            currency_code=currency_code,
            description=self.description,
            category=self.category or "",
            note=self.note or "",
            idempotency_key=self.idempotency_key or "",
        )


@strawberry.input
class TransactionUpdateInput:
    transaction_id: strawberry.ID
    category: str | None = strawberry.field(default=None, description=_KEPT)
    note: str | None = strawberry.field(default=None, description=_KEPT)

    def to_proto(self) -> pb.UpdateTransactionsRequest:
        """Raises InvalidArgument."""
        # Looked at here, because txn_svc would name a place of a list that this input does not have.
        from_id("txn", self.transaction_id, "transaction_id")
        return pb.UpdateTransactionsRequest(
            transaction_ids=[self.transaction_id], category=self.category, note=self.note
        )


@strawberry.input
class TransactionsUpdateInput:
    transaction_ids: list[strawberry.ID] = strawberry.field(description="1 to 100, none twice.")
    category: str | None = strawberry.field(default=None, description=_KEPT)
    note: str | None = strawberry.field(default=None, description=_KEPT)

    def to_proto(self) -> pb.UpdateTransactionsRequest:
        return pb.UpdateTransactionsRequest(
            transaction_ids=self.transaction_ids, category=self.category, note=self.note
        )


@strawberry.input
class TransactionIdInput:
    transaction_id: strawberry.ID


@strawberry.type
class TransactionPayload:
    transaction: Transaction | None
    user_errors: list[UserError]


@strawberry.type
class TransactionsPayload:
    transactions: list[Transaction] | None = strawberry.field(description="In the order of the ids.")
    user_errors: list[UserError]


@strawberry.type
class TransactionMutation:
    @field(
        description="Records one by hand: always a new one, also where the account holds others of the same content."
    )
    async def transaction_record(self, info: Info, input: TransactionRecordInput) -> TransactionPayload:  # noqa: A002
        recorded, errors = await attempt(_record(info.context, input))
        info.context.forget()
        return TransactionPayload(transaction=recorded, user_errors=errors)

    @strawberry.mutation
    async def transaction_update(self, info: Info, input: TransactionUpdateInput) -> TransactionPayload:  # noqa: A002
        updated, errors = await attempt(_update(info.context, input))
        info.context.forget()
        return TransactionPayload(transaction=updated[0] if updated else None, user_errors=errors)

    @field(description="All of the transactions or, where one is missing, none.")
    async def transactions_update(self, info: Info, input: TransactionsUpdateInput) -> TransactionsPayload:  # noqa: A002
        updated, errors = await attempt(_update(info.context, input))
        info.context.forget()
        return TransactionsPayload(transactions=updated, user_errors=errors)

    @field(
        description="Only transactions recorded by hand. `transaction` is null when it is gone; where an import also "
        "claims it, it stays, and is given as it stands."
    )
    async def transaction_delete(self, info: Info, input: TransactionIdInput) -> TransactionPayload:  # noqa: A002
        left, errors = await attempt(_delete(info.context, input))
        info.context.forget()
        return TransactionPayload(transaction=left, user_errors=errors)


async def _record(context: Context, given: TransactionRecordInput) -> Transaction:
    request = await given.to_proto(context)
    return Transaction.from_proto((await context.clients.transactions.RecordTransaction(request)).transaction)


async def _update(context: Context, given: TransactionUpdateInput | TransactionsUpdateInput) -> list[Transaction]:
    answer = await context.clients.transactions.UpdateTransactions(given.to_proto())
    return [Transaction.from_proto(transaction) for transaction in answer.transactions]


async def _delete(context: Context, given: TransactionIdInput) -> Transaction | None:
    request = pb.DeleteTransactionRequest(transaction_id=given.transaction_id)
    answer = await context.clients.transactions.DeleteTransaction(request)
    return Transaction.from_proto(answer.transaction) if answer.HasField("transaction") else None
