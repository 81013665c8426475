"""One login at a server that may be hostile, and what has to be true of it: a status, a message, and nothing secret sent.

The server remembers every byte it was given (rig/hostile.py), so "no secret was sent" is read from there, not believed.
"""

import re

from rig.users import Users

# Where Postern can log in, and how it asks for TLS there.
LOGINS = ("smtp", "submission", "lmtp", "pop3", "imap", "sieve", "ftp", "nntp")
TLS_COMMAND = {scheme: "STARTTLS" for scheme in LOGINS} | {"pop3": "STLS", "ftp": "AUTH TLS"}

SANITIZERS = ("AddressSanitizer", "LeakSanitizer", "runtime error:")
# A command that begins a login, IMAP's tag in front or not. FTP's AUTH TLS is none.
LOGIN_COMMAND = re.compile(
    rb"^(?:P\d+ )?(?:AUTH(?! TLS)|AUTHENTICATE|LOGIN|USER|PASS|APOP|AUTHINFO)\b", re.M | re.I
)


def log_in(postern, pki, server, *args, user=Users.alice, login=True, **run):
    """Runs `postern talk --login` against the server, with a password at hand, and makes sure that it did not crash."""
    options = [f"--ca-file={pki.ca_file}"] + ["--login"] * login
    result = postern.run("talk", *options, *args, server.url(user.name), password=user.password, **run)
    assert result.status >= 0, result
    assert not any(words in result.err for words in SANITIZERS), result
    return result


def assert_refused(result, status, *words):
    """It ended with this status, and standard error says all of these words."""
    assert result.status == status, result
    assert result.err.startswith("postern: ") and len(result.err) < 4000, result
    for word in words:
        assert word in result.err, result


def assert_nothing_secret(server, user=Users.alice):
    """Neither in the clear nor inside TLS: no password in any encoding, no name, no login was even begun."""
    server.wait_done()
    said = bytes(server.received + b"\n" + server.received_tls)
    assert not server.leaks_anywhere([user.password])
    assert not server.logins
    assert not LOGIN_COMMAND.search(said), said
    assert user.name.encode() not in said


def assert_logged_in(result, server, user=Users.alice):
    """The other side of the coin: here the secret did go out, inside TLS only."""
    server.wait_done()
    assert result.status == 0, result
    assert server.logins, result
    assert LOGIN_COMMAND.search(bytes(server.received_tls))
    assert not server.leaks([user.password])
