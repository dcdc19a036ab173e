"""The composition of user_svc's processes."""

from contextlib import AsyncExitStack
from pathlib import Path

import grpc

from protos.user.v1 import user_pb2_grpc
from runtime.aws import Aws
from runtime.database import open_database
from runtime.messages.consumer import Consumer
from runtime.messages.relay import Relay
from runtime.messages.sns import SnsPublisher
from runtime.migrations import head
from runtime.process import Process
from runtime.rpc.server import serve_rpc
from runtime.tokens import open_verifier
from runtime.tokens.fetch import open_client
from user_svc.feedback import Feedback
from user_svc.servicer import UserServicer
from user_svc.settings import RelaySettings, ServeSettings
from user_svc.store import DESTINATION
from user_svc.userinfo import UserInfoEndpoint

MIGRATIONS = str(Path(__file__).with_name("migrations"))
SERVICES = ("user.v1.UserService",)


async def serve(process: Process, settings: ServeSettings) -> None:
    """Answers gRPC, and takes SES feedback where a queue is configured."""
    schema = head(MIGRATIONS)
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_database(settings))
        verifier = await stack.enter_async_context(open_verifier(settings))
        client = await stack.enter_async_context(open_client())
        servicer = UserServicer(database, UserInfoEndpoint(settings.domain_url, client))

        def register(server: grpc.aio.Server) -> None:
            user_pb2_grpc.add_UserServiceServicer_to_server(servicer, server)

        process.add_check("schema", lambda: database.require_schema(schema))
        process.add_check("tokens", verifier.check)
        if settings.feedback_queue_url:
            aws = Aws(settings)
            stack.callback(aws.close)
            consumer = Consumer(aws, settings.feedback_queue_url, Feedback(database).handle, settings)
            process.spawn(consumer.run(process.stopping), "feedback")
            process.add_check("feedback", consumer.check)
        await stack.enter_async_context(serve_rpc(settings, verifier.verify, register, SERVICES))
        process.set_ready()
        await process.until_stopped()


async def relay(process: Process, settings: RelaySettings) -> None:
    """Publishes user_svc's outbox, in order per person."""
    aws = Aws(settings)
    try:
        publisher = SnsPublisher(aws, settings.user_events_topic_arn, fifo=True)
        working = Relay(settings.database_url.get_secret_value(), {DESTINATION: publisher})
        process.add_check("outbox", working.check)
        process.spawn(working.run(process.stopping), "relay")
        process.set_ready()
        await process.until_stopped()
    finally:
        aws.close()
