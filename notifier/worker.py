"""The notifier put together: the same core for the worker and for Lambda."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from notifier.clients import open_clients
from notifier.deliveries import Deliveries
from notifier.facts import RpcFacts
from notifier.handlers import Notifications
from notifier.reports import Reports
from notifier.sender import SesSender
from notifier.settings import NotifierSettings, WorkerSettings
from runtime.aws import Aws
from runtime.messages.consumer import Consumer
from runtime.process import Process


@dataclass(frozen=True)
class Core:
    aws: Aws
    deliveries: Deliveries
    notifications: Notifications


@asynccontextmanager
async def open_core(settings: NotifierSettings) -> AsyncIterator[Core]:
    aws = Aws(settings)
    sender = SesSender(aws, settings)
    try:
        async with open_clients(settings) as clients:
            deliveries = Deliveries(aws, settings.deliveries_table)
            facts, reports = RpcFacts(clients), Reports(clients)
            yield Core(aws, deliveries, Notifications(facts, deliveries, sender, reports, settings))
    finally:
        aws.close()


async def serve(process: Process, settings: WorkerSettings) -> None:
    """Consumes the notifications queue until the process is to stop."""
    async with open_core(settings) as core:
        consumer = Consumer(core.aws, settings.notifications_queue_url, core.notifications.handle, settings)
        process.add_check("queue", consumer.check)
        process.add_check("deliveries", core.deliveries.check)
        process.spawn(consumer.run(process.stopping), "consumer")
        process.set_ready()
        await process.until_stopped()
