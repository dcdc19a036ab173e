"""TCP ports on the loopback interface."""

import os
import socket
from collections.abc import Mapping

LOOPBACK = "127.0.0.1"
LARGEST_PORT = 65535
# What a person may fix by STORI_{NAME}_PORT, and its default.
NAMED = {"bff": 8000, "user_svc": 50051, "txn_svc": 50052, "emulator": 4566, "mailbox": 8025}
ALWAYS_FREE = ("postgres",)


class PortTaken(Exception):
    """A wanted port cannot be had; the message says which and how to change it."""


def free_port() -> int:
    """A port nobody listens on at this moment; the kernel does not hand it out again for a while."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


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
        if wanted and wanted in ports.values():
            raise PortTaken(f"Port {wanted} is wanted twice; set STORI_{name.upper()}_PORT to another port, or to 0.")
        ports[name] = wanted or again_or_free(name, last, ports)
    for name in (*ALWAYS_FREE, *(f"{process}_admin" for process in admin)):
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
    if name in last and last[name] not in taken.values() and is_free(last[name]):
        return last[name]
    port = free_port()
    while port in taken.values():
        port = free_port()
    return port
