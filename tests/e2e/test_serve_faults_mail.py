"""What `postern serve` does wrong on purpose, what `send` and `fetch` make of it, and what the sandbox says of them."""

import contextlib

import pytest
from serving import Sandbox, deliver, listed_faults

OK, UNAVAILABLE, LATER, INSECURE, NO_LOGIN = 0, 69, 75, 76, 77

# Fault, command, exit status, what the sandbox says of the client.
BOTH = ("pop3", "imap")
ALL = ("send", *BOTH)
CASES = [
    ("starttls-stripped", ALL, INSECURE, {"plaintext": "good"}),
    ("starttls-mangled", ALL, INSECURE, {"plaintext": "good"}),
    ("starttls-refused", ALL, INSECURE, {"plaintext": "good"}),
    ("starttls-injected", ALL, INSECURE, {"injected": "good"}),
    ("preauth", ("imap",), INSECURE, {"plaintext": "good"}),
    ("caps-change-tls", ALL, OK, {"old-capabilities": "good"}),
    ("caps-change-auth", ALL, OK, {}),
    ("cert-expired", ALL, INSECURE, {"bad-certificate": "good"}),
    ("cert-not-yet", ("send",), INSECURE, {"bad-certificate": "good"}),
    ("cert-wrong-host", ("send",), INSECURE, {"bad-certificate": "good"}),
    ("cert-self-signed", ("pop3",), INSECURE, {"bad-certificate": "good"}),
    ("cert-unknown-ca", ("imap",), INSECURE, {"bad-certificate": "good"}),
    ("cert-revoked", ("send",), INSECURE, {"bad-certificate": "good"}),
    ("cert-short-chain", ("pop3",), INSECURE, {"bad-certificate": "good"}),
    ("cert-weak-key", ("imap",), INSECURE, {"bad-certificate": "good"}),
    ("tls-only=1.1", ("send",), INSECURE, {}),
    ("tls-only=1.2", ("imap",), OK, {}),
    ("tls-ciphers=TLS_CHACHA20_POLY1305_SHA256", ("pop3",), OK, {}),
    ("tls-stall", ("pop3",), LATER, {}),
    ("tls-garbage", ("send",), INSECURE, {}),
    ("tls-truncated", ("send",), OK, {}),
    ("auth-always-fails", ALL, NO_LOGIN, {}),
    ("auth-wrong-proof", ALL, INSECURE, {"server-proof": "good"}),
    ("auth-no-proof", ALL, INSECURE, {"server-proof": "good"}),
    ("auth-downgrade", ALL, NO_LOGIN, {"downgrade": "good"}),
    ("auth-bare-challenge", ("send",), INSECURE, {}),
    ("auth-silent", ("send",), LATER, {}),
    ("in-use", ("pop3",), LATER, {}),
    ("wrong-size", BOTH, OK, {}),
    ("list-lies", ("pop3",), OK, {}),
    ("duplicate-uidl", ("pop3",), OK, {}),
    ("bad-dot", ("pop3",), LATER, {}),
    ("no-dot-stuffing", ("pop3",), OK, {}),
    ("uidvalidity-changes", ("imap",), OK, {}),
    ("delay=0.3@cmd=MAIL", ("send",), OK, {}),
    ("tarpit=0.001@cmd=MAIL", ("send",), OK, {}),
    ("reply=421 4.3.2 closing@cmd=CONNECT", ("send",), LATER, {}),
    ("reply=451 4.7.1 later@cmd=RCPT", ("send",), LATER, {}),
    ("reply=550 5.7.1 never@cmd=.", ("send",), UNAVAILABLE, {}),
    ("reply=550 5.7.1 never@cmd=RCPT,to=somebody@else.test", ("send",), OK, {}),
    ("silent@cmd=.", ("send",), LATER, {}),
    ("drop@cmd=.", ("send",), LATER, {}),
    ("logindisabled", ("imap",), OK, {}),
    ("drop-after@cmd=EHLO", ("send",), LATER, {}),
    ("drop-at=20@cmd=RETR", ("pop3",), INSECURE, {}),
    ("garbage@cmd=RETR", ("pop3",), INSECURE, {}),
    ("garbage@cmd=EHLO", ("send",), INSECURE, {}),
    ("endless-line@cmd=RETR", ("pop3",), INSECURE, {}),
    ("endless-lines@cmd=EHLO", ("send",), INSECURE, {}),
    ("huge-literal@cmd=FETCH", ("imap",), INSECURE, {}),
]


@pytest.fixture
def box(postern, passwords):
    """box(OPTION...): a sandbox that ends with the test."""
    with contextlib.ExitStack() as stack:
        yield lambda *args, **more: stack.enter_context(Sandbox(postern, passwords, *args, **more))


def client(postern, sandbox, verb, patience):
    """The command, ended."""
    common = (f"--ca-file={sandbox.ca}", f"--timeout={patience}")
    home = postern.home()
    if verb == "send":
        url = f"submission://{sandbox.user}@localhost:{sandbox.port('submission')}"
        words = ("--from=joe@example.test", f"--to={sandbox.user}@example.test", "--text=hello", url)
    else:
        words = (f"--to={home.written}/mail", f"{verb}://{sandbox.user}@localhost:{sandbox.port(verb)}")
    return postern.run("send" if verb == "send" else "fetch", *common, *words, password=sandbox.password, home=home)


@pytest.mark.parametrize("fault,verb,status,conduct", [(f, v, s, c) for f, verbs, s, c in CASES for v in verbs])
def test_every_fault_ends_with_its_status_and_the_client_behaves(box, postern, fault, verb, status, conduct):
    sandbox = box("--fault", fault, "--assert-client")
    if verb != "send":
        deliver(sandbox)
    # Two seconds are for what never comes; the slowest machine has more for what does.
    done = client(postern, sandbox, verb, 2 if status == LATER else 30)
    assert done.status == status, done
    report = sandbox.report_when(lambda r: len(r["conduct"]) >= len(conduct))
    assert {row["what"]: row["verdict"] for row in report["conduct"]} == conduct
    # Those are the server's from the start; capabilities need not be asked for after a login; else.test gets nothing.
    if not any(word in fault for word in ("cert", "tls-only", "tls-ciphers", "caps-change-auth", "else.test")):
        assert report["faults"][0]["done"] > 0
    sandbox.process.terminate()
    assert sandbox.process.wait(30) == OK


def test_no_fault_is_left_out(postern):
    assert {fault.partition("@")[0].partition("=")[0] for fault, *_ in CASES} == listed_faults(postern)
