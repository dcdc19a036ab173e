from pathlib import Path

import pytest

from local.__main__ import clean
from local.home import Home, NoFolder, write_json


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    made.make()
    write_json(made.ports, {})
    (made.path / "stack.json.4711").touch()
    made.logs.mkdir()
    return made


def test_clean_removes_a_stacks_folder(home: Home) -> None:
    assert clean(home) == 0
    assert not home.path.exists()


@pytest.mark.parametrize("name", ["Makefile", "thesis.odt", ".git", "demo.json.bak"])
def test_clean_removes_nothing_where_something_else_lies(home: Home, name: str) -> None:
    """A STORI_HOME of `.` or `~` is one slip away."""
    (home.path / name).touch()

    assert clean(home) == 1
    assert home.ports.exists()


def test_a_file_cannot_be_the_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(NoFolder, match=r"STORI_HOME cannot be .*/file: File exists"):
        Home(tmp_path / "file").make()
