"""Lines with bytes that are no text in a file whose other lines are."""

from dataclasses import dataclass
from typing import Final

from txn_svc.statement.lines import TextBytes, Undecodable, first_written_out, read_lines
from txn_svc.statement.model import MAX_FINDING_LINES, MAX_LINE_CHARACTERS, MAX_LINES, Unreadable

# After so many, and more than those that are whole, the rest changes nothing.
_HOPELESS: Final = 100_000
AS_UTF_8: Final = "Save the file as CSV in UTF-8 and upload it again."


@dataclass(frozen=True, slots=True)
class Damage:
    """How many lines are damaged; the first of them, at most 10, and the first such byte, as 0xE9."""

    count: int
    lines: tuple[int, ...]
    byte: str

    def sentence(self) -> str:
        """Empty where there is none."""
        if not self.count:
            return ""
        if self.count == 1:
            return f" Line {self.lines[0]} holds the byte {self.byte}, which is no text: its row is rejected."
        more = f" and {self.count - len(self.lines):,} more" if self.count > len(self.lines) else ""
        named = ", ".join(map(str, self.lines)) + more
        return f" Lines {named} hold bytes that are no text, the first {self.byte}: their rows are rejected."


def find_damage(view: TextBytes, name: str, *, is_hopeless: bool = False) -> Damage:
    """Reads all lines. Refuses with Unreadable: UNREADABLE where most are damaged, or it is hopeless; TOO_LARGE."""
    count, texts, lines, byte, number = 0, 0, list[int](), "", 0
    for number, text in enumerate(read_lines(view), start=1):
        if type(text) is Undecodable and (is_hopeless or len(text) <= MAX_LINE_CHARACTERS):
            count += 1
            if len(lines) < MAX_FINDING_LINES:
                lines.append(number)
                byte = byte or first_written_out(text)
        if text and not text.isspace():
            texts += 1
        if (is_hopeless and count) or count > max(texts / 2, _HOPELESS):
            break
    if number > MAX_LINES:
        raise Unreadable("TOO_LARGE", f"The file has more than {MAX_LINES:,} lines. Upload it in parts.")
    if count and (is_hopeless or count > texts / 2):
        sentence = f"Line {lines[0]} holds the byte {byte}, which is no text in {name}, and most lines are like it."
        raise Unreadable("UNREADABLE", f"{sentence} {AS_UTF_8}")
    return Damage(count, tuple(lines), byte)
