"""No setting, however broken or empty, turns the checking of tokens off: the process does not start."""

import pytest
from pydantic import ValidationError

from runtime.tokens import DomainSettings, MachineSettings, TokenSettings

POOL = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEf123"
COMPLETE = {
    "COGNITO_ISSUER": POOL,
    "COGNITO_PERSON_CLIENT_IDS": "web, cli",
    "COGNITO_SERVICE_CLIENT_IDS": "notifier",
}


@pytest.fixture(autouse=True)
def no_other_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*COMPLETE, "COGNITO_JWKS_URL", "COGNITO_DOMAIN_URL", "STORI_ENVIRONMENT"):
        monkeypatch.delenv(name, raising=False)


def set_all(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    for name, value in {**COMPLETE, **variables}.items():
        monkeypatch.setenv(name, value)


def test_production_computes_the_address_of_the_keys_from_the_issuer(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch)

    settings = TokenSettings()

    assert settings.environment == "production"
    assert settings.jwks_url == f"{POOL}/.well-known/jwks.json"
    assert settings.person_client_ids == {"web", "cli"}
    assert settings.service_client_ids == {"notifier"}


def test_production_refuses_another_address_for_the_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, COGNITO_JWKS_URL=f"{POOL}/.well-known/jwks.json")

    with pytest.raises(ValidationError, match="COGNITO_JWKS_URL is refused unless STORI_ENVIRONMENT=local"):
        TokenSettings()


def test_an_empty_address_for_the_keys_is_refused_too(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, COGNITO_JWKS_URL="", STORI_ENVIRONMENT="local")

    with pytest.raises(ValidationError, match="COGNITO_JWKS_URL"):
        TokenSettings()


def test_local_may_fetch_the_keys_from_the_emulator(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, COGNITO_JWKS_URL="http://127.0.0.1:4566/pool/keys", STORI_ENVIRONMENT="local")

    assert TokenSettings().jwks_url == "http://127.0.0.1:4566/pool/keys"


@pytest.mark.parametrize("missing", COMPLETE)
def test_a_missing_setting_stops_the_start(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    set_all(monkeypatch)
    monkeypatch.delenv(missing)

    with pytest.raises(ValidationError, match=missing):
        TokenSettings()


@pytest.mark.parametrize("environment", ["production", "local"])
@pytest.mark.parametrize("name", COMPLETE)
@pytest.mark.parametrize("value", ["", " ", ",", " , ,", "\n"])
def test_an_empty_setting_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, environment: str, name: str, value: str
) -> None:
    set_all(monkeypatch, **{name: value, "STORI_ENVIRONMENT": environment})

    with pytest.raises(ValidationError, match=name):
        TokenSettings()


@pytest.mark.parametrize(
    "issuer",
    [
        "http://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEf123",
        "https://cognito-idp.eu-central-1.amazonaws.com.evil.example/eu-central-1_A",
        "https://cognito-idp.eu-central-1.evil.example/eu-central-1_A",
        "https://cognito-idp.eu-central-1/amazonaws.com/eu-central-1_A",
        "https://user@cognito-idp.eu-central-1.amazonaws.com/eu-central-1_A",
        f"{POOL}/",
        f"{POOL}/../other",
        f"{POOL}?x=1",
        f"{POOL}#x",
        f"{POOL}\n",
        f" {POOL}",
        "https://cognito-idp.eu-central-1.amazonaws.com/",
        "https://cognito-idp.eu-central-1.amazonaws.com",
        "*",
    ],
)
def test_production_accepts_no_issuer_but_a_user_pool(monkeypatch: pytest.MonkeyPatch, issuer: str) -> None:
    set_all(monkeypatch, COGNITO_ISSUER=issuer)

    with pytest.raises(ValidationError, match="COGNITO_ISSUER"):
        TokenSettings()


@pytest.mark.parametrize("environment", ["", "LOCAL", "development", "locale", "0"])
def test_an_unknown_environment_stops_the_start(monkeypatch: pytest.MonkeyPatch, environment: str) -> None:
    set_all(monkeypatch, STORI_ENVIRONMENT=environment)

    with pytest.raises(ValidationError):
        TokenSettings()


def test_a_client_is_of_one_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, COGNITO_SERVICE_CLIENT_IDS="notifier,web")

    with pytest.raises(ValidationError, match="must not share a client"):
        TokenSettings()


def test_production_refuses_a_domain_without_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COGNITO_DOMAIN_URL", "http://stori.auth.eu-central-1.amazoncognito.com")

    with pytest.raises(ValidationError, match="COGNITO_DOMAIN_URL"):
        DomainSettings()


def test_the_secret_of_a_service_is_in_no_representation() -> None:
    settings = MachineSettings(
        domain_url="https://stori.auth.eu-central-1.amazoncognito.com",
        machine_client_id="notifier",
        machine_client_secret="canary-secret",
    )

    assert "canary-secret" not in repr(settings) + str(settings) + settings.model_dump_json()
