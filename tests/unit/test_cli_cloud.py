"""Where the command line finds the bucket, the queue and AWS."""

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from cli.cloud import Cloud, failure_of, open_cloud
from cli.exits import BAD_CONFIGURATION, DEPENDENCY_DOWN, FAILED, Failure
from cli.settings import read_settings
from cli.stored import PLACES
from cli.target import Target

CONTENT = {
    "region": "us-east-1",
    "aws_endpoint_url": "http://127.0.0.1:1",
    "uploads_bucket": "of-the-stack",
    "imports_queue_url": "http://127.0.0.1:1/000000000000/imports",
}


@pytest.fixture(autouse=True)
def _nobody_elses_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN", "STORI_ENVIRONMENT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "mine")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "mine")


def stack(folder: Path, **content: str) -> Target:
    path = folder / "stack.json"
    path.write_text(json.dumps(content))
    return Target(environment="local", stack=str(path))


def test_a_running_stack_says_where_its_files_are_and_is_not_shown_ones_own_credentials(tmp_path: Path) -> None:
    with open_cloud(stack(tmp_path, **CONTENT), read_settings(), PLACES, all_of_them=True) as cloud:
        assert cloud.places == {name: CONTENT[name] for name in PLACES}
        assert cloud.aws.client("s3").meta.endpoint_url == "http://127.0.0.1:1"
        assert key_of(cloud) == "local"


def test_the_environment_comes_before_the_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORI_UPLOADS_BUCKET", "of-mine")
    monkeypatch.setenv("STORI_IMPORTS_QUEUE_URL", "https://sqs.eu-west-1.amazonaws.com/1/imports")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")

    with open_cloud(stack(tmp_path, **CONTENT), read_settings(), PLACES, all_of_them=True) as cloud:
        assert cloud.places["uploads_bucket"] == "of-mine"
        assert cloud.aws.client("s3").meta.endpoint_url == "https://s3.eu-west-1.amazonaws.com"
        assert key_of(cloud) == "mine"


def test_what_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "STORI_UPLOADS_BUCKET" in refused(Target())
    assert "region" in refused(stack(tmp_path))
    monkeypatch.setenv("STORI_UPLOADS_BUCKET", "of-mine")
    monkeypatch.setenv("STORI_IMPORTS_QUEUE_URL", "https://sqs.eu-west-1.amazonaws.com/1/imports")
    assert "AWS_REGION" in refused(Target())
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert "STORI_ENVIRONMENT=local" in refused(Target())


def key_of(cloud: Cloud) -> str:
    credentials: Any = cloud.aws.client("s3")._request_signer._credentials
    return str(credentials.access_key)


def refused(target: Target) -> str:
    with pytest.raises(Failure) as failure, open_cloud(target, read_settings(), PLACES, all_of_them=True):
        pass
    assert failure.value.code == BAD_CONFIGURATION
    return failure.value.message


def answered(status: int, code: str) -> ClientError:
    answer = {"Error": {"Code": code, "Message": "canary"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "ListObjectVersions")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (answered(403, "AccessDenied"), FAILED),
        (answered(404, "NoSuchBucket"), FAILED),
        (answered(400, "ThrottlingException"), DEPENDENCY_DOWN),
        (answered(503, "SlowDown"), DEPENDENCY_DOWN),
        (EndpointConnectionError(endpoint_url="http://canary"), DEPENDENCY_DOWN),
        (NoCredentialsError(), BAD_CONFIGURATION),
    ],
)
def test_what_aws_says_has_its_exit_code_and_not_its_text(error: Exception, code: int) -> None:
    failure = failure_of(error)

    assert failure.code == code
    assert "canary" not in failure.message
