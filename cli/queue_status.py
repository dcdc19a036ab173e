"""How full a queue is, how old its oldest message, and what is in its dead-letter queue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cli.dead_letters import LOOK_MAX, look
from cli.letter import Letter
from cli.moments import gap
from cli.output import note
from cli.queue import queue_at
from runtime.aws import Aws, AwsError, error_code
from runtime.messages.attributes import STATES

# CloudWatch has a figure for each minute, some minutes late.
AGE_MINUTES = 15
FIGURES = (*STATES, "oldest")


@dataclass(frozen=True)
class Level:
    """Messages by state, and the age of the oldest that waits; None where none does or nobody knows."""

    counts: Mapping[str, int]
    oldest_seconds: float | None

    def to_document(self) -> dict[str, Any]:
        return {**self.counts, "oldestSeconds": self.oldest_seconds}

    def to_row(self, name: str) -> tuple[str, ...]:
        oldest = "" if self.oldest_seconds is None else gap(timedelta(seconds=self.oldest_seconds))
        return (name, *(str(self.counts[state]) for state in STATES), oldest)


@dataclass(frozen=True)
class Status:
    """`dead` is None where a queue keeps no dead letters; `letters` are at most LOOK_MAX of them, oldest first."""

    name: str
    work: Level
    dead: Level | None
    letters: Sequence[Letter]

    def to_document(self) -> dict[str, Any]:
        document = {"queue": self.name, **self.work.to_document(), "deadLetters": None}
        if self.dead is not None:
            letters = [letter.to_document() for letter in self.letters]
            document["deadLetters"] = {**self.dead.to_document(), "letters": letters}
        return document

    def to_rows(self) -> list[tuple[str, ...]]:
        rows = [self.work.to_row(self.name)]
        return rows if self.dead is None else [*rows, self.dead.to_row(f"{self.name} dead letters")]


async def status(aws: Aws, name: str, url: str) -> Status:
    """Of the queue at `url`. It receives nothing from there, for that would count as an attempt; only dead letters.

    Raises one of AwsError.
    """
    found = await queue_at(aws, url)
    work = Level(found.counts, await _age_seconds(aws, url) if found.counts["waiting"] else None)
    if found.policy is None:
        return Status(name, work, None, ())
    dead = await queue_at(aws, found.policy.dead_letters_url)
    # Not one more than there are said to be: SQS would be waited for.
    letters = await look(aws, dead.url, dead.counts["waiting"])
    if len(letters) == LOOK_MAX < dead.counts["waiting"]:
        note(f"{name}: these are {LOOK_MAX} of {dead.counts['waiting']} dead letters.")
    oldest = max((letter.age_seconds for letter in letters), default=None)
    return Status(name, work, Level(dead.counts, oldest), letters)


async def _age_seconds(aws: Aws, url: str) -> float | None:
    """By CloudWatch, because SQS tells none; None where it has no figure, as in the emulator."""
    now = datetime.now(UTC)
    try:
        answer = await aws.call(
            aws.client("cloudwatch").get_metric_statistics,
            Namespace="AWS/SQS",
            MetricName="ApproximateAgeOfOldestMessage",
            Dimensions=[{"Name": "QueueName", "Value": url.rpartition("/")[2]}],
            StartTime=now - timedelta(minutes=AGE_MINUTES),
            EndTime=now,
            Period=60,
            Statistics=["Maximum"],
        )
    except AwsError as error:
        note(f"The age of what waits is not known: CloudWatch says {error_code(error)}.")
        return None
    newest = max(answer["Datapoints"], key=lambda point: point["Timestamp"], default=None)
    return None if newest is None else float(newest["Maximum"])
