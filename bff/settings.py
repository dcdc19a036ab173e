"""What the bff is told by its environment."""

import re
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import NoDecode

from runtime.rpc.client import RpcClientSettings
from runtime.settings import Bind, ProcessSettings
from runtime.tokens.settings import DomainSettings, TokenSettings

Profile = Literal["development", "production"]
_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]+)?")

_RATE_LIMIT_STORAGE = re.compile(r"memory://|(async\+)?rediss?(\+[a-z]+)?://[^\s/]\S*")

Listed = Annotated[tuple[str, ...], NoDecode]


class BffSettings(ProcessSettings, TokenSettings, DomainSettings, RpcClientSettings):
    """Lists are comma separated."""

    http_bind: Bind = Field("0.0.0.0:8080", description="host:port; port 0 picks a free one.")
    user_svc_address: str = Field(min_length=1, description="host:port of its gRPC.")
    txn_svc_address: str = Field(min_length=1, description="host:port of its gRPC.")
    web_client_id: str = Field(min_length=1, description="The OAuth client of the web app and of GraphiQL.")
    graphql_profile: Profile = Field("production", description="`development` opens introspection and GraphiQL.")
    graphiql_dir: Path = Field(Path("web/node_modules"), description="Where npm has put GraphiQL's files.")
    cors_origins: Listed = Field((), description="Exact origins whose pages may call, as https://app.example.com.")
    trusted_proxies: Listed = Field((), description="Addresses or networks whose X-Forwarded-For is believed.")
    rate_limit_storage: str = Field("memory://", description="memory:// counts in this process, redis://… in all.")
    user_requests_per_minute: int = Field(600, ge=1, description="Of one person; one more is answered 429.")
    address_requests_per_minute: int = Field(1200, ge=1, description="Of one address; one more is answered 429.")
    http_connections: int = Field(1000, ge=1, description="Open at once; one more is answered 503.")

    @property
    def is_development(self) -> bool:
        return self.graphql_profile == "development"

    @field_validator("cors_origins", "trusted_proxies", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @model_validator(mode="after")
    def _names_its_peers(self) -> Self:
        if self.web_client_id not in self.person_client_ids:
            raise ValueError("STORI_WEB_CLIENT_ID must be one of COGNITO_PERSON_CLIENT_IDS.")
        if not all(_ORIGIN.fullmatch(origin) for origin in self.cors_origins):
            raise ValueError("STORI_CORS_ORIGINS must be exact origins: scheme, host and port, nothing after them.")
        if not all(_is_network(proxy) for proxy in self.trusted_proxies):
            raise ValueError("STORI_TRUSTED_PROXIES must name addresses or networks, not everybody.")
        if not _RATE_LIMIT_STORAGE.fullmatch(self.rate_limit_storage):
            raise ValueError("STORI_RATE_LIMIT_STORAGE must be memory:// or redis://host:port.")
        return self


def _is_network(text: str) -> bool:
    try:
        return ip_network(text, strict=False).prefixlen > 0
    except ValueError:
        return False
