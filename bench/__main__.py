"""`make bench`: runs every comparison on this machine, prints the ratios, keeps the latest under bench/results/."""

import asyncio
import json
import platform
from dataclasses import asdict
from pathlib import Path

from bench import tokens
from bench.rounds import Result

RESULTS = Path(__file__).parent / "results"


async def main() -> None:
    results = [await tokens.run()]
    RESULTS.mkdir(exist_ok=True)
    machine = f"{platform.machine()}, Python {platform.python_version()}"
    kept = {"machine": machine, "results": [asdict(result) for result in results]}
    (RESULTS / "latest.json").write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n")
    (RESULTS / "latest.md").write_text(table(results, machine))
    print(table(results, machine))


def table(results: list[Result], machine: str) -> str:
    lines = [f"Measured on {machine}; medians, with least and most of the rounds.", ""]
    lines += ["| comparison | figures | ratio | goal |", "|---|---|---|---|"]
    for result in results:
        figures = " · ".join(
            f"{f.name} {f.median:.1f} ({f.least:.1f}–{f.most:.1f}) {result.unit}" for f in result.figures
        )
        lines.append(f"| {result.bench} | {figures} | {result.ratio:.3f} | ≤ {result.goal:.3f} |")
    return "\n".join(lines) + "\n"


asyncio.run(main())
