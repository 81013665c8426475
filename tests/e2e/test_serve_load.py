"""`postern serve` under many clients: random valid things at once, and two thousand sessions in little memory."""

import contextlib
import os
import poplib
import random
import re
import resource
import smtplib
import socket
import ssl
import threading
import time
from pathlib import Path

import pytest
from serving import Sandbox

SECONDS = float(os.environ.get("SERVE_LOAD_SECONDS", "6"))
CLIENTS = 24
SESSIONS = 2000


def random_message(chance, number):
    lines = [chance.choice([b".", b"..", b"x" * chance.randrange(900), bytes(chance.choices(range(128, 256), k=20)), b""])
             for _ in range(chance.randrange(40))]
    return b"\r\n".join([b"Subject: %d" % number, b"From: a@example.test", b"", *lines]) + b"\r\n"


def be_client(sandbox, number, until, sent, failures):
    chance = random.Random(number)
    trust = ssl.create_default_context(cafile=sandbox.ca)
    user = f"user{number % 6}"
    try:
        while time.monotonic() < until:
            if chance.random() < 0.6:
                kind, service = chance.choice([(smtplib.SMTP, "submission"), (smtplib.SMTP_SSL, "submissions")])
                more = {"context": trust} if kind is smtplib.SMTP_SSL else {}
                with kind("localhost", sandbox.port(service), timeout=60, **more) as client:
                    if kind is smtplib.SMTP and chance.random() < 0.7:
                        client.starttls(context=trust)
                        client.login(user, "anything")
                    for _ in range(chance.randrange(4)):
                        message = random_message(chance, len(sent))
                        client.sendmail("a@example.test", [f"{user}@example.test"], message)
                        sent.append(message)
                        if chance.random() < 0.3:
                            client.rset()
            else:
                client = poplib.POP3_SSL("localhost", sandbox.port("pop3s"), context=trust, timeout=60)
                client.user(user)
                try:
                    client.pass_("anything")
                except poplib.error_proto as refused:  # another has it
                    assert b"IN-USE" in refused.args[0]
                    client.close()
                    continue
                for line in client.list()[1][:5]:
                    index, size = map(int, line.split())
                    text = b"\r\n".join(client.retr(index)[1]) + b"\r\n"
                    assert len(text) == size
                    if chance.random() < 0.2:
                        client.dele(index)
                        client.rset()
                client.quit()
    except Exception as failure:  # noqa: BLE001 - told in the test's own thread
        failures.append(f"client {number}: {failure!r}")


def test_random_clients_at_once(postern, passwords):
    with Sandbox(postern, passwords, "--accept-any") as sandbox:
        sent, failures = [], []
        until = time.monotonic() + SECONDS
        threads = [threading.Thread(target=be_client, args=(sandbox, n, until, sent, failures)) for n in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures, failures
        kept = [mail for number in range(6) for mail in sandbox.mails(f"user{number}")]
        assert sorted(kept) == sorted(sent) and len(sent) > CLIENTS
        assert sandbox.report()["messages"] == len(sent)
        assert not list(Path(sandbox.dir).glob("*/Maildir/tmp/*"))
        assert sandbox.close() == 0


@pytest.fixture
def many_descriptors():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = SESSIONS + 500
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip("descriptors are few here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_two_thousand_sessions_in_150_megabytes(postern, passwords, many_descriptors):
    release = os.environ.get("POSTERN_RELEASE")
    if not release or not os.access(release, os.X_OK):
        pytest.skip("$POSTERN_RELEASE is not there")
    with Sandbox(postern, passwords, program=os.path.abspath(release)) as sandbox, contextlib.ExitStack() as stack:
        clients = []
        for _ in range(SESSIONS):
            client = socket.create_connection(("127.0.0.1", sandbox.port("smtp")), timeout=60)
            stack.callback(client.close)
            clients.append(client)
        for client in clients:
            client.sendall(b"EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<user@b>\r\n")
        for client in clients:
            got = b""
            while b"recipient is fine" not in got:
                got += client.recv(4096)
        status = Path(f"/proc/{sandbox.process.pid}/status").read_text()
        peak = int(re.search(r"VmHWM:\s+(\d+)", status).group(1)) / 1024
        assert peak < 150, peak
