"""Where a stack keeps everything it has: one folder, STORI_HOME."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
_FOLDERS = frozenset({"emulator", "logs", "postgres"})
_FILES = frozenset({"control", "demo", "deployed", "passwords", "ports", "stack"})


class NoFolder(Exception):
    """STORI_HOME cannot be a folder."""


@dataclass(frozen=True)
class Home:
    path: Path

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Home":
        return cls((ROOT / environment.get("STORI_HOME", ".local")).absolute())

    def make(self) -> None:
        """Raises NoFolder."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise NoFolder(f"STORI_HOME cannot be {self.path}: {error.strerror}.") from None

    def strangers(self) -> list[str]:
        """What lies in the folder and is not a stack's."""
        return sorted(entry.name for entry in self.path.iterdir() if not _is_ours(entry.name))

    @property
    def lock(self) -> Path:
        """Held by the one supervisor of this folder."""
        return self.path / "lock"

    @property
    def control(self) -> Path:
        return self.path / "control.json"

    @property
    def stack(self) -> Path:
        return self.path / "stack.json"

    @property
    def deployed(self) -> Path:
        """What the emulator held when the stack was last whole."""
        return self.path / "deployed.json"

    @property
    def demo(self) -> Path:
        return self.path / "demo.json"

    @property
    def ports(self) -> Path:
        return self.path / "ports.json"

    @property
    def passwords(self) -> Path:
        return self.path / "passwords.json"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def postgres(self) -> Path:
        return self.path / "postgres"

    @property
    def emulator(self) -> Path:
        return self.path / "emulator"


def _is_ours(name: str) -> bool:
    # An unfinished file carries its writer's pid: ports.json.4711.
    stem, _, rest = name.partition(".json")
    return name == "lock" or name in _FOLDERS or (stem in _FILES and (name.endswith(".json") or rest[1:].isdigit()))


def read_json(path: Path) -> dict[str, Any] | None:
    """What a JSON file says; None where there is none."""
    try:
        content: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    return content


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Replaces a file in one step, readable by its owner only; a reader sees the old content or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file, indent=2)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
