"""What an operator sees of imports. No label names a person, an account or a file."""

from collections.abc import Mapping
from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from txn_svc.model import IMPORT_STATES_OPEN, StatementImport

objects: Final = Counter("stori_import_objects_total", "Messages about one import, by what came of them.", ["outcome"])
rows_staged: Final = Counter("stori_import_rows_staged_total", "Rows of files written for matching.")
step_seconds: Final = Histogram(
    "stori_import_step_seconds",
    "Seconds that a step of one import took, whatever its end.",
    ["step"],
    buckets=(0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300),
)
_settled = Counter("stori_imports_settled_total", "Imports that have ended.", ["state", "failure_code"])
_rows = Counter("stori_import_rows_total", "Rows of completed imports, by what became of them.", ["outcome"])
_open = Gauge("stori_imports_open", "Imports that have not ended.", ["state"])
_open_oldest = Gauge("stori_imports_open_oldest_seconds", "Age of the oldest import that has not ended.", ["state"])

for _outcome in (
    "asked", "completed", "discarded", "failed", "given_up", "ignored", "put_back", "ready", "renewed", "repeated",
    "reverted",
):  # fmt: skip
    objects.labels(_outcome)
for _outcome in ("CREATE", "DUPLICATE", "REJECT"):
    _rows.labels(_outcome)
for _state, _code in (("COMPLETED", ""), ("DISCARDED", ""), ("EXPIRED", ""), ("FAILED", "INTERNAL"), ("REVERTED", "")):
    _settled.labels(_state, _code)


def settled(found: StatementImport | None) -> None:
    """Counts an import whose end is committed; nothing where none ended."""
    if found is None:
        return
    _settled.labels(found.state, found.failure_code or "").inc()
    if found.state == "COMPLETED":
        _rows.labels("CREATE").inc(found.imported_count)
        _rows.labels("DUPLICATE").inc(found.duplicate_count)
        _rows.labels("REJECT").inc(found.rejected_count)


def show_open(by_state: Mapping[str, tuple[int, float]]) -> None:
    """Shows how many imports are in each open state, and the age of the oldest in seconds."""
    for state in IMPORT_STATES_OPEN:
        count, seconds = by_state.get(state, (0, 0.0))
        _open.labels(state).set(count)
        _open_oldest.labels(state).set(seconds)
