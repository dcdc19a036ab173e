"""`outbox`: committed events on their way to a queue, beside a bare loop that publishes the same ones."""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask

from bench.processes import NotRight, Running, cpu_seconds
from bench.report import say
from bench.rounds import Figure, Result, side_by_side
from bench.system import Person, System
from bench.tap import BATCH, Message, Tap, event_ids
from protos.user.v1 import user_pb2

PEOPLE, CHANGES = 100, 15
EVENTS = PEOPLE * CHANGES
ROUNDS = 5
CALLS_AT_ONCE = 10
TITLE = f"outbox, {EVENTS:,} events from commit to queue"
NOTE = (
    f"outbox: {PEOPLE} people change their names {CHANGES} times each by UpdateUser, while the user_relay process"
    " stands still (SIGSTOP), warm and connected. The clock starts when it goes on and stops at the SentTimestamp of"
    " the last message in an SQS queue at its topic. The bare loop publishes the same bodies with the same attributes"
    " to the same topic by publish_batch, ten at a time, one request after the other; same clock, same queue. The relay"
    " reads the outbox, keeps each person's order, and marks in PostgreSQL what is published."
)


@dataclass
class Taken:
    """What each round has taken: events/s, and CPU microseconds per event of each process."""

    relay: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    cpu: dict[str, list[float]] = field(default_factory=dict)


async def run(system: System, rounds: int = ROUNDS) -> list[Result]:
    people = [await system.person(f"changing-{number}") for number in range(PEOPLE)]
    topic, taken = system.outputs["UserEventsTopicArn"], Taken()
    tap = Tap(system, topic)
    async with system.running("user_relay") as relay:
        # The registrations are what both warm up with.
        await _publish(system, topic, await _collected(tap, PEOPLE))
        await _collected(tap, PEOPLE)
        for number in range(rounds):
            messages = await _relayed(system, relay, tap, people, f"Round {number}", taken)
            started = await _publish(system, topic, messages)
            again = await _collected(tap, EVENTS)
            if set(event_ids(again)) != set(event_ids(messages)):
                raise NotRight("The bare loop published other events.")
            taken.bare.append(EVENTS / (_last(again) - started))
            say(f"outbox: relay {taken.relay[-1]:,.0f} events/s, bare {taken.bare[-1]:,.0f}")
    cpu = tuple(Figure.of(name, spent) for name, spent in taken.cpu.items())
    return [
        side_by_side(
            f"{TITLE} ÷ publish_batch alone",
            "events/s",
            ("user_relay", taken.relay),
            ("publish_batch", taken.bare),
            note=NOTE,
        ),
        Result(f"{TITLE}, CPU of an event", "µs", cpu, rounds),
    ]


async def _relayed(
    system: System, relay: Running, tap: Tap, people: Sequence[Person], name: str, taken: Taken
) -> list[Message]:
    relay.hold()
    for change in range(CHANGES):
        await _rename(system, people, f"{name}, change {change}")
    pids = {
        "user_relay": relay.process.pid,
        "emulator": system.ground.emulator.process.pid,
        "PostgreSQL": system.ground.postgres.process.pid,
    }
    before = {process: cpu_seconds(pid) for process, pid in pids.items()}
    started = time.time()
    relay.go_on()
    await tap.holds(EVENTS)
    for process, pid in pids.items():
        spent = cpu_seconds(pid) - before[process]
        taken.cpu.setdefault(process, []).append(spent / EVENTS * 1e6)
    messages = await _collected(tap, EVENTS)
    taken.relay.append(EVENTS / (_last(messages) - started))
    _require_order(messages)
    return messages


async def _rename(system: System, people: Sequence[Person], name: str) -> None:
    mask = FieldMask(paths=["display_name"])
    request = user_pb2.UpdateUserRequest(user=user_pb2.User(display_name=name), update_mask=mask)
    for start in range(0, len(people), CALLS_AT_ONCE):
        calls = (system.users.UpdateUser(request, metadata=each.who) for each in people[start : start + CALLS_AT_ONCE])
        await asyncio.gather(*calls)


async def _publish(system: System, topic_arn: str, messages: Sequence[Message]) -> float:
    """The bare loop, in a thread of its own; when it began, Unix time in seconds."""
    sns, entries = system.aws("sns"), [_entry(message["Body"]) for message in messages]

    def publish() -> float:
        started = time.time()
        for start in range(0, len(entries), BATCH):
            answer = sns.publish_batch(TopicArn=topic_arn, PublishBatchRequestEntries=entries[start : start + BATCH])
            if answer.get("Failed"):
                raise NotRight("SNS refused an event.")
        return started

    return await asyncio.to_thread(publish)


def _entry(body: str) -> dict[str, Any]:
    """As the relay sends it."""
    event = json.loads(body)
    return {
        "Id": event["id"],
        "Message": body,
        "MessageAttributes": {"type": {"DataType": "String", "StringValue": event["type"]}},
        "MessageGroupId": event["subject"],
        # A FIFO topic would drop what the relay has sent just now.
        "MessageDeduplicationId": f"again-{event['id']}",
    }


async def _collected(tap: Tap, count: int) -> list[Message]:
    await tap.holds(count)
    messages = await asyncio.to_thread(tap.take, count, system_attributes=["SentTimestamp"])
    event_ids(messages)
    return messages


def _last(messages: Sequence[Message]) -> float:
    """When the last of them was in the queue, by the queue: Unix time in seconds."""
    return max(int(message["Attributes"]["SentTimestamp"]) for message in messages) / 1000


def _require_order(messages: Sequence[Message]) -> None:
    """Each person's events one after the other, none missing."""
    sequences: dict[str, list[int]] = {}
    for message in messages:
        event = json.loads(message["Body"])
        sequences.setdefault(event["subject"], []).append(int(event["sequence"]))
    for found in sequences.values():
        if found != list(range(found[0], found[0] + CHANGES)):
            raise NotRight("The events of a person came out of order.")
