"""What the contract says of each method: who may call it, and whether a repeat is harmless."""

from collections.abc import Iterable

from google.protobuf import descriptor_pool
from google.protobuf.descriptor_pb2 import MethodOptions

from protos.rpc.v1 import access_pb2

# Open to everybody by design: they show no data.
OPEN_SERVICES = (
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
)


def access_rules(service_names: Iterable[str]) -> dict[str, access_pb2.AccessRule]:
    """The `access` option of every method of the services, by path (/txn.v1.AccountService/GetAccount).

    Raises ValueError for a method without one: it would be open or closed by accident.
    """
    rules = {}
    for service_name in service_names:
        for method in descriptor_pool.Default().FindServiceByName(service_name).methods:
            options = method.GetOptions()
            if not options.HasExtension(access_pb2.access):
                raise ValueError(f"{method.full_name} does not say who may call it.")
            rules[f"/{service_name}/{method.name}"] = options.Extensions[access_pb2.access]
    return rules


def is_idempotent(path: str) -> bool:
    """Whether the contract marks the method as safe to repeat (`idempotency_level`)."""
    service_name, _, method_name = path.lstrip("/").partition("/")
    try:
        method = descriptor_pool.Default().FindServiceByName(service_name).FindMethodByName(method_name)
    except KeyError:
        return False
    return bool(method.GetOptions().idempotency_level != MethodOptions.IDEMPOTENCY_UNKNOWN)
