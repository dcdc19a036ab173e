"""What an account must hold, by another implementation: it never books anything, it only collects what claims what."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple


class Content(NamedTuple):
    day: str
    minor: int
    text: str

    def line(self) -> str:
        sign = "-" if self.minor < 0 else ""
        return f"{self.day},{self.text},{sign}{abs(self.minor) // 100}.{abs(self.minor) % 100:02d}"

    def normalised(self) -> "Content":
        return self._replace(text=" ".join(self.text.lower().split()))


Claim = tuple[Content, int]
Outcome = tuple[str, int, dict[str, tuple[int, int, int]]]


@dataclass
class Model:
    """What claims what, by import and by hand, in an account that began with `opening_minor`."""

    opening_minor: int = 0
    imports: dict[str, list[Claim]] = field(default_factory=dict)
    by_hand: dict[str, Claim] = field(default_factory=dict)

    def bring(self, import_id: str, rows: Iterable[Content]) -> None:
        seen = Counter[Content]()
        self.imports[import_id] = []
        for row in (one.normalised() for one in rows):
            seen[row] += 1
            self.imports[import_id].append((row, seen[row]))

    def record(self, transaction_id: str, row: Content) -> None:
        content, occurrence = row.normalised(), 1
        while (content, occurrence) in self.held():
            occurrence += 1
        self.by_hand[transaction_id] = (content, occurrence)

    def held(self) -> set[Claim]:
        return {claim for claims in self.imports.values() for claim in claims} | set(self.by_hand.values())

    def outcome(self) -> Outcome:
        held = self.held()
        lines = [
            f"{row.day}\x1f{row.minor}\x1fUSD\x1f{row.text}\x1f\x1f{occurrence}\n"
            for row, occurrence in sorted(held, key=lambda claim: (*claim[0], claim[1]))
        ]
        months: dict[str, tuple[int, int, int]] = defaultdict(lambda: (0, 0, 0))
        for row, _ in held:
            count, credit, debit = months[row.day[:7]]
            months[row.day[:7]] = (count + 1, credit + max(row.minor, 0), debit + min(row.minor, 0))
        balance = self.opening_minor + sum(row.minor for row, _ in held)
        return hashlib.sha256("".join(lines).encode()).hexdigest(), balance, dict(months)
