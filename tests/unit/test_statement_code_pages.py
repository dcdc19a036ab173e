"""Which encoding a statement is in is told from its letters, with the lines that tell; or it is left open."""

import codecs
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from txn_svc.statement.encoding import Encoding, examine
from txn_svc.statement.lines import read_lines
from txn_svc.statement.model import Unreadable
from txn_svc.statement.transcode import EncodingName

# Each is a bank's file as it may be: none of the rule's own words stands for the whole.
STATEMENTS: dict[str, tuple[EncodingName, str]] = {
    "Spanish": (
        "windows-1252",
        "Fecha;Concepto;Importe\n01/07/2026;Compra en Cañitas, Logroño;-12,30\n02/07/2026;Peluquería Begoña;-20,00\n",
    ),
    "Portuguese": (
        "windows-1252",
        "Data;Descrição;Valor\n01/07/2026;Padaria do João;-3,20\n02/07/2026;Prestação da habitação;-500,00\n",
    ),
    "German": (
        "windows-1252",
        "Buchungstag;Verwendungszweck;Betrag\n01.07.2026;Bäckerei Schröder;-3,20 €\n02.07.2026;Überweisung;5,00\n",
    ),
    "French": (
        "windows-1252",
        "Date;Libellé;Débit\n01/07/2026;Prélèvement Électricité de l’Est;-3,20\n02/07/2026;Crêperie chez Hélène;5,00\n",
    ),
    "Italian": (
        "windows-1252",
        "Data;Descrizione;Importo\n01/07/2026;Caffè della Libertà;-3,20\n02/07/2026;Quota attività più mensilità;5\n",
    ),
    "Danish": (
        "windows-1252",
        "Dato;Tekst;Beløb\n01-07-2026;Køb i København;-3,20\n02-07-2026;Overførsel fra Åse Sørensen;5,00\n",
    ),
    "Dutch": (
        "windows-1252",
        "Datum;Naam;Bedrag\n01-07-2026;Café België;€ 3,20\n02-07-2026;Geïnde patiëntenbijdrage;5\n",
    ),
    "Polish": (
        "windows-1250",
        "Data;Tytuł operacji;Kwota\n2026-07-01;Płatność kartą Żabka Wrocław;-3,20\n2026-07-02;Świadczenie;5,00\n",
    ),
    "Czech": (
        "windows-1250",
        "Datum;Zpráva;Částka\n01.07.2026;Pekařství U Růže;-3,20 Kč\n02.07.2026;Příchozí úhrada;5,00 Kč\n",
    ),
    "Hungarian": (
        "windows-1250",
        "Dátum;Közlemény;Összeg\n2026.07.01;Kártyás fizetés Győr;-320\n2026.07.02;Tűzifa és szőlő a kertből;500\n",
    ),
    "Romanian": (
        "windows-1250",
        "Data;Descriere;Sumă\n01.07.2026;Cumpărare băcănie Iaşi;-3,20\n02.07.2026;Încasare după preţ;5,00\n",
    ),
    "Croatian": (
        "windows-1250",
        "Datum;Opis;Iznos\n01.07.2026;Plaćanje Županja;-3,20\n02.07.2026;Uplata na račun, Čakovec;5,00\n",
    ),
    "Chinese": (
        "GB18030",
        "交易日期,摘要,金额\n2026-07-01,支付宝消费,-3.20\n2026-07-02,工资,5000.00\n2026-07-03,ATM取款,-100.00\n",
    ),
    "Chinese in UTF-16": ("UTF-16LE", "日期,摘要,金额\n2026-07-01,支付宝消费,-3.20\n2026-07-02,工资,5000.00\n"),
    "English in UTF-16": ("UTF-16BE", "Date,Memo,Amount\n2026-07-01,Coffee,-3.20\n"),
}
# So few letters that a wrong page may make words of them too.
FEW_LETTERS: list[tuple[EncodingName, str]] = [
    ("windows-1252", "Farmácia / Sertã"),
    ("windows-1252", "Farmácia / Sertã\nFarmácia / Sertã"),
    ("windows-1252", "Farmácia / Sertã\nIrmã Lúcia"),
    ("windows-1252", "Sertã\nMação"),
    ("windows-1252", "Português\nCórdoba"),
    ("windows-1252", "Forêt\nNîmes"),
    ("windows-1252", "Août\nÉvian"),
    ("windows-1252", "Maß\nKäse"),
    ("windows-1252", "Peña\nAño nuevo"),
    ("windows-1252", "Caffè\nPerù"),
    ("windows-1250", "Brčko"),
    ("windows-1250", "Brčko\nBrčko"),
    ("windows-1250", "Poreč\nBrčko"),
    ("windows-1250", "Kč\nPísek"),
    ("windows-1250", "Plzeň\nHodonín"),
    ("windows-1250", "Łomża\nGdańsk"),
    ("windows-1250", "Pączki\nWędliny"),
    ("windows-1250", "Kisbér\nFő utca"),
    ("windows-1250", "Tűz\nPék"),
    ("windows-1250", "Băcănie\nPiaţa"),
]


def found_in(content: bytes) -> Encoding:
    return examine(io.BytesIO(content))


def ascii_only(text: str) -> str:
    return text.encode("ascii", "replace").decode()


@pytest.mark.parametrize("language", STATEMENTS)
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_a_statement_is_read_in_its_own_encoding(language: str, ends: str) -> None:
    name, text = STATEMENTS[language]
    content = text.replace("\n", ends).encode(name)

    found = found_in(content)

    assert (found.name, found.finding.value, found.alternatives) == (name, name, ())
    assert list(read_lines(found.text(io.BytesIO(content)))) == text.split("\n")[:-1]


@pytest.mark.parametrize(
    "language", [language for language, (name, _) in STATEMENTS.items() if name.startswith(("w", "G"))]
)
def test_the_lines_that_decide_are_the_evidence(language: str) -> None:
    name, text = STATEMENTS[language]
    found = found_in(text.encode(name)).finding
    if not found.lines or found.basis == "ASSUMPTION":
        assert language == "German"
        return

    lines = text.split("\n")
    for line in found.lines:
        lines[line - 1] = ascii_only(lines[line - 1])
    changed = found_in("\n".join(lines).encode(name)).finding

    assert found.basis == "EVIDENCE"
    assert (changed.value, changed.basis) != (found.value, found.basis)


@pytest.mark.parametrize("language", STATEMENTS)
def test_a_mark_declares_utf_16(language: str) -> None:
    text = STATEMENTS[language][1]

    for name, mark in (("UTF-16LE", codecs.BOM_UTF16_LE), ("UTF-16BE", codecs.BOM_UTF16_BE)):
        content = mark + text.encode(name)
        found = found_in(content)
        assert (found.finding.value, found.finding.basis, found.finding.lines) == (name, "DECLARED", (1,))
        assert list(read_lines(found.text(io.BytesIO(content)))) == text.split("\n")[:-1]


@pytest.mark.parametrize("text", ["Café", "Müller, Zürich", "Málaga", "5 € – Kraków"])
def test_where_code_pages_agree_on_the_text_the_name_is_an_assumption(text: str) -> None:
    found = found_in(f"date,description,amount\n2026-07-15,{text},1\n".encode("windows-1252"))

    assert (found.name, found.finding.basis, found.finding.lines, found.alternatives) == (
        "windows-1252",
        "ASSUMPTION",
        (2,),
        (),
    )


@pytest.mark.parametrize("byte", [b"f\xeate", b"si\xea", b"Plze\xf2", b"\xd1"])
def test_too_few_letters_leave_it_open(byte: bytes) -> None:
    found = found_in(b"date,description,amount\n2026-07-15,x,1\n2026-07-15," + byte + b",1\n")

    assert found.finding.basis == "ASSUMPTION"
    assert found.finding.lines == (3,)
    assert found.alternatives[0] == found.name
    assert set(found.alternatives) == {"windows-1252", "windows-1250"}


@pytest.mark.parametrize(("name", "texts"), FEW_LETTERS)
def test_few_letters_are_read_rightly_or_left_open(name: EncodingName, texts: str) -> None:
    rows = "".join(f"2026-07-15,{text},1\n" for text in texts.split("\n"))
    content = f"date,description,amount\n{rows}".encode(name)

    found = found_in(content)

    read = list(read_lines(found.text(io.BytesIO(content))))
    assert name in found.alternatives or (read == content.decode(name).splitlines() and not found.alternatives)


@pytest.mark.parametrize("codec", ["cp850", "mac_roman", "cp1251"])
def test_other_code_pages_are_not_read_as_something_else(codec: str) -> None:
    text = "Cr\u00e9dito a\u00f1o opci\u00f3n" if codec != "cp1251" else "Привет мир оплата"
    content = f"date,description,amount\n2026-07-15,x,1\n2026-07-15,y,1\n2026-07-15,{text},1\n".encode(codec)

    found = found_in(content)

    assert (found.name, found.finding.basis) == ("UTF-8", "ASSUMPTION")
    assert "Line 4 holds the byte" in found.finding.message


@pytest.mark.parametrize(
    ("codec", "text"),
    [
        ("euc_kr", "거래일자,적요,출금액\n2026-07-01,스타벅스 강남점,5500\n2026-07-02,한국전력공사 전기요금,45000\n"),
        ("euc_kr", "date,description,amount\n2026-07-01,배달의민족,-9900\n"),
        ("cp949", "날짜,내용,금액\n2026-07-01,똠양꿍,-4500\n2026-07-02,월세,-500000\n"),
        ("big5", "交易日期,摘要,支出金額\n2026-07-01,薪資轉帳,50000\n2026-07-02,台灣電力公司 電費,1200\n"),
        ("big5", "date,description,amount\n2026-07-01,中華電信,-999\n2026-07-02,中油,-150\n"),
        ("shift_jis", "日付,摘要,お支払金額\n2026/07/01,セブンイレブン,540\n2026/07/02,電気料金 東京電力,8200\n"),
        ("shift_jis", "date,description,amount\n2026/07/01,ﾌﾘｺﾐ,-450\n2026/07/02,ｶ-ﾄﾞ,-450\n"),
        ("shift_jis", "date,description,amount\n" + "2026/07/01,ﾌﾘｺﾐ ﾔﾏﾀﾞ ﾀﾛｳ,-450\n2026/07/02,ﾃﾞﾝｷﾀﾞｲ,-450\n" * 9),
        ("euc_jp", "日付,摘要,お支払金額\n2026/07/01,セブンイレブン,540\n2026/07/02,電気料金 東京電力,8200\n"),
    ],
)
def test_korean_japanese_and_big5_are_refused_and_not_read_as_chinese(codec: str, text: str) -> None:
    with pytest.raises(Unreadable) as refused:
        found_in(text.encode(codec))

    assert refused.value.code == "UNREADABLE"
    assert "Save the file as CSV in UTF-8" in refused.value.message


def test_hanzi_too_few_to_tell_from_korean_are_not_guessed() -> None:
    content = "date,description,amount\n2026-07-01,咖啡,-3.20\n".encode("gb18030")

    with pytest.raises(Unreadable) as refused:
        found_in(content)

    assert "may be Chinese (GB18030) or Korean (EUC-KR)" in refused.value.message
    assert examine(io.BytesIO(content), "GB18030").name == "GB18030"


@pytest.mark.parametrize("rows", ["2026-07-01,麦当劳,-3\n2026-07-02,房租,-3\n", "2026-07-02,张三转账 → ①,5\n"])
def test_few_hanzi_of_any_place_are_chinese(rows: str) -> None:
    found = found_in(f"date,description,amount\n{rows}".encode("gb18030"))

    assert (found.name, found.alternatives) == ("GB18030", ())


@given(st.text(min_size=1, max_size=300), st.booleans())
def test_utf_8_is_never_taken_for_another(text: str, has_bom: bool) -> None:
    content = ("\ufeff" if has_bom else "").encode() + ("date,description,amount\n" + text.replace("\0", "")).encode()

    found = found_in(content)

    assert (found.name, found.alternatives) == ("UTF-8", ())
