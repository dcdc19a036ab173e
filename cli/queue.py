"""The queues as an operator reaches them: by their addresses, with the credentials of the shell, or on a stack."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from cli.cloud import failure_of, open_cloud
from cli.settings import read_settings
from cli.target import find_target
from runtime.aws import Aws, AwsError
from runtime.messages.attributes import RedrivePolicy, counts

NAMES = ("imports", "notifications", "feedback")
_SETTING = "{}_queue_url"

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
    settings = read_settings()
    names = {_SETTING.format(name): name for name in NAMES}

    async def working() -> T:
        with open_cloud(find_target(settings), settings, tuple(names), all_of_them=False) as cloud:
            return await work(cloud.aws, {names[setting]: url for setting, url in cloud.places.items()})

    try:
        return asyncio.run(working())
    except AwsError as error:
        raise failure_of(error) from None
