"""Every STARTTLS dialect, climbed against a real server; and TLS from the start."""

import pytest

UPGRADES = [
    ("postfix", "smtp"),
    ("dovecot", "submission"),
    ("dovecot", "pop3"),
    ("dovecot", "imap"),
    ("dovecot", "sieve"),
    ("ftp", "ftp"),
    ("news", "nntp"),
    ("irc", "irc"),
    ("xmpp", "xmpp"),
    ("xmpp", "xmpp-server"),
    ("ldap", "ldap"),
    ("postgres", "postgres"),
    ("mysql", "mysql"),
]
FROM_THE_START = [
    ("dovecot", "pop3s"),
    ("dovecot", "imaps"),
    ("dovecot", "submissions"),
    ("news", "nntps"),
    ("irc", "ircs"),
    ("ldap", "ldaps"),
]


def climb(postern, pki, request, fixture, scheme, *options):
    server = request.getfixturevalue(fixture)
    url = f"{scheme}://localhost:{server.port(scheme)}"
    return postern.run("talk", f"--ca-file={pki.ca_file}", "--stop-after=tls", *options, url)


@pytest.mark.parametrize("fixture, scheme", UPGRADES)
def test_upgrades_and_verifies(postern, pki, request, fixture, scheme):
    result = climb(postern, pki, request, fixture, scheme)
    assert result.status == 0, result
    assert "verified by PKIX" in result.out + result.err, result


@pytest.mark.parametrize("fixture, scheme", UPGRADES)
def test_a_certificate_nobody_vouches_for_ends_it(postern, pki, request, fixture, scheme):
    result = climb(postern, pki, request, fixture, scheme, f"--ca-file={pki.authority('stranger').cert_file}")
    assert result.status == 76, result
    assert "cannot be trusted" in result.err, result


def test_lmtp_on_a_unix_socket_needs_no_tls(postern, dovecot):
    result = postern.run("talk", "--stop-after=tls", f"lmtp://{dovecot.lmtp_socket}")
    assert result.status == 0, result
    assert "LHLO" in result.out, result


@pytest.mark.parametrize("fixture, scheme", FROM_THE_START)
def test_tls_from_the_start(postern, pki, request, fixture, scheme):
    result = climb(postern, pki, request, fixture, scheme)
    assert result.status == 0, result
    assert "verified by PKIX" in result.out + result.err, result


@pytest.mark.parametrize("scheme, port", [("pop3s", "pop3"), ("imaps", "imap"), ("submissions", "submission")])
def test_plaintext_where_tls_was_expected_is_told(postern, pki, dovecot, scheme, port):
    result = postern.run("talk", f"--ca-file={pki.ca_file}", f"{scheme}://localhost:{dovecot.port(port)}")
    assert result.status == 76, result
