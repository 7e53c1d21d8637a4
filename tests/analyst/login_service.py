"""An agency's login service as OpenID Connect describes it, on this machine, with real signatures.

It speaks HTTP: discovery, keys, a page to log in on, tokens for a client that shows its secret, and a log-out. Codes
are good once, for a minute, for the client, address and verifier they were made for.
"""

from __future__ import annotations

import asyncio
import base64
import datetime
import functools
import hashlib
import hmac
import html
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web
from aiohttp.test_utils import TestServer
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

CLIENT_ID = "fyren"
CLIENT_SECRET = "the client's secret: /+%"
REDIRECT = "https://analyst.example/login/sign-on/back"
CODE_SECONDS: Final = 60


@functools.cache
def made_keys(name: str) -> tuple[RSAKey, ECKey]:
    """Return keys of that name; RSA keys take long to make."""
    return RSAKey.generate_key(2048, {"kid": f"{name} rsa"}), ECKey.generate_key("P-256", {"kid": f"{name} ec"})


class Refused(Exception):
    """A request is not as the protocol has it; the text is the error code of OAuth 2.0."""


@dataclass
class LoginService:
    """Logs in whoever `user` is; attributes can be set to what a wrong or malicious service would do."""

    clock: Callable[[], datetime.datetime]
    user: dict[str, Any] = field(default_factory=lambda: {"sub": "u-1", "preferred_username": "anna"})
    claims: dict[str, Any] = field(default_factory=dict)
    describes: dict[str, Any] = field(default_factory=dict)
    more_keys: list[Any] = field(default_factory=list)
    redirects: set[str] = field(default_factory=lambda: {REDIRECT})
    secret: str = CLIENT_SECRET
    algorithm: str = "RS256"
    status: int = 200
    delay: float = 0.0
    auth_time_offset: int = 0
    tokens_asked: int = 0
    asks: bool = False
    """Whether people see a page with a button first; else they are logged in there already."""

    def __post_init__(self) -> None:
        self.new_keys("first")
        self.codes: dict[str, dict[str, Any]] = {}
        self.made = 0
        app = web.Application(middlewares=[self._slowly])
        app.router.add_get("/.well-known/openid-configuration", self._describe)
        app.router.add_get("/keys", self._keys)
        app.router.add_get("/authorize", self._authorize)
        app.router.add_post("/authorize", self._authorize)
        app.router.add_post("/token", self._token)
        app.router.add_get("/log-out", self._log_out)
        self.server = TestServer(app)

    @property
    def issuer(self) -> str:
        return str(self.server.make_url("")).rstrip("/")

    def new_keys(self, name: str) -> None:
        self.rsa, self.ec = made_keys(name)
        self.published = KeySet([self.rsa, self.ec])

    def log_in(self, address: str) -> dict[str, str]:
        """Return what a browser brings back that was sent to `address`."""
        parts = urllib.parse.urlsplit(address)
        assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{self.issuer}/authorize"
        return self._answer(dict(urllib.parse.parse_qsl(parts.query)))

    def _answer(self, asked: dict[str, str]) -> dict[str, str]:
        if asked.get("client_id") != CLIENT_ID or asked.get("redirect_uri") not in self.redirects:
            raise Refused("unauthorized_client")
        if asked.get("response_type") != "code" or "openid" not in asked.get("scope", "").split():
            raise Refused("invalid_request")
        if asked.get("code_challenge_method") != "S256" or len(asked.get("code_challenge", "")) != 43:
            raise Refused("invalid_request")
        if len(asked.get("state", "")) < 22 or len(asked.get("nonce", "")) < 22:
            raise Refused("invalid_request")
        self.made += 1
        code = f"code {self.made}"
        self.codes[code] = {**asked, "made": int(self.clock().timestamp())}
        return {"code": code, "state": asked["state"], "iss": self.issuer}

    @web.middleware
    async def _slowly(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if self.delay:
            await asyncio.sleep(self.delay)
        response: web.StreamResponse = await handler(request)
        return response

    async def _describe(self, request: web.Request) -> web.Response:
        content: dict[str, Any] = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "end_session_endpoint": f"{self.issuer}/log-out",
            "authorization_response_iss_parameter_supported": True,
        }
        return web.json_response(content | self.describes, status=self.status)

    async def _keys(self, request: web.Request) -> web.Response:
        published = self.published.as_dict(private=False)
        return web.json_response({"keys": [*self.more_keys, *published["keys"]]})

    async def _authorize(self, request: web.Request) -> web.Response:
        asked = dict(request.query)
        if self.asks and request.method == "GET":
            action = html.escape(str(request.rel_url))
            text = f'<!doctype html><title>x</title><form method="post" action="{action}"><button>Log in there</button>'
            return web.Response(text=text, content_type="text/html")
        try:
            answer = self._answer(asked)
        except Refused as error:
            if asked.get("redirect_uri") not in self.redirects:
                return web.Response(status=400, text=str(error))
            answer = {"error": str(error), "state": asked.get("state", ""), "iss": self.issuer}
        back = f"{asked['redirect_uri']}?{urllib.parse.urlencode(answer)}"
        return web.Response(status=303, headers={"Location": back})

    async def _log_out(self, request: web.Request) -> web.Response:
        return web.Response(text=f"Do you want to log out of {request.query['client_id']}?")

    async def _token(self, request: web.Request) -> web.Response:
        self.tokens_asked += 1
        form = {name: str(value) for name, value in (await request.post()).items()}
        try:
            self._know_client(request, form)
            asked = self._spend(form)
        except Refused as error:
            return web.json_response({"error": str(error)}, status=401 if str(error) == "invalid_client" else 400)
        now = int(self.clock().timestamp())
        content = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "auth_time": now + self.auth_time_offset,
            "nonce": asked["nonce"],
            **self.user,
            **self.claims,
        }
        id_token = self._signed({name: value for name, value in content.items() if value is not None})
        return web.json_response({"access_token": "access", "token_type": "Bearer", "id_token": id_token})

    def _know_client(self, request: web.Request, form: dict[str, str]) -> None:
        given = request.headers.get("Authorization", "")
        method = "client_secret_basic" if given else "client_secret_post" if "client_secret" in form else "none"
        # Without a word about it, a service takes the first (OpenID Connect Discovery 1.0, section 3).
        if method not in self.describes.get("token_endpoint_auth_methods_supported", ["client_secret_basic"]):
            raise Refused("invalid_client")
        if method == "none" and form.get("client_id") == CLIENT_ID and not self.secret:
            return
        if given.startswith("Basic "):
            basic = base64.b64decode(given.removeprefix("Basic ")).decode()
            name, _, secret = basic.partition(":")
        else:
            name, secret = form.get("client_id", ""), form.get("client_secret", "")
        # Clients disagree on whether the parts are encoded as in a form (RFC 6749, section 2.3.1).
        known = any(hmac.compare_digest(each.encode(), self.secret.encode()) for each in (secret, _unquoted(secret)))
        if _unquoted(name) != CLIENT_ID or not known:
            raise Refused("invalid_client")

    def _spend(self, form: dict[str, str]) -> dict[str, Any]:
        if form.get("grant_type") != "authorization_code":
            raise Refused("unsupported_grant_type")
        asked = self.codes.pop(form.get("code", ""), None)
        challenge = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if (
            asked is None
            or int(self.clock().timestamp()) - asked["made"] > CODE_SECONDS
            or form.get("redirect_uri") != asked["redirect_uri"]
            or base64.urlsafe_b64encode(challenge).decode().rstrip("=") != asked["code_challenge"]
        ):
            raise Refused("invalid_grant")
        return asked

    def _signed(self, content: dict[str, Any]) -> str:
        match self.algorithm:
            case "none":
                return jwt.encode({"alg": "none"}, content, OctKey.import_key("x" * 32), algorithms=["none"])
            case "HS256":
                # The classic confusion: the public key, which everybody has, as a shared secret.
                public = OctKey.import_key(self.rsa.as_pem(private=False).hex())
                return jwt.encode({"alg": "HS256", "kid": self.rsa.kid}, content, public)
            case "ES256":
                return jwt.encode({"alg": "ES256", "kid": self.ec.kid}, content, self.ec)
            case _:
                return jwt.encode(
                    {"alg": self.algorithm, "kid": self.rsa.kid}, content, self.rsa, algorithms=[self.algorithm]
                )


def _unquoted(text: str) -> str:
    return urllib.parse.unquote_plus(text)
