"""Who signs the tokens of a measurement: one key, and the address where a service finds it."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from joserfc import jwk, jwt

from local.ports import LOOPBACK

CLIENT, OTHER_CLIENT = "benchclient", "other"
ISSUER = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Bench"
KEY_ID = "k"
# Longer than any run.
LIFETIME_SECONDS = 4 * 3600


class Issuer:
    def __init__(self) -> None:
        self._key = jwk.RSAKey.import_key(generate_private_key(65537, 2048))
        public = self._key.as_dict(private=False)
        self.modulus, self.exponent = str(public["n"]), str(public["e"])

    def token(self, subject: str) -> str:
        """An access token of a person, as Cognito's are."""
        now = int(time.time())
        claims = {
            "iss": ISSUER, "sub": subject, "client_id": CLIENT, "token_use": "access",
            "scope": "openid", "iat": now, "exp": now + LIFETIME_SECONDS,
        }  # fmt: skip
        return jwt.encode({"alg": "RS256", "kid": KEY_ID}, claims, self._key)

    @contextmanager
    def serving(self) -> Iterator[str]:
        """The address of the keys inside the block."""
        key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": KEY_ID, "n": self.modulus, "e": self.exponent}
        server = ThreadingHTTPServer((LOOPBACK, 0), _answering(json.dumps({"keys": [key]}).encode()))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://{LOOPBACK}:{server.server_address[1]}/jwks.json"
        finally:
            server.shutdown()
            server.server_close()


def _answering(body: bytes) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- http.server's name
            pass

    return Handler
