"""Transport security of gRPC: certificates by path; plaintext only in the local environment."""

from pathlib import Path

import grpc
from pydantic import Field, FilePath, model_validator

from runtime.settings import Settings


class RpcTlsSettings(Settings):
    """With certificate and key a process shows who it is; with a CA it demands that of the other side (mTLS)."""

    rpc_tls_cert: FilePath | None = Field(None, description="PEM chain of this process.")
    rpc_tls_key: FilePath | None = Field(None, description="PEM key of this process.")
    rpc_tls_ca: FilePath | None = Field(None, description="PEM of the authority that signs the other side.")

    @model_validator(mode="after")
    def _plaintext_is_local(self) -> "RpcTlsSettings":
        if not self.is_local and self.rpc_tls_ca is None:
            raise ValueError("STORI_RPC_TLS_CA is required unless STORI_ENVIRONMENT=local.")
        if (self.rpc_tls_cert is None) != (self.rpc_tls_key is None):
            raise ValueError("STORI_RPC_TLS_CERT and STORI_RPC_TLS_KEY go together.")
        return self


def server_credentials(settings: RpcTlsSettings) -> grpc.ServerCredentials | None:
    """None is plaintext, which the settings admit only locally."""
    if settings.rpc_tls_cert is None or settings.rpc_tls_key is None:
        assert settings.is_local
        return None
    pair = (settings.rpc_tls_key.read_bytes(), settings.rpc_tls_cert.read_bytes())
    return grpc.ssl_server_credentials(
        [pair],
        root_certificates=_read(settings.rpc_tls_ca),
        require_client_auth=settings.rpc_tls_ca is not None,
    )


def channel_credentials(settings: RpcTlsSettings) -> grpc.ChannelCredentials | None:
    """None is plaintext, which the settings admit only locally."""
    if settings.rpc_tls_ca is None:
        return None
    return grpc.ssl_channel_credentials(
        root_certificates=_read(settings.rpc_tls_ca),
        private_key=_read(settings.rpc_tls_key),
        certificate_chain=_read(settings.rpc_tls_cert),
    )


def _read(path: Path | None) -> bytes | None:
    return None if path is None else path.read_bytes()
