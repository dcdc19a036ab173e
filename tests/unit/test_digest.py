"""The ledger digest against a naive one that sorts everything."""

from datetime import date
from hashlib import sha256
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from txn_svc.ledger.digest import Digest, DigestRow, ledger_digest
from txn_svc.ledger.identity import normalise

DAY = date(2026, 7, 15)

text = st.text("aAbB \x1f\né", max_size=4)
rows = st.builds(
    DigestRow,
    booked_on=st.dates(DAY, date(2026, 7, 17)),
    amount_minor=st.integers(-2, 2),
    currency_code=st.just("USD"),
    description=text,
    stable_id=st.none() | text,
    occurrence=st.integers(1, 3),
)
ledgers = st.lists(rows, max_size=12)


def naive(ledger: list[DigestRow]) -> str:
    keys = [
        (
            r.booked_on,
            r.amount_minor,
            normalise(r.description),
            r.stable_id is not None,
            r.stable_id or "",
            r.occurrence,
        )
        for r in ledger
    ]
    lines = [
        f"{day}\x1f{minor}\x1fUSD\x1f{description}\x1f{f'{len(stable)}:{stable}' if has_id else ''}\x1f{occurrence}\n"
        for day, minor, description, has_id, stable, occurrence in sorted(keys)
    ]
    return sha256("".join(lines).encode()).hexdigest()


def arrive(ledger: list[DigestRow], seed: int = 0) -> list[DigestRow]:
    """As a database gives them: by date and amount, otherwise in any order."""
    shuffled = Random(seed).sample(ledger, len(ledger))
    return sorted(shuffled, key=lambda row: (row.booked_on, row.amount_minor))


@given(ledgers, st.integers())
def test_the_digest_is_that_of_the_fully_sorted_ledger_in_whatever_order_a_group_arrives(
    ledger: list[DigestRow], seed: int
) -> None:
    assert ledger_digest(arrive(ledger, seed)) == naive(ledger)


@given(ledgers, ledgers)
def test_digests_are_equal_exactly_where_ledgers_are(one: list[DigestRow], other: list[DigestRow]) -> None:
    def content(ledger: list[DigestRow]) -> list[str]:
        return sorted(repr(row._replace(description=normalise(row.description))) for row in ledger)

    assert (ledger_digest(arrive(one)) == ledger_digest(arrive(other))) == (content(one) == content(other))


@given(ledgers)
def test_asking_in_between_does_not_disturb_the_digest(ledger: list[DigestRow]) -> None:
    digest = Digest()
    for row in arrive(ledger):
        digest.add(row)
        digest.hexdigest()

    assert digest.hexdigest() == naive(ledger)


def test_rows_out_of_order_are_refused() -> None:
    later, earlier = (DigestRow(DAY, minor, "USD", "", None, 1) for minor in (2, 1))

    with pytest.raises(ValueError, match="order"):
        ledger_digest([later, earlier])


def test_an_empty_ledger_has_the_digest_of_nothing() -> None:
    assert ledger_digest([]) == sha256(b"").hexdigest()
