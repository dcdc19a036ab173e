"""Fees in a column of their own: taken off the amounts, or in them already. No name tells which; balances may."""

from dataclasses import replace

from txn_svc.ledger.quoting import quoted
from txn_svc.statement.amount_columns import is_fee
from txn_svc.statement.columns import columns_value, places_of
from txn_svc.statement.findings import columns_finding
from txn_svc.statement.format import Roles
from txn_svc.statement.infer import ANSWERED, REMEMBERED, Open
from txn_svc.statement.lines import TextBytes
from txn_svc.statement.model import Finding
from txn_svc.statement.reading import Reading, chain_of
from txn_svc.statement.table import Table
from txn_svc.statement.votes import Tally
from txn_svc.statement.words import has_word, words


def with_fee(roles: Roles, table: Table) -> Roles:
    """The roles with the column that is named as one of fees, where they say nothing of it."""
    is_said = roles.fee is not None or roles.included_fee is not None
    if (
        is_said
        or not table.has_header
        or (roles.amount is not None and has_word(words().net, table.header[roles.amount]))
    ):
        return roles
    taken = {at for _, places in places_of(roles) for at in places}
    named = (at for at in table.own if at not in taken and is_fee(table.header[at]))
    return replace(roles, fee=next(named, None))


def settle_fees(file: TextBytes, columns: Finding, reading: Reading, fees: Tally) -> tuple[Finding | Open, Roles]:
    """What the column of fees means, in a reading that takes them off; unsaid where there are no fees.

    A later file of the same header may have some, and asks then.
    """
    off = reading.roles
    included = replace(off, fee=None, included_fee=off.fee)
    if not fees.count:
        return columns, replace(off, fee=None)
    held = {roles: chain_of(file, replace(reading, roles=roles)).signed for roles in (off, included)}
    if held[off] != held[included]:
        better = max(held, key=lambda roles: held[roles])
        # What the holder has said of the other columns stands.
        said = {"ANSWERED": ANSWERED, "REMEMBERED": REMEMBERED}.get(columns.basis)
        basis = "EVIDENCE" if said is None else columns.basis
        message = " ".join(filter(None, (said, "The balances show what the fees are.")))
        return columns_finding(basis, better, reading.table, message), better
    return _question(reading, off, included, fees), off


def _question(reading: Reading, off: Roles, included: Roles, fees: Tally) -> Open:
    assert off.fee is not None
    table, name = reading.table, quoted(reading.table.name(off.fee))
    values = columns_value(off, table.header), columns_value(included, table.header)
    labels = f"{name} is taken off the amount", f"The amount has {name} in it already"
    message = f"Nothing shows whether {name} is taken off besides the amount, or is in it already."
    return Open("COLUMNS", message, values, tuple(fees.lines), labels)
