"""`stori login`, `stori logout` and `stori token`."""

import asyncio
import webbrowser
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cli import oauth
from cli.callback import listening
from cli.credentials import Credentials, SignIn, keep, stored
from cli.exits import Failure
from cli.options import Json
from cli.output import Output, note
from cli.session import Clients, run
from cli.settings import read_settings
from cli.target import Target, find_target, forget_profile, save_profile
from protos.user.v1 import user_pb2 as pb

StackFile = Annotated[
    Path | None, typer.Option("--stack", help="The stack.json of a running `make up`; this checkout's by default.")
]


def login(
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the address in place of opening it.")] = False,
    stack: StackFile = None,
    user_svc: Annotated[str, typer.Option("--user-svc", help="host:port of user_svc.")] = "",
    txn_svc: Annotated[str, typer.Option("--txn-svc", help="host:port of txn_svc.")] = "",
    domain_url: Annotated[str, typer.Option("--domain-url", help="Address of the user pool's sign-in pages.")] = "",
    client_id: Annotated[str, typer.Option("--client-id", help="The OAuth client of the command line.")] = "",
    timeout: Annotated[float, typer.Option("--timeout", min=1, help="Seconds to wait for the sign-in.")] = 300,
    json: Json = False,
) -> None:
    """Sign in with a browser, and remember where and as whom."""
    output, settings = Output(as_json=json), read_settings()
    target = find_target(
        settings, stack, user_svc_address=user_svc, txn_svc_address=txn_svc, domain_url=domain_url, client_id=client_id
    )
    target.require_services()
    target.require_sign_in()
    sign_in = _signed_in(target, no_browser, timeout, output)
    save_profile(target)
    keep(target, sign_in)

    async def ensure(clients: Clients) -> pb.User:
        return (await clients.users.EnsureUser(pb.EnsureUserRequest())).user

    # What was just granted, whatever STORI_TOKEN says.
    person = run(ensure, target, settings.model_copy(update={"token": None}))
    output.document(person)
    output.say(f"Signed in as {person.display_name} <{person.email}>.")
    if settings.token:
        note("STORI_TOKEN is set: the other commands use it in place of this sign-in.")


def logout(json: Json = False) -> None:
    """Forget the sign-in and where it was, and end it at the user pool."""
    output, settings = Output(as_json=json), read_settings()
    try:
        target = find_target(settings)
        sign_in = stored(target)
    except Failure as failure:
        # Where a stack is gone, so is its sign-in.
        forget_profile()
        raise Failure(f"The profile is forgotten. {failure.message}", failure.code) from None
    forget_profile()
    if sign_in is not None:
        keep(target, None)
        try:
            asyncio.run(oauth.revoke(target, sign_in.refresh_token))
        except (oauth.Refused, oauth.Unreachable):
            note("The user pool did not end the sign-in; it ends by itself when its refresh token expires.")
    output.document({"wasSignedIn": sign_in is not None})
    output.say("Signed out." if sign_in is not None else "You were not signed in.")


def token(json: Json = False) -> None:
    """Print an access token, renewed where it is about to expire."""
    output, settings = Output(as_json=json), read_settings()
    access_token, expires_at = asyncio.run(Credentials(find_target(settings), settings).token())
    until = None if expires_at is None else datetime.fromtimestamp(expires_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    output.document({"accessToken": access_token, "expireTime": until})
    output.say(access_token)


def _signed_in(target: Target, no_browser: bool, seconds: float, output: Output) -> SignIn:
    with listening() as callback:
        attempt = oauth.Attempt(callback.redirect_uri)
        callback.expect(attempt.state)
        address = attempt.address(target)
        if no_browser or not webbrowser.open(address):
            tell = note if output.as_json else output.say
            tell(f"Sign in at {address}")
            output.flush()
        else:
            note("Sign in in the browser; Ctrl-C gives up.")
        code = callback.code(seconds)
        try:
            grant = asyncio.run(oauth.exchange(target, attempt, code))
        except oauth.Refused:
            raise Failure("The user pool did not take the code of this sign-in; try again.") from None
    return SignIn.granted(grant)
