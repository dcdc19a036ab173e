"""A process at a named point: told of, held, let go, and never kept by a listener that is gone."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime import points
from tests.chaos.points import Point, Points

HERE = Point("tester", "work.done")


@pytest.fixture(autouse=True)
def not_told() -> Iterator[None]:
    yield
    points.configure("", "")


async def test_it_is_held_until_it_is_let_go(tmp_path: Path) -> None:
    with Points(tmp_path / "points") as listening, listening.held(HERE, after=2) as hold:
        points.configure(HERE.process, str(listening.socket))
        await points.reach(HERE.name)
        second = asyncio.create_task(points.reach(HERE.name))
        assert await asyncio.to_thread(hold.wait, 5)
        is_standing = not second.done()

        hold.release()
        await second

    assert is_standing
    assert listening.seen[HERE] == 2


async def test_without_a_listener_it_goes_on(tmp_path: Path) -> None:
    points.configure(HERE.process, str(tmp_path / "nobody"))

    await points.reach(HERE.name)
