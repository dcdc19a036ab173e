"""compose.yaml, Dockerfile and deploy/app.yaml as data."""

import re
import shlex
from pathlib import Path
from typing import Any

import yaml

from local.containers import DeploySettings, environments
from local.roles import DatabaseUrls
from local.stack import Outputs

ROOT = Path(__file__).parents[2]
STEPS = ("passwords", "deploy", "user_migrate", "txn_migrate")
_VARIABLE = re.compile(r"\$\{[A-Z_]+:-([^}]*)\}")


class _Template(yaml.SafeLoader):
    """CloudFormation's own tags (!Ref, !Sub, …) read as what they are about."""


def _content(loader: Any, _suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    return loader.construct_sequence(node)


_Template.add_multi_constructor("!", _content)


def composed() -> dict[str, Any]:
    """compose.yaml with nothing set outside: every variable has its default."""
    text = _VARIABLE.sub(r"\1", (ROOT / "compose.yaml").read_text())
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = composed()["services"]
    return found


def template() -> dict[str, Any]:
    """deploy/app.yaml."""
    found: dict[str, Any] = yaml.load((ROOT / "deploy" / "app.yaml").read_text(), _Template)
    return found


def written() -> dict[str, dict[str, str]]:
    """What `deploy` writes for each process, with the outputs that deploy/app.yaml has."""
    values = {name: f"http://aws.example/{name}" if name == "Issuer" else name for name in template()["Outputs"]}
    outputs = Outputs(values, "client-secret")
    user, txn = (
        DatabaseUrls(
            owner=f"postgresql://{name}_owner:made@postgres/{name}",
            application=f"postgresql://{name}_app:made@postgres/{name}",
        )
        for name in ("stori_user", "stori_txn")
    )
    settings = DeploySettings(
        environment="local",
        postgres_address="postgres:5432",
        emulator_url="http://emulator:4566",
        web_url="http://127.0.0.1:8000",
    )
    return environments(settings, outputs, user, txn)


def stages() -> dict[str, list[tuple[str, str]]]:
    """The Dockerfile's stages, each with its instructions: what it is built on first."""
    text = (ROOT / "Dockerfile").read_text()
    lines = [line for line in text.replace("\\\n", " ").splitlines() if line and not line.startswith("#")]
    found: dict[str, list[tuple[str, str]]] = {}
    for line in lines:
        word, _, rest = line.partition(" ")
        if word == "FROM":
            _, _, name = rest.partition(" AS ")
            found[name] = []
        found[list(found)[-1]].append((word, " ".join(rest.split())))
    return found


def lineage(stage: str) -> list[tuple[str, str]]:
    """A stage's instructions after those of the stages it is built on."""
    known = stages()
    base = known[stage][0][1].partition(" AS ")[0]
    return [*(lineage(base) if base in known else []), *known[stage]]


def copied(stage: str) -> list[str]:
    """What a stage takes from the checkout."""
    sources = []
    for word, rest in stages()[stage]:
        parts = shlex.split(rest)
        if word == "COPY" and not parts[0].startswith("--from="):
            sources += parts[:-1]
    return sources
