"""Files without years, where the account has their rows already: as of the year that is assumed, or another."""

from datetime import UTC, datetime

from protos.txn.v1 import txn_pb2
from tests.service.reviewing import COMPLETED, answer, asking, brought, csv, transactions
from tests.service.test_imports_overlap import finding, ledger
from tests.service.txn import Client

HEADER = b"Id,Date,Transaction\n"
LAST_YEAR = datetime.now(UTC).year - 1


def brief(*lines: str) -> bytes:
    """Rows such as "7/15,-9.99", in the layout without years."""
    return HEADER + "".join(f"{number},{line}\n" for number, line in enumerate(lines)).encode()


def dated(*lines: str) -> bytes:
    """The same with the year before this one."""
    return csv(*(f"{LAST_YEAR}-{day},,{amount}" for day, amount in (line.split(",") for line in lines)))


async def years(person: Client, account_id: str) -> list[int]:
    return [int(one.booked_on[:4]) for one in await transactions(person, account_id)]


async def test_the_same_file_a_year_later_has_nothing_new(person: Client, account_id: str) -> None:
    # As if it had been uploaded then: the name says the year.
    named = f"statement {LAST_YEAR}.csv"
    await brought(person, account_id, brief("1/2,-3.50", "1/3,-4.50"), file_name=named)
    before = await ledger(person, account_id)

    again = await brought(person, account_id, brief("1/2,-3.50", "1/3,-4.50"))

    assert (again.state, again.imported_count, again.duplicate_count) == (COMPLETED, 0, 2)
    said = finding(again, "YEAR")
    assert (said.basis, said.value) == (txn_pb2.FINDING_BASIS_EVIDENCE, str(LAST_YEAR))
    assert await ledger(person, account_id) == before


async def test_rows_that_are_here_as_of_another_year_decide_it(person: Client, account_id: str) -> None:
    await brought(person, account_id, dated("01-02,-3.50", "01-03,-4.50", "01-04,-5.50"))

    done = await brought(person, account_id, brief("1/2,-3.50", "1/3,-4.50", "1/4,-5.50", "1/5,-6.50"))

    said = finding(done, "YEAR")
    assert (done.imported_count, done.duplicate_count) == (1, 3)
    assert (said.basis, said.value, list(said.lines)) == (
        txn_pb2.FINDING_BASIS_EVIDENCE,
        str(LAST_YEAR),
        [2, 3, 4],
    )
    assert await years(person, account_id) == [LAST_YEAR] * 4


async def test_what_is_paid_each_year_is_asked_about_before_anything_is_booked(person: Client, account_id: str) -> None:
    await brought(person, account_id, dated("01-02,-9.99", "01-03,-4.50", "01-04,-5.50"))
    before = await ledger(person, account_id)

    found = await asking(person, account_id, brief("1/2,-9.99", "1/3,-1.23", "1/4,-2.34"))

    (question,) = found.questions
    newest, other = question.options
    assert (question.id, newest.id, other.id) == ("YEAR", str(LAST_YEAR + 1), str(LAST_YEAR))
    assert [(row.line, row.booked_on, row.amount_minor) for row in other.rows] == [(2, f"{LAST_YEAR}-01-02", -999)]
    assert await ledger(person, account_id) == before


async def test_the_answer_is_the_year(person: Client, account_id: str) -> None:
    await brought(person, account_id, dated("01-02,-9.99", "01-03,-4.50", "01-04,-5.50"))
    found = await asking(person, account_id, brief("1/2,-9.99", "1/3,-1.23", "1/4,-2.34"))

    done = await answer(person, found.id, YEAR=str(LAST_YEAR + 1))

    assert (done.imported_count, done.duplicate_count) == (3, 0)
    assert finding(done, "YEAR").basis == txn_pb2.FINDING_BASIS_ANSWERED
    assert await years(person, account_id) == [LAST_YEAR] * 3 + [LAST_YEAR + 1] * 3


async def test_a_file_that_goes_on_from_the_last_asks_nothing(person: Client, account_id: str) -> None:
    await brought(person, account_id, brief("1/2,-3.50", "1/3,-4.50"))

    done = await brought(person, account_id, brief("1/3,-4.50", "1/4,-5.50"))

    assert (done.state, done.imported_count, done.duplicate_count) == (COMPLETED, 1, 1)
    assert finding(done, "YEAR").basis == txn_pb2.FINDING_BASIS_EVIDENCE


async def test_a_file_of_days_that_nobody_knows_is_read_as_before(person: Client, account_id: str) -> None:
    await brought(person, account_id, brief("1/2,-3.50", "1/3,-4.50"))

    done = await brought(person, account_id, brief("1/4,-5.50", "1/5,-6.50"))

    assert (done.state, done.imported_count) == (COMPLETED, 2)
    assert finding(done, "YEAR").basis == txn_pb2.FINDING_BASIS_ASSUMPTION
