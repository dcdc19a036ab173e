"""Plans before a person: shown, committed, refused, grown stale, and decided row by row."""

import asyncio
import re
from pathlib import Path

import pytest

from protos.txn.v1 import txn_pb2
from tests.service.importing import BRIEF, account, get, imported, newest
from tests.service.stori import Done, Stori
from tests.service.txn import Client

ESCAPE = "\x1b"
HEADER = b"date,description,amount\n"
COFFEE = b"2026-07-01,Coffee,-3.00\n"
BAD = HEADER + b"2026-07-01,Fine,1.00\n2026-07-02,\x1b[31mred" + b"x" * 200 + b",abc\n"


@pytest.fixture
def brief(tmp_path: Path) -> str:
    return write(tmp_path, "brief.csv", BRIEF)


def write(folder: Path, name: str, content: bytes) -> str:
    (folder / name).write_bytes(content)
    return str(folder / name)


def cells(done: Done) -> list[list[str]]:
    """The tables of a terminal, each line of them as its cells."""
    return [re.split(r"\s{2,}", line.strip()) for line in done.out.splitlines()]


async def state(person: Client, account_id: str) -> txn_pb2.ImportState.ValueType:
    return (await newest(person, account_id)).state


async def waiting(stori: Stori, path: str, account_id: str) -> Done:
    """An import at READY, as a script leaves it."""
    done = await stori.run("import", path, "--account", account_id, "--review", "always", "--json")
    assert done.code == 1
    return done


async def test_a_plan_is_shown_and_committed(stori: Stori, person: Client, brief: str) -> None:
    opened = await person.open_account(name="Everyday")

    done = await stori.on_a_terminal("import", brief, "--account", "Everyday", typed=b"y\n")

    shown, _, told = done.out.partition("[y/N]")
    assert done.code == 0
    assert "4 rows: 4 new, 0 already here, 0 rejected" in shown
    assert "balance 0.00 → 39.74 USD" in shown
    assert "assumption: " in shown
    assert "Everyday (USD)?" in shown
    assert {("2026-07", "50.20"), ("2026-08", "39.74")} <= {(row[0], row[-1]) for row in cells(done)}
    assert "COMPLETED" in told
    assert "Everyday: balance 39.74 USD" in told
    assert (await newest(person, opened.id)).imported_count == 4


async def test_a_plan_that_is_not_wanted_is_discarded_and_changes_nothing(
    stori: Stori, person: Client, brief: str
) -> None:
    opened = await person.open_account()
    before = await account(person, opened.id)

    done = await stori.on_a_terminal("import", brief, "--account", opened.id, typed=b"n\n")

    assert (done.code, "Nothing was imported." in done.out) == (1, True)
    assert await state(person, opened.id) == txn_pb2.IMPORT_STATE_DISCARDED
    assert await account(person, opened.id) == before


async def test_ctrl_c_at_the_question_discards_the_plan(stori: Stori, person: Client, brief: str) -> None:
    opened = await person.open_account()
    before = await account(person, opened.id)

    async with stori.at_a_terminal("import", brief, "--account", opened.id) as conversation:
        await conversation.asked()
        done = await conversation.interrupted()

    assert (done.code, "Nothing was imported." in done.out) == (130, True)
    assert await state(person, opened.id) == txn_pb2.IMPORT_STATE_DISCARDED
    assert await account(person, opened.id) == before


async def test_no_answer_at_all_is_a_no(stori: Stori, person: Client, brief: str) -> None:
    opened = await person.open_account()

    done = await stori.on_a_terminal("import", brief, "--account", opened.id, typed=b"\x04")

    assert (done.code, "Nothing was imported." in done.out) == (1, True)
    assert await state(person, opened.id) == txn_pb2.IMPORT_STATE_DISCARDED


async def test_an_answer_that_is_none_is_asked_for_again(stori: Stori, person: Client, brief: str) -> None:
    opened = await person.open_account()

    done = await stori.on_a_terminal("import", brief, "--account", opened.id, typed=b"perhaps\xff\nYES\n")

    assert (done.code, done.out.count("[y/N]")) == (0, 2)
    assert await state(person, opened.id) == txn_pb2.IMPORT_STATE_COMPLETED


async def test_the_plan_stands_beside_the_question_and_the_result_on_standard_output(
    stori: Stori, person: Client, brief: str
) -> None:
    opened = await person.open_account()

    async with stori.at_a_terminal(
        "import", brief, "--account", opened.id, "--json", stdout=asyncio.subprocess.PIPE
    ) as conversation:
        await conversation.asked()
        conversation.type(b"y\n")
        assert conversation.process.stdout is not None
        out = await conversation.process.stdout.read()
        done = await conversation.end()

    document = Done(done.code, out.decode(), "").document
    assert "4 rows: 4 new" in done.out
    assert document["statementImport"]["state"] == "IMPORT_STATE_COMPLETED"


async def test_twins_say_how_many_are_here_already(stori: Stori, person: Client, tmp_path: Path) -> None:
    opened = await person.open_account()
    await imported(person, opened.id, HEADER + COFFEE * 2)

    done = await stori.on_a_terminal(
        *("import", write(tmp_path, "three.csv", HEADER + COFFEE * 3), "--account", opened.id), typed=b"y\n"
    )

    assert "3 rows: 1 new, 2 already here, 0 rejected" in done.out
    assert done.out.count("2 of 3 like this are already here") == 1


async def test_rejected_rows_are_cut_and_cannot_act_on_the_terminal(
    stori: Stori, person: Client, tmp_path: Path
) -> None:
    opened = await person.open_account()

    done = await stori.changed(COLUMNS="300").on_a_terminal(
        *("import", write(tmp_path, "bad.csv", BAD), "--account", opened.id), typed=b"n\n"
    )

    [line] = [line for line in done.out.splitlines() if "31mred" in line]
    assert f"{ESCAPE}[31mred" not in done.out
    assert "2 rows: 1 new, 0 already here, 1 rejected" in done.out
    assert ("amount" in line, line.count("x") < 80, "…" in line) == (True, True, True)


async def test_where_nobody_is_asked_a_plan_is_printed_and_names_the_command_that_commits_it(
    stori: Stori, person: Client, brief: str
) -> None:
    opened = await person.open_account()
    before = await account(person, opened.id)

    stopped = await waiting(stori, brief, opened.id)
    between = await account(person, opened.id)
    command = re.search(r"`stori (imports commit \S+ --plan [0-9a-f]{64})`", stopped.err)
    assert command is not None
    done = await stori.run(*command.group(1).split())

    found = stopped.document["statementImport"]
    assert (found["state"], found["plan"]["createCount"]) == ("IMPORT_STATE_READY", "4")
    assert len(stopped.err.splitlines()) == 1
    assert between == before
    assert (done.code, done.lines[-1]) == (0, "Main: balance 39.74 USD")


async def test_a_plan_in_a_pipe_is_lines(stori: Stori, person: Client, brief: str) -> None:
    opened = await person.open_account()

    done = await stori.run("import", brief, "--account", opened.id, "--yes", "--review", "always")

    assert done.lines[1:3] == ["4 rows: 4 new, 0 already here, 0 rejected", "balance 0.00 → 39.74 USD"]
    assert "2026-07\t0\t2\t0.00\t50.20" in done.lines


async def test_only_a_header_that_the_account_does_not_know_waits_when_new(
    stori: Stori, person: Client, brief: str, tmp_path: Path
) -> None:
    opened = await person.open_account()
    options = ("--account", opened.id, "--review", "when-new")

    first = await stori.run("import", brief, *options)
    await stori.run("imports", "commit", (await newest(person, opened.id)).id, "--yes")
    known = await stori.run("import", write(tmp_path, "next.csv", BRIEF + b"4,8/14,+1\n"), *options)

    assert (first.code, known.code) == (1, 0)
    assert known.lines[1] == "5 rows: 1 new, 4 already here, 0 rejected"


async def test_nobody_is_asked_where_review_is_never(stori: Stori, person: Client, brief: str) -> None:
    opened = await person.open_account()

    done = await stori.on_a_terminal("import", brief, "--account", opened.id, "--review", "never")

    assert (done.code, "[y/N]" in done.out) == (0, False)


async def test_a_plan_that_waits_is_committed_on_a_terminal_once_it_is_shown(
    stori: Stori, person: Client, brief: str
) -> None:
    opened = await person.open_account()
    await waiting(stori, brief, opened.id)
    import_id = (await newest(person, opened.id)).id

    no = await stori.on_a_terminal("imports", "commit", import_id, typed=b"n\n")
    between = await state(person, opened.id)
    yes = await stori.on_a_terminal("imports", "commit", import_id, typed=b"y\n")
    again = await stori.on_a_terminal("imports", "commit", import_id)

    assert (no.code, "4 rows: 4 new" in no.out, between) == (1, True, txn_pb2.IMPORT_STATE_READY)
    assert (yes.code, "COMPLETED" in yes.out) == (0, True)
    assert (again.code, "is COMPLETED" in again.out) == (1, True)


async def test_in_a_pipe_the_plan_is_named_or_taken_as_it_is(stori: Stori, person: Client, brief: str) -> None:
    opened = await person.open_account()
    await waiting(stori, brief, opened.id)
    import_id = (await newest(person, opened.id)).id

    neither = await stori.run("imports", "commit", import_id)
    other = await stori.run("imports", "commit", import_id, "--plan", "0" * 64)
    between = await state(person, opened.id)
    done = await stori.run("imports", "commit", import_id, "--yes", "--json")

    assert (neither.code, neither.out) == (2, "")
    assert (other.code, "stori imports commit" in other.err) == (1, True)
    assert between == txn_pb2.IMPORT_STATE_READY
    assert done.document["statementImport"]["state"] == "IMPORT_STATE_COMPLETED"


async def test_a_plan_that_the_account_has_outgrown_is_shown_anew_and_asked_about_again(
    stori: Stori, person: Client, brief: str
) -> None:
    opened = await person.open_account()

    async with stori.at_a_terminal("import", brief, "--account", opened.id) as conversation:
        await conversation.asked()
        await imported(person, opened.id)
        before = await account(person, opened.id)
        conversation.type(b"y\n")
        await conversation.asked()
        between = await account(person, opened.id)
        conversation.type(b"y\n")
        done = await conversation.end()

    assert "The account changed meanwhile" in done.out
    assert done.out.index("4 rows: 4 new, 0 already here") < done.out.index("4 rows: 0 new, 4 already here")
    assert done.code == 0
    assert between == before == await account(person, opened.id)


async def test_a_stale_plan_in_a_pipe_is_not_committed_and_the_new_one_is_named(
    stori: Stori, person: Client, brief: str
) -> None:
    opened = await person.open_account()
    stale = (await waiting(stori, brief, opened.id)).document["statementImport"]
    await imported(person, opened.id)
    before = await account(person, opened.id)

    done = await stori.run("imports", "commit", stale["id"], "--plan", stale["plan"]["digest"], "--json")

    found = done.document["statementImport"]
    assert (done.code, found["state"], found["plan"]["createCount"]) == (1, "IMPORT_STATE_READY", "0")
    assert found["plan"]["digest"] in done.err
    assert await account(person, opened.id) == before


async def test_a_plan_that_waits_is_discarded(stori: Stori, person: Client, brief: str) -> None:
    opened = await person.open_account()
    import_id = (await waiting(stori, brief, opened.id)).document["statementImport"]["id"]

    done = await stori.run("imports", "discard", import_id)
    committed = await stori.run("imports", "commit", import_id, "--yes")

    assert (done.code, done.out) == (0, f"{import_id} is discarded. Nothing was imported.\n")
    assert (committed.code, committed.out, len(committed.err.splitlines())) == (1, "", 1)
    assert (await account(person, opened.id)).balance_minor == 0


async def test_a_duplicate_is_decided_to_be_one_more(stori: Stori, person: Client, tmp_path: Path) -> None:
    opened = await person.open_account()
    await imported(person, opened.id, HEADER + COFFEE)
    path = write(tmp_path, "coffee.csv", HEADER + COFFEE)
    import_id = (await waiting(stori, path, opened.id)).document["statementImport"]["id"]

    decided = await stori.run("imports", "decide", import_id, "2", "create")
    nowhere = await stori.run("imports", "decide", import_id, "99", "create")
    await stori.run("imports", "commit", import_id, "--yes")

    assert (decided.code, decided.lines[1]) == (0, "1 rows: 1 new, 0 already here, 0 rejected")
    found = await get(person, import_id)
    assert found is not None
    assert found.imported_count == 1
    assert (nowhere.code, nowhere.out) == (1, "")
    assert (await account(person, opened.id)).balance_minor == -600


async def test_an_import_that_waits_shows_its_plan(stori: Stori, person: Client, brief: str) -> None:
    opened = await person.open_account()
    stopped = (await waiting(stori, brief, opened.id)).document["statementImport"]

    shown = await stori.run("imports", "show", stopped["id"])

    assert "balance 0.00 → 39.74 USD" in shown.lines
    assert {"read as brief", "review always"} <= set(shown.lines)
    assert stopped["plan"]["digest"] in shown.lines[-1]


async def test_a_file_can_be_read_in_a_named_format_only(stori: Stori, person: Client, brief: str) -> None:
    opened = await person.open_account()

    other = await stori.run("import", brief, "--account", opened.id, "--format", "plain")
    unknown = await stori.run("import", brief, "--account", opened.id, "--format", "nonsense")
    right = await stori.run("import", brief, "--account", opened.id, "--format", "brief")

    assert (other.code, other.out) == (unknown.code, unknown.out) == (1, "")
    assert right.lines[1] == "4 rows: 4 new, 0 already here, 0 rejected"
