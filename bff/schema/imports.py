"""An import: a file on its way into an account, and what became of it."""

from typing import TYPE_CHECKING, Annotated, Self

import strawberry

from bff.context import Info
from bff.lookahead import selects
from bff.schema.enums import (
    FindingBasis,
    ImportFailureCode,
    ImportState,
    Proof,
    Review,
    RowOutcome,
    StatementProperty,
)
from bff.schema.fields import field
from bff.schema.import_plan import ImportPlan
from bff.schema.import_proof import ImportGap, OpeningProposal
from bff.schema.import_questions import ImportQuestion
from bff.schema.import_rows import ImportRowConnection
from bff.schema.money import Money, maybe_money
from bff.schema.node import Node
from bff.schema.paging import Page, PageInfo, forward_page
from bff.schema.revert_preview import RevertPreview
from bff.schema.scalars import URL, Date, DateTime, date_of, time_of
from bff.schema.summary import AccountSummary
from protos.txn.v1 import txn_pb2 as pb
from runtime.refusals import FailedPrecondition, InvalidArgument

if TYPE_CHECKING:
    from bff.schema.account import Account

DEFAULT_IMPORTS = 20
DEFAULT_ROWS = 50


@strawberry.type
class UploadField:
    name: str
    value: str


@strawberry.type(description="An HTTP POST of multipart/form-data: the fields in this order, then the file as `file`.")
class ImportUpload:
    url: URL
    fields: list[UploadField]
    expire_time: DateTime
    max_size_bytes: int

    @classmethod
    def from_proto(cls, message: pb.ImportUpload) -> Self:
        return cls(
            url=URL(message.url),
            fields=[UploadField(name=field.name, value=field.value) for field in message.fields],
            expire_time=time_of(message.expire_time),
            max_size_bytes=message.max_size_bytes,
        )


@strawberry.type
class ImportProgress:
    bytes_read: int
    bytes_total: int
    rows_read: int
    rows_written: int

    @classmethod
    def from_proto(cls, message: pb.ImportProgress) -> Self:
        return cls(
            bytes_read=message.bytes_read,
            bytes_total=message.bytes_total,
            rows_read=message.rows_read,
            rows_written=message.rows_written,
        )


@strawberry.type(description="How the file was read: what, on which ground, decided by which lines.")
class ImportFinding:
    property: StatementProperty
    basis: FindingBasis
    value: str
    message: str
    lines: list[int]

    @classmethod
    def from_proto(cls, message: pb.ImportFinding) -> Self:
        return cls(
            property=StatementProperty(message.property),
            basis=FindingBasis(message.basis),
            value=message.value,
            message=message.message,
            lines=list(message.lines),
        )


@strawberry.type
class Import(Node):
    state: ImportState
    file_name: str
    size_bytes: int
    upload: ImportUpload | None
    progress: ImportProgress | None
    row_count: int
    imported_count: int
    duplicate_count: int
    rejected_count: int
    findings: list[ImportFinding]
    questions: list[ImportQuestion] = strawberry.field(description="What it waits for, while NEEDS_ANSWER.")
    review: Review
    plan: ImportPlan | None = strawberry.field(
        description="What a commit would do, or did; of an import that was planned for review."
    )
    format_id: strawberry.ID | None = strawberry.field(
        description="How the file was read: one of the viewer's statementFormats, or inferred; null before it was."
    )
    summary: AccountSummary | None = strawberry.field(description="This file alone, as it was at commit.")
    proof: Proof | None = strawberry.field(description="Null before the file was read.")
    gaps: list[ImportGap] = strawberry.field(
        description="Where something is missing, in the order of the file; the first ten places."
    )
    from_date: Date | None = strawberry.field(description="The day of the oldest row that was understood.")
    to_date: Date | None = strawberry.field(description="The day of the newest row that was understood.")
    opening: Money | None = strawberry.field(
        description="The balance before the oldest row, as the file's balances say it."
    )
    closing: Money | None = strawberry.field(description="The balance after the newest row, as they say it.")
    proposed_opening: OpeningProposal | None = strawberry.field(
        description="What its balances say of the account's opening; null where the account agrees, or they do not say."
    )
    account_number: str | None = strawberry.field(description="The account that the file names, as it stands there.")
    failure_code: ImportFailureCode | None
    failure: str | None
    request_id: str
    create_time: DateTime
    finish_time: DateTime | None
    account_id: strawberry.Private[str]
    repeats_id: strawberry.Private[str]

    @strawberry.field
    async def account(self, info: Info) -> Annotated["Account", strawberry.lazy("bff.schema.account")] | None:
        from bff.schema.account import Account

        found = await info.context.loaders.accounts.load(self.account_id)
        return Account.from_proto(found) if found else None

    @field(description="The import whose kept file this one reads again.")
    async def repeats(self, info: Info) -> Annotated["Import", strawberry.lazy("bff.schema.imports")] | None:
        return await find_import(info, self.repeats_id)

    @field(description="What importRevert would do now; null unless COMPLETED.")
    async def revert_preview(self, info: Info) -> RevertPreview | None:
        if self.state is not ImportState.COMPLETED:
            return None
        async with info.context.turns:
            try:
                answer = await info.context.clients.imports.PreviewRevert(pb.PreviewRevertRequest(import_id=self.id))
            except FailedPrecondition:  # it has been undone since it was read
                return None
        return RevertPreview.from_proto(answer.preview)

    @strawberry.field
    async def rows(
        self, info: Info, first: int | None = DEFAULT_ROWS, after: str | None = None, outcome: RowOutcome | None = None
    ) -> ImportRowConnection | None:
        asked = forward_page(first, after, DEFAULT_ROWS)
        request = pb.ListImportRowsRequest(
            import_id=self.id,
            outcome=pb.RowOutcome.ValueType(outcome.value) if outcome else pb.ROW_OUTCOME_UNSPECIFIED,
            page_size=asked.size,
            page_token=asked.cursor,
        )
        async with info.context.turns:
            return ImportRowConnection.from_proto(await info.context.clients.imports.ListImportRows(request), asked)

    @classmethod
    def from_proto(cls, message: pb.Import) -> Self:
        code = message.currency_code
        return cls(
            id=strawberry.ID(message.id),
            state=ImportState(message.state),
            file_name=message.file_name,
            size_bytes=message.size_bytes,
            upload=ImportUpload.from_proto(message.upload) if message.HasField("upload") else None,
            progress=ImportProgress.from_proto(message.progress) if message.HasField("progress") else None,
            row_count=message.row_count,
            imported_count=message.imported_count,
            duplicate_count=message.duplicate_count,
            rejected_count=message.rejected_count,
            findings=[ImportFinding.from_proto(finding) for finding in message.findings],
            questions=[ImportQuestion.from_proto(question) for question in message.questions],
            review=Review(message.review or pb.REVIEW_WHEN_NEW),
            plan=ImportPlan.from_proto(message.plan) if message.HasField("plan") else None,
            format_id=strawberry.ID(message.format_id) if message.format_id else None,
            summary=AccountSummary.from_proto(message.summary) if message.HasField("summary") else None,
            proof=Proof(message.proof) if message.proof else None,
            gaps=[ImportGap.from_proto(gap, code) for gap in message.gaps],
            from_date=date_of(message.from_date),
            to_date=date_of(message.to_date),
            opening=maybe_money(message.opening_minor if message.HasField("opening_minor") else None, code),
            closing=maybe_money(message.closing_minor if message.HasField("closing_minor") else None, code),
            proposed_opening=_proposal(message),
            account_number=message.account_number or None,
            failure_code=ImportFailureCode(message.failure_code) if message.failure_code else None,
            failure=message.failure or None,
            request_id=message.request_id,
            create_time=time_of(message.create_time),
            finish_time=time_of(message.finish_time) if message.HasField("finish_time") else None,
            account_id=message.account_id,
            repeats_id=message.repeats_import_id,
        )


def _proposal(message: pb.Import) -> OpeningProposal | None:
    if not message.HasField("proposed_opening"):
        return None
    return OpeningProposal.from_proto(message.proposed_opening, message.currency_code)


async def find_import(info: Info, import_id: str) -> Import | None:
    """None for a missing one, somebody else's, and an empty id."""
    found = await info.context.loaders.imports.load(import_id) if import_id else None
    return Import.from_proto(found) if found else None


@strawberry.input(description="Both fields narrow; one that is left out does not.")
class ImportFilter:
    states: list[ImportState] | None = strawberry.field(default=None, description="Any of them; an empty list is all.")
    account_id: strawberry.ID | None = strawberry.field(
        default=None, description="Of the viewer's imports; an account's own are narrowed to it already."
    )


@strawberry.type
class ImportEdge:
    cursor: str
    node: Import


@strawberry.type
class ImportConnection:
    nodes: list[Import]
    page_info: PageInfo
    total_count: int | None
    cursors: strawberry.Private[list[str]]

    @strawberry.field
    def edges(self) -> list[ImportEdge]:
        return [ImportEdge(cursor=cursor, node=node) for cursor, node in zip(self.cursors, self.nodes, strict=True)]

    @classmethod
    def from_proto(cls, message: pb.ListImportsResponse, page: Page) -> Self:
        cursors = list(message.page_tokens)
        return cls(
            nodes=[Import.from_proto(one) for one in message.imports],
            page_info=page.info(cursors, more=bool(message.next_page_token)),
            total_count=message.total_count if message.HasField("total_count") else None,
            cursors=cursors,
        )


async def list_imports(info: Info, page: Page, account_id: str, filter: ImportFilter | None) -> ImportConnection:  # noqa: A002
    """Newest first; an empty `account_id` is all of the caller's. Raises InvalidArgument for a filter of another."""
    narrowing = filter or ImportFilter()
    request = pb.ListImportsRequest(
        account_id=_account_of(account_id, narrowing),
        states=[pb.ImportState.ValueType(state.value) for state in narrowing.states or ()],
        page_size=page.size,
        page_token=page.cursor,
        with_total_count=selects(info, "totalCount"),
    )
    async with info.context.turns:
        return ImportConnection.from_proto(await info.context.clients.imports.ListImports(request), page)


def _account_of(account_id: str, narrowing: ImportFilter) -> str:
    asked = narrowing.account_id
    if asked is None:
        return account_id
    if not asked or (account_id and asked != account_id):  # an empty one would be every account to txn_svc
        raise InvalidArgument("`accountId` names another account.", reason="INVALID_FILTER")
    return asked
