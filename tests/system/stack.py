"""A whole stack of the test run's own, started as a user starts it, and what a client does with it."""

import asyncio
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import boto3
import httpx2

ROOT = Path(__file__).parent.parent.parent
START_SECONDS = 120.0
STOP_SECONDS = 60.0
WAIT_SECONDS = 60.0
PASSWORD = "Correct-horse-battery-7!"

T = TypeVar("T")

VIEWER = """{ viewer { accounts { id balance { amount currencyCode } ledgerDigest summary { transactionCount
  averageDebit { amount } averageCredit { amount }
  months { month transactionCount creditTotal { amount } debitTotal { amount }
    averageCredit { amount } averageDebit { amount } } } } } }"""
IMPORT = """query ReadImport($id: ID!) { node(id: $id) { ... on Import { id state importedCount duplicateCount
  rejectedCount rowCount failureCode failure requestId account { id } } } }"""
IMPORTS = """query Imports($first: Int) { viewer { imports(first: $first) { nodes { id state fileName importedCount
  duplicateCount } } } }"""
OPEN = """mutation Open($input: AccountOpenInput!) { accountOpen(input: $input) { account { id }
  userErrors { code message } } }"""
START = """mutation Start($input: ImportStartInput!) { importStart(input: $input) {
  import { id upload { url fields { name value } } } userErrors { code message } } }"""
TERMINAL = ("COMPLETED", "FAILED", "EXPIRED")


def eventually(look: Callable[[], T | None], what: str, seconds: float = WAIT_SECONDS) -> T:
    """What `look` finds, asked again until it finds something."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found is not None:
            return found
        time.sleep(0.1)
    raise AssertionError(f"waited {seconds:.0f} s for {what}")


@dataclass
class Stack:
    """A running `make up`. `said` is what it printed, `info` its stack.json."""

    process: subprocess.Popen[str]
    home: Path
    info: dict[str, Any]
    said: list[str]

    @property
    def text(self) -> str:
        return "".join(self.said)

    def current(self) -> dict[str, Any]:
        """stack.json as it is now; processes that were started again have other pids."""
        found: dict[str, Any] = json.loads((self.home / "stack.json").read_text())
        return found

    def pid(self, name: str) -> int:
        pid: int = self.current()["processes"][name]
        return pid

    def aws(self, service: str) -> Any:
        keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
        client: Any = boto3.client
        return client(service, endpoint_url=self.info["aws_endpoint_url"], region_name=self.info["region"], **keys)

    def mails(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = httpx2.get(f"{self.info['mailbox_url']}/messages.json", timeout=10).json()
        return found

    def mails_of(self, import_id: str) -> list[dict[str, Any]]:
        return [mail for mail in self.mails() if import_id in mail["text"] + mail["html"]]

    def mails_when_there(self, import_id: str) -> list[dict[str, Any]]:
        """The mails of an import, as soon as there is one."""
        return eventually(lambda: self.mails_of(import_id) or None, f"the mail of {import_id}")

    def announcement(self, import_id: str) -> str:
        """What S3 said of an upload: of its first version."""
        bucket, key = self.info["uploads_bucket"], f"imports/{import_id}"
        first = self.aws("s3").list_object_versions(Bucket=bucket, Prefix=key)["Versions"][-1]
        found = {"key": key, "size": first["Size"], "eTag": first["ETag"].strip('"'), "versionId": first["VersionId"]}
        record = {
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "eventName": "ObjectCreated:Post",
            "eventTime": first["LastModified"].strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "s3": {"bucket": {"name": bucket}, "object": found},
        }
        return json.dumps({"Records": [record]})

    def logs(self) -> list[dict[str, Any]]:
        """Every line that a process of ours has logged, with its process."""
        lines = [line for path in (self.home / "logs").glob("*.log*") for line in path.read_text().splitlines()]
        return [json.loads(line) for line in lines if line.startswith("{")]

    def pool_key(self) -> Path:
        """The private key with which the emulator signs access tokens of the pool."""
        pool = self.info["user_pool_id"]
        keys = [path for path in (self.home / "emulator").rglob("*") if path.is_file() and pool in path.name]
        return next(path for path in keys if "access" in path.name)


@dataclass
class Person:
    """A signed-in person with a browser's abilities."""

    stack: Stack
    email: str
    tokens: Any
    client: httpx2.Client = field(default_factory=lambda: httpx2.Client(timeout=20))

    def ask(self, query: str, headers: dict[str, str] | None = None, **variables: Any) -> dict[str, Any]:
        answer = self.client.post(
            self.stack.info["graphql_url"],
            json={"query": query, "variables": variables},
            headers={"authorization": f"Bearer {self.tokens.access}", **(headers or {})},
        )
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert "errors" not in body, body["errors"]
        data: dict[str, Any] = body["data"]
        return data

    def open_account(self, **values: str) -> str:
        request = {"name": "Everyday", "kind": "DEBIT", "currencyCode": "USD", **values}
        payload = self.ask(OPEN, input=request)["accountOpen"]
        assert payload["userErrors"] == []
        account_id: str = payload["account"]["id"]
        return account_id

    def start_import(
        self,
        account_id: str,
        name: str,
        size: int,
        headers: dict[str, str] | None = None,
        idempotency_key: str | None = None,
    ) -> Any:
        request = {"accountId": account_id, "fileName": name, "sizeBytes": size, "review": "NEVER"}
        if idempotency_key is not None:
            request["idempotencyKey"] = idempotency_key
        payload = self.ask(START, headers, input=request)["importStart"]
        assert payload["userErrors"] == []
        return payload["import"]

    def upload(self, started: Any, content: bytes) -> httpx2.Response:
        fields = {field["name"]: field["value"] for field in started["upload"]["fields"]}
        files = {"file": ("statement.csv", content, "text/csv")}
        return self.client.post(started["upload"]["url"], data=fields, files=files)

    def bring(self, account_id: str, content: bytes, headers: dict[str, str] | None = None) -> str:
        """Announces and uploads a file; the import's id."""
        started = self.start_import(account_id, "statement.csv", len(content), headers)
        assert self.upload(started, content).is_success
        import_id: str = started["id"]
        return import_id

    def read_import(self, import_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.ask(IMPORT, id=import_id)["node"]
        return found

    def settled(self, import_id: str, seconds: float = WAIT_SECONDS) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            found = self.read_import(import_id)
            return found if found["state"] in TERMINAL else None

        return eventually(look, f"{import_id} to settle", seconds)


def sign_in(stack: Stack, email: str, password: str) -> Person:
    """Signs in through the hosted page, with code and PKCE."""
    from local.sign_in import sign_in as through_the_page

    endpoint, callback = stack.info["aws_endpoint_url"], f"{stack.info['web_url'].rstrip('/')}/callback"
    tokens = through_the_page(endpoint, stack.info["web_client_id"], callback, email, password)
    return Person(stack, email, tokens)


def new_person(stack: Stack) -> Person:
    """Somebody who was not there before, with a verified address."""
    email = f"person-{secrets.token_hex(4)}@example.com"
    cognito, pool = stack.aws("cognito-idp"), stack.info["user_pool_id"]
    attributes = [{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}]
    cognito.admin_create_user(UserPoolId=pool, Username=email, UserAttributes=attributes, MessageAction="SUPPRESS")
    cognito.admin_set_user_password(UserPoolId=pool, Username=email, Password=PASSWORD, Permanent=True)
    return sign_in(stack, email, PASSWORD)


@contextmanager
def running_stack(home: Path, **environment: str) -> Iterator[Stack]:
    """Starts a stack as `make up` does, on free ports; ends it as Ctrl-C does and checks that it ended well."""
    ports = {f"STORI_{name}_PORT": "0" for name in ("BFF", "USER_SVC", "TXN_SVC", "EMULATOR", "MAILBOX")}
    process = subprocess.Popen(
        [sys.executable, "-m", "local", "up"],
        cwd=ROOT,
        env={**os.environ, "STORI_HOME": str(home), **ports, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    said: list[str] = []
    assert process.stdout is not None
    reader = threading.Thread(target=lambda: said.extend(process.stdout or ()), daemon=True)
    reader.start()

    def ready() -> dict[str, Any] | None:
        assert process.poll() is None, "".join(said)
        file = home / "stack.json"
        return json.loads(file.read_text()) if file.exists() else None

    try:
        yield Stack(process, home, eventually(ready, "the stack to be ready", START_SECONDS), said)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        reader.join(5)


def without_colour(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


async def grpc_methods(address: str) -> list[str]:
    """The methods a server lists by reflection, as /service/method."""
    import grpc
    from google.protobuf import descriptor_pb2
    from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

    async def ask(stub: Any, **request: str) -> Any:
        replies = stub.ServerReflectionInfo(iter([reflection_pb2.ServerReflectionRequest(**request)]))
        return await anext(aiter(replies))

    async with asyncio.timeout(10), grpc.aio.insecure_channel(address) as channel:
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        listed = (await ask(stub, list_services="")).list_services_response.service
        methods = []
        for service in (entry.name for entry in listed):
            reply = await ask(stub, file_containing_symbol=service)
            for raw in reply.file_descriptor_response.file_descriptor_proto:
                file = descriptor_pb2.FileDescriptorProto.FromString(raw)
                for found in file.service:
                    if f"{file.package}.{found.name}" == service:
                        methods += [f"/{service}/{method.name}" for method in found.method]
        return methods
