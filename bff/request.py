"""What a client asks, read from HTTP (the GraphQL-over-HTTP specification). Whatever is malformed is a 4xx."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from starlette.requests import ClientDisconnect, Request

from bff.errors import HttpRefusal

MAX_BODY_BYTES: Final = 100_000
MAX_BODY_SECONDS: Final = 8.0  # answered; the connection itself is closed after bff.server.MAX_REQUEST_SECONDS
MAX_JSON_DEPTH: Final = 32
MAX_JSON_VALUES: Final = 20_000
JSON: Final = "application/json"
GRAPHQL_JSON: Final = "application/graphql-response+json"


@dataclass(frozen=True)
class GraphQLRequest:
    query: str
    variables: dict[str, Any] | None
    operation_name: str | None


def media_type(accept: str | None) -> str:
    """The type to answer in. Raises HttpRefusal 406 where the client takes neither."""
    weighed: list[tuple[float, str]] = []
    for part in (accept or "*/*").split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        chosen = {JSON: JSON, GRAPHQL_JSON: GRAPHQL_JSON, "*/*": JSON, "application/*": JSON}.get(name)
        quality = _quality(parameters)
        if chosen and quality > 0:
            weighed.append((quality, chosen))
    if not weighed:
        raise HttpRefusal(406, "NOT_ACCEPTABLE", f"The answer is {JSON} or {GRAPHQL_JSON}.")
    return max(weighed, key=lambda pair: pair[0])[1]


async def read_request(request: Request) -> GraphQLRequest:
    """Raises HttpRefusal."""
    if request.method == "GET":
        return _graphql_request(_query_parameters(request.query_params))
    if request.method != "POST":
        raise HttpRefusal(405, "METHOD_NOT_ALLOWED", "Use POST.", {"allow": "GET, POST"})
    _require_json(request.headers)
    return _graphql_request(parse_json(await _body(request)))


def parse_json(body: bytes | str) -> Any:
    """JSON that PostgreSQL, protobuf and Python all bear: bounded, without NUL. Raises HttpRefusal 400."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise _bad("This is not valid JSON in UTF-8.") from None
    _check(document)
    return document


def _check(document: object) -> None:
    level, seen = [document], 0
    for _ in range(MAX_JSON_DEPTH):
        below: list[object] = []
        for value in level:
            if isinstance(value, dict):
                below.extend(value.keys())
                below.extend(value.values())
            elif isinstance(value, list):
                below.extend(value)
            elif isinstance(value, str) and "\0" in value:
                raise _bad("A string must not contain the character U+0000.")
        seen += len(below)
        if seen > MAX_JSON_VALUES:
            raise _bad(f"The request holds more than {MAX_JSON_VALUES} values.")
        if not below:
            return
        level = below
    raise _bad(f"The request is nested more than {MAX_JSON_DEPTH} levels deep.")


def _graphql_request(given: object) -> GraphQLRequest:
    if isinstance(given, list):
        raise _bad("Batches of operations are not accepted.")
    if not isinstance(given, dict):
        raise _bad("The request must be a JSON object with a `query`.")
    query = given.get("query")
    if not isinstance(query, str) or not query:
        raise _bad("`query` must be the text of a document.")
    return GraphQLRequest(
        query,
        _optional(given, "variables", dict, "an object"),
        _optional(given, "operationName", str, "a string"),
    )


def _optional(given: Mapping[str, Any], name: str, kind: type, said: str) -> Any:
    if name == "variables":
        _optional(given, "extensions", dict, "an object")
    value = given.get(name)
    if value is not None and not isinstance(value, kind):
        raise _bad(f"`{name}` must be {said}.")
    return value


def _query_parameters(parameters: Mapping[str, str]) -> dict[str, Any]:
    given: dict[str, Any] = {name: parameters.get(name) for name in ("query", "operationName")}
    for name in ("variables", "extensions"):
        text = parameters.get(name)
        given[name] = parse_json(text) if text else None
    _check(given)
    return given


def _require_json(headers: Mapping[str, str]) -> None:
    # Not a type a foreign page's form can send, so no request comes from one without a preflight.
    name, *parameters = (piece.strip().lower() for piece in headers.get("content-type", "").split(";"))
    charsets = [value.strip('"') for value in parameters if value.startswith("charset=")]
    if name != JSON or any(charset.removeprefix("charset=").strip('"') != "utf-8" for charset in charsets):
        raise HttpRefusal(415, "UNSUPPORTED_MEDIA_TYPE", f"The body must be {JSON} in UTF-8.")
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise HttpRefusal(415, "UNSUPPORTED_MEDIA_TYPE", "The body must not be compressed.")


async def _body(request: Request) -> bytes:
    announced = request.headers.get("content-length", "0")
    if announced.isdigit() and int(announced[:20]) > MAX_BODY_BYTES:
        raise _too_large()
    body = bytearray()
    try:
        async with asyncio.timeout(MAX_BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_BODY_BYTES:
                    raise _too_large()
    except TimeoutError:
        message = f"The body took longer than {MAX_BODY_SECONDS:.0f} seconds."
        raise HttpRefusal(408, "REQUEST_TIMEOUT", message, {"connection": "close"}) from None
    except ClientDisconnect:
        raise _bad("The body ended early.") from None
    return bytes(body)


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(1.0, float(value[:8]))
            except ValueError:
                return 0.0
    return 1.0


def _bad(message: str) -> HttpRefusal:
    return HttpRefusal(400, "BAD_REQUEST", message)


def _too_large() -> HttpRefusal:
    return HttpRefusal(413, "CONTENT_TOO_LARGE", f"The body is larger than {MAX_BODY_BYTES:,} bytes.")
