"""Whose tokens are accepted. Every field is needed: a process without one of them does not start."""

import re
from typing import Annotated, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from runtime.settings import Settings

_COGNITO_ISSUER = re.compile(r"https://cognito-idp\.[a-z0-9-]+\.amazonaws\.com/[A-Za-z0-9-]+_[A-Za-z0-9]+")
_URL = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+(/[A-Za-z0-9._~/-]*)?")

ClientIds = Annotated[frozenset[str], NoDecode]


class TokenSettings(Settings):
    """The issuer and the clients whose access tokens are accepted.

    In production the address of the keys is computed from the issuer, which must be a Cognito user pool: an issuer's
    name in a token proves nothing, the keys do.
    """

    issuer: str = Field(
        validation_alias="COGNITO_ISSUER", description="`https://cognito-idp.{region}.amazonaws.com/{user pool}`."
    )
    jwks_url_override: str | None = Field(
        None, validation_alias="COGNITO_JWKS_URL", description="Where the keys are, if not at the issuer. Local only."
    )
    person_client_ids: ClientIds = Field(
        validation_alias="COGNITO_PERSON_CLIENT_IDS", description="Clients that people sign in with."
    )
    service_client_ids: ClientIds = Field(
        validation_alias="COGNITO_SERVICE_CLIENT_IDS", description="Clients of services; none may be in both."
    )

    @property
    def jwks_url(self) -> str:
        return self.jwks_url_override or f"{self.issuer}/.well-known/jwks.json"

    @field_validator("person_client_ids", "service_client_ids", mode="before")
    @classmethod
    def _comma_separated(cls, value: object) -> object:
        if isinstance(value, str):
            return frozenset(part.strip() for part in value.split(",") if part.strip())
        return value

    @model_validator(mode="after")
    def _checks_tokens(self) -> Self:
        _require_url("COGNITO_ISSUER", self.issuer)
        if not self.is_local and not _COGNITO_ISSUER.fullmatch(self.issuer):
            raise ValueError("COGNITO_ISSUER must be https://cognito-idp.{region}.amazonaws.com/{pool} in production.")
        if self.jwks_url_override is not None:
            if not self.is_local:
                raise ValueError("COGNITO_JWKS_URL is refused unless STORI_ENVIRONMENT=local.")
            _require_url("COGNITO_JWKS_URL", self.jwks_url_override)
        if not all(self.person_client_ids) or not self.person_client_ids:
            raise ValueError("COGNITO_PERSON_CLIENT_IDS must name at least one client.")
        if not all(self.service_client_ids) or not self.service_client_ids:
            raise ValueError("COGNITO_SERVICE_CLIENT_IDS must name at least one client.")
        if self.person_client_ids & self.service_client_ids:
            raise ValueError("COGNITO_PERSON_CLIENT_IDS and COGNITO_SERVICE_CLIENT_IDS must not share a client.")
        return self


class DomainSettings(Settings):
    """The user pool's domain: base of /oauth2/token, /oauth2/authorize and /oauth2/userInfo."""

    domain_url: str = Field(validation_alias="COGNITO_DOMAIN_URL", description="The hosted sign-in page's address.")

    @model_validator(mode="after")
    def _checks_domain(self) -> Self:
        _require_url("COGNITO_DOMAIN_URL", self.domain_url)
        if not self.is_local and not self.domain_url.startswith("https://"):
            raise ValueError("COGNITO_DOMAIN_URL must be an https address in production.")
        return self


class MachineSettings(DomainSettings):
    """A service's own sign-in."""

    machine_client_id: str = Field(
        validation_alias="COGNITO_MACHINE_CLIENT_ID", min_length=1, description="The client of this service itself."
    )
    machine_client_secret: SecretStr = Field(
        validation_alias="COGNITO_MACHINE_CLIENT_SECRET", min_length=1, description="That client's secret."
    )


def _require_url(name: str, value: str) -> None:
    if not _URL.fullmatch(value):
        raise ValueError(f"{name} must be an http(s) address without user, query or fragment.")
