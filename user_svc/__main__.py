"""python -m user_svc serve | relay | migrate"""

import sys

from runtime.migrations import MigrationSettings, upgrade
from runtime.process import run, settings_or_exit
from user_svc import app
from user_svc.settings import RelaySettings, ServeSettings


def main(arguments: list[str]) -> None:
    match arguments:
        case ["serve"]:
            serving = settings_or_exit(ServeSettings)
            run("user_svc", serving, lambda process: app.serve(process, serving))
        case ["relay"]:
            relaying = settings_or_exit(RelaySettings)
            run("user_relay", relaying, lambda process: app.relay(process, relaying))
        case ["migrate"]:
            upgrade(app.MIGRATIONS, settings_or_exit(MigrationSettings))
        case _:
            print(f"usage: {__doc__}", file=sys.stderr)  # noqa: T201
            sys.exit(2)


main(sys.argv[1:])
