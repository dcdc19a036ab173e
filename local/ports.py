"""TCP ports on the loopback interface."""

import os
import random
import socket
from collections.abc import Mapping

LOOPBACK = "127.0.0.1"
LARGEST_PORT = 65535
# What a person may fix by STORI_{NAME}_PORT, and its default: below the ports of outgoing connections, as gRPC's usual
# 50051 is not, so that no connection has it at the moment when it is listened on.
NAMED = {"bff": 8000, "user_svc": 15051, "txn_svc": 15052, "emulator": 4566, "mailbox": 8025}
ALWAYS_FREE = ("postgres",)
# Below what Linux and macOS give to outgoing connections and to port 0: a free one stays free until it is listened on.
UNASKED = range(20_000, 32_768)
_claims: dict[int, socket.socket] = {}


class PortTaken(Exception):
    """A wanted port cannot be had; the message says which and how to change it."""


def free_port() -> int:
    """A port nobody listens on; no other process is given it while this one lives."""
    while True:
        port = random.choice(UNASKED)  # noqa: S311 – no secret
        if port not in _claims and claim(port):
            return port


def claim(port: int) -> bool:
    """Keeps a free port for this process and its children; False where somebody listens on it or has claimed it.

    The claim is the UDP port of the same number: nobody uses it, and it ends with this process.
    """
    if not is_free(port):
        return False
    if port not in _claims:
        mark = socket.socket(type=socket.SOCK_DGRAM)
        try:
            mark.bind((LOOPBACK, port))
        except OSError:
            mark.close()
            return False
        _claims[port] = mark
    return True


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def choose_ports(admin: tuple[str, ...], last: Mapping[str, int], environment: Mapping[str, str]) -> dict[str, int]:
    """A port for every listener: as the environment says, else its default; free ones are kept from the last time.

    Names are those of NAMED and ALWAYS_FREE and `{process}_admin`. Raises PortTaken.
    """
    ports: dict[str, int] = {}
    for name, default in NAMED.items():
        wanted = wanted_port(name, default, environment)
        if wanted in ports.values():
            raise PortTaken(f"Port {wanted} is wanted twice; set STORI_{name.upper()}_PORT to another port, or to 0.")
        if wanted:
            ports[name] = wanted
    for name in (*NAMED, *ALWAYS_FREE, *(f"{process}_admin" for process in admin)):
        if name not in ports:
            ports[name] = again_or_free(name, last, ports)
    return ports


def wanted_port(name: str, default: int, environment: Mapping[str, str] = os.environ) -> int:
    variable = f"STORI_{name.upper()}_PORT"
    text = environment.get(variable) or str(default)
    if not text.isascii() or not text.isdigit() or int(text) > LARGEST_PORT:
        raise PortTaken(f"{variable} is {text!r}; it must be a port number, or 0 for a free one.")
    if int(text) and not is_free(int(text)):
        raise PortTaken(f"Port {text} is in use; set {variable} to another port, or to 0 for a free one.")
    return int(text)


def again_or_free(name: str, last: Mapping[str, int], taken: Mapping[str, int]) -> int:
    if name in last and last[name] not in taken.values() and claim(last[name]):
        return last[name]
    port = free_port()
    while port in taken.values():
        port = free_port()
    return port
