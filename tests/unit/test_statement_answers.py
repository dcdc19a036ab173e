"""Answers that nobody offered: an import can be repeated with any, and the file is read or refused as ever."""

from contextlib import suppress
from typing import get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.statement_text import read_text
from txn_svc.statement import Unreadable
from txn_svc.statement.model import Property

TEXTS = [
    "date,what,amount,balance\n3/4/2026,Bar,1.234,5.678\n",
    "date,what,debit,credit\n3/4,Bar,,1.234\n5/4,Bar,2.345,\n",
    "Fecha;Concepto;Importe;Saldo\n13/03/2026;Bar;-12,50;0,00\n",
    "3/4/2026;Bar;1,5;2,5\n",
]
SAID = ["DMY", "MD", "YMD", ".", ",", "SPLIT", "INDICATOR", "DEBITS", "2026", "0", "99999999", "UTF-16LE", "GB18030",
        "date=date", "date=date, amount=date", "date=what, amount=amount", "date=date, debit=what, credit=what",
        "date=#1, indicator=#2, description=#2 + #2, amount=#3", "date=#1, amount=#9999"]  # fmt: skip

answers = st.dictionaries(
    st.sampled_from(get_args(Property)), st.sampled_from(SAID) | st.text(max_size=20), min_size=1, max_size=4
)


@settings(deadline=None)
@given(st.sampled_from(TEXTS), answers)
def test_no_answer_breaks_the_reading(text: str, given_: dict[Property, str]) -> None:
    with suppress(Unreadable):
        statement = read_text(text, answers=given_)

        assert statement.questions or list(statement.rows())


@settings(deadline=None)
@given(st.sampled_from(TEXTS), answers)
def test_nothing_remembered_breaks_the_reading(text: str, remembered: dict[Property, str]) -> None:
    shape = read_text(text).shape

    statement = read_text(text, remembered={shape: remembered})

    assert statement.questions or list(statement.rows())
