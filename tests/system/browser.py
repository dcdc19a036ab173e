"""A person at the hosted sign-in page, without a browser's window."""

import html
import re
from urllib.parse import urljoin

import httpx2

_FORM = re.compile(r'<form[^>]*\baction="([^"]*)"', re.IGNORECASE)
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', re.IGNORECASE)


def sign_in_at(address: str, email: str, password: str) -> httpx2.Response:
    """Opens the address, signs in, and goes where the page sends the browser; what is answered there."""
    with httpx2.Client(timeout=20, follow_redirects=True) as browser:
        page = browser.get(address)
        form = _FORM.search(page.text)
        assert form is not None, page.text
        hidden = {name: html.unescape(value) for name, value in _HIDDEN.findall(page.text)}
        target = urljoin(str(page.url), html.unescape(form.group(1)))
        return browser.post(target, data=hidden | {"username": email, "password": password})
