"""What a mail says: its subject, its plain text and its HTML, from the facts of an import."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

import css_inline
import mrml
from jinja2 import ChoiceLoader, DictLoader, Environment, FileSystemLoader, StrictUndefined, select_autoescape

from notifier import asked, undone
from notifier.advice import advice
from notifier.facts import Facts
from notifier.language import Language, count, plain
from protos.txn.v1 import txn_pb2 as txn

# A mail with the months of decades would be cut off by its reader's program.
MONTHS_SHOWN: Final = 12
NAME_MAX: Final = 80
SENTENCE_MAX: Final = 400
NONE: Final = "–"
TEMPLATES: Final = Path(__file__).parent / "templates"

# Of letters; each has a template for its text.
Kind = Literal["completed", "failed", "undone", "asked"]
_FATES: Final[Mapping[Kind, Callable[[Facts], str]]] = {"undone": undone.fate, "asked": asked.fate}


@dataclass(frozen=True)
class Letter:
    subject: str
    text: str
    html: str


def write(facts: Facts, web_url: str) -> Letter:
    """The letter about an import that has ended or asks. It says only what is still true of one that has gone on since.

    Text from a file or a person is one plain line, and inert in the HTML.
    """
    language = Language(facts.holder.locale, facts.holder.time_zone)
    found, currency_code = facts.statement_import, facts.account.currency_code

    # The text and the HTML say the same amounts.
    @cache
    def amount(minor: int) -> str:
        return language.amount(minor, currency_code)

    def average(of: txn.Summary | txn.MonthSummary, side: Literal["credit", "debit"]) -> str:
        field = f"average_{side}_minor"
        return amount(getattr(of, field)) if of.HasField(field) else NONE  # type: ignore[arg-type]

    kind, web_url = kind_of(facts), web_url.rstrip("/")
    words: dict[str, Any] = {
        "kind": kind,
        "headline": headline(facts),
        "subject": subject(facts, language),
        "file": found,
        "account": facts.account,
        "summary": facts.summary,
        "holder": facts.holder,
        "rejects": facts.rejects,
        "undo": facts.undo,
        "fate": _FATES[kind](facts) if kind in _FATES else "",
        "assumptions": [finding for finding in found.findings if finding.basis == txn.FINDING_BASIS_ASSUMPTION],
        "advice": advice(found.failure_code),
        "web_url": web_url,
        "link": f"{web_url}/imports/{found.id}" if kind == "asked" else web_url,
        "language": language,
        "amount": amount,
        "average": average,
        "shown_months": shown_months,
        "count": count,
    }
    return Letter(
        subject=words["subject"],
        text=_environment().get_template(f"{kind}.txt").render(words),
        html=css_inline.inline(_environment().get_template("letter.html").render(words)),
    )


def kind_of(facts: Facts) -> Kind:
    if facts.is_question:
        return "asked"
    found = facts.statement_import
    if found.state in {txn.IMPORT_STATE_REVERTING, txn.IMPORT_STATE_REVERTED}:
        return "undone"
    return "completed" if found.state == txn.IMPORT_STATE_COMPLETED else "failed"


def subject(facts: Facts, language: Language) -> str:
    found, currency_code = facts.statement_import, facts.account.currency_code
    name, kind = plain(found.file_name, NAME_MAX), kind_of(facts)
    if kind == "failed":
        return f"{name} could not be imported"
    if kind == "asked":
        return f"{name}{asked.news(facts)}"
    news = undone.news(facts) if kind == "undone" else f": {_news(found)}"
    balance = language.amount(facts.summary.balance_minor, currency_code)
    return f"{name}{news}, balance {balance} {currency_code}"


def _news(found: txn.Import) -> str:
    return count(found.imported_count, "new transaction") if found.imported_count else "nothing new"


def headline(facts: Facts) -> str:
    found = facts.statement_import
    match kind_of(facts):
        case "failed":
            return "This file could not be imported"
        case "asked":
            return asked.headline(facts)
        case "undone":
            return undone.headline(facts)
    if found.imported_count:
        return count(found.imported_count, "new transaction")
    if found.duplicate_count:
        return "Nothing new in this file"
    return "No transaction could be read from this file"


def shown_months(summary: txn.Summary) -> Sequence[txn.MonthSummary]:
    """The newest MONTHS_SHOWN, ascending."""
    return list(summary.months)[-MONTHS_SHOWN:]


@cache
def _environment() -> Environment:
    """The templates; the MJML one is compiled once, before any word of a person is in it."""
    # Without fonts: mrml would otherwise have the mail fetch them from elsewhere.
    compiled = mrml.to_html((TEMPLATES / "letter.mjml").read_text(), None, mrml.RenderOptions(fonts={}))
    environment = Environment(
        loader=ChoiceLoader([DictLoader({"letter.html": compiled.content}), FileSystemLoader(TEMPLATES)]),
        autoescape=select_autoescape(["html"], default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        # No template changes while a process runs: its file is not looked at for each letter.
        auto_reload=False,
    )
    environment.filters["line"] = lambda text: plain(text, SENTENCE_MAX)
    environment.filters["name"] = lambda text: plain(text, NAME_MAX)
    return environment
