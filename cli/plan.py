"""What a commit would do to the account, for the person who decides about it."""

from collections.abc import Sequence

from cli.import_rows import first_rows
from cli.money import amount
from cli.output import Output
from cli.session import Clients
from protos.txn.v1 import txn_pb2 as pb

MONTHS_MAX = 12
TWINS_MAX = 10
# How many of the duplicates are looked through for twins: one page.
DUPLICATES_MAX = 100
MONTH_COLUMNS = ("month", "count", "count after", "balance", "balance after")
TWIN_COLUMNS = ("booked", "amount", "description", "already here")


async def show_plan(clients: Clients, output: Output, found: pb.Import) -> None:
    """The balance and the months before and after; duplicates of which the file has several alike."""
    plan = found.plan
    duplicates = await first_rows(clients, found.id, pb.ROW_OUTCOME_DUPLICATE, DUPLICATES_MAX)
    output.say(counts(plan.create_count, plan.duplicate_count, plan.reject_count))
    if plan.is_renewed:
        output.say("The account has changed since an earlier plan; this is the new one.")
    output.say(before_and_after(plan))
    _show_months(output, month_rows(plan))
    twins = twin_rows(duplicates)
    if twins:
        output.table(TWIN_COLUMNS, twins, right=("amount",))


def counts(new: int, known: int, rejected: int) -> str:
    return f"{new + known + rejected} rows: {new} new, {known} already here, {rejected} rejected"


def before_and_after(figures: pb.ImportPlan | pb.RevertPreview) -> str:
    before = amount(figures.balance_before_minor, figures.currency_code)
    after = amount(figures.balance_after_minor, figures.currency_code)
    return f"balance {before} → {after} {figures.currency_code}"


def month_rows(plan: pb.ImportPlan) -> list[tuple[str, ...]]:
    """Each month that the plan changes, ascending, with what it holds now and what it would hold."""
    before = {month.month: month for month in plan.months_before}
    after = {month.month: month for month in plan.months_after}
    rows: list[tuple[str, ...]] = []
    for name in sorted(before.keys() | after.keys()):
        now, then = before.get(name), after.get(name)
        closing = (_closing(now, plan.currency_code), _closing(then, plan.currency_code))
        rows.append((name, _count(now), _count(then), *closing))
    return rows


def twin_rows(duplicates: Sequence[pb.ImportRow]) -> list[tuple[str, ...]]:
    """Duplicates of which the file has several alike, once for all that are alike."""
    alike = dict[tuple[str, ...], None]()
    for row in duplicates:
        if row.occurrences_in_file > 1:
            figure = amount(row.amount_minor, row.currency_code)
            alike[row.booked_on, figure, row.description, row.reason] = None
    return list(alike)[:TWINS_MAX]


def _show_months(output: Output, rows: list[tuple[str, ...]]) -> None:
    if rows:
        output.table(MONTH_COLUMNS, rows[-MONTHS_MAX:], right=MONTH_COLUMNS[1:])
    if len(rows) > MONTHS_MAX:
        output.say(f"These are the last {MONTHS_MAX} of {len(rows)} months; --json gives all.")


def _count(month: pb.MonthSummary | None) -> str:
    return str(month.transaction_count if month is not None else 0)


def _closing(month: pb.MonthSummary | None, currency_code: str) -> str:
    if month is None or not month.HasField("closing_balance_minor"):
        return ""
    return amount(month.closing_balance_minor, currency_code)
