"""deploy/app.yaml: no queue fills, stands still or loses messages to its dead letters without an alarm."""

from typing import Any

import pytest

from tests.unit.composed import template

AGE, DEPTH = "ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"
RESOURCES = template()["Resources"]


def of_type(name: str) -> dict[str, dict[str, Any]]:
    return {key: each.get("Properties", {}) for key, each in RESOURCES.items() if each["Type"] == name}


ALARMS = of_type("AWS::CloudWatch::Alarm")
DEAD = {
    each["RedrivePolicy"]["deadLetterTargetArn"].removesuffix(".Arn")
    for each in of_type("AWS::SQS::Queue").values()
    if "RedrivePolicy" in each
}


def watched() -> dict[tuple[str, str], dict[str, Any]]:
    """The alarms by queue and metric."""

    def queue(alarm: dict[str, Any]) -> str:
        return str(alarm["Dimensions"][0]["Value"]).removesuffix(".QueueName")

    return {(queue(alarm), alarm["MetricName"]): alarm for alarm in ALARMS.values()}


@pytest.mark.parametrize("queue", of_type("AWS::SQS::Queue"))
def test_every_queue_has_an_alarm_on_age_and_one_on_depth(queue: str) -> None:
    found = {metric: alarm for (name, metric), alarm in watched().items() if name == queue}

    assert set(found) == {AGE, DEPTH}
    assert all(alarm["Namespace"] == "AWS/SQS" and alarm["Statistic"] == "Maximum" for alarm in found.values())


@pytest.mark.parametrize("queue", sorted(DEAD))
def test_the_first_dead_letter_is_an_alarm_within_a_minute(queue: str) -> None:
    alarm = watched()[queue, DEPTH]

    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (0, "GreaterThanThreshold")
    assert alarm["Period"] * alarm["EvaluationPeriods"] == 60


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_tells_the_topic_that_is_given_and_has_no_name_of_its_own(name: str) -> None:
    alarm = ALARMS[name]

    assert alarm["AlarmActions"] == alarm["OKActions"] == ["HasAlarmTopic", ["AlarmTopicArn"], "AWS::NoValue"]
    assert "AlarmName" not in alarm
    # A queue that is idle has no figures.
    assert alarm["TreatMissingData"] == "notBreaching"


def test_every_threshold_is_a_parameter_or_none_at_all() -> None:
    thresholds = {alarm["Threshold"] for alarm in ALARMS.values()}

    assert thresholds - {0} <= set(template()["Parameters"])
