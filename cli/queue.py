"""The queues as an operator reaches them: by their addresses, with the credentials of the shell, or on a stack."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from cli.exits import BAD_CONFIGURATION, DEPENDENCY_DOWN, FAILED, Failure
from cli.files import read_document
from cli.settings import CliSettings, read_settings
from cli.target import find_target
from runtime.aws import Aws, AwsError, AwsSettings, error_code
from runtime.messages.attributes import RedrivePolicy, counts

NAMES = ("imports", "notifications", "feedback")
# The emulator takes any.
LOCAL_KEYS = ("local", "local")
_NOT_SET_UP = frozenset(
    {
        "AWS.SimpleQueueService.NonExistentQueue",
        "InvalidAddress",
        "NoCredentialsError",
        "PartialCredentialsError",
        "ProfileNotFound",
        "QueueDoesNotExist",
    }
)
_REFUSED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)

T = TypeVar("T")


@dataclass(frozen=True)
class Queue:
    """A queue as SQS describes it now. `policy` says where its dead letters are; None where it keeps none."""

    url: str
    counts: Mapping[str, int]
    policy: RedrivePolicy | None


async def queue_at(aws: Aws, url: str) -> Queue:
    """Raises one of AwsError."""
    answer = await aws.call(aws.client("sqs").get_queue_attributes, QueueUrl=url, AttributeNames=["All"])
    return Queue(url, counts(answer["Attributes"]), RedrivePolicy.of(url, answer["Attributes"]))


def run(work: Callable[[Aws, Mapping[str, str]], Awaitable[T]]) -> T:
    """What `work` gives for AWS and the URLs of the queues that are known, by name. Raises Failure."""
    urls, settings, keys = _found(read_settings())

    async def working() -> T:
        aws = Aws(settings, keys)
        try:
            return await work(aws, urls)
        finally:
            aws.close()

    try:
        return asyncio.run(working())
    except AwsError as error:
        raise _failure(error_code(error)) from None


def _found(settings: CliSettings) -> tuple[Mapping[str, str], AwsSettings, tuple[str | None, str | None]]:
    given = {name: url for name in NAMES if (url := getattr(settings, f"{name}_queue_url"))}
    if given:
        return given, _aws_settings(settings), (None, None)
    stack = find_target(settings).stack
    content = read_document(Path(stack)) if stack else None
    if content is None:
        raise Failure(
            "No queue is known: start the system with `make up`, or set AWS_REGION and "
            f"{', '.join(f'STORI_{name.upper()}_QUEUE_URL' for name in NAMES)}.",
            BAD_CONFIGURATION,
        )
    try:
        urls = {name: str(content[f"{name}_queue_url"]) for name in NAMES}
        region, endpoint = str(content["region"]), str(content["aws_endpoint_url"])
    except KeyError as error:
        raise Failure(f"{stack} names no {error.args[0]}.", BAD_CONFIGURATION) from None
    return urls, AwsSettings(environment="local", region=region, endpoint_url=endpoint), LOCAL_KEYS


def _aws_settings(settings: CliSettings) -> AwsSettings:
    if not settings.region:
        raise Failure("It is not known where the queues are: set AWS_REGION.", BAD_CONFIGURATION)
    values: dict[str, Any] = {"region": settings.region, "endpoint_url": settings.endpoint_url or None}
    try:
        return AwsSettings(environment=settings.environment, **values)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False, include_context=False)
        wrong = "; ".join(f"AWS_{one['loc'][0]}".upper() + f": {one['msg']}" for one in problems)
        raise Failure(f"Bad configuration: {wrong}", BAD_CONFIGURATION) from None


def _failure(code: str) -> Failure:
    if code in _NOT_SET_UP:
        sentence = f"The queues cannot be asked: {code}. Look at their addresses and at your credentials."
        return Failure(sentence, BAD_CONFIGURATION)
    if code in _REFUSED:
        return Failure(f"AWS refuses it: {code}.", FAILED)
    return Failure(f"AWS does not answer: {code}.", DEPENDENCY_DOWN)
