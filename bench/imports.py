"""`import`: a file from S3 to COMPLETED, beside others who fill the same table; the same file again; memory."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.ground import Ground
from bench.product import Importer, Product
from bench.report import say
from bench.rivals import NOT_INSTALLED, Copy, PgLoader, Rival, SqlAlchemy, write_ready
from bench.rounds import Figure, Goal, Result, side_by_side
from bench.rows import Statement, Totals

# Rows of a file, and rounds: so many that all of it takes less than half an hour on two cores.
SIZES = {10_000: 5, 1_000_000: 3, 5_000_000: 1}
RIVALS: dict[str, type[Rival]] = {"\\copy": Copy, "SQLAlchemy": SqlAlchemy, "pgloader": PgLoader}
WARM_UP_ROWS = 10_000
# From here on who takes minutes for a file takes it once.
LARGE_ROWS = 100_000
TO_COPY = Goal(0.4, at_least=True)
AGAIN = Goal(0.5)
MEMORY_MB = Goal(250)
NOTE = (
    "Stori: from the object stored in S3 (the emulator) to the COMPLETED import, over S3's event, the queue and the"
    " importer process: fetched, hashed, parsed, matched, with the account's summary right. The others load rows that"
    " are ready for the table (ids, identity and occurrence computed before): they neither parse nor hash nor match."
    " Same server (PostgreSQL's own settings, durable), same schema by the same migrations, each in a database of its"
    " own that grows with the rounds; every round fills a new account. After each of them its database is vacuumed and"
    " a checkpoint is taken; each has loaded 10,000 rows before what is counted. SQLAlchemy: insert(…).returning(id) in"
    " batches of 10,000, one transaction; without RETURNING it sends a statement for each row, and each of them fires"
    " the triggers. pgloader commits each of its batches, and its start is counted."
)


@dataclass(frozen=True)
class File:
    """A statement as a bank gives it, what comes of it, and the same rows as the others want them."""

    csv: Path
    totals: Totals
    ready: Path

    @classmethod
    def of(cls, statement: Statement, folder: Path) -> "File":
        csv = folder / f"{statement.count}.csv"
        ready = csv.with_suffix(".ready")
        write_ready(statement, ready)
        return cls(csv, statement.write(csv), ready)

    def remove(self) -> None:
        for path in (self.csv, self.ready):
            path.unlink(missing_ok=True)


@dataclass
class Taken:
    """What each round has taken, in seconds."""

    first: list[float] = field(default_factory=list)
    again: list[float] = field(default_factory=list)
    steps: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    rivals: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))


@dataclass(frozen=True)
class Loaded:
    """An account that holds Statement(count) alone."""

    account_id: str
    count: int
    totals: Totals


async def run(
    ground: Ground, product: Product, rows: int, rounds: int, padding: int = 0
) -> tuple[list[Result], Loaded]:
    """One size: the results, and what the last round has left."""
    ground.require_room(rows * (rounds + 1))
    warm_up, file = (File.of(Statement(count, padding=padding), ground.folder) for count in (WARM_UP_ROWS, rows))
    size_mb, taken = file.csv.stat().st_size / 1e6, Taken()
    with _rivals(ground, rows) as rivals:
        async with product.importer() as importer:
            await _round(ground, importer, rivals, warm_up, Taken())
            for number in range(rounds):
                those = [one for one in rivals if number < _rounds_of(one, rows, rounds)]
                account_id = await _round(ground, importer, those, file, taken)
            memory_mb = importer.process.most_memory_mb()
    for one in (warm_up, file):
        one.remove()
    bench = f"import of {rows:,} rows ({size_mb:,.1f} MB)"
    memory = Figure.of("VmHWM", [memory_mb])
    return [
        *_against_rivals(bench, rows, taken),
        *_alone(bench, rows, taken),
        Result(f"{bench}, most memory of the importer process", "MB", (memory,), 1, goal=MEMORY_MB),
    ], Loaded(account_id, rows, file.totals)


@contextmanager
def _rivals(ground: Ground, rows: int) -> Iterator[list[Rival]]:
    """Those who are here and take so many rows, each in a database of his own."""
    with ExitStack() as stack:
        yield [
            kind(name, stack.enter_context(ground.database(f"{kind.__name__.lower()}_{rows}")))
            for name, kind in RIVALS.items()
            if name not in NOT_INSTALLED and rows <= kind.rows_max
        ]


def _rounds_of(rival: Rival, rows: int, rounds: int) -> int:
    return rounds if isinstance(rival, Copy) or rows < LARGE_ROWS else 1


async def _round(ground: Ground, importer: Importer, rivals: Sequence[Rival], file: File, taken: Taken) -> str:
    """Stori, Stori with the same file again, then each of the others; the account that Stori has filled."""
    account_id = await importer.product.open_account()
    first = await importer.take(account_id, file.csv, file.totals)
    ground.settle(importer.product.urls)
    again = await importer.take(account_id, file.csv, file.totals)
    ground.settle(importer.product.urls)
    say(f"{file.csv.name}: Stori {first.seconds:.2f} s, again {again.seconds:.2f} s")
    taken.first.append(first.seconds)
    taken.again.append(again.seconds)
    for step, seconds in first.steps.items():
        taken.steps[step].append(seconds)
    for rival in rivals:
        seconds = await rival.fill(file.ready, file.totals)
        ground.settle(rival.urls)
        say(f"{file.csv.name}: {rival.name} {seconds:.2f} s")
        taken.rivals[rival.name].append(seconds)
    return account_id


def _against_rivals(bench: str, rows: int, taken: Taken) -> Iterator[Result]:
    for name, kind in RIVALS.items():
        theirs = [rows / seconds for seconds in taken.rivals[name]]
        ours = [rows / seconds for seconds in taken.first[: len(theirs)]]
        goal = TO_COPY if kind is Copy else None
        title = f"{bench} ÷ {name}"
        if theirs:
            yield side_by_side(title, "rows/s", ("Stori", ours), (name, theirs), goal, NOTE)
        else:
            why = NOT_INSTALLED.get(name, f"takes too long for more than {kind.rows_max:,} rows")
            yield Result(title, "", (), 0, note=f"not measured: {why}")


def _alone(bench: str, rows: int, taken: Taken) -> Iterator[Result]:
    again, first = ("again", taken.again), ("first", taken.first)
    yield side_by_side(f"{bench}, the same file again ÷ the first time", "s", again, first, AGAIN)
    seconds = tuple(Figure.of(step, spent) for step, spent in taken.steps.items())
    yield Result(f"{bench}, each step", "s", seconds, len(taken.first))
    speeds = tuple(Figure.of(step, [rows / each for each in spent]) for step, spent in taken.steps.items())
    yield Result(f"{bench}, each step alone", "rows/s", speeds, len(taken.first))
