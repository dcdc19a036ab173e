"""The application, put together from what it is given; nothing here touches the network."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from bff.admission import Admission, Verify
from bff.clients import Clients
from bff.downloads import DOWNLOAD_PATH, DownloadEndpoint
from bff.edge import REQUEST_ID, Edge, fault, refuse
from bff.endpoint import GraphQLEndpoint
from bff.errors import HttpRefusal
from bff.graphiql import graphiql_routes
from bff.rates import Rates
from bff.settings import BffSettings

GRAPHQL_PATH = "/graphql"
_METHODS = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]


def create_app(settings: BffSettings, verify: Verify, clients: Clients) -> ASGIApp:
    """`verify` gives the caller of a token, or raises Unauthenticated."""
    admission = Admission(verify, Rates(settings))
    endpoint = GraphQLEndpoint(settings, admission, clients)
    downloads = DownloadEndpoint(admission, clients)

    async def graphql(request: Request) -> Response:
        return await endpoint(request)

    async def download(request: Request) -> Response:
        return await downloads(request)

    async def config(_: Request) -> Response:
        return JSONResponse(page_config(settings))

    routes = [
        Route(GRAPHQL_PATH, graphql, methods=_METHODS),
        Route(DOWNLOAD_PATH, download, methods=_METHODS),
        Route("/config.json", config),
    ]
    if settings.is_development:
        routes += graphiql_routes(settings)
    cors = Middleware(
        CORSMiddleware,
        allow_origins=list(settings.cors_origins),
        allow_methods=["GET", "POST"],
        allow_headers=["authorization", "content-type", REQUEST_ID, "traceparent"],
        expose_headers=[REQUEST_ID, "retry-after"],
    )
    app = Starlette(
        routes=routes,
        middleware=[cors],
        exception_handlers={HTTPException: _http_error, HttpRefusal: _refusal, Exception: _fault},
    )
    # Its address would be made of the client's Host header, and without the proxy's https.
    app.router.redirect_slashes = False
    return Edge(app, frozenset(route.path for route in routes))


def page_config(settings: BffSettings) -> dict[str, str]:
    """What a page needs to sign somebody in and to ask. `graphqlUrl` is relative to this server."""
    return {
        "issuer": settings.issuer,
        "clientId": settings.web_client_id,
        "domainUrl": settings.domain_url,
        "graphqlUrl": GRAPHQL_PATH,
    }


async def _http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}.get(error.status_code, "BAD_REQUEST")
    return refuse(HttpRefusal(error.status_code, code, error.detail, error.headers))


async def _refusal(_: Request, error: Exception) -> Response:
    assert isinstance(error, HttpRefusal)
    return refuse(error)


async def _fault(_: Request, __: Exception) -> Response:
    return fault()
