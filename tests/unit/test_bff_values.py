"""Money, scalars, enums, paths and ids: the small translations between a client and the services."""

from decimal import Decimal
from typing import Any

import pytest
from graphql import GraphQLEnumType, GraphQLError
from hypothesis import given
from hypothesis import strategies as st

from bff.context import Context
from bff.rates import BoundedMemory, network_of
from bff.request import parse_json
from bff.schema import build_schema, core_schema
from bff.schema.money import MAX_MINOR, decimal_text, minor_units
from bff.schema.refusals import input_path
from bff.schema.scalars import SCALARS, Date
from bff.schema.scalars import Decimal as DecimalText
from protos.txn.v1 import txn_pb2
from protos.user.v1 import user_pb2
from runtime.call import Caller
from runtime.refusals import InvalidArgument

ALL_MINOR = st.integers(-MAX_MINOR, MAX_MINOR)


@given(ALL_MINOR, st.integers(0, 4))
def test_amount_reads_as_the_decimal_it_is(minor: int, decimals: int) -> None:
    text = decimal_text(minor, decimals)

    assert Decimal(text) == Decimal(minor).scaleb(-decimals)
    assert len(text.partition(".")[2]) == decimals


@given(st.integers(-(10**15), 10**15), st.integers(0, 4))
def test_amount_comes_back_as_it_went(minor: int, decimals: int) -> None:
    assert minor_units(decimal_text(minor, decimals), decimals, "amount") == minor


def test_zeros_after_the_currencys_decimals_are_no_decimals() -> None:
    assert minor_units(DecimalText("1.5000"), 2, "amount") == 150
    assert minor_units(DecimalText("-0.05"), 2, "amount") == -5
    with pytest.raises(InvalidArgument):
        minor_units(DecimalText("1.501"), 2, "amount")


def parse(scalar: object, value: object) -> Any:
    read = SCALARS[scalar].parse_value
    assert read is not None
    return read(value)


@pytest.mark.parametrize(
    "text", ["1e5", "NaN", "Infinity", "+1", "1_000", " 1", "1.", ".5", "١", "1" * 19, "", 1, 1.5, None, True]
)
def test_decimal_is_a_plain_string_of_digits(text: object) -> None:
    with pytest.raises(GraphQLError):
        parse(DecimalText, text)


@pytest.mark.parametrize("text", ["2026-02-30", "20260715", "2026-W01-1", "2026-7-1", "2026-07-15T00:00", 1, None])
def test_date_is_a_day_of_the_calendar(text: object) -> None:
    with pytest.raises(GraphQLError):
        parse(Date, text)


def test_every_enum_has_exactly_the_members_of_its_protobuf_namesake() -> None:
    protobuf = {**txn_pb2.DESCRIPTOR.enum_types_by_name, **user_pb2.DESCRIPTOR.enum_types_by_name}

    for name, kind in core_schema(build_schema()).type_map.items():
        if not isinstance(kind, GraphQLEnumType) or name.startswith("__") or name == "Role":
            continue
        values = {value.name: value.number for value in protobuf[name].values if value.number}
        prefix = "".join(f"_{c}" if c.isupper() else c.upper() for c in name).lstrip("_") + "_"
        assert {member: value.value for member, value in kind.values.items()} == {
            member.removeprefix(prefix): number for member, number in values.items()
        }


@pytest.mark.parametrize(
    ("field", "path"),
    [
        ("opening_balance_minor", ["openingBalance"]),
        ("user.display_name", ["displayName"]),
        ("account_id", ["accountId"]),
        ("filter.min_amount", ["filter", "minAmount"]),
        ("filter.until_date", ["filter", "to"]),
        ("account.opening_date", ["openingDate"]),
        ("transaction_ids[12]", ["transactionIds", "12"]),
    ],
)
def test_field_of_a_refusal_is_named_as_the_client_named_it(field: str, path: list[str]) -> None:
    assert input_path(field) == path


def test_viewers_id_depends_on_the_subject_alone() -> None:
    def viewer_id(subject: str, token: str) -> str:
        caller = Caller("person", subject, "c", frozenset(), frozenset(), token, 0)
        return Context(caller, None, None).viewer_id  # type: ignore[arg-type]

    assert viewer_id("a", "1") == viewer_id("a", "2")
    assert viewer_id("a", "1") != viewer_id("b", "1")
    assert viewer_id("a", "1").startswith("viewer_")


def test_json_of_ordinary_depth_passes_unchanged() -> None:
    assert parse_json('{"a": [1, {"b": "\\u00e9"}]}') == {"a": [1, {"b": "é"}]}


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("", ""),
    ],
)
def test_addresses_of_one_household_count_as_one(address: str, network: str) -> None:
    assert network_of(address) == network


async def test_counters_in_memory_are_bounded_and_the_oldest_give_way() -> None:
    memory = BoundedMemory(max_keys=2)

    for key in ("a", "b", "b", "c"):
        await memory.incr(key, 60)

    assert [await memory.get(key) for key in ("a", "b", "c")] == [0, 2, 1]


async def test_counter_starts_again_when_its_window_ends() -> None:
    memory = BoundedMemory()

    await memory.incr("a", 0)

    assert await memory.incr("a", 60) == 1
