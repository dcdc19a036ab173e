"""How much of a long test runs: a part of it with the other tests, all of it with `make fuzz`."""

import os

IS_FULL = os.environ.get("STORI_FUZZ") == "1"


def examples(reduced: int, full: int) -> int:
    return full if IS_FULL else reduced
