"""What the command is told by its environment. All of it may be missing: then a profile or a running stack says it."""

from pathlib import Path

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings

from cli.exits import BAD_CONFIGURATION, Failure
from runtime.settings import Settings


class CliSettings(Settings):
    token: SecretStr | None = Field(None, description="An access token, in place of the stored sign-in.")
    user_svc_address: str = Field("", description="host:port")
    txn_svc_address: str = Field("", description="host:port")
    domain_url: str = Field("", validation_alias="COGNITO_DOMAIN_URL", description="Where people sign in.")
    cli_client_id: str = Field("", description="The OAuth client of the command line.")
    imports_queue_url: str = Field("", description="SQS queue, for `stori queues` and `reconcile`; with AWS_REGION.")
    notifications_queue_url: str = Field("", description="SQS queue, for `stori queues`; with AWS_REGION.")
    feedback_queue_url: str = Field("", description="SQS queue, for `stori queues`; with AWS_REGION.")
    home: Path = Field(Path(".local"), description="Where `make up` keeps stack.json, in the checkout.")
    uploads_bucket: str = Field("", description="S3 bucket of the files, for `stori reconcile`; with AWS_REGION.")
    rpc_tls_ca: Path | None = Field(None, description="PEM of the authority that signs the services.")
    rpc_tls_cert: Path | None = Field(None, description="PEM chain of the command, where the services ask for one.")
    rpc_tls_key: Path | None = Field(None, description="PEM key of that chain.")


def read_settings() -> CliSettings:
    """From the environment. Raises Failure naming each variable that is wrong, without its value."""
    try:
        return CliSettings()
    except ValidationError as error:
        raise Failure(f"Bad configuration: {problems_of(error, CliSettings)}", BAD_CONFIGURATION) from None


def problems_of(error: ValidationError, settings: type[BaseSettings]) -> str:
    """Each variable that is wrong, by its name and without its value."""
    problems = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(f"{_variable(settings, str(one['loc'][0]))}: {one['msg']}" for one in problems)


def _variable(settings: type[BaseSettings], name: str) -> str:
    # A field with a variable of another name is told by that one.
    return f"{settings.model_config['env_prefix']}{name}".upper() if name in settings.model_fields else name
