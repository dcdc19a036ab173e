"""Answers as they are typed, and questions as they are read."""

import io

import pytest
import typer

from cli.answers import answers_of, require_fitting
from cli.asked import how_to_answer, show_questions
from cli.exits import USAGE, Failure
from cli.output import Output
from protos.txn.v1 import txn_pb2 as pb


def asking() -> pb.Import:
    read = pb.ImportRow(line=2, booked_on="2026-03-04", amount_minor=-350, currency_code="USD", description="Coffee")
    read.cells.extend(["3/4/2026", "Coffee"])
    refused = pb.ImportRow(line=3, cells=["13/4/2026"], outcome=pb.ROW_OUTCOME_REJECT, reason="There is no month 13.")
    month_first = pb.ImportOption(id="MDY", label="Month first", rows=[read, refused])
    options = [month_first, pb.ImportOption(id="DMY", label="Day first")]
    question = pb.ImportQuestion(id="DATE_ORDER", message="March or\x1b April?", options=options)
    return pb.Import(id="imp_1", questions=[question])


def test_answers_are_by_question_and_may_hold_an_equals_sign() -> None:
    typed = ["date_order=DMY", "COLUMNS=date=Fecha, amount=Importe", "DATE_ORDER=DMY"]

    assert answers_of(typed) == {"DATE_ORDER": "DMY", "COLUMNS": "date=Fecha, amount=Importe"}


@pytest.mark.parametrize("typed", [["DMY"], ["=DMY"], ["DATE_ORDER="], ["DATE_ORDER=DMY", "DATE_ORDER=MDY"]])
def test_what_is_no_answer_is_wrong_usage(typed: list[str]) -> None:
    with pytest.raises(typer.BadParameter):
        answers_of(typed)


def test_an_answer_that_is_no_option_is_named_with_those_that_are() -> None:
    require_fitting(asking(), {"DATE_ORDER": "DMY", "SIGN": "not asked"})

    with pytest.raises(Failure) as failure:
        require_fitting(asking(), {"DATE_ORDER": "YMD"})

    assert failure.value.code == USAGE
    assert failure.value.message.startswith("YMD does not answer DATE_ORDER, which is one of MDY, DMY. imp_1 waits:")


def test_a_question_is_shown_with_the_rows_as_each_answer_reads_them() -> None:
    stream = io.StringIO()

    show_questions(Output(as_json=False, stream=stream), asking())

    assert stream.getvalue().splitlines() == [
        "DATE_ORDER: March or\\x1b April?",
        "1. MDY: Month first",
        "line\tbooked\tamount\treads as\tcells",
        "2\t2026-03-04\t-3.50\tCoffee\t3/4/2026 | Coffee",
        "3\t\t\tThere is no month 13.\t13/4/2026",
        "2. DMY: Day first",
    ]


def test_the_command_that_answers_names_every_question() -> None:
    found = asking()
    found.questions.add(id="SIGN")

    assert "`stori imports answer imp_1 --answer DATE_ORDER=… --answer SIGN=…` answers" in how_to_answer(found)
