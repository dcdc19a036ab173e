"""python -m txn_svc serve | relay | importer | migrate"""

import sys

from runtime.migrations import MigrationSettings, upgrade
from runtime.process import run, settings_or_exit
from txn_svc import app
from txn_svc.app import RelaySettings, ServeSettings
from txn_svc.imports.worker import ImporterProcessSettings, run_importer


def main(arguments: list[str]) -> None:
    match arguments:
        case ["serve"]:
            serving = settings_or_exit(ServeSettings)
            run("txn_svc", serving, lambda process: app.serve(process, serving))
        case ["relay"]:
            relaying = settings_or_exit(RelaySettings)
            run("txn_relay", relaying, lambda process: app.relay(process, relaying))
        case ["importer"]:
            importing = settings_or_exit(ImporterProcessSettings)
            run("importer", importing, lambda process: run_importer(process, importing))
        case ["migrate"]:
            upgrade(app.MIGRATIONS, settings_or_exit(MigrationSettings))
        case _:
            print(f"usage: {__doc__}", file=sys.stderr)  # noqa: T201
            sys.exit(2)


if __name__ == "__main__":
    main(sys.argv[1:])
