"""An issuer of tokens for tests: a real HTTP server on a free port, in a thread of its own, with Cognito's paths.

It answers /.well-known/jwks.json, /oauth2/token and /oauth2/userInfo, mints tokens of any shape, rotates its key,
and goes down and up again on the same port.
"""

import base64
import contextlib
import json
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs
from uuid import uuid4

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from pydantic import SecretStr

from runtime.tokens.settings import MachineSettings, TokenSettings

WEB_CLIENT = "webclient0000000000000000"
CLI_CLIENT = "cliclient0000000000000000"
MACHINE_CLIENT = "notifier00000000000000000"
MACHINE_SECRET = "notifier-secret"
ISSUER = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_TestPool1"
PERSON_SCOPE = "openid email profile"
SERVICE_SCOPE = "stori/users.read stori/txns.read stori/mails.write"
JWKS_PATH = "/.well-known/jwks.json"
TOKEN_PATH = "/oauth2/token"
USER_INFO_PATH = "/oauth2/userInfo"


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass(frozen=True)
class SigningKey:
    """An RSA key under a key id."""

    kid: str
    private: RSAPrivateKey = field(repr=False)

    def jwk(self, **changes: object) -> dict[str, object]:
        """The public JWK; a change of None leaves the member out."""
        numbers = self.private.public_key().public_numbers()
        n = b64(numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big"))
        e = b64(numbers.e.to_bytes((numbers.e.bit_length() + 7) // 8, "big"))
        jwk = {"alg": "RS256", "e": e, "kid": self.kid, "kty": "RSA", "n": n, "use": "sig", **changes}
        return {name: value for name, value in jwk.items() if value is not None}

    def sign(self, header: bytes, payload: bytes) -> str:
        """A compact JWS over exactly these bytes."""
        signing_input = f"{b64(header)}.{b64(payload)}"
        return f"{signing_input}.{b64(self.private.sign(signing_input.encode(), PKCS1v15(), SHA256()))}"

    def signed(self, token: str) -> bool:
        signing_input, _, signature = token.rpartition(".")
        try:
            raw = base64.urlsafe_b64decode(signature + "==")
            self.private.public_key().verify(raw, signing_input.encode(), PKCS1v15(), SHA256())
        except (ValueError, InvalidSignature):
            return False
        return True


@cache
def signing_key(name: str = "key-1", bits: int = 2048) -> SigningKey:
    """The key of this name, made once per run."""
    return SigningKey(name, generate_private_key(65537, bits))


@dataclass
class Answer:
    """What a path answers instead of its usual answer."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    pause_seconds: float = 0  # before each byte of the body


class Issuer:
    """Use as a context manager, or start() and stop(). `requests` counts what was asked, by path."""

    def __init__(self) -> None:
        self.key = signing_key()
        self.published: list[dict[str, object]] = [self.key.jwk()]
        self.people: dict[str, dict[str, object]] = {}
        self.answers: dict[str, Answer] = {}
        self.requests: Counter[str] = Counter()
        self.lifetime_seconds = 3600
        self.open = threading.Event()
        self.open.set()
        self._port = 0
        self._server: ThreadingHTTPServer | None = None

    # -- the server ---------------------------------------------------------------------------------------------------
    def start(self) -> Self:
        """Listens: on a free port first, on the same one afterwards."""
        self._server = _Server(("127.0.0.1", self._port), _handler(self))
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def stop(self) -> None:
        """Goes down: connections are refused until start()."""
        self.open.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """COGNITO_DOMAIN_URL."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def jwks_url(self) -> str:
        return self.url + JWKS_PATH

    # -- what services are started with -------------------------------------------------------------------------------
    def settings(self, **changes: Any) -> TokenSettings:
        values = {
            "environment": "local",
            "issuer": ISSUER,
            "jwks_url_override": self.jwks_url,
            "person_client_ids": frozenset({WEB_CLIENT, CLI_CLIENT}),
            "service_client_ids": frozenset({MACHINE_CLIENT}),
        }
        return TokenSettings(**{**values, **changes})

    def machine_settings(self) -> MachineSettings:
        return MachineSettings(
            environment="local",
            domain_url=self.url,
            machine_client_id=MACHINE_CLIENT,
            machine_client_secret=SecretStr(MACHINE_SECRET),
        )

    def environment(self) -> dict[str, str]:
        """The same as environment variables, for a process of its own."""
        return {
            "STORI_ENVIRONMENT": "local",
            "COGNITO_ISSUER": ISSUER,
            "COGNITO_JWKS_URL": self.jwks_url,
            "COGNITO_DOMAIN_URL": self.url,
            "COGNITO_PERSON_CLIENT_IDS": f"{WEB_CLIENT},{CLI_CLIENT}",
            "COGNITO_SERVICE_CLIENT_IDS": MACHINE_CLIENT,
            "COGNITO_MACHINE_CLIENT_ID": MACHINE_CLIENT,
            "COGNITO_MACHINE_CLIENT_SECRET": MACHINE_SECRET,
        }

    # -- keys ---------------------------------------------------------------------------------------------------------
    def rotate(self, name: str, *, keep_old: bool = True) -> None:
        """Signs with the key of this name from now on, and publishes it."""
        self.key = signing_key(name)
        self.published = [self.key.jwk(), *(self.published if keep_old else [])]

    # -- tokens -------------------------------------------------------------------------------------------------------
    def claims(
        self,
        subject: str | None = None,
        client_id: str = WEB_CLIENT,
        scope: str = PERSON_SCOPE,
        groups: Sequence[str] = (),
        **overrides: object,
    ) -> dict[str, object]:
        """The claims of Cognito's access token. An override replaces a claim, None leaves it out."""
        now = int(time.time())
        claims = {
            "sub": subject or str(uuid4()),
            "cognito:groups": list(groups) or None,
            "iss": ISSUER,
            "version": 2,
            "client_id": client_id,
            "origin_jti": str(uuid4()),
            "event_id": str(uuid4()),
            "token_use": "access",
            "scope": scope,
            "auth_time": now,
            "exp": now + self.lifetime_seconds,
            "iat": now,
            "jti": str(uuid4()),
            "username": subject,
        }
        return {name: value for name, value in {**claims, **overrides}.items() if value is not None}

    def token(
        self,
        subject: str | None = None,
        client_id: str = WEB_CLIENT,
        scope: str = PERSON_SCOPE,
        groups: Sequence[str] = (),
        *,
        key: SigningKey | None = None,
        header: dict[str, object] | None = None,
        **overrides: object,
    ) -> str:
        """A signed access token. `key` signs in place of the current one; `header` members replace or (None) remove."""
        key = key or self.key
        members = {"kid": key.kid, "alg": "RS256", **(header or {})}
        members = {name: value for name, value in members.items() if value is not None}
        claims = self.claims(subject, client_id, scope, groups, **overrides)
        return key.sign(json.dumps(members).encode(), json.dumps(claims).encode())

    def service_token(self, client_id: str = MACHINE_CLIENT, scope: str = SERVICE_SCOPE, **overrides: object) -> str:
        """A client's own access token; its subject is its client id."""
        claims: dict[str, Any] = {"username": None, "origin_jti": None, **overrides}
        return self.token(client_id, client_id, scope, **claims)

    def user_info(self, subject: str) -> dict[str, object]:
        """What /oauth2/userInfo says of a person: `people` over a plausible default."""
        default = {
            "sub": subject,
            "email": f"{subject}@example.com",
            "email_verified": "true",
            "name": f"Person {subject[:8]}",
            "username": subject,
        }
        return {**default, **self.people.get(subject, {})}

    def read(self, token: str) -> dict[str, Any] | None:
        """The claims of a token this issuer signed and that has not expired."""
        if token.count(".") != 2 or not self.key.signed(token):
            return None
        claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        return claims if claims.get("exp", 0) > time.time() else None


class _Server(ThreadingHTTPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 256


def _handler(issuer: Issuer) -> type[BaseHTTPRequestHandler]:  # noqa: C901 (four short methods)
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == JWKS_PATH:
                self._answer(200, {"keys": issuer.published})
            elif self.path == USER_INFO_PATH:
                self._user_info()
            else:
                self._answer(404, {"error": "not_found"})

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers.get("content-length", 0))).decode())
            if self.path == USER_INFO_PATH:
                self._user_info()
                return
            basic = "Basic " + base64.b64encode(f"{MACHINE_CLIENT}:{MACHINE_SECRET}".encode()).decode()
            if self.path != TOKEN_PATH or form.get("grant_type") != ["client_credentials"]:
                self._answer(400, {"error": "unsupported_grant_type"})
            elif self.headers.get("authorization") != basic:
                self._answer(400, {"error": "invalid_client"})
            else:
                token = issuer.service_token()
                lifetime = issuer.lifetime_seconds
                self._answer(200, {"access_token": token, "expires_in": lifetime, "token_type": "Bearer"})

        def _user_info(self) -> None:
            claims = issuer.read(self.headers.get("authorization", "").removeprefix("Bearer "))
            if claims is None or "openid" not in claims.get("scope", "").split():
                self._answer(401, {"error": "invalid_token"})
            else:
                self._answer(200, issuer.user_info(claims["sub"]))

        def _answer(self, status: int, document: object) -> None:
            issuer.requests[self.path] += 1
            issuer.open.wait(30)
            usual = Answer(status, json.dumps(document).encode(), {"content-type": "application/json"})
            answer = issuer.answers.get(self.path, usual)
            self.send_response(answer.status)
            for name, value in {"content-length": str(len(answer.body)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if not answer.pause_seconds:
                self.wfile.write(answer.body)
                return
            with contextlib.suppress(OSError):  # the client hangs up first
                for byte in answer.body:
                    time.sleep(answer.pause_seconds)
                    self.wfile.write(bytes([byte]))

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    return Handler
