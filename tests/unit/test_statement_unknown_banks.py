"""Files of banks that have no format here are read right, or ask one question that has the right answer."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.statement_text import read_text
from txn_svc.statement import Statement, ValidRow

BANKS: dict[str, dict[str, Any]] = yaml.safe_load(
    Path(__file__).with_name("unknown_banks.yaml").read_text(encoding="utf-8")
)


def booked(statement: Statement) -> list[tuple[str, int]]:
    return [(f"{row.booked_on}", row.amount_minor) for row in statement.rows() if isinstance(row, ValidRow)]


@pytest.mark.parametrize("name", BANKS)
def test_a_bank_without_a_format_is_read_right_or_asks_once(name: str) -> None:
    bank = BANKS[name]
    answers = bank.get("asks", {})
    given = {"is_credit": bank.get("is_credit", False)}

    asked = read_text(bank["text"], bank["currency"], **given)
    statement = read_text(bank["text"], bank["currency"], answers=answers, **given)

    assert asked.format_id == "inferred"
    assert [question.property for question in asked.questions] == list(answers)
    assert booked(statement) == [(f"{day}", minor) for day, minor in bank["rows"]]
