"""The formats' files: what they may say, what is refused, and which header is whose."""

from pathlib import Path

import pytest

from txn_svc.statement.format import Roles
from txn_svc.statement.formats import BadFormat, format_ids, formats, recognise
from txn_svc.statement.formats.folder import read_folder

GOOD = """
id: bank
name: A bank
country: NO
delimiter: ";"
header: |
  "Dato";"Tekst #1";"Ut";"Inn";"Saldo";"Mynt";"Saldo";
columns:
  date: Dato
  description: "Tekst #1"
  debit: Ut
  credit: Inn
  balance: 5
dates: DMY
decimal_mark: ","
sign: SPLIT
"""
HEADERLESS = """
id: bank
name: A bank
delimiter: "\\t"
width: 4
columns: {date: 1, amount: 2, indicator: 3, description: [4, 3]}
debit_words: D
credit_words: [c, " Credit "]
"""


def read(folder: Path, **texts: str) -> None:
    for stem, text in texts.items():
        (folder / f"{stem}.yaml").write_text(text, encoding="utf-8")
    read_folder(folder)


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(BadFormat) as refused:
        read(folder, bank=text)
    return str(refused.value)


def test_a_file_becomes_a_format(tmp_path: Path) -> None:
    (tmp_path / "bank.yaml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "readme.md").write_text("no format")

    [found] = read_folder(tmp_path).by_id.values()

    assert found.country == "NO"
    assert (found.delimiter, found.width) == (";", 8)
    assert found.header == ("Dato", "Tekst #1", "Ut", "Inn", "Saldo", "Mynt", "Saldo", "")
    assert found.roles == Roles(date=0, description=(1,), debit=2, credit=3, balance=4)
    assert (found.date_order, found.decimal_mark, found.sign) == ("DMY", ",", "SPLIT")


def test_a_file_without_a_header_counts_its_columns(tmp_path: Path) -> None:
    (tmp_path / "bank.yaml").write_text(HEADERLESS, encoding="utf-8")

    [found] = read_folder(tmp_path).by_id.values()

    assert (found.delimiter, found.header, found.width) == ("\t", (), 4)
    assert found.roles == Roles(date=0, amount=1, indicator=2, description=(3, 2))
    assert found.debit_words == {"d"}
    assert found.credit_words == {"c", "credit"}
    assert (found.date_order, found.decimal_mark, found.sign) == (None, None, None)


@pytest.mark.parametrize(
    ("told", "instead", "said"),
    [
        ("name: A bank\n", "", "bank.yaml: name: is missing."),
        ("sign:", "signs:", "bank.yaml: signs: is no key that a format has."),
        ("id: bank", "id: other", "bank.yaml: id: “other” is not the name of the file."),
        ("dates: DMY", "dates: YDM", "bank.yaml: dates: Input should be 'DMY', 'MDY', 'YMD', 'DM' or 'MD'."),
        ('delimiter: ";"', 'delimiter: ":"', "bank.yaml: delimiter.0: Input should be"),
        ("sign: SPLIT", "sign: SIGNED", "bank.yaml: sign: SIGNED does not go with the columns of amounts."),
        ("sign: SPLIT", "pending_words: x", "bank.yaml: pending_words: they need columns.status."),
        ("sign: SPLIT", "stable_ids: true", "bank.yaml: stable_ids: they need columns.external_id."),
        ("sign: SPLIT", "debit_words: x", "bank.yaml: debit_words, credit_words: they need columns.indicator."),
        ("sign: SPLIT", "width: 7", "bank.yaml: width: the header has 8 columns already."),
        ("sign: SPLIT", "sign: SPLIT\nsign: SPLIT", "bank.yaml: sign is there twice."),
        ("balance: 5", "balance: Saldo", "bank.yaml: columns.balance: the header has “Saldo” 2 times, so say its num"),
        ("balance: 5", "balance: 9", "bank.yaml: columns.balance: there is no column “9”."),
        ("balance: 5", "balance: Rest", "bank.yaml: columns.balance: there is no column “Rest”."),
        ('"Tekst #1"\n', "Tekst #1\n", "bank.yaml: columns.description: there is no column “Tekst”."),
        ("balance: 5", "amount: 5", "bank.yaml: columns.amount: there is either one, or a debit, a credit, or both."),
        ("  debit: Ut\n", "  debit: [Ut]\n", "bank.yaml: columns.debit: Input should be a valid string."),
        ('  "Dato"', '  x\n  "Dato"', "bank.yaml: header: it is one line, not 2."),
        (GOOD, "- a\n", "bank.yaml: the whole file: Input should be"),
        (GOOD, "a: [\n", "bank.yaml: while parsing a flow"),
    ],
)
def test_what_is_wrong_is_named_with_its_file_and_key(tmp_path: Path, told: str, instead: str, said: str) -> None:
    read(tmp_path, bank=GOOD)

    assert refusal(tmp_path, GOOD.replace(told, instead, 1)).startswith(said)


def test_a_file_without_a_header_needs_a_width(tmp_path: Path) -> None:
    said = refusal(tmp_path, HEADERLESS.replace("width: 4\n", ""))

    assert said == "bank.yaml: header: it is missing, and where the bank's files have none, the width is."


def test_rows_may_be_wider_than_the_header() -> None:
    of_bank = formats()["chase-checking"]

    found = recognise(of_bank.header, ",")

    assert found is not None
    assert (len(found.header), found.width) == (7, 8)


def test_a_word_cannot_be_of_debits_and_of_credits(tmp_path: Path) -> None:
    read(tmp_path, bank=HEADERLESS)

    said = refusal(tmp_path, HEADERLESS.replace("debit_words: D", "debit_words: [D, credit]"))

    assert said == "bank.yaml: debit_words, credit_words: “credit” cannot be both."


@pytest.mark.parametrize("same", [GOOD, GOOD.replace('"Dato"', "DATO "), GOOD.replace('"Saldo";\n', '"Saldo"\n')])
def test_two_formats_with_one_header_are_refused(tmp_path: Path, same: str) -> None:
    same = same.replace("date: Dato", "date: 1").replace("id: bank", "id: same")

    with pytest.raises(BadFormat, match=r"^same\.yaml: header: it has the columns of bank\.yaml\.$"):
        read(tmp_path, bank=GOOD, same=same)


def test_without_a_header_nothing_is_recognised(tmp_path: Path) -> None:
    (tmp_path / "bank.yaml").write_text(HEADERLESS, encoding="utf-8")

    assert not read_folder(tmp_path).by_shape


def test_a_header_is_recognised_in_any_order_case_and_padding() -> None:
    found = recognise([" saldo ", "IMPORTE", "Fecha", "Concepto"], ";")

    assert found is not None
    assert (found.id, found.header) == ("caixabank", (" saldo ", "IMPORTE", "Fecha", "Concepto"))
    assert found.roles == Roles(balance=0, amount=1, date=2, description=(3,))


@pytest.mark.parametrize(
    ("header", "delimiter"),
    [
        (["Concepto", "Fecha", "Importe", "Saldo"], ","),
        (["Concepto", "Fecha", "Importe"], ";"),
        (["Concepto", "Fecha", "Importe", "Saldo", "Nota"], ";"),
        (["Concepto", "Fecha", "Importe", "Saldo", "Saldo"], ";"),
        (["Concepto", "", "Fecha", "Importe", "Saldo"], ";"),
        ([], ";"),
        (["", ""], ";"),
    ],
)
def test_a_header_with_other_columns_is_not_recognised(header: list[str], delimiter: str) -> None:
    assert recognise(header, delimiter) is None


def test_columns_without_a_name_at_the_end_are_none() -> None:
    found = recognise(["Concepto", "Fecha", "Importe", "Saldo", "", " "], ";")

    assert found is not None
    assert (found.id, found.width, found.roles.balance) == ("caixabank", 6, 3)


def test_a_header_with_a_name_twice_is_recognised_in_the_bank_s_order_only() -> None:
    of_bank = formats()["ing-de"]
    swapped = [*of_bank.header[:5], "Betrag", "Währung", "Saldo", "Währung"]

    assert recognise(of_bank.header, ";") == of_bank
    assert recognise(swapped, ";") is None


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_plain_columns_have_either_delimiter(delimiter: str) -> None:
    found = recognise(["Date", "Description", "Amount"], delimiter)

    assert found is not None
    assert (found.id, found.delimiter) == ("plain", delimiter)


def test_formats_are_of_enough_banks_and_in_order() -> None:
    banks = {found.bank for found in formats().values() if found.bank is not None}

    assert len(banks) >= 15
    assert list(format_ids()) == sorted(format_ids())
    assert {"brief", "plain"} <= set(format_ids())
