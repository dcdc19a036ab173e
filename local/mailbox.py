"""The mailbox: a page and a JSON list of the mails that left through the emulator's SES. `python -m local.mailbox`."""

from html import escape
from pathlib import Path
from typing import Any

import httpx2
from pydantic import Field
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from local.mails import Mail, eml, mails
from runtime.http import serve_http
from runtime.process import Process, run, settings_or_exit
from runtime.settings import Bind, ProcessSettings

EMULATOR_SECONDS = 5.0
# Neither the page nor a mail inside its frame may run anything or fetch anything.
PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; base-uri 'none'; form-action 'none'"
MAIL_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
)
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Stori mailbox</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body{{font:15px/1.5 system-ui,sans-serif;margin:0 auto;max-width:60rem;padding:1rem;color:#1b1f24;background:#f6f7f9}}
article{{background:#fff;border:1px solid #d6dae0;border-radius:8px;margin:0 0 1rem;padding:1rem}}
h2{{font-size:1.05rem;margin:0}} p{{margin:.2rem 0;color:#57606a}} pre{{white-space:pre-wrap}}
iframe{{border:1px solid #d6dae0;border-radius:4px;width:100%;height:34rem;background:#fff}}
</style></head><body><h1>Mailbox</h1>{mails}</body></html>"""
ENTRY = """<article><h2>{subject}</h2><p>to {to} · {date} · <a href="/mails/{id}.eml">raw</a></p>{body}</article>"""
FRAME = """<iframe sandbox title="{subject}" src="/mails/{id}.html" loading="lazy"></iframe>"""


class MailboxSettings(ProcessSettings):
    http_bind: Bind = Field("127.0.0.1:8025", description="host:port of the page.")
    emulator_url: str = Field(description="The AWS emulator, whose SES is shown.")
    mail_dir: Path = Field(description="Where the emulator keeps raw mails.")


class Mailbox:
    def __init__(self, settings: MailboxSettings, client: httpx2.AsyncClient) -> None:
        self.settings, self.client = settings, client

    async def answer(self) -> dict[str, Any]:
        try:
            response = await self.client.get(f"{self.settings.emulator_url}/_ministack/ses/messages")
            response.raise_for_status()
        except httpx2.HTTPError:
            raise HTTPException(503, "The AWS emulator does not answer.") from None
        answer: dict[str, Any] = response.json()
        return answer

    async def all(self, request: Request) -> list[Mail]:
        # As it was asked for: inside a container it listens at another address.
        return mails(await self.answer(), self.settings.mail_dir, str(request.base_url).rstrip("/"))

    async def one(self, request: Request) -> Mail:
        wanted = request.path_params["id"]
        for mail in await self.all(request):
            if mail.id == wanted:
                return mail
        raise HTTPException(404, "There is no such mail.")

    async def messages(self, request: Request) -> Response:
        return JSONResponse([mail.to_json() for mail in await self.all(request)])

    async def page(self, request: Request) -> Response:
        entries = "".join(entry(mail) for mail in await self.all(request))
        return protected(HTMLResponse(PAGE.format(mails=entries or "<p>No mail yet.</p>")), PAGE_POLICY)

    async def html(self, request: Request) -> Response:
        return protected(HTMLResponse((await self.one(request)).html), MAIL_POLICY)

    async def raw(self, request: Request) -> Response:
        content = eml(request.path_params["id"], await self.answer(), self.settings.mail_dir)
        if content is None:
            raise HTTPException(404, "There is no such mail.")
        # As plain text: a browser shows it and runs nothing of it.
        return protected(Response(content, media_type="text/plain"), MAIL_POLICY)

    def routes(self) -> list[Route]:
        return [
            Route("/", self.page),
            Route("/messages.json", self.messages),
            Route("/mails/{id}.html", self.html),
            Route("/mails/{id}.eml", self.raw),
        ]


def entry(mail: Mail) -> str:
    known = {"id": escape(mail.id), "subject": escape(mail.subject)}
    body = FRAME.format(**known) if mail.html else f"<pre>{escape(mail.text)}</pre>"
    return ENTRY.format(**known, to=escape(", ".join(mail.to)), date=escape(mail.date), body=body)


def protected(response: Response, policy: str) -> Response:
    response.headers["Content-Security-Policy"] = policy
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


async def serve(process: Process) -> None:
    settings = process.settings
    assert isinstance(settings, MailboxSettings)
    async with httpx2.AsyncClient(timeout=EMULATOR_SECONDS) as client:
        app = Starlette(routes=Mailbox(settings, client).routes())
        async with serve_http(app, settings.http_bind):
            process.set_ready()
            await process.until_stopped()


if __name__ == "__main__":
    run("mailbox", settings_or_exit(MailboxSettings), serve)
