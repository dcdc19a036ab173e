"""What the columns of a file are for, by their names and by what stands in them."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields
from itertools import combinations, pairwise, permutations
from typing import Final

from runtime.currency import DECIMALS
from txn_svc.ledger.money import AmountError, Currency, DecimalMark
from txn_svc.statement.amounts import MARKS, amount_reader, is_some, marks
from txn_svc.statement.dates import readings
from txn_svc.statement.format import Roles
from txn_svc.statement.model import MAX_OPTIONS
from txn_svc.statement.words import plain, roles_of, words

_MOST: Final = 0.8
_HALF: Final = 0.5
_MAX_WORDS: Final = 12
_LEAST_CHAIN: Final = 3
_MAX_COUNTER_DIGITS: Final = 18
_MARKS_AROUND: Final = (", ", " + ", ": debit=")
_NUMBER_SHOWN: Final = re.compile("#[0-9]{1,4}")
_NUMERIC: Final = ("amount", "debit", "credit", "fee", "balance")

_Figures = Mapping[DecimalMark, Sequence[int]]


@dataclass(slots=True)
class Content:
    """What the cells of one column are, in the sample."""

    cells: list[str] = field(default_factory=list)
    filled: int = 0
    dates: int = 0
    amounts: int = 0
    currencies: int = 0
    directions: int = 0
    pending: int = 0
    pending_days: int = 0
    failed: int = 0
    posted: int = 0
    texts: Counter[str] = field(default_factory=Counter)

    def add(self, cell: str) -> None:
        text = cell.strip()
        self.cells.append(text)
        if not text:
            return
        self.filled += 1
        is_date = bool(readings(text))
        self.dates += is_date
        self.amounts += not is_date and bool(marks(text))
        self.currencies += text in DECIMALS
        word = plain(text)
        self.directions += word in words().debit or word in words().credit
        self.pending += word in words().pending
        self.pending_days += word in words().pending_days
        self.failed += word in words().failed
        self.posted += word in words().posted
        self.texts[word] += 1

    def is_mostly(self, count: int, share: float = _HALF) -> bool:
        return self.filled > 0 and count >= self.filled * share

    @property
    def is_full_of_amounts(self) -> bool:
        """Whether hardly a row is without one; a column of zeros only says nothing."""
        return self.filled >= len(self.cells) * _MOST and any(map(is_some, self.cells))

    @property
    def is_direction(self) -> bool:
        return self.is_mostly(self.directions, _MOST) and len(self.texts) <= _MAX_WORDS

    @property
    def is_status(self) -> bool:
        if self.is_mostly(self.dates):
            return self.pending + self.pending_days > 0
        return (self.pending > 0 or (self.failed > 0 and self.posted > 0)) and len(self.texts) <= _MAX_WORDS

    @property
    def is_counter(self) -> bool:
        """Whole numbers, each by one more or less than the one before: they number the rows."""
        whole = [
            int(cell) for cell in self.cells if cell.isascii() and cell.isdigit() and len(cell) < _MAX_COUNTER_DIGITS
        ]
        steps = {two - one for one, two in pairwise(whole)}
        return len(whole) == len(self.cells) and len(whole) >= _LEAST_CHAIN and steps in ({1}, {-1})

    def may_be(self, role: str) -> bool:
        if role in {"date", "value_date"}:
            return self.is_mostly(self.dates) or (role == "value_date" and not self.filled)
        if role in _NUMERIC:
            return self.is_mostly(self.amounts) or (role != "amount" and not self.filled)
        if role == "currency":
            return self.is_mostly(self.currencies)
        if role == "indicator":
            return self.is_direction
        if role == "description":
            return not self.is_mostly(self.dates, _MOST) and not (
                self.is_mostly(self.amounts, _MOST) and not self.is_mostly(self.dates)
            )
        return True


@dataclass(frozen=True, slots=True)
class Assigned:
    """`candidates` are the ways that are left where the file does not tell; the first is `roles`. `is_by_name`: the
    header names date and amount."""

    candidates: tuple[Roles, ...]
    is_by_name: bool

    @property
    def roles(self) -> Roles:
        return self.candidates[0]


def assign(names: Sequence[str], rows: Sequence[Sequence[str]], currency: Currency) -> Assigned | None:
    """The roles of the columns of these rows, which have as many cells as there are names; None without a date or an
    amount."""
    contents = [Content() for _ in names]
    for row in rows:
        for content, cell in zip(contents, row, strict=True):
            content.add(cell)
    found = _by_name(names, contents)
    is_by_name = "date" in found and bool(found.keys() & {"amount", "debit", "credit"})
    if "date" not in found:
        found |= _only(
            "date", (at for at in _free(found, contents) if contents[at].is_mostly(contents[at].dates, _MOST))
        )
    if "date" not in found:
        return None
    candidates = [found] if is_by_name else _with_amounts(found, contents, currency)
    return (
        Assigned(tuple(_roles(one, contents, is_by_name=is_by_name) for one in candidates), is_by_name)
        if candidates
        else None
    )


def columns_value(roles: Roles, header: Sequence[str]) -> str:
    """The roles as one text, such as `date=Datum, description=Text + Name, amount=Betrag`."""
    shown = shown_names(header)
    return ", ".join(f"{role}={' + '.join(shown[at] for at in places)}" for role, places in places_of(roles))


def shown_names(header: Sequence[str]) -> list[str]:
    """The name of each column, or #3 where it has none of its own that can be told from the text around it."""
    names = [name.strip() for name in header]
    return [name if _can_stand(name, names) else f"#{number}" for number, name in enumerate(names, start=1)]


def place_named(shown: str, header: Sequence[str]) -> int | None:
    """The column with the name that `shown_names` gives it."""
    return _place(shown, [name.strip() for name in header])


def roles_from(value: str, header: Sequence[str]) -> Roles | None:
    """The roles of a text that `columns_value` has made of a file with the same header; None where it does not fit."""
    names = [name.strip() for name in header]
    found = dict[str, int]()
    description = tuple[int, ...]()
    for part in value.split(", "):
        role, _, name = part.partition("=")
        places = tuple(_place(one, names) for one in name.split(" + "))
        if role not in ROLE_NAMES or None in places:
            return None
        if role == "description":
            description = tuple(at for at in places if at is not None)
        elif len(places) == 1 and places[0] is not None:
            found[role] = places[0]
    has_amount = bool(found.keys() & {"amount", "debit", "credit"})
    return Roles(**found, description=description) if "date" in found and has_amount else None


ROLE_NAMES: Final = frozenset(one.name for one in fields(Roles))


def places_of(roles: Roles) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Each role that a column has, with the indexes of its columns."""
    for one in fields(Roles):
        at = getattr(roles, one.name)
        if isinstance(at, int):
            yield one.name, (at,)
        elif at:
            yield one.name, at


def _can_stand(name: str, names: Sequence[str]) -> bool:
    """Whether a column can be told by its name, with other names around it."""
    is_clear = not any(mark in f" {name} " for mark in _MARKS_AROUND) and not _NUMBER_SHOWN.fullmatch(name)
    return bool(name) and names.count(name) == 1 and is_clear


def _place(shown: str, names: Sequence[str]) -> int | None:
    if _NUMBER_SHOWN.fullmatch(shown) and 0 < int(shown[1:]) <= len(names):
        return int(shown[1:]) - 1
    return names.index(shown) if names.count(shown) == 1 else None


def _by_name(names: Sequence[str], contents: Sequence[Content]) -> dict[str, list[int]]:
    found = dict[str, list[int]]()
    for at, (name, content) in enumerate(zip(names, contents, strict=True)):
        for role in roles_of(name):
            if content.may_be(role) and (role == "description" or role not in found):
                found.setdefault(role, []).append(at)
                break
            if content.may_be(role) and _says_more(role, name, names[found[role][0]]):
                found[role] = [at]
                break
    if "amount" in found and found.keys() & {"debit", "credit"}:
        # Both say the same thing; a column for each direction leaves no doubt about it.
        if found.keys() >= {"debit", "credit"}:
            del found["amount"]
        else:
            found.pop("debit", None)
            found.pop("credit", None)
    return found


def _says_more(role: str, name: str, other: str) -> bool:
    """Whether this name says that it is the day of the booking, or the amount without fees, and the other does not."""
    says = {"date": _is_booked, "amount": is_net}.get(role)
    return says is not None and says(name) and not says(other)


def _is_booked(name: str) -> bool:
    return not words().booked.isdisjoint(plain(name).split())


def is_net(name: str) -> bool:
    """Whether the name of an amount says that fees are taken off it."""
    return not words().net.isdisjoint(plain(name).split())


def _free(found: dict[str, list[int]], contents: Sequence[Content]) -> Iterator[int]:
    taken = {at for places in found.values() for at in places}
    return (at for at in range(len(contents)) if at not in taken)


def _only(role: str, places: Iterable[int]) -> dict[str, list[int]]:
    """The first of them; the others may be the same in another sense, such as the value date."""
    first = list(places)[:1]
    return {role: first} if first else {}


def _with_amounts(
    found: dict[str, list[int]], contents: Sequence[Content], currency: Currency
) -> list[dict[str, list[int]]]:
    """The ways in which the numbers of the columns without a role can be amounts and balances."""
    if found.keys() & {"amount", "debit", "credit"}:
        return [found]
    free = [at for at in _free(found, contents) if contents[at].filled and not contents[at].is_counter]
    numbers = [at for at in free if contents[at].is_mostly(contents[at].amounts, _MOST)][:MAX_OPTIONS]
    full = [at for at in numbers if contents[at].is_full_of_amounts]
    for one, two in combinations(numbers, 2):
        if _take_turns(contents[one].cells, contents[two].cells):
            return [found | way for way in _sides(one, two, full, contents, currency)]
    if len(full) == 1:
        return [found | {"amount": full}]
    figures = {at: _figures(contents[at].cells, currency) for at in full}
    for is_unsigned in (False, True):
        for amount, balance in permutations(full, 2):
            if _is_chain(figures[amount], figures[balance], is_unsigned=is_unsigned):
                return [found | {"amount": [amount], "balance": [balance]}]
    decided = [at for at in full if any("." in cell or "," in cell for cell in contents[at].cells)]
    return [found | {"amount": [at]} for at in decided or full]


def _sides(
    one: int, two: int, full: Sequence[int], contents: Sequence[Content], currency: Currency
) -> list[dict[str, list[int]]]:
    """Which of two columns are debits: both ways, unless balances show it."""
    ways = list[dict[str, list[int]]]()
    for debit, credit in ((one, two), (two, one)):
        signed = [
            f"-{paid}" if is_some(paid) else received
            for paid, received in zip(contents[debit].cells, contents[credit].cells, strict=True)
        ]
        for balance in (at for at in full if at not in {one, two}):
            if _is_chain(_figures(signed, currency), _figures(contents[balance].cells, currency)):
                return [{"debit": [debit], "credit": [credit], "balance": [balance]}]
        ways.append({"debit": [debit], "credit": [credit]})
    return ways


def _figures(cells: Sequence[str], currency: Currency) -> dict[DecimalMark, list[int]]:
    """The column in minor units, for each decimal mark with which all of it can be read."""
    found = dict[DecimalMark, list[int]]()
    for mark in MARKS:
        read = amount_reader(currency, mark, with_words=True)
        with suppress(AmountError):
            found[mark] = [read(cell) for cell in cells]
    return found


def _is_chain(amounts: _Figures, balances: _Figures, *, is_unsigned: bool = False) -> bool:
    """Whether each balance is the one before it, or the one after it, and an amount; for one of the decimal marks.

    `is_unsigned`: whatever the sign of the amount is, which a word in another column may say.
    """
    size = abs if is_unsigned else int
    for mark in amounts.keys() & balances.keys():
        steps = list(zip(pairwise(amounts[mark]), pairwise(balances[mark]), strict=True))
        is_varied = len(steps) >= _LEAST_CHAIN - 1 and any(one != two for _, (one, two) in steps)
        if is_varied and (
            all(size(two - one) == amount for (_, amount), (one, two) in steps)
            or all(size(one - two) == amount for (amount, _), (one, two) in steps)
        ):
            return True
    return False


def _take_turns(ones: Sequence[str], twos: Sequence[str]) -> bool:
    """Whether in each row exactly one of the two has an amount that is not zero, and each of them in some row."""
    turns = [(is_some(one), is_some(two)) for one, two in zip(ones, twos, strict=True)]
    return all(one != two for one, two in turns) and len(set(turns)) > 1


def _roles(found: dict[str, list[int]], contents: Sequence[Content], *, is_by_name: bool) -> Roles:
    # What is a fee is no amount; what it means is another question.
    found = {role: places for role, places in found.items() if role != "fee"}
    description = found.pop("description", None) or _texts(found, contents)
    if "indicator" not in found and "amount" in found:
        found |= _only(
            "indicator", (at for at in _free(found, contents) if contents[at].is_direction and at not in description)
        )
    if "currency" not in found and not is_by_name:
        # Beside names it would be one that has been given: that of another amount, perhaps.
        found |= _only(
            "currency",
            (
                at
                for at in _free(found, contents)
                if contents[at].is_mostly(contents[at].currencies, _MOST) and at not in description
            ),
        )
    if "status" not in found:
        found |= _only(
            "status", (at for at in _free(found, contents) if contents[at].is_status and at not in description)
        )
    return Roles(**{role: places[0] for role, places in found.items()}, description=tuple(description))


def _texts(found: dict[str, list[int]], contents: Sequence[Content]) -> list[int]:
    """The column whose texts differ most, the first of equals."""
    free = [
        at
        for at in _free(found, contents)
        if contents[at].filled
        and not contents[at].is_direction
        and not contents[at].is_mostly(contents[at].amounts)
        and not contents[at].is_mostly(contents[at].dates)
        and not contents[at].is_mostly(contents[at].currencies)
    ]
    best = max(free, key=lambda at: (len(contents[at].texts), -at), default=None)
    return [] if best is None else [best]
