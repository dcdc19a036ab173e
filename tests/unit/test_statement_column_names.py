"""The columns of a file as one text, and back: what an answer is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.statement_text import finding, read_text, rows_of, valid
from txn_svc.statement.columns import columns_value, roles_from
from txn_svc.statement.format import Roles

NAMES = ["Date", "Text", "Amount", "a, b", "a,", ",", "+", "a + b", "+ a", "a +", "#1", "#2", "#²", "=", "a=b", "", " "]

names = st.lists(st.sampled_from(NAMES) | st.text(max_size=4), min_size=6, max_size=6)
places = st.permutations(range(6))


@given(names, places)
def test_roles_survive_any_names(header: list[str], at: list[int]) -> None:
    roles = Roles(date=at[0], amount=at[1], description=(at[2], at[3]), balance=at[4])

    assert roles_from(columns_value(roles, header), header) == roles


@pytest.mark.parametrize(
    "value", ["", "date", "date=Date", "amount=Amount", "date=#²", "date=#0", "date=#4", "x=#1", "=, "]
)
def test_a_text_that_names_no_date_or_no_amount_is_no_answer(value: str) -> None:
    assert roles_from(value, ["Date", "Text", "Amount"]) is None


def test_a_question_about_columns_with_commas_in_their_names_is_answered() -> None:
    text = '"Day, booked",Shop,"Paid, here","Paid, there"\n2026-03-02,Bar,-1.50,-2.50\n'
    (question,) = read_text(text).questions

    answered = read_text(text, answers={"COLUMNS": question.options[1].id})

    assert question.property == "COLUMNS"
    assert finding(answered, "COLUMNS").basis == "ANSWERED"
    assert [valid(row).amount_minor for row in answered.rows()] == [-250]


def test_a_minus_in_a_column_of_debits_is_said() -> None:
    text = "date,what,debit,credit\n2026-03-02,Bar,-12.50,\n2026-03-03,Refund,,1.00\n"

    statement = read_text(text)

    assert "Debits are written with a minus." in finding(statement, "SIGN").message
    assert [valid(row).amount_minor for row in rows_of(text)] == [-1250, 100]
