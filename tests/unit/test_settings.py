"""A setting that cannot be meant stops the start with one sentence, and does not wait for the first call to fail."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bff.settings import BffSettings
from runtime.aws import AwsSettings
from runtime.database import DatabaseSettings
from runtime.rpc.server import RpcServerSettings
from runtime.rpc.tls import RpcTlsSettings
from runtime.settings import ProcessSettings

BFF: dict[str, Any] = {
    "environment": "local",
    "issuer": "http://127.0.0.1:1/pool",
    "person_client_ids": "web",
    "service_client_ids": "notifier",
    "domain_url": "http://127.0.0.1:1",
    "web_client_id": "web",
    "user_svc_address": "127.0.0.1:1",
    "txn_svc_address": "127.0.0.1:1",
}


@pytest.mark.parametrize("bind", ["", "9090", ":9090", "host", "host:x", "host:65536", "host:80\n", "::1:80"])
def test_an_address_to_listen_on_is_host_and_port(bind: str) -> None:
    with pytest.raises(ValidationError, match="must be host:port"):
        ProcessSettings(admin_bind=bind)


@pytest.mark.parametrize("bind", ["0.0.0.0:0", "localhost:65535", "[::1]:8080"])
def test_host_and_port_are_taken_as_they_are(bind: str) -> None:
    assert ProcessSettings(admin_bind=bind).admin_bind == bind


@pytest.mark.parametrize("url", ["", "garbage", "mysql://a:SECRET@b/c", "postgresql://a:SECRET@b:port/c"])
def test_a_database_is_postgresql_and_its_password_is_not_told(url: str) -> None:
    with pytest.raises(ValidationError, match="must be postgresql://") as refused:
        DatabaseSettings(database_url=url)

    assert "SECRET" not in str(refused.value)


@pytest.mark.parametrize("proxies", ["proxy", "10.0.0.0/99", "*", "0.0.0.0/0", "10.0.0.1,::/0"])
def test_trusted_proxies_are_addresses_or_networks_and_not_everybody(proxies: str) -> None:
    with pytest.raises(ValidationError, match="STORI_TRUSTED_PROXIES"):
        BffSettings(**BFF, trusted_proxies=proxies)


@pytest.mark.parametrize("storage", ["", "garbage", "memory://x", "redis://", "memcached://host"])
def test_rate_limits_are_kept_in_memory_or_in_redis(storage: str) -> None:
    with pytest.raises(ValidationError, match="STORI_RATE_LIMIT_STORAGE"):
        BffSettings(**BFF, rate_limit_storage=storage)


def test_proxies_and_redis_are_taken_as_they_are() -> None:
    settings = BffSettings(**BFF, trusted_proxies="10.0.0.0/8, ::1", rate_limit_storage="rediss://cache:6379/1")

    assert settings.trusted_proxies == ("10.0.0.0/8", "::1")
    assert settings.rate_limit_storage == "rediss://cache:6379/1"


@pytest.mark.parametrize(("name", "value"), [("region", "eu central 1"), ("endpoint_url", "127.0.0.1:4566")])
def test_aws_is_named_by_a_region_and_an_address(name: str, value: str) -> None:
    known: dict[str, Any] = {"environment": "local", "region": "eu-central-1", "endpoint_url": None}

    with pytest.raises(ValidationError, match=name):
        AwsSettings(**{**known, name: value})


def test_a_certificate_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="does not point to a file"):
        RpcTlsSettings(environment="local", rpc_tls_ca=tmp_path / "ca.pem")


def test_a_server_in_production_must_show_who_it_is(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").touch()

    with pytest.raises(ValidationError, match="STORI_RPC_TLS_CERT and STORI_RPC_TLS_KEY are required"):
        RpcServerSettings(rpc_tls_ca=tmp_path / "ca.pem")


def test_no_process_is_held_in_production() -> None:
    with pytest.raises(ValidationError, match="is refused unless STORI_ENVIRONMENT=local"):
        ProcessSettings(points_socket="/tmp/points")

    assert ProcessSettings(environment="local", points_socket="/tmp/points").points_socket == "/tmp/points"
