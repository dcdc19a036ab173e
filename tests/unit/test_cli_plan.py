"""A plan as a person reads it."""

from cli.plan import MONTHS_MAX, TWINS_MAX, before_and_after, month_rows, twin_rows
from protos.txn.v1 import txn_pb2 as pb


def month(name: str, count: int, closing_minor: int) -> pb.MonthSummary:
    return pb.MonthSummary(month=name, transaction_count=count, closing_balance_minor=closing_minor)


def twin(line: int, here: int, description: str = "Coffee") -> pb.ImportRow:
    return pb.ImportRow(
        line=line,
        booked_on="2026-07-01",
        amount_minor=-300,
        currency_code="USD",
        description=description,
        reason=f"{here} of 3 like this are already here",
        occurrences_here=here,
        occurrences_in_file=3,
    )


def test_a_month_stands_beside_itself_also_where_it_is_new() -> None:
    plan = pb.ImportPlan(
        currency_code="USD",
        months_before=[month("2026-07", 2, 5020)],
        months_after=[month("2026-07", 3, 4020), month("2026-08", 1, 3974)],
    )

    assert month_rows(plan) == [
        ("2026-07", "2", "3", "50.20", "40.20"),
        ("2026-08", "0", "1", "", "39.74"),
    ]


def test_a_balance_is_exact_in_its_currency() -> None:
    plan = pb.ImportPlan(currency_code="JPY", balance_before_minor=-1500, balance_after_minor=0)

    assert before_and_after(plan) == "balance -1500 → 0 JPY"


def test_twins_are_told_once_for_all_that_are_alike() -> None:
    alone = pb.ImportRow(line=9, amount_minor=-1, currency_code="USD", occurrences_here=1, occurrences_in_file=1)

    rows = twin_rows([twin(2, 2), twin(3, 2), alone, twin(5, 1, description="Tea")])

    assert rows == [
        ("2026-07-01", "-3.00", "Coffee", "2 of 3 like this are already here"),
        ("2026-07-01", "-3.00", "Tea", "1 of 3 like this are already here"),
    ]


def test_twins_are_bounded() -> None:
    assert len(twin_rows([twin(line, 1, description=f"No. {line}") for line in range(100)])) == TWINS_MAX
    assert MONTHS_MAX == 12
