"""What user_svc's processes are configured with."""

from pydantic import Field

from runtime.aws import AwsSettings
from runtime.database import DatabaseSettings
from runtime.messages.consumer import ConsumerSettings
from runtime.rpc.server import RpcServerSettings
from runtime.settings import ProcessSettings
from runtime.tokens.settings import DomainSettings, TokenSettings


class ServeSettings(
    RpcServerSettings, DatabaseSettings, TokenSettings, DomainSettings, AwsSettings, ConsumerSettings, ProcessSettings
):
    feedback_queue_url: str = Field("", description="SQS queue of SES's bounces and complaints; empty takes none.")


class RelaySettings(DatabaseSettings, AwsSettings, ProcessSettings):
    user_events_topic_arn: str = Field(min_length=1, description="SNS FIFO topic.")
