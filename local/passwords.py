"""Generated passwords in a file only its owner can read."""

import fcntl
import json
import os
import secrets
from pathlib import Path


class Passwords:
    def __init__(self, path: Path) -> None:
        self.path = path

    def of(self, name: str) -> str:
        """The password of this name, generated at the first call; safe against other processes doing the same."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            known: dict[str, str] = json.loads(file.read() or "{}")
            if name not in known:
                known[name] = secrets.token_urlsafe(24)
                file.seek(0)
                json.dump(known, file)
                file.truncate()
            return known[name]
