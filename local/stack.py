"""deploy/app.yaml in the emulator: deployed or updated, verified whole, its outputs."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local.emulator import REGION
from local.home import ROOT

STACK = "stori"
TEMPLATE: Path = ROOT / "deploy" / "app.yaml"
DOMAIN_PREFIX = "stori-local"
MAIL_FROM = "statements@stori.example"
DEPLOY_SECONDS = 60.0
POLL_SECONDS = 0.05
START_AFRESH = "`make clean` removes the local data, then `make up` starts afresh."
# The emulator takes any credentials; production's come from the SDK's own chain.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}


class StackBroken(Exception):
    """The emulator does not hold what it should; the message is one sentence."""


@dataclass(frozen=True)
class Outputs:
    values: Mapping[str, str]
    notifier_client_secret: str

    def __getitem__(self, name: str) -> str:
        return self.values[name]


def aws_client(service: str, endpoint_url: str) -> Any:
    return boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=endpoint_url,
        region_name=REGION,
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        config=Config(connect_timeout=2, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3}),
    )


def deploy(endpoint_url: str, web_url: str, other_web_urls: tuple[str, ...] = ()) -> Outputs:
    """Creates the stack or brings it up to the template; the same again changes nothing. Raises StackBroken."""
    formation = aws_client("cloudformation", endpoint_url)
    request = {
        "StackName": STACK,
        "TemplateBody": TEMPLATE.read_text(),
        "Parameters": parameters((web_url, *other_web_urls)),
        "Capabilities": ["CAPABILITY_IAM"],
    }
    try:
        if describe(formation) is None:
            formation.create_stack(**request)
        else:
            formation.update_stack(**request)
    except ClientError as error:
        if "No updates are to be performed" not in str(error):
            raise StackBroken(f"The stack could not be deployed: {error}") from None
    return outputs(settled(formation), endpoint_url)


def parameters(web_urls: tuple[str, ...]) -> list[dict[str, str]]:
    callbacks = [url + path for url in web_urls for path in ("/", "/callback", "/graphiql")]
    values = {
        "DomainPrefix": DOMAIN_PREFIX,
        "WebCallbackUrls": ",".join(callbacks),
        "WebLogoutUrls": ",".join(f"{url}/" for url in web_urls),
        "UploadOrigins": ",".join(web_urls),
        "MailIdentity": MAIL_FROM,
    }
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]


def describe(formation: Any) -> Any | None:
    try:
        return formation.describe_stacks(StackName=STACK)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise


def settled(formation: Any) -> Any:
    deadline = time.monotonic() + DEPLOY_SECONDS
    while time.monotonic() < deadline:
        stack = describe(formation)
        if stack is not None and not stack["StackStatus"].endswith("_IN_PROGRESS"):
            if stack["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
                raise StackBroken(f"The stack is {stack['StackStatus']}: {stack.get('StackStatusReason', '')}")
            return stack
        time.sleep(POLL_SECONDS)
    raise StackBroken(f"The stack was not deployed within {DEPLOY_SECONDS:.0f} s.")


def outputs(stack: Any, endpoint_url: str) -> Outputs:
    values = {item["OutputKey"]: item["OutputValue"] for item in stack["Outputs"]}
    for name, value in values.items():
        if name.endswith(("QueueUrl", "DlqUrl")):
            # The emulator keeps the port a queue was made at; it finds the queue by the path.
            values[name] = endpoint_url + urlsplit(value).path
    client = aws_client("cognito-idp", endpoint_url).describe_user_pool_client(
        UserPoolId=values["UserPoolId"], ClientId=values["NotifierClientId"]
    )
    return Outputs(values, client["UserPoolClient"]["ClientSecret"])


def verify(endpoint_url: str, last: Mapping[str, str], start_afresh: str = START_AFRESH) -> None:
    """Asks for everything that was there when the stack was last whole. Raises StackBroken naming what is gone."""
    cognito, sqs = aws_client("cognito-idp", endpoint_url), aws_client("sqs", endpoint_url)
    pool = last["UserPoolId"]
    held_by = {
        "the user pool": lambda: cognito.describe_user_pool(UserPoolId=pool),
        "the web client": lambda: cognito.describe_user_pool_client(UserPoolId=pool, ClientId=last["WebClientId"]),
        "the bucket's notifications": lambda: notifications(endpoint_url, last["UploadsBucket"]),
        "the events topic's subscription": lambda: subscriptions(endpoint_url, last["EventsTopicArn"]),
        "the user events topic": lambda: topic(endpoint_url, last["UserEventsTopicArn"]),
        "the deliveries table": lambda: table(endpoint_url, last["DeliveriesTable"]),
        "the stack": lambda: describe(aws_client("cloudformation", endpoint_url)),
    } | {
        f"the queue {name}": lambda url=url: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        for name, url in last.items()
        if name.endswith(("QueueUrl", "DlqUrl"))
    }
    for what, ask in held_by.items():
        try:
            found = ask()
        except (ClientError, BotoCoreError):
            found = None
        if not found:
            raise StackBroken(lost(what, start_afresh))


def lost(what: str, start_afresh: str = START_AFRESH) -> str:
    return f"The AWS emulator no longer has {what}: it was killed before it could save. {start_afresh}"


def notifications(endpoint_url: str, bucket: str) -> Any:
    s3 = aws_client("s3", endpoint_url)
    return s3.get_bucket_notification_configuration(Bucket=bucket).get("QueueConfigurations")


def subscriptions(endpoint_url: str, topic_arn: str) -> Any:
    return aws_client("sns", endpoint_url).list_subscriptions_by_topic(TopicArn=topic_arn)["Subscriptions"]


def topic(endpoint_url: str, topic_arn: str) -> Any:
    return aws_client("sns", endpoint_url).get_topic_attributes(TopicArn=topic_arn)["Attributes"]


def table(endpoint_url: str, name: str) -> Any:
    return aws_client("dynamodb", endpoint_url).describe_table(TableName=name)["Table"]
