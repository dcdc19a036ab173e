"""Rows that are no more than a date, an amount with its sign, one description and an id: read fast."""

from collections.abc import Iterable, Iterator, Sequence

from txn_svc.ledger.money import AmountError
from txn_svc.ledger.quoting import quoted
from txn_svc.statement.amounts import OtherCurrencyError, amount_reader
from txn_svc.statement.dates import DateError
from txn_svc.statement.facts import is_called_standing, is_total
from txn_svc.statement.format import Roles
from txn_svc.statement.model import (
    MAX_DESCRIPTION_CHARACTERS,
    MAX_EXTERNAL_ID_CHARACTERS,
    ReasonCode,
    RejectedRow,
    ValidRow,
)
from txn_svc.statement.parts import may_be_part
from txn_svc.statement.purchases import other_currency, purchase_sentence
from txn_svc.statement.reading import Reading, RowError, date_reader
from txn_svc.statement.records import Record
from txn_svc.statement.rejecting import RejectLimit, kept, too_long, without_columns
from txn_svc.statement.sections import MAX_TITLE_CELLS, Sections
from txn_svc.statement.standing import Listed, Standing
from txn_svc.statement.telling import may_tell
from txn_svc.statement.unbooked import (
    ENDS_OF_UNBOOKED,
    UNBOOKED_BELOW,
    is_part,
    part_sentence,
    pending_sentence,
    says_pending,
)


def simple_rows(records: Iterable[Record], reading: Reading) -> Iterator[ValidRow | RejectedRow | Standing | Listed]:
    """One row for each record, read without what a simple one does not have: in a third of the time."""
    roles, width = reading.roles, reading.table.width
    date_at, amount_at, external_id_at = roles.date, roles.amount, roles.external_id
    assert amount_at is not None
    description_at = roles.description[0] if roles.description else None
    read_date = date_reader(reading)
    read_amount = amount_reader(reading.currency, reading.decimal_mark)
    limit, count, titles, sums = RejectLimit(), 0, _Titles(reading), reading.sum_lines
    for line, cells, fault in records:
        count += 1
        if fault is not None or len(cells) != width:
            if not titles.see(cells, fault):
                yield limit.passed(without_columns(Record(line, cells, fault), width), count)
            continue
        text = "" if description_at is None else cells[description_at]
        external_id = None if external_id_at is None else cells[external_id_at]
        try:
            booked_on, amount_minor = read_date(cells[date_at]), read_amount(cells[amount_at])
            is_telling = may_tell(text)
            if len(text) > MAX_DESCRIPTION_CHARACTERS or len(external_id or "") > MAX_EXTERNAL_ID_CHARACTERS:
                _require_short(text, external_id, roles)
            if is_telling or text[-1:] in ENDS_OF_UNBOOKED:
                _require_booked(text, amount_minor, reading)
            if titles.is_bar:
                titles.require_booked()
        except (DateError, AmountError, RowError) as error:
            if not (isinstance(error, DateError) and (is_total(cells) or titles.see(cells))):
                yield limit.passed(_rejected(line, cells, error, reading), count)
        else:
            row = ValidRow(line, tuple(cells), booked_on, None, amount_minor, text, external_id, None, None, None)
            yield _marked(row, sums) if is_telling or "/" in text or line in sums else row


def _marked(row: ValidRow, sums: frozenset[int]) -> ValidRow | Standing | Listed:
    """What its text or its amount may say of it."""
    if row.line in sums or is_called_standing(row.description):
        return Standing(row)
    return Listed(row) if may_be_part(row.description) else row


def _rejected(line: int, cells: list[str], error: DateError | AmountError | RowError, reading: Reading) -> RejectedRow:
    code, at = _of(error, reading.roles)
    return RejectedRow(line, kept(cells), code, str(error), reading.table.name(at))


def _of(error: DateError | AmountError | RowError, roles: Roles) -> tuple[ReasonCode, int]:
    """Its code, and the column where it is."""
    if isinstance(error, RowError):
        return error.code, error.at
    if isinstance(error, DateError):
        return error.code, roles.date
    assert roles.amount is not None
    return "OTHER_CURRENCY" if isinstance(error, OtherCurrencyError) else "BAD_AMOUNT", roles.amount


class _Titles:
    """Lines that say what the rows below them are, of which none was expected."""

    def __init__(self, reading: Reading) -> None:
        self._sections, self._at = Sections(reading.table.before), reading.roles.date
        self._account = self._sections.account
        self.is_bar = self._sections.is_pending

    def see(self, cells: Sequence[str], fault: str | None = None) -> bool:
        """Whether it is one."""
        if fault is not None or (len(cells) > MAX_TITLE_CELLS and all(map(str.strip, cells[: MAX_TITLE_CELLS + 1]))):
            # So many cells of a title are never filled: most rows are told so.
            return False
        is_one = self._sections.see(cells)
        if is_one:
            self.is_bar = self._sections.is_pending or self._sections.account != self._account
        return is_one

    def require_booked(self) -> None:
        """Refuses with RowError a row below one that says that it is pending, or another account's: where `is_bar`."""
        if self._sections.is_pending:
            raise RowError("PENDING", UNBOOKED_BELOW, self._at)
        message = f"A line above names {quoted(self._sections.account)}, and nothing says that it is this account."
        raise RowError("OTHER_ACCOUNT", message, self._at)


def _require_short(text: str, external_id: str | None, roles: Roles) -> None:
    if len(text) > MAX_DESCRIPTION_CHARACTERS:
        raise RowError("TOO_LONG", too_long(text, MAX_DESCRIPTION_CHARACTERS), roles.description[0])
    if external_id is not None and len(external_id) > MAX_EXTERNAL_ID_CHARACTERS:
        assert roles.external_id is not None
        raise RowError("TOO_LONG", too_long(external_id, MAX_EXTERNAL_ID_CHARACTERS), roles.external_id)


def _require_booked(text: str, amount_minor: int, reading: Reading) -> None:
    """Refuses with RowError one that says that the row is pending, a part of another, or in another currency."""
    at = reading.roles.description[0]
    if says_pending(text, amount_minor):
        raise RowError("PENDING", pending_sentence(text), at)
    if is_part(text):
        raise RowError("BAD_AMOUNT", part_sentence(text), at)
    if (code := other_currency(text, amount_minor, reading.currency)) is not None:
        raise RowError("OTHER_CURRENCY", purchase_sentence(text, code, reading.currency), at)
