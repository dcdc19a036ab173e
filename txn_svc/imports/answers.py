"""Answers to what imports ask: each names a question, which is a property of the statement, and one of its options."""

from collections.abc import Mapping
from typing import Final, get_args

from txn_svc.fields import Fields
from txn_svc.ledger.quoting import quoted
from txn_svc.model import StatementImport
from txn_svc.statement.model import Property

PROPERTIES: tuple[Property, ...] = get_args(Property)
DISCARD: Final = "DISCARD"
"""The option that ends the import instead of going on with it."""


def answers_of(found: StatementImport) -> dict[Property, str]:
    """All that it was answered so far."""
    return {one["property"]: one["value"] for one in found.answers}


def keep_answers(found: StatementImport, given: Mapping[Property, str]) -> None:
    """Adds the answers to those that it has; in the order of the properties, because the plan's digest covers them."""
    answers = {**answers_of(found), **given}
    found.answers = [{"property": name, "value": answers[name]} for name in sorted(answers)]


def has_answers(found: StatementImport, given: Mapping[Property, str]) -> bool:
    """Whether these are answers that it has, and asks for none of."""
    asked = {question["property"] for question in found.questions}
    return bool(given) and given.items() <= answers_of(found).items() and asked.isdisjoint(given)


def are_to_discard(found: StatementImport, given: Mapping[Property, str]) -> bool:
    """Whether one of the answers is to discard the import."""
    offered = {question["property"] for question in found.questions if question["property"] in {"ACCOUNT", "BALANCE"}}
    return any(given.get(name) == DISCARD for name in offered)


def require_answers(found: StatementImport, given: Mapping[Property, str]) -> None:
    """Raises InvalidArgument where not each of its questions is answered by one of its options, or others are.

    `given` is in the order of the request, whose fields the refusal names.
    """
    asked = {question["property"]: [option["id"] for option in question["options"]] for question in found.questions}
    fields = Fields()
    for index, (name, option) in enumerate(given.items()):
        if name not in asked:
            fields.wrong[f"answers[{index}].question_id"] = f"must be what the import asks: {', '.join(asked)}"
        elif option not in asked[name]:
            fields.wrong[f"answers[{index}].option_id"] = f"must be one of {', '.join(map(quoted, asked[name]))}"
    missing = [name for name in asked if name not in given]
    if missing:
        fields.wrong["answers"] = f"must answer {', '.join(missing)} as well"
    fields.refuse()
