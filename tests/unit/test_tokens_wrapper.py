"""python-jose stands behind one wrapper."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PARTS = ("runtime", "bff", "user_svc", "txn_svc", "notifier", "cli", "local")


def test_only_the_wrapper_imports_python_jose() -> None:
    importing = re.compile(r"^\s*(from|import) jose\b", re.MULTILINE)

    found = {
        str(file.relative_to(ROOT))
        for part in PARTS
        for file in (ROOT / part).rglob("*.py")
        if importing.search(file.read_text())
    }

    assert found == {"runtime/tokens/verify.py"}
