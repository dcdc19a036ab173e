"""SES, asked once per attempt: what its answer, or its silence, says about the mail."""

from typing import Any, Final, Protocol

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ProxyConnectionError,
)

from notifier.mail import Mail
from notifier.settings import DeliverySettings
from runtime.aws import Aws
from runtime.refusals import DeadlineExceeded

READ_SECONDS: Final = 10.0
# The longest send; deliveries.LEASE_SECONDS is longer.
SEND_SECONDS: Final = 15.0

# What is wrong with the account, its quota or its set-up, not with this mail: it can go out later as it is.
_NOT_THIS_MAIL: Final = frozenset(
    {
        "AccountSuspendedException",
        "ConflictException",
        "LimitExceededException",
        "MailFromDomainNotVerifiedException",
        "NotFoundException",
        "SendingPausedException",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_NEVER_SENT: Final = (
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ProxyConnectionError,
)


class NotAccepted(Exception):
    """SES does not have the mail and may take it later; the message is a code."""


class Rejected(Exception):
    """SES will never take this mail; the message is a code."""


class OutcomeUnknown(Exception):
    """The connection broke: SES may or may not have the mail; the message is a code."""


class StillUnknown(OutcomeUnknown):
    """As before, and the call may still be on its way."""


class Sender(Protocol):
    async def send(self, mail: Mail) -> str:
        """Hands a mail over; SES's message id. Raises NotAccepted, Rejected or OutcomeUnknown."""


class SesSender:
    """Sends through SESv2 as raw MIME, each mail with the tag `delivery`."""

    def __init__(self, aws: Aws, settings: DeliverySettings) -> None:
        self._aws = aws
        self._configuration_set = settings.ses_configuration_set
        self._client = aws.client("sesv2", read_timeout_seconds=READ_SECONDS, attempts=1)

    async def send(self, mail: Mail) -> str:
        request: dict[str, Any] = {
            "FromEmailAddress": mail.sender,
            "Destination": {"ToAddresses": [mail.recipient]},
            "Content": {"Raw": {"Data": mail.mime}},
            "EmailTags": [{"Name": "delivery", "Value": mail.delivery_id}],
        }
        if self._configuration_set:
            request["ConfigurationSetName"] = self._configuration_set
        try:
            answer = await self._aws.call(self._client.send_email, deadline_seconds=SEND_SECONDS, **request)
        except (BotoCoreError, ClientError, DeadlineExceeded) as error:
            # Not chained: botocore's texts may quote the request.
            raise outcome_of(error) from None
        return str(answer["MessageId"])


def outcome_of(error: BotoCoreError | ClientError | DeadlineExceeded) -> Exception:
    """What an error says about the mail: NotAccepted, Rejected or OutcomeUnknown."""
    if isinstance(error, DeadlineExceeded):
        return StillUnknown("DEADLINE_EXCEEDED")
    if isinstance(error, ClientError):
        return _outcome_of_answer(error)
    name = type(error).__name__
    return NotAccepted(name) if isinstance(error, _NEVER_SENT) else OutcomeUnknown(name)


def _outcome_of_answer(error: ClientError) -> Exception:
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if not code or code.isdigit():
        # No answer of SES's own: something between us gave up, except that a 429 is nobody's acceptance.
        return NotAccepted("429") if code == "429" else OutcomeUnknown(code or "NO_CODE")
    if status >= 500 or status in {401, 403, 429} or code in _NOT_THIS_MAIL:  # noqa: PLR2004 – HTTP's own numbers
        return NotAccepted(code)
    return Rejected(code)
