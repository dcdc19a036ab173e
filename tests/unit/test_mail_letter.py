import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from notifier.facts import Facts, Undo
from notifier.letter import MONTHS_SHOWN, Letter, write
from protos.txn.v1 import txn_pb2 as txn
from tests.unit.letters import (
    YEAR_RULE,
    asking_import,
    brief_import,
    brief_summary,
    facts,
    failed_import,
    month,
    reverted_import,
    reverting_import,
    undo,
)

WEB_URL = "https://stori.example/"
HOSTILE = '<script>alert(1)</script><img src=x onerror="alert(2)"> {{ 7*7 }} {% raw %}'


class _Page(HTMLParser):
    """The words a reader sees, and the elements and addresses of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words, self.tags, self.links, self.sources = "", set[str](), list[str](), list[str]()
        self._hidden = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self._hidden += tag in {"style", "title"}
        self.links += [value or "" for name, value in attrs if name == "href"]
        self.sources += [value or "" for name, value in attrs if name in {"src", "background"}]

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in {"style", "title"}

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.words += " " + data


def spoken(letter: Letter) -> tuple[str, str]:
    """The text and the HTML as words, white space folded."""
    return " ".join(letter.text.split()), " ".join(_Page(letter.html).words.split())


def test_the_brief_s_figures_stand_in_text_and_html() -> None:
    letter = write(facts(), WEB_URL)

    for words in spoken(letter):
        for figure in ("39.74", "-15.38", "35.25", "60.50", "-10.30", "10.00", "-20.46", "July 2026", "August 2026"):
            assert figure in words


def test_the_account_and_the_file_are_two_labelled_blocks() -> None:
    summary = brief_summary(balance_minor=999_900, average_debit_minor=-7, average_credit_minor=8)

    for words in spoken(write(facts(summary=summary), WEB_URL)):
        account, file = re.split("this file alone", words, flags=re.IGNORECASE)

        assert "your account now" in account.lower()
        assert {"9,999.00", "-0.07", "0.08"} <= set(account.split())
        assert {"-15.38", "35.25"} <= set(file.split())
        assert "9,999.00" not in file


def test_the_subject_names_file_news_and_balance() -> None:
    assert write(facts(), WEB_URL).subject == "brief.csv: 4 new transactions, balance 39.74 USD"


def test_a_repeated_file_says_that_nothing_is_new() -> None:
    letter = write(facts(brief_import(imported_count=0, duplicate_count=4)), WEB_URL)

    assert letter.subject == "brief.csv: nothing new, balance 39.74 USD"
    for words in spoken(letter):
        assert "Nothing new in this file" in words
        assert "0 new, 4 already here, 0 not read" in words


def test_an_assumption_is_stated_and_evidence_is_not() -> None:
    evidence = txn.ImportFinding(basis=txn.FINDING_BASIS_EVIDENCE, message="The file is UTF-8.")
    found = brief_import()
    found.findings.append(evidence)

    for words in spoken(write(facts(found), WEB_URL)):
        assert YEAR_RULE in words
        assert "UTF-8" not in words


def test_rejected_rows_are_named_with_line_and_reason() -> None:
    row = txn.ImportRow(line=7, column="Date", reason="2/29 does not exist in 2026.")
    found = brief_import(rejected_count=5)

    for words in spoken(write(facts(found, rejects=(row,)), WEB_URL)):
        assert "Line 7, Date: 2/29 does not exist in 2026." in words
        assert "The others are listed in Stori." in words


def test_a_failure_says_what_is_wrong_and_what_to_do() -> None:
    letter = write(facts(failed_import()), WEB_URL)

    assert letter.subject == "brief.csv could not be imported"
    for words in spoken(letter):
        assert "Line 1 has the columns Foo and Bar" in words
        assert "rows with a date and an amount" in words
        assert "39.74" not in words


def test_a_failure_says_nothing_that_a_later_attempt_makes_untrue() -> None:
    for words in spoken(write(facts(failed_import()), WEB_URL)):
        assert "This attempt added nothing to your account." in words
        assert "balance" not in words


def test_an_undo_says_what_went_and_the_account_now() -> None:
    letter = write(facts(reverted_import(), undo=undo(4)), WEB_URL)

    assert letter.subject == "brief.csv was undone: 4 transactions removed, balance 39.74 USD"
    for words in spoken(letter):
        assert "This file was undone" in words
        assert "brief.csv was imported into Everyday on November 20, 2026, 12:04 PM CST" in words
        assert "undone on November 20, 2026, 12:09 PM CST" in words
        assert "4 transactions removed." in words
        assert "stayed" not in words
        assert {"39.74", "-15.38", "35.25", "60.50", "-20.46"} <= set(words.split())
        assert "Reference: imp_01jexample" in words


@pytest.mark.parametrize(
    ("removed", "kept", "sentence"),
    [
        (3, 1, "3 transactions removed; 1 transaction stayed, because another file or a record by hand kept it."),
        (1, 2, "1 transaction removed; 2 transactions stayed, because another file or a record by hand kept them."),
        (0, 4, "Nothing removed; 4 transactions stayed, because another file or a record by hand kept them."),
        (0, 0, "Nothing removed."),
    ],
)
def test_an_undo_says_how_many_stay_and_why(removed: int, kept: int, sentence: str) -> None:
    for words in spoken(write(facts(reverted_import(), undo=undo(removed, kept)), WEB_URL)):
        assert sentence in words


def test_an_undo_s_figures_are_the_undo_s_and_not_the_import_s() -> None:
    found = reverted_import(imported_count=7, duplicate_count=8, rejected_count=9)

    for words in spoken(write(facts(found, undo=undo(5, 6)), WEB_URL)):
        assert "5 transactions removed; 6 transactions stayed" in words
        assert "7 new" not in words


@pytest.mark.parametrize(
    ("found", "subject", "headline", "fate"),
    [
        (
            reverted_import(),
            "brief.csv: imported and undone since, balance 39.74 USD",
            "Imported, and undone since",
            "It has been undone since; the figures below are those of now.",
        ),
        (
            reverting_import(),
            "brief.csv: imported and being undone, balance 39.74 USD",
            "Imported, and being undone",
            "It is being undone at this moment; the figures below may still change.",
        ),
    ],
)
def test_what_was_imported_and_undone_since_is_said_with_the_balance_of_now(
    found: txn.Import, subject: str, headline: str, fate: str
) -> None:
    found.rejected_count = 1
    row = txn.ImportRow(line=7, column="Date", reason="2/29 does not exist in 2026.")

    letter = write(facts(found, rejects=(row,)), WEB_URL)

    assert letter.subject == subject
    for words in spoken(letter):
        assert words.index(headline) < words.index("4 new, 0 already here, 1 not read.") < words.index(fate)
        assert "39.74" in words
        for obsolete in ("new transaction", "this file alone", "2/29", "assumed"):
            assert obsolete not in words.lower()


@pytest.mark.parametrize("found", [facts(reverted_import()), facts(reverted_import(), undo=undo())])
def test_an_account_that_is_empty_again_has_no_table_of_months(found: Facts) -> None:
    letter = write(replace(found, summary=txn.Summary(currency_code="USD")), WEB_URL)

    assert letter.subject.endswith("balance 0.00 USD")
    for words in spoken(letter):
        assert "Average debit –" in words
        assert "Month" not in words


def test_a_question_says_what_is_asked_and_links_to_the_import() -> None:
    letter = write(facts(asking_import(), is_question=True), WEB_URL)

    assert letter.subject == "brief.csv needs an answer before it is imported"
    assert _Page(letter.html).links == ["https://stori.example/imports/imp_01jexample"]
    assert "https://stori.example/imports/imp_01jexample" in letter.text
    for words in spoken(letter):
        assert "November 20, 2026, 12:04 PM CST. Nothing of it is booked until you answer." in words
        assert "The dates read both ways: 3/4/2026 is in March or in April." in words
        assert words.index("Month first: 4 March 2026") < words.index("Day first: 3 April 2026")
        assert "39.74" not in words


def test_two_questions_are_counted_and_both_are_told() -> None:
    found = asking_import()
    found.questions.append(txn.ImportQuestion(id="SIGN", message="Which amounts are debits?"))

    letter = write(facts(found, is_question=True), WEB_URL)

    assert letter.subject == "brief.csv needs 2 answers before it is imported"
    for words in spoken(letter):
        assert "This file needs 2 answers" in words
        assert words.index("The dates read both ways") < words.index("Which amounts are debits?")


@pytest.mark.parametrize("state", ["PLANNING", "READY", "COMPLETED", "FAILED", "REVERTED", "DISCARDED"])
def test_a_question_that_is_not_asked_any_more_is_said_to_be_over(state: str) -> None:
    found = asking_import(state=f"IMPORT_STATE_{state}", questions=[])

    letter = write(facts(found, is_question=True), WEB_URL)

    assert letter.subject == "brief.csv asked, and does not any more"
    for words in spoken(letter):
        assert "there is nothing left to answer" in words
        assert "until you answer" not in words


@pytest.mark.parametrize("code", txn.ImportFailureCode.values())
def test_every_failure_has_advice(code: txn.ImportFailureCode.ValueType) -> None:
    words, _ = spoken(write(facts(failed_import(failure_code=code)), WEB_URL))

    assert re.search(r"WHAT YOU CAN DO \w", words)


@pytest.mark.parametrize("news", [None, undo(3, 1)])
@pytest.mark.parametrize("make", [brief_import, failed_import, reverted_import, reverting_import])
def test_text_from_outside_is_inert(make: "type[txn.Import]", news: Undo | None) -> None:
    finding = txn.ImportFinding(basis=txn.FINDING_BASIS_ASSUMPTION, message=HOSTILE)
    row = txn.ImportRow(line=1, column=HOSTILE, reason=HOSTILE)
    found = make(file_name=HOSTILE, failure=HOSTILE, findings=[finding], rejected_count=1)

    page = _Page(write(facts(found, rejects=(row,), account_name=HOSTILE, undo=news), WEB_URL).html)

    assert "script" not in page.tags
    assert "img" not in page.tags
    assert "{{ 7*7 }}" in page.words
    assert not page.sources


@pytest.mark.parametrize("found", [facts(), facts(reverted_import(), undo=undo())])
def test_the_page_loads_nothing_and_links_only_to_stori(found: Facts) -> None:
    html = write(found, WEB_URL).html

    assert set(_Page(html).links) == {"https://stori.example"}
    assert "@import" not in html
    assert "url(" not in html


def test_a_question_s_words_are_inert() -> None:
    option = txn.ImportOption(id="A", label=HOSTILE)
    found = asking_import(file_name=HOSTILE, questions=[txn.ImportQuestion(message=HOSTILE, options=[option])])

    page = _Page(write(facts(found, account_name=HOSTILE, is_question=True), WEB_URL).html)

    assert page.tags.isdisjoint({"script", "img"})
    assert page.words.count("{{ 7*7 }}") == 4


def test_control_and_direction_characters_do_not_survive_in_a_name() -> None:
    letter = write(facts(brief_import(file_name="a\r\nBcc: x\u202egpj.csv\x1b[0m")), WEB_URL)

    assert letter.subject.startswith("a Bcc: x gpj.csv [0m:")


def test_only_the_newest_months_are_shown_and_it_says_so() -> None:
    months = [month(f"{2000 + index // 12}-{index % 12 + 1:02}", 100, -100) for index in range(240)]

    letter = write(facts(summary=brief_summary(months=months)), WEB_URL)

    for words in spoken(letter):
        assert "December 2019" in words
        assert "December 2018" not in words
        assert f"The newest {MONTHS_SHOWN} of 240 months" in words
    assert len(letter.html) < 100_000, "Gmail cuts a longer one"


def test_an_account_without_debits_shows_no_average_debit() -> None:
    summary = brief_summary()
    summary.ClearField("average_debit_minor")

    words, _ = spoken(write(facts(summary=summary), WEB_URL))

    assert "Average debit –" in words
