"""What an import asks, and the answers to it."""

from collections.abc import Sequence
from typing import Self

import strawberry

from bff.schema.enums import StatementProperty
from bff.schema.import_rows import ImportRow
from protos.txn.v1 import txn_pb2 as pb


@strawberry.type(description="An answer, with a few rows as they would then read; long cells are cut.")
class ImportOption:
    id: strawberry.ID = strawberry.field(description="The value that the finding would have: DMY.")
    label: str
    rows: list[ImportRow]

    @classmethod
    def from_proto(cls, message: pb.ImportOption) -> Self:
        rows = [ImportRow.from_proto(row) for row in message.rows]
        return cls(id=strawberry.ID(message.id), label=message.label, rows=rows)


@strawberry.type(description="What the file leaves open: at most one question of each property.")
class ImportQuestion:
    id: strawberry.ID = strawberry.field(description="The property's name.")
    property: StatementProperty
    message: str
    options: list[ImportOption]

    @classmethod
    def from_proto(cls, message: pb.ImportQuestion) -> Self:
        return cls(
            id=strawberry.ID(message.id),
            property=StatementProperty(message.property),
            message=message.message,
            options=[ImportOption.from_proto(option) for option in message.options],
        )


@strawberry.input
class ImportAnswer:
    question_id: strawberry.ID
    option_id: strawberry.ID

    def to_proto(self) -> pb.ImportAnswer:
        return pb.ImportAnswer(question_id=self.question_id, option_id=self.option_id)


@strawberry.input
class ImportAnswerInput:
    import_id: strawberry.ID
    answers: list[ImportAnswer] = strawberry.field(description="To every question of the import, each once.")

    def to_proto(self) -> pb.AnswerImportRequest:
        return pb.AnswerImportRequest(import_id=self.import_id, answers=answers_to_proto(self.answers))


def answers_to_proto(answers: Sequence[ImportAnswer] | None) -> list[pb.ImportAnswer]:
    return [answer.to_proto() for answer in answers or ()]
