"""CSV files out of Stori, and back into it."""

import asyncio
import csv
import io
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from protos.txn.v1 import txn_pb2, txn_pb2_grpc
from runtime.database import Database
from runtime.refusals import Unavailable
from tests.service.importing import BRIEF, account, imported
from tests.service.stori import LAUNCHER, Stori, shell_of
from tests.service.tokens import Issuer
from tests.service.txn import SERVICES, Client, Txn, serving_txn
from txn_svc.accounts.servicer import AccountServicer
from txn_svc.settings import LedgerSettings
from txn_svc.transactions.servicer import TransactionServicer

ESCAPE = "\x1b"
HEADER = b"date,description,amount\n"
TRICKY = (
    HEADER
    + "".join(
        f'2026-07-0{day},"{text}",{day}.00\n'
        for day, text in enumerate(("=1+1", "'quoted", "@home", "a, b c", "Ñandú", "-5"), start=1)
    ).encode()
)
BAD = HEADER + b"2026-07-01,Fine,1.00\n2026-07-02,Odd,abc\n2026-02-30,Worse,2.00\n"


def written(folder: Path) -> list[str]:
    return [path.name for path in folder.glob("*out*")]


async def digest(person: Client, account_id: str) -> str:
    return (await account(person, account_id)).ledger_digest


async def test_what_is_exported_and_imported_into_another_account_is_the_same_ledger(
    stori: Stori, person: Client
) -> None:
    full, empty = await person.open_account(name="Full"), await person.open_account(name="Empty")
    await imported(person, full.id, TRICKY)
    await imported(person, full.id)
    assert await digest(person, empty.id) != await digest(person, full.id)
    bash = shutil.which("bash")
    assert bash is not None

    line = f"{LAUNCHER} export --account Full | {LAUNCHER} import - --account Empty --review when-new"
    done = await stori.run("-o", "pipefail", "-c", line, program=bash)

    assert (done.code, done.err) == (0, "")
    assert await digest(person, empty.id) == await digest(person, full.id)


async def test_an_export_is_narrowed_as_a_list_is(stori: Stori, person: Client) -> None:
    opened = await person.open_account()
    await imported(person, opened.id)

    every = await stori.run("export", "--account", opened.id)
    some = await stori.run("export", "--account", opened.id, "--from", "2026-08-01", "--direction", "debit")

    assert [len(list(csv.reader(io.StringIO(each.out)))) for each in (every, some)] == [5, 2]
    assert "-20.46" in some.out


async def test_a_file_is_never_replaced_unless_it_is_meant(stori: Stori, person: Client, tmp_path: Path) -> None:
    opened = await person.open_account()
    await imported(person, opened.id)
    path = tmp_path / "out.csv"
    path.write_bytes(b"mine")
    command = ("export", "--account", opened.id, "--output", str(path))

    refused = await stori.run(*command)
    before = path.read_bytes()
    done = await stori.run(*command, "--force")

    assert (refused.code, refused.out, len(refused.err.splitlines()), before) == (2, "", 1, b"mine")
    assert (done.code, done.out, path.read_bytes().count(b"\n")) == (0, "", 5)
    assert written(tmp_path) == ["out.csv"]


async def test_an_account_that_is_not_there_leaves_no_file(stori: Stori, tmp_path: Path) -> None:
    done = await stori.run("export", "--account", "Nobody's", "--output", str(tmp_path / "out.csv"))

    assert (done.code, written(tmp_path)) == (1, [])


async def test_a_reader_that_leaves_ends_an_export_quietly(stori: Stori, person: Client) -> None:
    opened = await person.open_account()
    lines = "".join(f"2026-07-01,{'long ' * 20}{index},{index}\n" for index in range(1, 3000))
    await imported(person, opened.id, HEADER + lines.encode())
    reading, writing = os.pipe()
    process = await stori.start("export", "--account", opened.id, stdout=writing)
    os.close(writing)

    await asyncio.to_thread(os.read, reading, 10)
    os.close(reading)
    _, err = await asyncio.wait_for(process.communicate(), 60)

    assert (process.returncode, err) == (0, b"")


async def test_on_a_terminal_nothing_of_an_export_acts(stori: Stori, person: Client) -> None:
    done = await imported(person, (await person.open_account()).id, HEADER + b"2026-07-01,\x1b[31mred,1.00\n")

    shown = await stori.on_a_terminal("imports", "original", done.id)

    assert ESCAPE not in shown.out
    assert shown.out.splitlines() == ["date,description,amount", "2026-07-01,\\x1b[31mred,1.00"]


async def test_rejected_rows_are_mended_and_imported_again(stori: Stori, person: Client, tmp_path: Path) -> None:
    opened = await person.open_account()
    done = await imported(person, opened.id, BAD)
    path = tmp_path / "rejects.csv"

    saved = await stori.run("imports", "rejects", done.id, "--output", str(path))
    header, *rows = csv.reader(io.StringIO(path.read_text()))
    path.write_text(path.read_text().replace("abc", "4.00").replace("2026-02-30", "2026-10-01"))
    again = await stori.run("import", str(path), "--account", opened.id)

    assert (saved.code, done.rejected_count) == (0, 2)
    assert header == ["date", "description", "amount", "stori_line", "stori_reason"]
    assert [row[3] for row in rows] == ["3", "4"]
    assert again.lines[1] == "2 rows: 2 new, 0 already here, 0 rejected"
    assert (await account(person, opened.id)).balance_minor == 700


async def test_the_file_comes_back_as_it_was(stori: Stori, person: Client) -> None:
    done = await imported(person, (await person.open_account()).id)

    original = await stori.run("imports", "original", done.id)

    assert original.out.encode() == BRIEF


class BreakingServicer(TransactionServicer):
    """Its exports end half way, as those of a server that is taken down."""

    async def ExportTransactions(
        self, request: txn_pb2.ExportTransactionsRequest, context: Any
    ) -> AsyncIterator[txn_pb2.ExportTransactionsResponse]:
        yield txn_pb2.ExportTransactionsResponse(data=HEADER)
        raise Unavailable("The ledger is not reachable.")


@pytest.fixture
async def breaking(txn_database: Database, issuer: Issuer) -> AsyncIterator[Txn]:
    def register(server: grpc.aio.Server) -> None:
        parts = (txn_database, LedgerSettings(environment="local"))
        txn_pb2_grpc.add_AccountServiceServicer_to_server(AccountServicer(*parts), server)
        txn_pb2_grpc.add_TransactionServiceServicer_to_server(BreakingServicer(*parts), server)

    async with serving_txn(issuer, register, SERVICES) as running:
        yield running


async def test_a_stream_that_breaks_half_way_is_75_and_leaves_no_file(breaking: Txn, tmp_path: Path) -> None:
    person = await breaking.person()
    opened = await person.open_account()
    shell = shell_of(breaking, person, tmp_path)

    piped = await shell.run("export", "--account", opened.id)
    filed = await shell.run("export", "--account", opened.id, "--output", str(tmp_path / "out.csv"))

    assert (piped.code, piped.out, len(piped.err.splitlines())) == (75, HEADER.decode(), 1)
    assert (filed.code, filed.out, written(tmp_path)) == (75, "", [])
