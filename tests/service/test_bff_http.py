"""GraphQL over HTTP: whatever is malformed is a 4xx with a GraphQL error; nothing is a 500."""

import json
from collections.abc import AsyncIterator

import httpx2
import pytest
from graphql import build_client_schema, get_introspection_query

from bff.request import MAX_BODY_BYTES
from tests.service.bff_stage import ANN, Stage, account, open_stage
from tests.service.tokens import MACHINE_CLIENT, signing_key

GRAPHQL_JSON = "application/graphql-response+json"
TYPENAME = '{"query": "{ __typename }"}'


@pytest.fixture(scope="module")
async def stage() -> AsyncIterator[Stage]:
    async with open_stage(cors_origins=("https://app.example.com",)) as opened:
        yield opened


@pytest.fixture(scope="module")
async def production() -> AsyncIterator[Stage]:
    async with open_stage(graphql_profile="production") as opened:
        yield opened


def _nested(depth: int) -> str:
    return '{"query": "{ __typename }", "variables": {"a": ' + "[" * depth + "]" * depth + "}}"


MALFORMED: dict[str, bytes | str] = {
    "nothing": b"",
    "null": "null",
    "a string": '"{ __typename }"',
    "a number": "1",
    "a batch": f"[{TYPENAME}]",
    "an empty batch": "[]",
    "no JSON": "{ __typename }",
    "cut off": '{"query": "{ __typena',
    "invalid UTF-8": b'{"query": "{ __typename \xff }"}',
    "a lone surrogate": '{"query": "{ __typename }", "variables": {"a": "\\ud800"}}',
    "NUL in a variable": '{"query": "{ __typename }", "variables": {"a": ["\\u0000"]}}',
    "NUL in the query": '{"query": "{ __typename } # \\u0000"}',
    "a 5,000-digit integer": '{"query": "{ __typename }", "variables": {"a": ' + "1" * 5000 + "}}",
    "variables nested 40 deep": _nested(40),
    "variables nested 20,000 deep": _nested(20_000),
    "no query": '{"variables": {}}',
    "a query that is a number": '{"query": 1}',
    "an empty query": '{"query": ""}',
    "variables as a list": '{"query": "{ __typename }", "variables": []}',
    "variables as text": '{"query": "{ __typename }", "variables": "{}"}',
    "operationName as an object": '{"query": "{ __typename }", "operationName": {}}',
    "extensions as a list": '{"query": "{ __typename }", "extensions": []}',
    "many values": json.dumps({"query": "{ __typename }", "variables": {"a": [0] * 30_000}}),
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
async def test_malformed_body_is_a_400_with_a_graphql_error(stage: Stage, body: bytes | str) -> None:
    answer = await stage.post(body)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


WRONG_DOCUMENTS: dict[str, str] = {
    "syntax": "{",
    "an unknown field": "{ nothing }",
    "a 5,000-digit page": "{ viewer { transactions(first: %s) { nodes { id } } } }" % ("1" * 5000),
    "a page as text": '{ viewer { transactions(first: "1") { nodes { id } } } }',
    "NUL in a literal": '{ node(id: "a\\u0000") { id } }',
    "a lone surrogate in a literal": '{ node(id: "\\uD800") { id } }',
    "nested 900 deep": "{ viewer " * 900 + "}" * 900,
    "nested 15,000 deep": "{" * 15_000,
    "many tokens": "{ " + "a: __typename " * 1_000 + "}",
    "long source": "{ __typename } #" + "x" * 20_000,
    "many comments": "{ __typename }" + "\n#" * 600,
    "a float that is infinite": "{ viewer { transactions(filter: {minAmount: 1e999}) { nodes { id } } } }",
    "a list of directives": "{ __typename " + "@include(if: true) " * 100 + "}",
    "a fragment that spreads itself": "{ ...F } fragment F on Query { ...F }",
    "an unknown operation name's document": "fragment F on Query { __typename }",
    "a subscription": "subscription { importChanged { id } }",
}


@pytest.mark.parametrize("query", WRONG_DOCUMENTS.values(), ids=WRONG_DOCUMENTS)
async def test_wrong_document_is_a_400_without_data_in_the_graphql_type(stage: Stage, query: str) -> None:
    answer = await stage.ask(query, headers={"accept": GRAPHQL_JSON})

    assert answer.status_code == 400
    assert answer.headers["content-type"] == f"{GRAPHQL_JSON}; charset=utf-8"
    assert answer.json().keys() == {"errors"}


async def test_wrong_document_is_a_200_in_the_older_type(stage: Stage) -> None:
    answer = await stage.ask("{ nothing }", headers={"accept": "application/json"})

    assert answer.status_code == 200
    assert answer.json()["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        (GRAPHQL_JSON, GRAPHQL_JSON),
        (f"{GRAPHQL_JSON}; charset=utf-8, application/json; q=0.9", GRAPHQL_JSON),
        (f"application/json, {GRAPHQL_JSON}; q=0.5", "application/json"),
    ],
)
async def test_answer_is_in_the_type_the_client_prefers(stage: Stage, accept: str, answered: str) -> None:
    answer = await stage.ask("{ __typename }", headers={"accept": accept})

    assert answer.headers["content-type"] == f"{answered}; charset=utf-8"
    assert answer.json() == {"data": {"__typename": "Query"}}


async def test_client_that_takes_neither_type_is_a_406(stage: Stage) -> None:
    assert (await stage.ask("{ __typename }", headers={"accept": "text/html"})).status_code == 406


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/json; charset=latin-1"],
)
async def test_body_of_a_type_a_form_could_send_is_a_415(stage: Stage, content_type: str) -> None:
    answer = await stage.post(TYPENAME, **{"content-type": content_type})

    assert answer.status_code == 415
    assert answer.json()["errors"]


async def test_query_may_come_by_get_and_a_mutation_may_not(stage: Stage) -> None:
    mutation = 'mutation { profileUpdate(input: {displayName: "x"}) { userErrors { code } } }'

    async def get(query: str) -> httpx2.Response:
        return await stage.client.get("/graphql", params={"query": query}, headers=stage.headers())

    allowed, refused = await get("{ __typename }"), await get(mutation)

    assert allowed.json() == {"data": {"__typename": "Query"}}
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
    assert stage.users.calls["UpdateUser"] == 0


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
async def test_other_methods_are_a_405(stage: Stage, method: str) -> None:
    answer = await stage.client.request(method, "/graphql", content=TYPENAME, headers=stage.headers())

    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")


async def test_body_over_the_limit_is_a_413_announced_or_not(stage: Stage) -> None:
    body = json.dumps({"query": "{ __typename }", "x": "x" * MAX_BODY_BYTES}).encode()

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 8_192):
            yield body[start : start + 8_192]

    headers = {"content-type": "application/json", **stage.headers()}
    announced = await stage.post(body)
    chunked = await stage.client.post("/graphql", content=chunks(), headers=headers)

    assert (announced.status_code, chunked.status_code) == (413, 413)
    assert chunked.json()["errors"][0]["extensions"]["code"] == "CONTENT_TOO_LARGE"


def _tokens(stage: Stage) -> dict[str, str]:
    issuer = stage.issuer
    return {
        "none": "",
        "another scheme": f"Basic {issuer.token(ANN)}",
        "no token": "Bearer",
        "rubbish": "Bearer rubbish",
        "an id token": f"Bearer {issuer.token(ANN, token_use='id')}",
        "an expired one": f"Bearer {issuer.token(ANN, exp=1)}",
        "one of another pool": f"Bearer {issuer.token(ANN, iss='https://cognito-idp.us-east-1.amazonaws.com/us-east-1_X')}",
        "one of another key": f"Bearer {issuer.token(ANN, key=signing_key('other'))}",
        "a service's": f"Bearer {issuer.service_token(MACHINE_CLIENT)}",
        "one of another client": f"Bearer {issuer.token(ANN, client_id='stranger')}",
    }


async def test_all_but_a_persons_access_token_is_the_same_401_before_graphql(stage: Stage) -> None:
    answers = [
        await stage.client.post("/graphql", content="no JSON", headers={"authorization": given} if given else {})
        for given in _tokens(stage).values()
    ]

    assert {answer.status_code for answer in answers} == {401}
    assert {answer.headers["www-authenticate"] for answer in answers} == {"Bearer"}
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].json()["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED"}


async def test_two_authorization_headers_are_a_401(stage: Stage) -> None:
    twice = [("authorization", stage.headers()["authorization"])] * 2

    assert (await stage.client.post("/graphql", content=TYPENAME, headers=twice)).status_code == 401


@pytest.mark.parametrize(
    "arguments", ["first: 0", "first: 101", "first: -1", "last: 0", "first: 1, last: 1", 'after: ""']
)
async def test_page_out_of_bounds_is_a_400(stage: Stage, arguments: str) -> None:
    answer = await stage.ask(f"{{ viewer {{ transactions({arguments}) {{ nodes {{ id }} }} }} }}")

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_forged_cursor_is_a_400(stage: Stage) -> None:
    query = 'query ($after: String) { viewer { account(id: "%s") { transactions(after: $after) { nodes { id } } } } }'

    answer = await stage.ask(query % account(ANN, 0).id, {"after": "forged"})

    assert answer.status_code == 400
    error = answer.json()["errors"][0]
    assert error["path"] == ["viewer", "account", "transactions"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["extensions"]["requestId"] == answer.headers["x-request-id"]


@pytest.mark.parametrize("variables", [{"f": {"minAmount": 1.5}}, {"f": {"from": "2026-02-30"}}, {"f": {"x": 1}}])
async def test_wrong_variables_are_a_400(stage: Stage, variables: dict[str, object]) -> None:
    query = "query ($f: TransactionFilter) { viewer { transactions(filter: $f) { nodes { id } } } }"

    answer = await stage.ask(query, variables, headers={"accept": GRAPHQL_JSON})

    assert answer.status_code == 400
    assert answer.json().keys() == {"errors"}


@pytest.mark.parametrize("given", ["x" * 129, "a b", "a\tb", ""])
async def test_request_id_that_is_not_well_formed_is_replaced(stage: Stage, given: str) -> None:
    answer = await stage.ask("{ __typename }", headers={"x-request-id": given})

    assert len(answer.headers["x-request-id"]) == 32


async def test_every_answer_carries_the_security_headers(stage: Stage) -> None:
    answers = [await stage.ask("{ __typename }"), await stage.client.get("/nothing"), await stage.post("null")]

    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert answer.headers["cache-control"] == "no-store"
        assert "server" not in answer.headers


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://app.example.com", "https://app.example.com"),
        ("https://app.example.com.evil.org", None),
        ("http://app.example.com", None),
        ("null", None),
    ],
)
async def test_pages_of_exactly_the_configured_origins_may_ask(stage: Stage, origin: str, allowed: str | None) -> None:
    preflight = {
        "origin": origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
    }

    asked = await stage.client.options("/graphql", headers=preflight)
    answer = await stage.ask("{ __typename }", headers={"origin": origin})

    assert asked.headers.get("access-control-allow-origin") == allowed
    assert answer.headers.get("access-control-allow-origin") == allowed


async def test_production_tells_nothing_of_its_schema(production: Stage) -> None:
    introspection = await production.ask("{ __schema { types { name } } }", headers={"accept": GRAPHQL_JSON})
    misspelt = await production.ask("{ viewr { id } }")
    variable = await production.ask(
        "query ($f: TransactionFilter) { viewer { transactions(filter: $f) { nodes { id } } } }", {"f": {"txt": "a"}}
    )
    page = await production.client.get("/graphiql")

    assert introspection.status_code == 400
    assert "viewer" not in misspelt.text
    assert '"text"' not in variable.text
    assert "Did you mean" not in misspelt.text + variable.text
    assert page.status_code == 404


async def test_the_bare_address_leads_to_graphiql_in_development_only(stage: Stage, production: Stage) -> None:
    development = await stage.client.get("/", follow_redirects=False)
    bare = await production.client.get("/", follow_redirects=False)

    assert (development.status_code, development.headers["location"]) == (307, "/graphiql")
    assert bare.status_code == 404


async def test_development_answers_introspection_as_graphiql_asks_it(stage: Stage) -> None:
    data = await stage.data(get_introspection_query(input_value_deprecation=True, specified_by_url=True))

    assert build_client_schema(data).query_type is not None


async def test_path_with_a_slash_too_many_leads_nowhere(stage: Stage) -> None:
    """Starlette would send it to whatever host the request names."""
    answer = await stage.client.get("/config.json/", headers={"host": "evil.example"})

    assert answer.status_code == 404
    assert "location" not in answer.headers
