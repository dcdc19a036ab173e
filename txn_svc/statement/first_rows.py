"""The rows by which columns are told."""

from itertools import islice

from txn_svc.statement.facts import is_total
from txn_svc.statement.lines import TextBytes
from txn_svc.statement.reading import records_of
from txn_svc.statement.records import Record
from txn_svc.statement.table import SAMPLE_ROWS, Table, is_row


def first_rows(file: TextBytes, table: Table) -> list[Record]:
    """The first rows that have a cell for each column, and of these such as have a date and an amount if any has."""
    records = islice(records_of(file, table), SAMPLE_ROWS)
    wide = [record for record in records if record.fault is None and len(record.cells) == table.width]
    return [record for record in wide if is_row(record) and not is_total(record.cells)] or wide
