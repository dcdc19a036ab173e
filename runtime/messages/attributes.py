"""What SQS tells about a queue: how full it is, and where its messages go that fail too often."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

STATES: Final = {
    "waiting": "ApproximateNumberOfMessages",
    "hidden": "ApproximateNumberOfMessagesNotVisible",
    "delayed": "ApproximateNumberOfMessagesDelayed",
}


def counts(attributes: Mapping[str, str]) -> dict[str, int]:
    """Messages by state, as SQS estimates them."""
    return {state: int(attributes.get(name, 0)) for state, name in STATES.items()}


@dataclass(frozen=True)
class RedrivePolicy:
    """A message that was received `receives_max` times goes to the queue at `dead_letters_url`."""

    dead_letters_url: str
    receives_max: int

    @classmethod
    def of(cls, url: str, attributes: Mapping[str, str]) -> "RedrivePolicy | None":
        """That of the queue at `url`. Its dead-letter queue is of the same account and region, as SQS demands."""
        policy = json.loads(attributes.get("RedrivePolicy") or "{}")
        if not policy:
            return None
        name = str(policy["deadLetterTargetArn"]).rpartition(":")[2]
        return cls(f"{url.rpartition('/')[0]}/{name}", int(policy["maxReceiveCount"]))
