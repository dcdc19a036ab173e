"""Runs the emulator in its own environment, and keeps the raw mails that leave through SES v2.

Left alone it forgets a raw mail's own headers, and its SMTP relay rebuilds the mail without them. Here each goes as
{message id}.eml into the folder STORI_MAIL_DIR, with the Message-ID that SES gives and the tags it was sent with.
"""

import base64
import importlib
import json
import os
from collections.abc import Awaitable, Callable
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

Handler = Callable[..., Awaitable[tuple[int, dict[str, str], bytes]]]
Application = Callable[[dict[str, Any], Any, Any], Awaitable[None]]
GRACE_SECONDS = 0.5
OUTBOUND = "/outbound-emails"
OK = 200


def main() -> None:
    mail: Any = importlib.import_module("ministack.services.ses_v2")
    mail.handle_request = keeping_raw_mails(mail.handle_request, Path(os.environ["STORI_MAIL_DIR"]))
    emulator: Any = importlib.import_module("ministack.app")
    emulator.app = ending_when_saved(emulator.app)
    # What is still waiting when we are told to end is a long poll whose caller has gone.
    importlib.import_module("hypercorn.config").Config.graceful_timeout = GRACE_SECONDS
    emulator.main()


def ending_when_saved(app: Application) -> Application:
    """Ends the process once everything is saved; left alone it waits for the threads of abandoned long polls."""

    async def app_and_end(scope: dict[str, Any], receive: Any, send: Any) -> None:
        async def send_and_end(message: dict[str, Any]) -> None:
            await send(message)
            if message["type"] == "lifespan.shutdown.complete":
                os._exit(0)

        await app(scope, receive, send_and_end if scope["type"] == "lifespan" else send)

    return app_and_end


def keeping_raw_mails(handle: Handler, folder: Path) -> Handler:
    folder.mkdir(parents=True, exist_ok=True)

    async def handle_and_keep(
        method: str, path: str, headers: Any, body: bytes, query: Any
    ) -> tuple[int, dict[str, str], bytes]:
        answer = await handle(method, path, headers, body, query)
        if method == "POST" and path.rstrip("/").endswith(OUTBOUND) and answer[0] == OK:
            keep(json.loads(body), json.loads(answer[2])["MessageId"], folder)
        return answer

    return handle_and_keep


def keep(request: dict[str, Any], message_id: str, folder: Path) -> None:
    raw = request.get("Content", {}).get("Raw", {}).get("Data")
    if not raw:
        return
    # Only the headers are read; what follows them is kept as it is.
    head, _, body = base64.b64decode(raw).replace(b"\r\n", b"\n").partition(b"\n\n")
    message = message_from_bytes(head + b"\n\n", policy=policy.default)
    del message["Message-ID"]
    message["Message-ID"] = f"<{message_id}>"
    tags = ", ".join(f"{tag['Name']}={tag['Value']}" for tag in request.get("EmailTags", []))
    if tags:
        message["X-SES-MESSAGE-TAGS"] = tags
    unfinished = folder / f"{message_id}.part"
    unfinished.write_bytes(message.as_bytes() + body)
    unfinished.replace(folder / f"{message_id}.eml")


if __name__ == "__main__":
    main()
