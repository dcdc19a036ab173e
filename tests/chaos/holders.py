"""Holders with files to bring, and what their accounts must hold afterwards."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from email.parser import BytesHeaderParser
from random import Random
from typing import Any, TypeVar
from uuid import uuid4

import grpc
import httpx2
from botocore.exceptions import BotoCoreError, ClientError

from protos.txn.v1 import txn_pb2, txn_pb2_grpc
from tests.ledger_model import Content, Model, Outcome
from tests.system.stack import Person, Stack, eventually

T = TypeVar("T")

CALL_SECONDS = 10.0
ANSWER_SECONDS = 90.0
ASK_SECONDS = 30.0
ACCOUNTS = """{ viewer { accounts { id balance { amount } ledgerDigest
  summary { months { month transactionCount creditTotal { amount } debitTotal { amount } } } } } }"""
IMPORT = "query Of($id: ID!) { node(id: $id) { ... on Import { state importedCount duplicateCount rejectedCount } } }"
HEADER = "date,description,amount"
REJECTED = ("2026-02-30,No such day,1.00", "2026-03-01,No amount,", "2026-03-01,too few")


@dataclass(frozen=True)
class File:
    """Rows in the order of the file; some of its lines are no rows at all."""

    rows: list[Content]
    rejected: int

    @classmethod
    def any_of(cls, random: Random, count: int) -> "File":
        """Few contents, so that files overlap and hold twins; each shop has amounts of its own."""
        return cls([_any_row(random) for _ in range(count)], random.randint(0, len(REJECTED)))

    def csv(self) -> bytes:
        return "\n".join([HEADER, *(row.line() for row in self.rows), *REJECTED[: self.rejected], ""]).encode()


def _any_row(random: Random) -> Content:
    """Of two shops none has the same amount, or one would look like the other."""
    shop = random.randint(1, 5)
    return Content(f"2026-{random.randint(1, 9):02d}-15", (random.randint(-9, 9) * 5 + shop - 3) * 25, f"Shop {shop}")


@dataclass
class Holder:
    """A person, the accounts of hers, and the model of each."""

    person: Person
    models: dict[str, Model] = field(default_factory=dict)
    imports: dict[str, File] = field(default_factory=dict)

    def open_account(self) -> str:
        account_id = self.person.open_account()
        self.models[account_id] = Model()
        return account_id

    def bring(self, account_id: str, file: File) -> str:
        import_id = self.person.bring(account_id, file.csv())
        self.imports[import_id] = file
        self.models[account_id].bring(import_id, file.rows)
        return import_id

    def settled(self, seconds: float) -> None:
        """Returns once all imports are COMPLETED with every row accounted for."""
        for import_id, file in self.imports.items():
            found = eventually(lambda one=import_id: self._completed(one), f"{import_id} to be COMPLETED", seconds)  # type: ignore[misc]
            counts = (found["importedCount"] + found["duplicateCount"], found["rejectedCount"])
            assert counts == (len(file.rows), file.rejected), found

    def _completed(self, import_id: str) -> dict[str, Any] | None:
        found = self._asked(IMPORT, id=import_id)
        assert found is None or found["node"]["state"] != "FAILED", found
        return found["node"] if found is not None and found["node"]["state"] == "COMPLETED" else None

    def agree(self) -> None:
        """Every account is what its model says, by GraphQL, and by its own verification."""
        found = eventually(lambda: self._asked(ACCOUNTS), "the accounts", ASK_SECONDS)
        assert {one["id"]: _outcome(one) for one in found["viewer"]["accounts"]} == {
            account_id: model.outcome() for account_id, model in self.models.items()
        }
        for account_id in self.models:
            assert differences(self.person, account_id) == []

    def _asked(self, query: str, **variables: Any) -> dict[str, Any] | None:
        """The answer; None while a service that was killed is on its way back."""
        answer = self.person.client.post(
            self.person.stack.info["graphql_url"],
            json={"query": query, "variables": variables},
            headers={"authorization": f"Bearer {self.person.tokens.access}"},
        ).json()
        return answer["data"] if "errors" not in answer else None


@dataclass
class PatientHolder(Holder):
    """As a good client does it: what was not answered is asked again, with the same key."""

    def open_account(self) -> str:
        values = {"idempotencyKey": str(uuid4())}
        account_id = patiently(lambda: self.person.open_account(**values))
        self.models[account_id] = Model()
        return account_id

    def bring(self, account_id: str, file: File) -> str:
        content, key = file.csv(), str(uuid4())
        started = patiently(
            lambda: self.person.start_import(account_id, "statement.csv", len(content), idempotency_key=key)
        )
        assert patiently(lambda: self.person.upload(started, content)).is_success
        import_id = str(started["id"])
        self.imports[import_id] = file
        self.models[account_id].bring(import_id, file.rows)
        return import_id


def patiently(ask: Callable[[], T]) -> T:
    """Asks until there is an answer, as long as what is down may take to come back."""

    def look() -> T | None:
        try:
            return ask()
        except (AssertionError, httpx2.HTTPError, ValueError, BotoCoreError, ClientError):
            return None

    return eventually(look, "an answer", ANSWER_SECONDS)


def differences(person: Person, account_id: str) -> list[str]:
    """What VerifyAccount names."""
    address = person.stack.info["txn_svc_address"]
    with grpc.insecure_channel(address) as channel:
        accounts = txn_pb2_grpc.AccountServiceStub(channel)
        answer = accounts.VerifyAccount(
            txn_pb2.VerifyAccountRequest(account_id=account_id),
            timeout=CALL_SECONDS,
            metadata=(("authorization", f"Bearer {person.tokens.access}"),),
            wait_for_ready=True,
        )
    return [difference.figure for difference in answer.differences]


def _outcome(account: dict[str, Any]) -> Outcome:
    months = {
        month["month"][:7]: (
            month["transactionCount"],
            minor(month["creditTotal"]["amount"]),
            minor(month["debitTotal"]["amount"]),
        )
        for month in account["summary"]["months"]
        if month["transactionCount"]
    }
    return account["ledgerDigest"], minor(account["balance"]["amount"]), months


def minor(amount: str) -> int:
    return int(amount.replace(".", ""))


def mails_by_delivery(stack: Stack) -> Counter[str]:
    """How often each delivery has left, by the mails that were kept as they were sent."""
    found = Counter[str]()
    for path in (stack.home / "emulator" / "mail").glob("*.eml"):
        with path.open("rb") as mail:
            found.update(BytesHeaderParser().parse(mail).get_all("X-Stori-Delivery", []))
    return found
