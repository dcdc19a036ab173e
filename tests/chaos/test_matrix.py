"""The kill matrix: at every step, every process that takes part dies; afterwards nothing is lost and nothing double.

`make test` runs a few cells, `make chaos` all of them with several seeds. A test's name ends in step, victim and seed,
and does the same again: `STORI_CHAOS=1 .venv/bin/pytest tests/chaos -k importer:import.staged-postgres-2`
"""

import pytest

from tests.chaos.cell import Cell, run
from tests.chaos.points import Point, Points
from tests.chaos.steps import STEPS, VICTIMS
from tests.counts import IS_CHAOS
from tests.system.stack import Stack

SEEDS = 3
SHORT = (
    Cell(Point("user_relay", "outbox.published"), "user_relay", 1),
    Cell(Point("importer", "import.fetched"), "txn_svc", 1),
    Cell(Point("importer", "import.staging"), "importer", 1),
    Cell(Point("importer", "import.committing"), "postgres", 1),
    Cell(Point("importer", "message.handled"), "importer", 1),
    Cell(Point("txn_relay", "outbox.published"), "txn_relay", 1),
    Cell(Point("notifier", "message.received"), "user_svc", 1),
    Cell(Point("notifier", "message.handled"), "emulator", 1),
)
ALL = tuple(Cell(step, victim, seed) for step in STEPS for victim in VICTIMS for seed in range(1, SEEDS + 1))


@pytest.mark.chaos
@pytest.mark.timeout(240)
@pytest.mark.parametrize("cell", ALL if IS_CHAOS else SHORT, ids=str)
def test_nothing_is_lost_or_doubled(cell: Cell, chaos_stack: Stack, points: Points) -> None:
    run(cell, chaos_stack, points)
