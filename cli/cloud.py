"""AWS, with the operator's own credentials, for the commands of operators; no other module of the command reaches it.

What there is and where, the environment says as it does to the processes; else the file of the running stack.
"""

import os
from collections.abc import Iterator
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
_LOCAL_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
_NO_CREDENTIALS = frozenset(
    {"NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "TokenRetrievalError"}
    | {"SSOTokenLoadError", "UnauthorizedSSOTokenError"}
)
_SERVER_ERRORS = 500


@dataclass(frozen=True)
class Cloud:
    """The uploads bucket, the imports queue, and AWS to ask for them."""

    aws: Aws
    uploads_bucket: str
    imports_queue_url: str

    async def call(self, service: str, operation: str, **parameters: Any) -> Any:
        """The answer of an operation (`list_object_versions`). Raises Failure with the exit code of what is wrong."""
        try:
            return await self.aws.call(getattr(self.aws.client(service), operation), **parameters)
        except AwsError as error:
            raise _failure(error, operation) from None


@contextmanager
def open_cloud(target: Target, settings: CliSettings) -> Iterator[Cloud]:
    """Raises Failure where it is not known which bucket and queue, or where AWS is."""
    if settings.uploads_bucket and settings.imports_queue_url:
        found, where = _of_environment(), (settings.uploads_bucket, settings.imports_queue_url)
    elif target.stack:
        found, where = _of_stack(read_document(Path(target.stack)) or {})
    else:
        raise Failure(
            "It is not known where the files are: set STORI_UPLOADS_BUCKET, STORI_IMPORTS_QUEUE_URL and AWS_REGION.",
            BAD_CONFIGURATION,
        )
    aws = Aws(found)
    try:
        yield Cloud(aws, *where)
    finally:
        aws.close()


def _of_environment() -> AwsSettings:
    try:
        return AwsSettings()
    except ValidationError as error:
        raise Failure(f"Bad configuration: {problems_of(error, AwsSettings)}", BAD_CONFIGURATION) from None


def _of_stack(content: dict[str, Any]) -> tuple[AwsSettings, tuple[str, str]]:
    try:
        region, endpoint_url = str(content["region"]), str(content["aws_endpoint_url"])
        where = str(content["uploads_bucket"]), str(content["imports_queue_url"])
    except KeyError as error:
        raise Failure(f"The stack's file has no {error.args[0]}.", BAD_CONFIGURATION) from None
    os.environ.pop("AWS_SESSION_TOKEN", None)
    os.environ.update(_LOCAL_CREDENTIALS)
    return AwsSettings(environment="local", region=region, endpoint_url=endpoint_url), where


def _failure(error: Exception, operation: str) -> Failure:
    code = error_code(error)
    if code in _NO_CREDENTIALS:
        return Failure(f"There are no credentials for AWS here ({code}).", BAD_CONFIGURATION)
    if isinstance(error, ClientError) and _status(error) < _SERVER_ERRORS and not code.startswith("Throttl"):
        return Failure(f"AWS refuses {operation}: {code}.", FAILED)
    return Failure(f"AWS does not answer {operation} ({code}).", DEPENDENCY_DOWN)


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", _SERVER_ERRORS))
