"""A bank's statement of any length, the same at every call: what it says, as a file, and what must come of it."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

from protos.txn.v1 import txn_pb2

FIRST_DAY = date(2015, 1, 1)
# Ten years, as a person's whole history at one bank.
DAYS = 3_653
# One row in as many is the same as the one before it: the second coffee of a day.
TWIN_EVERY = 1_000
REFERENCES_OF_ONE_FILE = 100_000_000
PAYEES = (
    "Corner Coffee", "City Transit", "Green Grocer", "Water & Power", "Book Depository", "Rent 14 Elm St",
    "Online Shop", "Gym Membership", "Salary ACME Ltd", "Pharmacy", "Cinema", "Insurance", "Fuel Station",
)  # fmt: skip
LINES_AT_ONCE = 10_000


class Row(NamedTuple):
    booked_on: date
    amount_minor: int
    description: str
    occurrence: int


@dataclass(frozen=True)
class Statement:
    """`count` rows, oldest first; `number` tells files of one account apart, `padding` makes descriptions longer."""

    count: int
    number: int = 0
    padding: int = 0

    def rows(self) -> Iterator[Row]:
        days = [FIRST_DAY + timedelta(days=number) for number in range(DAYS)]
        padding = "x" * self.padding
        for index in range(self.count):
            is_twin = index % TWIN_EVERY == TWIN_EVERY - 1
            row = index - is_twin
            reference = self.number * REFERENCES_OF_ONE_FILE + row
            # Any fixed walk over the amounts that looks like none: -4,500.00 to 500.00.
            amount_minor = reference * 2_654_435_761 % 500_000 - 450_000
            description = f"{PAYEES[row % len(PAYEES)]} {reference:010d}{padding}"
            yield Row(days[row * DAYS // self.count], amount_minor, description, 1 + is_twin)

    def write(self, path: Path) -> "Totals":
        """The file as a bank gives it; what must come of it."""
        totals = Totals()
        lines = ["date,description,amount\n"]
        with path.open("w", encoding="ascii") as file:
            for row in self.rows():
                totals.add(row)
                lines.append(f"{row.booked_on},{row.description},{_decimal(row.amount_minor)}\n")
                if len(lines) == LINES_AT_ONCE:
                    file.writelines(lines)
                    lines.clear()
            file.writelines(lines)
        return totals


def _decimal(amount_minor: int) -> str:
    sign, digits = "-" if amount_minor < 0 else "", abs(amount_minor)
    return f"{sign}{digits // 100}.{digits % 100:02d}"


@dataclass
class Totals:
    """Count, credits, debits of each month, to hold a summary against."""

    months: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0, 0]))

    def add(self, row: Row) -> None:
        month = self.months[f"{row.booked_on:%Y-%m}"]
        month[0] += 1
        month[1 if row.amount_minor > 0 else 2] += row.amount_minor

    def and_also(self, other: "Totals") -> "Totals":
        whole = Totals()
        for totals in (self, other):
            for name, figures in totals.months.items():
                whole.months[name] = [sum(pair) for pair in zip(whole.months[name], figures, strict=True)]
        return whole

    def are_those_of(self, summary: txn_pb2.Summary) -> bool:
        found = {
            month.month: [month.transaction_count, month.credit_total_minor, month.debit_total_minor]
            for month in summary.months
        }
        return found == dict(self.months) and summary.balance_minor == self.balance_minor

    @property
    def balance_minor(self) -> int:
        return sum(credit + debit for _, credit, debit in self.months.values())
