"""What docs/imports.md tells a contributor to write is what is read."""

import re
from pathlib import Path
from textwrap import dedent

import yaml

from tests.formats.plain_reading import Expected
from txn_svc.statement.formats.file import read_format
from txn_svc.statement.formats.keys import FormatFile

GUIDE = (Path(__file__).parents[2] / "docs" / "imports.md").read_text(encoding="utf-8")
FORMAT, EXPECTED = (dedent(block) for block in re.findall(r"^ +```yaml\n(.*?)^ +```$", GUIDE, re.MULTILINE | re.DOTALL))


def test_its_format_is_one() -> None:
    found, _ = read_format("example-card", FORMAT)

    assert found.header == ("Booked", "Valued", "Text", "Details", "D/C", "Amount", "State")
    assert found.roles.description == (2, 3)


def test_what_it_expects_of_a_sample_is_read() -> None:
    told = Expected.model_validate(yaml.load(EXPECTED, yaml.BaseLoader))

    assert told.rejected == {7: "PENDING"}
    assert told.balances is not None
    assert told.balances.opening + told.credits + told.debits == told.balances.closing


def test_every_key_of_a_format_is_in_it() -> None:
    documented = set(re.findall(r"`(\w+)(?:: true)?`", GUIDE)) | set(re.findall(r"^(\w+):", FORMAT, re.MULTILINE))

    assert FormatFile.model_fields.keys() <= documented
