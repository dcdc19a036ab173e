"""A reading of rows by what the findings state and the rows' own cells, in whole numbers, by nobody else's arithmetic.

What a person would do who has the findings in one hand and the file in the other. If that gives other figures, the
findings do not say how the file was read.
"""

import datetime as dt
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise

from txn_svc.ledger.money import Currency
from txn_svc.statement import Finding, RejectedRow, Statement, ValidRow
from txn_svc.statement.formats import formats
from txn_svc.statement.words import words

Row = ValidRow | RejectedRow

MINUS = "-\u2212\u2010\u2011\u2012\u2013\ufe63\uff0d("
DASHES = {"", "-", "–", "—"}
WHOLE_LINE = {"UNBALANCED_QUOTE", "TOO_LONG", "BAD_ENCODING", "CELL_COUNT"}
TIME = re.compile(r"[T ,-]\s*[0-9]{1,2}[:.][0-9]{2}.*$")
MONTH_DAY = re.compile(r"[0-9]{1,2}([-/][0-9]{1,2}|\.[0-9]{1,2}\.)")
WORDS_SAID = re.compile("(.*): debit=(.*), credit=(.*)", re.DOTALL)
BALANCE = {
    mark: re.compile(
        rf"[{MINUS}+]?([0-9]+|[0-9]{{1,3}}([{other}'][0-9]{{2,3}})*[{other}'][0-9]{{3}})"
        rf"([{mark}][0-9]+)?[{MINUS}]?[)]?"
    )
    for mark, other in (".,", ",.")
}
OWN_NAMES = {"booked_on": "date", "value_on": "value_date"}
OF_EACH_SIDE = {
    "debit": "Debits are written with a minus",
    "credit": "Credits are written with a minus",
    "fee": "Fees are written with a minus",
}


@dataclass(frozen=True)
class Stated:
    """`places` are the columns of each role; `sides` what the words for debit and credit are."""

    header: Sequence[str]
    places: Mapping[str, Sequence[int]]
    order: str
    mark: str
    sign: str
    sign_message: str
    years: Sequence[int]
    currency: Currency
    uploaded_on: dt.date
    debit_words: frozenset[str]
    credit_words: frozenset[str]
    is_escaped: bool

    def minor(self, cells: Sequence[str]) -> int:
        return self._amount(cells) + self._side(cells, "fee", -1)

    def _amount(self, cells: Sequence[str]) -> int:
        if self.sign.startswith("SPLIT"):
            return self._side(cells, "credit", 1) + self._side(cells, "debit", -1)
        text = self.cell(cells, "amount")
        size, has_minus = self._size(text), any(mark in text for mark in MINUS)
        if self.sign in {"DEBITS", "CREDITS"}:
            return -size if self.sign == "DEBITS" else size
        if self.sign.startswith(("BALANCE_", "OWED_")):
            return size
        if self.sign == "INDICATOR":
            is_debit = self._is_debit(cells, text)
            has_minus ^= OF_EACH_SIDE["debit" if is_debit else "credit"] in self.sign_message
        else:
            is_debit = self.sign == "INVERTED"
        return -size if is_debit != has_minus else size

    def size(self, cells: Sequence[str]) -> int:
        return self._size(self.cell(cells, "amount"))

    def balance(self, cells: Sequence[str]) -> int:
        """AssertionError where there is none."""
        text = self.cell(cells, "balance")
        # Spaces stand between three digits and three.
        assert not re.search(r"[0-9]\s(?![0-9]{3}(?![0-9]))[0-9]", text), text
        assert BALANCE[self.mark].fullmatch(re.sub(r"[^\W\d_]+\.?|[$£€\s]", "", text)), text
        is_less = any(mark in text for mark in MINUS) != self.sign.startswith("OWED_")
        return self._size(text) * (-1 if is_less else 1)

    def day(self, text: str, year: int | None) -> dt.date:
        """`year` is that of a text without one."""
        written, month, day = self.parts(text)
        if written is not None and written < 100:
            written += self.uploaded_on.year // 100 * 100
            written -= 100 if written > self.uploaded_on.year + 1 else 0
        found = year if written is None else written
        assert found is not None
        return dt.date(found, month, day)

    def parts(self, text: str) -> tuple[int | None, int, int]:
        text = TIME.sub("", text.strip())
        numbers = [int(number) for number in re.findall("[0-9]+", text)]
        named = [words().months[word] for word in plain(re.sub("[0-9-]+", " ", text)).split() if word in words().months]
        if named:
            month = named[-1]
            one, two = numbers[0], numbers[1] if numbers[1:] else None
            is_first = one > 31 or (self.order == "YMD" and two is not None and two <= 31)
            return (one, month, two) if is_first and two is not None else (two, month, one)
        if len(numbers) == 1 and len(digits := re.sub("[^0-9]", "", text)) == 8:
            first = 4 if self.order == "YMD" else 2
            numbers = [int(digits[:first]), int(digits[first : first + 2]), int(digits[first + 2 :])]
        found = dict(zip(self.order, numbers, strict=True))
        return found.get("Y"), found["M"], found["D"]

    def cell(self, cells: Sequence[str], role: str) -> str:
        [at] = self.places[role]
        text = cells[at] if at < len(cells) else ""
        return text.removeprefix("'") if self.is_escaped else text

    def _size(self, text: str) -> int:
        decimals = self.currency.decimals
        bare = re.sub(r"[^\W\d_]+\.?", "", text)
        whole, _, fraction = "".join(one for one in bare if one in f"0123456789{self.mark}").partition(self.mark)
        assert not fraction[decimals:].strip("0"), text
        return int(f"{whole or 0}{fraction[:decimals].ljust(decimals, '0')}")

    def _side(self, cells: Sequence[str], side: str, direction: int) -> int:
        if side not in self.places or (text := self.cell(cells, side)).strip() in DASHES:
            return 0
        is_odd = any(mark in text for mark in MINUS) != (OF_EACH_SIDE[side] in self.sign_message)
        return self._size(text) * (-direction if is_odd else direction)

    def _is_debit(self, cells: Sequence[str], text: str) -> bool:
        said = self.cell(cells, "indicator") if "indicator" in self.places else re.sub(r".*[0-9]", "", text)
        for word in (plain(said), *plain(said).split()):
            if word in self.debit_words or word in self.credit_words:
                return word in self.debit_words
        return "the others are debits" in self.sign_message


def stated(statement: Statement, currency: Currency, uploaded_on: dt.date) -> Stated:
    said = {one.property: one for one in statement.findings}
    known = formats().get(statement.format_id)
    has_own_words = known is not None and bool(known.debit_words or known.credit_words)
    names = [name.strip().casefold() for name in statement.header]
    places = _places(said["COLUMNS"], statement.header)
    if words_said := WORDS_SAID.fullmatch(said["SIGN"].value):
        places["indicator"] = [_place(words_said[1], statement.header)]
    return Stated(
        header=statement.header,
        places=places,
        order=said["DATE_ORDER"].value,
        mark=said["DECIMAL_MARK"].value,
        sign="INDICATOR" if words_said else said["SIGN"].value,
        sign_message=said["SIGN"].message,
        years=[int(year) for year in said["YEAR"].value.split("–")] if "YEAR" in said else [],
        currency=currency,
        uploaded_on=uploaded_on,
        debit_words=frozenset(words_said[2].split("|"))
        if words_said
        else known.debit_words
        if known and has_own_words
        else words().debit,
        credit_words=frozenset(words_said[3].split("|"))
        if words_said
        else known.credit_words
        if known and has_own_words
        else words().credit,
        is_escaped={"stori_line", "stori_reason"} <= set(names),
    )


def _places(columns: Finding, header: Sequence[str]) -> dict[str, Sequence[int]]:
    found = dict[str, Sequence[int]]()
    for part in columns.value.split(", "):
        role, _, shown = part.partition("=")
        found[OWN_NAMES.get(role, role)] = [_place(one, header) for one in shown.split(" + ")]
    return found


def _place(shown: str, header: Sequence[str]) -> int:
    names = [name.strip() for name in header]
    return int(shown[1:]) - 1 if re.fullmatch("#[0-9]+", shown) else names.index(shown)


Figures = tuple[int, dt.date, dt.date | None, int]


def figures(statement: Statement, rows: Sequence[Row], currency: Currency, uploaded_on: dt.date) -> list[Figures]:
    """(line, day, value day, amount) of each row that was accepted."""
    told = stated(statement, currency, uploaded_on)
    years = _years(told, rows) if told.years else {}
    if told.sign.startswith(("BALANCE_", "OWED_")):
        changes = _changes(told, rows)
        return [(*_figures(told, row, years)[:3], changes[row.line]) for row in rows if isinstance(row, ValidRow)]
    return [_figures(told, row, years) for row in rows if isinstance(row, ValidRow)]


def unbooked(statement: Statement, rows: Sequence[Row], currency: Currency, uploaded_on: dt.date) -> list[int]:
    """The lines of rows that were accepted, although what is said of the status does not name theirs."""
    said = next((one.value for one in statement.findings if one.property == "STATUS"), None)
    if said is None:
        return []
    told, known = stated(statement, currency, uploaded_on), {*said.split("|"), *words().posted}
    cells = {row.line: told.cell(row.cells, "status") for row in rows if isinstance(row, ValidRow)}
    # A status without a word is its marks; the bar stands between those of the finding.
    marks = {line: cell.replace("|", "¦").replace("\ufe0f", "").strip() for line, cell in cells.items()}
    statuses = {line: plain(cell) or marks[line] for line, cell in cells.items()}
    # Where others say that they are booked, a row without a word is.
    known |= {""} if known & {"-"} or words().posted & set(statuses.values()) else set()
    return [line for line, status in statuses.items() if status not in known]


def _changes(told: Stated, rows: Sequence[Row]) -> dict[int, int]:
    """Of each line, how much more its balance is than that of the line above it; or of that below it, if it then is the
    amount more often."""
    ordered = max(rows, rows[::-1], key=lambda ordered: _fitting(told, ordered))
    changes = dict(_each_change(told, ordered))
    if oldest := next((row for row in ordered if isinstance(row, ValidRow)), None):
        changes.setdefault(oldest.line, told.size(oldest.cells) * (-1 if told.sign.endswith("_DEBIT") else 1))
    return changes


def _each_change(told: Stated, ordered: Sequence[Row]) -> Iterator[tuple[int, int]]:
    for older, row in pairwise(ordered):
        if isinstance(older, RejectedRow) and older.reason_code in WHOLE_LINE:
            continue
        with suppress(AssertionError, ValueError, IndexError):
            yield row.line, told.balance(row.cells) - told.balance(older.cells)


def _fitting(told: Stated, ordered: Sequence[Row]) -> int:
    cells, count = {row.line: row.cells for row in ordered}, 0
    for line, change in _each_change(told, ordered):
        with suppress(AssertionError, ValueError, IndexError):
            count += change != 0 and abs(change) == told.size(cells[line])
    return count


def _figures(told: Stated, row: ValidRow, years: Mapping[int, int]) -> Figures:
    text = told.cell(row.cells, "date")
    day = told.day(text, years.get(row.line))
    # One that cannot be read is left out; what was read is compared.
    value_on = None if row.value_on is None else told.day(told.cell(row.cells, "value_date"), row.value_on.year)
    if told.years and value_on is not None:
        assert abs(value_on - day).days <= 366 // 2
    return row.line, day, value_on, told.minor(row.cells)


def _years(told: Stated, rows: Sequence[Row]) -> dict[int, int]:
    """Of the lines of rows without a year: back in time from the newest, a year less where the month jumps up."""
    days = list[tuple[int, tuple[int, int]]]()
    for row in rows:
        if isinstance(row, RejectedRow) and row.reason_code in WHOLE_LINE:
            continue
        text = told.cell(row.cells, "date")
        if MONTH_DAY.fullmatch(text.strip()) or isinstance(row, ValidRow):
            _, month, day = told.parts(text)
            if 1 <= month <= 12 and 1 <= day <= 31 - (month in {4, 6, 9, 11}) - 2 * (month == 2):
                days.append((row.line, (month, day)))
    steps = [_is_later(one, two) for (_, one), (_, two) in pairwise(days) if one != two]
    ups, downs = steps.count(True), steps.count(False)
    found, year, before = dict[int, int](), told.years[-1], None
    for line, (month, _) in days if downs > ups else days[::-1]:
        year -= before is not None and month - before > 6
        found[line], before = year, month
    return found


def _is_later(one: tuple[int, int], two: tuple[int, int]) -> bool:
    """Whether the second of two days is after the first, the year that is nearer being meant."""
    return two > one if abs(two[0] - one[0]) <= 6 else two < one


def plain(text: str) -> str:
    """Without case, accents and marks."""
    letters = unicodedata.normalize(
        "NFKD", text.casefold().replace("ß", "ss").replace("º", "o").replace("ł", "l").replace("ı", "i")
    )
    return " ".join(
        re.sub(r"[^\w+-]|_", " ", "".join(one for one in letters if not unicodedata.combining(one))).split()
    )
