"""The real importer process beside a test: its settings, its log lines, its metrics, its memory."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from prometheus_client.parser import text_string_to_metric_families

from local.emulator import Emulator
from local.roles import DatabaseUrls
from tests.service.importing import Uploads
from tests.service.messaging import eventually

ROOT = Path(__file__).parent.parent.parent


@dataclass
class ImporterProcess:
    process: subprocess.Popen[str]
    lines: list[dict[str, Any]] = field(default_factory=list)

    async def metric(self, name: str, **labels: str) -> float:
        """A sample's value; 0 where there is none."""
        async with httpx2.AsyncClient() as client:
            text = (await client.get(f"http://127.0.0.1:{await self._admin_port()}/metrics")).text
        samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
        return sum(one.value for one in samples if one.name == name and labels.items() <= one.labels.items())

    def logged(self, event: str, **values: str) -> list[dict[str, Any]]:
        wanted = {"event": event, **values}
        return [line for line in self.lines if wanted.items() <= line.items()]

    def most_memory_kib(self) -> int:
        """The most that was ever resident."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0])

    async def _admin_port(self) -> int:
        await eventually(lambda: bool(self.logged("started")))
        port: int = self.logged("started")[0]["admin_port"]
        return port


@contextmanager
def importer_process(
    uploads: Uploads, urls: DatabaseUrls, emulator: Emulator, **changes: str
) -> Iterator[ImporterProcess]:
    """`python -m txn_svc importer` on the test's bucket, queue and database; `changes` are settings without STORI_."""
    settings = {
        "environment": "local",
        "admin_bind": "127.0.0.1:0",
        "database_url": urls.application,
        "uploads_bucket": uploads.bucket,
        "imports_queue_url": uploads.queue.url,
        "consumer_poll_seconds": "1",
        "consumer_retry_first_seconds": "0",
        "busy_retry_seconds": "0",
        "drain_seconds": "5",
        **changes,
    }
    environment = {
        **os.environ,
        **{f"STORI_{name.upper()}": value for name, value in settings.items()},
        "AWS_REGION": uploads.settings.region,
        "AWS_ENDPOINT_URL": emulator.url,
    }
    command = [sys.executable, "-m", "txn_svc", "importer"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        running = ImporterProcess(process)
        assert process.stdout is not None
        reader = threading.Thread(target=_read, args=(process.stdout, running.lines), daemon=True)
        reader.start()
        try:
            yield running
        finally:
            process.kill()
            reader.join()


def _read(lines: Any, into: list[dict[str, Any]]) -> None:
    for line in lines:
        into.append(json.loads(line))  # noqa: PERF401 -- they are looked at while more come
