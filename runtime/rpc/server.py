"""A gRPC server as every service runs it: guarded, reflected, health-checked, drained."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Self

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from pydantic import Field, model_validator

from runtime.rpc.guard import Guard, Verify
from runtime.rpc.methods import access_rules
from runtime.rpc.tls import RpcTlsSettings, server_credentials
from runtime.settings import Bind

MAX_MESSAGE_BYTES = 4 * 1024 * 1024


class RpcServerSettings(RpcTlsSettings):
    rpc_bind: Bind = Field("0.0.0.0:50051", description="host:port; port 0 picks a free one.")
    rpc_max_concurrent: int = Field(200, ge=1, description="Calls in progress; one more is RESOURCE_EXHAUSTED.")
    drain_seconds: float = Field(25, gt=0, le=60)

    @model_validator(mode="after")
    def _shows_who_it_is(self) -> Self:
        if not self.is_local and self.rpc_tls_cert is None:
            raise ValueError("STORI_RPC_TLS_CERT and STORI_RPC_TLS_KEY are required unless STORI_ENVIRONMENT=local.")
        return self


class RpcServer:
    """A started server; `port` is where it listens."""

    def __init__(self, server: grpc.aio.Server, servicer: health.aio.HealthServicer, names: Sequence[str]) -> None:
        self.server = server
        self.port = 0
        self._health = servicer
        self._names = ("", *names)

    async def set_serving(self, serving: bool) -> None:
        """What health checks answer, for the server as a whole and each of its services."""
        states = health_pb2.HealthCheckResponse
        for name in self._names:
            await self._health.set(name, states.SERVING if serving else states.NOT_SERVING)


@asynccontextmanager
async def serve_rpc(
    settings: RpcServerSettings,
    verify: Verify,
    register: Callable[[grpc.aio.Server], None],
    service_names: Sequence[str],
) -> AsyncIterator[RpcServer]:
    """Serves inside the block. At its end health turns NOT_SERVING, then calls in flight may go on for `drain_seconds`.

    `register` adds the servicers; each method of `service_names` must carry the `access` option (ValueError).
    """
    server = grpc.aio.server(
        interceptors=[Guard(verify, access_rules(service_names))],
        maximum_concurrent_rpcs=settings.rpc_max_concurrent,
        options=[
            ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
            ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
            ("grpc.so_reuseport", 0),
        ],
    )
    register(server)
    servicer = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    reflection.enable_server_reflection([*service_names, health.SERVICE_NAME, reflection.SERVICE_NAME], server)
    serving = RpcServer(server, servicer, service_names)
    await serving.set_serving(False)
    serving.port = _listen(server, settings)
    await server.start()
    await serving.set_serving(True)
    try:
        yield serving
    finally:
        await serving.set_serving(False)
        await server.stop(settings.drain_seconds)


def _listen(server: grpc.aio.Server, settings: RpcServerSettings) -> int:
    credentials = server_credentials(settings)
    if credentials is None:
        return server.add_insecure_port(settings.rpc_bind)
    return server.add_secure_port(settings.rpc_bind, credentials)
