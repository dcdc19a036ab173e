"""What a file leaves open, as a question whose options show the rows as they would read."""

from collections.abc import Mapping
from itertools import islice
from typing import Final

from txn_svc.statement.infer import ALL_HERE, ALL_HERE_LABEL, MARK_NAMES, ORDER_NAMES, Open
from txn_svc.statement.lines import TextBytes
from txn_svc.statement.model import MAX_OPTION_ROWS, Option, Property, Question, RejectedRow, ValidRow
from txn_svc.statement.reading import Reading
from txn_svc.statement.signs import SIGN_SENTENCES
from txn_svc.statement.values import rows_of_file

_LABELS: Final[Mapping[Property, Mapping[str, str]]] = {
    "ACCOUNT": {ALL_HERE: ALL_HERE_LABEL},
    "DATE_ORDER": {order: name.capitalize() for order, name in ORDER_NAMES.items()},
    "DECIMAL_MARK": {mark: f"Amounts have {name}" for mark, name in MARK_NAMES.items()},
    "SIGN": {rule: sentence.rstrip(".") for rule, sentence in SIGN_SENTENCES.items()},
}


def ask(file: TextBytes, what: Open, readings: Mapping[str, Reading]) -> Question:
    """`readings` are those that the possible values give."""
    labels = dict(zip(what.values, what.labels, strict=True)) if what.labels else _LABELS.get(what.property, {})
    options = tuple(
        Option(value, labels.get(value, value), shown_rows(file, reading, what.lines))
        for value, reading in readings.items()
    )
    return Question(what.property, what.message, options)


def shown_rows(file: TextBytes, reading: Reading, lines: tuple[int, ...]) -> tuple[ValidRow | RejectedRow, ...]:
    """Of the rows that are undecided, the first; of others, where there are none, as many."""
    wanted = set(lines[:MAX_OPTION_ROWS])
    rows = (row for row in rows_of_file(file, reading) if not wanted or row.line in wanted)
    return tuple(islice(rows, min(len(wanted), MAX_OPTION_ROWS) or MAX_OPTION_ROWS))
