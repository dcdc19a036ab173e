import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protos.events.v1 import events_pb2
from runtime.call import Call, bind
from runtime.ids import new_id, to_id
from runtime.messages.envelope import Event, event_of

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
CALL = Call("req-1", TRACEPARENT, deadline=12.5)


def completed(**fields: Any) -> Event:
    with bind(CALL):
        return event_of(
            events_pb2.ImportCompleted(**fields),
            type="stori.txn.v1.ImportCompleted",
            source="stori/txn_svc",
            subject=to_id("imp", new_id()),
            sequence=3,
        )


def changed(**attributes: Any) -> str:
    return json.dumps({**json.loads(completed().to_json()), **attributes})


def test_an_event_is_a_cloud_event_in_json() -> None:
    event = completed(row_count=4, balance_minor=-(1 << 62), currency_code="USD")

    found = json.loads(event.to_json())

    assert found.pop("id").startswith("evt_")
    assert datetime.fromisoformat(found.pop("time")).tzinfo == UTC
    assert found.pop("subject").startswith("imp_")
    assert found == {
        "specversion": "1.0",
        "source": "stori/txn_svc",
        "type": "stori.txn.v1.ImportCompleted",
        "datacontenttype": "application/json",
        "dataschema": "urn:stori:events.v1.ImportCompleted",
        "sequence": "0000000000000000003",
        "traceparent": TRACEPARENT,
        "requestid": "req-1",
        "data": {
            "importId": "",
            "accountId": "",
            "holderSubject": "",
            "rowCount": "4",
            "importedCount": "0",
            "duplicateCount": "0",
            "rejectedCount": "0",
            "currencyCode": "USD",
            "balanceMinor": "-4611686018427387904",
        },
    }


def test_an_event_comes_back_as_it_was() -> None:
    event = completed(import_id="imp_1", row_count=4)

    again = Event.from_json(event.to_json())

    assert again == event
    assert again.read(events_pb2.ImportCompleted) == events_pb2.ImportCompleted(import_id="imp_1", row_count=4)


@given(
    st.builds(
        events_pb2.ImportCompleted,
        import_id=st.text(alphabet=st.characters(exclude_categories=["Cs"])),
        balance_minor=st.integers(-(1 << 63), (1 << 63) - 1),
    )
)
def test_any_data_comes_back_through_ascii(message: events_pb2.ImportCompleted) -> None:
    event = event_of(message, type="t", source="s", subject="imp_1", sequence=1)

    text = event.to_json()

    assert text.isascii()
    assert Event.from_json(text).read(events_pb2.ImportCompleted) == message


@given(st.integers(0, (1 << 63) - 1), st.integers(0, (1 << 63) - 1))
def test_sequences_compare_as_text_like_as_numbers(one: int, other: int) -> None:
    texts = [json.loads(changed(sequence=f"{number:019d}"))["sequence"] for number in (one, other)]

    assert (texts[0] < texts[1]) == (one < other)


def test_unknown_attributes_and_fields_are_ignored() -> None:
    text = changed(partitionkey="x", future={"a": 1}, data={"importId": "imp_1", "futureField": [1], "other": {}})

    event = Event.from_json(text)

    assert event.read(events_pb2.ImportCompleted) == events_pb2.ImportCompleted(import_id="imp_1")


def test_a_time_with_an_offset_is_read_as_utc() -> None:
    event = Event.from_json(changed(time="2026-11-20T12:00:00.5+02:00"))

    assert event.time == datetime(2026, 11, 20, 12, 0, 0, 500_000, timezone(timedelta(hours=2)))
    assert event.time.utcoffset() == timedelta(0)


MALFORMED: dict[str, list[object]] = {
    "specversion": [None, "0.3", 1.0],
    "id": [None, "", 7, "evt_", "user_01jd3k4m5n6p7q8r9sabtcvdwe", "evt_" + "z" * 26],
    "type": [None, "", "a b", "a\n", "t" * 257, ["t"]],
    "source": [None, "", "é"],
    "subject": [None, "", "\u0000"],
    "sequence": [None, 3, "", "-1", "1.0", "٣", "9" * 19, "1" * 20],
    "time": [
        *(None, 0, "now", "2026-11-20", "2026-11-20T12:00:00", "2026-13-20T12:00:00Z"),
        *("20261120T120000Z", "0001-01-01T00:00:00+14:00"),
    ],
    "datacontenttype": [None, "text/plain"],
    "dataschema": [None, ""],
    "traceparent": [None, "", "00-1-2-3", TRACEPARENT.upper()],
    "requestid": [None, "", "a b", "x" * 129],
    "data": [None, [], "x", 1],
}


@pytest.mark.parametrize(
    ("attribute", "value"), [(attribute, value) for attribute, values in MALFORMED.items() for value in values]
)
def test_a_malformed_attribute_is_refused_by_name(attribute: str, value: object) -> None:
    text = changed(**{attribute: value})

    with pytest.raises(ValueError, match=f"`{attribute}`"):
        Event.from_json(text)


@pytest.mark.parametrize(
    "attribute", ["id", "source", "type", "subject", "sequence", "time", "traceparent", "requestid", "data"]
)
def test_a_missing_attribute_is_refused_by_name(attribute: str) -> None:
    found = json.loads(completed().to_json())
    del found[attribute]

    with pytest.raises(ValueError, match=f"`{attribute}`"):
        Event.from_json(json.dumps(found))


@pytest.mark.parametrize(
    "text", ["", "null", "[]", '"x"', "{", "[" * 100_000, '{"id": NaN}', '{"id": "\\ud800"}', "\ud800"]
)
def test_what_is_not_a_json_object_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="event"):
        Event.from_json(text)


def test_data_of_another_message_is_refused() -> None:
    event = completed()

    with pytest.raises(ValueError, match="`dataschema`"):
        event.read(events_pb2.ImportFailed)


@pytest.mark.parametrize("data", [{"rowCount": "x"}, {"rowCount": "9223372036854775808"}, {"importId": 7}])
def test_malformed_data_is_refused(data: dict[str, Any]) -> None:
    event = Event.from_json(changed(data=data))

    with pytest.raises(ValueError, match="`data`"):
        event.read(events_pb2.ImportCompleted)


def test_an_event_is_handled_under_the_request_id_and_trace_that_caused_it() -> None:
    event = Event.from_json(completed().to_json())

    with bind(CALL):
        handled = event.as_call()

    assert (handled.request_id, handled.deadline) == ("req-1", 12.5)
    assert handled.traceparent != TRACEPARENT
    assert handled.traceparent.split("-")[1] == TRACEPARENT.split("-")[1]
