"""`stori healthcheck`: is one process ready? For containers, so it imports nothing before it is needed.

Usage: stori healthcheck [TARGET] [--timeout SECONDS] [--json]

TARGET is a process of the stack that runs here (bff, importer, …), an address of an admin port
(http://host:port/readyz), or of a gRPC server (grpc://host:port, grpc://host:port/txn.v1.AccountService).
Without one it is this machine's own admin port, as STORI_ADMIN_BIND says it (0.0.0.0:9090).
"""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cli.exits import BAD_CONFIGURATION, DEPENDENCY_DOWN, FAILED, OK, USAGE, Failure

if TYPE_CHECKING:
    import grpc

DEFAULT_BIND = "0.0.0.0:9090"
READY_PATH = "/readyz"
BODY_MAX_BYTES = 65_536
_ANY = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 -- what a server binds, nobody can dial


def check(arguments: list[str]) -> int:
    """The exit code: 0 ready, 1 not ready, 75 nobody answers. Raises Failure for a target that cannot be one."""
    parser = argparse.ArgumentParser(prog="stori healthcheck", description="Is one process ready?")
    parser.add_argument("target", nargs="?", default="", help="a process, http://host:port/readyz or grpc://host:port")
    parser.add_argument("--timeout", type=float, default=5.0, metavar="SECONDS")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    options = parser.parse_args(arguments)
    address = _address(options.target)
    if address.startswith("grpc://"):
        status, failing = _ask_grpc(address, options.timeout)
    else:
        status, failing = _ask_http(address, options.timeout)
    if options.json:
        print(json.dumps({"status": status, "failing": failing}))  # noqa: T201
    elif status == "ok":
        print("ok")  # noqa: T201
    else:
        print(f"stori: {address} is {status}{': ' if failing else ''}{', '.join(failing)}.", file=sys.stderr)  # noqa: T201
    return {"ok": OK, "failing": FAILED}.get(status, DEPENDENCY_DOWN)


def _address(target: str) -> str:
    if target.startswith(("http://", "grpc://")):
        return target
    if target:
        return _of_stack(target)
    host, _, port = os.environ.get("STORI_ADMIN_BIND", DEFAULT_BIND).rpartition(":")
    return f"http://{_ANY.get(host, host)}:{port}{READY_PATH}"


def _of_stack(name: str) -> str:
    path = Path(__file__).parent.parent / os.environ.get("STORI_HOME", ".local") / "stack.json"
    try:
        urls = json.loads(path.read_text())["metrics_urls"]
    except (OSError, ValueError, KeyError):
        raise Failure(f"The stack of {path} is not running; `make up` starts it.", DEPENDENCY_DOWN) from None
    if name not in urls:
        raise Failure(f"There is no process {name}; there are {', '.join(urls)}.", USAGE)
    return str(urls[name]).removesuffix("/metrics") + READY_PATH


def _ask_http(address: str, seconds: float) -> tuple[str, list[str]]:
    from http.client import HTTPConnection, HTTPException
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(address)
        connection = HTTPConnection(parts.hostname or "", parts.port or 80, timeout=seconds)
        connection.request("GET", parts.path or READY_PATH)
        answer = connection.getresponse()
        body = answer.read(BODY_MAX_BYTES)
    except ValueError:
        raise Failure(f"{address} is no address.", BAD_CONFIGURATION) from None
    except (OSError, HTTPException):
        return "not answering", []
    if answer.status == 200:  # noqa: PLR2004
        return "ok", []
    try:
        return "failing", [str(name) for name in json.loads(body)["failing"]]
    except (ValueError, KeyError, TypeError):
        return "failing", [f"status {answer.status}"]


def _ask_grpc(address: str, seconds: float) -> tuple[str, list[str]]:
    import grpc
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    server, _, service = address.removeprefix("grpc://").partition("/")
    with _channel(server) as channel:
        try:
            request = health_pb2.HealthCheckRequest(service=service)
            answer = health_pb2_grpc.HealthStub(channel).Check(request, timeout=seconds)
        except grpc.RpcError as error:
            known = error.code() is grpc.StatusCode.NOT_FOUND
            return ("failing", ["unknown service"]) if known else ("not answering", [])
    serving = answer.status == health_pb2.HealthCheckResponse.SERVING
    return ("ok", []) if serving else ("failing", [health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)])


def _channel(server: str) -> "grpc.Channel":
    import grpc
    from pydantic import ValidationError

    from runtime.rpc.tls import RpcTlsSettings, channel_credentials

    try:
        credentials = channel_credentials(RpcTlsSettings())
    except ValidationError as error:
        problems = "; ".join(problem["msg"] for problem in error.errors(include_url=False, include_input=False))
        raise Failure(problems, BAD_CONFIGURATION) from None
    return grpc.insecure_channel(server) if credentials is None else grpc.secure_channel(server, credentials)
