"""GraphQL over HTTP as its specification's own audits see it (npm graphql-http), from a client that is not ours."""

import asyncio
import json
import os
from pathlib import Path

from tests.service.bff_stage import ANN, Stage, open_stage

ROOT = Path(__file__).parents[2]
# Where set-up installs Node on a machine that has none.
PATH = f"{os.environ['PATH']}{os.pathsep}{ROOT / '.venv' / 'node' / 'bin'}"
# They ask for `__type`.
NEED_INTROSPECTION = {"2EA1", "28B9", "D6D5", "6A70"}


async def failed_audits(stage: Stage) -> dict[str, str]:
    token = stage.issuer.token(ANN)
    script = ROOT / "web" / "audits" / "run.mjs"
    process = await asyncio.create_subprocess_exec(
        "node", script, f"{stage.url}/graphql", token, stdout=asyncio.subprocess.PIPE, env={**os.environ, "PATH": PATH}
    )
    async with asyncio.timeout(60):
        output, _ = await process.communicate()
    assert process.returncode == 0
    result = json.loads(output)
    assert result["count"] == 61
    failed: dict[str, str] = result["failed"]
    return failed


async def test_every_audit_passes_where_introspection_is_on() -> None:
    async with open_stage() as stage:
        assert await failed_audits(stage) == {}


async def test_in_production_only_the_audits_that_introspect_differ() -> None:
    async with open_stage(graphql_profile="production") as stage:
        assert set(await failed_audits(stage)) == NEED_INTROSPECTION
