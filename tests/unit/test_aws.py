import asyncio
import threading

import pytest
from pydantic import ValidationError

from runtime.aws import Aws, AwsSettings
from runtime.refusals import DeadlineExceeded


@pytest.fixture
def aws() -> Aws:
    return Aws(AwsSettings(environment="local", region="us-east-1", endpoint_url="http://127.0.0.1:9"))


@pytest.mark.parametrize("environment", [None, "production", "", "Local", "lokal"])
def test_an_endpoint_is_refused_unless_local(monkeypatch: pytest.MonkeyPatch, environment: str | None) -> None:
    monkeypatch.delenv("STORI_ENVIRONMENT", raising=False)
    if environment is not None:
        monkeypatch.setenv("STORI_ENVIRONMENT", environment)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")

    with pytest.raises(ValidationError, match="STORI_ENVIRONMENT=local"):
        AwsSettings()


def test_in_production_no_variable_moves_an_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", "http://127.0.0.1:1")

    client = Aws(AwsSettings(environment="production", region="us-east-1", endpoint_url=None)).client("sqs")

    assert client.meta.endpoint_url == "https://sqs.us-east-1.amazonaws.com"


def test_clients_are_bounded_and_shared(aws: Aws) -> None:
    client = aws.client("sqs")

    config = client.meta.config
    assert (config.connect_timeout, config.read_timeout, config.max_pool_connections) == (2.0, 5.0, 16)
    assert config.retries == {"mode": "standard", "total_max_attempts": 3}
    assert aws.client("sqs") is client
    assert aws.client("sqs", read_timeout_seconds=30).meta.config.read_timeout == 30


async def test_a_call_ends_with_its_deadline(aws: Aws) -> None:
    with pytest.raises(DeadlineExceeded):
        await aws.call(threading.Event().wait, deadline_seconds=0.01, timeout=0.2)


async def test_a_call_gives_what_the_method_raises(aws: Aws) -> None:
    with pytest.raises(ZeroDivisionError):
        await aws.call(lambda: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        await aws.long_poll(lambda: 1 // 0)


async def test_a_poll_may_be_abandoned(aws: Aws) -> None:
    poll = asyncio.create_task(aws.long_poll(threading.Event().wait, timeout=0.05))

    done, _ = await asyncio.wait({poll}, timeout=0)
    poll.cancel()

    assert not done
    with pytest.raises(asyncio.CancelledError):
        await poll
