"""An agency's login service as OpenID Connect describes it, on this machine, with real signatures."""

from __future__ import annotations

import base64
import functools
import hashlib
import urllib.parse
from dataclasses import dataclass, field
from typing import Any

from accounts_place import TurnedClock
from aiohttp import web
from aiohttp.test_utils import TestServer
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

CLIENT_ID = "fyren"
CLIENT_SECRET = "the client's secret: /+%"
REDIRECT = "https://analyst.example/login/sign-on/back"


@functools.cache
def made_keys(name: str) -> tuple[RSAKey, ECKey]:
    """Return keys of that name; RSA keys take long to make."""
    return RSAKey.generate_key(2048, {"kid": f"{name} rsa"}), ECKey.generate_key("P-256", {"kid": f"{name} ec"})


@dataclass
class LoginService:
    """Logs in whoever `user` is; attributes can be set to what a wrong or malicious service would do."""

    clock: TurnedClock
    user: dict[str, Any] = field(default_factory=lambda: {"sub": "u-1", "preferred_username": "anna"})
    claims: dict[str, Any] = field(default_factory=dict)
    describes: dict[str, Any] = field(default_factory=dict)
    algorithm: str = "RS256"
    status: int = 200
    auth_time_offset: int = 0
    tokens_asked: int = 0

    def __post_init__(self) -> None:
        self.new_keys("first")
        self.codes: dict[str, dict[str, str]] = {}
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self._describe)
        app.router.add_get("/keys", self._keys)
        app.router.add_post("/token", self._token)
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
        asked = dict(urllib.parse.parse_qsl(parts.query))
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert asked["redirect_uri"] == REDIRECT
        assert asked["client_id"] == CLIENT_ID
        assert "openid" in asked["scope"].split()
        code = f"code {len(self.codes)}"
        self.codes[code] = asked
        return {"code": code, "state": asked["state"], "iss": self.issuer}

    async def _describe(self, request: web.Request) -> web.Response:
        content = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "authorization_response_iss_parameter_supported": True,
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        }
        return web.json_response(content | self.describes, status=self.status)

    async def _keys(self, request: web.Request) -> web.Response:
        return web.json_response(self.published.as_dict(private=False))

    async def _token(self, request: web.Request) -> web.Response:
        self.tokens_asked += 1
        form = await request.post()
        basic = base64.b64decode(request.headers["Authorization"].removeprefix("Basic ")).decode()
        assert basic in (f"{CLIENT_ID}:{CLIENT_SECRET}", f"{CLIENT_ID}:{urllib.parse.quote_plus(CLIENT_SECRET)}")
        asked = self.codes.pop(str(form["code"]), None)
        challenge = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
        if asked is None or base64.urlsafe_b64encode(challenge).decode().rstrip("=") != asked["code_challenge"]:
            return web.json_response({"error": "invalid_grant"}, status=400)
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
