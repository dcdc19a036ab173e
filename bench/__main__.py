"""`make bench`: runs the comparisons on this machine, prints them, keeps the latest under bench/results/.

    python -m bench [tokens | import | read | outbox | notifier] [--rows N …] [--rounds N] [--padding N]

A run with other sizes than the usual ones is only printed.
"""

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence

from bench import events, imports, notifications, reads, report, tokens
from bench.ground import Ground, NoRoom, open_ground
from bench.processes import NotRight
from bench.product import open_product
from bench.rounds import Result
from bench.system import open_system

BENCHES = ("tokens", "import", "read", "outbox", "notifier")
SECONDS_MAX = 2 * 3600
INTERRUPTED = 130


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Without a name: all of them.")
    parser.add_argument("bench", nargs="?", choices=BENCHES)
    parser.add_argument("--rows", type=int, nargs="+", help="sizes of the files to import; rows of the list to read")
    parser.add_argument("--rounds", type=int, help="of each size to import; of outbox, of notifier")
    parser.add_argument("--padding", type=int, default=0, help="characters more in each description to import")
    options = parser.parse_args()
    results: list[Result] = []
    try:
        asyncio.run(_measure(options, results))
    except (NoRoom, NotRight, TimeoutError) as error:
        print(f"{report.table(results)}\nGiven up: {error or 'it took too long'}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, asyncio.CancelledError):
        return INTERRUPTED
    is_usual = options.rows is None and options.rounds is None and not options.padding
    print(report.keep(results) if is_usual else report.table(results))
    return 0


async def _measure(options: argparse.Namespace, results: list[Result]) -> None:
    this = asyncio.current_task()
    assert this is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, this.cancel)
    wanted = BENCHES if options.bench is None else (options.bench,)
    if "tokens" in wanted:
        results.append(await tokens.run())
    if {"import", "read"} & set(wanted):
        with open_ground() as ground:
            async with asyncio.timeout(SECONDS_MAX):
                await _measure_ledgers(ground, wanted, options, results)
    if {"outbox", "notifier"} & set(wanted):
        with open_ground() as ground:
            async with asyncio.timeout(SECONDS_MAX), open_system(ground) as system:
                if "outbox" in wanted:
                    results += await events.run(system, options.rounds or events.ROUNDS)
                if "notifier" in wanted:
                    results += await notifications.run(system, options.rounds or notifications.ROUNDS)


async def _measure_ledgers(
    ground: Ground, wanted: Sequence[str], options: argparse.Namespace, results: list[Result]
) -> None:
    """Each size of import on a product of its own; what the largest has left is the beginning of what is read."""
    sizes = sorted(options.rows or imports.SIZES) if "import" in wanted else [0]
    rows_read = 2 * sizes[-1] or (options.rows or [reads.ROWS])[-1]
    for rows in sizes:
        with ground.database(f"stori_{rows}") as urls:
            async with open_product(ground, urls) as product:
                loaded = None
                if rows:
                    rounds = options.rounds or imports.SIZES.get(rows, 1)
                    found, loaded = await imports.run(ground, product, rows, rounds, options.padding)
                    results += found
                if "read" in wanted and rows == sizes[-1]:
                    results += await reads.run(ground, product, loaded, rows_read)


if __name__ == "__main__":
    sys.exit(main())
