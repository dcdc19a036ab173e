"""AWS, with the operator's own credentials, for the commands of operators; no other module of the command reaches it.

What there is and where, the environment says as it does to the processes; else the file of the running stack.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from pydantic import ValidationError

from cli.exits import BAD_CONFIGURATION, DEPENDENCY_DOWN, FAILED, Failure
from cli.files import read_document
from cli.settings import CliSettings, problems_of
from cli.target import Target
from runtime.aws import Aws, AwsError, AwsSettings, error_code

# The emulator takes any; the operator's own are not for it.
_LOCAL_KEYS = ("local", "local")
_NO_CREDENTIALS = frozenset(
    {"NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "TokenRetrievalError"}
    | {"SSOTokenLoadError", "UnauthorizedSSOTokenError", "ProfileNotFound"}
)
_NO_QUEUE = frozenset({"AWS.SimpleQueueService.NonExistentQueue", "InvalidAddress", "QueueDoesNotExist"})
_SERVER_ERRORS = 500


@dataclass(frozen=True)
class Cloud:
    """AWS, and what there is of Stori: buckets and queues by the names of their settings (`imports_queue_url`)."""

    aws: Aws
    places: Mapping[str, str]

    async def call(self, service: str, operation: str, **parameters: Any) -> Any:
        """The answer of an operation (`list_object_versions`). Raises Failure with the exit code of what is wrong."""
        try:
            return await self.aws.call(getattr(self.aws.client(service), operation), **parameters)
        except AwsError as error:
            raise failure_of(error) from None


@contextmanager
def open_cloud(target: Target, settings: CliSettings, names: Sequence[str], *, all_of_them: bool) -> Iterator[Cloud]:
    """AWS with the places of these names. Raises Failure where none is known, or, if they are needed, not all are."""
    given: Mapping[str, str] = {name: value for name in names if (value := getattr(settings, name))}
    keys: tuple[str | None, str | None] = (None, None)
    if given and (len(given) == len(names) or not all_of_them):
        places, found = given, _of_environment()
    elif target.stack:
        places, found = _of_stack(Path(target.stack), names)
        keys = _LOCAL_KEYS
    else:
        variables = ", ".join(f"STORI_{name.upper()}" for name in names)
        raise Failure(
            f"It is not known what to ask AWS for: start the system with `make up`, or set AWS_REGION and {variables}.",
            BAD_CONFIGURATION,
        )
    aws = Aws(found, keys)
    try:
        yield Cloud(aws, places)
    finally:
        aws.close()


def failure_of(error: Exception) -> Failure:
    """What an answer of AWS, or none, means for a command; without its text, which may quote the request."""
    code = error_code(error)
    if code in _NO_CREDENTIALS:
        return Failure(f"There are no credentials for AWS here ({code}).", BAD_CONFIGURATION)
    if code in _NO_QUEUE:
        return Failure(f"AWS knows no such queue ({code}). Look at the addresses of the queues.", BAD_CONFIGURATION)
    if isinstance(error, ClientError) and _status(error) < _SERVER_ERRORS and not code.startswith("Throttl"):
        return Failure(f"AWS refuses it: {code}.", FAILED)
    return Failure(f"AWS does not answer: {code}.", DEPENDENCY_DOWN)


def _of_environment() -> AwsSettings:
    try:
        return AwsSettings()
    except ValidationError as error:
        raise Failure(f"Bad configuration: {problems_of(error, AwsSettings)}", BAD_CONFIGURATION) from None


def _of_stack(stack: Path, names: Sequence[str]) -> tuple[Mapping[str, str], AwsSettings]:
    content = read_document(stack) or {}
    try:
        region, endpoint_url = str(content["region"]), str(content["aws_endpoint_url"])
        places = {name: str(content[name]) for name in names}
    except KeyError as error:
        raise Failure(f"The stack's file has no {error.args[0]}.", BAD_CONFIGURATION) from None
    return places, AwsSettings(environment="local", region=region, endpoint_url=endpoint_url)


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", _SERVER_ERRORS))
