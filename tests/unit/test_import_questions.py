"""What an import asks, as it is kept and told: bounded, and fit for PostgreSQL."""

from datetime import date
from types import SimpleNamespace
from typing import Any, cast

import orjson
import pytest

from protos.txn.v1 import txn_pb2 as pb
from runtime.refusals import InvalidArgument
from txn_svc.imports.answers import answers_of, has_answers, keep_answers, require_answers
from txn_svc.imports.questions import QUESTIONS_MAX_BYTES, TEXT_MAX_CHARACTERS, kept_questions, questions_to_proto
from txn_svc.model import StatementImport
from txn_svc.statement.model import MAX_OPTION_ROWS, MAX_OPTIONS, Option, Question, RejectedRow, ValidRow


def valid(*cells: str, description: str = "Coffee") -> ValidRow:
    return ValidRow(2, cells, date(2026, 3, 4), None, -350, description, None, None, None, None)


def question(*rows: ValidRow | RejectedRow, options: int = 2) -> Question:
    ids = ("MDY", "DMY", *(f"O{number}" for number in range(2, MAX_OPTIONS)))[:options]
    return Question("DATE_ORDER", "March or April?", tuple(Option(id_, f"As {id_}", rows) for id_ in ids))


def asking(*questions: Question, **changes: Any) -> StatementImport:
    values = {"questions": kept_questions(questions), "answers": [], **changes}
    return cast("StatementImport", SimpleNamespace(**values))


def test_a_question_is_told_as_it_was_kept() -> None:
    refused = RejectedRow(3, ("13/4/2026",), "BAD_DATE", "There is no month 13.", "date")

    (told,) = questions_to_proto(asking(question(valid("3/4/2026", "Coffee"), refused)), "USD")

    assert (told.id, told.property, told.message) == ("DATE_ORDER", pb.STATEMENT_PROPERTY_DATE_ORDER, "March or April?")
    assert [(option.id, option.label) for option in told.options] == [("MDY", "As MDY"), ("DMY", "As DMY")]
    good, bad = told.options[0].rows
    assert (good.line, list(good.cells), good.outcome) == (2, ["3/4/2026", "Coffee"], pb.ROW_OUTCOME_CREATE)
    assert (good.booked_on, good.amount_minor, good.currency_code) == ("2026-03-04", -350, "USD")
    assert (bad.outcome, bad.reason_code) == (pb.ROW_OUTCOME_REJECT, pb.ROW_REASON_BAD_DATE)
    assert (bad.reason, bad.column, bad.HasField("amount_minor")) == ("There is no month 13.", "date", False)


def test_long_cells_are_cut_and_what_postgresql_cannot_hold_is_replaced() -> None:
    kept = kept_questions([question(valid("x" * 65_536, "a\x00b\udc80", description="y" * 500))])

    row = kept[0]["options"][0]["rows"][0]
    assert row["cells"] == ["x" * (TEXT_MAX_CHARACTERS - 1) + "…", "a�b?"]
    assert row["description"] == "y" * (TEXT_MAX_CHARACTERS - 1) + "…"


@pytest.mark.parametrize(("cells", "rows"), [(1, MAX_OPTION_ROWS), (10, 1), (64, 0)])
def test_where_they_are_too_many_fewer_rows_are_shown(cells: int, rows: int) -> None:
    row = valid(*["é" * TEXT_MAX_CHARACTERS] * cells)

    kept = kept_questions([question(*[row] * MAX_OPTION_ROWS, options=4 if cells > 1 else 2)])

    assert {len(option["rows"]) for option in kept[0]["options"]} == {rows}
    assert len(orjson.dumps(kept)) <= QUESTIONS_MAX_BYTES


def test_answers_are_kept_in_one_order_and_a_later_one_takes_the_place_of_an_earlier() -> None:
    found = asking()

    keep_answers(found, {"SIGN": "DEBITS", "DATE_ORDER": "MDY"})
    keep_answers(found, {"DATE_ORDER": "DMY"})

    assert found.answers == [{"property": "DATE_ORDER", "value": "DMY"}, {"property": "SIGN", "value": "DEBITS"}]
    assert answers_of(found) == {"DATE_ORDER": "DMY", "SIGN": "DEBITS"}


def test_answers_that_it_has_are_asked_for_no_more() -> None:
    answers = [{"property": "DATE_ORDER", "value": "DMY"}, {"property": "SIGN", "value": "DEBITS"}]
    settled, asks_again = asking(answers=answers), asking(question(), answers=answers)

    assert has_answers(settled, {"DATE_ORDER": "DMY"})
    assert not has_answers(settled, {"DATE_ORDER": "MDY"})
    assert not has_answers(settled, {})
    assert not has_answers(asks_again, {"DATE_ORDER": "DMY"})
    assert has_answers(asks_again, {"SIGN": "DEBITS"})


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({}, {"answers": "must answer DATE_ORDER as well"}),
        ({"DATE_ORDER": "YMD"}, {"answers[0].option_id": "must be one of “MDY”, “DMY”"}),
        (
            {"DATE_ORDER": "DMY", "SIGN": "DEBITS"},
            {"answers[1].question_id": "must be what the import asks: DATE_ORDER"},
        ),
    ],
)
def test_what_answers_something_else_is_named(given: dict[Any, str], wrong: dict[str, str]) -> None:
    with pytest.raises(InvalidArgument) as refused:
        require_answers(asking(question()), given)

    assert refused.value.fields == wrong


def test_one_option_of_each_question_answers() -> None:
    require_answers(asking(question()), {"DATE_ORDER": "DMY"})
