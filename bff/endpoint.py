"""/graphql: admission, request, document, execution; each refuses what the next must not see.

A thin endpoint over graphql-core's `execute`. Strawberry's own view answers 500 to several malformed bodies, lacks
application/graphql-response+json, and hides no suggestions in the errors of variables.
"""

import time
from dataclasses import replace
from typing import Any

import orjson
from graphql import ExecutionResult, OperationDefinitionNode, OperationType, execute, get_operation_ast
from starlette.requests import Request
from starlette.responses import Response
from strawberry.execution import optimized_is_awaitable

from bff.admission import Admission
from bff.clients import Clients
from bff.context import Context
from bff.documents import VALIDATION_FAILED, Documents, InvalidDocument
from bff.edge import refuse
from bff.errors import BAD_USER_INPUT, HttpRefusal, field_error, request_error
from bff.executor import PlainExecutor
from bff.loaders import Loaders
from bff.request import GRAPHQL_JSON, JSON, GraphQLRequest, media_type, read_request
from bff.schema import build_schema, core_schema
from bff.settings import BffSettings
from runtime import call


class GraphQLEndpoint:
    """Stateless but for the cache of documents: callers, contexts and loaders live and die with their request."""

    def __init__(self, settings: BffSettings, admission: Admission, clients: Clients) -> None:
        self._schema = core_schema(build_schema())
        self._hide_schema = not settings.is_development
        self._documents = Documents(self._schema, hide_schema=self._hide_schema)
        self._deadline_seconds = settings.rpc_deadline_seconds
        self._admission = admission
        self._clients = clients

    async def __call__(self, request: Request) -> Response:
        answer_in = JSON
        try:
            caller = await self._admission.person(request)
            answer_in = media_type(request.headers.get("accept"))
            asked = await read_request(request)
            deadline = time.monotonic() + self._deadline_seconds
            with call.bind(replace(call.current(), caller=caller, deadline=deadline)):
                context = Context(caller, self._clients, Loaders(self._clients))
                status, answer = await self._answer(asked, context, answer_in, request.method)
        except HttpRefusal as refusal:
            return refuse(refusal, answer_in)
        return Response(orjson.dumps(answer), status, media_type=f"{answer_in}; charset=utf-8")

    async def _answer(
        self, asked: GraphQLRequest, context: Context, answer_in: str, method: str
    ) -> tuple[int, dict[str, Any]]:
        # A well-formed request whose document or variables are wrong: 400, except to clients of the older media type.
        wrong = 400 if answer_in == GRAPHQL_JSON else 200
        try:
            document = self._documents.get(asked.query)
        except InvalidDocument as invalid:
            return wrong, {"errors": invalid.errors}
        operation = get_operation_ast(document, asked.operation_name)
        if operation is None:
            message = "`operationName` must name one operation of the document."
            return wrong, {"errors": [{"message": message, "extensions": {"code": VALIDATION_FAILED}}]}
        if method == "GET" and operation.operation is not OperationType.QUERY:
            raise HttpRefusal(405, "METHOD_NOT_ALLOWED", "A GET may only query.", {"allow": "POST"})
        result = execute(
            self._schema,
            document,
            context_value=context,
            variable_values=asked.variables,
            operation_name=asked.operation_name,
            executor_class=PlainExecutor,
            is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]
            hide_suggestions=self._hide_schema,
        )
        return _rendered(await result if optimized_is_awaitable(result) else result, operation, wrong)  # type: ignore[arg-type, misc]


def _rendered(result: ExecutionResult, operation: OperationDefinitionNode, wrong: int) -> tuple[int, dict[str, Any]]:
    if not result.errors:
        return 200, {"data": result.data}
    if result.data is None and all(error.path is None for error in result.errors):
        return wrong, {"errors": [request_error(error, BAD_USER_INPUT) for error in result.errors]}
    errors = [field_error(error) for error in result.errors]
    if operation.operation is OperationType.QUERY and any(e["extensions"]["code"] == BAD_USER_INPUT for e in errors):
        # A forged cursor, a page of 0: the request is at fault, not the answer. A mutation's outcome is always told.
        return 400, {"errors": errors}
    return 200, {"data": result.data, "errors": errors}
