"""What nobody gets: a stranger's token, another person's account, a wrong balance, the other database."""

import base64
import json
import time
from typing import Any

import grpc
import httpx2
import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.system.stack import PASSWORD, VIEWER, Person, Stack, grpc_methods
from tests.system.test_main_job import BRIEF

DIGEST = "{ viewer { accounts { balance { amount } ledgerDigest } } }"
NODE = "query Node($id: ID!) { node(id: $id) { id } }"


def ask_with(stack: Stack, token: str | None) -> httpx2.Response:
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    return httpx2.post(stack.info["graphql_url"], json={"query": DIGEST}, headers=headers, timeout=10)


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def changed(stack: Stack, token: str, **claims: Any) -> str:
    """The same token with other claims, signed with the pool's own key."""
    header, payload, _ = token.split(".")
    content = json.loads(base64.urlsafe_b64decode(payload + "==")) | claims
    signing_input = f"{header}.{b64(json.dumps(content).encode())}"
    key = load_pem_private_key(stack.pool_key().read_bytes(), None)
    assert isinstance(key, RSAPrivateKey)
    return f"{signing_input}.{b64(key.sign(signing_input.encode(), PKCS1v15(), SHA256()))}"


def other_pools_token(stack: Stack) -> str:
    cognito = stack.aws("cognito-idp")
    pool = cognito.create_user_pool(PoolName="stranger")["UserPool"]["Id"]
    flows = ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    client = cognito.create_user_pool_client(UserPoolId=pool, ClientName="web", ExplicitAuthFlows=flows)
    client_id = client["UserPoolClient"]["ClientId"]
    cognito.admin_create_user(UserPoolId=pool, Username="ada", MessageAction="SUPPRESS")
    cognito.admin_set_user_password(UserPoolId=pool, Username="ada", Password=PASSWORD, Permanent=True)
    answer = cognito.admin_initiate_auth(
        UserPoolId=pool,
        ClientId=client_id,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "ada", "PASSWORD": PASSWORD},
    )
    token: str = answer["AuthenticationResult"]["AccessToken"]
    return token


def machine_token(stack: Stack) -> str:
    pool = stack.info["user_pool_id"]
    cognito = stack.aws("cognito-idp")
    clients = cognito.list_user_pool_clients(UserPoolId=pool, MaxResults=60)["UserPoolClients"]
    client_id = next(client["ClientId"] for client in clients if client["ClientName"] == "notifier")
    found = cognito.describe_user_pool_client(UserPoolId=pool, ClientId=client_id)["UserPoolClient"]
    url = f"{stack.info['aws_endpoint_url']}/oauth2/token"
    form = {"grant_type": "client_credentials", "scope": "stori/users.read stori/txns.read"}
    answer = httpx2.post(url, data=form, auth=(client_id, found["ClientSecret"]), timeout=10)
    token: str = answer.json()["access_token"]
    return token


def test_anything_but_a_valid_persons_access_token_is_401(stack: Stack, demo: Person) -> None:
    now = int(time.time())
    token = demo.tokens.access
    wrong = {
        "none": None,
        "junk": "junk",
        "id token": demo.tokens.id,
        "expired": changed(stack, token, iat=now - 7200, exp=now - 3600),
        "another pool": other_pools_token(stack),
        "a service": machine_token(stack),
        "another client": changed(stack, token, client_id="stranger"),
        "broken": token[:-8] + "AAAAAAAA",
    }

    answers = {name: ask_with(stack, value) for name, value in wrong.items()}

    assert ask_with(stack, changed(stack, token)).status_code == 200
    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(wrong, 401)
    assert len({answer.text.replace(answer.headers["x-request-id"], "") for answer in answers.values()}) == 1


def test_another_persons_things_look_like_missing_ones(person: Person, demo: Person) -> None:
    [account] = demo.ask(VIEWER)["viewer"]["accounts"]
    missing = "acct_01h455vb4pex5vsknk084sn02q"

    assert person.ask(NODE, id=account["id"]) == person.ask(NODE, id=missing) == {"node": None}
    assert demo.ask(NODE, id=account["id"])["node"] is not None
    assert person.ask(VIEWER) == {"viewer": {"accounts": []}}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE account SET balance_minor = balance_minor + 1",
        "UPDATE account SET version = 0",
        "UPDATE account SET initial_balance_minor = 1",
        "UPDATE account_month SET credit_total_minor = 0",
        "INSERT INTO account_month SELECT * FROM account_month",
        "DELETE FROM account_month",
        "UPDATE transaction SET amount_minor = 1",
        "UPDATE transaction SET booked_on = '2020-01-01'",
        "TRUNCATE transaction",
        "ALTER TABLE transaction DISABLE TRIGGER ALL",
        "SET session_replication_role = replica",
        "DROP TRIGGER transaction_inserted ON transaction",
        "CREATE OR REPLACE FUNCTION ledger_changed() RETURNS trigger LANGUAGE sql AS 'SELECT NULL'",
        "SET ROLE stori_txn_owner",
        "DELETE FROM audit_event",
    ],
)
def test_the_application_role_cannot_make_a_balance_wrong(stack: Stack, demo: Person, statement: str) -> None:
    before = demo.ask(DIGEST)

    with (
        psycopg.connect(stack.info["txn_database_url"]) as connection,
        pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.InvalidParameterValue)),
    ):
        connection.execute(statement)

    assert demo.ask(DIGEST) == before


def test_what_the_application_role_may_change_keeps_the_balance_right(stack: Stack, person: Person) -> None:
    account_id = person.open_account(openingBalance="5.00")
    person.settled(person.bring(account_id, BRIEF))

    with psycopg.connect(stack.info["txn_database_url"]) as connection:
        deleted = (
            "DELETE FROM transaction WHERE account_id = (SELECT id FROM account ORDER BY create_time DESC LIMIT 1)"
        )
        connection.execute(deleted + " AND amount_minor = 6050")

    [account] = person.ask(VIEWER)["viewer"]["accounts"]
    assert account["balance"]["amount"] == "-15.76"
    assert [month["transactionCount"] for month in account["summary"]["months"]] == [1, 2]


@pytest.mark.parametrize(("mine", "other"), [("txn", "user"), ("user", "txn")])
def test_no_role_of_a_service_opens_the_other_database(stack: Stack, mine: str, other: str) -> None:
    url = stack.info[f"{mine}_database_url"]
    assert url.endswith(f"/stori_{mine}")

    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(url.removesuffix(f"stori_{mine}") + f"stori_{other}")


STREAMS = ("/WatchImports", "/ExportTransactions", "/ExportImport", "/Download")


@pytest.mark.parametrize("service", ["user_svc", "txn_svc"])
async def test_grpc_lists_its_methods_and_serves_none_without_a_token(stack: Stack, service: str) -> None:
    address = stack.info[f"{service}_address"]
    methods = [method for method in await grpc_methods(address) if not method.startswith("/grpc.")]
    codes = {}

    async with grpc.aio.insecure_channel(address) as channel:
        for method in methods:
            streaming = method.endswith(STREAMS)
            call: Any = (channel.unary_stream if streaming else channel.unary_unary)(method)
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await (anext(aiter(call(b""))) if streaming else call(b""))
            codes[method] = refused.value.code()

    assert len(methods) >= 4
    # What it needs instead of a token is in the request, and an empty one is none.
    assert codes.pop("/txn.v1.DownloadService/Download", grpc.StatusCode.NOT_FOUND) == grpc.StatusCode.NOT_FOUND
    assert set(codes.values()) == {grpc.StatusCode.UNAUTHENTICATED}


async def test_a_service_cannot_act_as_a_person(stack: Stack) -> None:
    token = machine_token(stack)

    async with grpc.aio.insecure_channel(stack.info["txn_svc_address"]) as channel:
        call: Any = channel.unary_unary("/txn.v1.AccountService/OpenAccount")
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await call(b"", metadata=[("authorization", f"Bearer {token}")])

    assert refused.value.code() == grpc.StatusCode.PERMISSION_DENIED
