from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.cell import VISIBILITY_SECONDS
from tests.chaos.points import Points
from tests.counts import IS_CHAOS
from tests.system.stack import Stack, running_stack

# Only `make chaos` has the time.
collect_ignore = [] if IS_CHAOS else ["test_disk.py", "test_random.py", "test_rolling.py", "test_stopped.py"]


@pytest.fixture(scope="package")
def points(run_folder: Path) -> Iterator[Points]:
    with Points(run_folder / "points") as listening:
        yield listening


@pytest.fixture(scope="package")
def chaos_stack(run_folder: Path, points: Points) -> Iterator[Stack]:
    """A whole system whose processes can be held; what a killed one had in hand comes back after seconds."""
    told = {
        "STORI_POINTS_SOCKET": str(points.socket),
        "STORI_CONSUMER_VISIBILITY_SECONDS": str(VISIBILITY_SECONDS),
        "STORI_CONSUMER_POLL_SECONDS": "2",
        "STORI_CONSUMER_RETRY_FIRST_SECONDS": "1",
    }
    with running_stack(run_folder / "chaos", **told) as started:
        yield started


@pytest.fixture(scope="package")
def usual_stack(run_folder: Path) -> Iterator[Stack]:
    """With the pauses after failures that production has."""
    with running_stack(run_folder / "usual", STORI_CONSUMER_VISIBILITY_SECONDS=str(VISIBILITY_SECONDS)) as started:
        yield started
