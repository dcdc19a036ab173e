"""The bff over real HTTP, with small real gRPC services behind it that answer as they are told."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import grpc
import httpx2
from google.protobuf.timestamp_pb2 import Timestamp

from bff.app import create_app
from bff.clients import open_clients
from bff.server import serve_app
from bff.settings import BffSettings
from protos.txn.v1 import txn_pb2 as pb
from protos.txn.v1 import txn_pb2_grpc as txn
from protos.user.v1 import user_pb2
from protos.user.v1 import user_pb2_grpc as user
from runtime import call
from runtime.ids import to_id
from runtime.refusals import InvalidArgument, NotFound
from runtime.rpc.server import RpcServerSettings, serve_rpc
from runtime.tokens import open_verifier
from tests.service.tokens import WEB_CLIENT, Issuer
from tests.service.users import UserSvc, new_subject

TXN_SERVICES = (
    "txn.v1.AccountService",
    "txn.v1.TransactionService",
    "txn.v1.ImportService",
    "txn.v1.DownloadService",
)
USER_SERVICES = ("user.v1.UserService",)
CREATED = Timestamp()
CREATED.FromDatetime(datetime(2026, 7, 1, 12, 0, tzinfo=UTC))
ANN = "sub-ann"
BOB = "sub-bob"
TICKET = "t" * 43


def some_id(prefix: str, name: str) -> str:
    return to_id(prefix, uuid5(NAMESPACE_URL, name))


def account(subject: str, number: int, currency: str = "USD") -> pb.Account:
    return pb.Account(
        id=some_id("acct", f"{subject}/{number}"),
        name=f"{subject} {number}",
        kind=pb.ACCOUNT_KIND_DEBIT,
        currency_code=currency,
        access=pb.ACCESS_OWNER,
        balance_minor=3974,
        opening_balance_minor=100_000,
        opening_date="" if number else "2026-11-20",
        initial_balance_minor=102_046,
        create_time=CREATED,
    )


def summary(currency: str = "USD") -> pb.Summary:
    month = pb.MonthSummary(
        month="2026-07",
        transaction_count=2,
        credit_count=1,
        debit_count=1,
        credit_total_minor=6050,
        debit_total_minor=-1030,
        average_credit_minor=6050,
        average_debit_minor=-1030,
        closing_balance_minor=5020,
    )
    return pb.Summary(
        currency_code=currency,
        balance_minor=3974,
        transaction_count=4,
        credit_count=2,
        debit_count=2,
        credit_total_minor=7050,
        debit_total_minor=-3076,
        average_credit_minor=3525,
        average_debit_minor=-1538,
        months=[month],
    )


def transactions(account_id: str, count: int) -> list[pb.Transaction]:
    return [
        pb.Transaction(
            id=some_id("txn", f"{account_id}/{number}"),
            account_id=account_id,
            booked_on="2026-07-15",
            amount_minor=6050 - number,
            currency_code="USD",
            description=f"row {number}",
            import_id=some_id("imp", account_id),
            line=number + 2,
        )
        for number in range(count)
    ]


@dataclass
class Peer:
    """What a service was asked, and how it behaves: `gates` hold a method until set, `failures` are raised by it."""

    calls: Counter[str] = field(default_factory=Counter)
    requests: dict[str, list[Any]] = field(default_factory=dict)
    seen: list[call.Call] = field(default_factory=list)
    entered: asyncio.Event = field(default_factory=asyncio.Event)
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)
    gates: dict[str, asyncio.Event] = field(default_factory=dict)
    failures: dict[str, Exception] = field(default_factory=dict)

    async def enter(self, method: str, request: Any) -> str:
        """The subject of the caller."""
        await self.enter_public(method, request)
        return call.person().subject

    async def enter_public(self, method: str, request: Any) -> None:
        self.calls[method] += 1
        self.requests.setdefault(method, []).append(request)
        self.seen.append(call.current())
        self.entered.set()
        if method in self.gates:
            try:
                await self.gates[method].wait()
            except asyncio.CancelledError:
                self.cancelled.set()
                raise
        if method in self.failures:
            raise self.failures[method]


class Users(user.UserServiceServicer, Peer):
    def __init__(self) -> None:
        Peer.__init__(self)
        self.registered: dict[str, user_pb2.User] = {}

    def register(self, subject: str) -> user_pb2.User:
        return self.registered.setdefault(
            subject,
            user_pb2.User(
                id=some_id("user", subject),
                subject=subject,
                email=f"{subject}@example.com",
                email_state=user_pb2.EMAIL_STATE_DELIVERABLE,
                display_name=subject,
                locale="en-US",
                time_zone="UTC",
                create_time=CREATED,
            ),
        )

    async def GetUser(self, request: Any, context: Any) -> user_pb2.GetUserResponse:
        subject = await self.enter("GetUser", request)
        if subject not in self.registered:
            raise NotFound("There is no such user.", reason="USER_NOT_FOUND")
        return user_pb2.GetUserResponse(user=self.registered[subject])

    async def EnsureUser(self, request: Any, context: Any) -> user_pb2.EnsureUserResponse:
        return user_pb2.EnsureUserResponse(user=self.register(await self.enter("EnsureUser", request)))

    async def BatchGetUsers(self, request: Any, context: Any) -> user_pb2.BatchGetUsersResponse:
        subject = await self.enter("BatchGetUsers", request)
        own = self.registered.get(subject)
        results = [
            user_pb2.BatchGetUsersResult(key=key, user=own if own and own.id == key else None)
            for key in request.user_ids
        ]
        return user_pb2.BatchGetUsersResponse(results=results)

    async def UpdateUser(self, request: Any, context: Any) -> user_pb2.UpdateUserResponse:
        subject = await self.enter("UpdateUser", request)
        if subject not in self.registered:
            raise NotFound("There is no such user.", reason="USER_NOT_FOUND")
        if "time_zone" in request.update_mask.paths and request.user.time_zone == "Mars/Olympus":
            reason = {"user.time_zone": "must be an IANA time zone"}
            raise InvalidArgument("There is no such time zone.", reason="INVALID_TIME_ZONE", fields=reason)
        request.update_mask.MergeMessage(request.user, self.registered[subject])
        return user_pb2.UpdateUserResponse(user=self.registered[subject])


async def download() -> AsyncIterator[pb.DownloadResponse]:
    yield pb.DownloadResponse(file_name="daily.csv", media_type="text/csv; charset=utf-8", data=b"date,")
    yield pb.DownloadResponse(data=b"description,")
    yield pb.DownloadResponse(data=b"amount\n")


class Txns(
    txn.AccountServiceServicer,
    txn.TransactionServiceServicer,
    txn.ImportServiceServicer,
    txn.DownloadServiceServicer,
    Peer,
):
    """Everybody has `accounts` accounts with `rows` transactions, figures of `months` months and `periods` of coverage
    each, and one import into each; `imports` are those that stand for such a one, by its id."""

    def __init__(self) -> None:
        Peer.__init__(self)
        self.accounts = 3
        self.rows = 20
        self.months = 1
        self.periods = 1
        self.currencies = ["USD"]
        self.import_rows: list[pb.ImportRow] = []
        self.imports: dict[str, pb.Import] = {}
        self.formats: list[pb.StatementFormat] = []
        self.is_claimed = False
        self.download: Callable[[], AsyncIterator[pb.DownloadResponse]] = download
        self.download_metadata: list[str] = []

    def owned(self, subject: str) -> dict[str, pb.Account]:
        currencies = self.currencies
        every = (account(subject, n, currencies[n % len(currencies)]) for n in range(self.accounts))
        return {one.id: one for one in every}

    async def ListAccounts(self, request: Any, context: Any) -> pb.ListAccountsResponse:
        subject = await self.enter("ListAccounts", request)
        return pb.ListAccountsResponse(accounts=[_viewed(one, request.view) for one in self.owned(subject).values()])

    async def BatchGetAccounts(self, request: Any, context: Any) -> pb.BatchGetAccountsResponse:
        owned = self.owned(await self.enter("BatchGetAccounts", request))
        results = [
            pb.BatchGetAccountsResult(account_id=i, account=_viewed(owned[i], request.view) if i in owned else None)
            for i in request.account_ids
        ]
        return pb.BatchGetAccountsResponse(results=results)

    async def BatchGetSummaries(self, request: Any, context: Any) -> pb.BatchGetSummariesResponse:
        owned = self.owned(await self.enter("BatchGetSummaries", request))
        results = [
            pb.BatchGetSummariesResult(account_id=i, summary=self._summary(owned[i]) if i in owned else None)
            for i in request.account_ids
        ]
        return pb.BatchGetSummariesResponse(results=results)

    async def BatchListCoverage(self, request: Any, context: Any) -> pb.BatchListCoverageResponse:
        owned = self.owned(await self.enter("BatchListCoverage", request))
        period = pb.CoveragePeriod(from_date="2026-07-01", to_date="2026-07-31", proof=pb.PROOF_BALANCES_MATCH)
        coverage = pb.ListCoverageResponse(periods=[period] * self.periods)
        results = [
            pb.BatchListCoverageResult(account_id=i, coverage=coverage if i in owned else None)
            for i in request.account_ids
        ]
        return pb.BatchListCoverageResponse(results=results)

    def _summary(self, one: pb.Account) -> pb.Summary:
        made = summary(one.currency_code)
        made.months.extend([made.months[0]] * (self.months - 1))
        return made

    async def OpenAccount(self, request: Any, context: Any) -> pb.OpenAccountResponse:
        subject = await self.enter("OpenAccount", request)
        opened = account(subject, 99, request.currency_code)
        opened.name = request.name
        opened.opening_balance_minor = opened.balance_minor = request.opening_balance_minor
        opened.opening_date = request.opening_date
        return pb.OpenAccountResponse(account=opened)

    async def UpdateAccount(self, request: Any, context: Any) -> pb.UpdateAccountResponse:
        updated = self._owned(await self.enter("UpdateAccount", request), request.account.id)
        request.update_mask.MergeMessage(request.account, updated)
        return pb.UpdateAccountResponse(account=updated)

    async def CloseAccount(self, request: Any, context: Any) -> pb.CloseAccountResponse:
        closed = self._owned(await self.enter("CloseAccount", request), request.account_id)
        closed.close_time.CopyFrom(CREATED)
        return pb.CloseAccountResponse(account=closed)

    async def ReopenAccount(self, request: Any, context: Any) -> pb.ReopenAccountResponse:
        reopened = self._owned(await self.enter("ReopenAccount", request), request.account_id)
        return pb.ReopenAccountResponse(account=reopened)

    def _owned(self, subject: str, account_id: str) -> pb.Account:
        owned = self.owned(subject)
        if account_id not in owned:
            raise NotFound("There is no such account.", reason="ACCOUNT_NOT_FOUND")
        return owned[account_id]

    async def RecordTransaction(self, request: Any, context: Any) -> pb.RecordTransactionResponse:
        await self.enter("RecordTransaction", request)
        recorded = pb.Transaction(
            id=some_id("txn", request.idempotency_key),
            account_id=request.account_id,
            booked_on=request.booked_on,
            amount_minor=request.amount_minor,
            currency_code=request.currency_code,
            description=request.description,
            category=request.category,
            note=request.note,
        )
        return pb.RecordTransactionResponse(transaction=recorded)

    async def UpdateTransactions(self, request: Any, context: Any) -> pb.UpdateTransactionsResponse:
        known = self._transactions(await self.enter("UpdateTransactions", request))
        if not all(i in known for i in request.transaction_ids):
            raise NotFound("There is no such transaction.", reason="TRANSACTION_NOT_FOUND")
        updated = [known[i] for i in request.transaction_ids]
        for one in updated:
            one.category = request.category if request.HasField("category") else one.category
            one.note = request.note if request.HasField("note") else one.note
        return pb.UpdateTransactionsResponse(transactions=updated)

    async def DeleteTransaction(self, request: Any, context: Any) -> pb.DeleteTransactionResponse:
        known = self._transactions(await self.enter("DeleteTransaction", request))
        left = known[request.transaction_id] if self.is_claimed else None
        return pb.DeleteTransactionResponse(transaction=left)

    def _transactions(self, subject: str) -> dict[str, pb.Transaction]:
        return {row.id: row for one in self.owned(subject) for row in transactions(one, self.rows)}

    async def BatchListTransactions(self, request: Any, context: Any) -> pb.BatchListTransactionsResponse:
        owned = self.owned(await self.enter("BatchListTransactions", request))
        results = [
            pb.BatchListTransactionsResult(account_id=i, page=self._page(i, request) if i in owned else None)
            for i in request.account_ids
        ]
        return pb.BatchListTransactionsResponse(results=results)

    async def ListTransactions(self, request: Any, context: Any) -> pb.ListTransactionsResponse:
        owned = self.owned(await self.enter("ListTransactions", request))
        if request.page_token and not request.page_token.startswith("token-"):
            fields = {"page_token": "not a token of this list"}
            raise InvalidArgument("This is not a page of this list.", reason="INVALID_PAGE_TOKEN", fields=fields)
        return self._page((*request.account_ids, *owned)[0], request)

    def _page(self, account_id: str, request: Any) -> pb.ListTransactionsResponse:
        rows = transactions(account_id, self.rows)[: request.page_size or 50]
        return pb.ListTransactionsResponse(
            transactions=rows,
            page_tokens=[f"token-{number}" for number in range(len(rows))],
            next_page_token=f"token-{len(rows) - 1}" if len(rows) < self.rows else "",
            total_count=self.rows if request.with_totals else None,
            total_minor=12345 if request.with_totals else None,
            total_currency_code="USD",
        )

    async def BatchGetTransactions(self, request: Any, context: Any) -> pb.BatchGetTransactionsResponse:
        known = self._transactions(await self.enter("BatchGetTransactions", request))
        results = [
            pb.BatchGetTransactionsResult(transaction_id=i, transaction=known.get(i)) for i in request.transaction_ids
        ]
        return pb.BatchGetTransactionsResponse(results=results)

    def _import(self, account_id: str) -> pb.Import:
        import_id = some_id("imp", account_id)
        if import_id in self.imports:
            return self.imports[import_id]
        return pb.Import(
            id=import_id,
            account_id=account_id,
            state=pb.IMPORT_STATE_COMPLETED,
            file_name="brief.csv",
            size_bytes=71,
            row_count=4,
            imported_count=4,
            findings=[
                pb.ImportFinding(
                    property=pb.STATEMENT_PROPERTY_YEAR,
                    basis=pb.FINDING_BASIS_ASSUMPTION,
                    value="2026",
                    message="The dates have no year.",
                    lines=[2, 5],
                )
            ],
            summary=summary(),
            request_id="req-1",
            create_time=CREATED,
            finish_time=CREATED,
        )

    async def BatchGetImports(self, request: Any, context: Any) -> pb.BatchGetImportsResponse:
        owned = self.owned(await self.enter("BatchGetImports", request))
        known = {one.id: one for one in map(self._import, owned)}
        results = [pb.BatchGetImportsResult(import_id=i, statement_import=known.get(i)) for i in request.import_ids]
        return pb.BatchGetImportsResponse(results=results)

    async def ListImports(self, request: Any, context: Any) -> pb.ListImportsResponse:
        owned = self.owned(await self.enter("ListImports", request))
        imports = [self._import(one) for one in ([request.account_id] if request.account_id else owned)]
        return pb.ListImportsResponse(
            imports=imports[: request.page_size],
            page_tokens=[f"token-{number}" for number in range(len(imports[: request.page_size]))],
            next_page_token="token-more" if len(imports) > request.page_size else "",
            total_count=len(imports) if request.with_total_count else None,
        )

    async def ListImportRows(self, request: Any, context: Any) -> pb.ListImportRowsResponse:
        await self.enter("ListImportRows", request)
        rows = self.import_rows
        tokens = [f"token-{row.line}" for row in rows]
        return pb.ListImportRowsResponse(rows=rows, page_tokens=tokens, total_count=len(rows))

    async def StartImport(self, request: Any, context: Any) -> pb.StartImportResponse:
        owned = self.owned(await self.enter("StartImport", request))
        if request.account_id not in owned:
            raise NotFound("There is no such account.", reason="ACCOUNT_NOT_FOUND", fields={"account_id": "not found"})
        started = self._import(request.account_id)
        started.state = pb.IMPORT_STATE_AWAITING_UPLOAD
        started.upload.url = "https://uploads.example.com/"
        started.upload.fields.add(name="key", value=f"imports/{started.id}")
        started.upload.expire_time.CopyFrom(CREATED)
        started.upload.max_size_bytes = 10_000_000
        return pb.StartImportResponse(statement_import=started)

    async def AnswerImport(self, request: Any, context: Any) -> pb.AnswerImportResponse:
        await self.enter("AnswerImport", request)
        answered = self._in_state(request, pb.IMPORT_STATE_PLANNING)
        del answered.questions[:]
        return pb.AnswerImportResponse(statement_import=answered)

    async def ListStatementFormats(self, request: Any, context: Any) -> pb.ListStatementFormatsResponse:
        await self.enter("ListStatementFormats", request)
        return pb.ListStatementFormatsResponse(formats=self.formats)

    async def DecideImportRow(self, request: Any, context: Any) -> pb.DecideImportRowResponse:
        await self.enter("DecideImportRow", request)
        return pb.DecideImportRowResponse(statement_import=self.imports[request.import_id])

    async def CommitImport(self, request: Any, context: Any) -> pb.CommitImportResponse:
        await self.enter("CommitImport", request)
        return pb.CommitImportResponse(statement_import=self._in_state(request, pb.IMPORT_STATE_COMMITTING))

    async def DiscardImport(self, request: Any, context: Any) -> pb.DiscardImportResponse:
        await self.enter("DiscardImport", request)
        return pb.DiscardImportResponse(statement_import=self._in_state(request, pb.IMPORT_STATE_DISCARDED))

    async def PreviewRevert(self, request: Any, context: Any) -> pb.PreviewRevertResponse:
        await self.enter("PreviewRevert", request)
        keepers = [
            pb.RevertKeeper(import_id=some_id("imp", account(ANN, 1).id), file_name="brief.csv", count=2),
            pb.RevertKeeper(count=1),
        ]
        preview = pb.RevertPreview(
            digest="e" * 64,
            remove_count=1,
            keep_count=3,
            edited_count=1,
            currency_code="USD",
            balance_before_minor=3974,
            balance_after_minor=-2076,
            keepers=keepers,
        )
        return pb.PreviewRevertResponse(preview=preview)

    async def RevertImport(self, request: Any, context: Any) -> pb.RevertImportResponse:
        await self.enter("RevertImport", request)
        return pb.RevertImportResponse(statement_import=self._in_state(request, pb.IMPORT_STATE_REVERTING))

    async def RepeatImport(self, request: Any, context: Any) -> pb.RepeatImportResponse:
        subject = await self.enter("RepeatImport", request)
        repeated = self._import(request.account_id or next(iter(self.owned(subject))))
        repeated.id, repeated.repeats_import_id = some_id("imp", "repeated"), request.import_id
        repeated.state = pb.IMPORT_STATE_PLANNING
        return pb.RepeatImportResponse(statement_import=repeated)

    def _in_state(self, request: Any, state: pb.ImportState.ValueType) -> pb.Import:
        changed = self.imports[request.import_id]
        changed.state = state
        return changed

    async def CreateDownload(self, request: Any, context: Any) -> pb.CreateDownloadResponse:
        await self.enter("CreateDownload", request)
        return pb.CreateDownloadResponse(ticket=TICKET, expire_time=CREATED)

    async def Download(self, request: Any, context: Any) -> Any:
        await self.enter_public("Download", request)
        self.download_metadata = [key for key, _ in context.invocation_metadata()]
        async for message in self.download():
            yield message

    async def WatchImports(self, request: Any, context: Any) -> Any:  # pragma: no cover - the bff does not call it yet
        raise NotImplementedError
        yield

    GetAccount = GetSummary = VerifyAccount = ExportTransactions = ExportImport = WatchImports
    BatchGetStoredObjects = WatchImports


def _viewed(one: pb.Account, view: int) -> pb.Account:
    seen = pb.Account()
    seen.CopyFrom(one)
    if view == pb.ACCOUNT_VIEW_FULL:
        seen.ledger_digest = "d" * 64
    return seen


@dataclass
class Stage:
    """A running bff; `url` is its own, `users` and `txns` what stands behind it."""

    url: str
    issuer: Issuer
    users: Users
    txns: Txns
    client: httpx2.AsyncClient
    settings: BffSettings

    def headers(self, subject: str = ANN) -> dict[str, str]:
        return {"authorization": f"Bearer {self.issuer.token(subject)}"}

    async def post(self, content: bytes | str, **headers: str) -> httpx2.Response:
        """Exactly this body, as JSON unless told otherwise."""
        everything = {"content-type": "application/json", **self.headers(), **headers}
        return await self.client.post("/graphql", content=content, headers=everything)

    async def ask(
        self,
        query: str,
        variables: dict[str, Any] | None = None,
        subject: str = ANN,
        headers: Mapping[str, str] | None = None,
    ) -> httpx2.Response:
        document = {"query": query, "variables": variables}
        return await self.client.post("/graphql", json=document, headers={**self.headers(subject), **(headers or {})})

    async def data(self, query: str, variables: dict[str, Any] | None = None, subject: str = ANN) -> Any:
        """The data of an answer that must be without errors."""
        answer = (await self.ask(query, variables, subject)).json()
        assert "errors" not in answer, answer
        return answer["data"]

    def asked(self) -> Counter[str]:
        return self.users.calls + self.txns.calls


@asynccontextmanager
async def open_stage(**changes: Any) -> AsyncIterator[Stage]:
    """A bff of the development profile and its peers, each on a free port."""
    users, txns = Users(), Txns()  # type: ignore[abstract]  # bff asks for nothing else

    def register_users(server: grpc.aio.Server) -> None:
        user.add_UserServiceServicer_to_server(users, server)

    def register_txns(server: grpc.aio.Server) -> None:
        txn.add_AccountServiceServicer_to_server(txns, server)
        txn.add_TransactionServiceServicer_to_server(txns, server)
        txn.add_ImportServiceServicer_to_server(txns, server)
        txn.add_DownloadServiceServicer_to_server(txns, server)

    rpc = RpcServerSettings(environment="local", rpc_bind="127.0.0.1:0", drain_seconds=0.1, rpc_max_concurrent=2000)
    async with AsyncExitStack() as stack:
        issuer = stack.enter_context(Issuer())
        verifier = await stack.enter_async_context(open_verifier(issuer.settings()))
        user_svc = await stack.enter_async_context(serve_rpc(rpc, verifier.verify, register_users, USER_SERVICES))
        txn_svc = await stack.enter_async_context(serve_rpc(rpc, verifier.verify, register_txns, TXN_SERVICES))
        settings = bff_settings(
            issuer,
            **{
                "user_svc_address": f"127.0.0.1:{user_svc.port}",
                "txn_svc_address": f"127.0.0.1:{txn_svc.port}",
                **changes,
            },
        )
        clients = await stack.enter_async_context(open_clients(settings))
        app = create_app(settings, verifier.verify, clients)
        port = await stack.enter_async_context(serve_app(app, settings))
        url = f"http://127.0.0.1:{port}"
        client = await stack.enter_async_context(httpx2.AsyncClient(base_url=url, timeout=20))
        yield Stage(url, issuer, users, txns, client, settings)


class Person:
    """Somebody signed in, and their way to a bff before real services."""

    def __init__(self, client: httpx2.AsyncClient, issuer: Issuer) -> None:
        self.subject = new_subject()
        self.client = client
        self._headers = {"authorization": f"Bearer {issuer.token(self.subject)}"}

    async def ask(self, query: str, **variables: Any) -> httpx2.Response:
        document = {"query": query, "variables": variables}
        return await self.client.post("/graphql", json=document, headers=self._headers)

    async def data(self, query: str, **variables: Any) -> Any:
        answer = (await self.ask(query, **variables)).json()
        assert "errors" not in answer, answer
        return answer["data"]

    async def open_account(self, **changes: Any) -> str:
        query = """mutation ($input: AccountOpenInput!) { accountOpen(input: $input) { account { id } } }"""
        given = {"name": "Daily", "kind": "DEBIT", "currencyCode": "USD", **changes}
        return str((await self.data(query, input=given))["accountOpen"]["account"]["id"])


@asynccontextmanager
async def open_bff(users: UserSvc, txn_port: int) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of a bff before a real user_svc and txn_svc."""
    addresses = {"user_svc_address": f"127.0.0.1:{users.port}", "txn_svc_address": f"127.0.0.1:{txn_port}"}
    settings = bff_settings(users.issuer, **addresses)
    async with (
        open_verifier(settings) as verifier,
        open_clients(settings) as clients,
        serve_app(create_app(settings, verifier.verify, clients), settings) as port,
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as opened,
    ):
        yield opened


def bff_settings(issuer: Issuer, **changes: Any) -> BffSettings:
    known: dict[str, Any] = {
        "environment": "local",
        "http_bind": "127.0.0.1:0",
        "graphql_profile": "development",
        "issuer": issuer.settings().issuer,
        "jwks_url_override": issuer.jwks_url,
        "person_client_ids": issuer.settings().person_client_ids,
        "service_client_ids": issuer.settings().service_client_ids,
        "domain_url": issuer.url,
        "web_client_id": WEB_CLIENT,
        "user_requests_per_minute": 100_000,
        "address_requests_per_minute": 100_000,
        "drain_seconds": 1,
    }
    return BffSettings(**{**known, **changes})
