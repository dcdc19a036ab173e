"""PostgreSQL without a byte of room left: nothing is lost, and work goes on when there is room again."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from tests.chaos.holders import File, Holder, mails_by_delivery
from tests.chaos.quiet import check, wait_quiet
from tests.system.stack import Stack, eventually, new_person, running_stack

DISK_MB = 256
LEFT_BYTES = 4 << 20
BLOCK_BYTES = 1 << 20
ROWS = 60_000
SETTLED_SECONDS = 120


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    folder.mkdir(parents=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a file system cannot be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    filler = disk / "filler"
    with filler.open("wb") as file:
        while (free := shutil.disk_usage(disk).free) > LEFT_BYTES:
            file.write(b"\0" * min(BLOCK_BYTES, free - LEFT_BYTES))
            file.flush()
    try:
        yield
    finally:
        filler.unlink()


def failures(stack: Stack) -> int | None:
    return sum(line.get("event") == "message failed" for line in stack.logs()) or None


@pytest.mark.chaos
@pytest.mark.timeout(400)
def test_a_full_disk_loses_nothing(run_folder: Path) -> None:
    home = run_folder / "full"
    with small_disk(home / "postgres") as disk, running_stack(home, STORI_CONSUMER_VISIBILITY_SECONDS="6") as stack:
        holder = Holder(new_person(stack))
        account_id = holder.open_account()
        holder.bring(account_id, File.any_of(Random(1), 100))
        holder.settled(SETTLED_SECONDS)
        with filled(disk):
            holder.bring(account_id, File.any_of(Random(2), ROWS))
            eventually(lambda: failures(stack), "an import that finds no room")
        holder.settled(SETTLED_SECONDS)
        wait_quiet(stack, SETTLED_SECONDS)
        check(stack, [holder], mails_by_delivery(stack), 1)
