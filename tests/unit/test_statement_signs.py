"""Which amounts are debits: words, minus signs and balances together, and what is asked where they do not tell."""

import pytest

from tests.unit.statement_text import finding, read_text, rejected, valid
from txn_svc.statement import RejectedRow, Statement

CARD = "Date,Description,Amount,Balance\n"


def amounts(statement: Statement) -> list[int]:
    return [valid(row).amount_minor for row in statement.rows()]


def asked(statement: Statement) -> list[str]:
    (question,) = statement.questions
    assert question.property == "SIGN"
    return [option.id for option in question.options]


D_AND_C = (
    "Data;Descrição;Valor;D/C{0}\n13/10/2026;COMPRA A;50,00;D{1}\n14/10/2026;COMPRA B;23,40;D{2}\n"
    "15/10/2026;ESTORNO B;-23,40;D{3}\n16/10/2026;SALARIO;1.000,00;C{4}\n17/10/2026;COMPRA C;40,00;D{5}\n"
)


@pytest.mark.parametrize(
    "balances", [("",) * 6, (";Saldo", ";950,00", ";926,60", ";950,00", ";1.950,00", ";1.910,00")], ids=["", "balances"]
)
def test_a_minus_beside_a_word_takes_back_what_it_says(balances: tuple[str, ...]) -> None:
    statement = read_text(D_AND_C.format(*balances), "BRL")

    assert amounts(statement) == [-5000, -2340, 2340, 100000, -4000]
    assert finding(statement, "SIGN").value == "INDICATOR"


REVERSED = "Data;Valor;D/C{0}\n13/10/2026;50,00;D{1}\n15/10/2026;-50,00;D{2}\n16/10/2026;1.000,00;C{3}\n"


def test_a_booking_and_its_reversal_do_not_turn_the_signs_of_others() -> None:
    statement = read_text(REVERSED.format(";Saldo", ";950,00", ";1.000,00", ";2.000,00"), "BRL")

    assert amounts(statement) == [-5000, 5000, 100000]
    assert statement.proof.verdict == "BALANCES_MATCH"


def test_as_many_words_with_a_minus_as_without_are_asked_about() -> None:
    statement = read_text(REVERSED.format("", "", "", ""), "BRL")

    assert asked(statement) == ["SIGNED", "INVERTED", "INDICATOR"]
    answered = read_text(REVERSED.format("", "", "", ""), "BRL", answers={"SIGN": "INDICATOR"})
    assert amounts(answered) == [-5000, 5000, 100000]


def test_an_answer_says_what_the_rows_without_a_word_are_then() -> None:
    rows = "2026-10-01,A,CR,-5.00\n2026-10-02,B,,6.00\n2026-10-03,C,,7.00\n"
    answered = read_text("Date,What,Type,Amount\n" + rows, answers={"SIGN": "INDICATOR"}, is_credit=True)
    said = finding(answered, "SIGN")

    assert said.basis == "ANSWERED"
    assert "Only credits are marked, so the others are debits." in said.message
    assert [row.amount_minor for row in map(valid, answered.rows())] == [5_00, -6_00, -7_00]


def test_balances_that_fit_only_some_rows_decide_no_minus() -> None:
    rows = "2026-10-01,A,5.00,95.00\n2026-10-02,B,-5.00,100.00\n2026-10-03,C,30.00,130.00\n2026-10-04,D,7.00,137.00\n"

    assert asked(read_text(CARD + "2026-09-30,Z,-1.00,100.00\n" + rows.replace("7.00,137", "7.00,123"))) == [
        "SIGNED",
        "INVERTED",
    ]


def test_words_say_what_a_minus_means() -> None:
    rows = ("-50,00;Cargo", "20,00;Abono", "-7,00;Cargo", "90,00;Abono", "95,00;Abono")
    text = "Fecha;Concepto;Importe;Tipo\n" + "".join(f"{day}/10/2026;X;{row}\n" for day, row in enumerate(rows, 13))

    debits = read_text(text, "EUR")
    credits_ = read_text(
        text.replace(";-", ";").replace("20,", "-20,").replace("90,", "-90,").replace("95,", "-95,"), "EUR"
    )

    assert amounts(debits) == amounts(credits_) == [-5000, 2000, -700, 9000, 9500]
    assert [finding(one, "SIGN").value for one in (debits, credits_)] == ["SIGNED", "INVERTED"]


def test_a_word_glued_to_an_amount_with_a_minus_says_the_same() -> None:
    statement = read_text("Date,Description,Amount\n10/13/2026,A,-345.00 DR\n10/14/2026,B,5000.00 CR\n")

    assert amounts(statement) == [-34500, 500000]
    assert finding(statement, "SIGN").message.endswith("Debits are written with a minus.")


def test_what_one_of_two_words_means_is_asked_where_only_the_other_is_known() -> None:
    rows = "".join(f"10/{day}/2026,X,Debit,{day}.00\n" for day in range(13, 17))

    statement = read_text(f"Date,Description,Type,Amount\n{rows}10/20/2026,SERVICE,Fee,5.00\n")

    assert asked(statement) == ["Type: debit=debit, credit=fee", "DEBITS"]


def test_a_third_word_that_is_not_known_is_rejected_and_named() -> None:
    text = "Date,Description,Type,Amount\n"
    rows = "".join(f"10/{day}/2026,X,{word},5.00\n" for day, word in enumerate(["Debit"] * 9 + ["Credit", "Check"], 11))

    *rest, last = read_text(text + rows).rows()

    assert [valid(row).amount_minor for row in rest] == [-500] * 9 + [500]
    assert isinstance(last, RejectedRow)
    assert last.reason == "“Check” says neither debit nor credit."


def test_of_several_words_that_are_not_known_none_is_taken_for_the_other_side() -> None:
    words = ["Debit"] * 8 + ["Fee", "Check"]
    text = "Date,Description,Type,Amount\n" + "".join(
        f"10/{day}/2026,X,{one},5.00\n" for day, one in enumerate(words, 11)
    )

    statement = read_text(text)

    assert finding(statement, "SIGN").value == "INDICATOR"
    reasons = [row.reason for row in statement.rows() if isinstance(row, RejectedRow)]
    assert reasons == ["“Fee” says neither debit nor credit.", "“Check” says neither debit nor credit."]


def test_a_card_s_two_unknown_words_are_asked_about() -> None:
    text = "Date,Description,Type,Amount\n10/13/2026,WALMART,Purchase,50.00\n10/20/2026,THANK YOU,Payment,150.00\n"

    statement = read_text(text, is_credit=True)
    answered = read_text(text, is_credit=True, answers={"SIGN": "Type: debit=purchase, credit=payment"})

    assert "Type: debit=purchase, credit=payment" in asked(statement)
    assert amounts(answered) == [-5000, 15000]


def test_letters_that_are_no_opposites_are_no_words() -> None:
    rows = "".join(f"10/{day}/2026,X,{letter},{day}.00\n" for day, letter in enumerate("DDDID", 13))

    assert "DEBITS" in asked(read_text(f"Date,Description,D/I,Amount\n{rows}"))


def test_words_that_the_balances_contradict_decide_nothing() -> None:
    rows = (
        "10/13/2026,A,Debit,50.00,950.00\n10/14/2026,A,Debit,51.00,1001.00\n"
        "10/15/2026,A,Debit,52.00,949.00\n10/16/2026,B,Debit,53,1002\n"
    )

    assert asked(read_text(f"Date,Description,Type,Amount,Balance\n{rows}")) == ["BALANCE_DEBIT", "BALANCE_CREDIT"]


@pytest.mark.parametrize(
    ("answer", "expected", "opening"),
    [("SIGNED", [2340, 4000, -15000], 15000), ("INVERTED", [-2340, -4000, 15000], -15000)],
)
def test_the_balances_of_a_card_may_be_what_is_owed(answer: str, expected: list[int], opening: int) -> None:
    text = CARD + "10/14/2026,TARGET,23.40,173.40\n10/15/2026,SHELL,40.00,213.40\n10/20/2026,PAID,-150.00,63.40\n"

    statement = read_text(text, is_credit=True)
    answered = read_text(text, is_credit=True, answers={"SIGN": answer})

    assert asked(statement) == ["SIGNED", "INVERTED"]
    assert amounts(answered) == expected
    assert (answered.proof.verdict, answered.proof.opening_minor) == ("BALANCES_MATCH", opening)


def test_a_card_without_signs_asks_whether_its_balances_are_what_is_owed() -> None:
    rows = "10/14/2026,TARGET,23.40,173.40\n10/15/2026,SHELL,40.00,213.40\n10/20/2026,PAID,150.00,63.40\n"

    statement = read_text(CARD + rows, is_credit=True)
    told = read_text("Previous balance,,,150.00\n" + CARD + rows, is_credit=True)
    answered = read_text("Previous balance,,,150.00\n" + CARD + rows, is_credit=True, answers={"SIGN": "OWED_DEBIT"})

    assert asked(statement) == ["OWED_DEBIT", "OWED_CREDIT", "BALANCE_DEBIT", "BALANCE_CREDIT"]
    assert asked(told) == ["OWED_DEBIT", "BALANCE_CREDIT"]
    assert amounts(answered) == [-2340, -4000, 15000]
    assert answered.proof.opening_minor == -15000


def test_a_card_s_file_with_anybody_s_header_is_asked_about() -> None:
    text = "Date,Description,Amount\n2026-10-15,TESCO,23.40\n2026-10-14,THANK YOU,-100.00\n"

    assert finding(read_text(text), "SIGN").basis == "DECLARED"
    assert asked(read_text(text, is_credit=True)) == ["SIGNED", "INVERTED"]
    assert not read_text(text, is_credit=True, format_id="plain").questions


def test_balances_say_what_a_minus_in_a_column_of_credits_means() -> None:
    text = (
        "Date,Description,Debit,Credit,Balance\n10/13/2026,SHOP,20.00,,950.00\n10/14/2026,SHOP,20.00,,930.00\n"
        "10/15/2026,DEPOSIT REVERSED,,-100.00,830.00\n"
    )

    assert amounts(read_text(text)) == [-2000, -2000, -10000]


@pytest.mark.parametrize("count", [4, 14])
def test_what_all_others_are_the_oldest_row_is_only_if_they_are_many(count: int) -> None:
    rows = "".join(f"2026-10-{day:02},Shop,1.00,{1000 - day}.00\n" for day in range(1, count))

    statement = read_text(CARD + rows)

    if count < 10:
        assert asked(statement) == ["BALANCE_DEBIT", "BALANCE_CREDIT"]
    else:
        assert finding(statement, "SIGN").value == "DEBITS"


def test_columns_of_a_card_without_a_minus_are_what_they_are_called() -> None:
    text = "Date,Description,Charge,Payment,Balance\n"
    rows = "10/13/2026,SHOP,50.00,,150.00\n10/14/2026,BAR,23.40,,173.40\n10/20/2026,PAID,,150.00,23.40\n"

    statement = read_text(text + rows, is_credit=True)

    assert amounts(statement) == [-5000, -2340, 15000]
    assert (statement.proof.verdict, statement.proof.opening_minor) == ("BALANCES_MATCH", -10000)


SIDES = "Day,What,Debit,Credit\n2026-10-01,A,-43.12,\n2026-10-02,B,-3.00,\n2026-10-03,C,4.00,\n2026-10-04,D,,500.00\n"


def test_as_both_signs_stand_in_a_column_of_debits_it_is_asked_what_a_minus_is() -> None:
    statement = read_text(SIDES)
    (question,) = statement.questions
    shown = {option.id: [valid(row).amount_minor for row in option.rows] for option in question.options}

    assert shown == {"SPLIT_MINUS_DEBITS": [-4312, -300], "SPLIT": [4312, 300]}
    for rule, figures in {"SPLIT_MINUS_DEBITS": [-4312, -300, 400, 50000], "SPLIT": [4312, 300, -400, 50000]}.items():
        answered = read_text(SIDES, answers={"SIGN": rule})
        again = read_text(SIDES, remembered={statement.shape: {"SIGN": rule}})
        assert amounts(answered) == amounts(again) == figures
        assert [finding(one, "SIGN").basis for one in (answered, again)] == ["ANSWERED", "REMEMBERED"]
        assert ("Debits are written with a minus" in finding(answered, "SIGN").message) == (rule != "SPLIT")


def test_what_was_remembered_of_other_minus_signs_says_nothing_against_clear_ones() -> None:
    clear = SIDES.replace(",-", ",")

    statement = read_text(clear, remembered={read_text(clear).shape: {"SIGN": "SPLIT_MINUS_DEBITS"}})

    assert amounts(statement) == [-4312, -300, -400, 50000]
    assert (finding(statement, "SIGN").basis, finding(statement, "SIGN").value) == ("EVIDENCE", "SPLIT")


CHARGES = (
    "Date,Merchant,Type,Charges\n2026-01-05,Acme,{0},119.00\n2026-01-08,Zara,{0},60.00\n"
    "2026-01-15,Zara,{1},60.00\n2026-01-22,Shop,{0},61.00\n2026-01-23,Shop,{0},-2.00\n"
)


def test_words_beside_the_only_side_that_has_a_column_tell_what_is_on_the_other_one() -> None:
    statement = read_text(CHARGES.format("Purchase", "Refund"))

    assert amounts(statement) == [-119_00, -60_00, 60_00, -61_00, 2_00]
    assert finding(statement, "SIGN").value == "INDICATOR"


def test_a_word_that_contradicts_the_only_column_of_its_side_is_rejected() -> None:
    statement = read_text(CHARGES.format("Sale", "Refund"))
    first, second, refund, shop, back = statement.rows()

    assert finding(statement, "SIGN").message == "All amounts are in the column of debits."
    assert [valid(row).amount_minor for row in (first, second, shop, back)] == [-119_00, -60_00, -61_00, 2_00]
    assert (rejected(refund).reason_code, rejected(refund).column) == ("BAD_AMOUNT", "Type")
    assert "“Refund” says that it is a credit" in rejected(refund).reason


def test_a_word_that_says_the_same_as_a_minus_in_the_only_column_is_none_against_it() -> None:
    text = CHARGES.format("Sale", "Refund").replace(",-2.00", ",2.00").replace("Refund,", "Refund,-")

    assert amounts(read_text(text)) == [-119_00, -60_00, 60_00, -61_00, -2_00]
