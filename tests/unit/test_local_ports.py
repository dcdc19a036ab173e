import socket

import pytest

from local.ports import LOOPBACK, NAMED, PortTaken, choose_ports, free_port

FREE = {f"STORI_{name.upper()}_PORT": "0" for name in NAMED}


def test_every_listener_gets_a_port_of_its_own() -> None:
    ports = choose_ports(("bff", "importer"), {}, FREE)

    assert set(ports) == {*NAMED, "postgres", "bff_admin", "importer_admin"}
    assert len(set(ports.values())) == len(ports)


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
