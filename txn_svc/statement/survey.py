"""The first pass: what can be said of a file only after looking at its rows."""

import re
from collections.abc import Callable, Iterable
from datetime import date
from typing import Final

from txn_svc.ledger.money import AmountError
from txn_svc.ledger.quoting import quoted
from txn_svc.statement.dates import PADDING, DateError, IsoDates, MonthDays
from txn_svc.statement.layouts import Columns
from txn_svc.statement.model import Unreadable
from txn_svc.statement.records import Record
from txn_svc.statement.years import YearPlan, YearSurvey

_DATE_OF_ANOTHER_FORM: Final = re.compile(r"[0-9]{1,4}([-./ ][0-9]{1,4}){1,2}|[0-9]{8}")
_AMOUNT_OF_ANOTHER_FORM: Final = re.compile(r"[-+(]?[0-9][0-9.]*[,'][0-9.,']*[0-9]\)?")


def survey(
    records: Iterable[Record], columns: Columns, read_amount: Callable[[str], int], uploaded_on: date
) -> YearPlan | None:
    """The years of a file without years; None where it has them, or has no date.

    Refuses with Unreadable: NO_ROWS, and UNKNOWN_LAYOUT where no row at all has the layout's dates, or amounts, and
    one has those of another layout: what a file of rejects may well be. Reads only as far as that and the years are
    undecided.
    """
    years = None if columns.layout.dates_have_years else YearSurvey()
    month_days, iso_dates = MonthDays(), IsoDates()
    dates, amounts = _Witness(_DATE_OF_ANOTHER_FORM), _Witness(_AMOUNT_OF_ANOTHER_FORM)
    has_rows = False
    width, date_at, amount_at = columns.width, columns.date, columns.amount
    for line, cells, fault in records:
        has_rows = True
        if fault is not None or len(cells) != width:
            continue
        text = cells[date_at]
        try:
            if years is None:
                iso_dates[text]
            else:
                years.add(line, month_days[text])
            dates.is_found = True
        except DateError as error:
            dates.consider(line, text, is_form=error.is_form)
        if not amounts.is_found:
            _consider_amount(amounts, line, cells[amount_at], read_amount)
        if years is None and dates.is_found and amounts.is_found:
            break
    if not has_rows:
        raise Unreadable("NO_ROWS", f"The file has no rows after its header in line {columns.header_line}.")
    if not columns.has_rejects:
        dates.refuse_other_form("dates", "2026-07-15" if columns.layout.dates_have_years else "7/15 (month/day)")
        amounts.refuse_other_form("amounts", "-1234.56")
    return None if years is None else years.plan(uploaded_on)


def _consider_amount(amounts: "_Witness", line: int, text: str, read_amount: Callable[[str], int]) -> None:
    try:
        read_amount(text.strip(PADDING))
    except AmountError:
        amounts.consider(line, text, is_form=False)
    else:
        amounts.is_found = True


class _Witness:
    """Whether a column has any cell of the layout's form, and where the first of another form stands."""

    def __init__(self, other_form: re.Pattern[str]) -> None:
        self.is_found = False
        self._other_form = other_form
        self._other: tuple[int, str] | None = None

    def consider(self, line: int, text: str, *, is_form: bool) -> None:
        if is_form:
            self.is_found = True
        elif self._other is None and self._other_form.fullmatch(text.strip()):
            self._other = (line, text)

    def refuse_other_form(self, what: str, example: str) -> None:
        if self._other is None or self.is_found:
            return
        line, text = self._other
        raise Unreadable(
            "UNKNOWN_LAYOUT",
            f"The {what} are written in a way that Stori does not read: {quoted(text)} in line {line}. "
            f"It reads {what} such as {example}.",
        )
