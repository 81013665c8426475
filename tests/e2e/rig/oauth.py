"""An authorisation server: device flow, code flow with PKCE, refresh with rotation, revocation, discovery; and what goes wrong.

`server.mode` chooses what goes wrong. Tokens are Dovecot's (signed by its keys), so that they log in there.
"""

import base64
import hashlib
import http.server
import json
import secrets
import threading
import urllib.parse

from .https import WebServer

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


class Oauth(WebServer):
    title = "an OAuth authorisation server whose tokens Dovecot takes"

    def __init__(self, rig, name="oauth"):
        super().__init__(rig, name)
        self.dovecot = rig.start("dovecot")
        self.client_secret = "client-" + secrets.token_hex(12)
        rig.on_secret(self.client_secret)
        self.cert = rig.pki.leaf("server")
        self._lock = threading.Lock()
        self.reset()

    def reset(self):
        self.mode = ""
        self.name_told = None  # an issuer that is led here by --connect-to
        self.user = "alice"
        self.lifetime = 3600
        self.pending = 0  # so often a device login is not agreed to yet
        self.delay = 0  # seconds a refresh takes
        self.requests = []  # (path, fields) of posts
        self.codes, self.devices, self.refreshes, self.revoked = {}, {}, set(), []
        self.spent = set()  # refresh tokens that were rotated away

    @property
    def issuer(self):
        return self.name_told or f"https://localhost:{self.port('https')}"

    def count(self, grant):
        return sum(fields.get("grant_type") == grant for _, fields in self.requests)

    # the browser's side

    def authorize(self, url, **change):
        """What a browser does that is sent to `url` and whose user agrees: gives the address it is sent back to."""
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))
        assert query["response_type"] == "code" and query["code_challenge_method"] == "S256"
        assert query["redirect_uri"].startswith("http://127.0.0.1:")
        code = self.secret("code")
        self.codes[code] = query
        back = {"code": code, "state": query["state"], "iss": self.issuer, **change}
        return query["redirect_uri"] + "?" + urllib.parse.urlencode({k: v for k, v in back.items() if v is not None})

    def secret(self, kind):
        made = f"{kind}-{secrets.token_hex(16)}"
        self.rig.on_secret(made)
        return made

    # answers

    def metadata(self):
        issuer = "https://elsewhere.example" if self.mode == "other-issuer" else self.issuer
        return {
            "issuer": issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "device_authorization_endpoint": f"{self.issuer}/device",
            "revocation_endpoint": f"{self.issuer}/revoke",
        }

    def tokens(self):
        refresh = self.secret("refresh")
        self.refreshes.add(refresh)
        made = {"access_token": self.dovecot.token(self.user, expires=3600, jti=secrets.token_hex(8)), "token_type": "Bearer"}
        return 200, {**made, "expires_in": self.lifetime, "refresh_token": refresh, "scope": "mail"}

    def answer(self, path, fields):
        if self.mode == "garbage":
            return 200, b"<html>no\x00\xff{"
        if self.mode == "huge":
            return 200, b'{"access_token": "' + b"x" * 2_000_000 + b'"}'
        if self.mode == "deep":
            return 200, b"[" * 100_000
        if self.mode == "500":
            return 500, {}
        if self.mode == "moved":
            return 307, {}
        if path == "/device":
            return self.device(fields)
        if path == "/revoke":
            self.revoked.append(fields["token"])
            return 200, {}
        if path == "/token":
            return self.token(fields)
        return 404, {"error": "invalid_request"}

    def device(self, fields):
        code = self.secret("device")
        self.devices[code] = self.pending
        uri = f"{self.issuer}/code"
        return 200, {"device_code": code, "user_code": "WDJB-MJHT", "verification_uri": uri, "expires_in": 60, "interval": 1}

    def token(self, fields):
        if fields.get("client_id") != "postern-test" or fields.get("client_secret") not in (None, self.client_secret):
            return 401, {"error": "invalid_client"}
        grant = fields.get("grant_type")
        if grant == DEVICE_GRANT:
            return self.device_token(fields)
        if grant == "authorization_code":
            return self.code_token(fields)
        if grant == "refresh_token":
            return self.refresh(fields["refresh_token"])
        return 400, {"error": "unsupported_grant_type"}

    def device_token(self, fields):
        code = fields["device_code"]
        if self.mode in ("access_denied", "expired_token"):
            return 400, {"error": self.mode, "error_description": "said \x1b[31mthe server"}
        if self.devices.get(code, -1) > 0:
            self.devices[code] -= 1
            return 400, {"error": "slow_down" if self.mode == "slow_down" else "authorization_pending"}
        return self.tokens() if self.devices.pop(code, None) is not None else (400, {"error": "invalid_grant"})

    def code_token(self, fields):
        asked = self.codes.pop(fields["code"], None)
        digest = hashlib.sha256(fields.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if not asked or asked["code_challenge"] != challenge or asked["redirect_uri"] != fields["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        return self.tokens()

    def refresh(self, token):
        if token in self.spent or token not in self.refreshes or self.mode == "invalid_grant":
            return 400, {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}
        self.refreshes.remove(token)
        self.spent.add(token)
        return self.tokens()

    # serving

    def _handler(self):
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def send(self, status, body, headers=()):
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                if status == 307:
                    self.send_header("Location", "https://elsewhere.example/token")
                self.end_headers()
                self.wfile.write(data)

            def do_GET(self):
                known = self.path == "/.well-known/openid-configuration"
                self.send(200 if known else 404, server.metadata() if known else {})

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                fields = dict(urllib.parse.parse_qsl(body, strict_parsing=True))
                if server.delay:
                    threading.Event().wait(server.delay)
                with server._lock:
                    server.requests.append((self.path, fields))
                    status, answer = server.answer(self.path, fields)
                self.send(status, answer)

            def log_message(self, *_):
                pass

        return Handler
