"""The commands of `stori`."""

from collections.abc import Callable, Mapping

import typer

from cli.account import account_close, account_open, account_reopen, account_update
from cli.accounts import accounts
from cli.answering import imports_answer
from cli.config import config
from cli.coverage import coverage
from cli.decisions import imports_commit, imports_decide, imports_discard
from cli.export import export, imports_original, imports_rejects
from cli.formats import formats
from cli.importing import import_
from cli.imports import imports_list, imports_show
from cli.manual import annotate, delete, record
from cli.methods import call_method
from cli.migrate import migrate
from cli.queues import queues, queues_redrive
from cli.reconcile import reconcile
from cli.repeat import imports_repeat
from cli.revert import imports_revert
from cli.sign_in import login, logout, token
from cli.summary import summary
from cli.trace import trace
from cli.transactions import transactions
from cli.verify import verify

_Commands = Mapping[str, Callable[..., None]]
EPILOGUE = (
    "Exit codes: 0 done, 1 failed, 2 wrong usage, 75 try again (a dependency is down), 78 bad configuration, "
    "130 interrupted."
)


def create_app() -> typer.Typer:
    app = typer.Typer(
        name="stori",
        help="Bank statements in, every transaction exactly once. Works as you: `stori login` first.",
        epilog=EPILOGUE,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    for name, function in _PLAIN.items():
        app.command(name)(function)
    app.command("import")(import_)
    app.command()(formats)
    app.add_typer(_group("Open, change and close accounts.", _ACCOUNT), name="account")
    app.add_typer(_group("Look at imports, decide about them, undo and repeat them.", _IMPORTS), name="imports")
    app.add_typer(_group("", {"redrive": queues_redrive}, alone=queues), name="queues")
    app.command()(trace)
    app.command("grpc")(call_method)
    app.command("healthcheck", add_help_option=False, context_settings=_PASSED_ON)(healthcheck)
    app.command()(config)
    app.command()(migrate)
    app.command()(reconcile)
    return app


def _group(about: str, commands: _Commands, alone: Callable[..., None] | None = None) -> typer.Typer:
    """Commands under a common word; `alone` is what the word does by itself, and then says what it is about."""
    group = typer.Typer(help=about or None, rich_markup_mode=None, callback=alone, invoke_without_command=bool(alone))
    for name, function in commands.items():
        group.command(name)(function)
    return group


_PLAIN: _Commands = {
    "login": login,
    "logout": logout,
    "token": token,
    "accounts": accounts,
    "transactions": transactions,
    "summary": summary,
    "coverage": coverage,
    "verify": verify,
    "record": record,
    "annotate": annotate,
    "delete": delete,
    "export": export,
}
_ACCOUNT: _Commands = {
    "open": account_open,
    "update": account_update,
    "close": account_close,
    "reopen": account_reopen,
}
_IMPORTS: _Commands = {
    "list": imports_list,
    "show": imports_show,
    "answer": imports_answer,
    "commit": imports_commit,
    "decide": imports_decide,
    "discard": imports_discard,
    "revert": imports_revert,
    "repeat": imports_repeat,
    "rejects": imports_rejects,
    "original": imports_original,
}
_PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True}


def healthcheck(context: typer.Context) -> int:
    """Is one process ready? For containers; `stori healthcheck --help` says more."""
    from cli.healthcheck import check

    return check(context.args)
