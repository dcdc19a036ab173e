"""docs/settings.md: what its reader may rely on. Whether it is current is `make check`'s question."""

import pytest

from docs.settings import PROCESSES, page, variables
from runtime.settings import ProcessSettings

STAYING = [name for name, (_, settings) in PROCESSES.items() if issubclass(settings, ProcessSettings)]


@pytest.mark.parametrize("process", PROCESSES)
def test_every_variable_says_what_it_is(process: str) -> None:
    silent = [name for name, each in variables(PROCESSES[process][1]).items() if not each.description]

    # What every process has is told once, by the class that all share.
    assert set(silent) <= set(variables(ProcessSettings))
    assert all(each.description for each in variables(ProcessSettings).values())


@pytest.mark.parametrize("process", STAYING)
def test_what_is_told_for_every_process_is_true_of_each(process: str) -> None:
    own = variables(PROCESSES[process][1])

    for name, each in variables(ProcessSettings).items():
        assert (own[name].type, own[name].default) == (each.type, each.default)


def test_a_variable_without_a_default_is_marked() -> None:
    assert "| `STORI_DATABASE_URL` | secret | **needed** |" in page()


def test_no_value_of_this_machine_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    before = page()
    monkeypatch.setenv("STORI_DATABASE_URL", "postgresql://role:of-this-machine@db/stori")
    monkeypatch.setenv("STORI_LOG_LEVEL", "debug")

    assert page() == before
