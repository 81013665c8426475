"""The protocols that hostile servers speak: just enough of each to climb the ladder, with a fault wherever one is asked for."""

import re

from .hostile import Faults, Gone, Hostile
from .hostile_sasl import Exchange, Refused


class Dialogue:
    """One connection. A subclass gives the lines of its protocol; the order of things is the same for all."""

    filler = b"250-x\r\n"  # a line of a multi-line reply that has more to come
    go_ahead = refusal = unknown = ""

    def __init__(self, peer, server, users):
        self.peer, self.server, self.users = peer, server, users
        self.faults: Faults = peer.faults

    def run(self):
        self.peer.stage("greeting", self.filler)
        self.greet()
        while self.command(self.peer.line()):
            pass

    def greet(self):
        self.peer.send(self.faults.greeting or self.greeting())

    def capabilities(self):
        """What is offered here and now; starttls_word() stands for the offer of TLS."""
        offer = list(self.faults.capabilities)
        if not self.peer.secure and self.faults.starttls not in ("missing", "unlisted"):
            offer.append(self.faults.mangled if self.faults.starttls == "mangled" else self.starttls_word)
        return offer

    @property
    def mechanisms(self):
        return self.faults.mechanisms if self.peer.secure else self.faults.mechanisms_clear

    def starttls(self, tag=""):
        """Answers the command that asks for TLS, the way the faults say."""
        self.peer.stage("starttls", self.filler)
        how = self.faults.starttls
        go_ahead = f"{tag}{self.go_ahead}\r\n".encode()
        if how in ("missing", "mangled") or self.peer.secure:
            self.peer.say(tag + self.unknown)
        elif how == "refused":
            self.peer.send(self.faults.refusal or f"{tag}{self.refusal}\r\n".encode())
        elif how == "silent":
            self.peer.stall()
        elif how == "garbage":
            self.peer.send(go_ahead)
            self.peer.line()
            self.peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            raise Gone("garbage instead of TLS")
        else:
            self.peer.send(go_ahead + (self.faults.injected if how == "injected" else b""))
            self.peer.upgrade(keep=how == "kept")
            self.after_tls()

    def after_tls(self):
        pass

    def authenticate(self, mechanism: str, initial, prompt, yes: str, no: str):
        self.peer.stage("auth", self.filler)
        exchange = Exchange(self.peer, self.faults.auth, self.users, prompt, self.peer.line)
        try:
            self.server.logins.append((mechanism, exchange.run(mechanism.upper(), initial)))
            self.peer.say(yes)
        except Refused:
            self.peer.say(no)

    def no(self, usual: str) -> str:
        """The words that refuse a login."""
        return self.faults.auth_refusal or usual


class Smtp(Dialogue):
    starttls_word = "STARTTLS"
    go_ahead = "220 2.0.0 Ready to start TLS"
    refusal = "454 4.7.0 TLS not available due to local problem"
    unknown = "502 5.5.1 Error: command not implemented"

    def greeting(self):
        return b"220 hostile.example.test ESMTP\r\n"

    def command(self, line: bytes) -> bool:
        verb, _, rest = line.decode("latin-1").partition(" ")
        verb = verb.upper()
        if verb in ("EHLO", "LHLO"):
            self.peer.stage("capabilities", self.filler)
            offer = self.capabilities() + (["AUTH " + " ".join(self.mechanisms)] if self.mechanisms else [])
            lines = ["hostile.example.test", *offer]
            self.peer.say(
                *[f"250{' ' if i == len(lines) - 1 else '-'}{text}" for i, text in enumerate(lines)]
            )
        elif verb == "STARTTLS":
            self.starttls()
        elif verb == "AUTH":
            words = rest.split(" ")
            initial = words[1].encode() if len(words) > 1 else None
            self.authenticate(words[0], initial, self._prompt, "235 2.7.0 welcome", self.no("535 5.7.8 no"))
        elif verb == "DATA":
            self.peer.say("354 go on")
            while self.peer.line() != b".":
                pass
            self.peer.say("250 2.0.0 taken")
        elif verb == "QUIT":
            self.peer.say("221 2.0.0 bye")
            return False
        else:
            self.peer.stage("command", self.filler)
            self.peer.say("250 2.0.0 ok")
        return True

    def _prompt(self, data: bytes, bare: bool):
        self.peer.send(b"334" + (b"" if bare else b" " + data) + b"\r\n")


class Pop3(Dialogue):
    filler = b"X-FILLER\r\n"
    starttls_word = "STLS"
    go_ahead = "+OK Begin TLS"
    refusal = "-ERR TLS is not available"
    unknown = "-ERR unknown command"

    def greeting(self):
        return b"+OK hostile <1896.697170952@hostile.example.test>\r\n"

    def command(self, line: bytes) -> bool:
        verb, _, rest = line.decode("latin-1").partition(" ")
        verb = verb.upper()
        if verb == "CAPA":
            self.peer.say("+OK")
            self.peer.stage("capabilities", self.filler)
            sasl = ["SASL " + " ".join(self.mechanisms)] if self.mechanisms else []
            self.peer.say("TOP", "UIDL", "USER", *self.capabilities(), *sasl, ".")
        elif verb == "STLS":
            self.starttls()
        elif verb == "AUTH":
            words = rest.split(" ")
            initial = words[1].encode() if len(words) > 1 else None
            self.authenticate(words[0], initial, self._prompt, "+OK logged in", self.no("-ERR [AUTH] no"))
        elif verb in ("USER", "PASS", "APOP"):
            self.peer.stage("auth", self.filler)
            self.server.logins.append((verb, rest.encode("latin-1")))
            rejected = self.faults.auth == "reject"
            self.peer.say(self.no("-ERR [AUTH] permission denied") if rejected else "+OK")
        elif verb in ("LIST", "RETR", "UIDL", "TOP"):
            self.peer.say("+OK")
            self.peer.stage("command", self.filler)
            self.peer.say("1 120", ".")
        elif verb == "QUIT":
            self.peer.say("+OK bye")
            return False
        else:
            self.peer.stage("command", self.filler)
            self.peer.say("+OK")
        return True

    def _prompt(self, data: bytes, bare: bool):
        self.peer.send(b"+" + (b"" if bare else b" " + data) + b"\r\n")


class Imap(Dialogue):
    filler = b"* LIST () NIL x\r\n"
    starttls_word = "STARTTLS"
    go_ahead = "OK Begin TLS negotiation now"
    refusal = "NO TLS is not available"
    unknown = "BAD unknown command"

    def _capability(self) -> str:
        auth = [f"AUTH={mechanism}" for mechanism in self.mechanisms]
        initial = ["SASL-IR"] if self.faults.sasl_ir else []
        return " ".join(["IMAP4rev1", *initial, *self.capabilities(), *auth])

    def greeting(self):
        state = "PREAUTH" if self.faults.preauth else "OK"
        return f"* {state} [CAPABILITY {self._capability()}] hostile\r\n".encode()

    def command(self, line: bytes) -> bool:
        line = self._with_literals(line)
        tag, _, rest = line.decode("latin-1").partition(" ")
        verb, _, rest = rest.partition(" ")
        verb = verb.upper()
        if verb == "CAPABILITY":
            self.peer.stage("capabilities", self.filler)
            self.peer.say(f"* CAPABILITY {self._capability()}", f"{tag} OK done")
        elif verb == "STARTTLS":
            self.starttls(tag + " ")
        elif verb == "AUTHENTICATE":
            words = rest.split(" ")
            initial = words[1].encode() if len(words) > 1 else None
            no = f"{tag} {self.no('NO [AUTHENTICATIONFAILED] no')}"
            self.authenticate(
                words[0], initial, self._prompt, f"{tag} OK [CAPABILITY {self._capability()}] in", no
            )
        elif verb == "LOGIN":
            self.peer.stage("auth", self.filler)
            self.server.logins.append((verb, rest.encode("latin-1")))
            self.peer.say(f"{tag} {self.no('NO no') if self.faults.auth == 'reject' else 'OK in'}")
        elif verb == "LOGOUT":
            self.peer.say("* BYE", f"{tag} OK bye")
            return False
        else:
            self.peer.stage("command", self.filler)
            self.peer.say(f"{tag} OK done")
        return True

    def _with_literals(self, line: bytes) -> bytes:
        while match := re.search(rb"\{(\d+)(\+?)\}$", line):
            if not match[2]:
                self.peer.say("+ go on")
            line = line[: match.start()] + self.peer.exactly(int(match[1])) + self.peer.line()
        return line

    def _prompt(self, data: bytes, bare: bool):
        self.peer.send(b"+" + (b"" if bare else b" " + data) + b"\r\n")


class Sieve(Dialogue):
    filler = b'"X" "x"\r\n'
    starttls_word = '"STARTTLS"'
    go_ahead = 'OK "Begin TLS"'
    refusal = 'NO "TLS is not available"'
    unknown = 'NO "unknown command"'

    def greeting(self):
        sasl = f'"SASL" "{" ".join(self.mechanisms)}"'
        lines = ['"IMPLEMENTATION" "hostile"', '"SIEVE" "fileinto"', *self.capabilities(), sasl, 'OK "ready"']
        return "".join(f"{line}\r\n" for line in lines).encode()

    def after_tls(self):
        self.peer.stage("capabilities", self.filler)
        self.peer.send(self.greeting())

    def command(self, line: bytes) -> bool:
        words = [quoted or bare for quoted, bare in re.findall(r'"([^"]*)"|(\S+)', line.decode("latin-1"))]
        verb = words[0].upper() if words else ""
        if verb == "CAPABILITY":
            self.peer.stage("capabilities", self.filler)
            self.peer.send(self.greeting())
        elif verb == "STARTTLS":
            self.starttls()
        elif verb == "AUTHENTICATE":
            self._authenticate(words)
        elif verb == "LOGOUT":
            self.peer.say("OK")
            return False
        else:
            self.peer.stage("command", self.filler)
            self.peer.say("OK")
        return True

    def _authenticate(self, words):
        initial = words[2] if len(words) > 2 else None
        if initial and (match := re.fullmatch(r"\{(\d+)\+?\}", initial)):
            initial = self.peer.exactly(int(match[1])).decode()
            self.peer.line()
        self.peer.stage("auth", self.filler)
        exchange = Exchange(self.peer, self.faults.auth, self.users, self._prompt, self._string)
        try:
            self.server.logins.append(
                (words[1], exchange.run(words[1].upper(), initial.encode() if initial else None))
            )
            self.peer.say("OK")
        except Refused:
            self.peer.say(self.no('NO "no"'))

    def _string(self) -> bytes:
        line = self.peer.line()
        if match := re.fullmatch(rb"\{(\d+)\+?\}", line):
            data = self.peer.exactly(int(match[1]))
            self.peer.line()
            return data
        return line.strip(b'"')

    def _prompt(self, data: bytes, _bare: bool):
        self.peer.send(b'"' + data + b'"\r\n')


class Ftp(Dialogue):
    filler = b" FILLER\r\n"
    starttls_word = " AUTH TLS"
    go_ahead = "234 AUTH TLS successful"
    refusal = "431 Unable to accept security mechanism"
    unknown = "500 AUTH not understood"

    def greeting(self):
        return b"220 hostile\r\n"

    def command(self, line: bytes) -> bool:
        verb = line.split(b" ")[0].upper()
        if verb == b"FEAT":
            self.peer.stage("capabilities", self.filler)
            self.peer.say("211-Features:", *self.capabilities(), "211 End")
        elif verb == b"AUTH":
            self.starttls()
        elif verb == b"PASS":
            self.peer.stage("auth", self.filler)
            self.server.logins.append(("PASS", line[5:]))
            rejected = self.faults.auth == "reject"
            self.peer.say(self.no("530 Login incorrect") if rejected else "230 Logged in")
        elif verb == b"QUIT":
            self.peer.say("221 bye")
            return False
        else:
            self.peer.stage("command", self.filler)
            self.peer.say("331 Password required" if verb == b"USER" else "200 ok")
        return True


class Nntp(Dialogue):
    filler = b"FILLER\r\n"
    starttls_word = "STARTTLS"
    go_ahead = "382 Continue with TLS negotiation"
    refusal = "580 Can not initiate TLS negotiation"
    unknown = "500 What?"

    def greeting(self):
        return b"200 hostile\r\n"

    def command(self, line: bytes) -> bool:
        verb = line.split(b" ")[0].upper()
        if verb == b"CAPABILITIES":
            self.peer.say("101 Capability list:")
            self.peer.stage("capabilities", self.filler)
            sasl = ["AUTHINFO USER SASL", "SASL " + " ".join(self.mechanisms)] if self.mechanisms else []
            self.peer.say("VERSION 2", "READER", *self.capabilities(), *sasl, ".")
        elif verb == b"STARTTLS":
            self.starttls()
        elif verb == b"AUTHINFO":
            words = line.decode("latin-1").split(" ")
            initial = words[3].encode() if len(words) > 3 else None
            self.authenticate(words[2], initial, self._prompt, "281 ok", self.no("481 no"))
        elif verb == b"QUIT":
            self.peer.say("205 bye")
            return False
        else:
            self.peer.stage("command", self.filler)
            self.peer.say("500 What?")
        return True

    def _prompt(self, data: bytes, _bare: bool):
        self.peer.send(b"383 " + (data or b"=") + b"\r\n")


# scheme: (dialogue, TLS from the start)
DIALOGUES = {
    "smtp": (Smtp, False),
    "submission": (Smtp, False),
    "submissions": (Smtp, True),
    "lmtp": (Smtp, False),
    "pop3": (Pop3, False),
    "pop3s": (Pop3, True),
    "imap": (Imap, False),
    "imaps": (Imap, True),
    "sieve": (Sieve, False),
    "ftp": (Ftp, False),
    "nntp": (Nntp, False),
    "nntps": (Nntp, True),
}


def hostile(rig, scheme: str, faults: Faults = None) -> Hostile:
    """A hostile server for a scheme of DIALOGUES; close it when done (the fixture does)."""
    dialogue, tls_first = DIALOGUES[scheme]
    server = Hostile(
        rig.pki, lambda peer: dialogue(peer, server, rig.users).run(), faults or Faults(), scheme, tls_first
    )
    return server


def scripted(rig, script, scheme: str = "tcp", faults: Faults = None, tls_first: bool = False) -> Hostile:
    """A server that runs `script(peer)`, for what no dialogue has."""
    return Hostile(rig.pki, script, faults or Faults(), scheme, tls_first)
