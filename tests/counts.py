"""How much of a long test runs: a part of it with the other tests, all of it with `make fuzz` or `make chaos`."""

import os

IS_FULL = os.environ.get("STORI_FUZZ") == "1"
IS_CHAOS = os.environ.get("STORI_CHAOS") == "1"


def examples(reduced: int, full: int) -> int:
    return full if IS_FULL else reduced
