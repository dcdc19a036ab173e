"""Requests about imports, checked and in their inner form."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, cast
from uuid import UUID

from protos.txn.v1 import txn_pb2
from runtime.ids import from_id
from runtime.pages import Position, invalid_page_token
from runtime.refusals import InvalidArgument
from txn_svc.fields import BATCH_MAX, Fields, too_many
from txn_svc.imports.answers import PROPERTIES
from txn_svc.imports.mapping import OUTCOME_PREFIX, STATE_PREFIX
from txn_svc.imports.objects import clean_file_name
from txn_svc.statement import format_ids
from txn_svc.statement.model import Property

LIST_SIZE = 20
KEY_MAX_BYTES = 1024
"""Of an object's key, as of its version's id (https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html)."""
OPTION_ID_MAX_CHARACTERS = 4_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class NewImport(NamedTuple):
    account_id: UUID
    file_name: str
    size_bytes: int
    review: str
    format_id: str | None


class Repetition(NamedTuple):
    """`account_id` is None for the same account."""

    import_id: UUID
    account_id: UUID | None
    review: str
    format_id: str | None
    answers: Mapping[Property, str]


def new_import(request: txn_pb2.StartImportRequest, max_bytes: int) -> NewImport:
    """Raises InvalidArgument, FILE_TOO_LARGE where the file is announced as larger than an import may be."""
    account_id = from_id("acct", request.account_id, "account_id")
    fields = Fields()
    file_name = clean_file_name(request.file_name)
    if not file_name:
        fields.wrong["file_name"] = "must not be empty"
    if request.size_bytes < 0:
        fields.wrong["size_bytes"] = "must not be negative"
    review, format_id = _review(fields, request.review), _format_id(fields, request.format_id)
    fields.refuse()
    if request.size_bytes > max_bytes:
        raise InvalidArgument(
            f"The file is larger than the {max_bytes:,} bytes an import may have.",
            reason="FILE_TOO_LARGE",
            fields={"size_bytes": f"must be at most {max_bytes}"},
            metadata={"import_max_bytes": str(max_bytes)},
        )
    return NewImport(account_id, file_name, request.size_bytes, review, format_id)


def repetition(request: txn_pb2.RepeatImportRequest) -> Repetition:
    import_id = from_id("imp", request.import_id, "import_id")
    account_id = from_id("acct", request.account_id, "account_id") if request.account_id else None
    fields = Fields()
    review, format_id = _review(fields, request.review), _format_id(fields, request.format_id)
    answers = _answers(fields, request.answers)
    fields.refuse()
    return Repetition(import_id, account_id, review, format_id, answers)


def answers_in(request: txn_pb2.AnswerImportRequest) -> Mapping[Property, str]:
    """In the order of the request."""
    fields = Fields()
    answers = _answers(fields, request.answers)
    if not request.answers:
        fields.wrong["answers"] = "must not be empty"
    fields.refuse()
    return answers


def states_of(values: Sequence[txn_pb2.ImportState.ValueType]) -> list[str]:
    """The names, each once and sorted."""
    known = [value for value in txn_pb2.ImportState.values() if value]
    if any(value not in known for value in values):
        raise InvalidArgument("The request is not valid: states.", fields={"states": "must be states of an import"})
    return sorted({txn_pb2.ImportState.Name(value).removeprefix(STATE_PREFIX) for value in values})


def outcome_of(value: txn_pb2.RowOutcome.ValueType) -> str | None:
    if value not in txn_pb2.RowOutcome.values():
        raise InvalidArgument("The request is not valid: outcome.", fields={"outcome": "must be an outcome of a row"})
    return txn_pb2.RowOutcome.Name(value).removeprefix(OUTCOME_PREFIX) if value else None


def decision_of(value: txn_pb2.RowOutcome.ValueType) -> str:
    outcome = outcome_of(value)
    if outcome is None:
        raise InvalidArgument("The request is not valid: outcome.", fields={"outcome": "must be an outcome of a row"})
    return outcome


def part_of(value: txn_pb2.ImportPart.ValueType) -> str:
    fields = Fields()
    part = fields.choice("part", txn_pb2.ImportPart, value)
    fields.refuse()
    return part.removeprefix("IMPORT_PART_")


def stored_objects(request: txn_pb2.BatchGetStoredObjectsRequest) -> Sequence[txn_pb2.StoredObject]:
    if len(request.objects) > BATCH_MAX:
        raise too_many("objects")
    fields = Fields()
    for index, one in enumerate(request.objects):
        # What S3 itself allows; a key may hold any character, and one that names nothing is IGNORED.
        if not 1 <= len(one.key.encode()) <= KEY_MAX_BYTES:
            fields.wrong[f"objects[{index}].key"] = f"must have 1 to {KEY_MAX_BYTES} bytes"
        fields.text(f"objects[{index}].version_id", one.version_id, at_most=KEY_MAX_BYTES)
    fields.refuse()
    return request.objects


def _review(fields: Fields, value: txn_pb2.Review.ValueType) -> str:
    name = fields.choice("review", txn_pb2.Review, value, required=False)
    return name.removeprefix("REVIEW_") if value else "WHEN_NEW"


def _format_id(fields: Fields, value: str) -> str | None:
    if value and value not in format_ids():
        fields.wrong["format_id"] = f"must be one of {', '.join(format_ids())}"
    return value or None


def _answers(fields: Fields, given: Sequence[txn_pb2.ImportAnswer]) -> Mapping[Property, str]:
    answers: dict[Property, str] = {}
    for index, one in enumerate(given[: len(PROPERTIES) + 1]):
        question, option = f"answers[{index}].question_id", f"answers[{index}].option_id"
        if one.question_id not in PROPERTIES:
            fields.wrong[question] = f"must be one of {', '.join(PROPERTIES)}"
        elif one.question_id in answers:
            fields.wrong[question] = "must not be answered twice"
        if not 1 <= len(one.option_id) <= OPTION_ID_MAX_CHARACTERS or "\0" in one.option_id:
            fields.wrong[option] = f"must have 1 to {OPTION_ID_MAX_CHARACTERS:,} characters"
        answers[cast("Property", one.question_id)] = one.option_id
    return answers


def position_after(time: datetime, import_id: UUID) -> Position:
    return Position((time - _EPOCH) // _MICROSECOND, import_id)


def after(position: Position | None) -> tuple[datetime, UUID] | None:
    if position is None:
        return None
    try:
        return _EPOCH + position.key * _MICROSECOND, position.id
    except OverflowError:
        raise invalid_page_token() from None
