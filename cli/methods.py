"""`stori grpc`: any method of the contract, JSON in and JSON out."""

import sys
from collections.abc import AsyncIterable, Awaitable
from typing import Annotated

import grpc
import typer
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.json_format import Parse, ParseError
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from cli.options import Json
from cli.output import Output
from cli.session import Clients, run
from protos.txn.v1 import txn_pb2
from protos.user.v1 import user_pb2

FILES = (user_pb2.DESCRIPTOR, txn_pb2.DESCRIPTOR)
STDIN = "-"


def call_method(
    method: Annotated[str, typer.Argument(help="As txn.v1.AccountService/ListAccounts; none lists all.")] = "",
    request: Annotated[str, typer.Argument(metavar="JSON", help="The request; - reads standard input.")] = "{}",
    json: Json = False,
) -> None:
    """Call a gRPC method with your sign-in; a stream is one JSON document on each line."""
    output = Output(as_json=json)
    if not method:
        for found in _methods():
            output.document({"method": _path(found).lstrip("/")})
            output.say(_path(found).lstrip("/"))
        return
    found = _method(method)
    message = _request(found, sys.stdin.read() if request == STDIN else request)

    async def work(clients: Clients) -> None:
        channel = clients.channels[found.containing_service.file.package]
        if found.server_streaming:
            async for answer in _stream(channel, found, message):
                output.json(answer)
        else:
            output.json(await _unary(channel, found, message), indent=2 if output.is_terminal and not json else None)

    run(work)


def _unary(channel: grpc.aio.Channel, method: MethodDescriptor, message: Message) -> Awaitable[Message]:
    return channel.unary_unary(_path(method), _bytes, GetMessageClass(method.output_type).FromString)(message)


def _stream(channel: grpc.aio.Channel, method: MethodDescriptor, message: Message) -> AsyncIterable[Message]:
    return channel.unary_stream(_path(method), _bytes, GetMessageClass(method.output_type).FromString)(message)


def _bytes(message: Message) -> bytes:
    return message.SerializeToString()


def _methods() -> list[MethodDescriptor]:
    services = [service for file in FILES for service in file.services_by_name.values()]
    return [method for service in services for method in service.methods]


def _method(name: str) -> MethodDescriptor:
    service_name, _, method_name = name.lstrip("/").replace("/", ".").rpartition(".")
    for found in _methods():
        if (found.containing_service.full_name, found.name) == (service_name, method_name):
            return found
    raise typer.BadParameter(f"there is no method {name}; `stori grpc` lists them", param_hint="METHOD")


def _request(method: MethodDescriptor, text: str) -> Message:
    try:
        return Parse(text, GetMessageClass(method.input_type)())
    except ParseError as error:
        raise typer.BadParameter(f"not a {method.input_type.full_name}: {error}", param_hint="JSON") from None


def _path(method: MethodDescriptor) -> str:
    return f"/{method.containing_service.full_name}/{method.name}"
