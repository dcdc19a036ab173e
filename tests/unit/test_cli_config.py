"""Settings as `stori config` shows them."""

from importlib import import_module

import pytest
from pydantic import Field, SecretStr

from cli.config import SETTINGS
from cli.effective import MASK, effective
from docs.settings import PROCESSES
from local.table import SERVICES
from runtime.settings import Settings
from runtime.tokens.settings import ClientIds


class Example(Settings):
    password: SecretStr = SecretStr("")
    storage: str = "memory://"
    named: ClientIds = Field(frozenset(), validation_alias="EXAMPLE_NAMED")
    size: int = 3


def test_every_process_is_known_with_the_settings_it_starts_with() -> None:
    assert set(SETTINGS) == set(SERVICES)
    for name, place in SETTINGS.items():
        module, _, settings_class = place.partition(":")
        assert getattr(import_module(module), settings_class) is PROCESSES[name][1]


def test_secrets_are_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORI_PASSWORD", "canary")
    monkeypatch.setenv("STORI_STORAGE", "redis://stori:canary@cache:6379/0")

    shown = effective(Example)

    assert "canary" not in str(shown)
    assert shown["settings"]["STORI_PASSWORD"] == MASK
    assert shown["settings"]["STORI_STORAGE"] == f"redis://{MASK}@cache:6379/0"


def test_what_nobody_set_is_told_from_what_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORI_SIZE", "3")

    shown = effective(Example)

    assert "STORI_SIZE" not in shown["defaults"]
    assert {"STORI_PASSWORD", "STORI_STORAGE", "EXAMPLE_NAMED"} <= set(shown["defaults"])


def test_what_is_wrong_is_named_without_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORI_SIZE", "canary")

    shown = effective(Example)

    assert [problem["variable"] for problem in shown["problems"]] == ["STORI_SIZE"]
    assert "canary" not in str(shown)
