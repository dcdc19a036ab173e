"""Samples changed at random: they are read, asked about or refused, and every figure is the one that the cells say."""

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from tests.counts import examples
from tests.formats.checking import SECONDS, File, check, within
from tests.formats.mutations import Edit, edited, edits
from tests.formats.plain_reading import expected, sample, sample_ids
from txn_svc.ledger.money import currency
from txn_svc.statement import Unreadable
from txn_svc.statement.formats import formats

IDS = sample_ids()
# Of each sample; of all of them together more than 20,000.
CASES = examples(10, 20_000 // len(IDS) + 1)


@pytest.mark.fuzz
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", IDS)
@settings(max_examples=CASES, deadline=None)
@given(changes=edits, other=st.sampled_from(IDS), is_told=st.booleans(), is_credit=st.booleans())
def test_whatever_became_of_a_sample_no_figure_is_wrong(
    name: str, changes: list[Edit], other: str, is_told: bool, is_credit: bool
) -> None:
    wanted = expected(name)
    content = edited(sample(name), changes, sample(other))
    note(repr(content))
    # Those without a header are recognised only where they are asked for.
    format_id = name if is_told and not formats()[name].header else None
    file = File(content, currency(wanted.currency), wanted.uploaded_on, format_id, is_credit)

    with within(SECONDS):
        try:
            statement = file.read()
        except Unreadable:
            return
        # What was read once is never refused for an answer.
        check(file, statement)
