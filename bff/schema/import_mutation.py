"""Changes of imports: what is asked is noted by txn_svc at once, and done by its importer."""

from collections.abc import Awaitable
from typing import Final, Protocol

import strawberry

from bff.context import Context, Info
from bff.schema.enums import Review, RowOutcome
from bff.schema.fields import field
from bff.schema.import_questions import ImportAnswer, ImportAnswerInput, answers_to_proto
from bff.schema.imports import Import
from bff.schema.refusals import IDEMPOTENCY_KEY, UserError, attempt
from protos.txn.v1 import txn_pb2 as pb
from runtime.refusals import DeadlineExceeded, Unavailable

# What the person had been shown is no longer so: they need the import as it is now.
_STALE: Final = frozenset({"IMPORT_NOT_ASKING", "STALE_PLAN", "STALE_PREVIEW"})
_FORMAT = "Reads the file only as this one of the viewer's statementFormats. Left out, the file tells it."


@strawberry.input
class ImportStartInput:
    account_id: strawberry.ID
    file_name: str
    size_bytes: int
    review: Review | None = Review.WHEN_NEW
    format_id: strawberry.ID | None = strawberry.field(default=None, description=_FORMAT)
    idempotency_key: str | None = strawberry.field(default=None, description=IDEMPOTENCY_KEY)

    def to_proto(self) -> pb.StartImportRequest:
        return pb.StartImportRequest(
            account_id=self.account_id,
            file_name=self.file_name,
            size_bytes=self.size_bytes,
            review=_review(self.review),
            format_id=self.format_id or "",
            idempotency_key=self.idempotency_key or "",
        )


@strawberry.input
class ImportIdInput:
    import_id: strawberry.ID


@strawberry.input
class ImportRowDecideInput:
    import_id: strawberry.ID
    line: int
    outcome: RowOutcome = strawberry.field(
        description="CREATE books a duplicate as one more; DUPLICATE takes that back; REJECT leaves the row out."
    )

    def to_proto(self) -> pb.DecideImportRowRequest:
        outcome = pb.RowOutcome.ValueType(self.outcome.value)
        return pb.DecideImportRowRequest(import_id=self.import_id, line=self.line, outcome=outcome)


@strawberry.input
class ImportCommitInput:
    import_id: strawberry.ID
    plan_digest: str


@strawberry.input
class ImportRevertInput:
    import_id: strawberry.ID
    preview_digest: str | None = strawberry.field(
        default=None, description="Of the revertPreview that was shown; left out, whatever is there is undone."
    )


@strawberry.input
class ImportRepeatInput:
    import_id: strawberry.ID
    account_id: strawberry.ID | None = strawberry.field(default=None, description="Left out, the same account.")
    format_id: strawberry.ID | None = strawberry.field(default=None, description=_FORMAT)
    answers: list[ImportAnswer] | None = strawberry.field(
        default=None, description="To what the file may leave open; what it does not ask needs none."
    )
    review: Review | None = strawberry.field(default=None, description="Left out, as WHEN_NEW.")
    idempotency_key: str | None = strawberry.field(default=None, description=IDEMPOTENCY_KEY)

    def to_proto(self) -> pb.RepeatImportRequest:
        return pb.RepeatImportRequest(
            import_id=self.import_id,
            account_id=self.account_id or "",
            format_id=self.format_id or "",
            answers=answers_to_proto(self.answers),
            review=_review(self.review),
            idempotency_key=self.idempotency_key or "",
        )


@strawberry.type
class ImportPayload:
    statement_import: Import | None = strawberry.field(name="import")
    user_errors: list[UserError]


@strawberry.type
class ImportMutation:
    @field(description="Announces a file; `import.upload` is the form with which to post it.")
    async def import_start(self, info: Info, input: ImportStartInput) -> ImportPayload:  # noqa: A002
        return await _payload(info.context, info.context.clients.imports.StartImport(input.to_proto()))

    @field(
        description="Answers what a NEEDS_ANSWER import asks, every question once; the file is read again with the "
        "answers, and may ask something else after them. IMPORT_NOT_ASKING returns the import as it is."
    )
    async def import_answer(self, info: Info, input: ImportAnswerInput) -> ImportPayload:  # noqa: A002
        return await _payload(
            info.context, info.context.clients.imports.AnswerImport(input.to_proto()), input.import_id
        )

    @field(description="Overrides what becomes of one row of a READY import; the answer has the new plan.")
    async def import_row_decide(self, info: Info, input: ImportRowDecideInput) -> ImportPayload:  # noqa: A002
        return await _payload(info.context, info.context.clients.imports.DecideImportRow(input.to_proto()))

    @field(description="Commits exactly the plan with this digest; STALE_PLAN returns the import with its new plan.")
    async def import_commit(self, info: Info, input: ImportCommitInput) -> ImportPayload:  # noqa: A002
        request = pb.CommitImportRequest(import_id=input.import_id, plan_digest=input.plan_digest)
        return await _payload(info.context, info.context.clients.imports.CommitImport(request), input.import_id)

    @field(
        description="Undoes a COMPLETED import: what nothing else claims goes, the rest stays. STALE_PREVIEW returns "
        "the import, of which a new revertPreview can be asked."
    )
    async def import_revert(self, info: Info, input: ImportRevertInput) -> ImportPayload:  # noqa: A002
        request = pb.RevertImportRequest(import_id=input.import_id, preview_digest=input.preview_digest or "")
        return await _payload(info.context, info.context.clients.imports.RevertImport(request), input.import_id)

    @field(description="Ends a READY or NEEDS_ANSWER import; nothing of it is booked.")
    async def import_discard(self, info: Info, input: ImportIdInput) -> ImportPayload:  # noqa: A002
        request = pb.DiscardImportRequest(import_id=input.import_id)
        return await _payload(info.context, info.context.clients.imports.DiscardImport(request))

    @field(
        description="Reads the kept file again, into another account, in another format or with other answers, as an "
        "import of its own; reverts what the first reading had created."
    )
    async def import_repeat(self, info: Info, input: ImportRepeatInput) -> ImportPayload:  # noqa: A002
        return await _payload(info.context, info.context.clients.imports.RepeatImport(input.to_proto()))


class _Answer(Protocol):
    @property
    def statement_import(self) -> pb.Import: ...


async def _payload(context: Context, change: Awaitable[_Answer], import_id: str = "") -> ImportPayload:
    """`import_id`: the import that a stale digest was of."""
    changed, errors = await attempt(_changed(change))
    context.forget()
    if import_id and any(error.code in _STALE for error in errors):
        changed = await _as_it_is_now(context, import_id)
    return ImportPayload(statement_import=changed, user_errors=errors)


async def _changed(change: Awaitable[_Answer]) -> Import:
    return Import.from_proto((await change).statement_import)


async def _as_it_is_now(context: Context, import_id: str) -> Import | None:
    try:
        found = await context.loaders.imports.load(import_id)
    except (Unavailable, DeadlineExceeded):  # the refusal must be told all the same
        return None
    return Import.from_proto(found) if found else None


def _review(review: Review | None) -> pb.Review.ValueType:
    return pb.Review.ValueType((review or Review.WHEN_NEW).value)
