"""docs/graphql.md against the schema and the limits of the edge."""

import re
from pathlib import Path

import pytest
from graphql import build_schema, parse, specified_rules, validate

from bff import limits, request
from bff.limits import LimitsRule

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "graphql.md").read_text()
SCHEMA = build_schema((ROOT / "bff" / "schema.graphql").read_text())
DOCUMENTS = re.findall(r"```graphql\n(.*?)```", GUIDE, re.DOTALL)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_query_of_the_guide_is_one_the_edge_takes(document: str) -> None:
    assert validate(SCHEMA, parse(document), [*specified_rules, LimitsRule]) == []


def test_the_guide_tells_the_limits_of_the_edge() -> None:
    told = dict(re.findall(r"^\| ([a-z ,]+) \| (.*) \|$", GUIDE.partition("## Limits")[2], re.MULTILINE))

    told.pop("of one operation")
    assert told == {
        "body": f"{request.MAX_BODY_BYTES:,} bytes",
        "document": f"{limits.MAX_SOURCE_LENGTH:,} characters, {limits.MAX_TOKENS:,} tokens",
        "levels of fields": f"{limits.MAX_DEPTH}",
        "root fields": f"{limits.MAX_ROOT_FIELDS}",
        "fields": f"{limits.MAX_FIELDS:,}",
        "aliases": f"{limits.MAX_ALIASES}",
        "directives": f"{limits.MAX_DIRECTIVES}",
        "fields of the answer, lists at their largest": f"{limits.MAX_COST:,}",
    }
