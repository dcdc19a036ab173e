"""What a mail says of an import that is undone: that it was, or what has come since of one whose end it tells of."""

from notifier.facts import Facts, Undo
from notifier.language import count
from protos.txn.v1 import txn_pb2 as txn


def headline(facts: Facts) -> str:
    if facts.undo is not None:
        return "This file was undone"
    return f"Imported, and {'undone since' if _is_over(facts) else 'being undone'}"


def news(facts: Facts) -> str:
    """What the subject says after the file's name."""
    if facts.undo is not None:
        return f" was undone: {_removed(facts.undo)}"
    return f": imported and {'undone since' if _is_over(facts) else 'being undone'}"


def fate(facts: Facts) -> str:
    """What became of the file's transactions, in a sentence that stays true."""
    if facts.undo is not None:
        removed = _removed(facts.undo)
        return f"{removed[0].upper()}{removed[1:]}{_kept(facts.undo)}."
    if _is_over(facts):
        return "It has been undone since; the figures below are those of now."
    return "It is being undone at this moment; the figures below may still change."


def _is_over(facts: Facts) -> bool:
    return facts.statement_import.state == txn.IMPORT_STATE_REVERTED


def _removed(undo: Undo) -> str:
    return f"{count(undo.removed_count, 'transaction')} removed" if undo.removed_count else "nothing removed"


def _kept(undo: Undo) -> str:
    if not undo.kept_count:
        return ""
    them = "it" if undo.kept_count == 1 else "them"
    return f"; {count(undo.kept_count, 'transaction')} stayed, because another file or a record by hand kept {them}"
