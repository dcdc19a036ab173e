"""The worker's side of a queue: long polls, bounded concurrency, visibility kept alive, drain.

A message is deleted only after its handler returned. One whose handler raised stays hidden for a growing while and is
then delivered again; how often, and where it goes after that, is the queue's redrive policy. At the last of these
attempts the worker moves it there itself, with the reason; where it cannot, SQS does.
"""

import asyncio
import math
import time
from contextlib import suppress

import structlog
from pydantic import Field

from runtime import points
from runtime.aws import Aws, AwsError, error_code
from runtime.messages.backoff import Backoff, pause
from runtime.messages.dead_letters import DeadLetters
from runtime.messages.depth import Depth
from runtime.messages.message import Handle, Message, attempt, show_zeros
from runtime.messages.sqs import BATCH_MAX, Deletions, SqsQueue
from runtime.refusals import Unavailable
from runtime.settings import Settings

__all__ = ["Consumer", "ConsumerSettings", "Handle", "Message"]

POLL_BACKOFF = Backoff(0.2, 30.0)
# How long a stop waits for the poll that is out, and what it keeps of the drain for giving back.
POLL_CUT_SECONDS = 1.0
RELEASE_SECONDS = 3.0

log = structlog.get_logger()


class ConsumerSettings(Settings):
    consumer_concurrency: int = Field(20, ge=1, le=100, description="Messages handled at once.")
    consumer_poll_seconds: int = Field(20, ge=0, le=20, description="How long SQS waits for a message.")
    consumer_visibility_seconds: int = Field(
        30, ge=2, le=43_200, description="Longer than a poll; prolonged every third of it while a handler works."
    )
    consumer_handler_seconds: float = Field(900, gt=0, description="Longest time one attempt may take.")
    consumer_retry_first_seconds: float = Field(4, ge=0, description="Before the second attempt; then doubled.")
    consumer_retry_most_seconds: float = Field(60, ge=0, le=43_200, description="The longest of these pauses.")
    consumer_measure_seconds: float = Field(15, gt=0, description="How often the queue's depth and age are measured.")
    drain_seconds: float = Field(25, gt=0, le=60)


class Consumer:
    """Handles the messages of the queue at `queue_url`. A message may come more than once, and in any order."""

    def __init__(self, aws: Aws, queue_url: str, handle: Handle, settings: ConsumerSettings) -> None:
        self._settings = settings
        self._handle = handle
        self._queue = SqsQueue(
            aws,
            queue_url,
            poll_seconds=settings.consumer_poll_seconds,
            visibility_seconds=settings.consumer_visibility_seconds,
        )
        self._retry = Backoff(settings.consumer_retry_first_seconds, settings.consumer_retry_most_seconds)
        self._depth = Depth(aws, queue_url)
        self._dead_letters = DeadLetters(aws, self._queue.name)
        show_zeros(self._queue.name)
        self._running: dict[asyncio.Task[None], Message] = {}
        self._reachable = False

    async def check(self) -> None:
        """Raises Unavailable unless the queue answered the last poll."""
        if not self._reachable:
            raise Unavailable(f"The queue {self._queue.name} cannot be reached.")

    async def run(self, stopping: asyncio.Event) -> None:
        """Receives until `stopping`, then finishes what is in flight within the drain and gives back the rest.

        It does not wait for a long poll to end. Messages that the poll brings within POLL_CUT_SECONDS are given back;
        after that it is abandoned, and a message SQS still hands to it appears again when its visibility ends.
        """
        async with asyncio.TaskGroup() as group:
            deletions = Deletions(self._queue)
            group.create_task(deletions.run())
            measuring = group.create_task(self._depth.run(stopping, self._settings.consumer_measure_seconds))
            try:
                poll = await self._receive(group, deletions, stopping)
                await self._drain(poll)
            finally:
                measuring.cancel()
                self._reachable = False
                await self._give_back()
                await deletions.close()

    async def _receive(
        self, group: asyncio.TaskGroup, deletions: Deletions, stopping: asyncio.Event
    ) -> asyncio.Task[list[Message]]:
        """Starts a task for each message until `stopping`; the poll that was out then."""
        stop = group.create_task(stopping.wait())
        failures = 0
        while True:
            poll = asyncio.create_task(self._poll(stop))
            await asyncio.wait({poll, stop}, return_when=asyncio.FIRST_COMPLETED)
            if stop.done():
                return poll
            try:
                messages = poll.result()
            except AwsError as error:
                self._reachable, failures = False, failures + 1
                log.warning("queue not reached", queue=self._queue.name, error=error_code(error))
                await pause(stopping, POLL_BACKOFF.seconds(failures))
                continue
            self._reachable, failures = True, 0
            for message in messages:
                self._depth.received(message)
                task = group.create_task(self._work(message, deletions))
                self._running[task] = message
                task.add_done_callback(self._running.pop)

    async def _poll(self, stop: asyncio.Task[bool]) -> list[Message]:
        while not (free := self._settings.consumer_concurrency - len(self._running)):
            await asyncio.wait({stop, *self._running}, return_when=asyncio.FIRST_COMPLETED)
            if stop.done():
                return []
        # The first poll does not wait: its answer tells whether the queue is there.
        return await self._queue.receive(min(free, BATCH_MAX), wait=self._reachable)

    async def _work(self, message: Message, deletions: Deletions) -> None:
        ended = asyncio.Event()
        heartbeat = asyncio.create_task(self._keep_hidden(message, ended))
        try:
            await points.reach("message.received")
            reason = await attempt(
                self._handle, message, queue=self._queue.name, seconds=self._settings.consumer_handler_seconds
            )
        finally:
            # A prolongation that is under way must not land after the retry's shorter one.
            ended.set()
            await heartbeat
        if reason is None or await self._dead_letters.take(message, reason, self._depth.policy):
            await points.reach("message.handled")
            await deletions.add(message)
        else:
            await self._queue.hide(message, math.ceil(self._retry.seconds(message.receive_count)))

    async def _keep_hidden(self, message: Message, ended: asyncio.Event) -> None:
        seconds = self._settings.consumer_visibility_seconds
        while not await pause(ended, seconds / 3):
            await self._queue.hide(message, seconds)

    async def _drain(self, poll: asyncio.Task[list[Message]]) -> None:
        late = asyncio.create_task(self._give_back_late(poll))
        cut = time.monotonic() + POLL_CUT_SECONDS
        if self._running:
            await asyncio.wait(self._running, timeout=max(0.0, self._settings.drain_seconds - RELEASE_SECONDS))
        await asyncio.wait({late}, timeout=max(0.0, cut - time.monotonic()))
        late.cancel()

    async def _give_back_late(self, poll: asyncio.Task[list[Message]]) -> None:
        with suppress(*AwsError):
            await self._queue.release(await poll)

    async def _give_back(self) -> None:
        unfinished = dict(self._running)
        for task in unfinished:
            task.cancel()
        await asyncio.gather(*unfinished, return_exceptions=True)
        await self._queue.release([message for task, message in unfinished.items() if task.cancelled()])
