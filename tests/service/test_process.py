"""A process as the operating system sees it: what it exits with, what it logs, when it is ready."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

SERVING = """
import asyncio, structlog
from runtime.process import Process, run, settings_or_exit
from runtime.settings import ProcessSettings

async def serve(process: Process) -> None:
    structlog.get_logger().info("hostile", text="a\\r\\nb\\x1b[31m")
    process.set_ready()
    {body}
    await process.until_stopped()

run("sample", settings_or_exit(ProcessSettings), serve)
"""


@contextmanager
def running(body: str = "pass", **environment: str) -> Iterator[subprocess.Popen[str]]:
    settings = {**os.environ, "STORI_ADMIN_BIND": "127.0.0.1:0", "STORI_ENVIRONMENT": "local", **environment}
    command = [sys.executable, "-c", SERVING.replace("{body}", body)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=settings) as child:
        try:
            yield child
        finally:
            child.kill()


def lines_until(child: subprocess.Popen[str], event: str) -> list[dict[str, object]]:
    assert child.stdout is not None
    lines = []
    for line in child.stdout:
        lines.append(json.loads(line))
        if lines[-1]["event"] == event:
            return lines
    raise AssertionError(f"it ended before {event!r}")


def test_sigterm_ends_it_with_0_and_every_line_is_one_json_object() -> None:
    with running() as child:
        lines = lines_until(child, "hostile")
        child.send_signal(signal.SIGTERM)
        assert child.stdout is not None
        lines += [json.loads(line) for line in child.stdout]
        code = child.wait(10)

    assert code == 0
    assert [line["event"] for line in lines if line["process"] == "sample"][-1] == "stopped"
    assert next(line for line in lines if line["event"] == "hostile")["text"] == "a\r\nb\x1b[31m"


def test_bad_configuration_is_one_sentence_and_exit_code_78() -> None:
    with running(STORI_DRAIN_SECONDS="-1") as child:
        _, errors = child.communicate(timeout=10)

    assert child.returncode == 78
    assert errors.startswith("Bad configuration: STORI_DRAIN_SECONDS: ")
    assert "Traceback" not in errors


def test_a_background_task_that_dies_ends_the_process_and_its_text_stays_out_of_the_log() -> None:
    body = "process.spawn(asyncio.wait_for(asyncio.Event().wait(), 0), 'work')"
    with running(body) as child:
        output, _ = child.communicate(timeout=10)

    assert child.returncode == 1
    failed = next(line for line in map(json.loads, output.splitlines()) if line["event"] == "failed")
    assert failed["exception"] == "TimeoutError"


def test_the_admin_port_says_alive_ready_and_metrics() -> None:
    with running() as child:
        port = lines_until(child, "started")[-1]["admin_port"]
        lines_until(child, "hostile")
        alive, ready, metrics = (get(port, path) for path in ("livez", "readyz", "metrics"))
    with running("async def down():\n        raise OSError\n    process.add_check('store', down)") as child:
        port = lines_until(child, "started")[-1]["admin_port"]
        lines_until(child, "hostile")
        not_ready = get(port, "readyz")

    assert alive[0] == ready[0] == metrics[0] == 200
    assert "process_cpu_seconds_total" in metrics[1]
    assert not_ready[0] == 503
    assert "store" in json.loads(not_ready[1])["failing"]


def get(port: object, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=5) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_an_address_in_use_is_said_by_the_systems_name_for_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        bind = f"127.0.0.1:{other.getsockname()[1]}"
        with running(STORI_ADMIN_BIND=bind) as child:
            failed = lines_until(child, "failed")[-1]
            assert child.wait(10) == 1

    assert (failed["exception"], failed["errno"]) == ("OSError", "EADDRINUSE")
