"""dist/lambda.zip: the code and the locked dependencies of the functions in deploy/app.yaml.

    python -m deploy.package [--python 3.12] [--machine x86_64] [--target dist/lambda.zip]

The same checkout gives the same bytes: files are sorted, and no time, no path and no trace of this machine is in it.
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
UV = ROOT / ".venv" / "uv" / "bin" / "uv"
LOCK = ROOT / "requirements.lock"
TARGET = Path("dist") / "lambda.zip"
# The oldest of Lambda's runtimes on Amazon Linux 2023: greenlet has no wheel for the libc of the one before it.
PYTHON = "3.12"
LIBC = "manylinux_2_34"
MACHINES = ("x86_64", "aarch64")
# What the notifier and the importer are made of, and nothing else of the checkout.
CODE = ("notifier", "protos", "runtime", "txn_svc")
CODE_SUFFIXES = frozenset({".py", ".html", ".mjml", ".txt", ".yaml"})
# What an installation leaves beside the packages: scripts with this machine's paths, and who installed them when.
TRACES = ("bin", ".lock", "*.dist-info/RECORD", "*.dist-info/INSTALLER", "*.dist-info/REQUESTED")
# botocore describes some 400 services; these are those that the code asks.
AWS_SERVICES = frozenset({"dynamodb", "s3", "sesv2", "sns", "sqs"})
UNZIPPED_MAX_BYTES = 250 * 1024 * 1024  # Lambda's
INSTALL_SECONDS = 600.0
EPOCH = (1980, 1, 1, 0, 0, 0)  # the first time a zip can name


class NotPackaged(Exception):
    """There is no zip; the message is one sentence."""


@dataclass(frozen=True)
class Package:
    path: Path
    zipped_bytes: int
    unzipped_bytes: int
    sha256: str


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m deploy.package")
    parser.add_argument("--python", default=PYTHON, help="of the functions' runtime")
    parser.add_argument("--machine", default=MACHINES[0], choices=MACHINES, help="of the functions' architecture")
    parser.add_argument("--target", type=Path, default=TARGET)
    options = parser.parse_args()
    try:
        made = package(options.target, python=options.python, machine=options.machine)
    except NotPackaged as error:
        print(f"make lambda: {error}", file=sys.stderr)
        return 1
    print(f"{made.path}  {made.zipped_bytes / 1e6:.1f} MB, unzipped {made.unzipped_bytes / 1e6:.1f} MB")
    print(f"for python{options.python} on {options.machine}, SHA-256 {made.sha256}")
    return 0


def package(target: Path, *, python: str = PYTHON, machine: str = MACHINES[0]) -> Package:
    """Writes the zip. Raises NotPackaged where something is missing, or more would be in it than Lambda unzips."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        install(folder, python, machine)
        copy_code(folder)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        unzipped = sum(path.stat().st_size for path in files)
        if unzipped > UNZIPPED_MAX_BYTES:
            raise NotPackaged(f"Lambda unzips {UNZIPPED_MAX_BYTES:,} bytes at most, and this would be {unzipped:,}.")
        write(target, folder, files)
    content = target.read_bytes()
    return Package(target, len(content), unzipped, hashlib.sha256(content).hexdigest())


def install(folder: Path, python: str, machine: str) -> None:
    """The wheels that requirements.lock pins, by their hashes, as they are on the functions' platform."""
    command = [
        *(str(UV), "pip", "sync", "--quiet", "--require-hashes", "--only-binary", ":all:"),
        *("--python", sys.executable, "--target", str(folder)),
        *("--python-version", python, "--python-platform", f"{machine}-{LIBC}", str(LOCK)),
    ]
    # What uv has kept since it made .venv is mostly all there is to fetch: then nobody has to be asked.
    if run([*command, "--offline"]).returncode and (failed := run(command)).returncode:
        raise NotPackaged(f"requirements.lock could not be installed: {last_line(failed.stderr)}")
    for pattern in TRACES:
        for trace in folder.glob(pattern):
            shutil.rmtree(trace) if trace.is_dir() else trace.unlink()
    for service in (folder / "botocore" / "data").iterdir():
        if service.is_dir() and service.name not in AWS_SERVICES:
            shutil.rmtree(service)


def copy_code(folder: Path) -> None:
    """What git tracks, as it stands in the checkout."""
    listed = run(["git", "-C", str(ROOT), "ls-files", "-z", "--", *CODE])
    if listed.returncode:
        raise NotPackaged(f"git does not list the code: {last_line(listed.stderr)}")
    for name in map(Path, filter(None, listed.stdout.split("\0"))):
        if name.suffix in CODE_SUFFIXES:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)


def write(target: Path, folder: Path, files: Sequence[Path]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f"{target.name}.part")
    with zipfile.ZipFile(unfinished, "w") as archive:
        for file in files:
            entry = zipfile.ZipInfo(file.relative_to(folder).as_posix(), EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            # Lambda runs the code as another user than the one who wrote the zip.
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, file.read_bytes())
    unfinished.replace(target)


def run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=INSTALL_SECONDS)
    except FileNotFoundError:
        raise NotPackaged(f"{command[0]} is missing.") from None
    except subprocess.TimeoutExpired:
        raise NotPackaged(f"{command[0]} did not end within {INSTALL_SECONDS:.0f} s.") from None


def last_line(text: str) -> str:
    return (text.strip().splitlines() or ["it does not say why."])[-1]


if __name__ == "__main__":
    sys.exit(main())
