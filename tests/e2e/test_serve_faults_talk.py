"""What `postern talk` makes of everything that `postern serve` does wrong on purpose: its exit status, and what the sandbox says of it."""

import contextlib

import pytest
from serving import Sandbox, deliver, listed_faults

OK, UNAVAILABLE, LATER, INSECURE, NO_LOGIN = 0, 69, 75, 76, 77
ALL = ("smtp", "pop3", "imap")
SERVICES = {"smtp": "submission", "pop3": "pop3", "imap": "imap"}
SAID = {
    "smtp": "MAIL FROM:<a@example.test>\nRCPT TO:<b@example.test>\nRSET\nQUIT\n",
    "pop3": "STAT\nLIST\nUIDL\nRETR 1\nQUIT\n",
    "imap": "a1 SELECT INBOX\na2 FETCH 1 (UID RFC822.SIZE BODY.PEEK[])\na3 LOGOUT\n",
}
# Fault, protocols, exit status, what the sandbox says of the client.
ROWS = [
    ("starttls-stripped", ALL, INSECURE, {"plaintext": "good"}),
    ("starttls-mangled", ALL, INSECURE, {"plaintext": "good"}),
    ("starttls-refused", ALL, INSECURE, {"plaintext": "good"}),
    ("starttls-injected", ALL, INSECURE, {"injected": "good"}),
    ("preauth", ("imap",), INSECURE, {"plaintext": "good"}),
    ("logindisabled", ("imap",), OK, {}),
    ("caps-change-tls", ALL, OK, {"old-capabilities": "good"}),
    ("caps-change-auth", ("smtp",), OK, {}),
    ("cert-expired", ("smtp",), INSECURE, {"bad-certificate": "good"}),
    ("cert-not-yet", ("pop3",), INSECURE, {"bad-certificate": "good"}),
    ("cert-wrong-host", ("imap",), INSECURE, {"bad-certificate": "good"}),
    ("cert-self-signed", ("smtp",), INSECURE, {"bad-certificate": "good"}),
    ("cert-unknown-ca", ("pop3",), INSECURE, {"bad-certificate": "good"}),
    ("cert-revoked", ("imap",), INSECURE, {"bad-certificate": "good"}),
    ("cert-short-chain", ("smtp",), INSECURE, {"bad-certificate": "good"}),
    ("cert-weak-key", ("pop3",), INSECURE, {"bad-certificate": "good"}),
    ("tls-only=1.1", ("imap",), INSECURE, {}),
    ("tls-only=1.2", ("smtp",), OK, {}),
    ("tls-ciphers=TLS_CHACHA20_POLY1305_SHA256", ("imap",), OK, {}),
    ("tls-stall", ("imap",), LATER, {}),
    ("tls-garbage", ("pop3",), INSECURE, {}),
    ("tls-truncated", ALL, OK, {}),
    ("auth-always-fails", ALL, NO_LOGIN, {}),
    ("auth-wrong-proof", ALL, INSECURE, {"server-proof": "good"}),
    ("auth-no-proof", ALL, INSECURE, {"server-proof": "good"}),
    ("auth-downgrade", ALL, NO_LOGIN, {"downgrade": "good"}),
    ("auth-bare-challenge", ("imap",), INSECURE, {}),
    ("auth-silent", ("pop3",), LATER, {}),
    ("in-use", ("pop3",), LATER, {}),
    ("wrong-size", ("pop3", "imap"), OK, {}),
    ("list-lies", ("pop3",), OK, {}),
    ("duplicate-uidl", ("pop3",), OK, {}),
    ("bad-dot", ("pop3",), OK, {}),  # a line end is one to a person, with CR or without
    ("no-dot-stuffing", ("pop3",), OK, {}),
    ("uidvalidity-changes", ("imap",), OK, {}),
    ("huge-literal@cmd=FETCH", ("imap",), INSECURE, {}),
    ("delay=0.2@cmd=RCPT", ("smtp",), OK, {}),
    ("tarpit=0.001@cmd=RETR", ("pop3",), OK, {}),
    ("reply=451 4.7.1 later@cmd=RCPT", ("smtp",), LATER, {}),
    ("reply=550 5.7.1 never@cmd=RCPT", ("smtp",), UNAVAILABLE, {}),
    ("reply=-ERR [SYS/TEMP] later@cmd=RETR", ("pop3",), LATER, {}),
    ("reply=NO [UNAVAILABLE] later@cmd=FETCH", ("imap",), LATER, {}),
    ("reply=NO never@cmd=FETCH", ("imap",), UNAVAILABLE, {}),
    ("silent@cmd=RETR", ("pop3",), LATER, {}),
    ("drop@cmd=FETCH", ("imap",), INSECURE, {}),
    ("drop-after@cmd=RCPT", ("smtp",), INSECURE, {}),
    ("drop-at=20@cmd=RETR", ("pop3",), INSECURE, {}),
    ("garbage@cmd=FETCH", ("imap",), LATER, {}),
    ("endless-line@cmd=RCPT", ("smtp",), INSECURE, {}),
    ("endless-lines=300000@cmd=RETR", ("pop3",), INSECURE, {}),
]


@pytest.fixture
def box(postern, passwords):
    """box(OPTION...): a sandbox that ends with the test."""
    with contextlib.ExitStack() as stack:
        yield lambda *args: stack.enter_context(Sandbox(postern, passwords, *args))


@pytest.mark.parametrize("fault,protocol,status,conduct", [(f, p, s, c) for f, protocols, s, c in ROWS for p in protocols])
def test_talk_ends_with_its_status_and_behaves(box, postern, fault, protocol, status, conduct):
    sandbox = box("--fault", fault, "--assert-client")
    if protocol != "smtp":
        deliver(sandbox)
    url = f"{SERVICES[protocol]}://{sandbox.user}@localhost:{sandbox.port(SERVICES[protocol])}"
    # Two seconds are for what never comes; the slowest machine has more for what does.
    patience = 2 if status == LATER else 30
    done = postern.run("talk", "-q", "--login", f"--ca-file={sandbox.ca}", f"--timeout={patience}", url, input=SAID[protocol], password=sandbox.password)
    assert done.status == status, done
    report = sandbox.report_when(lambda r: len(r["conduct"]) >= len(conduct))
    assert {row["what"]: row["verdict"] for row in report["conduct"]} == conduct
    # Those are the server's from the start; capabilities need not be asked for after a login.
    if not any(word in fault for word in ("cert", "tls-only", "tls-ciphers", "caps-change-auth")):
        assert report["faults"][0]["done"] > 0
    assert sandbox.close() == OK


def test_an_answer_of_lines_without_end_is_given_up(box, postern):
    """Each of them is short: it is all of them that are too much, long before the server is at its 64 MB."""
    sandbox = box("--fault", "endless-lines@cmd=NOOP")
    done = postern.run("talk", "-q", f"--ca-file={sandbox.ca}", f"submission://localhost:{sandbox.port('submission')}", input="NOOP\nQUIT\n")
    assert done.status == INSECURE and "the answer to NOOP does not end: it has more than 1 MB" in done.err, done.err
    assert len(done.out) < 3_000_000


def test_no_fault_is_left_out(postern):
    assert {fault.partition("@")[0].partition("=")[0] for fault, *_ in ROWS} == listed_faults(postern)
