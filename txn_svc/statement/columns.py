"""What the columns of a file are for, by their names and by what stands in them."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from itertools import combinations, islice, zip_longest
from typing import Final

from txn_svc.ledger.money import Currency
from txn_svc.ledger.quoting import quoted
from txn_svc.statement.amount_columns import AmountColumns
from txn_svc.statement.content import MOST, Content
from txn_svc.statement.dates import readings
from txn_svc.statement.format import Roles
from txn_svc.statement.model import MAX_OPTIONS, Unreadable
from txn_svc.statement.units import require_no_cents_apart, require_no_scale
from txn_svc.statement.words import flag_of, has_word, plain, roles_of, words

_MARKS_AROUND: Final = (", ", " + ", ": debit=")
_NUMBER_SHOWN: Final = re.compile("#[0-9]{1,4}")
_MAX_PRODUCTS: Final = 5
# Of the others the first that has the name is meant.
_SEVERAL: Final = frozenset({"description", "amount", "currency"})
_AMOUNTS: Final = ("amount", "debit", "credit")


def assign(
    names: Sequence[str], rows: Sequence[Sequence[str]], currency: Currency, *, is_credit: bool = False
) -> tuple[Roles, ...]:
    """The roles of the columns of these rows, which have as many cells as there are names.

    Several where nothing decides, the likeliest first; none without a date or an amount. `is_credit`: the account is a
    card's. Refuses with Unreadable UNKNOWN_LAYOUT amounts that two columns share, and rows that stand side by side.
    """
    contents = [Content() for _ in names]
    for row in rows:
        for content, cell in zip(contents, row, strict=True):
            content.add(cell)
    require_no_cents_apart(names, contents)
    _require_one_table(names, contents)
    found = _by_name(names, contents)
    _require_readable(found, names, contents, ("date", "value_date"))
    _require_readable(found, names, contents, _AMOUNTS)
    if currency.decimals:
        require_no_scale(names, contents, (at for role in _AMOUNTS for at in found.get(role, ())))
    if "account" not in found:
        found |= _accounts(found, names, contents)
    # A bank that shows one day only may call it what it likes.
    dates = _named_dates(found, contents) or _dates(found, contents) or found.pop("value_date", [])
    ways = [AmountColumns(found | {"date": [at]}, names, contents, currency, is_credit).ways() for at in dates]
    # Of each date its likeliest way first.
    likely = (way for several in zip_longest(*ways) for way in several if way is not None)
    return tuple(_roles(way, names, contents) for way in islice(likely, MAX_OPTIONS))


def _require_one_table(names: Sequence[str], contents: Sequence[Content]) -> None:
    """Refuses two tables side by side, each with its dates and amounts: half of the rows would be lost."""
    dates = [at for at, one in enumerate(contents) if one.is_mostly(one.dates, MOST)]
    amounts = [at for at, one in enumerate(contents) if one.is_mostly(one.amounts, MOST)]
    for first, second in combinations(dates, 2):
        is_twice = plain(names[first]) == plain(names[second]) and "date" in roles_of(names[first])
        if is_twice and any(first < at < second for at in amounts) and any(at > second for at in amounts):
            both = f"Two tables stand side by side, each with {quoted(names[first].strip())} and amounts"
            raise Unreadable("UNKNOWN_LAYOUT", f"{both}: save them one below the other.")


def _require_readable(
    found: dict[str, list[int]], names: Sequence[str], contents: Sequence[Content], roles: Sequence[str]
) -> None:
    """Refuses a column that has the only name for one of the roles, and figures in a form that is not known: another
    column would be taken for it."""
    if not found.keys().isdisjoint(roles):
        return
    named = (at for at, name in enumerate(names) if not set(roles_of(name)).isdisjoint(roles))
    if (at := next((at for at in named if contents[at].has_other_figures), None)) is not None:
        example = next(cell for cell in contents[at].cells if cell)
        what = "a date" if "date" in roles else "an amount"
        said = f"{quoted(names[at].strip())} has the name of {what}"
        raise Unreadable("UNKNOWN_LAYOUT", f"{said}, and {quoted(example)} in it cannot be read as one.")


def _accounts(found: dict[str, list[int]], names: Sequence[str], contents: Sequence[Content]) -> dict[str, list[int]]:
    """The column that tells accounts apart, which has another name: one of several texts may."""
    places = [at for at in _free(found, contents) if _tells_accounts(names[at], contents[at])]
    texts = found.get("description", [])
    if places or len(texts) == 1:
        return _only("account", places)
    own = (at for at in texts if not has_word(words().others, names[at]))
    accounts = _only("account", (at for at in own if contents[at].names_several_accounts(has_name=True)))
    return accounts and {**accounts, "description": [at for at in texts if [at] != accounts["account"]]}


def _named_dates(found: dict[str, list[int]], contents: Sequence[Content]) -> list[int]:
    """Those named so; others too if that is the same day in each row, as the statement's is."""
    named = found.get("date", [])
    if not named or not contents[named[0]].is_one_text:
        return named
    others = (at for at in _dates(found, contents) if not _are_same_days(contents[at].cells, contents[named[0]].cells))
    return [*named, *others]


def _tells_accounts(name: str, content: Content) -> bool:
    return _tells_products(name, content) or content.names_several_accounts(has_name=bool(name.strip()))


def _tells_products(name: str, content: Content) -> bool:
    """Whether it tells apart what the holder has at the bank, such as "Current" and "Savings", not what was bought."""
    is_few = 1 < len(content.texts) <= _MAX_PRODUCTS
    return is_few and plain(name) in words().products and all(has_word(words().kinds, text) for text in content.texts)


def _dates(found: dict[str, list[int]], contents: Sequence[Content]) -> list[int]:
    """The columns of dates, none having the name of one; those that are not the same days as another."""
    different = list[int]()
    for at in (at for at in _free(found, contents) if contents[at].is_mostly(contents[at].dates, MOST)):
        if not any(_are_same_days(contents[at].cells, contents[one].cells) for one in different):
            different.append(at)
    return different


def _are_same_days(one: Sequence[str], two: Sequence[str]) -> bool:
    """Whether each row may have the same day in both."""
    cells = zip(one, two, strict=True)
    return not any(a and b and set(readings(a).values()).isdisjoint(readings(b).values()) for a, b in cells)


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
        # What is a fee is no amount; what it means is another question.
        for role in (role for role in roles_of(name) if role != "fee"):
            if content.may_be(role) and (role in _SEVERAL or role not in found):
                found.setdefault(role, []).append(at)
                break
            if role == "date" and content.may_be(role) and _says_more(name, names[found[role][0]]):
                found[role] = [at]
                break
    return found


def _says_more(name: str, other: str) -> bool:
    """Whether this name of a date says that it is the day of the booking, and the other does not."""
    return has_word(words().booked, name) and not has_word(words().booked, other)


def _free(found: dict[str, list[int]], contents: Sequence[Content]) -> Iterator[int]:
    taken = {at for places in found.values() for at in places}
    return (at for at in range(len(contents)) if at not in taken)


def _only(role: str, places: Iterable[int]) -> dict[str, list[int]]:
    """The first of them; the others may be the same in another sense, such as the value date."""
    first = list(places)[:1]
    return {role: first} if first else {}


def _roles(found: dict[str, list[int]], names: Sequence[str], contents: Sequence[Content]) -> Roles:
    found = dict(found)
    description = found.pop("description", None) or _texts(found, contents)
    if "indicator" not in found and "amount" in found:
        found |= _only(
            "indicator",
            (at for at in _free(found, contents) if contents[at].tells_directions and at not in description),
        )
    if "status" not in found:
        free = [at for at in _free(found, contents) if at not in description]
        flags = (at for at in free if _is_flag(names[at], contents[at]))
        found |= _only("status", (at for at in free if contents[at].is_status)) or _only("status", flags)
    return Roles(**{role: places[0] for role, places in found.items()}, description=tuple(description))


def _is_flag(name: str, content: Content) -> bool:
    """Whether a letter or a mark in it says if a row is booked."""
    if flag_of(name) is not None:
        return content.is_flag or content.is_of_letters
    return not name.strip() and content.is_of_marks


def _texts(found: dict[str, list[int]], contents: Sequence[Content]) -> list[int]:
    """The column whose texts differ most, the first of equals; one of numbers only where there is no other."""
    free = [
        at
        for at in _free(found, contents)
        if contents[at].filled
        and not contents[at].is_direction
        and not contents[at].is_mostly(contents[at].amounts)
        and not contents[at].is_mostly(contents[at].dates)
        and not contents[at].is_mostly(contents[at].currencies)
    ]
    free = [at for at in free if contents[at].has_letters] or free
    best = max(free, key=lambda at: (len(contents[at].texts), -at), default=None)
    return [] if best is None else [best]
