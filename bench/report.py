"""The results as a table for people, and as JSON; the latest of each comparison is kept."""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.rounds import Figure, Goal, Result
from local.postgres import BINARIES

RESULTS = Path(__file__).parent / "results"
# Some is said beside a median that is a few digits long; more would only be noise.
EXACT_BELOW = 100


def say(text: str) -> None:
    """How far it is, for whoever waits: beside the results."""
    print(text, file=sys.stderr, flush=True)


def machine() -> str:
    """One line: what the figures hold for."""
    version = subprocess.run([BINARIES / "postgres", "--version"], check=True, capture_output=True, text=True).stdout
    postgres = version.replace("postgres (PostgreSQL)", "PostgreSQL").strip()
    python = f"Python {platform.python_version()}"
    return f"{os.cpu_count()} cores ({_processor()}, {platform.machine()}), {python}, {postgres} with its own settings"


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def keep(results: Sequence[Result]) -> str:
    """Writes bench/results, where what another run has measured on this machine stays; the table."""
    RESULTS.mkdir(exist_ok=True)
    latest = RESULTS / "latest.json"
    all_of_them = {result.bench: result for result in (*_earlier(latest), *results)}.values()
    kept = {"machine": machine(), "results": [_as_json(result) for result in all_of_them]}
    latest.write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n")
    (RESULTS / "latest.md").write_text(table(all_of_them))
    return table(results)


def _as_json(result: Result) -> dict[str, Any]:
    return asdict(result) | {"holds": result.holds}


def _earlier(latest: Path) -> list[Result]:
    known = json.loads(latest.read_text()) if latest.exists() else {}
    if known.get("machine") != machine():
        return []
    return [_from_json(result) for result in known["results"]]


def _from_json(known: dict[str, Any]) -> Result:
    goal = Goal(**known["goal"]) if known["goal"] else None
    figures = tuple(Figure(**figure) for figure in known["figures"])
    values = {name: value for name, value in known.items() if name not in {"goal", "figures", "holds"}}
    return Result(figures=figures, goal=goal, **values)


def table(results: Iterable[Result]) -> str:
    lines = [f"Measured on {machine()}.", "Medians, with least and most of the rounds.", ""]
    lines += ["| comparison | rounds | figures | ratio | goal | holds |", "|---|---|---|---|---|---|"]
    lines += [_row(result) for result in results]
    notes = dict.fromkeys(result.note for result in results if result.note and result.figures)
    return "\n\n".join(["\n".join(lines), *notes]) + "\n"


def _row(result: Result) -> str:
    figures = " · ".join(_figure(figure, result.unit) for figure in result.figures)
    ratio = "" if result.ratio is None else f"{result.ratio:.3f}"
    goal = "" if result.goal is None else f"{'≥' if result.goal.at_least else '≤'} {_shown(result.goal.limit)}"
    holds = {None: "", True: "yes", False: "**no**"}[result.holds]
    return f"| {result.bench} | {result.rounds} | {figures or result.note} | {ratio} | {goal} | {holds} |"


def _figure(figure: Figure, unit: str) -> str:
    spread = f" ({_shown(figure.least)}–{_shown(figure.most)})" if figure.least < figure.most else ""
    return f"{figure.name} {_shown(figure.median)}{spread} {unit}"


def _shown(value: float) -> str:
    return f"{value:,.0f}" if value >= EXACT_BELOW else f"{value:.3g}"
