"""What holds of the reading of any bytes at all."""

import datetime as dt
import re
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from io import BytesIO
from types import FrameType
from typing import Any

from tests.formats.lost_lines import lost
from tests.formats.stated_reading import figures, unbooked
from txn_svc.ledger.money import Currency
from txn_svc.statement import Statement, ValidRow, read
from txn_svc.statement.model import Property
from txn_svc.statement.own import STORI

# Each question is answered once; more would be the same asked again.
MOST_ROUNDS = 4
SECONDS = 5


@dataclass(frozen=True)
class File:
    content: bytes
    currency: Currency
    uploaded_on: dt.date
    format_id: str | None = None
    is_credit: bool = False
    answers: Mapping[Property, str] = field(default_factory=dict)

    def read(self) -> Statement:
        """Refuses with Unreadable."""
        return read(
            BytesIO(self.content),
            uploaded_on=self.uploaded_on,
            currency=self.currency,
            format_id=self.format_id,
            is_credit=self.is_credit,
            answers=self.answers,
        )


def check_rows(file: File, statement: Statement) -> None:
    rows = list(statement.rows())
    lines = [row.line for row in rows]
    assert lines == sorted(set(lines))
    accepted = [row for row in rows if isinstance(row, ValidRow)]
    # A bank cannot have booked what is to come; the holder may have written it down.
    is_own_export = statement.format_id == STORI.id
    assert is_own_export or all(row.booked_on <= file.uploaded_on + dt.timedelta(days=1) for row in accepted)
    assert not unbooked(statement, rows, file.currency, file.uploaded_on)
    read_again = figures(statement, rows, file.currency, file.uploaded_on)
    assert [(row.line, row.booked_on, row.value_on, row.amount_minor) for row in accepted] == read_again
    gone = lost(file.content, statement, rows, file.currency, file.uploaded_on)
    assert not gone, gone


def check(file: File, statement: Statement, rounds: int = MOST_ROUNDS) -> None:
    """The file's rows, or its questions: whatever is answered leads on, to the rows that the option showed."""
    if not statement.questions:
        check_rows(file, statement)
        return
    assert rounds, statement.questions
    for asked in statement.questions:
        ids = [option.id for option in asked.options]
        assert len(set(ids)) == len(ids) >= 2
        # Which columns there are may be asked twice, each time about more of them; never with the same answers.
        assert file.answers.get(asked.property) not in ids
    for number in range(max(len(asked.options) for asked in statement.questions)):
        chosen = {asked.property: asked.options[number % len(asked.options)] for asked in statement.questions}
        answered = replace(file, answers={**file.answers, **{name: option.id for name, option in chosen.items()}})
        following = answered.read()
        found = {one.property: (one.basis, one.value) for one in following.findings}
        again = {asked.property for asked in following.questions}
        assert all(name in again or _is_answered(*found[name], option.id) for name, option in chosen.items())
        if len(chosen) == 1 and not following.questions:
            [option] = chosen.values()
            assert set(option.rows) <= set(following.rows())
        check(answered, following, rounds - 1)


def _is_answered(basis: str, value: str, answer: str) -> bool:
    """What balances show of a column of fees may be added to it."""
    without_fees = re.sub(r", (included_)?fee=[^,]*", "", value)
    return basis == "ANSWERED" and answer in {value, without_fees}


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Of the processor's time: however busy the machine is, it names what hangs."""

    def stop(_: int, __: FrameType | None) -> Any:
        raise TimeoutError(f"It was not read within {seconds} s.")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
