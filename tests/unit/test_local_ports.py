import socket
import subprocess
import sys
from pathlib import Path

import pytest

from local.ports import LOOPBACK, NAMED, PortTaken, choose_ports, claim, free_port

FREE = {f"STORI_{name.upper()}_PORT": "0" for name in NAMED}


def test_every_listener_gets_a_port_of_its_own() -> None:
    ports = choose_ports(("bff", "importer"), {}, FREE)

    assert set(ports) == {*NAMED, "postgres", "bff_admin", "importer_admin"}
    assert len(set(ports.values())) == len(ports)


def test_no_default_is_a_port_that_the_kernel_gives_to_connections() -> None:
    first, _ = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()

    assert all(port < int(first) for port in NAMED.values())


def test_free_ports_are_those_of_the_last_time() -> None:
    last = choose_ports(("bff",), {}, FREE)

    assert choose_ports(("bff",), last, FREE) == last


def test_a_port_in_use_is_refused_with_the_variable_that_changes_it() -> None:
    with socket.socket() as other:
        other.bind((LOOPBACK, 0))
        other.listen()
        port = str(other.getsockname()[1])

        with pytest.raises(PortTaken, match=rf"Port {port} is in use; set STORI_BFF_PORT"):
            choose_ports((), {}, FREE | {"STORI_BFF_PORT": port})


@pytest.mark.parametrize("text", ["x", "-1", "65536", "80.5", "８０"])
def test_a_port_that_is_no_port_is_refused(text: str) -> None:
    with pytest.raises(PortTaken, match="STORI_BFF_PORT"):
        choose_ports((), {}, FREE | {"STORI_BFF_PORT": text})


def test_a_port_wanted_twice_is_refused() -> None:
    port = str(free_port())

    with pytest.raises(PortTaken, match=f"Port {port} is wanted twice; set STORI_MAILBOX_PORT"):
        choose_ports((), {}, FREE | {"STORI_BFF_PORT": port, "STORI_MAILBOX_PORT": port})


def elsewhere(asked: str) -> str:
    """What `local.ports` answers in another process, which has ended then."""
    code = f"from local.ports import claim, free_port; print({asked})"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_a_free_port_is_given_to_one_process_only_until_that_ends() -> None:
    port = free_port()

    assert elsewhere(f"claim({port})") == "False"
    assert claim(port)
    assert claim(int(elsewhere("free_port()")))


def test_a_port_somebody_listens_on_cannot_be_claimed() -> None:
    port = free_port()
    with socket.create_server((LOOPBACK, port)):
        assert not claim(port)


def test_no_outgoing_connection_and_no_port_0_takes_a_free_port() -> None:
    with socket.socket() as any_port:
        any_port.bind((LOOPBACK, 0))
        assert any_port.getsockname()[1] > 32_767
    assert 20_000 <= free_port() < 32_768


def test_a_free_port_is_never_one_that_is_wanted() -> None:
    taken = choose_ports((), {}, FREE)["bff"]

    ports = choose_ports((), {"bff": taken, "user_svc": taken}, FREE | {"STORI_MAILBOX_PORT": str(taken)})

    assert ports["mailbox"] == taken
    assert len(set(ports.values())) == len(ports)
