"""`notifier`: events that wait in the queue become mails, beside a bare loop that only empties such a queue."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import Any

from bench.least import Least
from bench.processes import NotRight, Running, cpu_seconds
from bench.report import say
from bench.rounds import Figure, Goal, Result, side_by_side
from bench.system import Person, System
from bench.tap import Tap, event_ids, held
from local.emulator import MAIL
from protos.txn.v1 import txn_pb2

HOLDERS, FILES_OF_EACH = 20, 10
MESSAGES = HOLDERS * FILES_OF_EACH
ROUNDS = 5
WARM_UP_FILES_OF_EACH = 2
SECONDS_MAX = 120.0
FIRST_LOOK_SECONDS, LATER_LOOK_SHARE = 0.02, 0.02
KEYS_MAX = 100
TO_BARE = Goal(0.4, at_least=True)
TITLE = f"notifier, {MESSAGES:,} messages"
NOTE = (
    f"notifier: {HOLDERS} holders drop {FILES_OF_EACH} files of twelve rows each; the importer and txn_relay make"
    " ImportCompleted events of them, which come to the notifications queue and to two more, with the same attributes"
    " at the same topic, while the notifier stands still (SIGSTOP), warm and connected, with at most one answer of its"
    " long poll at hand. Two loops of boto3 each empty one of those, ten received, ten deleted, one request after the"
    " other: one does nothing else; the other puts a DynamoDB item for each message, sends a ready-made mail of the"
    " same length and updates the item, ten messages at once. Then the notifier goes on; its clock stops when its queue"
    " holds nothing. For every event there must be one mail, with its id, and a delivery that is SENT at its first"
    " attempt."
)


@dataclass(frozen=True)
class Holder:
    person: Person
    account_id: str


@dataclass
class Taken:
    """What each round has taken: messages/s, and CPU milliseconds per message of each process."""

    notifier: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    least: list[float] = field(default_factory=list)
    cpu: dict[str, list[float]] = field(default_factory=dict)


async def run(system: System, rounds: int = ROUNDS) -> list[Result]:
    holders = [await _holder(system, number) for number in range(HOLDERS)]
    tap, least, taken = Tap(system, system.outputs["EventsTopicArn"]), Least(system), Taken()
    async with (
        system.running("importer") as importer,
        system.running("txn_relay") as relay,
        system.running("notifier") as notifier,
    ):
        one = Round(system, holders, tap, least, importer, relay, notifier)
        await one.run("warm-up", WARM_UP_FILES_OF_EACH, Taken())
        for number in range(rounds):
            await one.run(f"round-{number}", FILES_OF_EACH, taken)
            say(
                f"notifier: {taken.notifier[-1]:.1f} messages/s, receive and delete {taken.bare[-1]:,.0f},"
                f" claim, send and record too {taken.least[-1]:.1f}"
            )
    cpu = tuple(Figure.of(name, spent) for name, spent in taken.cpu.items())
    ours, bare = ("notifier", taken.notifier), ("receive and delete", taken.bare)
    asked = ("receive, claim, send, record, delete", taken.least)
    name = "the least that a mail asks of AWS"
    return [
        side_by_side(f"{TITLE} ÷ receive and delete alone", "messages/s", ours, bare, TO_BARE, NOTE),
        side_by_side(f"{TITLE} ÷ {name}", "messages/s", ours, asked, note=NOTE),
        side_by_side(f"{TITLE}, {name} ÷ receive and delete alone", "messages/s", asked, bare, note=NOTE),
        Result(f"{TITLE}, CPU of a message", "ms", cpu, rounds),
    ]


async def _holder(system: System, number: int) -> Holder:
    person = await system.person(f"holder-{number}")
    request = txn_pb2.OpenAccountRequest(name="Bench", kind=txn_pb2.ACCOUNT_KIND_DEBIT, currency_code="USD")
    account = (await system.accounts.OpenAccount(request, metadata=person.who)).account
    return Holder(person, account.id)


@dataclass(frozen=True)
class Round:
    system: System
    holders: Sequence[Holder]
    tap: Tap
    least: Least
    importer: Running
    relay: Running
    notifier: Running

    async def run(self, name: str, files: int, taken: Taken) -> None:
        """One round of all; raises NotRight where an event did not become exactly one mail."""
        count = files * len(self.holders)
        self.relay.hold()
        await self._import(name, files)
        self.notifier.hold()
        self.relay.go_on()
        await self.tap.holds(count)
        await self.least.tap.holds(count)
        started = time.perf_counter()
        messages = await asyncio.to_thread(self.tap.take, count)
        taken.bare.append(count / (time.perf_counter() - started))
        started = time.perf_counter()
        await asyncio.to_thread(self.least.take, count)
        taken.least.append(count / (time.perf_counter() - started))
        if _mails(self._mail_folder).total() != count:
            raise NotRight("The least that a mail asks of AWS was not one mail for each message.")
        before, seconds = self._cpu(), await self._emptied()
        taken.notifier.append(count / seconds)
        for process, spent in self._cpu().items():
            taken.cpu.setdefault(process, []).append((spent - before[process]) / count * 1e3)
        self._require(event_ids(messages))

    async def _import(self, name: str, files: int) -> None:
        """Files of all holders in turn, until the last of them is booked."""
        wanted = await self._commits() + files * len(self.holders)
        await asyncio.to_thread(self._drop, name, files)
        deadline = time.monotonic() + SECONDS_MAX
        while await self._commits() < wanted:
            if time.monotonic() > deadline:
                raise NotRight("The importer did not book all files.")
            await asyncio.sleep(FIRST_LOOK_SECONDS * 10)

    def _drop(self, name: str, files: int) -> None:
        s3, bucket = self.system.aws("s3"), self.system.outputs["UploadsBucket"]
        for number in range(files):
            for holder in self.holders:
                key = f"drops/{holder.account_id}/{name}-{number}.csv"
                s3.put_object(Bucket=bucket, Key=key, Body=_statement(f"{name} {number}"))

    async def _commits(self) -> float:
        return (await self.importer.metric("stori_import_step_seconds_count", "step")).get("commit", 0.0)

    async def _emptied(self) -> float:
        """The seconds that the notifier needs to leave nothing in its queue."""
        sqs, url = self.system.aws("sqs"), self.system.outputs["NotificationsQueueUrl"]
        started = time.perf_counter()
        self.notifier.go_on()
        while await asyncio.to_thread(held, sqs, url):
            seconds = time.perf_counter() - started
            if seconds > SECONDS_MAX:
                raise NotRight("The notifier did not empty its queue.")
            await asyncio.sleep(max(FIRST_LOOK_SECONDS, seconds * LATER_LOOK_SHARE))
        return time.perf_counter() - started

    def _cpu(self) -> dict[str, float]:
        pids = {
            "notifier": self.notifier.process.pid,
            "emulator": self.system.ground.emulator.process.pid,
            "txn_svc": self.system.txn_svc.process.pid,
            "user_svc": self.system.user_svc.process.pid,
            "PostgreSQL": self.system.ground.postgres.process.pid,
        }
        return {name: cpu_seconds(pid) for name, pid in pids.items()}

    @property
    def _mail_folder(self) -> Path:
        return self.system.ground.emulator.home / MAIL

    def _require(self, delivery_ids: Sequence[str]) -> None:
        wrong = [
            delivery_id
            for delivery_id, item in self._deliveries(delivery_ids).items()
            if (item["state"]["S"], item["attempt"]["N"]) != ("SENT", "1")
        ]
        mails = _mails(self._mail_folder)
        if wrong or mails != Counter(delivery_ids):
            raise NotRight(f"{len(delivery_ids):,} events became {mails.total():,} mails; {len(wrong):,} are not SENT.")

    def _deliveries(self, delivery_ids: Sequence[str]) -> dict[str, Any]:
        """The records of these events. Raises NotRight where one has none."""
        table, dynamodb = self.system.outputs["DeliveriesTable"], self.system.aws("dynamodb")
        found: dict[str, Any] = {}
        for start in range(0, len(delivery_ids), KEYS_MAX):
            keys = [{"delivery_id": {"S": delivery_id}} for delivery_id in delivery_ids[start : start + KEYS_MAX]]
            answer = dynamodb.batch_get_item(RequestItems={table: {"Keys": keys, "ConsistentRead": True}})
            found |= {item["delivery_id"]["S"]: item for item in answer["Responses"][table]}
        if set(found) != set(delivery_ids):
            raise NotRight(f"Of {len(delivery_ids):,} events {len(found):,} have a delivery.")
        return found


def _statement(name: str) -> bytes:
    """A row of each month of a year, as of no other file."""
    rows = (f"2025-{month:02d}-17,Corner Coffee {name},-{month}.50" for month in range(1, 13))
    return "\n".join(("date,description,amount", *rows, "")).encode()


def _mails(folder: Path) -> Counter[str]:
    """How many mails of each delivery have left since the last call."""
    found: Counter[str] = Counter()
    for path in folder.glob("*.eml"):
        with path.open("rb") as mail:
            found[str(BytesHeaderParser().parse(mail)["X-Stori-Delivery"])] += 1
        path.unlink()
    return found
