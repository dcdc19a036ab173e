"""What Stori needs of the emulator, and how it comes and goes."""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx2
import pytest
from botocore.exceptions import ClientError

from local.emulator import MAIL, Emulator, saved_whole
from local.mails import mails
from local.sign_in import SignInFailed, sign_in
from local.stack import MAIL_FROM, STACK, TEMPLATE, Outputs, StackBroken, aws_client, deploy, parameters, verify

WEB = "http://127.0.0.1:9"
EMAIL, PASSWORD = "ana@example.org", "correct horse battery"


@pytest.fixture(scope="module")
def outputs(emulator: Emulator) -> Outputs:
    return deploy(emulator.url, WEB)


@pytest.fixture
def home(run_folder: Path) -> Iterator[Path]:
    folder = run_folder / "emulator-of-its-own"
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def add_person(url: str, pool: str) -> None:
    cognito = aws_client("cognito-idp", url)
    attributes = [{"Name": "email", "Value": EMAIL}, {"Name": "email_verified", "Value": "true"}]
    with suppress(cognito.exceptions.UsernameExistsException):
        cognito.admin_create_user(UserPoolId=pool, Username=EMAIL, UserAttributes=attributes, MessageAction="SUPPRESS")
    cognito.admin_set_user_password(UserPoolId=pool, Username=EMAIL, Password=PASSWORD, Permanent=True)


def receive(url: str, queue: str) -> list[dict[str, Any]]:
    answer = aws_client("sqs", url).receive_message(
        QueueUrl=queue, WaitTimeSeconds=5, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    )
    messages: list[dict[str, Any]] = answer.get("Messages", [])
    return messages


def test_the_same_template_again_changes_nothing(emulator: Emulator, outputs: Outputs) -> None:
    assert deploy(emulator.url, WEB) == outputs
    verify(emulator.url, outputs.values)


def test_another_web_address_keeps_pools_queues_and_secrets(emulator: Emulator, outputs: Outputs) -> None:
    assert deploy(emulator.url, "http://127.0.0.1:10") == outputs
    assert deploy(emulator.url, WEB) == outputs


def test_a_person_signs_in_with_code_and_pkce(emulator: Emulator, outputs: Outputs) -> None:
    add_person(emulator.url, outputs["UserPoolId"])

    tokens = sign_in(emulator.url, outputs["WebClientId"], f"{WEB}/callback", EMAIL, PASSWORD)

    answer = httpx2.get(f"{emulator.url}/oauth2/userInfo", headers={"Authorization": f"Bearer {tokens.access}"})
    assert answer.json()["email"] == EMAIL


def test_a_wrong_password_gives_no_code(emulator: Emulator, outputs: Outputs) -> None:
    add_person(emulator.url, outputs["UserPoolId"])

    with pytest.raises(SignInFailed, match="refused the person"):
        sign_in(emulator.url, outputs["WebClientId"], f"{WEB}/callback", EMAIL, "wrong")


def test_a_foreign_callback_is_refused(emulator: Emulator, outputs: Outputs) -> None:
    with pytest.raises(SignInFailed, match="status 400"):
        sign_in(emulator.url, outputs["WebClientId"], "http://evil.example/callback", EMAIL, PASSWORD)


def test_the_notifier_gets_its_scopes_and_no_others(emulator: Emulator, outputs: Outputs) -> None:
    def ask(scope: str) -> int:
        return httpx2.post(
            f"{emulator.url}/oauth2/token",
            data={"grant_type": "client_credentials", "scope": scope},
            auth=(outputs["NotifierClientId"], outputs.notifier_client_secret),
        ).status_code

    assert ask("stori/users.read stori/txns.read stori/mails.write") == 200
    assert ask("openid") == 400


@pytest.mark.parametrize(("size", "status"), [(10, 204), (11, 400)])
def test_an_upload_is_bounded_by_its_form(emulator: Emulator, outputs: Outputs, size: int, status: int) -> None:
    form = aws_client("s3", emulator.url).generate_presigned_post(
        outputs["UploadsBucket"], "elsewhere/x", Conditions=[["content-length-range", 0, 10]]
    )

    answer = httpx2.post(form["url"], data=form["fields"], files={"file": b"x" * size})

    assert answer.status_code == status


def test_an_object_is_announced_with_its_version(emulator: Emulator, outputs: Outputs) -> None:
    s3 = aws_client("s3", emulator.url)
    version = s3.put_object(Bucket=outputs["UploadsBucket"], Key="imports/é +", Body=b"x")["VersionId"]

    events = [json.loads(message["Body"]) for message in receive(emulator.url, outputs["ImportsQueueUrl"])]

    (record,) = [record for event in events for record in event.get("Records", ())]
    assert record["s3"]["object"]["key"] == "imports/%C3%A9+%2B"
    assert record["s3"]["object"]["versionId"] == version


def test_an_event_is_delivered_raw_with_its_type(emulator: Emulator, outputs: Outputs) -> None:
    kind = {"type": {"DataType": "String", "StringValue": "stori.txn.v1.ImportCompleted"}}
    aws_client("sns", emulator.url).publish(
        TopicArn=outputs["EventsTopicArn"], Message='{"id":"evt_1"}', MessageAttributes=kind
    )

    (message,) = receive(emulator.url, outputs["NotificationsQueueUrl"])

    assert message["Body"] == '{"id":"evt_1"}'
    assert message["MessageAttributes"]["type"]["StringValue"] == "stori.txn.v1.ImportCompleted"


def alarms(url: str, stack: str) -> dict[str, Any]:
    """The alarms that a stack deployed, by their name in the template."""
    resources = aws_client("cloudformation", url).describe_stack_resources(StackName=stack)["StackResources"]
    logical = {each["PhysicalResourceId"]: each["LogicalResourceId"] for each in resources}
    found = aws_client("cloudwatch", url).describe_alarms()["MetricAlarms"]
    return {logical[alarm["AlarmName"]]: alarm for alarm in found if alarm["AlarmName"] in logical}


def test_alarms_watch_the_queues_that_are_deployed_and_tell_nobody_yet(emulator: Emulator, outputs: Outputs) -> None:
    found = alarms(emulator.url, STACK)

    watched = {alarm["Dimensions"][0]["Value"] for alarm in found.values()}
    urls = {value for name, value in outputs.values.items() if name.endswith(("QueueUrl", "DlqUrl"))}
    assert watched == {url.rpartition("/")[2] for url in urls}
    assert len(found) == 2 * len(urls)
    assert {tuple(alarm.get("AlarmActions", ())) for alarm in found.values()} == {()}


def test_alarms_tell_the_topic_that_is_given_with_the_thresholds_that_are(emulator: Emulator) -> None:
    topic_arn = aws_client("sns", emulator.url).create_topic(Name="on-call")["TopicArn"]
    given = {"AlarmTopicArn": topic_arn, "QueueAgeAlarmSeconds": "77", "DomainPrefix": "stori-alarms"}
    usual = [one for one in parameters((WEB,)) if one["ParameterKey"] not in given]
    formation = aws_client("cloudformation", emulator.url)

    formation.create_stack(
        StackName="stori-alarms",
        TemplateBody=TEMPLATE.read_text(),
        Parameters=[*usual, *({"ParameterKey": key, "ParameterValue": value} for key, value in given.items())],
        Capabilities=["CAPABILITY_IAM"],
    )
    formation.get_waiter("stack_create_complete").wait(StackName="stori-alarms", WaiterConfig={"Delay": 1})

    found = alarms(emulator.url, "stori-alarms")
    assert {tuple(alarm["AlarmActions"]) for alarm in found.values()} == {(topic_arn,)}
    assert {alarm["Threshold"] for name, alarm in found.items() if name.endswith("QueueAgeAlarm")} == {77}


def test_a_delivery_is_claimed_once(emulator: Emulator, outputs: Outputs) -> None:
    table = aws_client("dynamodb", emulator.url)

    def claim() -> None:
        table.put_item(
            TableName=outputs["DeliveriesTable"],
            Item={"delivery_id": {"S": "evt_once"}},
            ConditionExpression="attribute_not_exists(delivery_id)",
        )

    claim()
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        claim()


def send(url: str, outputs: Outputs) -> str:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = MAIL_FROM, "Ana <ana@example.org>", "Balance “39.74”"
    message["X-Stori-Delivery"] = "evt_1"
    message.set_content("39.74 é")
    message.add_alternative("<p>39.74 é</p>", subtype="html")
    answer = aws_client("sesv2", url).send_email(
        FromEmailAddress=MAIL_FROM,
        Destination={"ToAddresses": ["ana@example.org"]},
        Content={"Raw": {"Data": message.as_bytes()}},
        EmailTags=[{"Name": "delivery", "Value": "evt_1"}],
        ConfigurationSetName=outputs["MailConfigurationSet"],
    )
    name: str = answer["MessageId"]
    return name


def test_a_raw_mail_keeps_its_headers_and_tags(emulator: Emulator, outputs: Outputs) -> None:
    name = send(emulator.url, outputs)

    answer = httpx2.get(f"{emulator.url}/_ministack/ses/messages").json()
    (mail,) = [mail for mail in mails(answer, emulator.home / MAIL, "http://mailbox") if mail.id == name]
    assert (mail.to, mail.subject) == (["ana@example.org"], "Balance “39.74”")
    assert (mail.text.strip(), mail.html.strip()) == ("39.74 é", "<p>39.74 é</p>")
    assert mail.headers["X-Stori-Delivery"] == "evt_1"
    assert mail.headers["X-SES-MESSAGE-TAGS"] == "delivery=evt_1"
    assert re.fullmatch(r"http://mailbox/mails/\S+\.eml", mail.eml_url)


def test_everything_is_there_again_after_a_restart_at_another_port(home: Path) -> None:
    with Emulator.start(home) as first:
        before = deploy(first.url, WEB)
        add_person(first.url, before["UserPoolId"])
        aws_client("sqs", first.url).send_message(QueueUrl=before["NotificationsQueueUrl"], MessageBody="kept")
        aws_client("s3", first.url).put_object(Bucket=before["UploadsBucket"], Key="elsewhere/x", Body=b"kept")
        name = send(first.url, before)

    assert saved_whole(home)
    with Emulator.start(home) as second:
        assert second.url != first.url
        verify(second.url, before.values)
        after = deploy(second.url, WEB)
        assert after.notifier_client_secret == before.notifier_client_secret
        assert [message["Body"] for message in receive(second.url, after["NotificationsQueueUrl"])] == ["kept"]
        held = aws_client("s3", second.url).get_object(Bucket=after["UploadsBucket"], Key="elsewhere/x")
        assert held["Body"].read() == b"kept"
        sign_in(second.url, after["WebClientId"], f"{WEB}/callback", EMAIL, PASSWORD)
        assert [mail.id for mail in mails({"messages": {}}, home / MAIL, "")] == [name]


def test_a_killed_emulator_is_known_to_have_lost_its_state(home: Path) -> None:
    with Emulator.start(home) as first:
        outputs = deploy(first.url, WEB)
        first.process.kill()
        first.process.wait()

    assert not saved_whole(home)
    with Emulator.start(home) as second, pytest.raises(StackBroken, match=r"no longer has .* `make clean`"):
        verify(second.url, outputs.values)
