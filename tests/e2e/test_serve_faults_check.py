"""What `postern check` makes of everything that `postern serve` does wrong on purpose: its exit status, what it finds, and what the
sandbox says of it."""

import contextlib
import json

import pytest
from serving import Sandbox, listed_faults

OK, FOUND = 0, 1
ALL = ("smtp", "pop3", "imap")
SERVICES = {"smtp": "submission", "pop3": "pop3", "imap": "imap"}
# An auditor has to look where a client must not: whether a login would be taken in plaintext (it sends none), what is behind a bad
# certificate, and whether the server takes what came before TLS for what came inside.
LOOKS = {"plaintext", "bad-certificate", "early-data"}
# Fault, protocols, exit status, a check that fails ("" when none has to).
ROWS = [
    ("starttls-stripped", ALL, FOUND, "starttls.offered"),
    ("starttls-mangled", ("smtp", "imap"), FOUND, "starttls.mangled"),
    ("starttls-mangled", ("pop3",), FOUND, "starttls.offered"),
    ("starttls-refused", ALL, FOUND, "starttls.refused"),
    ("starttls-injected", ALL, FOUND, "starttls.response_injection"),
    ("preauth", ("imap",), FOUND, "starttls.preauth"),
    ("logindisabled", ("imap",), OK, ""),
    ("caps-change-tls", ALL, OK, ""),
    ("caps-change-auth", ("smtp",), OK, ""),
    ("cert-expired", ("smtp",), FOUND, "cert.expired"),
    ("cert-not-yet", ("pop3",), FOUND, "cert.not_yet_valid"),
    ("cert-wrong-host", ("imap",), FOUND, "cert.name"),
    ("cert-self-signed", ("smtp",), FOUND, "cert.self_signed"),
    ("cert-unknown-ca", ("pop3",), FOUND, "cert.chain_of_trust"),
    ("cert-revoked", ("imap",), FOUND, "cert.revoked"),
    ("cert-short-chain", ("smtp",), FOUND, "cert.chain_complete"),
    ("cert-weak-key", ("pop3",), FOUND, "cert.key_size"),
    ("tls-only=1.1", ("imap",), FOUND, "ciphers.aead"),
    ("tls-ciphers=TLS_CHACHA20_POLY1305_SHA256", ("smtp",), OK, ""),
    ("tls-stall", ("pop3",), OK, ""),
    ("tls-garbage", ALL, FOUND, "handshake.works"),
    ("tls-truncated", ("smtp",), OK, ""),
    ("auth-always-fails", ("smtp",), OK, ""),
    ("auth-wrong-proof", ("pop3",), OK, ""),
    ("auth-no-proof", ("imap",), OK, ""),
    ("auth-downgrade", ("smtp",), OK, ""),
    ("auth-bare-challenge", ("pop3",), OK, ""),
    ("auth-silent", ("imap",), OK, ""),
    ("in-use", ("pop3",), OK, ""),
    ("wrong-size", ("imap",), OK, ""),
    ("list-lies", ("pop3",), OK, ""),
    ("duplicate-uidl", ("pop3",), OK, ""),
    ("bad-dot", ("pop3",), OK, ""),
    ("no-dot-stuffing", ("pop3",), OK, ""),
    ("uidvalidity-changes", ("imap",), OK, ""),
    ("huge-literal=300000@cmd=CAPABILITY", ("imap",), OK, ""),
    ("delay=0.2@cmd=EHLO", ("smtp",), OK, ""),
    ("tarpit=0.001@cmd=CAPA", ("pop3",), OK, ""),
    ("reply=NO [UNAVAILABLE] later@cmd=CAPABILITY", ("imap",), OK, ""),
    ("silent@cmd=EHLO", ("smtp",), OK, ""),
    ("drop@cmd=CAPA", ("pop3",), OK, ""),
    ("drop-after@cmd=CAPABILITY", ("imap",), OK, ""),
    ("drop-at=20@cmd=EHLO", ("smtp",), OK, ""),
    ("garbage@cmd=CAPA", ("pop3",), OK, ""),
    ("endless-line@cmd=CAPABILITY", ("imap",), OK, ""),
    ("endless-lines@cmd=EHLO", ("smtp",), OK, ""),
]


@pytest.fixture
def box(postern, passwords):
    """box(OPTION...): a sandbox that ends with the test."""
    with contextlib.ExitStack() as stack:
        yield lambda *args: stack.enter_context(Sandbox(postern, passwords, *args))


@pytest.mark.parametrize("fault,protocol,status,finding", [(f, p, s, c) for f, protocols, s, c in ROWS for p in protocols])
def test_check_ends_with_its_status_and_gives_nothing_away(box, postern, fault, protocol, status, finding):
    sandbox = box("--fault", fault)
    url = f"{SERVICES[protocol]}://localhost:{sandbox.port(SERVICES[protocol])}"
    patience = 1 if "tls-stall" in fault or "silent" in fault else 20
    connections = 20 if "tls-only" in fault else 6  # versions are asked for one by one
    done = postern.run("check", f"--ca-file={sandbox.ca}", f"--timeout={patience}", f"--max-connections={connections}", "--format=json", url)
    assert done.status == status, done
    failed = {row["id"] for row in json.loads(done.out)["findings"] if row["verdict"] == "fail"}
    assert not finding or finding in failed, failed
    assert bool(failed) or status == OK
    report = sandbox.report()
    assert {row["what"] for row in report["conduct"] if row["verdict"] == "bad"} <= LOOKS
    assert sandbox.close() == OK


def test_a_server_that_always_hangs_up_before_tls_is_not_waited_for(box, postern):
    """It is no limit of connections that is over in a minute: nobody ever got further."""
    sandbox = box("--fault", "drop-after@cmd=EHLO")
    url = f"smtp://localhost:{sandbox.port('smtp')}"
    done = postern.run("check", f"--ca-file={sandbox.ca}", "--format=json", url)
    assert done.status == OK, done
    used = json.loads(done.out)["services"][0]["connections"]["used"]
    assert 2 <= used <= 10  # of 20
    sandbox.close()


@pytest.mark.parametrize("service", ["imap", "imaps"])
def test_a_server_that_answers_no_hello_is_not_waited_for_again_and_again(box, postern, service):
    sandbox = box("--fault", "tls-stall")
    url = f"{service}://localhost:{sandbox.port(service)}"
    done = postern.run("check", f"--ca-file={sandbox.ca}", "--timeout=1", "--format=json", url)
    assert done.status == OK, done
    assert 3 <= json.loads(done.out)["services"][0]["connections"]["used"] <= 10  # of 20
    assert "the server answers no hello of TLS at all" in done.out
    sandbox.close()


def test_no_fault_is_left_out(postern):
    assert {fault.partition("@")[0].partition("=")[0] for fault, *_ in ROWS} == listed_faults(postern)
