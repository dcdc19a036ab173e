"""GraphiQL in the development profile: the page, with a sign-in of its own, and its seven files from node_modules.

No address but ours and Cognito's is ever asked; the files' hashes are pinned in the page.
"""

from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import structlog
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import Route

from bff.edge import CONTENT_POLICY, refuse
from bff.errors import HttpRefusal
from bff.settings import BffSettings

PAGE_PATH: Final = "/graphiql"
FILES: Final = {
    "react.js": "graphiql-react/umd/react.production.min.js",
    "react-dom.js": "graphiql-react-dom/umd/react-dom.production.min.js",
    "js-cookie.js": "js-cookie/dist/js.cookie.min.js",
    "graphiql.js": "graphiql/graphiql.min.js",
    "graphiql.css": "graphiql/graphiql.min.css",
    "explorer.js": "@graphiql/plugin-explorer/dist/index.umd.js",
    "explorer.css": "@graphiql/plugin-explorer/dist/style.css",
}
_OWN: Final = {"start.js": "start.js", "sign-in.js": "sign-in.js", "page.css": "page.css"}
_HERE: Final = Path(__file__).parent

log = structlog.get_logger()


def graphiql_routes(settings: BffSettings) -> list[Route]:
    """The page and its files; where npm has not installed them the page says so."""
    paths = {name: settings.graphiql_dir / path for name, path in FILES.items()}
    missing = [str(path) for path in paths.values() if not path.is_file()]
    if missing:
        log.warning("GraphiQL's files are not installed", directory=str(settings.graphiql_dir))
        return [Route(PAGE_PATH, _not_installed)]
    headers = {CONTENT_POLICY: _policy(settings)}

    async def page(_: Request) -> Response:
        return FileResponse(_HERE / "page.html", headers=headers)

    routes = [Route("/", _to_page), Route(PAGE_PATH, page)]
    for name, path in (paths | {name: _HERE / own for name, own in _OWN.items()}).items():
        routes.append(Route(f"{PAGE_PATH}/{name}", _file(path)))
    return routes


def _file(path: Path) -> type[object]:
    async def file(_: Request) -> Response:
        return FileResponse(path, headers={"cache-control": "no-cache"})

    return file  # type: ignore[return-value]


async def _to_page(_: Request) -> Response:
    # Whoever opens the bare address, from a mail's link for example, is shown the one page there is.
    return RedirectResponse(PAGE_PATH)


async def _not_installed(_: Request) -> Response:
    message = "GraphiQL's files are not installed: run `npm ci` in web/."
    return refuse(HttpRefusal(404, "NOT_INSTALLED", message))


def _policy(settings: BffSettings) -> str:
    # CodeMirror and the dialogs set styles from scripts; no script runs but the files above.
    domain = urlsplit(settings.domain_url)
    sign_in = f"{domain.scheme}://{domain.netloc}"
    return (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        f"font-src 'self' data:; connect-src 'self' {sign_in}; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    )
