"""What makes an amount a debit: a word, a minus, its column, or balances; and what is asked where none tells."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, get_args

from txn_svc.statement.facts import ChainVotes, Facts
from txn_svc.statement.format import BalanceRule, Roles, SignRule
from txn_svc.statement.indicators import Indicator, indicator_of
from txn_svc.statement.infer import ANSWERED, REMEMBERED, Given, Open, Settled
from txn_svc.statement.model import MAX_FINDING_LINES, Finding, Property
from txn_svc.statement.reading import Reading, Side
from txn_svc.statement.split_signs import Minus, minus_sentence, split_sign
from txn_svc.statement.table import Table
from txn_svc.statement.votes import DECIDED_BY, Tally

_ONE_SIDED: Final[Mapping[Side, SignRule]] = {"debit": "DEBITS", "credit": "CREDITS"}
_OPPOSITE_LETTERS: Final = tuple(map(frozenset, ("dc", "dh", "da", "dk", "sh", "oi", "se")))
SIGN_SENTENCES: Final[Mapping[str, str]] = {
    "SIGNED": "Amounts with a minus are debits, the others are credits.",
    "INVERTED": "Amounts with a minus are credits, the others are debits.",
    "INDICATOR": "A word says which amounts are debits.",
    "DEBITS": "All amounts are debits.",
    "CREDITS": "All amounts are credits.",
    "BALANCE_DEBIT": "The balance beside an amount shows whether it is a debit. The oldest row is one.",
    "BALANCE_CREDIT": "The balance beside an amount shows whether it is a debit. The oldest row is a credit.",
    "OWED_DEBIT": "The balance is what is owed, and shows whether an amount is a debit. The oldest row is one.",
    "OWED_CREDIT": "The balance is what is owed, and shows whether an amount is a debit. The oldest row is a credit.",
}

# By what the balance before it makes the oldest row, where it is not what is owed.
_OWED_OR_NOT: Final[Mapping[Side | None, tuple[BalanceRule, ...]]] = {
    "debit": ("OWED_CREDIT", "BALANCE_DEBIT"),
    "credit": ("OWED_DEBIT", "BALANCE_CREDIT"),
    None: ("OWED_DEBIT", "OWED_CREDIT", "BALANCE_DEBIT", "BALANCE_CREDIT"),
}
_ONE_SIDED_SAID: Final[Mapping[str, str]] = {rule: SIGN_SENTENCES[rule].rstrip(".") for rule in _ONE_SIDED.values()}


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceVotes:
    """How many balances follow from the amounts: as they are `written`, as words beside them say, and of columns that
    may say it. `oldest`: the line of the oldest row and what the balance before it makes it, where days have an order.
    """

    written: ChainVotes = field(default_factory=ChainVotes)
    worded: ChainVotes = field(default_factory=ChainVotes)
    ways: Mapping[Indicator, int] = field(default_factory=dict)
    oldest: tuple[int, Side | None] | None = None

    def contradict(self, rule: SignRule) -> bool:
        """Whether they follow in another way, and not in this one."""
        votes = self.worded if rule == "INDICATOR" else self.written
        held = votes.inverted if rule == "INVERTED" else votes.signed
        return self.written.are_decided_by(self.written.either) and not votes.are_decided_by(held) and votes.pairs > 0

    @property
    def show_words(self) -> bool:
        """Whether they follow as the words say, and not as well without them."""
        held = self.worded.signed
        return self.worded.are_decided_by(held) and held > max(self.written.signed, self.written.inverted)


def sign(facts: Facts, reading: Reading, votes: BalanceVotes, declared: SignRule | None, given: Given) -> Settled:
    """`reading` has all but this. Balances of a card may be what is owed, so there they decide nothing."""
    roles, table = reading.roles, reading.table
    if roles.amount is None:
        return split_sign(facts, reading, votes.written, given, is_declared=declared is not None)
    if declared is not None:
        return declared_sign(declared, (table.line,))
    if (answer := _said(given.answers, table, get_args(BalanceRule) if votes.oldest else ())) is not None:
        return Finding("SIGN", "ANSWERED", answer, _known_sentence(ANSWERED, answer, facts, reading))
    if not (facts.negative.count or facts.positive.count):
        return Finding("SIGN", "ASSUMPTION", "SIGNED", "No row has an amount other than zero.")
    by_words = "INDICATOR" if votes.show_words and not given.is_credit else rule_of_words(facts, roles)
    if by_words is not None and (given.is_credit or not votes.contradict(by_words)):
        lines = _merged(facts.debits, facts.credits)
        return Finding("SIGN", "EVIDENCE", by_words, _words_sentence(by_words, facts, reading), lines)
    is_signed = facts.negative.count > 0
    return _signed(facts, reading, votes.written, given) if is_signed else _unsigned(facts, votes, given, table)


def rule_of_words(facts: Facts, roles: Roles) -> SignRule | None:
    """None where there are no words for debit and credit, or where they and the minus signs say different things."""
    are_opposite = len(facts.letters) < len("dc") or facts.letters in _OPPOSITE_LETTERS
    if not are_opposite or not (facts.debits.count or facts.credits.count):
        return None
    is_one_sided = not (facts.debits.count and facts.credits.count)
    if facts.negative.count:
        return _rule_of_words_and_minus(facts, has_all_glued=roles.indicator is None and not is_one_sided)
    return None if is_one_sided and facts.unknown_words.count else "INDICATOR"


def _rule_of_words_and_minus(facts: Facts, *, has_all_glued: bool) -> SignRule | None:
    debits = _minus(facts.minus_in_debits, facts.plus_in_debits)
    credits_ = _minus(facts.minus_in_credits, facts.plus_in_credits)
    is_unclear = (debits is None and facts.debits.count) or (credits_ is None and facts.credits.count)
    if is_unclear or (debits and credits_):
        return None
    if has_all_glued or (debits is False and credits_ is False):
        return "INDICATOR"
    return "SIGNED" if debits or credits_ is False else "INVERTED"


def _minus(minus: int, plus: int) -> bool | None:
    """Whether most have one; None where as many have as have not."""
    return None if minus == plus else minus > plus


def _unsigned(facts: Facts, votes: BalanceVotes, given: Given, table: Table) -> Settled:
    """Of amounts that have neither a minus nor words beside them that tell."""
    ways = {one.value(table.header): one.label(table.header) for one in votes.ways}
    if not given.is_credit and (decided := _by_balances(facts, votes, ways, table)) is not None:
        return decided
    if (before := _said(given.remembered, table)) is not None:
        return Finding("SIGN", "REMEMBERED", before, REMEMBERED)
    written = votes.written
    if given.is_credit and votes.oldest is not None and written.are_decided_by(written.either) and not ways:
        message = (
            "No amount has a sign. The balances show which are debits, if it is known whether they are what is owed."
        )
        return Open("SIGN", message, _OWED_OR_NOT[votes.oldest[1]], tuple(facts.positive.lines))
    message = "No amount has a sign, and no word or column that Stori knows says which are debits."
    sides: list[Side] = ["debit", "credit"] if given.is_credit else ["credit", "debit"]
    # Where one of them has a word that is known, not all are the other.
    kept = [side for side in sides if not (facts.debits if side == "credit" else facts.credits).count]
    values = (*ways, *(_ONE_SIDED[side] for side in kept or sides))
    if len(values) == 1:
        # Beside the words that are known stand several that are not: rows with those say so themselves.
        lines = _merged(facts.debits, facts.credits)
        return Finding("SIGN", "EVIDENCE", "INDICATOR", SIGN_SENTENCES["INDICATOR"], lines)
    said = {**ways, **_ONE_SIDED_SAID}
    return Open("SIGN", message, values, tuple(facts.positive.lines), tuple(said[value] for value in values))


def _by_balances(facts: Facts, votes: BalanceVotes, ways: Mapping[str, str], table: Table) -> Settled | None:
    chain, lines = votes.written, tuple(facts.positive.lines)
    held: dict[str, int] = {one.value(table.header): count for one, count in votes.ways.items()}
    held |= {"CREDITS": chain.signed, "DEBITS": chain.inverted}
    fitting = [value for value, count in held.items() if chain.are_decided_by(count)]
    if votes.oldest is not None and chain.are_decided_by(chain.either):
        line, side = votes.oldest
        is_said = fitting and fitting[0] in ways
        # The oldest row has no balance before it: only many others that are all alike speak for it.
        is_like_all = side in {None, *(one for one, rule in _ONE_SIDED.items() if [rule] == fitting)}
        is_sure = side is not None or chain.pairs >= DECIDED_BY
        if chain.either > max(held.values()) or not (is_said or (is_like_all and is_sure)):
            return _by_balance(line, side, lines)
    if len(fitting) != 1:
        return None
    said = {**ways, **_ONE_SIDED_SAID}
    return Finding("SIGN", "EVIDENCE", fitting[0], f"{said[fitting[0]]}. The balances show it.", lines)


def _by_balance(oldest_line: int, side: Side | None, lines: tuple[int, ...]) -> Settled:
    if side is not None:
        rule: BalanceRule = "BALANCE_DEBIT" if side == "debit" else "BALANCE_CREDIT"
        return Finding("SIGN", "EVIDENCE", rule, SIGN_SENTENCES[rule], lines)
    message = (
        "No amount has a sign. The balances show which are debits, but for the oldest row, "
        f"in line {oldest_line}: nothing says what was there before it."
    )
    return Open("SIGN", message, ("BALANCE_DEBIT", "BALANCE_CREDIT"), (oldest_line,))


def _signed(facts: Facts, reading: Reading, chain: ChainVotes, given: Given) -> Settled:
    lines = tuple(facts.negative.lines)
    # A row and its reversal below it look right either way: what fits some rows is nothing to what fits all.
    is_inverted = chain.inverted > chain.signed and (not chain.signed or chain.are_decided_by(chain.inverted))
    if not given.is_credit and is_inverted:
        return Finding("SIGN", "EVIDENCE", "INVERTED", f"{SIGN_SENTENCES['INVERTED']} The balances show it.", lines)
    # People pay more often than they are paid: where it seems to be otherwise, a minus may mean the opposite.
    is_usual = chain.signed > 0 or facts.positive.count < facts.negative.count
    if not given.is_credit and is_usual and chain.signed >= chain.inverted:
        return Finding("SIGN", "EVIDENCE", "SIGNED", SIGN_SENTENCES["SIGNED"], lines)
    values = ("SIGNED", "INVERTED", *(("INDICATOR",) if facts.debits.count or facts.credits.count else ()))
    if (before := given.remembered.get("SIGN", "")) in values:
        return Finding("SIGN", "REMEMBERED", before, _known_sentence(REMEMBERED, before, facts, reading))
    message = "Nothing says whether a minus is what you paid, or what was paid back to you as on a card's statement."
    return Open("SIGN", message, values, lines)


def _said(by: Mapping[Property, str], table: Table, others: tuple[str, ...] = ()) -> str | None:
    said = by.get("SIGN", "")
    known = {"SIGNED", "INVERTED", "INDICATOR", *_ONE_SIDED.values(), *others}
    return said if said in known or indicator_of(said, table.header) is not None else None


def declared_sign(rule: SignRule, lines: tuple[int, ...]) -> Finding:
    return Finding("SIGN", "DECLARED", rule, SIGN_SENTENCES[rule], lines)


def debits_have_minus(facts: Facts) -> bool:
    return facts.minus_in_debits > facts.plus_in_debits


def credits_have_minus(facts: Facts) -> bool:
    return facts.minus_in_credits > facts.plus_in_credits


def unmarked(facts: Facts, roles: Roles) -> Side | None:
    """What an amount without a word is where only the others have one."""
    if facts.unknown_words.count or (roles.indicator is not None and facts.debits.count and facts.credits.count):
        return None
    if facts.credits.count and not facts.debits.count:
        return "debit"
    return "credit" if facts.debits.count and not facts.credits.count else None


def _known_sentence(said: str, rule: str, facts: Facts, reading: Reading) -> str:
    """What was known before, with what the rows add to it."""
    return said if rule != "INDICATOR" else f"{said} {_words_sentence(rule, facts, reading)}"


def _words_sentence(rule: str, facts: Facts, reading: Reading) -> str:
    said = SIGN_SENTENCES[rule]
    if rule != "INDICATOR":
        return f"{said} Words beside them say the same."
    minus = Minus(debits=reading.debit_minus, credits=reading.credit_minus)
    return f"{said}{_unmarked_sentence(facts, reading)}{minus_sentence(minus)}"


def _unmarked_sentence(facts: Facts, reading: Reading) -> str:
    if reading.unmarked is None or (facts.debits.count and facts.credits.count):
        return ""
    marked = "debits" if reading.unmarked == "credit" else "credits"
    return f" Only {marked} are marked, so the others are {reading.unmarked}s."


def _merged(*tallies: Tally) -> tuple[int, ...]:
    return tuple(sorted(line for tally in tallies for line in tally.lines)[:MAX_FINDING_LINES])
