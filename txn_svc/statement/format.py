"""What is known of a bank's files beforehand: all of it is data, and what it leaves out is found out from the file."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Final, Literal, get_args

from txn_svc.ledger.money import DecimalMark

DateOrder = Literal["DMY", "MDY", "YMD", "DM", "MD"]
"""In which order a date is written, whatever its marks; the last two have no year."""

SignRule = Literal["SIGNED", "INVERTED", "SPLIT", "INDICATOR", "DEBITS", "CREDITS"]
"""What makes an amount a debit: its minus, its missing minus, the column it is in, a word beside it; or all are one."""

BalanceRule = Literal["BALANCE_DEBIT", "BALANCE_CREDIT", "OWED_DEBIT", "OWED_CREDIT"]
"""The balance beside it makes an amount a debit, by being less than that before it, or more where it is what is owed;
the oldest row, which has none before it, is one, or is a credit."""

DATE_ORDERS: Final = get_args(DateOrder)
YEARLESS: Final = frozenset({"DM", "MD"})
BALANCE_RULES: Final = get_args(BalanceRule)


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """What the columns of a file are for: indexes into the cells of a row; None where there is no such column.

    Either `amount` is there, or one or both of `debit` and `credit`. A `fee` is taken off them; an `included_fee` is
    in them already. Several columns of a description are joined in this order.
    """

    date: int
    value_date: int | None = None
    description: tuple[int, ...] = ()
    amount: int | None = None
    debit: int | None = None
    credit: int | None = None
    fee: int | None = None
    included_fee: int | None = None
    indicator: int | None = None
    currency: int | None = None
    balance: int | None = None
    external_id: int | None = None
    category: int | None = None
    account: int | None = None
    status: int | None = None

    @property
    def are_simple(self) -> bool:
        """Whether there is no column besides a date, an amount, one description and an id."""
        simple = Roles(
            date=self.date, amount=self.amount, description=self.description[:1], external_id=self.external_id
        )
        return self == simple

    @property
    def last(self) -> int:
        """The last column that has a role."""
        places = (at for one in fields(self) if isinstance(at := getattr(self, one.name), int))
        return max(*places, *self.description, 0)

    def moved(self, places: Sequence[int]) -> "Roles":
        """The same columns where column n stands at places[n]."""
        old = {one.name: getattr(self, one.name) for one in fields(self)}
        new = {name: places[at] for name, at in old.items() if isinstance(at, int)}
        return Roles(**new, description=tuple(places[at] for at in self.description))


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One bank's layout, as its YAML file says it.

    `header` are the names of all columns as the bank writes them; empty for files without a header, which are
    recognised only where they are asked for. Rows have `width` cells: those beyond the header are blank. Words are
    plain, as `words.plain` gives them.
    """

    id: str
    name: str
    bank: str | None
    country: str | None
    delimiter: str
    header: tuple[str, ...]
    width: int
    roles: Roles
    date_order: DateOrder | None = None
    decimal_mark: DecimalMark | None = None
    sign: SignRule | None = None
    debit_words: frozenset[str] = frozenset()
    credit_words: frozenset[str] = frozenset()
    pending_words: frozenset[str] = frozenset()
    has_stable_ids: bool = False

    def with_columns_at(self, places: Sequence[int]) -> "Format":
        """The same where its first column stands at places[0], and so on."""
        return replace(self, roles=self.roles.moved(places))
