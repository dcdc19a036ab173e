"""When nothing is under way any more, and what must be true then."""

from collections.abc import Collection, Mapping
from typing import Any

import psycopg

from runtime.messages import attributes
from tests.chaos.holders import Holder
from tests.system.stack import Stack, eventually

QUEUES = ("imports_queue_url", "notifications_queue_url")
DEAD_LETTERS = ("imports_dlq_url", "notifications_dlq_url")
EVENT = "stori.txn.v1.ImportCompleted"


def wait_quiet(stack: Stack, seconds: float) -> None:
    """Returns when every event has left and every message is gone."""

    def look() -> bool | None:
        try:
            is_quiet = not pending(stack) and not any(sum(depth(stack, name)) for name in QUEUES)
        except Exception:  # noqa: BLE001 – what was killed is on its way back
            return None
        return is_quiet or None

    eventually(look, "all events and messages to be gone", seconds)


def pending(stack: Stack) -> int:
    """Events that wait in either outbox."""
    return sum(
        int(_rows(stack, database, "SELECT count(*) FROM outbox WHERE publish_time IS NULL")[0][0])
        for database in ("txn_database_url", "user_database_url")
    )


def depth(stack: Stack, queue: str) -> tuple[int, ...]:
    """Messages that wait, are hidden, are delayed."""
    answer = stack.aws("sqs").get_queue_attributes(
        QueueUrl=stack.info[queue], AttributeNames=[*attributes.STATES.values()]
    )
    return tuple(attributes.counts(answer["Attributes"]).values())


def check(
    stack: Stack, holders: Collection[Holder], sent: Mapping[str, int], most_mails: int, most_failed: int = 0
) -> None:
    """All rows, figures and mails of the holders. `sent`: how often each delivery has left; `most_mails`: how often one
    may have; `most_failed`: how many may have been rejected by SES, which ends them."""
    for holder in holders:
        holder.agree()
    failed = 0
    for import_id in (one for holder in holders for one in holder.imports):
        (delivery_id,) = deliveries(stack, import_id)
        found = state(stack, delivery_id)
        assert found in {"SENT", "FAILED"}, f"{delivery_id} is {found}"
        failed += found == "FAILED"
        assert (found == "SENT") <= sent[delivery_id] <= most_mails, f"{delivery_id} has left {sent[delivery_id]} times"
    assert failed <= most_failed, f"{failed} deliveries have failed"


def dead_letters(stack: Stack) -> list[int]:
    """How many lie in each of DEAD_LETTERS."""
    return [sum(depth(stack, name)) for name in DEAD_LETTERS]


def take_all(stack: Stack, queue: str) -> list[str]:
    """The bodies of all messages that wait in a queue, which is empty afterwards."""
    sqs, url = stack.aws("sqs"), stack.info[queue]
    bodies = list[str]()
    while found := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        for message in found:
            bodies.append(message["Body"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return bodies


def events(stack: Stack, import_ids: Collection[str]) -> list[str]:
    """The bodies of what the outbox has published about imports, in its order."""
    query = "SELECT body FROM outbox WHERE subject = ANY(%s) AND type = %s ORDER BY position"
    return [str(row[0]) for row in _rows(stack, "txn_database_url", query, list(import_ids), EVENT)]


def deliveries(stack: Stack, import_id: str) -> list[str]:
    """The ids of the deliveries of an import: of its events, of which there must be one."""
    query = "SELECT body::jsonb ->> 'id' FROM outbox WHERE subject = %s AND type = %s"
    return [str(row[0]) for row in _rows(stack, "txn_database_url", query, import_id, EVENT)]


def state(stack: Stack, delivery_id: str) -> str:
    key = {"delivery_id": {"S": delivery_id}}
    answer = stack.aws("dynamodb").get_item(TableName=stack.info["deliveries_table"], Key=key)
    return str(answer["Item"]["state"]["S"]) if "Item" in answer else "not there"


def _rows(stack: Stack, database: str, query: str, *values: object) -> list[tuple[Any, ...]]:
    with psycopg.connect(stack.info[database], connect_timeout=2) as connection:
        return connection.execute(query, values).fetchall()
