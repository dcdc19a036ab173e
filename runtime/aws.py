"""AWS by boto3: clients with bounds on everything, their blocking calls in bounded threads."""

import asyncio
import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import AliasChoices, Field, ValidationInfo, field_validator

from runtime import call
from runtime.refusals import DeadlineExceeded
from runtime.settings import Settings

_ENDPOINT = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+/?")

CONNECT_TIMEOUT_SECONDS = 2.0
READ_TIMEOUT_SECONDS = 5.0
ATTEMPTS_MAX = 3
CALL_DEADLINE_SECONDS = 10.0


# What a call may raise when AWS is down, refuses it, or does not answer in time.
AwsError = (BotoCoreError, ClientError, DeadlineExceeded)


class AwsSettings(Settings):
    region: str = Field(
        pattern=r"^[a-z0-9-]+$",
        validation_alias=AliasChoices("AWS_REGION", "AWS_DEFAULT_REGION"),
        description="As `us-east-1`.",
    )
    endpoint_url: str | None = Field(
        None, validation_alias="AWS_ENDPOINT_URL", validate_default=True, description="The emulator. Local only."
    )
    aws_threads: int = Field(16, ge=2, le=128, description="Calls in flight at once, and connections kept per client.")

    @field_validator("endpoint_url")
    @classmethod
    def _only_local(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value and info.data.get("environment") != "local":
            raise ValueError("is refused unless STORI_ENVIRONMENT=local; in production the SDK knows the endpoints.")
        if value and not _ENDPOINT.fullmatch(value):
            raise ValueError("must be an http(s) address.")
        return value or None


class Aws:
    """boto3 clients of one process, and the threads their calls run in. Close it when done.

    The credentials are those of the SDK's own chain unless `keys` are given, an access key's id and its secret.
    """

    def __init__(self, settings: AwsSettings, keys: tuple[str | None, str | None] = (None, None)) -> None:
        self._settings = settings
        self._session = boto3.Session(*keys, region_name=settings.region)
        self._threads = ThreadPoolExecutor(settings.aws_threads, thread_name_prefix="aws")
        self._clients: dict[tuple[str, float, int], Any] = {}

    def client(
        self, service: str, *, read_timeout_seconds: float = READ_TIMEOUT_SECONDS, attempts: int = ATTEMPTS_MAX
    ) -> Any:
        """The boto3 client of a service, kept for the next who asks; its methods block, pass them to `call`.

        `attempts` of 1 is for what must not be done twice: botocore repeats a request whose answer was lost.
        """
        key = (service, read_timeout_seconds, attempts)
        if key not in self._clients:
            self._clients[key] = self._session.client(
                service,  # type: ignore[call-overload]
                endpoint_url=self._settings.endpoint_url,
                config=Config(  # type: ignore[call-arg]  # the stubs do not know the last option
                    connect_timeout=CONNECT_TIMEOUT_SECONDS,
                    read_timeout=read_timeout_seconds,
                    retries={"mode": "standard", "total_max_attempts": attempts},
                    max_pool_connections=self._settings.aws_threads,
                    # In us-east-1 botocore would otherwise presign S3 requests with signature version 2.
                    signature_version="s3v4" if service == "s3" else None,
                    # AWS_ENDPOINT_URL_SQS and the shared config file would go round the refusal above.
                    ignore_configured_endpoint_urls=True,
                ),
            )
        return self._clients[key]

    async def call(
        self, method: Callable[..., Any], *, deadline_seconds: float = CALL_DEADLINE_SECONDS, **kwargs: Any
    ) -> Any:
        """Calls a client's method in a thread and gives its answer, or raises botocore's errors.

        Raises DeadlineExceeded after `deadline_seconds` or what remains of the caller's deadline; the outcome is then
        unknown: the thread may still complete the call.
        """
        work = partial(copy_context().run, partial(method, **kwargs))
        try:
            async with asyncio.timeout(call.remaining(deadline_seconds)):
                return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except TimeoutError:
            raise DeadlineExceeded("AWS did not answer in time.") from None

    async def long_poll(self, method: Callable[..., Any], **kwargs: Any) -> Any:
        """Like `call` for a method that waits by design: bounded by its client's read timeout, and safe to abandon.

        It has a daemon thread of its own, because the interpreter joins a pool's threads before it exits, and because
        a poll must not hold a thread that others wait for.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Any] = loop.create_future()

        def settle(set_outcome: Callable[[Any], None], outcome: Any) -> None:
            if not answer.done():
                set_outcome(outcome)

        def work() -> None:
            outcome: tuple[Callable[[Any], None], Any]
            try:
                outcome = answer.set_result, method(**kwargs)
            except Exception as error:  # noqa: BLE001 – handed to the awaiting task
                outcome = answer.set_exception, error
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(settle, *outcome)

        threading.Thread(target=work, name="aws-poll", daemon=True).start()
        return await answer

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        for client in self._clients.values():
            client.close()


def error_code(error: BaseException) -> str:
    """A word for the log: AWS's own error code, else the error's class; its text may quote the request."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", "ClientError"))
    return type(error).__name__
