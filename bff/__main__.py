"""`python -m bff`: the GraphQL server."""

from bff.app import create_app
from bff.clients import open_clients
from bff.server import serve_app
from bff.settings import BffSettings
from runtime.process import Process, run, settings_or_exit
from runtime.tokens import open_verifier


async def serve(process: Process, settings: BffSettings) -> None:
    async with open_verifier(settings) as verifier, open_clients(settings) as clients:
        process.add_check("jwks", verifier.check)
        app = create_app(settings, verifier.verify, clients)
        async with serve_app(app, settings):
            process.set_ready()
            await process.until_stopped()


def main() -> None:
    settings = settings_or_exit(BffSettings)
    run("bff", settings, lambda process: serve(process, settings))


if __name__ == "__main__":
    main()
