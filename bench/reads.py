"""`read`: a page far down a long list against its first page, a summary of many rows against one of few."""

import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from statistics import quantiles

from google.protobuf.message import Message

from bench.ground import Ground
from bench.imports import Loaded
from bench.processes import NotRight
from bench.product import Product
from bench.report import say
from bench.rounds import Figure, Goal, Result, side_by_side
from bench.rows import Statement
from protos.txn.v1 import txn_pb2

ROWS, FEW_ROWS = 10_000_000, 10_000
DEEP_ROW = 1_000_000
PAGE, WALK_PAGE = 50, 100
ROUNDS, CALLS = 5, 200
YEAR = txn_pb2.MonthRange(from_month="2024-01", until_month="2024-12")
DEEP, LARGE = Goal(1.3), Goal(1.5)
NOTE = (
    "Calls over gRPC to a real txn_svc with a person's token, the two in turn, 200 of each in every round; every answer"
    " is compared byte for byte with the first."
)

Call = Callable[[], Awaitable[Message]]


async def run(ground: Ground, product: Product, loaded: Loaded | None, rows: int = ROWS) -> list[Result]:
    """`loaded` may already hold the first half of the rows."""
    large, few = await _fill(ground, product, loaded, rows)
    ground.settle(product.urls)
    deep_row = min(DEEP_ROW, rows // 2)
    page, summary = partial(_page, product, large), partial(_summary, product)
    deep = await _token_at(product, large, deep_row)
    return [
        *await _in_turn(
            "page of 50 transactions",
            {f"at row {deep_row:,}": partial(page, PAGE, deep), "at row 1": partial(page, PAGE)},
            DEEP,
        ),
        *await _in_turn(
            "summary of 12 months",
            {f"of {rows:,} rows": partial(summary, large), f"of {FEW_ROWS:,} rows": partial(summary, few)},
            LARGE,
        ),
    ]


async def _fill(ground: Ground, product: Product, loaded: Loaded | None, rows: int) -> tuple[str, str]:
    """An account of so many rows, two files of one half each, and one of few."""
    half, path = rows // 2, ground.folder / "half.csv"
    ground.require_room(rows)
    async with product.importer() as importer:
        few, large = await product.open_account(), await product.open_account()
        await importer.take(few, path, Statement(FEW_ROWS).write(path))
        if loaded is not None and loaded.count == half:
            large, totals = loaded.account_id, loaded.totals
        else:
            totals = Statement(half).write(path)
            await importer.take(large, path, totals)
        say(f"an account of {half:,} rows, and as many again")
        await importer.take(large, path, totals.and_also(Statement(half, number=1).write(path)))
    path.unlink()
    return large, few


async def _token_at(product: Product, account_id: str, row: int) -> str:
    """The token of the page that begins after so many rows, reached as a reader reaches it: page by page."""
    token = ""
    for _ in range(row // WALK_PAGE):
        token = (await _page(product, account_id, WALK_PAGE, token)).next_page_token
    if not token:
        raise NotRight(f"The list ends before row {row:,}.")
    return token


async def _page(product: Product, account_id: str, size: int, token: str = "") -> txn_pb2.ListTransactionsResponse:
    request = txn_pb2.ListTransactionsRequest(account_ids=[account_id], page_size=size, page_token=token)
    return await product.transactions.ListTransactions(request, metadata=product.who)


async def _summary(product: Product, account_id: str) -> txn_pb2.GetSummaryResponse:
    request = txn_pb2.GetSummaryRequest(account_id=account_id, months=YEAR)
    return await product.accounts.GetSummary(request, metadata=product.who)


async def _in_turn(bench: str, calls: Mapping[str, Call], goal: Goal) -> list[Result]:
    """Two calls A B A B, after a round that is not counted: the medians compared, and what one in a hundred takes."""
    expected = {name: await call() for name, call in calls.items()}
    medians: dict[str, list[float]] = {name: [] for name in calls}
    slow: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(ROUNDS + 1):
        taken: dict[str, list[float]] = {name: [] for name in calls}
        for _ in range(CALLS):
            for name, call in calls.items():
                started = time.perf_counter()
                answer = await call()
                taken[name].append((time.perf_counter() - started) * 1000)
                if answer != expected[name]:
                    raise NotRight(f"The {bench} {name} is another one than at first.")
        for name in calls if number else ():
            percentiles = quantiles(taken[name], n=100)
            medians[name].append(percentiles[49])
            slow[name].append(percentiles[98])
    (first, first_taken), (second, second_taken) = medians.items()
    title = f"{bench}, {first} ÷ {second}"
    return [
        side_by_side(f"{title}, p50", "ms", (first, first_taken), (second, second_taken), goal, NOTE),
        Result(f"{title}, p99", "ms", tuple(Figure.of(name, taken) for name, taken in slow.items()), ROUNDS),
    ]
