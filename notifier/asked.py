"""What a mail says of an import that asks: what it wants to know, or that it does not any more."""

from notifier.facts import Facts
from notifier.language import count
from protos.txn.v1 import txn_pb2 as txn


def headline(facts: Facts) -> str:
    if not is_asking(facts):
        return "This file asked, and does not any more"
    questions = facts.statement_import.questions
    return "This file needs an answer" if len(questions) == 1 else f"This file needs {count(len(questions), 'answer')}"


def news(facts: Facts) -> str:
    """What the subject says after the file's name."""
    if not is_asking(facts):
        return " asked, and does not any more"
    questions = facts.statement_import.questions
    wanted = "an answer" if len(questions) == 1 else count(len(questions), "answer")
    return f" needs {wanted} before it is imported"


def fate(facts: Facts) -> str:
    """What becomes of the file's transactions, in a sentence that stays true."""
    if is_asking(facts):
        return "Nothing of it is booked until you answer."
    return "It was answered or ended since: there is nothing left to answer."


def is_asking(facts: Facts) -> bool:
    return facts.statement_import.state == txn.IMPORT_STATE_NEEDS_ANSWER
