"""`python -m local up | stop [NAME] | start NAME | clean`: what the Makefile calls."""

import argparse
import asyncio
import shutil
import sys

from local.control import NotRunning, ask
from local.home import Home, NoFolder
from local.launch import take_lock
from local.up import AlreadyRunning, lock_home, up

STOP_SECONDS = 60.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m local")
    parser.add_argument("command", choices=("up", "stop", "start", "clean"))
    parser.add_argument("name", nargs="?", help="a process, as they stand before each line of the log")
    options = parser.parse_args()
    home = Home.from_environment()
    try:
        match options.command, options.name:
            case "up", None:
                home.make()
                lock_home(home)
                return asyncio.run(up(home))
            case "stop", None:
                return stop_all(home)
            case "stop" | "start", str():
                return tell(home, options.command, options.name)
            case "clean", None:
                return clean(home)
    except (AlreadyRunning, NoFolder, NotRunning) as error:
        return say(str(error), ok=False)
    return say("Which process? For example `make start NAME=importer`.", ok=False)


def tell(home: Home, command: str, name: str | None) -> int:
    ok, message = ask(home, command, name)
    return say(message, ok=ok)


def stop_all(home: Home) -> int:
    """Asks the supervisor to end and waits until the emulator has saved and everything is gone."""
    try:
        tell(home, "stop", None)
    except NotRunning as error:
        return say(str(error))
    try:
        take_lock(home.lock, wait_seconds=STOP_SECONDS)
    except TimeoutError:
        return say(f"Something in {home.path} has not ended within {STOP_SECONDS:.0f} s.", ok=False)
    return say("Everything is stopped and saved.")


def clean(home: Home) -> int:
    """Removes the folder and all data in it, unless something runs there, or it holds what is not a stack's."""
    if not home.path.is_dir():
        return say(f"There is nothing in {home.path}.")
    strangers = home.strangers()
    if strangers:
        return say(f"{home.path} holds {strangers[0]}, which is not Stori's: nothing is removed.", ok=False)
    try:
        for lock in (home.lock, home.postgres / "lock", home.emulator / "lock"):
            if lock.parent.exists():
                take_lock(lock, wait_seconds=0)
    except TimeoutError:
        return say(f"Something is running in {home.path}; `make stop` ends it.", ok=False)
    shutil.rmtree(home.path)
    return say(f"{home.path} is removed.")


def say(sentence: str, *, ok: bool = True) -> int:
    print(sentence, file=sys.stdout if ok else sys.stderr, flush=True)
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
