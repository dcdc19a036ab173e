"""Rows of several accounts in a file of a known format are never booked together without an answer."""

import pytest

from tests.unit.statement_text import read_text, valid
from txn_svc.statement import RejectedRow

REVOLUT = (
    "Type,Product,Started Date,Completed Date,Description,Amount,Fee,Currency,State,Balance\n"
    "TOPUP,Current,2026-03-02 09:12:01,2026-03-02 09:12:03,Top-up,250.00,0.00,EUR,COMPLETED,250.00\n"
    "TRANSFER,Current,2026-03-05 18:40:55,2026-03-06 07:01:12,To pocket,-80.00,0.00,EUR,COMPLETED,170.00\n"
    "TRANSFER,Savings,2026-03-05 18:40:55,2026-03-06 07:01:12,From current,80.00,0.00,EUR,COMPLETED,80.00\n"
)
N26 = (
    '"Booking Date","Value Date","Partner Name","Partner Iban",Type,"Payment Reference","Account Name","Amount (EUR)",'
    '"Original Amount","Original Currency","Exchange Rate"\n'
    '2026-03-01,2026-03-01,Bahn,,Presentment,,"Main Account",-16.80,,,\n'
    '2026-03-05,2026-03-05,Holiday,,Transfer,,"Main Account",-50.00,,,\n'
    "2026-03-05,2026-03-05,Main,,Transfer,,Holiday,50.00,,,\n"
)
MBANK = (
    "#Data operacji;#Opis operacji;#Rachunek;#Kategoria;#Kwota;\n"
    "2026-03-01;Sklep;mKonto 1234;Zakupy;-16,80 PLN;;\n"
    "2026-03-05;Przelew;mKonto 1234;Inne;-50,00 PLN;;\n"
    "2026-03-05;Przelew;eMax 5678;Inne;50,00 PLN;;\n"
)


@pytest.mark.parametrize(
    ("text", "code", "account", "booked", "others"),
    [
        (REVOLUT, "EUR", "Current", [250_00, -80_00], [4]),
        (N26, "EUR", "Main Account", [-16_80, -50_00], [4]),
        (MBANK, "PLN", "eMax 5678", [50_00], [2, 3]),
    ],
    ids=["revolut", "n26", "mbank"],
)
def test_rows_of_several_accounts_are_asked_about(
    text: str, code: str, account: str, booked: list[int], others: list[int]
) -> None:
    asked = read_text(text, code)
    statement = read_text(text, code, answers={"ACCOUNT": account})

    assert [question.property for question in asked.questions] == ["ACCOUNT"]
    rows = list(statement.rows())
    rejects = {row.line: row.reason_code for row in rows if isinstance(row, RejectedRow)}
    assert rejects == dict.fromkeys(others, "OTHER_ACCOUNT")
    assert [valid(row).amount_minor for row in rows if row.line not in rejects] == booked
    assert statement.account_number == account
