"""The commands of `stori` over a real txn_svc, in a pipe and on a terminal."""

import asyncio
import os
import re
from pathlib import Path

import psycopg
import pytest

from local.roles import DatabaseUrls
from runtime.ids import from_id
from tests.service.importing import BRIEF, account, imported, newest, start
from tests.service.stori import LAUNCHER, Stori
from tests.service.txn import Client, Txn

ESCAPE = "\x1b"
BAD = b"date,description,amount\n2026-07-01,Fine,1.00\n2026-07-02,\x1b[31mred,abc\n2026-02-30,Worse,2.00\n"


@pytest.fixture
def brief(tmp_path: Path) -> str:
    return write(tmp_path, "brief.csv", BRIEF)


def write(folder: Path, name: str, content: bytes) -> str:
    (folder / name).write_bytes(content)
    return str(folder / name)


async def test_an_account_is_opened_and_listed_with_exact_amounts(stori: Stori) -> None:
    before = (await stori.run("accounts")).rows()

    opened = await stori.run("account", "open", "Yen", "--currency", "jpy", "--opening-balance", "-1500")

    assert (before, opened.code) == ([], 0)
    [listed] = (await stori.run("accounts")).rows()
    assert (listed["name"], listed["kind"], listed["balance"], listed["currency"]) == ("Yen", "DEBIT", "-1500", "JPY")
    [document] = (await stori.run("accounts", "--json")).documents
    assert (document["id"], document["balanceMinor"], document["kind"]) == (listed["id"], "-1500", "ACCOUNT_KIND_DEBIT")


async def test_an_amount_that_the_currency_does_not_have_is_wrong_usage(stori: Stori) -> None:
    done = await stori.run("account", "open", "Yen", "--currency", "JPY", "--opening-balance", "1.5")

    assert (done.code, done.out) == (2, "")
    assert (await stori.run("accounts")).rows() == []


async def test_a_file_is_imported_and_a_second_time_adds_nothing(stori: Stori, person: Client, brief: str) -> None:
    opened = await person.open_account(name="Everyday")

    first = await stori.run("import", brief, "--account", opened.id, "--yes")
    before = await account(person, opened.id)
    second = await stori.run("import", brief, "--account", "Everyday", "--json")

    assert (first.code, first.lines[1]) == (0, "4 rows: 4 new, 0 already here, 0 rejected")
    assert first.lines[-1] == "Everyday: balance 39.74 USD"
    found = second.document["statementImport"]
    assert (found["state"], found["importedCount"], found["duplicateCount"]) == ("IMPORT_STATE_COMPLETED", "0", "4")
    assert await account(person, opened.id) == before


async def test_rejected_rows_are_shown_and_cannot_act_on_the_terminal(
    stori: Stori, person: Client, tmp_path: Path
) -> None:
    opened = await person.open_account()

    done = await stori.run("import", write(tmp_path, "bad.csv", BAD), "--account", opened.id)

    assert done.code == 0
    assert ESCAPE not in done.out
    start_of_table = done.lines.index("line\treason\tcolumn\tcells")
    rows = [line.split("\t") for line in done.lines[start_of_table + 1 :] if "\t" in line]
    assert [(row[0], row[2], row[3]) for row in rows] == [
        ("3", "amount", "2026-07-02 | \\x1b[31mred | abc"),
        ("4", "date", "2026-02-30 | Worse | 2.00"),
    ]
    shown = await stori.on_a_terminal("imports", "show", (await newest(person, opened.id)).id)
    assert f"{ESCAPE}[31mred" not in shown.out
    document = (await stori.run("imports", "show", (await newest(person, opened.id)).id, "--json")).document
    assert [row["reasonCode"] for row in document["rejectedRows"]] == ["ROW_REASON_BAD_AMOUNT", "ROW_REASON_BAD_DATE"]


async def test_a_file_that_fails_is_an_error_with_its_sentence_and_request(
    stori: Stori, person: Client, tmp_path: Path
) -> None:
    opened = await person.open_account()
    before = await account(person, opened.id)

    done = await stori.run("import", write(tmp_path, "none.csv", b"name,colour\nada,blue\n"), "--account", opened.id)

    failed = await newest(person, opened.id)
    assert (done.code, done.out) == (1, "")
    assert failed.failure in done.err
    assert f"(request {failed.request_id})" in done.err
    assert await account(person, opened.id) == before


async def test_a_file_can_come_through_a_pipe(stori: Stori, person: Client) -> None:
    opened = await person.open_account()

    done = await stori.run("import", "-", "--name", "piped.csv", "--account", opened.id, "--json", stdin=BRIEF)

    assert done.document["statementImport"]["fileName"] == "piped.csv"
    assert (await newest(person, opened.id)).imported_count == 4


async def test_a_stream_is_a_line_for_each_message_and_ctrl_c_ends_it_with_130(stori: Stori, person: Client) -> None:
    waiting = await start(person, (await person.open_account()).id)

    watched = await stori.start("grpc", "txn.v1.ImportService/WatchImports", f'{{"importId": "{waiting.id}"}}')
    assert watched.stdout is not None
    first = await asyncio.wait_for(watched.stdout.readline(), 30)
    ended = await stori.interrupted(watched)

    assert b"IMPORT_STATE_AWAITING_UPLOAD" in first
    assert (ended.code, ended.err) == (130, "")


async def test_an_id_stays_whole_on_a_narrow_terminal(stori: Stori, person: Client) -> None:
    opened = await person.open_account(name="A name that is longer than what is left for it beside the other columns")

    done = await stori.changed(COLUMNS="60").on_a_terminal("accounts")

    assert opened.id in done.out


async def test_colour_and_bar_are_for_a_terminal_that_wants_them(stori: Stori, person: Client, brief: str) -> None:
    opened = await person.open_account()
    command = ("import", brief, "--account", opened.id, "--yes")

    coloured = await stori.on_a_terminal(*command)
    plain = await stori.changed(NO_COLOR="1").on_a_terminal(*command)
    piped = await stori.changed(FORCE_COLOR="1").run(*command)
    listed = await stori.changed(NO_COLOR="1").on_a_terminal("accounts")

    assert ESCAPE in coloured.out
    assert [ESCAPE in each.out + each.err for each in (plain, piped, listed)] == [False, False, False]


async def test_imports_are_listed_by_outcome_and_age(stori: Stori, person: Client) -> None:
    opened = await person.open_account()
    done = await imported(person, opened.id)
    failed = await imported(person, opened.id, b"name,colour\nada,blue\n")
    waiting = await start(person, opened.id)

    every = await stori.run("imports", "list", "--since", "1h", "--json")
    only_failed = await stori.run("imports", "list", "--failed", "--account", opened.id)
    later = await stori.run("imports", "list", "--since", "2199-01-01")

    assert [one["id"] for one in every.documents] == [waiting.id, failed.id, done.id]
    assert "upload" not in every.documents[0]
    assert [(row["id"], row["state"]) for row in only_failed.rows()] == [(failed.id, "FAILED")]
    assert later.rows() == []
    assert (await stori.run("imports", "list", "--since", "yesterday")).code == 2


async def test_transactions_come_in_pages_and_say_where_more_follow(stori: Stori, person: Client) -> None:
    opened = await person.open_account()
    lines = "".join(f"2026-07-01,Row {index},{index}\n" for index in range(1, 106))
    await imported(person, opened.id, b"date,description,amount\n" + lines.encode())

    some = await stori.run("transactions", "--limit", "101", "--order", "amount-asc")
    every = await stori.run("transactions", "--limit", "0", "--json")
    words = await stori.run("transactions", "--text", "Row 105", "--account", opened.id)

    assert [row["amount"] for row in some.rows()] == [f"{index}.00" for index in range(1, 102)]
    assert "--limit 0" in some.err
    assert (len(every.documents), every.err) == (105, "")
    assert [row["description"] for row in words.rows()] == ["Row 105"]


async def test_a_summary_has_the_figures_of_each_month_and_of_all(stori: Stori, person: Client) -> None:
    opened = await person.open_account(name="Everyday")
    await imported(person, opened.id)

    rows = (await stori.run("summary", "Everyday")).rows()
    document = (await stori.run("summary", "--json")).document

    figures = [tuple(row.values())[2:] for row in rows]
    assert figures == [
        ("2", "60.50", "-10.30", "60.50", "-10.30", "50.20", "USD"),
        ("2", "10.00", "-20.46", "10.00", "-20.46", "39.74", "USD"),
        ("4", "70.50", "-30.76", "35.25", "-15.38", "39.74", "USD"),
    ]
    assert rows[-1]["month"] == "all"
    assert (document["accountId"], document["summary"]["averageDebitMinor"]) == (opened.id, "-1538")


async def test_a_claim_that_differs_is_named_whole_also_on_a_narrow_terminal(
    stori: Stori, person: Client, txn_urls: DatabaseUrls
) -> None:
    opened = await person.open_account()
    done = await imported(person, opened.id)
    with psycopg.connect(txn_urls.owner) as connection:
        moved = "UPDATE transaction SET line = 9 WHERE account_id = %s AND line = 2"
        connection.execute(moved, [from_id("acct", opened.id)])

    piped = await stori.run("verify", opened.id)
    shown = await stori.changed(COLUMNS="80").on_a_terminal("verify", opened.id)

    [row] = piped.rows()
    assert (piped.code, shown.code) == (1, 1)
    assert re.fullmatch(r"txn_[0-9a-z]{26} claim", row["figure"])
    assert (row["kept"], row["computed"]) == (f"{done.id} line 9 #1", f"{done.id} line 2 #1")
    assert row["figure"] in shown.out


async def test_a_reader_that_leaves_ends_it_quietly(stori: Stori, person: Client) -> None:
    opened = await person.open_account()
    lines = "".join(f"2026-07-01,{'long ' * 20}{index},{index}\n" for index in range(2000))
    await imported(person, opened.id, b"date,description,amount\n" + lines.encode())
    reading, writing = os.pipe()
    process = await stori.start("transactions", "--limit", "0", "--json", stdout=writing)
    os.close(writing)

    first = await asyncio.to_thread(os.read, reading, 100)
    os.close(reading)
    _, err = await asyncio.wait_for(process.communicate(), 60)

    assert first.startswith(b'{"id": "txn_')
    assert (process.returncode, err) == (0, b"")


async def test_a_reader_of_a_help_page_that_leaves_ends_it_quietly(stori: Stori) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    process = await stori.start("--help", stdout=writing)
    os.close(writing)

    _, err = await asyncio.wait_for(process.communicate(), 60)

    assert (process.returncode, err) == (0, b"")


async def test_output_that_cannot_be_written_is_said(stori: Stori) -> None:
    closed = await stori.run("-c", '"$0" accounts >&-', str(LAUNCHER), program="/bin/sh")
    full = await stori.run("-c", '"$0" accounts >/dev/full', str(LAUNCHER), program="/bin/sh")

    assert (closed.code, closed.err) == (0, "")
    assert (full.code, full.err) == (1, "stori: No space left on device.\n")


async def test_any_method_can_be_called(stori: Stori, person: Client) -> None:
    opened = await person.open_account()

    listed = await stori.run("grpc")
    found = await stori.run("grpc", "/txn.v1.AccountService/GetAccount", f'{{"account_id": "{opened.id}"}}')
    piped = await stori.run("grpc", "txn.v1.AccountService.ListAccounts", "-", stdin=b'{"pageSize": 1}')

    assert "txn.v1.ImportService/WatchImports" in listed.lines
    assert found.document["account"]["id"] == piped.document["accounts"][0]["id"] == opened.id


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("grpc", "txn.v1.AccountService/GetAccount", '{"accountId": "acct_x"}'), 1),
        (("grpc", "txn.v1.AccountService/GetAccount", "{"), 2),
        (("grpc", "txn.v1.AccountService/GetAccount", '{"nonsense": 1}'), 2),
        (("grpc", "txn.v1.AccountService/Nothing"), 2),
        (("imports", "show", "imp_x"), 1),
        (("import", "no such file.csv", "--account", "x"), 2),
        (("import", "/dev/null", "--account", "x"), 2),
        (("import",), 2),
        (("transactions", "--from", "2026-02-30"), 1),
        (("accounts", "--nonsense"), 2),
        (("nonsense",), 2),
        (("summary", "Nobody's"), 1),
    ],
)
async def test_an_error_is_one_sentence_on_standard_error(stori: Stori, arguments: tuple[str, ...], code: int) -> None:
    done = await stori.run(*arguments)

    assert (done.code, done.out) == (code, "")
    assert len(done.err.splitlines()) == 1
    assert done.err.startswith("stori: ")


async def test_a_refusal_names_the_request(stori: Stori) -> None:
    done = await stori.run("grpc", "txn.v1.AccountService/GetAccount", '{"accountId": "acct_x"}')

    assert re.search(r"account_id must be .* \(request [0-9a-f]{32}\)$", done.err.strip())


async def test_a_token_that_is_not_taken_asks_for_a_new_sign_in(stori: Stori, txn_whole: Txn) -> None:
    expired = txn_whole.issuer.token(subject="somebody", exp=1)

    done = await stori.changed(STORI_TOKEN=expired).run("accounts")

    assert (done.code, done.out) == (1, "")
    assert "stori login" in done.err
    assert expired not in done.err


async def test_a_service_that_is_down_is_75_and_named(stori: Stori) -> None:
    done = await stori.changed(STORI_TXN_SVC_ADDRESS="127.0.0.1:1").run("accounts")

    assert (done.code, done.out) == (75, "")
    assert "127.0.0.1:1" in done.err


@pytest.mark.parametrize(
    "environment",
    [
        {"STORI_ENVIRONMENT": "production"},
        {"STORI_ENVIRONMENT": "somewhere"},
        {"STORI_TXN_SVC_ADDRESS": ""},
        {"STORI_TOKEN": "two words"},
    ],
)
async def test_bad_configuration_is_78(stori: Stori, environment: dict[str, str]) -> None:
    assert (await stori.run("accounts")).code == 0

    done = await stori.changed(**environment).run("accounts")

    assert (done.code, done.out, len(done.err.splitlines())) == (78, "", 1)


async def test_a_module_in_the_folder_one_is_in_stands_in_for_nothing(stori: Stori, tmp_path: Path) -> None:
    for name in ("cli.py", "typer.py", "grpc.py"):
        write(tmp_path, name, b"raise SystemExit(99)")

    process = await stori.start("accounts", cwd=tmp_path)

    assert (await asyncio.wait_for(process.wait(), 30)) == 0
