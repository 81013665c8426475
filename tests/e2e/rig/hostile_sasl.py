"""The server's half of SASL, honest or not. `Faults.auth` says how it goes:

accept, reject         the exchange runs, then yes or no, whatever was sent
silent                 no challenge comes where AUTH has no initial response; what comes then is accepted
bare                   continuations are "334" or "+" without the space
garbage                a challenge that is no base64
endless                challenges without end
early                  success before the exchange is complete
wrong-proof            SCRAM and DIGEST-MD5: the server's proof is wrong
no-proof               ... or missing
short-nonce, few-iterations, many-iterations, mandatory-extension, no-salt    SCRAM, first message
downgrade              SCRAM: like a server that has -PLUS, and so refuses a client that says it saw none ("y")
"""

import base64
import hashlib
import hmac
import re

SCRAM_HASHES = {"SCRAM-SHA-1": "sha1", "SCRAM-SHA-256": "sha256", "SCRAM-SHA-512": "sha512"}


class Refused(Exception):
    """The exchange ends with the protocol's no."""


class Exchange:
    """One authentication. `prompt(data)` sends a challenge; `answer()` reads a line."""

    def __init__(self, peer, mode, users, prompt, answer):
        self._peer = peer
        self._mode = mode
        self._users = users
        self._prompt = prompt
        self._answer = answer

    def run(self, mechanism: str, initial: bytes = None) -> bytes:
        """Runs the exchange; returns what the client sent (decoded) or raises Refused. `initial` is still base64."""
        if self._mode == "garbage":
            self._challenge_raw(b"!this is no base64!")
            self._answer()
            raise Refused
        if self._mode == "endless":
            while True:
                self._challenge(b"once more")
        steps = getattr(self, "_" + mechanism.lower().replace("-", "_").replace("_plus", ""), None)
        if mechanism.replace("-PLUS", "") in SCRAM_HASHES:
            said = self._scram(mechanism, initial)
        elif steps:
            said = steps(initial)
        else:
            said = self._first(initial)
        if self._mode == "reject":
            raise Refused
        return said

    # mechanisms

    def _login(self, initial):
        user = _decode(initial) if initial is not None else self._challenge(b"Username:")
        return user + b" " + self._challenge(b"Password:")

    def _cram_md5(self, _):
        return self._challenge(b"<1896.697170952@hostile.example.test>")

    def _digest_md5(self, _):
        said = self._challenge(b'realm="",nonce="OA6MG9tEQGm2hh",qop="auth",charset=utf-8,algorithm=md5-sess')
        if self._mode != "no-proof":
            self._challenge(b"rspauth=" + (b"0" * 32 if self._mode == "wrong-proof" else self._rspauth(said)))
        return said

    def _rspauth(self, said: bytes) -> bytes:
        """RFC 2831, 2.1.3, for a user we know."""
        part = {name: value for name, value in re.findall(rb'(\w[\w-]*)=(?:"((?:[^"\\]|\\.)*)"|[^,]*)', said)}
        plain = {name: value for name, value in re.findall(rb"(\w[\w-]*)=([^\",]+)", said)}
        user = part[b"username"]
        password = self._password(user.decode())
        secret = hashlib.md5(b":".join([user, part.get(b"realm", b""), password.encode()])).digest()
        a1 = hashlib.md5(b":".join([secret, part[b"nonce"], part[b"cnonce"]])).hexdigest().encode()
        a2 = hashlib.md5(b":" + part[b"digest-uri"]).hexdigest().encode()
        middle = [part[b"nonce"], plain.get(b"nc", b"00000001"), part[b"cnonce"], b"auth"]
        return hashlib.md5(b":".join([a1, *middle, a2])).hexdigest().encode()

    def _xoauth2(self, initial):
        said = self._first(initial)
        if self._mode == "reject":
            self._challenge(b'{"status":"401","schemes":"bearer","scope":"mail"}')
        return said

    _oauthbearer = _xoauth2

    def _scram(self, mechanism, initial):
        first = self._first(initial)
        flag, _, bare = first.split(b",", 2)
        if self._mode == "downgrade" and flag == b"y":
            self._challenge(b"e=server-does-support-channel-binding")
            raise Refused
        if self._mode == "early":
            return first
        fields = dict(part.split(b"=", 1) for part in bare.split(b","))
        name = fields[b"n"].replace(b"=2C", b",").replace(b"=3D", b"=").decode()
        server_first = self._scram_first(fields[b"r"])
        final = self._challenge(server_first)
        proof = self._scram_proof(mechanism, name, bare + b"," + server_first, final)
        if self._mode != "no-proof":
            self._challenge(
                b"v=" + base64.b64encode(bytes(len(proof)) if self._mode == "wrong-proof" else proof)
            )
        return first + b" " + final

    def _scram_first(self, client_nonce: bytes) -> bytes:
        nonce = b"short" if self._mode == "short-nonce" else client_nonce + b"3rfcNHYJY1ZVvWVs7j"
        iterations = {"few-iterations": b"1", "many-iterations": b"2147483647"}.get(self._mode, b"4096")
        salt = b"" if self._mode == "no-salt" else base64.b64encode(b"salted!")
        extension = b"m=unheard-of," if self._mode == "mandatory-extension" else b""
        return extension + b"r=" + nonce + b",s=" + salt + b",i=" + iterations

    def _scram_proof(self, mechanism, name, so_far, final) -> bytes:
        """Checks the client's proof and returns the server's signature (RFC 5802, 3)."""
        kind = SCRAM_HASHES[mechanism.replace("-PLUS", "")]
        without_proof, _, proof = final.rpartition(b",p=")
        message = so_far + b"," + without_proof
        salted = hashlib.pbkdf2_hmac(kind, self._password(name).encode(), b"salted!", 4096)
        key = hmac.digest(salted, b"Client Key", kind)
        signature = hmac.digest(hashlib.new(kind, key).digest(), message, kind)
        if bytes(a ^ b for a, b in zip(key, signature)) != base64.b64decode(proof):
            raise Refused
        return hmac.digest(hmac.digest(salted, b"Server Key", kind), message, kind)

    # plumbing

    def _password(self, name: str) -> str:
        for user in self._users.all():
            if user.name == name:
                return user.password
        raise Refused

    def _first(self, initial) -> bytes:
        if initial is not None:
            return _decode(initial)
        if self._mode == "silent":
            return _decode(self._read())
        return self._challenge(b"")

    def _challenge(self, data: bytes) -> bytes:
        self._challenge_raw(base64.b64encode(data))
        return _decode(self._read())

    def _challenge_raw(self, data: bytes):
        self._prompt(data, self._mode == "bare" and not data)

    def _read(self) -> bytes:
        line = self._answer()
        if line == b"*":
            raise Refused
        return line


def _decode(line: bytes) -> bytes:
    if line == b"=":
        return b""
    try:
        return base64.b64decode(line, validate=True)
    except ValueError:
        raise Refused from None
