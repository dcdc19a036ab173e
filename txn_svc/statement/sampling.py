"""Some rows of many, evenly over all of them, in one pass and constant memory."""

from collections.abc import Iterable, Iterator
from datetime import date

from txn_svc.statement.model import RejectedRow, ValidRow


def sampled(rows: Iterable[ValidRow | RejectedRow], most: int) -> list[ValidRow]:
    """All rows that were understood where there are at most `most`, else every 2nd, 4th, 8th…"""
    kept, step = list[ValidRow](), 1
    for number, row in enumerate(_valid(rows)):
        if number % step == 0:
            kept.append(row)
            if len(kept) > most:
                kept, step = kept[::2], step * 2
    return kept


def moved_by(day: date, years: int) -> date | None:
    """The same day of another year; None where that has none."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return None


def _valid(rows: Iterable[ValidRow | RejectedRow]) -> Iterator[ValidRow]:
    return (row for row in rows if isinstance(row, ValidRow))
