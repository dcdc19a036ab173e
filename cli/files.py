"""The command's own files: small JSON documents that only their owner may read."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cli.exits import BAD_CONFIGURATION, Failure


def config_folder() -> Path:
    """$XDG_CONFIG_HOME/stori, else ~/.config/stori. Raises Failure where there is no home."""
    base = os.environ.get("XDG_CONFIG_HOME", "")
    if os.path.isabs(base):  # noqa: PTH117 -- the specification: a relative path is ignored
        return Path(base) / "stori"
    try:
        return Path.home() / ".config" / "stori"
    except RuntimeError:
        raise Failure("There is no home folder; set XDG_CONFIG_HOME.", BAD_CONFIGURATION) from None


def read_document(path: Path) -> dict[str, Any] | None:
    """A JSON object; None where there is no such file. Raises Failure where it is something else."""
    try:
        content = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise Failure(f"{path} cannot be read ({type(error).__name__}).", BAD_CONFIGURATION) from None
    if not isinstance(content, dict):
        raise Failure(f"{path} does not hold a JSON object.", BAD_CONFIGURATION)
    return content


def write_document(path: Path, content: Mapping[str, Any]) -> None:
    """Replaces a file in one step, with mode 0600 from its first byte on."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file, indent=2)
        file.write("\n")
    unfinished.replace(path)
