"""Columns for debits and for credits: whether a minus in them is usual, or takes back what the column says."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from txn_svc.statement.facts import ChainVotes, Facts
from txn_svc.statement.infer import ANSWERED, REMEMBERED, Given, Open, Settled
from txn_svc.statement.model import Basis, Finding
from txn_svc.statement.reading import Reading

# A column with both signs is clear where one of them is so many times as frequent: little is taken back.
_USUAL_PLUS: Final = 2
_USUAL_MINUS: Final = 3
_SENTENCE: Final = "Debits and credits have a column each."
_ONLY_SIDE: Final = "All amounts are in the column of {}."
_QUESTION: Final = (
    "Nothing says whether a minus in them is only how they are written, or takes back what the column says."
)


class Minus(NamedTuple):
    """In which of the columns a minus is how each amount is written."""

    debits: bool
    credits: bool


SPLIT_RULES: Final[Mapping[str, Minus]] = {
    "SPLIT": Minus(debits=False, credits=False),
    "SPLIT_MINUS_DEBITS": Minus(debits=True, credits=False),
    "SPLIT_MINUS_CREDITS": Minus(debits=False, credits=True),
    "SPLIT_MINUS_BOTH": Minus(debits=True, credits=True),
}
_LABELS: Final[Mapping[str, str]] = {
    "SPLIT": "A minus takes back a debit or a credit",
    "SPLIT_MINUS_DEBITS": "Debits are written with a minus",
    "SPLIT_MINUS_CREDITS": "Credits are written with a minus",
    "SPLIT_MINUS_BOTH": "Debits and credits are written with a minus",
}


def split_sign(facts: Facts, reading: Reading, balances: ChainVotes, given: Given, *, is_declared: bool) -> Settled:
    """`reading` takes the sign that is more frequent in a column as the usual one; `balances` follow from that, or do
    not."""
    value, line = _rule_of(reading), (reading.table.line,)
    if (answer := given.answers.get("SIGN")) in SPLIT_RULES:
        return Finding("SIGN", "ANSWERED", str(answer), f"{ANSWERED}{_minus_of(str(answer))}", line)
    open_ = Minus(debits=_are_debits_open(facts), credits=_are_credits_open(facts, is_card=given.is_credit))
    if not any(open_) or balances.are_decided_by(max(balances.signed, balances.inverted)):
        basis: Basis = "DECLARED" if is_declared else "EVIDENCE"
        return Finding("SIGN", basis, value, f"{_sentence(reading)}{_minus_of(value)}", line)
    values = [value, *(one for one in SPLIT_RULES if one != value and _differs_only_in(open_, value, one))]
    if (before := given.remembered.get("SIGN")) in values:
        return Finding("SIGN", "REMEMBERED", str(before), f"{REMEMBERED}{_minus_of(str(before))}", line)
    lines = tuple(facts.minus_in_sides.lines)
    return Open(
        "SIGN", f"{_sentence(reading)} {_QUESTION}", tuple(values), lines, tuple(_LABELS[one] for one in values)
    )


def _sentence(reading: Reading) -> str:
    if reading.roles.credit is None:
        return _ONLY_SIDE.format("debits")
    return _ONLY_SIDE.format("credits") if reading.roles.debit is None else _SENTENCE


def _rule_of(reading: Reading) -> str:
    minus = Minus(debits=reading.debit_minus, credits=reading.credit_minus)
    return next(rule for rule, one in SPLIT_RULES.items() if one == minus)


def minus_sentence(minus: Minus) -> str:
    debits = " Debits are written with a minus." if minus.debits else ""
    credits_ = " Credits are written with a minus." if minus.credits else ""
    return f"{debits}{credits_}"


def _minus_of(rule: str) -> str:
    return minus_sentence(SPLIT_RULES[rule])


def _differs_only_in(open_: Minus, one: str, other: str) -> bool:
    pairs = zip(open_, SPLIT_RULES[one], SPLIT_RULES[other], strict=True)
    return all(is_open or first == second for is_open, first, second in pairs)


def _are_debits_open(facts: Facts) -> bool:
    return _has_both(facts.minus_in_debits, facts.plus_in_debits)


def _are_credits_open(facts: Facts, *, is_card: bool) -> bool:
    """Only cards often have them with a minus: elsewhere one or two may all be taken back."""
    minus, plus = facts.minus_in_credits, facts.plus_in_credits
    return _has_both(minus, plus) or (not is_card and not plus and 0 < minus < _USUAL_MINUS)


def _has_both(minus: int, plus: int) -> bool:
    return minus > 0 and plus > 0 and plus < _USUAL_PLUS * minus and minus < _USUAL_MINUS * plus
