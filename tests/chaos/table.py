"""What a run of the matrix gave, as the table of docs/reliability.md.

    python -m tests.chaos.table RESULTS.xml docs/reliability.md

replaces what stands between the two marks of the document.
"""

import re
import sys
import xml.etree.ElementTree as ET
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

from tests.chaos.points import Point
from tests.chaos.steps import MEANING, STEPS, VICTIMS

BEGIN, END = "<!-- matrix -->", "<!-- /matrix -->"
_NAME = re.compile(r"\[(?P<process>\w+):(?P<name>[\w.]+)-(?P<victim>\w+)-(?P<seed>\d+)\]$")

Results = dict[tuple[Point, str], list[bool]]


def read(path: Path) -> Results:
    """Of each cell whether each of its seeds has passed, from pytest's JUnit file."""
    found: Results = defaultdict(list)
    for case in ET.parse(path).iter("testcase"):
        name = _NAME.search(case.attrib["name"])
        if name is not None and case.find("skipped") is None:
            step = Point(name["process"], name["name"])
            found[step, name["victim"]].append(case.find("failure") is None and case.find("error") is None)
    return found


def table(results: Results, day: str) -> str:
    cells = sum(bool(seeds) for seeds in results.values())
    runs, passed = sum(map(len, results.values())), sum(map(sum, results.values()))
    lines = [
        f"{cells} cells, {runs} runs, {passed} passed; {day}.",
        "",
        f"| at | what is done | {' | '.join(VICTIMS)} |",
        f"|---|---|{'---|' * len(VICTIMS)}",
    ]
    for step in STEPS:
        outcomes = [_outcome(results.get((step, victim), [])) for victim in VICTIMS]
        lines.append(f"| {step.process} `{step.name}` | {MEANING[step.name]} | {' | '.join(outcomes)} |")
    return "\n".join(lines)


def _outcome(seeds: list[bool]) -> str:
    if not seeds:
        return ""
    return f"{sum(seeds)} of {len(seeds)}" if all(seeds) else f"**{sum(seeds)} of {len(seeds)}**"


def main(results: str, document: str) -> None:
    page = Path(document)
    before, rest = page.read_text().split(BEGIN)
    _, after = rest.split(END)
    day = datetime.now(UTC).date().isoformat()
    page.write_text(f"{before}{BEGIN}\n{table(read(Path(results)), day)}\n{END}{after}")


if __name__ == "__main__":
    main(*sys.argv[1:])
