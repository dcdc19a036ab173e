"""Whether a file of a format that declares everything is written as it declares, and its years where it has none."""

from collections.abc import Iterable
from datetime import date

from txn_svc.ledger.money import AmountError
from txn_svc.ledger.quoting import quoted
from txn_svc.statement.amounts import amount_reader, marks
from txn_svc.statement.dates import EXAMPLES, DateError, Dates, MonthDays, readings
from txn_svc.statement.format import YEARLESS
from txn_svc.statement.model import Unreadable
from txn_svc.statement.reading import Reading
from txn_svc.statement.records import Record
from txn_svc.statement.years import YearPlan, YearSurvey


class OtherForm(Unreadable):
    """The file has the header of the format, and its dates or amounts are written in another way."""

    def __init__(self, message: str) -> None:
        super().__init__("UNKNOWN_LAYOUT", message)


def survey(records: Iterable[Record], reading: Reading, uploaded_on: date) -> YearPlan | None:
    """The years of a file without years; None where it has them, or has no date.

    Refuses with OtherForm where no row at all has the dates, or amounts, of the reading, and one has others: what a
    file of rejects may well be. Reads only as far as that and the years are undecided.
    """
    years = YearSurvey() if reading.date_order in YEARLESS else None
    dates, amounts = _Witness(), _Witness()
    read_amount = amount_reader(reading.currency, reading.decimal_mark)
    month_days = MonthDays("MD" if years is None else reading.date_order)
    iso_dates = Dates("YMD" if years is not None else reading.date_order, reading.newest_year)
    width, date_at, amount_at = reading.table.width, reading.roles.date, reading.roles.amount
    assert amount_at is not None
    for line, cells, fault in records:
        if fault is not None or len(cells) != width:
            continue
        text = cells[date_at]
        try:
            if years is not None:
                years.add(line, month_days[text])
                dates.is_found = True
            elif iso_dates[text] and reading.date_order == "YMD" and len(readings(text)) > 1:
                # Its month has a name: it is of any form.
                dates.consider(line, text, is_other=True)
            else:
                dates.is_found = True
        except DateError as error:
            dates.is_found |= error.is_form and not readings(text)
            dates.consider(line, text, is_other=bool(readings(text)))
        if not amounts.is_found:
            try:
                read_amount(cells[amount_at])
                amounts.is_found = True
            except AmountError:
                amounts.consider(line, cells[amount_at], is_other=bool(marks(cells[amount_at])))
        if years is None and dates.is_found and amounts.is_found:
            break
    if not reading.table.has_rejects:
        dates.refuse_other_form("dates", EXAMPLES[reading.date_order])
        amounts.refuse_other_form("amounts", f"-1234{reading.decimal_mark}56")
    return None if years is None else years.plan(uploaded_on)


class _Witness:
    """Whether a column has any cell of the form, and where the first of another form stands."""

    def __init__(self) -> None:
        self.is_found = False
        self._other: tuple[int, str] | None = None

    def consider(self, line: int, text: str, *, is_other: bool) -> None:
        if is_other:
            self._other = self._other or (line, text)

    def refuse_other_form(self, what: str, example: str) -> None:
        if self._other is None or self.is_found:
            return
        line, text = self._other
        raise OtherForm(
            f"The {what} are written in a way that this format does not have: {quoted(text)} in line {line}. "
            f"It has {what} such as {example}."
        )
