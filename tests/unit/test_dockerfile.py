"""The Dockerfile against the checkout: what it copies is there, and what runs is in it."""

import re
import shlex
from pathlib import PurePosixPath

import pytest

from bff.graphiql import FILES
from docs.settings import PROCESSES
from tests.unit.composed import ROOT, STEPS, copied, lineage, services, stages

TARGETS = ("stori", "local", "emulator")
LOCAL_ONLY = ("mailbox", *STEPS)


def instructions(stage: str, word: str) -> list[str]:
    return [rest for name, rest in lineage(stage) if name == word]


def test_the_product_is_what_a_build_without_a_target_gives() -> None:
    assert list(stages())[-1] == "stori"


def test_compose_asks_for_targets_that_exist() -> None:
    wanted = {service["build"]["target"] for service in services().values() if "build" in service}

    assert wanted == {"local", "emulator"}
    assert wanted <= set(stages())


@pytest.mark.parametrize("target", TARGETS)
def test_an_image_ends_as_a_numbered_user(target: str) -> None:
    user, _, group = instructions(target, "USER")[-1].partition(":")

    assert (int(user), int(group)) == (10001, 10001)


@pytest.mark.parametrize("stage", sorted(stages()))
def test_what_is_copied_is_in_the_checkout_and_reaches_the_build(stage: str) -> None:
    let_in = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]

    for source in copied(stage):
        assert (ROOT / source).exists(), source
        assert any(PurePosixPath(source).is_relative_to(name) for name in let_in), source


def test_nothing_else_reaches_the_build() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]

    assert rules[0] == "*"
    assert not [line for line in rules if line.startswith("!") and re.search(r"env|\.local|\.git|tests", line)]


def test_every_command_is_a_module_of_the_image() -> None:
    product = {source for stage in ("app", "stori") for source in copied(stage)}
    for name, (command, _) in PROCESSES.items():
        words = command.split()
        package = words[2].split(".")[0] if words[0] == "python" else "cli"
        assert package in (product | {"local"} if name in LOCAL_ONLY else product), name


def test_the_product_holds_nothing_of_the_emulator_and_no_tools() -> None:
    product = instructions("stori", "COPY")

    assert not [rest for rest in product if re.search(r"emulator|local|deploy|samples|lock|tests", rest)]
    assert not [rest for rest in instructions("stori", "RUN") if "install" in rest]


def test_packages_are_installed_by_hash_from_the_locks() -> None:
    settings = dict(part.split("=", 1) for part in shlex.split(" ".join(instructions("packages", "ENV"))))
    installs = [
        rest for stage in stages() for word, rest in stages()[stage] if word == "RUN" and "install --req" in rest
    ]

    assert (settings["PIP_REQUIRE_HASHES"], settings["PIP_ONLY_BINARY"]) == ("1", ":all:")
    assert [rest.rpartition(" ")[2] for rest in installs] == ["requirements.lock", "requirements-emulator.lock"]


def test_graphiql_is_whole() -> None:
    taken = [
        rest.split()[-1] for word, rest in stages()["app"] if word == "COPY" and rest.startswith("--from=graphiql")
    ]

    for path in FILES.values():
        assert [folder for folder in taken if f"web/node_modules/{path}".startswith(f"{folder}/")], path


def test_the_command_is_on_the_path() -> None:
    [link] = [rest for rest in instructions("stori", "RUN") if "/usr/local/bin/stori" in rest]

    assert "ln -s /app/cli/stori /usr/local/bin/stori" in link
    assert (ROOT / "cli" / "stori").exists()


def test_a_folder_that_a_volume_covers_belongs_to_who_writes_there() -> None:
    [owned] = [rest for word, rest in stages()["local"] if word == "RUN" and "install --directory" in rest]
    folders = {word for word in owned.split() if word.startswith("/stori/")}

    mounted = {
        mount.split(":")[1]
        for service in services().values()
        if service.get("image") == "stori-local"
        for mount in service.get("volumes", [])
    }
    assert "--owner 10001 --group 10001" in owned
    assert mounted <= folders


def test_images_are_named_without_a_registry_and_with_a_version() -> None:
    bases = {instruction[0][1].split(" AS ")[0] for instruction in stages().values()} - set(stages())
    bases.add(services()["postgres"]["image"])

    assert bases == {"python:3.11-slim", "node:22-slim", "postgres:18"}


def test_no_secret_goes_into_an_image() -> None:
    for stage, found in stages().items():
        assert not [rest for word, rest in found if word in ("ARG", "ADD")], stage
        assert not re.search(r"(?i)secret|password|token", " ".join(rest for _, rest in found)), stage
