"""The notifier as an AWS Lambda function behind the notifications queue, with ReportBatchItemFailures.

The function's timeout and the queue's visibility must be longer than deliveries.LEASE_SECONDS.
"""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from notifier.settings import WorkerSettings
from notifier.worker import Core, open_core
from runtime import telemetry
from runtime.messages.batch import Context, Retries, lambda_handler
from runtime.messages.message import Message
from runtime.process import settings_or_exit


@dataclass(frozen=True)
class Opened:
    core: Core
    retries: Retries


class Function:
    """Opens its clients with the first message and keeps them for the life of the execution environment."""

    def __init__(self) -> None:
        self._clients = AsyncExitStack()
        self._opening: asyncio.Lock = asyncio.Lock()
        self._opened: Opened | None = None
        self._invoke = lambda_handler(self._handle, self._retry)

    def __call__(self, event: Mapping[str, Any], context: Context) -> dict[str, Any]:
        return self._invoke(event, context)

    async def _handle(self, message: Message) -> None:
        opened = await self._open()
        await opened.core.notifications.handle(message)

    async def _retry(self, message: Message) -> None:
        opened = await self._open()
        await opened.retries.show_again(message)

    async def _open(self) -> Opened:
        async with self._opening:
            if self._opened is None:
                settings = settings_or_exit(WorkerSettings)
                telemetry.configure("notifier", settings.log_level)
                core = await self._clients.enter_async_context(open_core(settings))
                self._opened = Opened(core, Retries(core.aws, settings.notifications_queue_url, settings))
        return self._opened


handler = Function()
