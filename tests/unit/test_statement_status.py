"""Rows that the bank has not booked: by a word of their own, or by a line above them."""

import pytest

from tests.unit.statement_text import finding, read_text, rejected, rows_of, valid
from txn_svc.statement import RejectedRow, ValidRow
from txn_svc.statement.settling import CHECKED_ROWS

HEADER = "Date;What;Amount;Status"


def pending_lines(text: str, code: str = "EUR") -> list[int]:
    rows = rows_of(text, code)
    assert {row.reason_code for row in rows if isinstance(row, RejectedRow)} <= {"PENDING"}
    return [row.line for row in rows if isinstance(row, RejectedRow)]


@pytest.mark.parametrize(
    "word",
    [
        *("Reserved", "Blocked", "On hold", "Not posted", "Unposted", "Provisional", "Denied", "Voided", "Returned"),
        *("Rejected", "Expired", "Autorizada", "En proceso", "Anulada", "In lavorazione", "Autorizzato", "Annullato"),
        *("Venter", "Reservert", "Reserverad", "Oczekująca", "Blokada", "Odrzucona", "Čeká", "Függőben", "Beklemede"),
        *("Voorlopig", "Reservering", "Vormerkung", "Storniert", "Fehlgeschlagen", "Annulé", "Annulée", "Refusée"),
    ],
)
def test_a_word_in_any_language_says_that_a_row_is_not_booked(word: str) -> None:
    rows = "17/10/2026;Shop C;-5,60;{}\n16/10/2026;Shop B;-4,60;Booked\n15/10/2026;Shop A;-45,60;Booked\n"

    assert pending_lines(f"{HEADER}\n{rows.format(word)}") == [2]


def test_a_word_that_nobody_knows_beside_one_that_says_booked_is_not_booked() -> None:
    rows = "17/10/2026;Shop C;-5,60;Frobbed\n16/10/2026;Shop B;-4,60;Booked\n15/10/2026;Shop A;-45,60;\n"
    unknown, *others = rows_of(f"{HEADER}\n{rows}", "EUR")

    assert (rejected(unknown).reason_code, rejected(unknown).column) == ("PENDING", "Status")
    assert "“Frobbed”" in rejected(unknown).reason
    assert all(isinstance(row, ValidRow) for row in others)


def test_the_one_word_beside_those_that_say_pending_says_that_a_row_is_booked() -> None:
    rows = "17/10/2026;Shop C;-5,60;Pending\n16/10/2026;Shop B;-4,60;Frobbed\n15/10/2026;Shop A;-45,60;Frobbed\n"

    assert pending_lines(f"{HEADER}\n{rows}") == [2]
    assert options(f"{HEADER}\n{rows}14/10/2026;Shop D;-1,00;Blurred\n") == ["frobbed", "blurred", "frobbed|blurred"]


UNKNOWN = "17/10/2026;Shop C;-5,60;{}\n16/10/2026;Shop B;-4,60;{}\n15/10/2026;Shop A;-45,60;{}\n"


def options(text: str) -> list[str]:
    (question,) = read_text(text, "EUR").questions
    assert question.property == "STATUS"
    return [option.id for option in question.options]


def test_which_of_the_words_that_nobody_knows_says_that_a_row_is_booked_is_asked() -> None:
    text = f"{HEADER}\n" + UNKNOWN.format("Blur", "Frob", "Frob")
    (question,) = read_text(text, "EUR").questions
    shown = {option.id: [isinstance(row, ValidRow) for row in option.rows] for option in question.options}
    answered = read_text(text, "EUR", answers={"STATUS": "frob"})
    not_booked, *booked = answered.rows()

    # One row of each word is shown.
    assert shown == {"frob": [False, True], "blur": [True, False], "frob|blur": [True, True]}
    assert question.options[0].label == "Booked are the rows with “Frob”"
    assert (rejected(not_booked).reason_code, rejected(not_booked).column) == ("PENDING", "Status")
    assert "“Blur”" in rejected(not_booked).reason
    assert [valid(row).line for row in booked] == [3, 4]
    assert finding(answered, "STATUS").basis == "ANSWERED"


def test_of_four_words_one_or_all_but_one_may_say_that_a_row_is_booked() -> None:
    rows = UNKNOWN.format("Aa", "Bb", "Cc") + UNKNOWN.format("Dd", "Aa", "Bb")

    assert options(f"{HEADER}\n{rows}") == [
        *("aa", "bb", "cc", "dd", "aa|bb|cc", "aa|bb|dd", "aa|cc|dd", "bb|cc|dd", "aa|bb|cc|dd")
    ]


def test_a_row_without_a_word_may_be_booked_or_not() -> None:
    text = f"{HEADER}\n" + UNKNOWN.format("P", "", "-")
    first, *others = read_text(text, "EUR", answers={"STATUS": "-"}).rows()

    assert options(text) == ["-", "p", "-|p"]
    assert rejected(first).reason_code == "PENDING"
    assert [valid(row).line for row in others] == [3, 4]


def test_balances_tell_which_words_are_of_rows_that_are_booked() -> None:
    rows = ["15/10/2026;A;-10,00;Frob;90,00", "16/10/2026;B;-5,00;Blur;{}", "17/10/2026;C;-20,00;Frob;{}"]
    text = "\n".join([f"{HEADER};Balance", *rows])
    statement, of_all = (read_text(text.format(*two), "EUR") for two in (("90,00", "70,00"), ("85,00", "65,00")))

    assert (finding(statement, "STATUS").basis, finding(statement, "STATUS").value) == ("EVIDENCE", "frob")
    assert [row.line for row in statement.rows() if isinstance(row, RejectedRow)] == [3]
    assert (finding(of_all, "STATUS").basis, finding(of_all, "STATUS").value) == ("EVIDENCE", "frob|blur")
    assert options(text.format("85,00", "70,50")) == ["frob", "blur", "frob|blur"]


def test_what_a_status_says_is_remembered_and_a_word_that_is_new_is_not_booked() -> None:
    text = f"{HEADER}\n" + UNKNOWN.format("Blur", "Frob", "New")
    shape = read_text(text, "EUR").shape
    statement = read_text(text, "EUR", remembered={shape: {"STATUS": "frob|blur"}})

    assert finding(statement, "STATUS").basis == "REMEMBERED"
    assert [row.line for row in statement.rows() if isinstance(row, RejectedRow)] == [4]


def test_a_column_of_many_words_or_of_sentences_is_no_status() -> None:
    many = "".join(f"{day}/10/2026;Shop;-5,60;Word {day}\n" for day in range(13, 20))

    assert pending_lines(f"{HEADER}\n{many}") == []
    assert pending_lines(f"{HEADER}\n" + UNKNOWN.format("x" * 41, "Frob", "Frob")) == []


def test_what_failed_is_no_status_among_kinds_of_bookings() -> None:
    rows = "17/10/2026;Shop C;5,60;Returned\n16/10/2026;Shop B;-4,60;Purchase\n15/10/2026;Shop A;-45,60;Purchase\n"

    assert pending_lines(f"Date;What;Amount;Kind\n{rows}") == []


def test_a_word_where_the_day_of_the_booking_stands_says_that_there_is_none() -> None:
    header = "Reskontradatum;Transaktionsdatum;Text;Belopp;Saldo"
    rows = "Prel;2026-10-16;COOP;-50,00;\n2026-10-15;2026-10-14;ICA;-123,00;877,00\n"

    assert pending_lines(f"{header}\n{rows}2026-10-12;2026-10-12;Lön;1000,00;1000,00\n", "SEK") == [2]


CHASE = "Details,Posting Date,Description,Amount,Type,Balance,Check or Slip #"


def test_the_newest_rows_of_a_bank_without_a_balance_are_not_booked() -> None:
    row = "DEBIT,11/{}/2026,Shop,-{}.00,DEBIT_CARD,{},,\n"
    pending = row.format(18, 5, " ") + row.format(17, 6, " ")
    booked = row.format(16, 1, "90.00") + row.format(15, 2, "91.00") + row.format(14, 3, "93.00")

    statement = read_text(f"{CHASE}\n{pending}{booked}")
    assert statement.format_id == "chase-checking"
    assert [row.line for row in statement.rows() if isinstance(row, RejectedRow)] == [2, 3]
    assert pending_lines(f"{CHASE}\n{pending}{booked}", "USD") == [2, 3]
    # Where an older row has none either, it says nothing.
    assert pending_lines(f"{CHASE}\n{pending}{booked}" + row.format(13, 4, ""), "USD") == []


def test_a_plain_file_with_a_title_or_another_table_is_read_as_any_other() -> None:
    text = "date,description,amount\n2026-10-14,Shop,-1.00\n2026-10-15,Shop,-2.00\n{}2026-10-16,Shop,-3.00\n"
    (question,) = read_text(text.format("Savings pot\n")).questions
    below = list(read_text(text.format("Visited,Shop name,Spent\n")).rows())

    assert [option.id for option in question.options] == ["the rows above", "Savings pot", "HERE"]
    assert question.options[1].label == "Only the rows below “Savings pot”"
    assert [rejected(row).line for row in below[2:]] == [5]
    assert "another table" in rejected(below[2]).reason


@pytest.mark.parametrize(
    ("title", "code", "booked"),
    [
        ("Reserved,,", "PENDING", 1),
        ("Pending transactions", "PENDING", 1),
        ("Account: Savings 2222", "OTHER_ACCOUNT", 0),
    ],
)
def test_a_title_far_below_the_header_of_a_plain_file_counts_too(title: str, code: str, booked: int) -> None:
    rows = "2026-10-15,Shop,-1.00\n" * CHECKED_ROWS
    text = f"date,description,amount\n{rows}{title}\n2026-10-16,A,-3.00\nBooked,,\n2026-10-16,B,-3.00\n"
    statement = read_text(text)

    assert statement.format_id == "plain"
    assert [row.reason_code for row in statement.rows() if isinstance(row, RejectedRow)] == [code] * (2 - booked)
    assert sum(isinstance(row, ValidRow) for row in statement.rows()) == CHECKED_ROWS + booked


@pytest.mark.parametrize("text", ["PENDING - SHELL", "SHELL (Pending)", "SHELL #1 PENDING"])
def test_a_text_of_a_plain_file_that_says_pending_is_of_a_row_that_is_not_booked(text: str) -> None:
    rows = f"2026-10-15,{text},-1.00\n2026-10-14,SPENDING CO,-2.00\n2026-10-13,Pendinger,-2.00\n"

    assert pending_lines(f"date,description,amount\n{rows}", "USD") == [2]


def test_a_text_that_begins_with_pending_is_of_a_row_that_is_not_booked() -> None:
    rows = "10/19/2026,PENDING - SHELL,-40.00\n10/18/2026,TARGET,-23.40\n10/17/2026,SPENDING CO,-3.40\n"

    assert pending_lines(f"Date,What,Amount\n{rows}", "USD") == [2]


@pytest.mark.parametrize("header", ["date,description,amount", "Date,What,Amount", "Date,What,Amount,Value date"])
def test_a_row_after_the_day_of_the_upload_is_not_booked_yet(header: str) -> None:
    days = ["2026-11-20", "2026-11-21", "2026-11-22", "2027-01-05"]
    value_day = ",2026-11-25" * header.endswith("Value date")
    rows = rows_of("\n".join([header, *(f"{day},Rent,-900.00{value_day}" for day in days)]))

    # A file from where the day begins earlier is of tomorrow.
    assert [valid(row).booked_on.day for row in rows[:2]] == [20, 21]
    assert [(rejected(row).line, rejected(row).reason_code, rejected(row).column) for row in rows[2:]] == [
        (4, "PENDING", header.split(",", maxsplit=1)[0]),
        (5, "PENDING", header.split(",", maxsplit=1)[0]),
    ]
    assert "“2026-11-22” is 2026-11-22, which is after 2026-11-21" in rejected(rows[2]).reason


def test_a_title_says_that_the_rows_below_it_are_pending() -> None:
    header, row = "Date,What,Amount", "10/{}/2026,Shop,-40.00"
    first = ["Pending Transactions", header, row.format(20), row.format(19)]
    others = ["Posted Transactions", header, row.format(18), row.format(17)]

    assert pending_lines("\n".join([*first, *others])) == [3, 4]
    assert pending_lines("\n".join([*others, *first])) == [7, 8]
    assert pending_lines("\n".join([header, *first[2:], "Vorgemerkte Umsätze,,", *others[2:]])) == [5, 6]


def test_rows_below_a_line_that_names_another_account_are_asked_about() -> None:
    header = "Date,What,Amount"
    text = f"Account,Main 1111\n{header}\n10/15/2026,Bar,-23.40\nAccount,Savings 2222\n{header}\n10/14/2026,Fee,-0.50\n"
    (question,) = read_text(text).questions
    main, savings = read_text(text, answers={"ACCOUNT": "Main 1111"}).rows()

    assert question.property == "ACCOUNT"
    assert [option.id for option in question.options] == ["Main 1111", "Savings 2222", "HERE"]
    assert (valid(main).line, rejected(savings).reason_code) == (3, "OTHER_ACCOUNT")


def test_an_account_below_all_rows_names_none() -> None:
    text = "Date,What,Amount\n10/15/2026,Bar,-23.40\n10/14/2026,Fee,-0.50\nAccount: 2222 3333,,\n"
    statement = read_text(text)

    assert statement.account_number is None
    assert [valid(row).line for row in statement.rows()] == [2, 3]


def test_rows_above_the_first_line_that_names_an_account_are_of_one_too() -> None:
    header = "Date,What,Amount"
    text = f"{header}\n10/15/2026,Bar,-23.40\nAccount: 2222 3333,,\n{header}\n10/14/2026,Fee,-0.50\n"
    (question,) = read_text(text).questions
    above, below = read_text(text, answers={"ACCOUNT": "2222 3333"}).rows()

    assert [option.id for option in question.options] == ["the rows above", "2222 3333", "HERE"]
    assert (rejected(above).reason_code, valid(below).line) == ("OTHER_ACCOUNT", 5)


def test_a_remembered_word_that_the_file_does_not_have_is_not_taken() -> None:
    text = "Date;Text;Amount;Status\n2026-10-13;Bar;-1.00;⚫️\n2026-10-14;Pub;-2.00;⚫️\n2026-10-15;Inn;-3.00;⚪️\n"
    shape = read_text(text).shape

    later = read_text(text, remembered={shape: {"STATUS": "⚫️"}})
    known = read_text(text, remembered={shape: {"STATUS": "⚫"}})

    assert [question.property for question in later.questions] == ["STATUS"]
    assert [row.line for row in known.rows() if isinstance(row, RejectedRow)] == [4]
