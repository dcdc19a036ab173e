"""Imports undone and repeated with the command line."""

import pytest

from protos.txn.v1 import txn_pb2
from tests.service.importing import BRIEF, account, get, imported, newest
from tests.service.stori import Stori
from tests.service.txn import Client


async def state(person: Client, import_id: str) -> txn_pb2.ImportState.ValueType:
    found = await get(person, import_id)
    assert found is not None
    return found.state


async def test_a_revert_shows_what_it_does_and_restores_the_digest(stori: Stori, person: Client) -> None:
    opened = await person.open_account()
    before = await account(person, opened.id)
    done = await imported(person, opened.id)
    assert await account(person, opened.id) != before

    undone = await stori.on_a_terminal("imports", "revert", done.id, typed=b"y\n")

    shown, _, told = undone.out.partition("[y/N]")
    assert undone.code == 0
    assert "4 transactions would go, 0 would stay" in shown
    assert "balance 39.74 → 0.00 USD" in shown
    assert f"{done.id} is undone." in told
    assert (await account(person, opened.id)).ledger_digest == before.ledger_digest
    assert await state(person, done.id) == txn_pb2.IMPORT_STATE_REVERTED


async def test_what_another_file_brought_too_stays_and_the_file_is_named(stori: Stori, person: Client) -> None:
    opened = await person.open_account()
    first = await imported(person, opened.id, BRIEF + b"4,8/14,+1\n")
    second = await imported(person, opened.id)

    undone = await stori.changed(COLUMNS="200").on_a_terminal("imports", "revert", first.id, typed=b"y\n")

    assert "1 transaction would go, 4 would stay" in undone.out
    [keeper] = [line.split() for line in undone.out.splitlines() if second.id in line]
    assert keeper == ["brief.csv", second.id, "4"]
    assert (await account(person, opened.id)).balance_minor == 3974


@pytest.mark.parametrize(("keys", "code"), [(b"n\n", 1), (b"\x04", 1)])
async def test_without_a_yes_nothing_is_undone(stori: Stori, person: Client, keys: bytes, code: int) -> None:
    opened = await person.open_account()
    done = await imported(person, opened.id)
    before = await account(person, opened.id)

    kept = await stori.on_a_terminal("imports", "revert", done.id, typed=keys)

    assert (kept.code, "Nothing was undone." in kept.out) == (code, True)
    assert await account(person, opened.id) == before
    assert await state(person, done.id) == txn_pb2.IMPORT_STATE_COMPLETED


async def test_ctrl_c_at_the_question_undoes_nothing(stori: Stori, person: Client) -> None:
    opened = await person.open_account()
    done = await imported(person, opened.id)

    async with stori.at_a_terminal("imports", "revert", done.id) as conversation:
        await conversation.asked()
        kept = await conversation.interrupted()

    assert (kept.code, "Nothing was undone." in kept.out) == (130, True)
    assert await state(person, done.id) == txn_pb2.IMPORT_STATE_COMPLETED


async def test_a_preview_that_has_grown_stale_is_shown_anew(stori: Stori, person: Client) -> None:
    opened = await person.open_account()
    done = await imported(person, opened.id)

    async with stori.at_a_terminal("imports", "revert", done.id) as conversation:
        await conversation.asked()
        await imported(person, opened.id)
        conversation.type(b"y\n")
        await conversation.asked()
        conversation.type(b"y\n")
        undone = await conversation.end()

    assert "The account changed meanwhile" in undone.out
    assert "0 transactions would go, 4 would stay" in undone.out
    assert undone.code == 0
    assert (await account(person, opened.id)).balance_minor == 3974


async def test_in_a_pipe_it_must_be_meant_and_a_repeat_is_harmless(stori: Stori, person: Client) -> None:
    opened = await person.open_account()
    done = await imported(person, opened.id)

    unsaid = await stori.run("imports", "revert", done.id)
    between = await state(person, done.id)
    first = await stori.run("imports", "revert", done.id, "--yes")
    second = await stori.run("imports", "revert", done.id, "--yes", "--json")

    assert (unsaid.code, unsaid.out, between) == (2, "", txn_pb2.IMPORT_STATE_COMPLETED)
    assert (first.code, first.lines) == (0, [f"{done.id} is undone.", "Main: balance 0.00 USD"])
    assert second.document["statementImport"]["state"] == "IMPORT_STATE_REVERTED"


async def test_what_was_never_committed_cannot_be_undone(stori: Stori, person: Client) -> None:
    failed = await imported(person, (await person.open_account()).id, b"name,colour\nada,blue\n")

    done = await stori.run("imports", "revert", failed.id, "--yes")

    assert (done.code, done.out, len(done.err.splitlines())) == (1, "", 1)


async def test_a_file_is_repeated_into_another_account(stori: Stori, person: Client) -> None:
    wrong, right = await person.open_account(name="Wrong"), await person.open_account(name="Right")
    empty = (await account(person, wrong.id)).ledger_digest
    done = await imported(person, wrong.id)
    full = (await account(person, wrong.id)).ledger_digest

    repeated = await stori.on_a_terminal("imports", "repeat", done.id, "--account", "Right", typed=b"y\n")

    assert repeated.code == 0
    assert "4 rows: 4 new" in repeated.out
    assert "Right: balance 39.74 USD" in repeated.out
    digests = [(await account(person, each.id)).ledger_digest for each in (wrong, right)]
    assert digests == [empty, full]
    assert await state(person, done.id) == txn_pb2.IMPORT_STATE_REVERTED
    shown = await stori.run("imports", "show", (await newest(person, right.id)).id)
    assert f"reads the file of {done.id} again" in shown.lines


async def test_in_a_pipe_a_repeat_is_committed_straight(stori: Stori, person: Client) -> None:
    opened = await person.open_account()
    done = await imported(person, opened.id)
    before = await account(person, opened.id)

    repeated = await stori.run("imports", "repeat", done.id, "--json")

    found = repeated.document["statementImport"]
    assert (found["state"], found["repeatsImportId"]) == ("IMPORT_STATE_COMPLETED", done.id)
    after = await account(person, opened.id)
    assert (after.ledger_digest, after.balance_minor) == (before.ledger_digest, before.balance_minor)


async def test_a_repeat_that_is_not_wanted_says_that_the_first_stays_undone(stori: Stori, person: Client) -> None:
    opened = await person.open_account()
    done = await imported(person, opened.id)

    declined = await stori.on_a_terminal("imports", "repeat", done.id, typed=b"n\n")

    assert (declined.code, f"{done.id} stays undone" in declined.out) == (1, True)
    assert await state(person, done.id) == txn_pb2.IMPORT_STATE_REVERTED
    assert await state(person, (await newest(person, opened.id)).id) == txn_pb2.IMPORT_STATE_DISCARDED
    assert (await account(person, opened.id)).balance_minor == 0


async def test_a_repeat_in_a_format_that_the_file_does_not_have_leaves_the_first_as_it_is(
    stori: Stori, person: Client
) -> None:
    opened = await person.open_account()
    done = await imported(person, opened.id)
    before = await account(person, opened.id)

    failed = await stori.run("imports", "repeat", done.id, "--format", "plain")

    assert (failed.code, failed.out, "is FAILED" in failed.err) == (1, "", True)
    assert await account(person, opened.id) == before
    assert await state(person, done.id) == txn_pb2.IMPORT_STATE_COMPLETED
