"""From NEEDS_ANSWER on: what the file leaves open is answered by options, or by the person at the terminal."""

import sys
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from cli.asked import how_to_answer, show_question
from cli.exits import USAGE, Failure
from cli.following import followed
from cli.output import Output
from cli.question import choose
from cli.session import Clients
from protos.txn.v1 import txn_pb2 as pb

Answers = Annotated[
    list[str],
    typer.Option("--answer", metavar="QUESTION=ANSWER", help="DATE_ORDER=DMY: used where it is asked; repeatable."),
]


class Declined(Failure):
    """The person does not go on with what was shown; carries the exit code."""


class Unanswered(Declined):
    """The person leaves a question open."""


def answers_of(options: Sequence[str]) -> dict[str, str]:
    """Answers by question. Raises BadParameter for what is none, or a second one to a question."""
    answers: dict[str, str] = {}
    for option in options:
        question, _, answer = option.partition("=")
        if not question or not answer:
            raise typer.BadParameter(f"{option} is no answer, such as DATE_ORDER=DMY", param_hint="--answer")
        if answers.setdefault(question.upper(), answer) != answer:
            raise typer.BadParameter(f"{question} has two answers", param_hint="--answer")
    return answers


def answers_to_proto(answers: Mapping[str, str]) -> list[pb.ImportAnswer]:
    return [pb.ImportAnswer(question_id=question, option_id=answer) for question, answer in answers.items()]


async def answered(
    clients: Clients, output: Output, found: pb.Import, seconds: float, given: Mapping[str, str], *, asks: bool
) -> pb.Import:
    """The import once it asks nothing more; with `asks` the person is asked what is not given, else it waits then.

    Raises Unanswered where he does not say, Failure for a given answer that is none.
    """
    while found.state == pb.IMPORT_STATE_NEEDS_ANSWER:
        require_fitting(found, given)
        if not asks and any(question.id not in given for question in found.questions):
            break
        answers = {question.id: given.get(question.id) or _asked(found, question) for question in found.questions}
        # What is asked again in spite of its answer is asked of the person.
        given = {question: answer for question, answer in given.items() if question not in answers}
        request = pb.AnswerImportRequest(import_id=found.id, answers=answers_to_proto(answers))
        await clients.imports.AnswerImport(request)
        found = await followed(clients, output, found, seconds)
    return found


def require_fitting(found: pb.Import, given: Mapping[str, str]) -> None:
    for question in found.questions:
        options = [option.id for option in question.options]
        if given.get(question.id, options[0]) not in options:
            sentence = f"{given[question.id]} does not answer {question.id}, which is one of {', '.join(options)}. "
            raise Failure(sentence + how_to_answer(found), USAGE, found.request_id)


def _asked(found: pb.Import, question: pb.ImportQuestion) -> str:
    show_question(Output(as_json=False, stream=sys.stderr), question)
    number, code = choose(f"How is {found.file_name} to be read?", len(question.options))
    if code:
        raise Unanswered("Nothing was imported.", code)
    return question.options[number - 1].id
