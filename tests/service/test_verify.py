"""VerifyAccount and `stori verify`: right accounts agree; what was made wrong behind the triggers is named."""

from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest

from local.roles import DatabaseUrls
from protos.txn.v1 import txn_pb2
from runtime.database import Database
from runtime.ids import from_id
from runtime.refusals import NotFound
from tests.service.importing import BRIEF, Uploads, imported
from tests.service.stori import Stori
from tests.service.txn import Client, Txn


@pytest.fixture(autouse=True, scope="module")
async def importer(uploads: Uploads, txn_database: Database) -> AsyncIterator[None]:
    async with uploads.running(txn_database):
        yield


async def verified(client: Client, account_id: str) -> txn_pb2.VerifyAccountResponse:
    return await client.accounts.VerifyAccount(txn_pb2.VerifyAccountRequest(account_id=account_id))


async def digest(client: Client, account_id: str) -> str:
    request = txn_pb2.GetAccountRequest(account_id=account_id, view=txn_pb2.ACCOUNT_VIEW_FULL)
    return (await client.accounts.GetAccount(request)).account.ledger_digest


def spoil(urls: DatabaseUrls, statement: str, account_id: str) -> None:
    """As the schema's owner: the application's role could not."""
    with psycopg.connect(urls.owner) as connection:
        connection.execute(statement, {"id": from_id("acct", account_id)})


async def test_an_imported_account_agrees_and_gives_the_ledgers_digest(txn_whole: Txn) -> None:
    person = await txn_whole.person()
    account_id = (await person.open_account()).id
    await imported(person, account_id, BRIEF)

    answer = await verified(person, account_id)

    assert (answer.transaction_count, list(answer.differences)) == (4, [])
    assert answer.ledger_digest == await digest(person, account_id)


async def test_every_figure_that_was_made_wrong_is_named(txn_whole: Txn, txn_urls: DatabaseUrls) -> None:
    person = await txn_whole.person()
    account_id = (await person.open_account()).id
    await imported(person, account_id, BRIEF)
    right = await digest(person, account_id)

    spoil(txn_urls, "UPDATE account SET balance_minor = 1, transaction_count = 9 WHERE id = %(id)s", account_id)
    spoil(txn_urls, "UPDATE account_month SET credit_count = 7 WHERE account_id = %(id)s", account_id)
    spoil(txn_urls, "DELETE FROM account_month WHERE account_id = %(id)s AND month = '2026-08-01'", account_id)
    spoil(txn_urls, "UPDATE account_digest SET digest = 'x' WHERE account_id = %(id)s", account_id)
    answer = await verified(person, account_id)

    assert {one.figure: (one.kept, one.computed) for one in answer.differences} == {
        "balance_minor": ("1", "3974"),
        "transaction_count": ("9", "4"),
        "ledger_digest": ("x", right),
        "2026-07 credit_count": ("7", "1"),
        "2026-08 transaction_count": ("0", "2"),
        "2026-08 credit_count": ("0", "1"),
        "2026-08 debit_count": ("0", "1"),
        "2026-08 credit_total_minor": ("0", "1000"),
        "2026-08 debit_total_minor": ("0", "-2046"),
    }


async def test_another_persons_account_looks_like_a_missing_one(txn_whole: Txn) -> None:
    account_id = (await (await txn_whole.person()).open_account()).id

    with pytest.raises(NotFound):
        await verified(await txn_whole.person(), account_id)


async def test_the_command_ends_with_1_where_a_figure_differs(
    txn_whole: Txn, txn_urls: DatabaseUrls, tmp_path: Path
) -> None:
    person = await txn_whole.person()
    account_id = (await person.open_account()).id
    await imported(person, account_id, BRIEF)
    address = f"127.0.0.1:{txn_whole.port}"
    stori = Stori(
        tmp_path,
        {
            "STORI_ENVIRONMENT": "local",
            "STORI_USER_SVC_ADDRESS": address,
            "STORI_TXN_SVC_ADDRESS": address,
            "STORI_TOKEN": txn_whole.issuer.token(subject=person.subject),
        },
    )

    before = await stori.run("verify")
    spoil(txn_urls, "UPDATE account SET balance_minor = 1 WHERE id = %(id)s", account_id)
    after = await stori.run("verify", account_id)

    assert before.code == 0
    assert "4 transactions, all figures agree" in before.out
    assert after.code == 1
    assert [(row["figure"], row["kept"], row["computed"]) for row in after.rows()] == [("balance_minor", "1", "3974")]


async def test_claims_and_identities_that_were_made_wrong_are_named(txn_whole: Txn, txn_urls: DatabaseUrls) -> None:
    person = await txn_whole.person()
    account_id = (await person.open_account()).id
    first = await imported(person, account_id, BRIEF)
    second = await imported(person, account_id, b"date,description,amount\n2026-09-01,Tea,-1.00\n2026-08-13,,10.00\n")
    request = txn_pb2.ListTransactionsRequest(account_ids=[account_id], order=txn_pb2.TRANSACTION_ORDER_BOOKED_ASC)
    pay, drink, shop, shared, tea = (await person.transactions.ListTransactions(request)).transactions
    this = {one.id: from_id("txn", one.id) for one in (pay, drink, shop, shared, tea)}

    # A row nobody asked for, a claim without its transaction, another owner, another content.
    spoil(
        txn_urls, f"DELETE FROM import_row WHERE account_id = %(id)s AND transaction_id = '{this[pay.id]}'", account_id
    )
    spoil(txn_urls, f"DELETE FROM transaction WHERE account_id = %(id)s AND id = '{this[drink.id]}'", account_id)
    owner = f"UPDATE transaction SET import_id = '{from_id('imp', second.id)}', line = 3"
    spoil(txn_urls, f"{owner} WHERE account_id = %(id)s AND id = '{this[shared.id]}'", account_id)
    spoil(
        txn_urls,
        f"UPDATE transaction SET description = 'Wine' WHERE account_id = %(id)s AND id = '{this[tea.id]}'",
        account_id,
    )
    answer = await verified(person, account_id)

    named = {one.figure: (one.kept, one.computed) for one in answer.differences}
    assert named[f"{pay.id} claim"] == (f"{first.id} line 2 #1", "no import")
    assert named[f"{drink.id} claim"] == ("no transaction", f"{first.id} line 3 #1")
    assert named[f"{shared.id} claim"] == (f"{second.id} line 3 #1", f"{first.id} line 5 #1")
    assert f"{tea.id} identity" in named
    assert shop.id not in " ".join(named)


async def test_an_initial_balance_that_was_made_wrong_is_named(txn_whole: Txn, txn_urls: DatabaseUrls) -> None:
    person = await txn_whole.person()
    account_id = (await person.open_account(opening_balance_minor=500, opening_date="2026-08-01")).id
    await imported(person, account_id, BRIEF)
    assert list((await verified(person, account_id)).differences) == []

    spoil(txn_urls, "UPDATE account SET initial_balance_minor = 500 WHERE id = %(id)s", account_id)
    answer = await verified(person, account_id)

    assert [(one.figure, one.kept, one.computed) for one in answer.differences] == [
        ("initial_balance_minor", "500", "-4520")
    ]


async def test_a_row_that_names_no_transaction_and_a_wrong_occurrence_are_named(
    txn_whole: Txn, txn_urls: DatabaseUrls
) -> None:
    person = await txn_whole.person()
    account_id = (await person.open_account()).id
    done = await imported(person, account_id, BRIEF)

    spoil(txn_urls, "UPDATE import_row SET transaction_id = NULL WHERE account_id = %(id)s AND line = 2", account_id)
    spoil(txn_urls, "UPDATE transaction SET occurrence = 7 WHERE account_id = %(id)s AND line = 3", account_id)
    answer = await verified(person, account_id)

    named = [(one.figure.partition(" ")[2], one.kept, one.computed) for one in answer.differences]
    assert ("", "no transaction", f"{done.id} line 2 #1") in named
    assert ("claim", f"{done.id} line 2 #1", "no import") in named
    assert ("claim", f"{done.id} line 3 #7", f"{done.id} line 3 #1") in named
