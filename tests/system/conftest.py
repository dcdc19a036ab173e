from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.stack import Person, Stack, new_person, running_stack, sign_in


@pytest.fixture(scope="package")
def stack(run_folder: Path) -> Iterator[Stack]:
    """The whole system, started once. Messages of a killed process come back after seconds, not after a minute."""
    with running_stack(run_folder / "stack", STORI_CONSUMER_VISIBILITY_SECONDS="6") as started:
        yield started


@pytest.fixture(scope="package")
def demo(stack: Stack) -> Person:
    return sign_in(stack, stack.info["demo"]["email"], stack.info["demo"]["password"])


@pytest.fixture
def person(stack: Stack) -> Person:
    return new_person(stack)
