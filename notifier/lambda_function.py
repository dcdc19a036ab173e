"""The notifier as an AWS Lambda function behind the notifications queue, with ReportBatchItemFailures.

The function's timeout and the queue's visibility must be longer than deliveries.LEASE_SECONDS.
"""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any

from notifier.settings import NotifierSettings
from notifier.worker import Core, open_core
from runtime import telemetry
from runtime.messages.batch import Context, lambda_handler
from runtime.messages.message import Message
from runtime.process import settings_or_exit


class Function:
    """Opens its clients with the first message and keeps them for the life of the execution environment."""

    def __init__(self) -> None:
        self._clients = AsyncExitStack()
        self._opening: asyncio.Lock = asyncio.Lock()
        self._core: Core | None = None
        self._invoke = lambda_handler(self._handle)

    def __call__(self, event: Mapping[str, Any], context: Context) -> dict[str, Any]:
        return self._invoke(event, context)

    async def _handle(self, message: Message) -> None:
        async with self._opening:
            if self._core is None:
                settings = settings_or_exit(NotifierSettings)
                telemetry.configure("notifier", settings.log_level)
                self._core = await self._clients.enter_async_context(open_core(settings))
        await self._core.notifications.handle(message)


handler = Function()
