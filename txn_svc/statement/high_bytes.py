"""The bytes from 0x80 on of a file that is not UTF-8, with what stands beside them."""

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from txn_svc.statement.lines import BLOCK_BYTES, TextBytes

# So many decide; the rest changes nothing, and whoever fills a file with all there are cannot fill the memory.
_MOST_HIGH_BYTES: Final = 200_000
_BETWEEN_TWO: Final = re.compile(rb"(?s)(?=(.[\x80-\xff].))")
# Of GB 2312 (the characters in use, which GB18030 writes alike) both bytes are high: signs, then 6,763 hanzi, of which
# those from 0xD8 on are rare.
_RUN_OF_PAIRS: Final = re.compile(
    rb"([A-Za-z]?)(?<![\x80-\xff])((?:[\xa1-\xa9\xb0-\xf7][\xa1-\xfe])+)(?![\x80-\xff])([A-Za-z]?)"
)
_PAIR: Final = 2
_RARE: Final = bytes(range(0xD8, 0x100))
# Where Cyrillic and Greek code pages have hardly a letter, a third of the bytes of Chinese are.
_BELOW_LETTERS: Final = bytes(range(0xA1, 0xC0))
_LEAST_SHARE_BELOW_LETTERS: Final = 0.15
# Chinese pairs begin with any letter of pinyin and end with any byte. Hangul take the first half of the hanzi,
# half-width kana are bytes below 0xE0, kana have rows of their own, where Big5 has its most frequent hanzi.
_SECOND_HALF: Final = bytes(range(0xC9, 0xD8))
_LAST_THIRD: Final = bytes(range(0xE0, 0x100))
_LEAST_SHARE_OF_HALF: Final = 0.1
_KANA: Final = b"\xa4\xa5"
_MOST_KANA: Final = 0.1
_CHINESE_SHARE: Final = 0.75
_PERHAPS_CHINESE_SHARE: Final = 0.4


@dataclass(slots=True)
class HighBytes:
    """`triples` counts them with the bytes before and after.

    `paired` are those in pairs of GB 2312 that are no rare hanzi, `below_letters` those of them below 0xC0, `leads` and
    `trails` the first and the second bytes of the pairs. A single pair with letters on both sides is none: accented
    letters come in pairs inside words, as in AÇÃO.
    """

    triples: Counter[bytes] = field(default_factory=Counter)
    paired: int = 0
    below_letters: int = 0
    leads: Counter[int] = field(default_factory=Counter)
    trails: Counter[int] = field(default_factory=Counter)

    @property
    def is_chinese(self) -> bool:
        """Or what only has its pairs: see `look_alike`."""
        return self._is_chinese(_CHINESE_SHARE)

    @property
    def may_be_chinese(self) -> bool:
        return self._is_chinese(_PERHAPS_CHINESE_SHARE)

    @property
    def look_alike(self) -> str | None:
        """What the pairs are rather than Chinese, whose places they have; None where they are spread as hanzi are."""
        if _share(self.leads, _KANA) > _MOST_KANA:
            return "Japanese (EUC-JP) or Chinese in Big5"
        if _share(self.leads, _SECOND_HALF) < _LEAST_SHARE_OF_HALF:
            return "Korean (EUC-KR)"
        return "Japanese (Shift_JIS)" if _share(self.trails, _LAST_THIRD) < _LEAST_SHARE_OF_HALF else None

    def _is_chinese(self, share: float) -> bool:
        return (
            self.paired >= share * self.triples.total()
            and self.below_letters >= _LEAST_SHARE_BELOW_LETTERS * self.paired
        )


def high_bytes(file: TextBytes) -> HighBytes:
    """Reads the file as far as there is something to learn."""
    file.seek(0)
    found, count = HighBytes(), 0
    while count < _MOST_HIGH_BYTES and (block := file.read(BLOCK_BYTES)):
        if not block.isascii():
            # Line ends stand for what the neighbours of the first and the last byte are.
            triples = _BETWEEN_TWO.findall(b"\n" + block + b"\n")[: _MOST_HIGH_BYTES - count]
            count += len(triples)
            found.triples.update(triples)
            for before, run, after in _RUN_OF_PAIRS.findall(block):
                if len(run) > _PAIR or not (before and after):
                    found.paired += 2 * len(run[::2].translate(None, _RARE))
                    found.below_letters += len(run) - len(run.translate(None, _BELOW_LETTERS))
                    found.leads.update(run[::2])
                    found.trails.update(run[1::2])
    return found


def _share(counts: Counter[int], of: bytes) -> float:
    return sum(counts[byte] for byte in of) / counts.total()
