"""`stori config`: what each process is, or would be, configured with."""

import json as jsonlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.exits import BAD_CONFIGURATION, FAILED, Failure
from cli.files import read_document
from cli.options import Json
from cli.output import Output
from cli.settings import read_settings
from cli.target import ROOT, stack_file

# By name, because the command imports no service.
SETTINGS = {
    "user_svc": "user_svc.settings:ServeSettings",
    "user_relay": "user_svc.settings:RelaySettings",
    "txn_svc": "txn_svc.app:ServeSettings",
    "txn_relay": "txn_svc.app:RelaySettings",
    "importer": "txn_svc.imports.worker:ImporterProcessSettings",
    "notifier": "notifier.settings:WorkerSettings",
    "bff": "bff.settings:BffSettings",
}
SECONDS = 30.0
AT_ONCE = 4
HERE, RUNNING = "environment", "running"


def config(
    process: Annotated[str, typer.Argument(help=f"One of {', '.join(SETTINGS)}; all without one.")] = "",
    here: Annotated[bool, typer.Option("--here", help="This shell's environment, also where a stack runs.")] = False,
    json: Json = False,
) -> int:
    """Show the settings of each process, secrets masked: of the stack that runs here, else of this environment."""
    output = Output(as_json=json)
    if process and process not in SETTINGS:
        raise typer.BadParameter(f"there is no process {process}", param_hint="PROCESS")
    running = {} if here else _running()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        shown = list(pool.map(lambda name: _shown(name, running.get(name)), [process] if process else SETTINGS))
    for one in shown:
        output.document(one)
    output.table(("process", "variable", "value", "from"), [row for one in shown for row in _rows(one)])
    return BAD_CONFIGURATION if any(one["problems"] for one in shown) else 0


def _shown(name: str, pid: int | None) -> dict[str, Any]:
    environment = None if pid is None else _environment_of(pid)
    source = HERE if environment is None else RUNNING
    return {"process": name, "source": source} | _effective(name, environment or dict(os.environ))


def _rows(found: dict[str, Any]) -> list[tuple[str, ...]]:
    name, defaults = found["process"], set(found["defaults"])
    settings = [
        (name, variable, value, "default" if variable in defaults else "set")
        for variable, value in sorted(found["settings"].items())
    ]
    return settings + [(name, one["variable"], one["problem"], "wrong") for one in found["problems"]]


def _effective(name: str, environment: dict[str, str]) -> dict[str, Any]:
    done = subprocess.run(  # noqa: S603 -- ourselves, and a name from the table above
        [sys.executable, "-P", "-m", "cli.effective", SETTINGS[name]],
        cwd=ROOT,
        env=environment | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise Failure(f"The settings of {name} could not be read: {last}", FAILED)
    content: dict[str, Any] = jsonlib.loads(done.stdout)
    return content


def _running() -> dict[str, int]:
    """The processes of this checkout's stack, by name; none where it is not running."""
    content = read_document(stack_file(read_settings())) or {}
    return {name: int(pid) for name, pid in content.get("processes", {}).items()}


def _environment_of(pid: int) -> dict[str, str] | None:
    """What a process was started with (Linux); None where that cannot be read."""
    try:
        raw = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return None
    pairs = (entry.partition("=") for entry in raw.decode(errors="replace").split("\0") if entry)
    return {name: value for name, _, value in pairs}
