"""Hostile servers, spoken to by Python's own clients and by bare sockets: honest where no fault is asked for, and only as
wrong as asked where one is."""

import base64
import hashlib
import hmac
import imaplib
import poplib
import smtplib
import socket
import ssl
import time

import pytest
from rig.hostile import Faults
from test_rig import s_client, verified


@pytest.fixture(scope="session")
def trust(pki):
    return ssl.create_default_context(cafile=pki.ca_file)


def dial(server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=10)


def until_quiet(connection) -> bytes:
    """What comes until the server closes, or says nothing any more."""
    data = b""
    try:
        while block := connection.recv(65536):
            data += block
    except (ConnectionResetError, TimeoutError):
        pass
    return data


# honest without faults


def test_smtp_is_honest(hostile, trust, users):
    server = hostile("submission")
    with smtplib.SMTP("localhost", server.port) as smtp:
        smtp.ehlo()
        assert not smtp.has_extn("auth")
        smtp.starttls(context=trust)
        smtp.login(users.alice.name, users.alice.password)
        smtp.sendmail("a@example.test", ["b@example.test"], "Subject: x\r\n\r\nhello\r\n")
    assert server.logins == [("PLAIN", f"\0alice\0{users.alice.password}".encode())]
    assert server.stages[:4] == ["greeting", "capabilities", "starttls", "handshake"]
    assert not server.leaks([users.alice.password])
    assert server.leaks_anywhere([users.alice.password])


def test_pop3_is_honest(hostile, trust, users):
    server = hostile("pop3")
    pop = poplib.POP3("localhost", server.port)
    assert "STLS" in pop.capa()
    pop.stls(trust)
    assert "STLS" not in pop.capa()
    pop.apop("alice", users.alice.password)
    assert pop.list()[1] == [b"1 120"]
    pop.quit()
    digest = hashlib.md5(b"<1896.697170952@hostile.example.test>" + users.alice.password.encode()).hexdigest()
    assert server.logins == [("APOP", f"alice {digest}".encode())]


def test_imaps_is_honest(hostile, trust, users):
    server = hostile("imaps")
    imap = imaplib.IMAP4_SSL("localhost", server.port, ssl_context=trust)
    imap.login("alice", users.alice.password)
    imap.logout()
    assert server.received == b""
    assert server.leaks_anywhere([users.alice.password])


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_scram_is_honest_and_checks(hostile, users, mechanism):
    kind = mechanism.lower().replace("scram-", "").replace("-", "")
    server = hostile("imap", Faults(mechanisms_clear=(mechanism,)))
    right, signature, expected = scram(server, mechanism, kind, users.alice.password)
    assert b"a OK" in right and signature == expected
    assert b"a NO" in scram(server, mechanism, kind, users.wrong)[0]


def test_scram_lies_when_asked(hostile, users):
    server = hostile("imap", Faults(auth="wrong-proof"))
    right, signature, expected = scram(server, "SCRAM-SHA-256", "sha256", users.alice.password)
    assert b"a OK" in right and signature != expected
    server = hostile("imap", Faults(auth="downgrade"))
    answer = scram(server, "SCRAM-SHA-256", "sha256", users.alice.password, flag="y")[0]
    assert b"a NO" in answer


def scram(server, mechanism, kind, password, flag="n"):
    """A client's half of SCRAM over IMAP: (the last line, the server's signature, what it should be)."""

    def ask(data):
        stream.write(base64.b64encode(data) + b"\r\n")
        stream.flush()
        line = stream.readline()
        return base64.b64decode(line[2:]) if line.startswith(b"+ ") else line

    with dial(server) as connection, connection.makefile("rwb") as stream:
        stream.readline()
        stream.write(f"a AUTHENTICATE {mechanism}\r\n".encode())
        stream.flush()
        stream.readline()
        bare = b"n=alice,r=fyko"
        first = ask(f"{flag},,".encode() + bare)
        if not first.startswith(b"r="):
            return (ask(b"") if first.startswith(b"e=") else first), None, None
        fields = dict(part.split(b"=", 1) for part in first.split(b","))
        salted = hashlib.pbkdf2_hmac(
            kind, password.encode(), base64.b64decode(fields[b"s"]), int(fields[b"i"])
        )
        without = b"c=" + base64.b64encode(f"{flag},,".encode()) + b",r=" + fields[b"r"]
        message = b",".join([bare, first, without])
        key = hmac.digest(salted, b"Client Key", kind)
        signature = hmac.digest(hashlib.new(kind, key).digest(), message, kind)
        proof = base64.b64encode(bytes(a ^ b for a, b in zip(key, signature)))
        final = ask(without + b",p=" + proof)
        if not final.startswith(b"v="):
            return final, None, None
        expected = hmac.digest(hmac.digest(salted, b"Server Key", kind), message, kind)
        return ask(b""), base64.b64decode(final[2:]), expected


# as wrong as asked

STARTTLS = {
    "smtp": b"STARTTLS",
    "pop3": b"STLS",
    "imap": b"a STARTTLS",
    "sieve": b"STARTTLS",
    "ftp": b"AUTH TLS",
    "nntp": b"STARTTLS",
}
CAPABILITIES = {
    "smtp": b"EHLO x",
    "pop3": b"CAPA",
    "imap": b"a CAPABILITY",
    "sieve": b"CAPABILITY",
    "ftp": b"FEAT",
    "nntp": b"CAPABILITIES",
}


def asked(server, *commands) -> bytes:
    """Sends the commands one after the other and returns all that comes back in the meantime."""
    with dial(server) as connection:
        data = connection.recv(65536)
        for command in commands:
            connection.sendall(command + b"\r\n")
            data += connection.recv(65536)
            time.sleep(0.02)
        connection.settimeout(0.1)
        return data + until_quiet(connection)


@pytest.mark.parametrize("scheme", STARTTLS)
@pytest.mark.parametrize(
    "how, offered, works",
    [
        ("good", True, True),
        ("missing", False, False),
        ("mangled", False, False),
        ("refused", True, False),
        ("unlisted", False, True),
    ],
)
def test_starttls_faults(hostile, scheme, how, offered, works):
    server = hostile(scheme, Faults(starttls=how))
    word = STARTTLS[scheme].removeprefix(b"a ")
    capabilities = asked(server, CAPABILITIES[scheme])
    assert (word in capabilities) == offered
    assert (b"XXXXXXXA" in capabilities) == (how == "mangled")
    answer = asked(server, STARTTLS[scheme]).split(b"\r\n")[-2]
    assert (answer.removeprefix(b"a ")[:3] in (b"220", b"+OK", b"OK ", b"234", b"382")) == works


@pytest.mark.parametrize("scheme", STARTTLS)
def test_injection_is_in_the_same_packet(hostile, scheme):
    server = hostile(scheme, Faults(starttls="injected", injected=b"* injected\r\n"))
    assert asked(server, STARTTLS[scheme]).endswith(b"\r\n* injected\r\n")


def test_preauth(hostile):
    assert asked(hostile("imap", Faults(preauth=True))).startswith(b"* PREAUTH [CAPABILITY IMAP4rev1")


@pytest.mark.parametrize("length", [0, 1, 7, 30])
def test_cut_at_a_byte(hostile, length):
    server = hostile("smtp", Faults(cut_after=length))
    with dial(server) as connection:
        assert until_quiet(connection) == b"220 hostile.example.test ESMTP\r\n"[:length]


def test_cut_inside_the_handshake(hostile, trust):
    whole = hostile("imaps")
    imaplib.IMAP4_SSL("localhost", whole.port, ssl_context=trust).logout()
    whole.wait_done()
    server = hostile("imaps", Faults(cut_after=whole.sent // 4))
    with pytest.raises((OSError, ssl.SSLError)):
        imaplib.IMAP4_SSL("localhost", server.port, ssl_context=trust)
    server.wait_done()
    assert server.sent == whole.sent // 4


@pytest.mark.parametrize("at", ["greeting", "capabilities", "starttls"])
def test_endless_output_and_stall(hostile, at):
    commands = {"greeting": b"", "capabilities": b"EHLO x\r\n", "starttls": b"STARTTLS\r\n"}
    for faults in (Faults(endless_line_at=at), Faults(endless_reply_at=at)):
        server = hostile("smtp", faults)
        with dial(server) as connection:
            connection.sendall(commands[at])
            taken = 0
            while taken < 2_000_000:
                taken += len(connection.recv(65536))
        server.wait_done()
    server = hostile("smtp", Faults(stall_at=at))
    with dial(server) as connection:
        connection.sendall(commands[at])
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            while True:
                connection.recv(65536)
    server.wait_done()
    assert server.stages[-1] == at


def test_reset_and_drop(hostile):
    with dial(hostile("pop3", Faults(reset_at="greeting"))) as connection:
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
    with dial(hostile("pop3", Faults(drop_at="greeting"))) as connection:
        assert connection.recv(1) == b""


def test_dribble(hostile, trust):
    imap = imaplib.IMAP4_SSL("localhost", hostile("imaps", Faults(dribble=True)).port, ssl_context=trust)
    assert imap.logout()[0] == "BYE"


@pytest.mark.parametrize(
    "cert, alert", [("expired", "expired"), ("unknown-ca", "unknown ca"), ("self-signed", "unknown ca")]
)
def test_the_clients_verdict_is_recorded(hostile, trust, cert, alert):
    server = hostile("pop3s", Faults(cert=cert))
    with pytest.raises(ssl.SSLCertVerificationError):
        poplib.POP3_SSL("localhost", server.port, context=trust)
    server.wait_done()
    assert alert in server.tls_errors[0] or "reset" in server.tls_errors[0]


def test_old_tls_only(hostile, pki):
    server = hostile("imaps", Faults(tls_max=ssl.TLSVersion.TLSv1))
    context = ssl.create_default_context(cafile=pki.ca_file)
    with pytest.raises(ssl.SSLError):
        imaplib.IMAP4_SSL("localhost", server.port, ssl_context=context)
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.set_ciphers("ALL:@SECLEVEL=0")
    imaplib.IMAP4_SSL("localhost", server.port, ssl_context=context).logout()
    assert server.handshakes[-1][0] == "TLSv1"


def test_noise(hostile):
    server = hostile("pop3", Faults(noise={"greeting": b"\x1b]0;owned\x07\0"}))
    assert asked(server).startswith(b"\x1b]0;owned\x07\0+OK")


def test_bare_and_silent_challenges(hostile):
    assert b"\r\n334\r\n" in asked(hostile("smtp", Faults(auth="bare")), b"AUTH PLAIN")
    server = hostile("smtp", Faults(auth="silent"))
    with dial(server) as connection:
        connection.recv(100)
        connection.sendall(b"AUTH PLAIN\r\n")
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.recv(100)
        connection.settimeout(10)
        connection.sendall(b"AGEAYg==\r\n")
        assert connection.recv(100).startswith(b"235")


def test_a_script_of_ones_own(hostile):
    def script(peer):
        peer.say("hello")
        assert peer.line() == b"what?"
        peer.reset()

    server = hostile.scripted(script)
    with dial(server) as connection:
        assert connection.recv(100) == b"hello\r\n"
        connection.sendall(b"what?\r\n")
        with pytest.raises(ConnectionResetError):
            connection.recv(1)


# what is not mail


@pytest.mark.parametrize("scheme", ["xmpp", "xmpp-server", "ldap", "postgres", "mysql", "irc"])
@pytest.mark.parametrize("how, works", [("good", True), ("missing", False), ("refused", False)])
def test_dialects_by_s_client(hostile, pki, scheme, how, works):
    server = hostile.dialect(scheme, how)
    told = s_client(server.port, "-starttls", scheme, "-name", "localhost", pki=pki, timeout=5)
    assert verified(told) == works
    assert bool(server.handshakes) == works


@pytest.mark.parametrize(
    "scheme, request_", [("postgres", b"\0\0\0\x08\x04\xd2\x16\x2f"), ("irc", b"STARTTLS\r\n")]
)
def test_dialects_inject(hostile, scheme, request_):
    server = hostile.dialect(scheme, "injected", b"junk")
    with dial(server) as connection:
        connection.sendall(request_)
        connection.settimeout(0.3)
        assert until_quiet(connection).endswith(b"junk")
