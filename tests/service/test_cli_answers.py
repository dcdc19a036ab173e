"""What a file leaves open, before a person and in a pipe: asked, answered, and on to the plan."""

from pathlib import Path

import pytest

from protos.txn.v1 import txn_pb2
from tests.service.importing import account, get, newest
from tests.service.reviewing import COMPLETED, DISCARDED, NEEDS_ANSWER, asking, transactions
from tests.service.stori import Stori
from tests.service.txn import Client

UNCLEAR = b"date,description,amount\n3/4/2026,Coffee,-3.50\n5/6/2026,Tea,-2.00\n"
QUESTION = b"[1-2]"


@pytest.fixture
def unclear(tmp_path: Path) -> str:
    path = tmp_path / "unclear.csv"
    path.write_bytes(UNCLEAR)
    return str(path)


async def state(person: Client, import_id: str) -> txn_pb2.ImportState.ValueType:
    found = await get(person, import_id)
    assert found is not None
    return found.state


async def booked(person: Client, account_id: str) -> list[str]:
    return [one.booked_on for one in await transactions(person, account_id)]


@pytest.mark.parametrize(
    ("typed", "days"), [(b"1\n", ["2026-04-03", "2026-06-05"]), (b"2\n", ["2026-03-04", "2026-05-06"])]
)
async def test_a_person_goes_from_the_question_to_the_plan_to_the_commit(
    stori: Stori, person: Client, account_id: str, unclear: str, typed: bytes, days: list[str]
) -> None:
    done = await stori.on_a_terminal("import", unclear, "--account", account_id, typed=typed + b"y\n")

    asked, _, rest = done.out.partition("unclear.csv to be read? [1-2]")
    plan, _, told = rest.partition("[y/N]")
    assert done.code == 0
    assert "DATE_ORDER: " in asked
    assert asked.index("1. DMY: ") < asked.index("2026-04-03") < asked.index("2. MDY: ") < asked.index("2026-03-04")
    assert "-3.50" in asked
    assert "2 rows: 2 new, 0 already here, 0 rejected" in plan
    assert "COMPLETED" in told
    assert await booked(person, account_id) == days


async def test_a_number_that_is_none_is_asked_for_again(stori: Stori, account_id: str, unclear: str) -> None:
    done = await stori.on_a_terminal("import", unclear, "--account", account_id, typed=b"\n0\n3\nDMY\xff\n1\ny\n")

    assert (done.code, done.out.count("[1-2]")) == (0, 5)


async def test_ctrl_c_at_the_question_discards_the_import(
    stori: Stori, person: Client, account_id: str, unclear: str
) -> None:
    async with stori.at_a_terminal("import", unclear, "--account", account_id) as conversation:
        await conversation.asked(QUESTION)
        done = await conversation.interrupted()

    assert (done.code, "Nothing was imported." in done.out) == (130, True)
    assert (await newest(person, account_id)).state == DISCARDED


async def test_the_end_of_input_at_the_question_discards_the_import(
    stori: Stori, person: Client, account_id: str, unclear: str
) -> None:
    done = await stori.on_a_terminal("import", unclear, "--account", account_id, typed=b"\x04")

    assert (done.code, "Nothing was imported." in done.out) == (1, True)
    assert (await newest(person, account_id)).state == DISCARDED


async def test_in_a_pipe_the_questions_are_printed_and_the_command_that_answers_is_named(
    stori: Stori, person: Client, account_id: str, unclear: str
) -> None:
    before = await account(person, account_id)

    asked = await stori.run("import", unclear, "--account", account_id)
    found = await newest(person, account_id)
    between = await account(person, account_id)
    shown = await stori.run("imports", "show", found.id)
    done = await stori.run("imports", "answer", found.id, "--answer", "DATE_ORDER=MDY")

    assert (asked.code, found.state) == (1, NEEDS_ANSWER)
    assert "2\t2026-03-04\t-3.50\tCoffee\t3/4/2026 | Coffee | -3.50" in asked.lines
    assert f"`stori imports answer {found.id} --answer DATE_ORDER=…` answers" in asked.err
    assert len(asked.err.splitlines()) == 1
    assert {line for line in asked.lines if line.startswith(("1. ", "2. "))} <= set(shown.lines)
    assert (done.code, done.lines[-1]) == (0, "Main: balance 94.50 USD")
    assert between == before
    assert await booked(person, account_id) == ["2026-03-04", "2026-05-06"]


async def test_json_has_the_questions_and_their_answers(stori: Stori, account_id: str, unclear: str) -> None:
    asked = await stori.run("import", unclear, "--account", account_id, "--yes", "--json")

    (question,) = asked.document["statementImport"]["questions"]
    assert (asked.code, question["id"]) == (1, "DATE_ORDER")
    assert [option["id"] for option in question["options"]] == ["DMY", "MDY"]
    assert question["options"][0]["rows"][0]["bookedOn"] == "2026-04-03"


async def test_an_answer_can_be_given_before_it_is_asked(
    stori: Stori, person: Client, account_id: str, unclear: str
) -> None:
    done = await stori.run(
        "import", unclear, "--account", account_id, "--answer", "DATE_ORDER=DMY", "--answer", "SIGN=DEBITS"
    )

    assert (done.code, done.lines[1]) == (0, "2 rows: 2 new, 0 already here, 0 rejected")
    assert await booked(person, account_id) == ["2026-04-03", "2026-06-05"]


async def test_an_answer_that_is_none_leaves_the_import_waiting(
    stori: Stori, person: Client, account_id: str, unclear: str
) -> None:
    malformed = await stori.run("import", unclear, "--account", account_id, "--answer", "DMY")
    listed = await person.imports.ListImports(txn_pb2.ListImportsRequest(account_id=account_id))
    done = await stori.run("import", unclear, "--account", account_id, "--answer", "DATE_ORDER=YMD")

    found = await newest(person, account_id)
    assert (malformed.code, malformed.out, len(listed.imports)) == (2, "", 0)
    assert (done.code, done.out, "which is one of DMY, MDY" in done.err, found.id in done.err) == (2, "", True, True)
    assert found.state == NEEDS_ANSWER


async def test_a_waiting_import_is_answered_on_a_terminal(stori: Stori, person: Client, account_id: str) -> None:
    found = await asking(person, account_id, UNCLEAR, review=txn_pb2.REVIEW_ALWAYS)

    async with stori.at_a_terminal("imports", "answer", found.id) as conversation:
        await conversation.asked(QUESTION)
        left = await conversation.interrupted()
    between = await state(person, found.id)
    done = await stori.on_a_terminal("imports", "answer", found.id, typed=b"1\ny\n")

    assert (left.code, between) == (130, NEEDS_ANSWER)
    assert (done.code, await state(person, found.id)) == (0, COMPLETED)


async def test_an_answer_may_be_repeated_and_another_is_refused(stori: Stori, person: Client, account_id: str) -> None:
    found = await asking(person, account_id, UNCLEAR)

    nobody = await stori.run("imports", "answer", found.id)
    first = await stori.run("imports", "answer", found.id, "--answer", "DATE_ORDER=DMY")
    again = await stori.run("imports", "answer", found.id, "--answer", "DATE_ORDER=DMY")
    other = await stori.run("imports", "answer", found.id, "--answer", "DATE_ORDER=MDY")

    assert (nobody.code, nobody.out) == (2, "")
    assert (first.code, first.out) == (again.code, again.out)
    assert first.code == 0
    assert (other.code, other.out, len(other.err.splitlines())) == (1, "", 1)
    assert await booked(person, account_id) == ["2026-04-03", "2026-06-05"]


async def test_a_repeat_with_another_answer_mends_the_first(stori: Stori, person: Client, account_id: str) -> None:
    found = await asking(person, account_id, UNCLEAR)
    await stori.run("imports", "answer", found.id, "--answer", "DATE_ORDER=DMY")

    declined = await stori.on_a_terminal("imports", "repeat", found.id, typed=b"\x04")
    between = await booked(person, account_id)
    done = await stori.run("imports", "repeat", found.id, "--answer", "DATE_ORDER=MDY")

    assert (declined.code, f"{found.id} is as it was" in declined.out) == (1, True)
    assert between == ["2026-04-03", "2026-06-05"]
    assert done.code == 0
    assert await booked(person, account_id) == ["2026-03-04", "2026-05-06"]


async def test_formats_are_listed(stori: Stori) -> None:
    listed = await stori.run("formats")
    documents = (await stori.run("formats", "--json")).documents

    rows = listed.rows()
    assert {"brief", "plain", "stori"} <= {row["id"] for row in rows}
    assert [row["id"] for row in rows] == [document["id"] for document in documents]
