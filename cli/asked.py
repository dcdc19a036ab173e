"""What an import asks, as a person reads it."""

from cli.exits import FAILED, Failure
from cli.import_rows import show_read
from cli.output import Output
from protos.txn.v1 import txn_pb2 as pb


def show_questions(output: Output, found: pb.Import) -> None:
    for question in found.questions:
        show_question(output, question)


def show_question(output: Output, question: pb.ImportQuestion) -> None:
    """What is asked, and each answer with rows as they would read."""
    output.say(f"{question.id}: {question.message}")
    for number, option in enumerate(question.options, start=1):
        output.say(f"{number}. {option.id}: {option.label}")
        show_read(output, option.rows)


def how_to_answer(found: pb.Import) -> str:
    answers = " ".join(f"--answer {question.id}=…" for question in found.questions)
    return (
        f"{found.id} waits: `stori imports answer {found.id} {answers}` answers, "
        f"`stori imports discard {found.id}` ends it."
    )


def waits_for_answer(found: pb.Import) -> Failure:
    return Failure(how_to_answer(found), FAILED, found.request_id)
