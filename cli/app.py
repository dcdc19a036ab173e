"""The commands of `stori`."""

import typer

from cli.accounts import account_open, accounts
from cli.config import config
from cli.importing import import_
from cli.imports import imports_list, imports_show
from cli.methods import call_method
from cli.migrate import migrate
from cli.sign_in import login, logout, token
from cli.summary import summary
from cli.transactions import transactions
from cli.verify import verify

EPILOGUE = (
    "Exit codes: 0 done, 1 failed, 2 wrong usage, 75 a dependency is down (try again), 78 bad configuration, "
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
    for function in (login, logout, token, accounts, transactions, summary, verify, config, migrate):
        app.command()(function)
    app.command("import")(import_)
    app.command("grpc")(call_method)
    app.command("healthcheck", add_help_option=False, context_settings=_PASSED_ON)(healthcheck)
    account = typer.Typer(help="Open accounts.", rich_markup_mode=None)
    account.command("open")(account_open)
    app.add_typer(account, name="account")
    imports = typer.Typer(help="Look at imports.", rich_markup_mode=None)
    imports.command("list")(imports_list)
    imports.command("show")(imports_show)
    app.add_typer(imports, name="imports")
    return app


_PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True}


def healthcheck(context: typer.Context) -> int:
    """Is one process ready? For containers; `stori healthcheck --help` says more."""
    from cli.healthcheck import check

    return check(context.args)
