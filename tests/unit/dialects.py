"""Statements written in any of the ways in which banks write them, by a writer that knows what they mean."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from hypothesis import strategies as st

LANGUAGES = {
    "en": ("Date", "Value Date", "Description", "Amount", "Debit", "Credit", "D/C", "Balance", ("D", "C"), "Total"),
    "es": ("Fecha", "Fecha valor", "Concepto", "Importe", "Cargo", "Abono", "Debe/Haber", "Saldo", ("D", "H"), "Total"),
    "pt": ("Data", "Data valor", "Descrição", "Valor", "Débito", "Crédito", "D/C", "Saldo", ("D", "C"), "Total"),
    "de": (
        "Buchungstag",
        "Valutadatum",
        "Verwendungszweck",
        "Betrag",
        "Soll",
        "Haben",
        "Soll/Haben",
        "Saldo",
        ("S", "H"),
        "Summe",
    ),
    "fr": ("Date", "Date de valeur", "Libellé", "Montant", "Débit", "Crédit", "Sens", "Solde", ("D", "C"), "Total"),
    "nl": (
        "Datum",
        "Rentedatum",
        "Omschrijving",
        "Bedrag",
        "Af",
        "Bij",
        "Af Bij",
        "Saldo na mutatie",
        ("Af", "Bij"),
        "Totaal",
    ),
    "it": ("Data", "Data valuta", "Descrizione", "Importo", "Dare", "Avere", "Segno", "Saldo", ("D", "A"), "Totale"),
}
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DATES: dict[str, Callable[[date], str]] = {
    "YYYY-MM-DD": lambda day: day.isoformat(),
    "YYYYMMDD": lambda day: f"{day:%Y%m%d}",
    "DD/MM/YYYY": lambda day: f"{day:%d/%m/%Y}",
    "D/M/YYYY": lambda day: f"{day.day}/{day.month}/{day.year}",
    "MM/DD/YYYY": lambda day: f"{day:%m/%d/%Y}",
    "M/D/YY": lambda day: f"{day.month}/{day.day}/{day:%y}",
    "DD.MM.YYYY": lambda day: f"{day:%d.%m.%Y}",
    "DD.MM.YY": lambda day: f"{day:%d.%m.%y}",
    "DD-MM-YYYY": lambda day: f"{day:%d-%m-%Y}",
    "DD MMM YYYY": lambda day: f"{day:%d} {MONTHS[day.month - 1]} {day.year}",
    "MMM D, YYYY": lambda day: f"{MONTHS[day.month - 1]} {day.day}, {day.year}",
    "DD/MM/YYYY HH:MM": lambda day: f"{day:%d/%m/%Y} 14:05",
    "YYYY-MM-DDTHH:MM:SSZ": lambda day: f"{day.isoformat()}T08:09:10Z",
}
SIGNS = ("signed", "trailing", "parentheses", "split", "indicator", "suffix")
AMOUNT_STYLES = (".", ",", ",.", ".,", " ,", "'.", "\xa0,")


@dataclass(frozen=True)
class Row:
    day: date
    minor: int
    text: str


@dataclass(frozen=True)
class Dialect:
    """`style` is the thousands mark, where there is one, and the decimal mark."""

    language: str
    delimiter: str
    date_style: str
    style: str
    sign: str
    has_header: bool
    has_value_date: bool
    has_balance: bool
    has_preamble: bool
    has_footer: bool
    is_newest_first: bool
    line_end: str
    opening: int

    def write(self, rows: Sequence[Row]) -> str:
        """Oldest first are the rows given; the balances are of that order."""
        balances, balance = [], self.opening
        for row in rows:
            balance += row.minor
            balances.append(balance)
        lines = [self._cells(row, after) for row, after in zip(rows, balances, strict=True)]
        if self.is_newest_first:
            lines.reverse()
        head = [["Example Bank"], ["Printed for a customer", "page 1"], []] if self.has_preamble else []
        names = [self._header()] if self.has_header else []
        foot = [[LANGUAGES[self.language][9], "", ""]] if self.has_footer else []
        return "".join(self._line(cells) + self.line_end for cells in (*head, *names, *lines, *foot))

    def _header(self) -> list[str]:
        day, value, text, amount, debit, credit, indicator, balance, _, _ = LANGUAGES[self.language]
        amounts = {"split": [debit, credit], "indicator": [amount, indicator]}.get(self.sign, [amount])
        return [
            day,
            *([value] if self.has_value_date else []),
            text,
            *amounts,
            *([balance] if self.has_balance else []),
        ]

    def _cells(self, row: Row, balance: int) -> list[str]:
        day = DATES[self.date_style](row.day)
        debit, credit = LANGUAGES[self.language][8]
        size = self._number(abs(row.minor))
        is_debit = row.minor < 0
        amounts = {
            "signed": [f"-{size}" if is_debit else size],
            "trailing": [f"{size}-" if is_debit else size],
            "parentheses": [f"({size})" if is_debit else size],
            "split": [size, ""] if is_debit else ["", size],
            "indicator": [size, debit if is_debit else credit],
            "suffix": [f"{size} {'DR' if is_debit else 'CR'}"],
        }[self.sign]
        after = [("-" if balance < 0 else "") + self._number(abs(balance))] if self.has_balance else []
        return [day, *([day] if self.has_value_date else []), row.text, *amounts, *after]

    def _number(self, minor: int) -> str:
        whole, mark = f"{minor // 100}", self.style[-1]
        if len(self.style) > 1:
            groups = list[str]()
            while len(whole) > 3:
                whole, last = whole[:-3], whole[-3:]
                groups.insert(0, last)
            whole = self.style[0].join([whole, *groups])
        return f"{whole}{mark}{minor % 100:02d}"

    def _line(self, cells: Sequence[str]) -> str:
        special = (self.delimiter, '"', "\n", "\r")
        return self.delimiter.join(
            '"' + cell.replace('"', '""') + '"' if any(one in cell for one in special) else cell for cell in cells
        )


texts = st.sampled_from(
    ["Coffee", "Rent 3", "Müller & Söhne", "Card 4711", "a;b", "x,y", 'the "best"', "Miete 07", "Año nuevo", "=1+1"]
)
rows = st.lists(
    st.builds(
        Row,
        st.dates(date(2025, 1, 1), date(2026, 11, 1)),
        st.integers(-9_999_99, 9_999_99).filter(bool),
        texts,
    ),
    min_size=1,
    max_size=12,
).map(lambda found: sorted(found, key=lambda row: row.day))
dialects = st.builds(
    Dialect,
    st.sampled_from(sorted(LANGUAGES)),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(sorted(DATES)),
    st.sampled_from(AMOUNT_STYLES),
    st.sampled_from(SIGNS),
    st.booleans() | st.just(True),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.integers(-100_000, 1_000_000),
)
