"""Every step between an upload and the delete of the last message, and every process that may die meanwhile."""

from typing import Final

from tests.chaos.points import Point

IMPORTER: Final = (
    "message.received",
    "import.taken",
    "import.fetched",
    "import.staging",
    "import.staged",
    "import.committing",
    "import.committed",
    "message.handled",
    "message.deleted",
)
RELAY: Final = ("outbox.claimed", "outbox.published", "outbox.marked")
NOTIFIER: Final = (
    "message.received",
    "delivery.claimed",
    "mail.sending",
    "mail.accepted",
    "delivery.recorded",
    "message.handled",
    "message.deleted",
)
STEPS: Final = tuple(
    Point(process, name)
    for process, names in {
        "user_relay": RELAY,
        "importer": IMPORTER,
        "txn_relay": RELAY,
        "notifier": NOTIFIER,
    }.items()
    for name in names
)
MEANING: Final = {
    "message.received": "a message is received",
    "import.taken": "the import has its object's version",
    "import.fetched": "the file is fetched and hashed",
    "import.staging": "all rows are copied, before COMMIT",
    "import.staged": "all rows are copied, after COMMIT",
    "import.committing": "the ledger, the event and COMPLETED are written, before COMMIT",
    "import.committed": "the same, after COMMIT",
    "message.handled": "the message is done with, before its delete",
    "message.deleted": "the message is deleted",
    "outbox.claimed": "events are read from the outbox",
    "outbox.published": "SNS or SQS has them, before they are marked",
    "outbox.marked": "they are marked as published",
    "delivery.claimed": "the delivery is claimed",
    "mail.sending": "before SES is asked",
    "mail.accepted": "SES has accepted, before the record",
    "delivery.recorded": "the delivery is recorded as sent",
}
VICTIMS: Final = (
    "importer",
    "txn_relay",
    "user_relay",
    "notifier",
    "txn_svc",
    "user_svc",
    "postgres",
    "emulator",
)
# Several messages or events at once may come to these, or one after the other.
BATCHED: Final = {"message.deleted", *RELAY}
# Where a death may leave it unknown whether SES has the mail: only then may it leave once more (rule 6). The notifier
# that goes on at once reaches SES while the emulator is on its way out.
UNKNOWN_OUTCOME: Final = {
    (Point("notifier", "message.received"), "emulator"),
    (Point("notifier", "delivery.claimed"), "emulator"),
    (Point("notifier", "mail.sending"), "emulator"),
    (Point("notifier", "mail.accepted"), "emulator"),
    (Point("notifier", "mail.accepted"), "notifier"),
}
