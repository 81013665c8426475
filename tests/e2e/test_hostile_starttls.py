"""STARTTLS taken away, spoilt, refused, or used to smuggle replies in: each is told apart, status 76, and nothing secret
is sent, though a password was at hand and a login was asked for."""

import pytest
from hostile_login import (
    LOGIN_COMMAND,
    LOGINS,
    TLS_COMMAND,
    assert_logged_in,
    assert_nothing_secret,
    assert_refused,
    log_in,
)
from rig.hostile import Faults
from rig.users import Users

OTHERS = ("xmpp", "xmpp-server", "ldap", "postgres", "mysql", "irc")

# What each kind of spoiling is called. No two of these fit one message.
WORDS = {
    "missing": "does not offer",
    "mangled": "a middlebox",
    "refused": "the server refused",
    "injected": "octets came in the clear before the TLS handshake",
    "preauth": "greets with PREAUTH",
}
MANGLED = {
    "smtp": ("XXXXXXXA", "XXXXXXXX", "XTARTTLS", "STARTTLX"),
    "submission": ("XXXXXXXA", "XTARTTLS"),
    "lmtp": ("XXXXXXXA", "XTARTTLS"),
    "pop3": ("XXXX", "XXXA", "XTLS"),
    "imap": ("XXXXXXXA", "XTARTTLS"),
    "sieve": ('"XXXXXXXA"', '"XTARTTLS"'),
    "nntp": ("XXXXXXXA", "XTARTTLS"),
    "ftp": (" XXXX XXX", " XUTH TLS"),
}


def assert_told_as(result, kind, *words):
    """Refused with the words of this kind, and of no other."""
    assert_refused(result, 76, WORDS[kind], *words)
    assert not [other for other, text in WORDS.items() if other != kind and text in result.err], result


@pytest.mark.parametrize("scheme", LOGINS)
def test_a_good_server_gets_the_login_inside_tls(postern, pki, hostile, scheme):
    server = hostile(scheme)
    assert_logged_in(log_in(postern, pki, server), server)


@pytest.mark.parametrize("scheme", OTHERS)
def test_a_good_server_without_logins_is_entered(postern, pki, hostile, scheme):
    server = hostile.dialect(scheme, "good")
    result = log_in(postern, pki, server, "--stop-after=tls", login=False)
    assert result.status == 0, result
    assert server.handshakes and not server.tls_errors


@pytest.mark.parametrize("scheme", LOGINS)
def test_stripped_offer_is_told_and_ends_it(postern, pki, hostile, scheme):
    server = hostile(scheme, Faults(starttls="missing", mechanisms_clear=("PLAIN", "LOGIN")))
    result = log_in(postern, pki, server)
    assert_told_as(result, "missing", f"does not offer {TLS_COMMAND[scheme]}", "took the offer out")
    assert_nothing_secret(server)


@pytest.mark.parametrize("scheme", ("smtp", "pop3", "imap"))
def test_what_is_not_offered_is_not_tried(postern, pki, hostile, scheme):
    """An attacker who filters capabilities but lets the command through gains nothing, and neither do we."""
    server = hostile(scheme, Faults(starttls="unlisted"))
    assert_told_as(log_in(postern, pki, server), "missing")
    assert b"TLS" not in server.received


@pytest.mark.parametrize(
    "scheme, offer", [(scheme, offer) for scheme, all_ in MANGLED.items() for offer in all_]
)
def test_mangled_offer_names_the_middlebox(postern, pki, hostile, scheme, offer):
    server = hostile(scheme, Faults(starttls="mangled", mangled=offer, mechanisms_clear=("PLAIN",)))
    shown = offer.strip(' "').split(" ")[0]
    assert_told_as(log_in(postern, pki, server), "mangled", f'"{shown}"', TLS_COMMAND[scheme])
    assert_nothing_secret(server)


REFUSALS = {
    "smtp": (
        b"454 4.7.0 TLS not available\r\n",
        b"501 Syntax error\r\n",
        b"502 5.5.1 unknown\r\n",
        b"250 ok, go on\r\n",
    ),
    "submission": (b"454 4.7.0 TLS not available\r\n",),
    "lmtp": (b"454-4.7.0 TLS\r\n454 4.7.0 not available\r\n",),
    "pop3": (b"-ERR no TLS here\r\n", b"-ERR\r\n"),
    "imap": (b"P1 NO TLS is not available\r\n", b"P1 BAD what?\r\n"),
    "sieve": (b'NO "TLS is not available"\r\n', b'NO (TRYLATER) "later"\r\n'),
    "nntp": (b"580 Can not initiate TLS\r\n", b"502 no\r\n"),
    "ftp": (b"431 Unable\r\n", b"534 no\r\n"),
}


@pytest.mark.parametrize(
    "scheme, refusal", [(scheme, no) for scheme, all_ in REFUSALS.items() for no in all_]
)
def test_refused_starttls_quotes_the_server(postern, pki, hostile, scheme, refusal):
    server = hostile(scheme, Faults(starttls="refused", refusal=refusal, mechanisms_clear=("PLAIN",)))
    quoted = refusal.decode().splitlines()[-1][-8:]
    assert_told_as(
        log_in(postern, pki, server), "refused", TLS_COMMAND[scheme], quoted, "Nothing secret was sent"
    )
    assert_nothing_secret(server)


INJECTED = (
    b"x",
    b"250 ok\r\n",
    b"+OK\r\n* CAPABILITY AUTH=PLAIN\r\n",
    b"\x16\x03\x03\0\x05hello",
    b"A" * 5000,
)


@pytest.mark.parametrize("scheme", LOGINS)
@pytest.mark.parametrize("junk", INJECTED, ids=lambda junk: str(junk[:6]))
def test_injected_replies_are_refused_and_counted(postern, pki, hostile, scheme, junk):
    server = hostile(scheme, Faults(starttls="injected", injected=junk))
    result = log_in(postern, pki, server)
    assert_told_as(result, "injected", f" {len(junk)} octets came in the clear")
    assert_nothing_secret(server)
    assert not server.wire_tls and not server.handshakes, "no ClientHello goes out after an injection"


@pytest.mark.parametrize("scheme", LOGINS)
def test_injection_is_no_matter_of_policy(postern, pki, hostile, scheme):
    """Opportunistic TLS may do without TLS, but not with somebody in between who says so."""
    server = hostile(scheme, Faults(starttls="injected", injected=b"250 ok\r\n"))
    assert_told_as(log_in(postern, pki, server, "--tls=opportunistic"), "injected")
    assert_nothing_secret(server)


def test_speaking_before_tls_from_the_start_is_quoted(postern, pki, hostile):
    """Whether it came before our ClientHello or in place of the ServerHello: it is no TLS, and nothing of it is believed."""

    def script(peer):
        peer.say("220 too early", "250 AUTH PLAIN")
        peer.stall()

    server = hostile.scripted(script, "submissions")
    assert_refused(log_in(postern, pki, server), 76, '"220 too early', "the scheme with STARTTLS")
    assert_nothing_secret(server)


@pytest.mark.parametrize("scheme", ("smtp", "pop3", "imap"))
def test_go_ahead_without_tls_quotes_what_came(postern, pki, hostile, scheme):
    server = hostile(scheme, Faults(starttls="garbage"))
    assert_refused(log_in(postern, pki, server), 76, "does not speak TLS", "HTTP/1.1 400 Bad Request")
    assert_nothing_secret(server)


@pytest.mark.parametrize("offer", ("STARTTLS", "no STARTTLS"))
def test_imap_preauth_is_refused_where_tls_is_demanded(postern, pki, hostile, offer):
    server = hostile("imap", Faults(preauth=True, starttls="good" if offer == "STARTTLS" else "missing"))
    assert_told_as(log_in(postern, pki, server), "preauth")
    assert_nothing_secret(server)


def test_imap_preauth_without_login_is_refused_too(postern, pki, hostile):
    """What is typed next would go to whoever said PREAUTH."""
    server = hostile("imap", Faults(preauth=True))
    result = log_in(postern, pki, server, login=False, input="APPEND INBOX {5}\nhello\n")
    assert_told_as(result, "preauth")
    assert b"APPEND" not in server.received


def test_imap_preauth_is_welcome_without_demand(postern, pki, hostile):
    server = hostile("imap", Faults(preauth=True, starttls="missing"))
    result = log_in(postern, pki, server, "--tls=off", login=False, input="NOOP\n")
    assert result.status == 0 and b"NOOP" in server.received, result


@pytest.mark.parametrize("scheme", LOGINS)
@pytest.mark.parametrize("how", ("missing", "refused"))
def test_opportunistic_goes_on_without_tls_but_without_the_password(postern, pki, hostile, scheme, how):
    server = hostile(
        scheme,
        Faults(starttls=how, mechanisms=("PLAIN",), mechanisms_clear=("PLAIN",), greeting=_plain(scheme)),
    )
    result = log_in(
        postern, pki, server, "--tls=opportunistic", "--auth=USER/PASS" if scheme == "ftp" else "--auth=PLAIN"
    )
    assert_refused(result, 76, "nothing was sent", "needs verified TLS")
    assert "*** going on WITHOUT TLS" in result.out
    assert_nothing_secret(server)


def _plain(scheme):
    """A greeting without an APOP challenge, which would not give the password away."""
    return b"+OK hostile\r\n" if scheme == "pop3" else None


@pytest.mark.parametrize("scheme", ("smtp", "pop3", "imap", "sieve", "nntp"))
def test_only_the_users_word_lets_a_password_travel_in_the_clear(postern, pki, hostile, scheme):
    server = hostile(
        scheme,
        Faults(
            starttls="missing", mechanisms=("PLAIN",), mechanisms_clear=("PLAIN",), greeting=_plain(scheme)
        ),
    )
    result = log_in(postern, pki, server, "--tls=opportunistic", "--auth=PLAIN", "--allow-cleartext-auth")
    server.wait_done()
    assert result.status == 0 and "***" in result.out, result
    assert server.leaks([Users.alice.password]), "this is what the other tests prove does not happen"


@pytest.mark.parametrize("scheme", ("submission", "pop3", "imap", "sieve", "nntp"))
def test_mechanisms_from_before_tls_are_forgotten(postern, pki, hostile, scheme):
    """Offered in the clear, where anybody can add to it; not offered inside TLS."""
    server = hostile(
        scheme, Faults(mechanisms_clear=("PLAIN",), mechanisms=("SKEY",), greeting=_plain(scheme))
    )
    result = log_in(postern, pki, server, "--auth=PLAIN")
    assert_refused(result, 77, "the server does not offer it")
    assert_nothing_secret(server)
    assert server.handshakes


def test_imap_capabilities_smuggled_into_the_go_ahead_are_forgotten(postern, pki, hostile):
    def script(peer):
        peer.say("* OK [CAPABILITY IMAP4rev1 STARTTLS] hostile")
        tag = peer.line().split(b" ")[0].decode()
        peer.say(f"{tag} OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] begin")
        peer.upgrade()
        tag = peer.line().split(b" ")[0].decode()
        peer.say("* CAPABILITY IMAP4rev1 LOGINDISABLED AUTH=SKEY", f"{tag} OK done")
        peer.stall()

    server = hostile.scripted(script, "imap")
    assert_refused(log_in(postern, pki, server), 77, "SKEY")
    assert b"CAPABILITY" in server.received_tls
    assert_nothing_secret(server)


@pytest.mark.parametrize("scheme", ("xmpp", "xmpp-server", "mysql", "irc"))
def test_others_stripped(postern, pki, hostile, scheme):
    result = log_in(postern, pki, hostile.dialect(scheme, "missing"), login=False, input="secret words\n")
    assert_told_as(result, "missing")


@pytest.mark.parametrize(
    "scheme, how", [("ldap", "missing"), ("postgres", "missing")] + [(s, "refused") for s in OTHERS]
)
def test_others_refused(postern, pki, hostile, scheme, how):
    server = hostile.dialect(scheme, how)
    result = log_in(postern, pki, server, login=False, input="secret words\n")
    if scheme == "mysql":  # its go-ahead is silence: what comes instead came before the handshake
        assert_refused(result, 76, "#28000no")
    else:
        assert_told_as(result, "refused")
    server.wait_done()
    assert b"secret" not in server.received


@pytest.mark.parametrize("scheme", OTHERS)
@pytest.mark.parametrize(
    "junk", (b"x", b"\x16\x03\x03\0\x05hello", b"A" * 5000), ids=lambda junk: str(junk[:6])
)
def test_others_injected(postern, pki, hostile, scheme, junk):
    server = hostile.dialect(scheme, "injected", junk)
    result = log_in(postern, pki, server, login=False, input="secret words\n")
    assert_told_as(result, "injected", f" {len(junk)} octets came in the clear")
    server.wait_done()
    assert not server.wire_tls and b"secret" not in server.received


def test_the_search_for_logins_can_find_them():
    for line in (b"P3 LOGIN a b", b"AUTH PLAIN x", b"user alice", b"APOP alice x", b'AUTHENTICATE "PLAIN"'):
        assert LOGIN_COMMAND.search(b"EHLO x\r\n" + line), line
    assert not LOGIN_COMMAND.search(b"EHLO x\r\nAUTH TLS\r\nSTARTTLS\r\nP1 CAPABILITY\r\nP2 LOGOUT\r\n")
