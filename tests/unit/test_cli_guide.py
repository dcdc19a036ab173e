"""docs/cli.md names every command and no option that there is not."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer.main

from cli.app import create_app

GUIDE = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()


def commands() -> dict[str, set[str]]:
    """The options of each command, by its words: "imports show"."""
    found: dict[str, set[str]] = {}

    def walk(words: tuple[str, ...], command: Any) -> None:
        for name, inner in getattr(command, "commands", {}).items():
            walk((*words, name), inner)
        # A word with commands below it may be one by itself.
        if not hasattr(command, "commands") or command.invoke_without_command:
            found[" ".join(words)] = {option for each in command.params for option in each.opts}

    walk((), typer.main.get_command(create_app()))
    return found


def named() -> list[str]:
    """Each command as the guide writes it: in its tables, and line by line in its examples."""
    spans = re.findall(r"`stori ([^`]+)`", GUIDE)
    blocks = "\n".join(re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL)).replace("\\\n", " ")
    lines = [part for line in blocks.splitlines() for part in re.findall(r"\bstori ([^|#\"]+)", line)]
    return [*spans, *lines]


def command_of(text: str) -> str:
    words = str(re.findall(r"^[a-z]+(?: [a-z]+)?", text)[0])
    return words if words in commands() else words.partition(" ")[0]


def test_every_command_is_in_the_guide() -> None:
    assert {command_of(text) for text in named()} >= set(commands())


@pytest.mark.parametrize("text", named())
def test_what_the_guide_writes_can_be_typed(text: str) -> None:
    assert set(re.findall(r"--[a-z][a-z-]*", text)) <= commands()[command_of(text)] | {"--json"}


def test_the_lines_of_the_examples_are_lines_of_a_shell() -> None:
    for block in re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL):
        assert shlex.split(block, comments=True)
