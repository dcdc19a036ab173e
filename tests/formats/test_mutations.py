"""Samples changed at random: they are read, asked about or refused, and every figure is the one that the cells say."""

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from tests.counts import examples
from tests.formats.checking import SECONDS, File, check, within
from tests.formats.mutations import Edit, edited, edits
from tests.formats.other_samples import OTHERS
from tests.formats.plain_reading import expected, sample, sample_ids
from txn_svc.ledger.money import currency
from txn_svc.statement import Unreadable
from txn_svc.statement.formats import formats

UPLOADED_ON = dt.date(2026, 4, 15)
FILES = {
    **{
        name: File(sample(name), currency(expected(name).currency), expected(name).uploaded_on) for name in sample_ids()
    },
    **{name: File(content, currency("EUR"), UPLOADED_ON) for name, content in OTHERS.items()},
}
# Of each file; of all of them together more than 20,000.
CASES = examples(5, 20_000 // len(FILES) + 1)


@pytest.mark.fuzz
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", FILES)
@settings(max_examples=CASES, deadline=None)
@given(changes=edits, other=st.sampled_from(sorted(FILES)), is_told=st.booleans(), is_credit=st.booleans())
def test_whatever_became_of_a_file_no_figure_is_wrong(
    name: str, changes: list[Edit], other: str, is_told: bool, is_credit: bool
) -> None:
    content = edited(FILES[name].content, changes, FILES[other].content)
    note(repr(content))
    # A format without a header is recognised only where it is asked for.
    format_id = name if is_told and name in formats() and not formats()[name].header else None
    file = replace(FILES[name], content=content, format_id=format_id, is_credit=is_credit)

    with within(SECONDS):
        try:
            statement = file.read()
        except Unreadable:
            return
        # What was read once is never refused for an answer.
        check(file, statement)
