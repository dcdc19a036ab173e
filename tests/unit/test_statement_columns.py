"""What a column is for, where its name alone does not say it."""

import pytest

from tests.unit.statement_text import finding, read_text, refusal, valid
from txn_svc.statement import Statement

FEES = "Date,Description,Amount,Fee,Balance\n"


def amounts(statement: Statement) -> list[int]:
    return [valid(row).amount_minor for row in statement.rows()]


def columns(statement: Statement) -> str:
    return finding(statement, "COLUMNS").value


def test_balances_show_that_a_fee_is_taken_off() -> None:
    text = FEES + "2026-10-01,In,100.00,0.00,100.00\n2026-10-02,Out,-10.00,1.50,88.50\n2026-10-03,Out,-8.00,0,80.50\n"

    statement = read_text(text)

    assert amounts(statement) == [10000, -1150, -800]
    assert columns(statement) == "date=Date, description=Description, amount=Amount, fee=Fee, balance=Balance"
    assert finding(statement, "BALANCE").value == "BALANCES_MATCH"


def test_balances_show_that_a_fee_is_in_the_amount() -> None:
    text = FEES + "2026-10-01,In,100.00,0.00,100.00\n2026-10-02,Out,-11.50,1.50,88.50\n2026-10-03,Out,-8.00,0,80.50\n"

    statement = read_text(text)

    assert amounts(statement) == [10000, -1150, -800]
    assert columns(statement) == "date=Date, description=Description, amount=Amount, included_fee=Fee, balance=Balance"


NO_BALANCE = (
    "Date,Description,Amount,Fee\n2026-10-01,In,10.00,0.00\n2026-10-02,Out,-10.00,1.50\n2026-10-03,Out,-8.00,\n"
)


def test_a_fee_that_nothing_explains_is_asked_about() -> None:
    (question,) = read_text(NO_BALANCE).questions

    assert question.property == "COLUMNS"
    assert question.message == "Nothing shows whether “Fee” is taken off besides the amount, or is in it already."
    assert [option.label for option in question.options] == [
        "“Fee” is taken off the amount",
        "The amount has “Fee” in it already",
    ]
    assert [[valid(row).amount_minor for row in option.rows] for option in question.options] == [[-1150], [-1000]]


@pytest.mark.parametrize(("chosen", "amount"), [(0, -1150), (1, -1000)])
def test_what_a_fee_is_can_be_answered_and_is_remembered(chosen: int, amount: int) -> None:
    option = read_text(NO_BALANCE).questions[0].options[chosen].id

    answered = read_text(NO_BALANCE, answers={"COLUMNS": option})
    later = read_text(NO_BALANCE, remembered={answered.shape: {"COLUMNS": option}})

    assert amounts(answered) == amounts(later) == [1000, amount, -800]
    assert finding(later, "COLUMNS").basis == "REMEMBERED"


def test_columns_of_a_file_without_fees_say_nothing_of_fees_in_the_next() -> None:
    free = "Date,Description,Amount,Fee\n2026-10-01,Out,-10.00,0.00\n2026-10-02,Out,-3.00,\n"
    read = read_text(free)

    later = read_text(NO_BALANCE, remembered={read.shape: {"COLUMNS": columns(read)}})

    assert "fee" not in columns(read)
    assert [question.property for question in later.questions] == ["COLUMNS"]


def test_negative_fees_are_added() -> None:
    text = FEES + "2026-10-01,In,100.00,0.00,100.00\n2026-10-02,In,50.00,-1.50,148.50\n2026-10-03,Out,-8.50,0,140.00\n"

    assert amounts(read_text(text)) == [10000, 4850, -850]


def test_a_net_amount_has_its_fee_in_it() -> None:
    text = "Date,Description,Gross,Fee,Net\n2026-10-01,Out,-10.00,-1.00,-11.00\n2026-10-02,Out,-3.00,0.00,-3.00\n"

    statement = read_text(text)

    assert columns(statement) == "date=Date, description=Description, amount=Net"
    assert amounts(statement) == [-1100, -300]


def test_a_fee_that_is_no_amount_rejects_its_row() -> None:
    booked = "2026-10-01,In,100.00,0,100.00\n2026-10-02,Out,-10.00,1.50,88.50\n2026-10-03,Out,-2.00,0.50,86.00\n"

    *_, row = read_text(f"{FEES}{booked}2026-10-04,Out,-8.00,free,78.00\n").rows()

    assert (row.line, getattr(row, "reason_code", None), getattr(row, "column", None)) == (5, "BAD_AMOUNT", "Fee")


WORDS = "Tag;Wer;Wieviel;Wohin\n12.10.2026;Lohn;100,00;plus-minus\n15.10.2026;Laden;45,60;ab\n16.10.2026;Brot;4,40;ab\n"


def test_two_unknown_words_may_say_which_amounts_are_debits() -> None:
    (question,) = read_text(WORDS, "EUR").questions

    assert question.property == "SIGN"
    assert [option.label for option in question.options] == [
        "In “Wohin”, “ab” is a debit and “plus-minus” a credit",
        "In “Wohin”, “plus-minus” is a debit and “ab” a credit",
        "All amounts are credits",
        "All amounts are debits",
    ]
    assert amounts(read_text(WORDS, "EUR", answers={"SIGN": question.options[0].id})) == [10000, -4560, -440]
    assert amounts(read_text(WORDS, "EUR", answers={"SIGN": question.options[1].id})) == [-10000, 4560, 440]


def test_what_unknown_words_mean_is_remembered() -> None:
    asked = read_text(WORDS, "EUR")
    value = asked.questions[0].options[0].id

    later = read_text(WORDS, "EUR", remembered={asked.shape: {"SIGN": value}})

    assert (finding(later, "SIGN").basis, finding(later, "SIGN").value) == ("REMEMBERED", value)
    assert amounts(later) == [10000, -4560, -440]


def test_a_third_word_is_neither_debit_nor_credit() -> None:
    value = read_text(WORDS, "EUR").questions[0].options[0].id

    *_, row = read_text(f"{WORDS}17.10.2026;Neu;1,00;quer\n", "EUR", answers={"SIGN": value}).rows()

    assert getattr(row, "reason", None) == "“quer” says neither debit nor credit."


def test_balances_show_what_two_unknown_words_mean() -> None:
    head, *rows = [*WORDS.splitlines(), "17.10.2026;Lohn;10,00;plus-minus"]
    balances = ("Saldo", "100,00", "54,40", "50,00", "60,00")
    text = "".join(f"{row};{balance}\n" for row, balance in zip((head, *rows), balances, strict=True))

    statement = read_text(text, "EUR")

    assert amounts(statement) == [10000, -4560, -440, 1000]
    assert finding(statement, "SIGN").message == (
        "In “Wohin”, “ab” is a debit and “plus-minus” a credit. The balances show it."
    )


def test_a_few_balances_that_fit_do_not_make_all_amounts_debits() -> None:
    rows = "".join(f"2026-10-{day:02},Shop,1.00,{balance}.00\n" for day, balance in enumerate((90, 80, 79, 60, 50), 1))

    (question,) = read_text(f"Date,Description,Amount,Balance\n{rows}").questions

    assert question.property == "SIGN"


def test_zeros_in_a_column_are_no_side_of_the_amounts() -> None:
    rows = "".join(f"12345678901,202610{day},-{day}.50,Shop,0\n" for day in (15, 14, 13))

    statement = read_text(f"{rows}12345678901,20261012,10.00,Pay,0\n")

    assert amounts(statement) == [-1550, -1450, -1350, 1000]


def test_the_day_of_completion_comes_before_that_of_the_order() -> None:
    header = "Started Date,Completed Date,Description,Amount\n"
    text = f"{header}2026-10-01,2026-10-02,Shop,-1.00\n2026-10-02,2026-10-04,Shop,-2.00\n"

    assert [f"{valid(row).booked_on}" for row in read_text(text).rows()] == ["2026-10-02", "2026-10-04"]


def test_numbered_texts_are_joined() -> None:
    text = "Date,Description 1,Description 2,Amount\n2026-10-01,Card,Shop,-1.00\n2026-10-02,Card,Bar,-2.00\n"

    assert [valid(row).description for row in read_text(text).rows()] == ["Card Shop", "Card Bar"]


@pytest.mark.parametrize("name", ["amount_cents", "Amount (cents)", "Amount in pence"])
def test_amounts_in_minor_units_are_refused(name: str) -> None:
    text = f"created,description,{name}\n2026-10-15,Coffee,-350\n2026-10-16,Lunch,-1250\n2026-10-17,Top-up,5000\n"

    refused = refusal(text)

    assert refused.code == "UNKNOWN_LAYOUT"
    assert f"“{name}” has amounts in minor units" in str(refused)


def test_an_amount_is_read_where_it_is_repeated_in_minor_units() -> None:
    text = "date,description,amount_cents,amount\n2026-10-15,Coffee,-350,-3.50\n2026-10-16,Lunch,-1250,-12.50\n"

    assert amounts(read_text(text)) == [-350, -1250]


@pytest.mark.parametrize("text", ["-45.60 zł", "-45.60 Kč", "-R45.60", "₱45.60", "RM45.60", "Rp45.60", "S/ 45.60"])
def test_an_amount_with_another_currency_s_mark_is_rejected(text: str) -> None:
    *_, row = read_text(f'Date,Description,Amount\n2026-10-14,Bar,-1.00\n2026-10-15,Shop,"{text}"\n', "EUR").rows()

    assert getattr(row, "reason_code", None) == "OTHER_CURRENCY"


def test_a_sign_in_a_header_names_another_currency() -> None:
    *_, row = read_text("Data;Loja;Valor (US$)\n15/10/2026;Bar;-1,50\n16/10/2026;Feira;-2,50\n", "BRL").rows()

    assert getattr(row, "reason_code", None) == "OTHER_CURRENCY"


def test_a_column_of_cents_beside_the_euros_is_refused() -> None:
    refused = refusal("Datum;Text;Euro;Cent\n03.03.2026;Brot;-4;05\n13.03.2026;Lohn;2100;00\n")

    assert refused.code == "UNKNOWN_LAYOUT"
    assert refused.message == "“Cent” has what stands behind the decimal mark in a column of its own."


def test_two_tables_side_by_side_are_refused() -> None:
    rows = "13.10.2026;Rewe;10,00;14.10.2026;Lohn;900,00\n15.10.2026;Aldi;2,50;;;\n"

    refused = refusal(f"Datum;Ausgabe;Betrag;Datum;Einnahme;Betrag\n{rows}")

    assert refused.code == "UNKNOWN_LAYOUT"
    assert "side by side" in refused.message


def test_balances_add_a_fee_to_what_was_answered_of_other_columns() -> None:
    text = (
        "Begun,Ended,Description,Amount,Fee,Balance\n2026-10-13,2026-10-14,In,100.00,0.00,100.00\n"
        "2026-10-14,2026-10-16,Out,-10.00,1.50,88.50\n2026-10-15,2026-10-19,Out,-8.00,0,80.50\n"
    )
    option = read_text(text).questions[0].options[1].id

    answered = read_text(text, answers={"COLUMNS": option})
    later = read_text(text, remembered={answered.shape: {"COLUMNS": columns(answered)}})

    assert option.startswith("date=Ended")
    assert "fee" not in option
    assert columns(answered) == option.replace("amount=Amount", "amount=Amount, fee=Fee")
    assert [finding(one, "COLUMNS").basis for one in (answered, later)] == ["ANSWERED", "REMEMBERED"]
    assert amounts(answered) == amounts(later) == [10000, -1150, -800]
