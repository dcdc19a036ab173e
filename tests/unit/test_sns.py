import json

import pytest

from runtime.messages.sns import unwrap

TOPIC = "arn:aws:sns:us-east-1:000000000000:events"
RAW = '{"specversion": "1.0"}'


def envelope(**fields: object) -> str:
    return json.dumps({"Type": "Notification", "TopicArn": TOPIC, "Message": RAW, **fields})


@pytest.mark.parametrize("body", [RAW, "", "not JSON", "[]", "null"])
def test_a_raw_body_is_given_as_it_is(body: str) -> None:
    assert unwrap(body, [TOPIC]) == body


def test_an_envelope_of_an_expected_topic_is_taken_off() -> None:
    assert unwrap(envelope(), [TOPIC]) == RAW


@pytest.mark.parametrize("fields", [{"TopicArn": TOPIC + "x"}, {"TopicArn": None}, {"TopicArn": [TOPIC]}])
def test_an_envelope_of_another_topic_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="topic"):
        unwrap(envelope(**fields), {TOPIC})


@pytest.mark.parametrize("fields", [{"Type": "SubscriptionConfirmation"}, {"Type": None}, {"Message": {"a": 1}}])
def test_an_envelope_that_is_no_notification_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="notification"):
        unwrap(envelope(**fields), {TOPIC})
