"""Certificates that prove nothing: status 76, OpenSSL's number, depth and words, what to do about it ready to paste, and
nothing secret sent. What is offered for pasting is then pasted, and lets the login through."""

import re
import ssl

import pytest
from hostile_login import assert_logged_in, assert_nothing_secret, assert_refused, log_in
from rig.hostile import Faults
from rig.pki import LEAVES, Spec

SUBJECT = "CN=localhost,O=Postern Test"
# certificate: what OpenSSL says, and what a person can act on
BAD = {
    "expired": (
        "error 10 at depth 0: certificate has expired",
        "(30 days ago)",
        "this computer's clock says",
    ),
    "not-yet-valid": (
        "error 9 at depth 0: certificate is not yet valid",
        "days)",
        "this computer's clock says",
    ),
    "wrong-host": (
        "error 62 at depth 0: hostname mismatch",
        "it is for elsewhere.example.test, not for localhost",
    ),
    "self-signed": (
        "error 18 at depth 0: self-signed certificate",
        "the server made it itself",
        "--ca-file=",
    ),
    "unknown-ca": (
        "error 20 at depth 0: unable to get local issuer certificate",
        "CN=Nobody's Root",
        "--ca-file=",
    ),
    "missing-intermediate": (
        "error 20 at depth 0",
        "CN=Postern Test Intermediate",
        "must add it to the chain",
    ),
    "client-only": (
        "error 26 at depth 0: unsuitable certificate purpose",
        "another purpose than being a TLS server",
    ),
}
WEAK = {
    "rsa1024": ("error 66 at depth 0: EE certificate key too weak", "only 1024 bits"),
    "sha1": (
        "error 68 at depth 0: CA signature digest algorithm too weak",
        "ecdsa-with-SHA1, which can be forged",
    ),
}
SCHEMES = (
    "submission",
    "submissions",
    "lmtp",
    "pop3",
    "pop3s",
    "imap",
    "imaps",
    "sieve",
    "ftp",
    "nntp",
    "nntps",
)


def offered(result, option) -> str:
    """The option as the message writes it, value and all."""
    found = re.search(rf"{option}=\S+", result.err)
    assert found, result
    return found[0]


def host_of(certificate) -> str:
    return SUBJECT if certificate != "wrong-host" else "CN=elsewhere.example.test,O=Postern Test"


@pytest.mark.parametrize("cert", BAD)
@pytest.mark.parametrize("scheme", ("submission", "pop3s"))
def test_bad_certificate_is_refused_and_its_pin_works_as_pasted(postern, pki, hostile, scheme, cert):
    server = hostile(scheme, Faults(cert=cert))
    result = log_in(postern, pki, server)
    assert_refused(result, 76, f"certificate: {host_of(cert)}", *BAD[cert])
    assert_nothing_secret(server)
    pin = offered(result, "--pin")
    assert pin == f"--pin=sha256:{pki.leaf(cert).spki_sha256}"
    server = hostile(scheme, Faults(cert=cert))
    assert_logged_in(log_in(postern, pki, server, pin), server)


@pytest.mark.parametrize("scheme", [scheme for scheme in SCHEMES if scheme not in ("submission", "pop3s")])
def test_no_protocol_forgets_to_verify(postern, pki, hostile, scheme):
    server = hostile(scheme, Faults(cert="unknown-ca"))
    assert_refused(log_in(postern, pki, server), 76, "error 20 at depth 0")
    assert_nothing_secret(server)


@pytest.mark.parametrize("scheme", ("xmpp", "ldap", "postgres", "mysql", "irc"))
def test_no_protocol_without_logins_forgets_either(postern, pki, hostile, scheme):
    server = hostile.dialect(scheme, "good")
    result = postern.run(
        "talk", "--stop-after=tls", server.url()
    )  # the rig's own CA is unknown to the system
    assert_refused(result, 76, "error 20 at depth 0", f"--pin=sha256:{pki.leaf('server').spki_sha256}")


@pytest.mark.parametrize("cert", WEAK)
@pytest.mark.parametrize("scheme", ("submission", "imaps"))
def test_weak_certificate_is_refused_and_taken_when_told(postern, pki, hostile, scheme, cert):
    server = hostile(scheme, Faults(cert=cert))
    result = log_in(postern, pki, server)
    assert_refused(result, 76, f"certificate: {SUBJECT}", *WEAK[cert])
    assert_nothing_secret(server)
    server = hostile(scheme, Faults(cert=cert))
    assert_logged_in(log_in(postern, pki, server, offered(result, "--ciphers")), server)


@pytest.mark.parametrize(
    "cert, pem",
    [("self-signed", "leaf"), ("unknown-ca", "stranger"), ("missing-intermediate", "intermediate")],
)
def test_the_ca_file_works_as_pasted(postern, pki, hostile, cert, pem):
    result = log_in(postern, pki, hostile("imaps", Faults(cert=cert)))
    home = postern.home()
    source = pki.leaf(cert).cert_file if pem == "leaf" else pki.authority(pem).cert_file
    text = source.read_text() + pki.ca_file.read_text() * (pem == "intermediate")
    option = offered(result, "--ca-file")
    (home.written / option.removeprefix("--ca-file=")).write_text(text)
    server = hostile("imaps", Faults(cert=cert))
    assert_logged_in(log_in(postern, pki, server, option, home=home), server)


def test_an_address_must_be_in_the_certificate(postern, pki, hostile):
    server = hostile("imaps", Faults(cert="wrong-host"))
    result = postern.run(
        "talk",
        "--login",
        "--user=alice",
        f"--ca-file={pki.ca_file}",
        server.url(host="127.0.0.1"),
        password="x",
    )
    assert_refused(result, 76, "error 64 at depth 0: IP address mismatch", "not for 127.0.0.1")
    assert_nothing_secret(server)


@pytest.mark.parametrize("kind", ("spki_sha256", "cert_sha256"))
def test_a_pin_is_for_one_certificate_only(postern, pki, hostile, kind):
    """The pin of another server's certificate, which PKIX would verify."""
    server = hostile("pop3s")
    pin = f"--pin=sha256:{getattr(pki.leaf('chain'), kind)}"
    assert_refused(
        log_in(postern, pki, server, pin), 76, "none of the demanded pins matches", "somebody sits between"
    )
    assert_nothing_secret(server)
    server = hostile("pop3s", Faults(cert="chain"))
    assert_logged_in(log_in(postern, pki, server, pin), server)


@pytest.mark.parametrize("version, option", [("TLSv1", "--tls-min=1.0"), ("TLSv1_1", "--tls-min=1.1")])
@pytest.mark.parametrize("scheme", ("submission", "imaps"))
def test_old_tls_only_is_refused_and_taken_when_told(postern, pki, hostile, scheme, version, option):
    server = hostile(scheme, Faults(tls_max=ssl.TLSVersion[version]))
    result = log_in(postern, pki, server)
    assert_refused(result, 76, "none of the TLS versions we offered", "--tls-min=1.0")
    assert_nothing_secret(server)
    server = hostile(scheme, Faults(tls_max=ssl.TLSVersion[version]))
    assert_logged_in(log_in(postern, pki, server, option), server)
    assert server.handshakes[0][0] == version.replace("_", ".")


def test_old_tls_does_not_bring_weak_certificates_back(postern, pki, hostile):
    server = hostile("imaps", Faults(tls_max=ssl.TLSVersion.TLSv1, cert="sha1"))
    assert_refused(log_in(postern, pki, server, "--tls-min=1.0"), 76, "error 68 at depth 0")
    assert_nothing_secret(server)


@pytest.mark.parametrize("scheme", ("submission", "imap", "pop3s"))
def test_no_verify_says_so_and_keeps_the_password(postern, pki, hostile, scheme):
    server = hostile(scheme, Faults(cert="expired"))
    result = log_in(postern, pki, server, "--no-verify", "--auth=PLAIN")
    assert_refused(result, 76, "needs verified TLS")
    assert "*** the server's certificate is NOT verified (--no-verify)" in result.out
    assert_nothing_secret(server)
    server = hostile(scheme, Faults(cert="expired"))
    assert_logged_in(
        log_in(postern, pki, server, "--no-verify", "--auth=PLAIN", "--allow-cleartext-auth"), server
    )


@pytest.mark.parametrize(
    "text", ("\x1b[2Jclear", "\x1b]52;c;eA==\x07", "\u202egpj.exe", "a\nb: good", "\u009b31m")
)
def test_names_in_certificates_are_escaped(monkeypatch, postern, pki, hostile, text):
    evil = f"evil-{text.encode().hex()}"
    monkeypatch.setitem(LEAVES, evil, Spec(common_name=f"x{text}", names=("a.example.test",), issuer="self"))
    server = hostile("imaps", Faults(cert=evil))
    for options in ((), ("--no-verify", "--stop-after=tls", "--explain=full")):
        result = log_in(postern, pki, server, *options, login=False)
        said = result.out + result.err
        assert "CN=" in said and text not in said, result
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", said), result
