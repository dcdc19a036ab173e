"""The bounds of a document, and that finding them is quick."""

import time

import pytest
from graphql import get_introspection_query

from bff import limits
from bff.documents import Documents, InvalidDocument
from bff.schema import build_schema, core_schema

SCHEMA = core_schema(build_schema())


def refused(source: str) -> str:
    """The messages with which a document is refused; empty where it is not."""
    try:
        Documents(SCHEMA, hide_schema=False).get(source)
    except InvalidDocument as invalid:
        return " ".join(error["message"] for error in invalid.errors)
    return ""


def chained(count: int, times: int = 2) -> str:
    """Fragments that each spread the next one `times` times."""
    spreads = [f"fragment F{n} on Viewer {{ {f'...F{n + 1} ' * times}}}" for n in range(count - 1)]
    return "{ viewer { ...F0 } } " + " ".join(spreads) + f" fragment F{count - 1} on Viewer {{ id }}"


def test_sixty_chained_fragments_are_refused_in_fifty_milliseconds() -> None:
    source = chained(60)
    best = 1.0

    for _ in range(3):
        started = time.process_time()
        message = refused(source)
        best = min(best, time.process_time() - started)

    assert "too many fields" in message
    assert best < 0.05


def test_fragments_in_a_chain_are_counted_as_they_expand() -> None:
    assert refused(chained(9)) == ""
    assert "too many fields" in refused(chained(11))


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        (
            "{ viewer { account(id: 1) { " + "imports { nodes { account { " * 5 + "id" + " } } }" * 5 + " } } }",
            "levels",
        ),
        ("{ " + " ".join(f"a{n}: viewer {{ id }}" for n in range(21)) + " }", "root fields"),
        ("{ viewer { " + " ".join(f"a{n}: id" for n in range(61)) + " } }", "aliases"),
        ("{ viewer { id " + "@include(if: true) " * 61 + "} }", "directives"),
        ("query " + "@include(if: true) " * 61 + "{ viewer { id } }", "directives"),
        ("{ viewer { " + "id " * 1_000 + "} }", "fields"),
        ("{ ...F } fragment F on Query { " + "viewer { id } " * 21 + "}", "root fields"),
        ("{ " + "... { " * 101 + "viewer { id }" + " }" * 101 + " }", "nested too deeply"),
        (chained(110, 1), "nested too deeply"),
        (" ".join(f"query Q{n} {{ viewer {{ id }} }}" for n in range(21)), "too many operations"),
    ],
)
def test_document_beyond_a_bound_is_refused_by_name(source: str, complaint: str) -> None:
    assert complaint in refused(source)


def test_cost_multiplies_the_sizes_of_lists() -> None:
    nested = (
        "{ viewer { accounts { imports(first: %s) { nodes { rows(first: %s) { nodes { line reason column } } } } } } }"
    )

    assert refused(nested % (10, 20)) == ""
    assert "lists at their largest" in refused(nested % (100, 100))


def test_page_size_in_a_variable_costs_the_largest_page() -> None:
    nested = """query ($n: Int) { viewer { accounts { imports(first: $n) { nodes {
      rows(first: $n) { nodes { line reason column } } } } } } }"""

    assert "lists at their largest" in refused(nested)


def test_months_of_plans_and_keepers_of_previews_cost_as_many_as_there_may_be() -> None:
    def months(times: int) -> str:
        fields = " ".join(f"a{n}: months {{ month }} b{n}: monthsBefore {{ month }}" for n in range(times))
        return refused(f"{{ viewer {{ imports(first: 100) {{ nodes {{ plan {{ {fields} }} }} }} }} }}")

    def keepers(times: int) -> str:
        fields = " ".join(f"a{n}: count" for n in range(times))
        previews = f"revertPreview {{ keepers {{ {fields} }} }}"
        return refused(f"{{ viewer {{ imports(first: 100) {{ nodes {{ {previews} }} }} }} }}")

    assert months(1) == keepers(10) == ""
    assert "lists at their largest" in months(6)
    assert "lists at their largest" in keepers(25)


def test_rows_of_options_cost_no_call_of_their_own() -> None:
    def asked(first: int, fields: str) -> str:
        options = f"options {{ id label rows {{ {fields} }} }}"
        return refused(f"{{ viewer {{ imports(first: {first}) {{ nodes {{ questions {{ {options} }} }} }} }} }}")

    assert asked(100, "line cells outcome bookedOn description") == ""
    assert "lists at their largest" in asked(100, " ".join(f"a{n}: line" for n in range(15)))


def test_page_query_of_the_app_is_far_below_the_bounds() -> None:
    page = """query ($first: Int) { viewer { id user { email } accounts { id name balance { amount currencyCode }
      transactions(first: $first) { nodes { id bookedOn description amount { amount currencyCode } category } }
      summary { months { month transactionCount creditTotal { amount } debitTotal { amount } } } } } }"""

    assert refused(page) == ""


def test_introspection_passes() -> None:
    assert refused(get_introspection_query(input_value_deprecation=True, directive_is_repeatable=True)) == ""


@pytest.mark.parametrize("source", ["{ ...F } fragment F on Query { ...F }", "{ ...Missing }", "{ x { y { z } } }"])
def test_document_that_is_wrong_in_other_ways_is_left_to_the_other_rules(source: str) -> None:
    assert "too many" not in refused(source)
    assert refused(source)


def test_bounds_of_the_text_hold_before_it_is_parsed() -> None:
    assert "Syntax Error" in refused("#" * (limits.MAX_SOURCE_LENGTH + 1))
    assert "Syntax Error" in refused("{ " + "id " * limits.MAX_TOKENS + "}")


@pytest.mark.parametrize(
    "source",
    [
        "{ viewer { " + "user { id } " * 490 + "} }",
        "{ viewer { id } } fragment F on Query { " + "viewer { id } " * 480 + "}",
        "{ viewer { id } } fragment F on Viewer { " + "id " * 1_900 + "}",
    ],
)
def test_fields_of_one_name_are_not_compared_for_ever(source: str) -> None:
    """Pair by pair graphql-core compares them for half a second, also in a fragment that nobody spreads."""
    best = 1.0

    for _ in range(3):
        started = time.process_time()
        assert refused(source)
        best = min(best, time.process_time() - started)

    assert best < 0.15


def test_calls_that_no_other_field_shares_are_dear() -> None:
    of_each_account = "{ viewer { accounts { %s } } }"

    assert refused(of_each_account % "imports(first: 5) { nodes { id } }") == ""
    previews = " ".join(f"a{n}: revertPreview {{ digest }}" for n in range(30))
    assert refused(of_each_account % "imports(first: 1) { nodes { revertPreview { digest } } }") == ""
    assert "lists at their largest" in refused(of_each_account % f"imports(first: 1) {{ nodes {{ {previews} }} }}")
    for name, arguments in (("imports", "first: 1"), ("transactions", 'first: 1, after: "x"')):
        fields = " ".join(f"a{n}: {name}({arguments}) {{ nodes {{ id }} }}" for n in range(30))
        assert "lists at their largest" in refused(of_each_account % fields)
    shared = " ".join(f"a{n}: transactions(first: {n}) {{ nodes {{ id }} }}" for n in range(1, 31))
    assert refused(of_each_account % shared) == ""
