"""Which mail has gone out: one DynamoDB item per event, claimed before SES is asked and settled after it answered.

    (none) ──claim──▶ SENDING ──▶ SENT | FAILED | SUPPRESSED    settled: never mailed again
                       │   ▲
        SES refused it │   │ claim; also when the lease ended and nobody knows whether SES accepted
                       ▼   │
                      WAITING

`attempt` counts the attempts whose mail may have left: one that SES is known to have refused is given back.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal, cast, get_args
from uuid import uuid4

import structlog
from botocore.exceptions import ClientError
from prometheus_client import Counter

from runtime.aws import Aws, error_code

ATTEMPTS_MAX: Final = 3
# Longer than the longest send (sender.SEND_SECONDS), shorter than a message's visibility.
LEASE_SECONDS: Final = 30.0
WATCH_SECONDS: Final = 0.25
# Ten times what SQS keeps a message for.
KEPT_SECONDS: Final = 140 * 24 * 3600

Settled = Literal["SENT", "FAILED", "SUPPRESSED"]
SETTLED: Final = frozenset(get_args(Settled))

_DELIVERIES = Counter("stori_deliveries_total", "Mails by what became of them.", ["state"])
for _state in (*SETTLED, "WAITING", "UNKNOWN"):
    # From 0 on: a first failure is an increase that an alert can see.
    _DELIVERIES.labels(_state)
log = structlog.get_logger()

Item = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Claim:
    """The right to send one mail until the lease ends; `token` is of this attempt only."""

    delivery_id: str
    attempt: int
    token: str


@dataclass(frozen=True)
class Delivery:
    """A settled delivery as it is recorded; earlier releases did not record `holder_subject`, which then is empty."""

    delivery_id: str
    type: str
    subject: str
    holder_subject: str
    state: Settled
    attempt: int
    code: str
    ses_message_id: str
    update_time: datetime


class Deliveries:
    """`now` is Unix time in seconds."""

    def __init__(
        self, aws: Aws, table: str, *, lease_seconds: float = LEASE_SECONDS, now: Callable[[], float] = time.time
    ) -> None:
        self._aws = aws
        self._table = table
        self._lease_seconds = lease_seconds
        self._now = now

    async def settled(self, delivery_id: str) -> Delivery | None:
        """The delivery, where it has ended."""
        item = await self._get(delivery_id)
        return _delivery(item) if item is not None and item["state"]["S"] in SETTLED else None

    async def claim(self, delivery_id: str, *, type: str, subject: str, holder_subject: str) -> Claim | None:  # noqa: A002 – the event's name
        """The next attempt, or None where the delivery is settled. Waits while another holds the lease."""
        token = str(uuid4())
        first = Claim(delivery_id, 1, token)
        if await self._create(first, type=type, subject=subject, holder_subject=holder_subject):
            return first
        # Ends: each lease does, there are at most ATTEMPTS_MAX of them, and the handler has a deadline of its own.
        while (item := await self._get(delivery_id)) is not None and item["state"]["S"] not in SETTLED:
            if self._is_free(item):
                if claim := await self._take_over(_held(item), token):
                    return claim
            elif item["token"]["S"] == token:
                # botocore repeats a write whose answer was lost, and the repeat finds what the first one wrote.
                return _held(item)
            await asyncio.sleep(WATCH_SECONDS)
        return None

    async def settle(self, claim: Claim, state: Settled, *, code: str = "", ses_message_id: str = "") -> None:
        """Records the end of a delivery; FAILED is an alarm. Does nothing if the claim was taken over meanwhile."""
        is_ours = await self._update(claim, {"state": state, "code": code, "ses_message_id": ses_message_id})
        if not is_ours:
            log.warning("delivery taken over", delivery_id=claim.delivery_id, attempt=claim.attempt, state=state)
            return
        _DELIVERIES.labels(state).inc()
        report = log.error if state == "FAILED" else log.info
        report("delivery settled", delivery_id=claim.delivery_id, attempt=claim.attempt, state=state, code=code)

    async def give_back(self, claim: Claim, code: str) -> None:
        """SES is known not to have the mail: the attempt does not count, and the next may begin at once."""
        await self._update(claim, {"state": "WAITING", "attempt": claim.attempt - 1, "code": code})
        _DELIVERIES.labels("WAITING").inc()

    async def give_up(self, claim: Claim, code: str) -> bool:
        """Nobody will know whether SES accepted, and no call is out any more: the next attempt may begin at once.

        True after the last one: the delivery has FAILED.
        """
        _DELIVERIES.labels("UNKNOWN").inc()
        if claim.attempt >= ATTEMPTS_MAX:
            await self.settle(claim, "FAILED", code=code)
            return True
        await self._update(claim, {"lease_until": 0, "code": code})
        return False

    async def check(self) -> None:
        """Raises one of AwsError while the table cannot be reached."""
        await self._aws.call(self._client.describe_table, TableName=self._table, deadline_seconds=2)

    @property
    def _client(self) -> Any:
        return self._aws.client("dynamodb")

    async def _get(self, delivery_id: str) -> Item | None:
        answer = await self._aws.call(
            self._client.get_item,
            TableName=self._table,
            Key={"delivery_id": {"S": delivery_id}},
            ConsistentRead=True,
        )
        item: Item | None = answer.get("Item")
        return item

    async def _create(self, claim: Claim, **about: str) -> bool:
        first = {
            **self._leased(claim),
            **about,
            "delivery_id": claim.delivery_id,
            "create_time": self._stamp(),
            "update_time": self._stamp(),
            "expire_time": int(self._now()) + KEPT_SECONDS,
        }
        return await self._conditional(
            self._client.put_item,
            Item={name: _typed(value) for name, value in first.items()},
            ConditionExpression="attribute_not_exists(delivery_id)",
        )

    def _is_free(self, item: Item) -> bool:
        return item["state"]["S"] == "WAITING" or int(item["lease_until"]["N"]) <= self._now()

    async def _take_over(self, held: Claim, token: str) -> Claim | None:
        """The attempt after one that ended without a record; after the last one the delivery has FAILED."""
        if held.attempt >= ATTEMPTS_MAX:
            await self.settle(held, "FAILED", code="OUTCOME_UNKNOWN")
            return None
        claim = Claim(held.delivery_id, held.attempt + 1, token)
        return claim if await self._update(held, self._leased(claim)) else None

    def _leased(self, claim: Claim) -> dict[str, str | int]:
        lease_until = int(self._now() + self._lease_seconds) + 1
        return {"state": "SENDING", "attempt": claim.attempt, "token": claim.token, "lease_until": lease_until}

    async def _update(self, held: Claim, changes: Mapping[str, str | int]) -> bool:
        """Whether the changes were made: only while `held` is the last claim and the delivery is not settled."""
        values = {**changes, "update_time": self._stamp()}
        settled = {f":s{index}": _typed(state) for index, state in enumerate(sorted(SETTLED))}
        return await self._conditional(
            self._client.update_item,
            Key={"delivery_id": {"S": held.delivery_id}},
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in values),
            ConditionExpression=f"#token = :held AND NOT #state IN ({', '.join(settled)})",
            ExpressionAttributeNames={f"#{name}": name for name in {*values, "token", "state"}},
            ExpressionAttributeValues={f":{name}": _typed(value) for name, value in values.items()}
            | settled
            | {":held": _typed(held.token)},
        )

    async def _conditional(self, method: Callable[..., Any], **kwargs: Any) -> bool:
        try:
            await self._aws.call(method, TableName=self._table, **kwargs)
        except ClientError as error:
            if error_code(error) != "ConditionalCheckFailedException":
                raise
            return False
        return True

    def _stamp(self) -> str:
        return datetime.fromtimestamp(self._now(), UTC).isoformat(timespec="milliseconds")


def _held(item: Item) -> Claim:
    return Claim(item["delivery_id"]["S"], int(item["attempt"]["N"]), item["token"]["S"])


def _delivery(item: Item) -> Delivery:
    return Delivery(
        delivery_id=item["delivery_id"]["S"],
        type=item["type"]["S"],
        subject=item["subject"]["S"],
        holder_subject=item.get("holder_subject", {}).get("S", ""),
        state=cast("Settled", item["state"]["S"]),
        attempt=int(item["attempt"]["N"]),
        code=item["code"]["S"],
        ses_message_id=item["ses_message_id"]["S"],
        update_time=datetime.fromisoformat(item["update_time"]["S"]),
    )


def _typed(value: str | int) -> dict[str, str]:
    return {"N": str(value)} if isinstance(value, int) else {"S": value}
