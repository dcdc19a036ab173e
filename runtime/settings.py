"""Settings: environment variables, read once in a process's `__main__`, cast, immutable."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

Environment = Literal["production", "local"]
_BIND = re.compile(r"([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]):([0-9]{1,5})")
_LARGEST_PORT = 65535


def _bind(value: str) -> str:
    found = _BIND.fullmatch(value)
    if found is None or int(found[2]) > _LARGEST_PORT:
        raise ValueError("must be host:port")
    return value


Bind = Annotated[str, AfterValidator(_bind)]


class Settings(BaseSettings):
    """The base of every settings class. Fields are named after their variables: `rpc_bind` reads STORI_RPC_BIND."""

    model_config = SettingsConfigDict(
        env_prefix="STORI_", frozen=True, extra="ignore", populate_by_name=True, hide_input_in_errors=True
    )

    environment: Environment = Field("production", description="`local` admits the emulator and plaintext gRPC.")

    @property
    def is_local(self) -> bool:
        return self.environment == "local"


class ProcessSettings(Settings):
    """What every process has."""

    admin_bind: Bind = Field("0.0.0.0:9090", description="host:port of /livez, /readyz and /metrics.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="The least that is logged.")
    drain_seconds: float = Field(25, gt=0, le=60, description="How long work in flight may go on after SIGTERM.")
    points_socket: str = Field("", description="Told of each named point; for tests of reliability. Local only.")

    @field_validator("points_socket")
    @classmethod
    def _held_only_locally(cls, value: str, info: ValidationInfo) -> str:
        if value and info.data.get("environment") != "local":
            raise ValueError("is refused unless STORI_ENVIRONMENT=local; nobody holds a process in production.")
        return value
