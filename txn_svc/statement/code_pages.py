"""Which single-byte code page a file's bytes are most likely in, by the letters that stand beside each other."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from math import log, log10
from typing import Final, Literal

from txn_svc.statement.languages import CENTRAL, WESTERN
from txn_svc.statement.transcode import characters

CodePage = Literal["windows-1252", "windows-1250"]

# As likely as one in so many, an appearance is no writing of any of the page's languages.
_IMPLAUSIBLE: Final = 1e-4
_MOST_IMPLAUSIBLE_SHARE: Final = 0.25
# The one page has to make the file so many times more likely than the other. At 20 a few rows of Sertã were Romanian,
# of Brčko French.
_CERTAIN_ODDS: Final = 50.0

_USUAL_SIGN, _BESIDE_DIGIT, _STRANGE, _UNDEFINED = 0.02, 2e-4, 3e-5, 1e-7
_FIRST_HIGH: Final = 0x80
_LETTERS: Final = 66
_SURROUNDINGS: Final = 9
_OWN_SHARE: Final = 0.8
_VOWELS: Final = frozenset("aeiouyáàâãäåăąæéèêëěęíìîïóòôõöőøœúùûüůűý")
_DIGITS: Final = frozenset("0123456789")
_LETTER_KINDS: Final = frozenset({"vowel", "consonant"})
_BEFORE_LETTERS: Final = frozenset("¿¡«“„‘’–—•·\xa0\xad")
_AFTER_LETTERS: Final = frozenset("ªº°’”“»…–—·®™\xa0\xad")
_APART_FROM_LETTERS: Final = frozenset("€£§©±½¼¾´")


@dataclass(frozen=True, slots=True)
class Choice:
    """The page; whether the other is much less likely; the bytes in the file that the two read differently."""

    page: CodePage
    is_certain: bool
    deciding: bytes

    @property
    def other(self) -> CodePage:
        return "windows-1250" if self.page == "windows-1252" else "windows-1252"


# The letter (or sign) itself, and of which kind the characters before and after it are.
_Feature = tuple[str, str, str]


def choose(triples: Mapping[bytes, int]) -> Choice | None:
    """The page for how often each byte from 0x80 on stands between which two; None where no page makes text of them.

    Each page has languages, and each language words (languages.py). A language makes a byte as likely as its words have
    that letter with a vowel, a consonant or nothing before and after it, and, at a fifth, as the page's other languages
    have it: names from abroad are in every file. A sign beside a letter where nobody writes one, a capital after a
    small letter, three such letters in a row, a byte that the page leaves undefined: each is all but impossible. A
    page is as likely as its most likely language makes all bytes together; what appears again counts with its
    logarithm, for a payee of every month is no new evidence. More than a quarter of impossible appearances, and it is
    no text in this page.
    """
    likely = {page: weight for page in _PAGES if (weight := _weigh(triples, page)) is not None}
    if not likely:
        return None
    deciding = bytes({triple[1] for triple in triples if _differs(triple[1])})
    if not deciding:
        return Choice("windows-1252", is_certain=True, deciding=b"")
    page = max(likely, key=lambda page: likely[page])
    odds = [likely[page] - weight for other, weight in likely.items() if other != page]
    return Choice(page, all(difference >= log(_CERTAIN_ODDS) for difference in odds), deciding)


def _differs(byte: int) -> bool:
    western, central = (_page(page).table for page in _PAGES)
    return western[byte] != central[byte]


def _weigh(triples: Mapping[bytes, int], name: CodePage) -> float | None:
    page = _page(name)
    counts = Counter[_Feature]()
    for (before, byte, after), count in triples.items():
        counts[page.feature(before, byte, after)] += count
    weights = {feature: 1 + log10(count) for feature, count in counts.items()}
    implausible = sum(weight for feature, weight in weights.items() if page.best(feature) < _IMPLAUSIBLE)
    if implausible > _MOST_IMPLAUSIBLE_SHARE * sum(weights.values()):
        return None
    return max(
        sum(weight * log(page.likelihood(feature, language)) for feature, weight in weights.items())
        for language in page.languages
    )


class _Page:
    def __init__(self, name: CodePage, words: Mapping[str, str]) -> None:
        self.table = characters(name)
        self.languages = {language: _Language(text.split()) for language, text in words.items()}
        self._all = _Language(word for text in words.values() for word in text.split())

    def feature(self, before: int, byte: int, after: int) -> _Feature:
        table = self.table
        letter = table[byte]
        if letter.isupper() and table[before].islower():
            return letter, "small", ""
        if min(before, byte, after) >= _FIRST_HIGH and table[before].isalpha() and table[after].isalpha():
            return letter, "row", ""
        return letter.lower(), _kind(table[before]), _kind(table[after])

    def best(self, feature: _Feature) -> float:
        return max(self.likelihood(feature, language) for language in self.languages)

    def likelihood(self, feature: _Feature, language: str) -> float:
        letter, before, after = feature
        if "\udc80" <= letter <= "\udcff" or (not letter.isprintable() and letter not in _BEFORE_LETTERS):
            return _UNDEFINED
        if before in {"small", "row"}:
            return _STRANGE
        if not letter.isalpha() or letter in "ªº":
            return _USUAL_SIGN if _is_usual(letter, before in _LETTER_KINDS, after in _LETTER_KINDS) else _STRANGE
        if not self._all.has(letter):
            return _STRANGE
        if "digit" in {before, after}:
            return _BESIDE_DIGIT
        own = self.languages[language].likelihood(feature)
        return _OWN_SHARE * own + (1 - _OWN_SHARE) * self._all.likelihood(feature)


class _Language:
    def __init__(self, words: Iterable[str]) -> None:
        self._features = Counter[_Feature]()
        for word in words:
            padded = f" {word.lower()} "
            for before, letter, after in zip(padded, padded[1:], padded[2:], strict=False):
                if not letter.isascii():
                    self._features[letter, _kind(before), _kind(after)] += 1
        self._letters = Counter[str]()
        for (letter, _, _), count in self._features.items():
            self._letters[letter] += count
        self._total = self._letters.total()

    def has(self, letter: str) -> bool:
        return letter in self._letters

    def likelihood(self, feature: _Feature) -> float:
        """Of the letter among those that are not ASCII, times that of what stands beside it; never 0."""
        count = self._letters[feature[0]]
        of_letter = (count + 0.1) / (self._total + 0.1 * _LETTERS)
        return of_letter * (self._features[feature] + 0.2) / (count + 0.2 * _SURROUNDINGS)


def _is_usual(sign: str, is_after_letter: bool, is_before_letter: bool) -> bool:
    if sign in _APART_FROM_LETTERS:
        return not is_after_letter and not is_before_letter
    if is_after_letter and sign not in _AFTER_LETTERS:
        return False
    if is_before_letter and sign not in _BEFORE_LETTERS:
        return False
    return sign in _BEFORE_LETTERS or sign in _AFTER_LETTERS


def _kind(character: str) -> str:
    character = character.lower()
    if not character.isalpha():
        return "digit" if character in _DIGITS else ""
    return "vowel" if character in _VOWELS else "consonant"


_PAGES: Final[dict[CodePage, Mapping[str, str]]] = {"windows-1252": WESTERN, "windows-1250": CENTRAL}


@cache
def _page(name: CodePage) -> _Page:
    return _Page(name, _PAGES[name])
