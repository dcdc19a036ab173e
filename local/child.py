"""A launcher between a supervisor and its child: switch the user, tie the child to the parent's life, exec.

    python child.py --parent PID --signal NAME [--user NAME] [--umask OCTAL] -- command …

It imports only the standard library, so that any interpreter can run it in a few milliseconds.
"""

import argparse
import ctypes
import grp
import os
import pwd
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--signal", default="KILL")
    parser.add_argument("--user")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args(arguments)
    if options.user:
        switch_user(options.user)
    # After the user switch: a change of credentials clears the setting.
    die_with_parent(options.parent, signal.Signals[f"SIG{options.signal}"])
    os.execvpe(options.command[0], options.command, os.environ)  # noqa: S606


def switch_user(name: str) -> None:
    entry = pwd.getpwnam(name)
    os.setgroups([g.gr_gid for g in grp.getgrall() if name in g.gr_mem])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
    os.chdir("/")


def die_with_parent(parent: int, death_signal: signal.Signals) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    # The parent may have died before the setting took effect; then nobody would ever send the signal.
    if os.getppid() != parent:
        sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
