"""The least and the most of numbers below a hundred, such as days, months and years of two digits."""

from dataclasses import dataclass


@dataclass(slots=True)
class Spread:
    """Of the numbers that were added; `least` is above `most` while there are none."""

    least: int = 99
    most: int = 0

    def add(self, number: int) -> None:
        self.least, self.most = min(self.least, number), max(self.most, number)

    @property
    def is_empty(self) -> bool:
        return self.least > self.most

    @property
    def width(self) -> int:
        return self.most - self.least
