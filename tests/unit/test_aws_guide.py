"""docs/aws.md against the template, the settings and the AWS SDK."""

import re
import shlex
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name

from docs.settings import PROCESSES, all_names
from tests.unit.composed import template

GUIDE = (Path(__file__).parents[2] / "docs" / "aws.md").read_text()
RUN = tuple(name for name in PROCESSES if name not in ("stori", "mailbox", "passwords", "deploy"))
ROWS = re.findall(r"^\| `([A-Z_]+)` \| (.*?) \| (.*?) \|$", GUIDE, re.MULTILINE)
COMMANDS = [
    " ".join(line.split())
    for block in re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL)
    for line in block.replace("\\\n", " ").splitlines()
    if line.strip().startswith("aws ")
]
VALUES = {
    "COGNITO_ISSUER": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Abc123",
    "COGNITO_DOMAIN_URL": "https://stori-example.auth.eu-west-1.amazoncognito.com",
    "COGNITO_PERSON_CLIENT_IDS": "web,cli",
    "COGNITO_SERVICE_CLIENT_IDS": "notifier",
    "STORI_WEB_CLIENT_ID": "web",
    "STORI_WEB_URL": "https://app.example.com",
    "STORI_CORS_ORIGINS": "https://app.example.com",
    "STORI_TRUSTED_PROXIES": "10.0.0.0/16",
    "STORI_DATABASE_URL": "postgresql://stori_txn_app:secret@db.internal:5432/stori_txn",
    "STORI_MIGRATION_DATABASE_URL": "postgresql://stori_txn_owner:secret@db.internal:5432/stori_txn",
    # Any file there is: whether it holds a certificate shows when it is used.
    **dict.fromkeys(("STORI_RPC_TLS_CERT", "STORI_RPC_TLS_KEY", "STORI_RPC_TLS_CA"), __file__),
    "STORI_MAIL_FROM": "Stori <statements@example.com>",
}


def told(process: str) -> list[str]:
    return [variable for variable, _, processes in ROWS if process in processes.split(", ")]


@pytest.mark.parametrize("process", RUN)
def test_what_the_guide_tells_a_process_is_enough_in_production(process: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = PROCESSES[process][1]
    for name in all_names(settings):
        monkeypatch.delenv(name, raising=False)
    assert set(told(process)) <= all_names(settings)

    for variable in told(process):
        monkeypatch.setenv(variable, VALUES.get(variable, "given"))

    assert settings().environment == "production"


def test_each_process_has_the_command_that_it_has() -> None:
    table = dict(re.findall(r"^\| ([a-z_]+) \| `(python -m .*?)` \|", GUIDE, re.MULTILINE))

    assert table == {name: PROCESSES[name][0] for name in RUN if not name.endswith("_migrate")}


def test_outputs_and_policies_that_the_guide_names_are_those_of_the_template() -> None:
    outputs = {name for _, source, _ in ROWS if source.startswith("output") for name in re.findall(r"`(\w+)`", source)}
    policies = set(re.findall(r"^\| `(\w+Policy)` \|", GUIDE, re.MULTILINE))

    assert outputs <= set(template()["Outputs"])
    resources = template()["Resources"]
    assert policies == {name for name, each in resources.items() if each["Type"] == "AWS::IAM::ManagedPolicy"}


def deployed_with() -> list[dict[str, str]]:
    """The parameters of each `aws cloudformation deploy`: the stack itself, then with the functions."""
    deploys = [command for command in COMMANDS if command.startswith("aws cloudformation deploy")]
    return [dict(re.findall(r"(\w+)=(\S+)", command)) for command in deploys]


def test_the_stack_is_deployed_with_every_parameter_it_needs() -> None:
    stack, functions = deployed_with()

    parameters = template()["Parameters"]
    assert set(stack) == {name for name, each in parameters.items() if "Default" not in each}
    assert set(functions) <= set(parameters)


@pytest.mark.parametrize(
    ("visibility", "timeout"),
    [
        ("ImportsVisibilitySeconds", "ImporterTimeoutSeconds"),
        ("NotificationsVisibilitySeconds", "NotifierTimeoutSeconds"),
    ],
)
def test_behind_a_function_the_visibility_is_six_times_its_timeout(visibility: str, timeout: str) -> None:
    _, functions = deployed_with()

    assert int(functions[visibility]) == 6 * template()["Parameters"][timeout]["Default"]


@pytest.mark.parametrize("command", [each for each in COMMANDS if " deploy " not in each])
def test_a_command_is_one_that_aws_knows(command: str) -> None:
    _, service, name, *options = shlex.split(command)
    # The command line has files of its own under `s3`.
    model = botocore.session.get_session().get_service_model("s3" if service == "s3api" else service)
    operations = {xform_name(each, "-"): each for each in model.operation_names}
    shape: Any = model.operation_model(operations[name]).input_shape

    known = {f"--{xform_name(member, '-')}" for member in shape.members} | {"--query", "--output"}
    assert {option for option in options if option.startswith("--")} <= known
