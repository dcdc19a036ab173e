"""`python -m local.enter FOLDER COMMAND…`: becomes the command, with the variables that `deploy` wrote into the folder.

What compose.yaml itself sets comes first: an address differs by who asks, the browser or another container.
"""

import os
import sys
from pathlib import Path
from typing import NoReturn

from local.home import read_json

ENVIRONMENT = "environment.json"
EXIT_USAGE = 2
EXIT_BAD_CONFIGURATION = 78


def main(arguments: list[str]) -> NoReturn:
    match arguments:
        case [folder, program, *_]:
            written = read_json(Path(folder) / ENVIRONMENT)
        case _:
            fail("usage: python -m local.enter FOLDER COMMAND…", EXIT_USAGE)
    if written is None:
        fail(f"{folder} holds no {ENVIRONMENT}: the step `deploy` has not run.", EXIT_BAD_CONFIGURATION)
    os.execvpe(program, arguments[1:], written | os.environ)  # noqa: S606


def fail(sentence: str, code: int) -> NoReturn:
    print(sentence, file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main(sys.argv[1:])
