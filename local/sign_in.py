"""A person's sign-in as a browser does it: the hosted page, authorization code and PKCE (RFC 7636)."""

import base64
import hashlib
import html
import re
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx2

SCOPE = "openid email profile"
SECONDS = 10.0
_FORM = re.compile(r'<form[^>]*\baction="([^"]*)"', re.IGNORECASE)
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', re.IGNORECASE)


class SignInFailed(Exception):
    """The sign-in page did not send a code; the message says what it answered."""


@dataclass(frozen=True)
class Tokens:
    access: str = field(repr=False)
    id: str = field(repr=False)
    refresh: str = field(repr=False)


def sign_in(domain_url: str, client_id: str, redirect_uri: str, email: str, password: str) -> Tokens:
    """The tokens of a person at a client without a secret. Raises SignInFailed."""
    verifier = secrets.token_urlsafe(48)
    with httpx2.Client(base_url=domain_url, timeout=SECONDS, follow_redirects=False) as browser:
        page = open_page(browser, client_id, redirect_uri, verifier)
        code = submit(browser, page, email, password)
        answer = browser.post(
            "/oauth2/token",
            data={
                "grant_type": "authorization_code",
                "client_id": client_id,
                "code": code,
                "redirect_uri": redirect_uri,
                "code_verifier": verifier,
            },
        )
    if not answer.is_success:
        raise SignInFailed(f"The code was refused with status {answer.status_code}.")
    tokens: dict[str, Any] = answer.json()
    return Tokens(tokens["access_token"], tokens["id_token"], tokens["refresh_token"])


def open_page(browser: httpx2.Client, client_id: str, redirect_uri: str, verifier: str) -> httpx2.Response:
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    query = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "scope": SCOPE,
        "state": secrets.token_urlsafe(16),
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    page = browser.get("/oauth2/authorize", params=query)
    while page.is_redirect:
        page = browser.get(urljoin(str(page.url), page.headers["location"]))
    if not page.is_success:
        raise SignInFailed(f"The sign-in page answered with status {page.status_code}: {page.text[:200]}")
    return page


def submit(browser: httpx2.Client, page: httpx2.Response, email: str, password: str) -> str:
    form = _FORM.search(page.text)
    if form is None:
        raise SignInFailed("The sign-in page holds no form.")
    hidden = {name: html.unescape(value) for name, value in _HIDDEN.findall(page.text)}
    target = urljoin(str(page.url), html.unescape(form.group(1)))
    answer = browser.post(target, data=hidden | {"username": email, "password": password})
    query = parse_qs(urlsplit(answer.headers.get("location", "")).query)
    if "code" not in query or query.get("state") != [hidden.get("state")]:
        raise SignInFailed(f"The sign-in page refused the person (status {answer.status_code}).")
    return query["code"][0]
