"""Servers that misbehave on request, and remember every byte they were given.

    server = hostile("pop3", Faults(starttls="injected"))      # a fixture; see hostile_mail.py for the protocols
    postern.run("talk", server.url(), ...)
    assert server.received == b"CAPA\\r\\nSTLS\\r\\n"
    assert not server.leaks(secrets)

The dialogue runs over a byte pipe of our own, TLS included (MemoryBIO), so that a connection can be cut, dribbled or
stalled at any byte of what goes over the wire, handshake and all.
"""

import select
import socket
import ssl
import struct
import threading
import time
from dataclasses import dataclass, field

from . import secrets


@dataclass
class Faults:
    """What goes wrong. A stage is "greeting", "capabilities", "starttls", "handshake", "auth" or "command"; with "tls:" in
    front of it when it happens inside TLS ("tls:capabilities")."""

    # STARTTLS: "good"; "missing" (not offered, refused as unknown); "unlisted" (not offered, yet it works); "mangled"
    # (offered as `mangled`); "refused" (offered, then 454, -ERR or NO); "injected" (`injected` follows the go-ahead in the
    # same packet); "garbage" (go-ahead, then bytes that are no TLS); "silent" (no answer); "kept" (what came in the clear
    # behind the request is taken for something said inside TLS)
    starttls: str = "good"
    mangled: str = "XXXXXXXA"
    injected: bytes = b""
    refusal: bytes = None  # instead of the protocol's usual one, CRLF included

    greeting: bytes = None  # instead of the protocol's own, CRLF included
    preauth: bool = False  # IMAP's * PREAUTH
    capabilities: tuple = ()  # more of them, before and inside TLS
    mechanisms: tuple = ("PLAIN", "LOGIN")  # as offered inside TLS
    mechanisms_clear: tuple = ()  # and before
    auth: str = "accept"  # see hostile_sasl.py
    auth_refusal: str = ""  # instead of the protocol's usual no; without CRLF, and without IMAP's tag
    sasl_ir: bool = True  # IMAP: an initial response may come with AUTHENTICATE

    noise: dict = field(default_factory=dict)  # {stage: bytes}: sent in front of what belongs there
    stall_at: str = ""  # the stage where nothing comes any more
    drop_at: str = ""  # the stage where the connection closes
    reset_at: str = ""  # ... with a TCP reset
    endless_line_at: str = ""  # the stage where a line begins that never ends
    endless_reply_at: str = ""  # the stage where a multi-line reply begins that never ends
    cut_after: int = None  # close after that many bytes on the wire
    cut_inside_after: int = None  # close, politely, after that many bytes inside TLS
    dribble: bool = False  # every byte in a packet of its own
    no_close_notify: bool = False  # TLS ends without saying so

    cert: str = "server"
    tls_min: ssl.TLSVersion = ssl.TLSVersion.MINIMUM_SUPPORTED
    tls_max: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED


class Gone(Exception):
    """The dialogue is over: the client left, or a fault said so."""


class Peer:
    """One client, as the dialogue sees it: lines in, bytes out, with the faults in between."""

    def __init__(self, connection, server):
        self._socket = connection
        self._server = server
        self.faults = server.faults
        self._plain_in = bytearray()
        self._tls = None
        self._bio = None  # (what came, what is to go), once TLS has begun
        self._sent = self._sent_inside = 0

    @property
    def secure(self) -> bool:
        return self._tls is not None

    def stage(self, name: str, filler: bytes = b""):
        """Announces a stage: whatever is to go wrong there does. `filler` is a line of an unfinished multi-line reply."""
        faults = self.faults
        name = f"tls:{name}" if self.secure and name != "handshake" else name
        self._server.stages.append(name)
        if name in faults.noise:
            self.send(faults.noise[name])
        if name == faults.stall_at:
            self.stall()
        if name == faults.drop_at:
            raise Gone(f"dropped at {name}")
        if name == faults.reset_at:
            self.reset()
        if name == faults.endless_line_at:
            self.flood(b"x" * 65536)
        if name == faults.endless_reply_at:
            self.flood(filler * (65536 // len(filler)))

    def say(self, *lines: str):
        self.send("".join(line + "\r\n" for line in lines).encode())

    def send(self, data: bytes):
        if not self._tls:
            self._server.said += data
            self._send_raw(data)
            return
        data, cut = _cut(data, self.faults.cut_inside_after, self._sent_inside)
        self._sent_inside += len(data)
        self._server.said_tls += data
        while data:
            data = data[self._tls.write(data) :]
        self._flush()
        if cut:
            self.finish()
            raise Gone("cut inside TLS")

    def line(self) -> bytes:
        """The next line, without its CRLF."""
        while b"\n" not in self._plain_in:
            self._plain_in += self._receive()
        line, _, rest = bytes(self._plain_in).partition(b"\n")
        self._plain_in = bytearray(rest)
        return line.rstrip(b"\r")

    def exactly(self, count: int) -> bytes:
        while len(self._plain_in) < count:
            self._plain_in += self._receive()
        data = bytes(self._plain_in[:count])
        del self._plain_in[:count]
        return data

    def upgrade(self, keep: bool = False):
        """The server's half of a TLS handshake; what the client sent in advance is part of it, or is kept for later."""
        self.stage("handshake")
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        if not keep:
            incoming.write(bytes(self._plain_in))
            self._server.wire_tls += self._plain_in
            self._plain_in.clear()
        tls = self._server.tls_context().wrap_bio(incoming, outgoing, server_side=True)
        self._bio = (incoming, outgoing)
        while True:
            try:
                tls.do_handshake()
                self._flush()
                break
            except ssl.SSLWantReadError:
                self._flush()
                incoming.write(self._receive_raw(True))
            except ssl.SSLError as error:
                self._server.tls_errors.append(str(error))
                self._flush()
                raise Gone(f"handshake: {error}") from error
        self._tls = tls
        self._server.handshakes.append((tls.version(), tls.cipher()[0]))

    def certificate_hash(self) -> bytes:
        return self._server.certificate_hash()

    def stall(self):
        """Says nothing until the client leaves."""
        while True:
            self._plain_in += self._receive()

    def reset(self):
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()
        raise Gone("reset")

    def finish(self):
        """Says goodbye as the faults allow."""
        if self._tls and not self.faults.no_close_notify:
            try:
                self._tls.unwrap()
            except (ssl.SSLError, OSError):
                pass
            self._flush()

    def flood(self, block: bytes):
        """Sends it for ever, and records in between what the client says to that."""
        while True:
            self.send(block)
            self._server.endless += len(block)
            if not self._tls and select.select([self._socket], [], [], 0)[0]:
                self._plain_in += self._receive()

    def _receive(self) -> bytes:
        """Some bytes of the dialogue, recorded."""
        if not self._tls:
            data = self._receive_raw(False)
            self._server.received += data
            return data
        while True:
            try:
                data = self._tls.read(65536)
                if not data:
                    raise Gone("the client said close_notify")
                self._server.received_tls += data
                return data
            except ssl.SSLWantReadError:
                self._flush()
                self._bio[0].write(self._receive_raw(True))
            except ssl.SSLZeroReturnError:
                raise Gone("the client said close_notify") from None
            except ssl.SSLError as error:
                self._server.tls_errors.append(str(error))
                raise Gone(str(error)) from error

    def _receive_raw(self, tls: bool) -> bytes:
        try:
            data = self._socket.recv(65536)
        except OSError as error:
            if tls:
                self._server.tls_errors.append(str(error))  # a reset can overtake the alert that explains it
            raise Gone(str(error)) from error
        if not data:
            raise Gone("the client closed")
        if tls:
            self._server.wire_tls += data
        return data

    def _flush(self):
        if self._bio[1].pending:
            self._send_raw(self._bio[1].read())

    def _send_raw(self, data: bytes):
        data, cut = _cut(data, self.faults.cut_after, self._sent)
        for piece in (data[i : i + 1] for i in range(len(data))) if self.faults.dribble else [data]:
            self._socket.sendall(piece)
        self._sent += len(data)
        self._server.sent = max(self._server.sent, self._sent)
        if cut:
            raise Gone(f"cut after {self._sent} bytes")


class Hostile:
    """A listening server with a dialogue and its faults; every connection is served by a thread of its own."""

    def __init__(self, pki, dialogue, faults: Faults, scheme: str = "tcp", tls_first: bool = False):
        self._pki = pki
        self._dialogue = dialogue
        self.faults = faults
        self.scheme = scheme
        self._tls_first = tls_first
        self.connections = 0
        self.stages = []  # as they were reached
        self.received = bytearray()  # in the clear, by the dialogue
        self.received_tls = bytearray()  # inside TLS
        self.wire_tls = bytearray()  # TLS records as they came
        self.said = bytearray()  # what the dialogue said in the clear, whether it arrived or not
        self.said_tls = bytearray()  # and inside TLS
        self.sent = 0  # the most bytes one connection was sent
        self.endless = 0  # bytes of endless output that the client took
        self.handshakes = []  # (version, cipher) of each that was completed
        self.tls_errors = []  # "... tlsv1 alert unknown ca ...": what the client thought of our TLS
        self.errors = []  # mistakes of the script itself: a test should see none
        self.logins = []  # (mechanism, what the client sent, decoded)
        self._threads = []
        self._sockets = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        self._start(self._accept)

    def url(self, user: str = "", host: str = "localhost") -> str:
        return f"{self.scheme}://{user}{'@' if user else ''}{host}:{self.port}"

    def leaks(self, known):
        """The secrets that reached this server outside of TLS, in any encoding: [(secret, how)]."""
        data = bytes(self.received)
        return [
            (secret, how) for secret in known for how, needle in secrets.encodings(secret) if needle in data
        ]

    def leaks_anywhere(self, known):
        """... or inside of TLS, where the server should not have been trusted in the first place."""
        data = bytes(self.received + b"\0" + self.received_tls)
        return [
            (secret, how) for secret in known for how, needle in secrets.encodings(secret) if needle in data
        ]

    def wait_done(self, timeout: float = 10):
        """Waits until all connections so far are over."""
        deadline = time.monotonic() + timeout
        for thread in self._threads[1:]:
            thread.join(max(deadline - time.monotonic(), 0))
            assert not thread.is_alive(), "the client is still connected"

    def close(self):
        _shut(self._listener)
        for one in self._sockets:
            _shut(one)
        for thread in self._threads:
            thread.join(timeout=10)

    def tls_context(self) -> ssl.SSLContext:
        leaf = self._pki.leaf(self.faults.cert)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers("ALL:@SECLEVEL=0")  # weak keys and old versions are what we are here for
        context.minimum_version = self.faults.tls_min
        context.maximum_version = self.faults.tls_max
        context.load_cert_chain(leaf.chain_file, leaf.key_file)
        return context

    def certificate_hash(self) -> bytes:
        """tls-server-end-point (RFC 5929)."""
        return bytes.fromhex(self._pki.leaf(self.faults.cert).cert_sha256)

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections += 1
            self._sockets.append(connection)
            self._start(self._serve, connection)

    def _serve(self, connection):
        peer = Peer(connection, self)
        try:
            if self._tls_first:
                peer.upgrade()
            self._dialogue(peer)
            peer.finish()
        except (Gone, OSError):
            pass
        except Exception as error:  # pylint: disable=broad-except
            self.errors.append(error)
        _shut(connection)

    def _start(self, target, *args):
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()


def _cut(data: bytes, limit, sent: int):
    """What may still be sent of `data` when `sent` bytes were, and whether that is the end."""
    if limit is None or sent + len(data) < limit:
        return data, False
    return data[: limit - sent], True


def _shut(one):
    try:
        one.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    one.close()
