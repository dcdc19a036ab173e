"""`stori migrate`: brings the services' schemas to the code's revision, each by the service's own command."""

import os
import re
import subprocess
import sys
from typing import Annotated

import typer

from cli.exits import BAD_CONFIGURATION, DEPENDENCY_DOWN, FAILED, Failure
from cli.options import Json
from cli.output import Output, note
from cli.target import ROOT

SERVICES = ("user_svc", "txn_svc")
VARIABLE = "STORI_MIGRATION_DATABASE_URL"
_NO_CONNECTION = re.compile(r"psycopg\.OperationalError\) connection ")


def migrate(
    service: Annotated[str, typer.Argument(help="user_svc or txn_svc; both without one.")] = "",
    json: Json = False,
) -> None:
    """Migrate the databases. Safe to repeat, and to run twice at once."""
    output = Output(as_json=json)
    if service and service not in SERVICES:
        raise typer.BadParameter(f"there is no service {service} with a database", param_hint="SERVICE")
    chosen = (service,) if service else SERVICES
    urls = {name: _url(name) for name in chosen}
    if len(set(urls.values())) < len(urls):
        # One variable for both would put both schemas into one database.
        raise Failure(
            f"Each service has a database of its own: set {' and '.join(map(own_variable, chosen))}.",
            BAD_CONFIGURATION,
        )
    for name, url in urls.items():
        _migrate(name, url)
        output.document({"service": name, "isMigrated": True})
        output.say(f"{name} is migrated.")


def own_variable(service: str) -> str:
    return f"STORI_{service.upper()}_MIGRATION_DATABASE_URL"


def _url(service: str) -> str:
    return os.environ.get(own_variable(service)) or os.environ.get(VARIABLE, "")


def _migrate(service: str, url: str) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | ({VARIABLE: url} if url else {})
    done = subprocess.run(  # noqa: S603 -- ourselves, and a name from the list above
        [sys.executable, "-P", "-m", service, "migrate"],
        cwd=ROOT,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        return
    if done.returncode == BAD_CONFIGURATION:
        raise Failure(done.stderr.strip(), BAD_CONFIGURATION)
    if _NO_CONNECTION.search(done.stderr):
        raise Failure(f"The database of {service} does not answer.", DEPENDENCY_DOWN)
    for line in done.stderr.splitlines():
        note(line)
    raise Failure(f"The migrations of {service} failed; what they said stands above.", FAILED)
