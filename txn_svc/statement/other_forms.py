"""Whether a file that has the header of a format is written in another form than the format declares."""

from typing import Final

from txn_svc.statement import infer
from txn_svc.statement.amounts import MARKS
from txn_svc.statement.dates import EXAMPLES
from txn_svc.statement.facts import ChainVotes, Facts
from txn_svc.statement.format import Format
from txn_svc.statement.infer import MARK_NAMES, Given
from txn_svc.statement.survey import OtherForm
from txn_svc.statement.table import Table
from txn_svc.statement.votes import is_decided

_WORDS: Final = "The amounts have words beside them, where this format has a minus for debits."


def require_form(found: Facts, table: Table, known: Format, given: Given) -> None:
    if not table.has_rejects:
        found.mixed_dates.require_months_in_place()
    _require_declared(found, known)
    if may_be_another_form(table, given):
        require_uncontradicted(found, known)


def require_sign(chain: ChainVotes, known: Format) -> None:
    if known.sign is not None and is_decided(chain.inverted, chain.signed):
        raise OtherForm("The balances show that a minus does not mean what it means in this format.")


def may_be_another_form(table: Table, given: Given) -> bool:
    """A format that was asked for is the file's, and so is that of which a file of rejects is."""
    return not given.is_format_asked and not table.has_rejects


def _require_declared(found: Facts, known: Format) -> None:
    if known.date_order is not None and not found.dates.fits(known.date_order):
        raise OtherForm(f"The dates are not written as this format has them: {EXAMPLES[known.date_order]}.")
    if known.decimal_mark is not None and not found.marks.fits(known.decimal_mark):
        raise OtherForm(f"The amounts are not written as this format has them: with {MARK_NAMES[known.decimal_mark]}.")
    if _has_words(found, known):
        raise OtherForm(_WORDS)


def require_uncontradicted(found: Facts, known: Format) -> None:
    order, mark = known.date_order, known.decimal_mark
    if order is not None and found.dates.contradicts(order, found.two_digit_years.narrowed(infer.ORDERS)):
        raise OtherForm(f"Most dates are not written as this format has them: {EXAMPLES[order]}.")
    if mark is not None and found.marks.contradicts(mark, MARKS):
        raise OtherForm(f"Most amounts are not written as this format has them: with {MARK_NAMES[mark]}.")
    if _has_words(found, known):
        raise OtherForm(_WORDS)


def _has_words(found: Facts, known: Format) -> bool:
    has_words = found.debits.count > 0 or found.credits.count > 0
    return known.sign == "SIGNED" and known.roles.indicator is None and has_words
