"""What the notifier is told by its environment."""

from email.headerregistry import Address
from email.utils import parseaddr

from pydantic import Field, field_validator

from runtime.aws import AwsSettings
from runtime.messages.consumer import ConsumerSettings
from runtime.rpc.client import RpcClientSettings
from runtime.settings import ProcessSettings, Settings
from runtime.tokens.settings import MachineSettings


class MailSettings(Settings):
    mail_from: str = Field(description="The sender: an address, or `Stori <mail@example.com>`.")
    web_url: str = Field(pattern=r"^https?://[^\s\"<>]+$", description="Where the web app is.")

    @field_validator("mail_from")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        _, address = parseaddr(value)
        local, _, domain = address.rpartition("@")
        if not local or not domain:
            raise ValueError("must be an address, or a name and an address: Stori <mail@example.com>.")
        return value

    @property
    def sender(self) -> Address:
        name, address = parseaddr(self.mail_from)
        return Address(display_name=name, addr_spec=address)


class DeliverySettings(Settings):
    deliveries_table: str = Field(min_length=1, description="DynamoDB, key `delivery_id`, TTL `expire_time`.")
    ses_configuration_set: str = Field("", description="Empty sends without one.")


class NotifierSettings(
    ProcessSettings, MachineSettings, AwsSettings, RpcClientSettings, ConsumerSettings, MailSettings, DeliverySettings
):
    user_svc_address: str = Field(min_length=1, description="host:port of its gRPC.")
    txn_svc_address: str = Field(min_length=1, description="host:port of its gRPC.")
    consumer_retry_first_seconds: float = Field(
        5, ge=0, description="Doubled up to five deliveries: SES may throttle for a minute before an operator is asked."
    )


class WorkerSettings(NotifierSettings):
    """The process's, and the Lambda function's, which tells the queue when a failed message is to come again."""

    notifications_queue_url: str = Field(min_length=1, description="SQS queue of the events that become mails.")
