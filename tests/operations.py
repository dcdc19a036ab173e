"""The table of metrics in docs/operations.md."""

import re
from pathlib import Path
from typing import NamedTuple

TEXT = (Path(__file__).parent.parent / "docs" / "operations.md").read_text()
_ROW = re.compile(r"^\| `(stori_\w+)` \| (\w+) \|([^|]*)\|([^|]*)\|([^|]*)\|$", re.MULTILINE)


class Documented(NamedTuple):
    name: str
    type: str
    labels: frozenset[str]
    processes: tuple[str, ...]
    meaning: str


def documented() -> list[Documented]:
    """Every row of the table, in its order."""
    rows = (row.groups() for row in _ROW.finditer(TEXT))
    return [
        Documented(
            name, kind, frozenset(re.findall(r"`(\w+)`", labels)), tuple(processes.strip().split(", ")), meaning.strip()
        )
        for name, kind, labels, processes, meaning in rows
    ]


def mentioned() -> set[str]:
    """Every metric that an alert or a sentence names, as the series it is."""
    return set(re.findall(r"stori_[a-z_]+", TEXT))
