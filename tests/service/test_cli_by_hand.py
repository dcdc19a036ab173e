"""Accounts changed and transactions recorded by hand with the command line."""

import pytest

from tests.service.importing import account, imported
from tests.service.stori import Stori
from tests.service.txn import Client


async def test_an_opening_balance_can_be_of_a_day(stori: Stori, person: Client) -> None:
    opened = await person.open_account()
    await imported(person, opened.id)
    command = ("account", "update", opened.id)

    anchored = await stori.run(*command, "--opening-balance", "100.00", "--opening-date", "2026-08-01", "--json")
    loose = await stori.run(*command, "--no-opening-date", "--name", "Renamed")

    # Before August the file brought 50.20.
    assert anchored.document["initialBalanceMinor"] == "4980"
    assert anchored.document["balanceMinor"] == "8954"
    assert [(row["name"], row["balance"]) for row in loose.rows()] == [("Renamed", "139.74")]


@pytest.mark.parametrize("options", [(), ("--opening-balance", "1.555"), ("--opening-date", "x", "--no-opening-date")])
async def test_a_change_that_is_none_is_wrong_usage(stori: Stori, person: Client, options: tuple[str, ...]) -> None:
    opened = await person.open_account()
    before = await account(person, opened.id)

    done = await stori.run("account", "update", opened.id, *options)

    assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert await account(person, opened.id) == before


async def test_nothing_is_added_to_a_closed_account_until_it_is_open_again(stori: Stori, person: Client) -> None:
    opened = await person.open_account(name="Old")
    record = ("record", "--account", "Old", "--date", "2026-07-01", "--amount", "1.00", "--description", "Found")

    closed = await stori.run("account", "close", "Old")
    refused = await stori.run(*record)
    between = await account(person, opened.id)
    again = await stori.run("account", "reopen", "Old")
    done = await stori.run(*record)

    assert [row["state"] for row in closed.rows() + again.rows()] == ["closed", "open"]
    assert (refused.code, len(refused.err.splitlines()), between.balance_minor) == (1, 1, 0)
    assert (done.code, (await account(person, opened.id)).balance_minor) == (0, 100)


async def test_a_record_is_made_annotated_and_taken_back(stori: Stori, person: Client) -> None:
    opened = await person.open_account(name="Cash")
    before = await account(person, opened.id)
    record = ("record", "--account", "Cash", "--date", "2026-07-01", "--amount", "-12.50", "--description", "Lunch")

    first, second = (await stori.run(*record, "--category", "food")).rows()[0], (await stori.run(*record)).rows()[0]
    both = await stori.run("annotate", first["id"], second["id"], "--category", "", "--note", "by hand", "--json")
    verified = await stori.run("verify", "Cash")
    gone = [await stori.run("delete", each["id"]) for each in (first, second)]

    assert (first["amount"], first["category"]) == ("-12.50", "food")
    assert [(one["category"], one["note"]) for one in both.documents] == [("", "by hand")] * 2
    assert verified.lines == ["Cash: 2 transactions, all figures agree"]
    assert [(each.code, each.out) for each in gone] == [(0, f"{each['id']} is gone.\n") for each in (first, second)]
    assert (await account(person, opened.id)).ledger_digest == before.ledger_digest


async def test_what_was_imported_is_annotated_but_not_deleted(stori: Stori, person: Client) -> None:
    opened = await person.open_account()
    await imported(person, opened.id)
    before = await account(person, opened.id)
    [row, *_] = (await stori.run("transactions")).rows()

    annotated = await stori.run("annotate", row["id"], "--category", "food")
    refused = await stori.run("delete", row["id"])

    assert [each["category"] for each in annotated.rows()] == ["food"]
    assert (refused.code, refused.out, len(refused.err.splitlines())) == (1, "", 1)
    assert await account(person, opened.id) == before


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("record", "--account", "Main", "--date", "2026-07-01", "--amount", "1,5", "--description", "x"), 2),
        (("record", "--account", "Main", "--date", "tomorrow", "--amount", "1.50", "--description", "x"), 1),
        (("annotate", "txn_x"), 2),
        (("annotate", "txn_x", "--note", ""), 1),
        (("delete", "txn_x"), 1),
        (("account", "close", "Nobody's"), 1),
    ],
)
async def test_an_error_is_one_sentence_on_standard_error(
    stori: Stori, person: Client, arguments: tuple[str, ...], code: int
) -> None:
    await person.open_account(name="Main")

    done = await stori.run(*arguments)

    assert (done.code, done.out, len(done.err.splitlines())) == (code, "", 1)
