"""The one-off steps of compose.yaml: `python -m local.containers passwords | deploy`.

What they find out they write into the folders below STORI_CONTAINERS_DIR, each a volume: `deployment/` is theirs alone,
`postgres/` holds the server's password, and `environments/{process}/` what `local.enter` gives to that one process.
"""

import sys
from pathlib import Path

from pydantic import Field

from local import demo
from local.enter import ENVIRONMENT
from local.environment import deployed_environments
from local.home import read_json, write_json
from local.passwords import Passwords
from local.ports import LOOPBACK
from local.roles import SUPERUSER, DatabaseUrls, create_database
from local.stack import Outputs, StackBroken, deploy, verify
from runtime.process import settings_or_exit
from runtime.settings import Settings

START_AFRESH = "`docker compose down --volumes` removes the data, then `docker compose up` starts afresh."


class PasswordSettings(Settings):
    containers_dir: Path = Field(Path("/stori"), description="Where the volumes of the one-off steps are mounted.")

    @property
    def passwords(self) -> Passwords:
        return Passwords(self.containers_dir / "deployment" / "passwords.json")


class DeploySettings(PasswordSettings):
    postgres_address: str = Field(min_length=1, description="host:port of the server in which databases are made.")
    emulator_url: str = Field(description="The AWS emulator, as the other containers reach it.")
    web_url: str = Field(pattern=r"^http://127\.0\.0\.1:\d+$", description="Where a browser on this machine finds bff.")


def write_server_password(settings: PasswordSettings) -> None:
    """The superuser's password, in a volume that only PostgreSQL and `deploy` mount."""
    path = settings.containers_dir / "postgres" / "password"
    path.write_text(settings.passwords.of(SUPERUSER))
    # The server runs as another user.
    path.chmod(0o444)


def prepare(settings: DeploySettings) -> None:
    """Makes what the processes need, or brings it up to date, and writes their variables. Raises StackBroken."""
    server = f"postgresql://{SUPERUSER}:{settings.passwords.of(SUPERUSER)}@{settings.postgres_address}/postgres"
    user = create_database(server, settings.passwords, "stori_user")
    txn = create_database(server, settings.passwords, "stori_txn")
    outputs = deployed(settings)
    for name, variables in environments(settings, outputs, user, txn).items():
        write_json(settings.containers_dir / "environments" / name / ENVIRONMENT, variables)
    person = demo.Person(demo.EMAIL, settings.passwords.of(demo.EMAIL), None)
    demo.create_person(settings.emulator_url, outputs["UserPoolId"], person)
    say(f"{settings.web_url}/graphiql, sign in as {person.email} with {person.password}")


def deployed(settings: DeploySettings) -> Outputs:
    kept = settings.containers_dir / "deployment" / "deployed.json"
    last = read_json(kept)
    if last is not None:
        verify(settings.emulator_url, last, START_AFRESH)
    outputs = deploy(settings.emulator_url, settings.web_url, (settings.web_url.replace(LOOPBACK, "localhost"),))
    write_json(kept, outputs.values)
    return outputs


def environments(
    settings: DeploySettings, outputs: Outputs, user: DatabaseUrls, txn: DatabaseUrls
) -> dict[str, dict[str, str]]:
    owners = {"user_migrate": user.owner, "txn_migrate": txn.owner}
    migrations = {name: {"STORI_MIGRATION_DATABASE_URL": url} for name, url in owners.items()}
    return deployed_environments(settings.emulator_url, outputs, user, txn) | migrations


def say(sentence: str) -> None:
    print(sentence, flush=True)


def main(arguments: list[str]) -> int:
    match arguments:
        case ["passwords"]:
            write_server_password(settings_or_exit(PasswordSettings))
        case ["deploy"]:
            try:
                prepare(settings_or_exit(DeploySettings))
            except (StackBroken, demo.DemoFailed) as error:
                say(str(error))
                return 1
        case _:
            say("usage: python -m local.containers passwords | deploy")
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
