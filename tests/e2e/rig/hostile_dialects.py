"""Hostile servers for the protocols whose TLS does not begin with a line: XMPP, LDAP, PostgreSQL, MySQL; and IRC.

Each takes one of: "good", "missing" (TLS is not offered, or not known), "refused" (offered, then refused), "injected"
(junk in the packet of the go-ahead). After a good handshake they echo lines.
"""

from .hostile import Faults, Hostile

STREAM = (
    "<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams' version='1.0' id='x'"
    " from='localhost' xmlns='jabber:{}'>"
)
TLS = "urn:ietf:params:xml:ns:xmpp-tls"
OID_STARTTLS = b"1.3.6.1.4.1.1466.20037"


def _until(peer, end: bytes) -> bytes:
    data = b""
    while not data.endswith(end):
        data += peer.exactly(1)
    return data


def _echo(peer):
    while True:
        peer.say(peer.line().decode("latin-1"))


def _xmpp(peer, how, junk, space="client"):
    features = f"<starttls xmlns='{TLS}'/>" if how != "missing" else ""
    _until(peer, b"to=")
    _until(peer, b">")
    sasl = "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms>"
    peer.send((STREAM.format(space) + f"<stream:features>{features}{sasl}</stream:features>").encode())
    _until(peer, b">")
    if how in ("missing", "refused"):
        peer.send(f"<failure xmlns='{TLS}'/></stream:stream>".encode())
        return
    peer.send(f"<proceed xmlns='{TLS}'/>".encode() + junk)
    peer.upgrade()
    _until(peer, b"version=")
    peer.send((STREAM.format(space) + f"<stream:features>{sasl}</stream:features>").encode())
    _echo(peer)


def _xmpp_server(peer, how, junk):
    _xmpp(peer, how, junk, "server")


def _ldap(peer, how, junk):
    """One extended request in, one extended response out (RFC 4511, 4.14): success, protocolError or unavailable."""
    head = peer.exactly(2)
    body = peer.exactly(head[1])
    assert OID_STARTTLS in body, body
    code = {"missing": 2, "refused": 52}.get(how, 0)
    message = body[:3]
    result = b"\x0a\x01" + bytes([code]) + b"\x04\x00\x04\x00"
    response = message + b"\x78" + bytes([len(result)]) + result
    peer.send(b"\x30" + bytes([len(response)]) + response + (b"" if code else junk))
    if not code:
        peer.upgrade()
        _echo(peer)
    peer.stall()


def _postgres(peer, how, junk):
    """SSLRequest, answered by one byte; "refused" is what a server from before SSL says."""
    assert peer.exactly(8) == b"\0\0\0\x08\x04\xd2\x16\x2f"
    if how == "missing":
        peer.send(b"N")
    elif how == "refused":
        peer.send(b"E\0\0\0\x10SFATAL\0Mno\0\0\0")
    else:
        peer.send(b"S" + junk)
        peer.upgrade()
        _echo(peer)
    peer.stall()


def _mysql(peer, how, junk):
    """The server speaks first; bit 0x800 of its capabilities offers TLS."""
    flags = 0x81FF | 0x0200 | (0x0800 if how != "missing" else 0)
    flags &= 0xFFFF if how != "missing" else 0xF7FF
    greeting = (
        b"\x0a8.0.0-hostile\0"
        + b"\x01\0\0\0"
        + b"saltsalt\0"
        + flags.to_bytes(2, "little")
        + b"\x21"
        + b"\x02\0"
    )
    greeting += b"\x08\0" + b"\x15" + bytes(10) + b"moresaltmore\0" + b"mysql_native_password\0"
    peer.send(len(greeting).to_bytes(3, "little") + b"\0" + greeting + (junk if how == "injected" else b""))
    head = peer.exactly(4)
    peer.exactly(int.from_bytes(head[:3], "little"))
    if how in ("missing", "refused"):
        error = b"\xff\x15\x04#28000no"
        peer.send(len(error).to_bytes(3, "little") + b"\x02" + error)
        return
    peer.upgrade()
    peer.stall()


def _irc(peer, how, junk):
    offer = "tls" if how != "missing" else "multi-prefix"
    while True:
        line = peer.line().upper()
        if line.startswith(b"CAP LS"):
            peer.say(f":hostile.example.test CAP * LS :{offer}")
        elif line.startswith(b"STARTTLS"):
            break
        elif line.startswith(b"QUIT"):
            return
    if how == "missing":
        peer.say(":hostile.example.test 421 * STARTTLS :Unknown command")
    elif how == "refused":
        peer.say(":hostile.example.test 691 * :STARTTLS failed")
    else:
        peer.send(b":hostile.example.test 670 * :STARTTLS successful, go ahead\r\n" + junk)
        peer.upgrade()
        while not peer.line().upper().startswith(b"QUIT"):
            peer.say(":hostile.example.test CAP * LS :multi-prefix")
        return
    peer.stall()


DIALECTS = {
    "xmpp": _xmpp,
    "xmpp-server": _xmpp_server,
    "ldap": _ldap,
    "postgres": _postgres,
    "mysql": _mysql,
    "irc": _irc,
}


def dialect(rig, scheme: str, how: str = "good", junk: bytes = b"") -> Hostile:
    return Hostile(rig.pki, lambda peer: DIALECTS[scheme](peer, how, junk), Faults(), scheme)
