"""The look at the first words of a text leaves out none that says more of its row than what was bought."""

from hypothesis import given, settings
from hypothesis import strategies as st

from txn_svc.statement.telling import may_tell
from txn_svc.statement.words import begins_with, is_of_period, is_only, plain, words

PHRASES = sorted(words().telling)
BETWEEN = [*sorted(words().as_of | words().periods | words().months.keys()), "7", "31", "2026", "EUR", "Shop", "Rent"]

telling = st.sampled_from(PHRASES)
around = st.lists(st.sampled_from(BETWEEN), max_size=2)
spaces = st.sampled_from([" ", "  ", "\t", "\xa0", " - ", "/", ": "])


def says_something(text: str) -> bool:
    """By the whole text, without a look at how it begins."""
    known, said = words(), plain(text)
    is_standing = is_only(said, known.of_standing) or is_of_period(said, known.standing_of_period)
    is_pending = plain(text.partition(" ")[0]) in known.pending_texts
    return is_standing or is_pending or begins_with(said, known.parts) or begins_with(said, known.unbooked)


@given(around, telling, around, spaces, st.booleans())
@settings(max_examples=1_500)
def test_no_text_is_left_out_that_says_something(
    before: list[str], phrase: str, behind: list[str], space: str, is_upper: bool
) -> None:
    text = space.join([*before, *phrase.split(), *behind])
    text = text.upper() if is_upper else text

    assert may_tell(text) or not says_something(text)


def test_a_text_that_only_begins_alike_is_told_by_its_second_word() -> None:
    assert all(map(may_tell, ("Book balance 3", "Debit turnover", "Net 3")))
    assert not any(map(may_tell, ("Book Depository 3", "Debit card purchase", "12345 Net", "Shop", "")))
