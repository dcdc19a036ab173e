"""Reads a statement: first passes find out how, the last gives the rows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import BinaryIO, Final

from txn_svc.ledger.money import Currency
from txn_svc.ledger.quoting import quoted
from txn_svc.statement.encoding import Encoding, encoding_named, examine
from txn_svc.statement.findings import table_findings
from txn_svc.statement.formats import formats
from txn_svc.statement.infer import ALL_HERE, Given
from txn_svc.statement.lines import TextBytes
from txn_svc.statement.model import Finding, Option, Proof, Property, Question, RejectedRow, ValidRow
from txn_svc.statement.own import STORI
from txn_svc.statement.questions import shown_rows
from txn_svc.statement.reading import Reading
from txn_svc.statement.settling import Settled, declared, found_out, is_anybodys, is_declared, own_export
from txn_svc.statement.survey import OtherForm
from txn_svc.statement.table import Table, find_table
from txn_svc.statement.values import rows_of_file

_NOTHING: Final[Mapping[Property, str]] = {}


@dataclass(frozen=True, slots=True)
class Statement:
    """A file that can be read; while it asks `questions`, only with the answers. `header` is as it stands in the file.

    `shape` is one text for all headers that name the same columns in the same order, whatever the case and padding, and
    the same for the rejects of such a file. `account_number` is the one that the file names, as it
    stands there; `proof` is CANNOT_TELL while there are questions.
    """

    header: tuple[str, ...]
    delimiter: str
    format_id: str
    shape: str
    findings: tuple[Finding, ...]
    questions: tuple[Question, ...]
    account_number: str | None
    proof: Proof
    _file: TextBytes = field(repr=False)
    _reading: Reading = field(repr=False)

    def rows(self) -> Iterator[ValidRow | RejectedRow]:
        """All rows in the order of the file, in constant memory; blank lines are none.

        Each call reads the file from its start, so only one such iteration may be under way.
        """
        assert not self.questions
        return rows_of_file(self._file, self._reading)


def read(
    file: BinaryIO,
    *,
    uploaded_on: date,
    currency: Currency,
    format_id: str | None = None,
    file_name: str = "",
    is_credit: bool = False,
    answers: Mapping[Property, str] = _NOTHING,
    remembered: Mapping[str, Mapping[Property, str]] | None = None,
    ledger: Mapping[Property, Finding] | None = None,
) -> Statement:
    """Finds out how to read a seekable file, which stays the caller's to close. Refuses with Unreadable.

    `uploaded_on` decides the years of dates without one, so the same upload always gives the same dates. `format_id` is
    the one format to read it as (ValueError where there is no such format); None finds it by the header. `remembered`
    are the values of findings of the account's earlier files, by shape; `ledger` what its transactions decide.
    """
    if format_id is not None and format_id not in {STORI.id, *formats()}:
        raise ValueError(f"{quoted(format_id)} is no format: there are {', '.join([*formats(), STORI.id])}.")
    past = remembered or {}
    encoding = examine(file, encoding_named(answers.get("ENCODING")))
    text = encoding.text(file)
    table = find_table(text, format_id)
    before = encoding_named(past.get(table.shape, _NOTHING).get("ENCODING"))
    if before in encoding.alternatives:
        encoding = examine(file, before, "REMEMBERED")
        text = encoding.text(file)
        table = find_table(text, format_id)
    given = Given(
        uploaded_on=uploaded_on,
        currency=currency,
        file_name=file_name,
        is_credit=is_credit,
        is_format_asked=format_id is not None,
        answers=answers,
        remembered=past.get(table.shape, _NOTHING),
        ledger=ledger or {},
    )
    settled = _settle(text, table, given)
    questions = (_encoding_question(file, encoding, given, format_id),) if encoding.alternatives else settled.questions
    account = next((one.value for one in settled.findings if one.property == "ACCOUNT"), ALL_HERE)
    return Statement(
        header=table.header,
        delimiter=table.delimiter,
        format_id=settled.reading.table.format_id,
        shape=table.shape,
        findings=(encoding.finding, *table_findings(settled.reading.table), *settled.findings),
        questions=questions,
        account_number=None if account == ALL_HERE or settled.reading.has_parts else account,
        proof=settled.proof,
        _file=text,
        _reading=settled.reading,
    )


def _settle(file: TextBytes, table: Table, given: Given) -> Settled:
    if table.is_own_export:
        return own_export(file, table, given)
    if given.is_credit and is_anybodys(table, given):
        # On a card's statement an amount without a minus is often a debit.
        table = replace(table, format=None)
    try:
        if table.format is not None and is_declared(table.format):
            return declared(file, table, table.format, given)
        return found_out(file, table, given)
    except OtherForm:
        # Somebody else's file may have the same few names.
        if given.is_format_asked or table.format is None:
            raise
    return found_out(file, replace(table, format=None), given)


def _encoding_question(file: BinaryIO, encoding: Encoding, given: Given, format_id: str | None) -> Question:
    """Asked alone: what the text is comes before what it means."""
    options = list[Option]()
    for name in encoding.alternatives:
        text = examine(file, name).text(file)
        reading = _settle(text, find_table(text, format_id), given).reading
        options.append(Option(name, name, shown_rows(text, reading, encoding.finding.lines)))
    return Question("ENCODING", encoding.finding.message, tuple(options))
