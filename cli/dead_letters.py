"""Dead letters in an operator's hands: looked at and given back, or moved to the queue they come from."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

from cli.letter import Letter
from runtime.aws import Aws, AwsError
from runtime.messages.dead_letters import SYSTEM_ATTRIBUTES, copy_of

LOOK_MAX = 100
MOVE_MAX = 1_000
BATCH_MAX = 10
# Nobody else is handed a letter meanwhile. What a killed command held comes to light again after it.
HELD_SECONDS = 60
# With a wait, SQS asks all of its servers and not only some.
WAIT_SECONDS = 1
GIVE_BACK_SECONDS = 3.0


class Held:
    """The letters of one dead-letter queue that are hidden from others while a command looks at them."""

    def __init__(self, aws: Aws, url: str) -> None:
        self._aws, self._url = aws, url
        self._client = aws.client("sqs")
        self._receipts: dict[str, str] = {}

    async def letters(self, most: int) -> AsyncIterator[Letter]:
        """At most `most`, each once. Raises one of AwsError."""
        seen: set[str] = set()
        while len(seen) < most:
            batch = await self._receive(min(BATCH_MAX, most - len(seen)))
            self._receipts |= {raw["MessageId"]: raw["ReceiptHandle"] for raw in batch}
            new = [raw for raw in batch if raw["MessageId"] not in seen]
            if not new:
                return
            seen |= {raw["MessageId"] for raw in new}
            for raw in new:
                yield Letter.of(raw)

    async def move(self, letter: Letter, url: str) -> str:
        """Sends a copy to the queue at `url`, then deletes the letter; the copy's id. Raises one of AwsError.

        Whoever is killed between the two leaves both: the consumers bear a repeat, and nobody would bear a loss.
        """
        sent = await self._aws.call(self._client.send_message, **copy_of(letter.raw, url))
        receipt = self._receipts[letter.raw["MessageId"]]
        await self._aws.call(self._client.delete_message, QueueUrl=self._url, ReceiptHandle=receipt)
        del self._receipts[letter.raw["MessageId"]]
        return str(sent["MessageId"])

    async def give_back(self) -> None:
        """Makes what is still held visible again; what cannot be told to SQS is so after HELD_SECONDS."""
        receipts = list(self._receipts.values())
        for start in range(0, len(receipts), BATCH_MAX):
            entries = [
                {"Id": str(index), "ReceiptHandle": receipt, "VisibilityTimeout": 0}
                for index, receipt in enumerate(receipts[start : start + BATCH_MAX])
            ]
            with suppress(*AwsError):
                await self._aws.call(
                    self._client.change_message_visibility_batch,
                    deadline_seconds=GIVE_BACK_SECONDS,
                    QueueUrl=self._url,
                    Entries=entries,
                )

    async def _receive(self, most: int) -> list[Mapping[str, Any]]:
        answer = await self._aws.call(
            self._client.receive_message,
            QueueUrl=self._url,
            MaxNumberOfMessages=most,
            WaitTimeSeconds=WAIT_SECONDS,
            VisibilityTimeout=HELD_SECONDS,
            MessageSystemAttributeNames=list(SYSTEM_ATTRIBUTES),
            MessageAttributeNames=["All"],
        )
        found: list[Mapping[str, Any]] = answer.get("Messages", [])
        return found


@asynccontextmanager
async def holding(aws: Aws, url: str) -> AsyncIterator[Held]:
    held = Held(aws, url)
    try:
        yield held
    finally:
        await held.give_back()


async def look(aws: Aws, url: str, most: int) -> list[Letter]:
    """At most `most` and LOOK_MAX of the dead letters at `url`, oldest first; all are visible again afterwards."""
    async with holding(aws, url) as held:
        letters = [letter async for letter in held.letters(min(most, LOOK_MAX))]
    return sorted(letters, key=lambda letter: letter.record.sent_at)


async def redrive(aws: Aws, source: str, target: str, moved: list[Letter], *, only: str, is_dry_run: bool) -> None:
    """Moves at most MOVE_MAX dead letters, or the one with the id `only`, from one URL to the other.

    Each is appended to `moved` when it is there, so that its reader knows of them whatever comes then; a dry run
    appends what would be moved. What fails again meanwhile is left: it came after the cause was said to be gone.
    """
    sent: set[str] = set()
    async with holding(aws, source) as held:
        async for letter in held.letters(MOVE_MAX):
            if letter.id in sent or (only and only not in (letter.id, letter.raw["MessageId"])):
                continue
            if not is_dry_run:
                sent.add(await held.move(letter, target))
            moved.append(letter)
            if only:
                return
