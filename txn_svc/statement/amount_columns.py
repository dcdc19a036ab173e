"""Which of the columns of numbers are amounts, debits, credits and balances, and which column has their currency."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, zip_longest
from typing import Final

from txn_svc.ledger.money import AmountError, Currency, DecimalMark
from txn_svc.statement.amounts import MARKS, amount_reader, balance_reader, is_some, written
from txn_svc.statement.content import MOST, Content
from txn_svc.statement.currency_signs import currencies_in
from txn_svc.statement.dates import order_of, readings
from txn_svc.statement.facts import ChainVotes, chain_votes
from txn_svc.statement.format import DATE_ORDERS
from txn_svc.statement.model import MAX_OPTIONS, Direction
from txn_svc.statement.two_digit_years import narrowed
from txn_svc.statement.units import has_mark, is_minor
from txn_svc.statement.votes import is_decided
from txn_svc.statement.words import has_word, plain, qualifiers, roles_of, words

Way = dict[str, list[int]]
"""The columns of each role."""

# One balance that follows may do so by chance.
_LEAST_HELD: Final = 2
_LEAST_BILLED: Final = 0.5


@dataclass
class AmountColumns:
    """`found` are the columns of each role by their names: of a description, an amount and a currency any number.

    `is_credit`: the account is a card's, whose balance may be what is owed.
    """

    found: Way
    names: Sequence[str]
    contents: Sequence[Content]
    currency: Currency
    is_credit: bool = False

    def ways(self) -> list[Way]:
        """The ways in which the columns can be meant, the likeliest first; several where nothing decides."""
        said = {role: at for role, at in self.found.items() if role not in {"amount", "debit", "credit", "currency"}}
        ways = list[Way]()
        for way in self._chosen():
            ways += [said | one for one in self._with_currency(way) if said | one not in ways]
        return [self._with_fee(ways[0])] if len(ways) == 1 else ways[:MAX_OPTIONS]

    def _chosen(self) -> list[Way]:
        sides: Way = {role: self.found[role] for role in ("debit", "credit") if role in self.found}
        if len(sides) > 1:
            # An amount beside them says the same; a column for each direction leaves no doubt about it.
            return self._of_colliding(sides) or [sides]
        if sides and (both := self._with_other_side(sides)) is not None:
            return [both]
        if sides and self._have_words_of_other(sides):
            return [{"amount": places} for places in sides.values()]
        if "amount" in self.found:
            return [{"amount": [at]} for at in self._of_several(self._named())]
        if (alone := sides.get("credit")) is not None and self._is_mostly_negative(*alone):
            # It has both sides, whatever it is called.
            return [{"amount": alone}]
        # Alone beside other numbers, "charges" are fees.
        is_fees = any(is_fee(self.names[at]) for places in sides.values() for at in places)
        by_content = self._by_content() if is_fees or not sides else []
        return by_content or ([sides, *self._besides(sides)] if sides else [])

    def _of_colliding(self, sides: Way) -> list[Way]:
        """Of two sides that most rows have both, the one that takes turns with another column: as "Charge" does with
        "Payment", where "Credit" is what is left of it."""
        first, second, both = self._turns(*sides["debit"], *sides["credit"])
        if both <= first + second:
            return []
        ways = (self._with_other_side({role: places}) for role, places in sides.items())
        return [way for way in ways if way is not None]

    def _besides(self, side: Way) -> list[Way]:
        """Amounts beside the only side that has a name, in rows that have it too: it may be a deposit that was held."""
        ((named,),) = side.values()
        others = (at for at in self._with_marks(self._numbers) if at != named and self._turns(named, at)[2])
        return [{"amount": [at]} for at in others]

    def _have_words_of_other(self, side: Way) -> bool:
        """Whether words beside the only side that has a name say of some rows that they are on the other one."""
        words_ = [self.contents[at] for at in self.found.get("indicator", ())]
        return any(one.credits if "debit" in side else one.debits for one in words_ if one.debits and one.credits)

    def _with_other_side(self, side: Way) -> Way | None:
        """The one side that has a name, and the column in which the amounts of the other rows are."""
        ((role, (named,)),) = side.items()
        other = "credit" if role == "debit" else "debit"
        others = [at for at in self._numbers if at != named and self._take_turns(named, at)]
        others = [at for at in others if self._signs(at) in ({False}, {other == "debit"})]
        others = self._with_marks(others) or others
        return side | {other: others} if len(others) == 1 else None

    def _by_content(self) -> list[Way]:
        numbers = [at for at in self._numbers if self.contents[at].is_mostly(self.contents[at].amounts, MOST)]
        numbers = [at for at in numbers if not self._is_named_foreign(at)] or numbers
        pairs = [pair for pair in combinations(numbers, 2) if self._may_be_sides(*pair)]
        sides = [{"debit": [one], "credit": [two]} for pair in pairs for one, two in (pair, pair[::-1])]
        if (shown := self._shown(sides, numbers)) is not None:
            return [shown]
        turning = [pair for pair in pairs if self._take_turns(*pair)]
        if turning:
            marked = [pair for pair in turning if len(self._with_marks(pair)) == len(pair)]
            return [way for pair in marked or turning for way in self._either_side(*pair)]
        single: list[Way] = [{"amount": [at]} for at in numbers]
        with_fees = [one | {"fee": [at]} for one in single for at, name in enumerate(self.names) if is_fee(name)]
        if (shown := self._shown(single, numbers) or self._shown(with_fees[:MAX_OPTIONS], numbers)) is not None:
            return [shown]
        amounts = [at for at in numbers if any(map(is_some, self.contents[at].cells))]
        full = [at for at in amounts if self.contents[at].is_full_of_amounts]
        return [{"amount": [at]} for at in self._of_several(self._with_marks(amounts) or full or amounts)]

    # Columns of numbers

    def _free(self) -> list[int]:
        taken = {at for places in self.found.values() for at in places}
        return [at for at in range(len(self.contents)) if at not in taken]

    @cached_property
    def _numbers(self) -> list[int]:
        """The columns that may be amounts: those named so, and the first without a role that hold numbers."""
        named = self.found.get("amount", [])
        free = [at for at in self._free() if self.contents[at].may_be("amount") and not self._is_other_number(at)]
        return sorted([*named, *free][:MAX_OPTIONS])

    def _is_other_number(self, at: int) -> bool:
        name, content = self.names[at], self.contents[at]
        return content.is_counter or is_minor(name, content) or is_fee(name) or _is_tax(name) or _is_rate(name)

    def _with_marks(self, places: Iterable[int]) -> list[int]:
        """Those with a decimal mark: the others may be numbers of checks."""
        return [at for at in places if any(map(has_mark, self.contents[at].cells))]

    def _turns(self, one: int, two: int) -> tuple[int, int, int]:
        """In how many rows only the first has an amount other than zero, only the second, and both."""
        cells = zip(self.contents[one].cells, self.contents[two].cells, strict=True)
        turns = Counter((is_some(a), is_some(b)) for a, b in cells)
        return turns[True, False], turns[False, True], turns[True, True]

    def _take_turns(self, one: int, two: int) -> bool:
        """Whether in no row both have an amount, and in most one of them. Notices and opening balances have neither."""
        first, second, both = self._turns(one, two)
        return bool(first and second and not both) and 2 * (first + second) >= len(self.contents[one].cells)

    def _may_be_sides(self, one: int, two: int) -> bool:
        first, second, both = self._turns(one, two)
        return bool(first and second) and is_decided(first + second, both)

    def _either_side(self, one: int, two: int) -> list[Way]:
        """Both ways. Two columns that have signs of their own may be two amounts too."""
        ways = [{"debit": [one], "credit": [two]}, {"debit": [two], "credit": [one]}]
        if any(len(self._signs(at)) > 1 for at in (one, two)):
            return [{"amount": [one]}, {"amount": [two]}, *ways]
        return ways

    def _is_mostly_negative(self, at: int) -> bool:
        signs = [sign for sign in self._minuses(at) if sign is not None]
        return 2 * sum(signs) >= len(signs) > 0

    def _signs(self, at: int) -> set[bool]:
        """Of its amounts other than zero: whether they have a minus."""
        return {sign for sign in self._minuses(at) if sign is not None}

    def _minuses(self, at: int) -> list[bool | None]:
        """Of each row: whether its amount has a minus; None where there is none other than zero."""
        return [_figure(cell).startswith("-") if is_some(cell) else None for cell in self.contents[at].cells]

    # Of several amounts

    def _named(self) -> list[int]:
        """Those with the name of an amount, and such as have the signs of the first. If they all are without a tax, the
        whole one may have any name."""
        amounts = self.found["amount"]
        if self._has_tax() and all(map(self._is_net, amounts)):
            return sorted({*amounts, *self._numbers})
        return sorted({*amounts, *(at for at in self._numbers if self._is_signed_alike(at, amounts[0]))})

    def _is_signed_alike(self, at: int, amount: int) -> bool:
        """Whether it has the same signs in the same rows, and some are a minus, or the name says it: it may be what was
        really paid."""
        signs, others = self._minuses(at), self._minuses(amount)
        # What was not paid has none, or zero.
        said = [(one, other) for one, other in zip(signs, others, strict=True) if one is not None]
        is_billed = has_word(words().billed, self.names[at])
        least = _LEAST_BILLED if is_billed else MOST
        is_told = len(said) >= least * len(signs) and (is_billed or True in signs)
        return is_told and all(one == other for one, other in said)

    def _is_net(self, at: int) -> bool:
        return has_word(words().net, self.names[at])

    def _has_tax(self) -> bool:
        return any(map(_is_tax, self.names))

    def _of_several(self, amounts: Sequence[int]) -> list[int]:
        """Those that may be the account's."""
        rest = self._without_copies(amounts)
        if len(rest) > 1 and (shown := self._shown([{"amount": [at]} for at in rest], self._numbers)) is not None:
            return shown["amount"]
        for may_be in self._preferences():
            rest = [at for at in rest if may_be(at)] or rest
        return rest

    def _preferences(self) -> Iterator[Callable[[int], bool]]:
        yield lambda at: not self._is_named_foreign(at)
        yield self._is_named_own
        yield lambda at: not self._is_foreign(self._code_named_as(at) or self._code_beside(at))
        if not self._has_tax():
            yield lambda at: self._is_net(at) and any(map(is_fee, self.names))
        elif not all(map(self._is_net, self.found.get("amount", ()))):
            yield lambda at: not self._is_net(at)
        yield lambda at: has_word(words().billed, self.names[at])

    def _without_copies(self, amounts: Iterable[int]) -> list[int]:
        kept = list[int]()
        for at in amounts:
            if not any(self._figures(at) == self._figures(one) for one in kept):
                kept.append(at)
        return kept

    def _figures(self, at: int) -> list[str]:
        return [_figure(cell) for cell in self.contents[at].cells]

    def _is_named_foreign(self, at: int) -> bool:
        return bool(currencies_in(self.names[at])) and not self._is_named_own(at)

    def _is_named_own(self, at: int) -> bool:
        return self.currency.code in currencies_in(self.names[at])

    # Currencies

    def _with_currency(self, way: Way) -> list[Way]:
        """The way with the column that has its currency; where that may be another amount's, what is possible."""
        (at, *_) = next(iter(way.values()))
        code = self._code_of(at)
        if code is None or (self._is_foreign(code) and self._is_followed(way)):
            return [way]
        whole = way | {"currency": [code]}
        others = self._others_in(code, at) if "amount" in way else {}
        copies = [{"amount": [other]} for other, is_copy in others.items() if is_copy]
        if copies:
            return [way, *copies]
        return [way, whole] if others or not self._is_sure(code) else [whole]

    def _code_of(self, at: int) -> int | None:
        if (code := self._code_named_as(at)) is not None:
            return code
        places = [one for one in self._codes if self._may_have_code(at, one)]
        places.sort(key=lambda one: (not self._is_named_currency(one), self._amount_beside(one) != at))
        return places[0] if places else None

    def _may_have_code(self, at: int, code: int) -> bool:
        is_others = any(self._are_named_alike(code, other) for other in self._numbers if other != at)
        return not is_others and not (self._is_named_own(at) and self._is_foreign(code))

    def _is_named_currency(self, code: int) -> bool:
        return code in self.found.get("currency", ())

    def _is_sure(self, code: int) -> bool:
        """Whether it is the amount's currency by its name, or as each row has one and some have the account's."""
        cells = [cell.upper() for cell in self.contents[code].cells]
        is_whole = "" not in cells and self.currency.code in cells
        return self._is_named_currency(code) or not self._is_foreign(code) or is_whole

    def _is_followed(self, way: Way) -> bool:
        """Whether each balance follows from it: so all of it is in one currency."""
        votes = (self._votes(way, at) for at in way.get("balance", self.found.get("balance", [])))
        return any(one.signed >= max(_LEAST_HELD, one.pairs) for one in votes)

    def _code_named_as(self, at: int) -> int | None:
        """The column of currencies with the same word beside its noun, as in "local amount" and "local currency"."""
        return next((code for code in self._codes if self._are_named_alike(code, at)), None)

    def _code_beside(self, at: int) -> int | None:
        return next((code for code in self._codes if self._amount_beside(code) == at), None)

    def _are_named_alike(self, code: int, at: int) -> bool:
        said = qualifiers(self.names[code])
        return bool(said) and said == qualifiers(self.names[at])

    def _amount_beside(self, code: int) -> int | None:
        """The number before a currency; that after it where not each currency has one before it."""
        numbers = self._numbers
        step = -1 if all(one - 1 in numbers for one in self._codes) else 1
        return code + step if code + step in numbers else None

    @cached_property
    def _codes(self) -> list[int]:
        """The columns of currencies: those named so, and the first without a role that hold codes."""
        free = [at for at in self._free() if self.contents[at].is_mostly(self.contents[at].currencies, MOST)]
        return sorted([*self.found.get("currency", ()), *free][:MAX_OPTIONS])

    def _is_foreign(self, code: int | None) -> bool:
        return code is not None and any(
            cell and cell.upper() != self.currency.code for cell in self.contents[code].cells
        )

    def _others_in(self, code: int, at: int) -> dict[int, bool]:
        """Numbers that may be what the code is about: other than the amount where the currency is another one.

        With whether they are the amount where it is the account's, being nothing there otherwise.
        """
        found = dict[int, bool]()
        is_own = [cell.upper() in {"", self.currency.code} for cell in self.contents[code].cells]
        if all(is_own) or not any(is_own):
            return found
        for other in self._numbers:
            rows = list(zip(is_own, self._figures(at), self._figures(other), strict=True))
            if other != at and all((two in {"", one}) if own else (two not in {"", one}) for own, one, two in rows):
                found[other] = all(one == two for own, one, two in rows if own)
        return found

    # Balances

    def _shown(self, ways: Sequence[Way], numbers: Sequence[int]) -> Way | None:
        """The way from which balances follow, with the column of these; None where none or several do."""
        held = list[tuple[int, Way]]()
        for way in ways:
            if self.is_credit and "amount" not in way:
                # What is owed grows with debits, and so says the opposite.
                continue
            taken = {at for places in way.values() for at in places}
            for balance in self.found.get("balance") or [at for at in numbers if at not in taken]:
                votes = self._votes(way, balance)
                count = votes.either if [*way] == ["amount"] else votes.signed
                if count >= _LEAST_HELD and votes.are_decided_by(count):
                    held.append((count, way | {"balance": [balance]}))
        most = max((count for count, _ in held), default=0)
        best = [way for count, way in held if count == most]
        # Two columns of balances are no two ways to read the amounts.
        return best[0] if best and all(way | {"balance": best[0]["balance"]} == best[0] for way in best) else None

    def _with_fee(self, way: Way) -> Way:
        """The way with a column of fees, where balances follow only when it is taken off."""
        if "balance" not in way or self._is_held(self._votes(way, way["balance"][0])):
            return way
        taken = {at for places in way.values() for at in places}
        ways = [way | {"fee": [at]} for at in self._numbers if at not in taken]
        return next((one for one in ways if self._is_held(self._votes(one, one["balance"][0]))), way)

    def _is_held(self, votes: ChainVotes) -> bool:
        return votes.signed >= _LEAST_HELD and votes.are_decided_by(votes.signed)

    def _votes(self, way: Way, balance: int) -> ChainVotes:
        """The better of those of the two decimal marks."""
        return max(
            (
                chain_votes(
                    (None if two is None else (one, two) for one, two in zip(amounts, balances, strict=True)),
                    self._order,
                )
                for mark in MARKS
                if (amounts := self._amounts(way, mark)) is not None
                and (balances := self._minor(balance, mark, is_balance=True)) is not None
            ),
            key=lambda votes: votes.either,
            default=ChainVotes(),
        )

    def _amounts(self, way: Way, mark: DecimalMark) -> list[int] | None:
        """Of each row, nothing being zero; debits negative, whether they are written with a minus or without."""
        found = [0] * len(self.contents[0].cells)
        for role in ("amount", "debit", "credit", "fee"):
            part = self._minor(way[role][0], mark) if role in way else []
            if part is None:
                return None
            if role != "amount":
                part = _turned(part)
            sign = -1 if role in {"debit", "fee"} else 1
            found = [one + sign * (other or 0) for one, other in zip_longest(found, part, fillvalue=0)]
        return found

    def _minor(self, at: int, mark: DecimalMark, *, is_balance: bool = False) -> list[int | None] | None:
        """The cells in minor units; None where some are no amounts with this mark."""
        read = (balance_reader if is_balance else _amount_reader)(self.currency, mark)
        with suppress(AmountError):
            return [read(cell) if cell else None for cell in self.contents[at].cells]
        return None

    @cached_property
    def _order(self) -> Direction | None:
        """That of the days, where it is the same however the dates are read."""
        dates = [readings(cell) for cell in self.contents[self.found["date"][0]].cells]
        found = set[Direction | None]()
        for order in narrowed(dates, DATE_ORDERS):
            if all(order in one for one in dates):
                found.add(order_of(one[order] for one in dates))
        return found.pop() if len(found) == 1 else None


def is_fee(name: str) -> bool:
    return "fee" in roles_of(name)


def _is_tax(name: str) -> bool:
    """Whether the name says a tax and nothing else, as "VAT amount" does and "Amount with VAT" does not."""
    said = qualifiers(name)
    return bool(said) and said <= words().tax


def _is_rate(name: str) -> bool:
    return any(word.endswith(rate) for word in plain(name).split() for rate in words().rate)


def _amount_reader(currency: Currency, mark: DecimalMark) -> Callable[[str], int]:
    return amount_reader(currency, mark, with_words=True)


def _figure(cell: str) -> str:
    """What makes it another amount than others in its column or row; empty for none and for zero."""
    found = written(cell)
    digits = "" if found is None else "".join(one for one in found.digits if one.isdigit()).lstrip("0")
    return f"-{digits}" if digits and found is not None and found.sign < 0 else digits


def _turned(figures: Sequence[int | None]) -> list[int | None]:
    """With most of them positive."""
    signs = sum((one > 0) - (one < 0) for one in figures if one is not None)
    return [None if one is None else -one for one in figures] if signs < 0 else list(figures)
