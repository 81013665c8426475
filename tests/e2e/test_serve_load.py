"""`postern serve` under many clients: random valid things at once, and two thousand sessions in little memory."""

import contextlib
import imaplib
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
import traceback
from pathlib import Path

import pytest
from serving import Sandbox

SECONDS = float(os.environ.get("SERVE_LOAD_SECONDS", "10"))
SEED = os.environ.get("SERVE_LOAD_SEED", "7")
CLIENTS = 24
USERS = 6
PLENTY = 60
SESSIONS = 2000


def random_message(chance, number):
    lines = [chance.choice([b".", b"..", b"x" * chance.randrange(900), bytes(chance.choices(range(128, 256), k=20)), b""])
             for _ in range(chance.randrange(40))]
    return b"\r\n".join([b"Subject: %d" % number, b"From: a@example.test", b"", *lines]) + b"\r\n"


class Shared:
    """What all clients know: what was sent to whom, and what each has in its own folder."""

    def __init__(self, sandbox):
        self.sandbox, self.trust = sandbox, ssl.create_default_context(cafile=sandbox.ca)
        self.sent, self.folders, self.failures = [], {}, []


def send(shared, chance, user):
    kind, service = chance.choice([(smtplib.SMTP, "submission"), (smtplib.SMTP_SSL, "submissions"), (smtplib.LMTP, "lmtp")])
    more = {"context": shared.trust} if kind is smtplib.SMTP_SSL else {} if kind is smtplib.LMTP else {"timeout": PLENTY}
    with kind("localhost", shared.sandbox.port(service), **more) as client:
        if service == "submission" and chance.random() < 0.7:
            client.starttls(context=shared.trust)
            client.login(user, "anything")
        for _ in range(chance.randrange(4)):
            message = random_message(chance, len(shared.sent))
            client.sendmail("a@example.test", [f"{user}@example.test"], message)
            shared.sent.append(message)
            if chance.random() < 0.3:
                client.rset()


def read_pop3(shared, chance, user):
    client = poplib.POP3_SSL("localhost", shared.sandbox.port("pop3s"), context=shared.trust, timeout=PLENTY)
    client.user(user)
    try:
        client.pass_("anything")
    except poplib.error_proto as refused:  # another has it
        assert b"IN-USE" in refused.args[0]
        client.close()
        return
    for line in client.list()[1][:5]:
        index, size = map(int, line.split())
        text = b"\r\n".join(client.retr(index)[1]) + b"\r\n"
        assert len(text) == size
        if chance.random() < 0.2:
            client.dele(index)
            client.rset()
    client.quit()


def fine(answer):
    status, data = answer
    assert status == "OK", answer
    return data


def body(client, number):
    return next(piece[1] for piece in fine(client.fetch(str(number), "(BODY.PEEK[])")) if isinstance(piece, tuple))


def copy_one(client, chance, folder, mine):
    """From INBOX, where others add, and nobody removes."""
    count = int(fine(client.select())[0])
    if count:
        number = chance.randrange(count) + 1
        mine.append(body(client, number))
        fine(client.copy(str(number), folder))
        fine(client.store(str(number), chance.choice(["+FLAGS", "-FLAGS.SILENT"]), r"(\Seen $Looked)"))


def remove_one(client, chance, folder, mine):
    numbers = fine(client.search(None, "ALL"))[0].split()
    assert len(numbers) == len(mine)
    if numbers and chance.random() < 0.5:
        number = chance.choice(numbers).decode()
        mine.remove(body(client, number))
        fine(client.store(number, "+FLAGS", r"(\Deleted)"))
        fine(client.expunge())


def read_imap(shared, chance, user, number):
    """In a folder of its own, which is renamed now and then."""
    mine = shared.folders.setdefault(number, {"name": None, "mails": []})
    client = imaplib.IMAP4_SSL("localhost", shared.sandbox.port("imaps"), ssl_context=shared.trust, timeout=PLENTY)
    fine(client.login(user, "anything"))
    fresh = f"Box-{number}-{chance.randrange(1000000)}"
    if mine["name"] is None:
        fine(client.create(fresh))
        mine["name"] = fresh
    elif chance.random() < 0.3:
        fine(client.rename(mine["name"], fresh))
        mine["name"] = fresh
    message = random_message(chance, number)
    fine(client.append(mine["name"], chance.choice([None, r"(\Seen)", r"(\Flagged $Mine)"]), None, message))
    mine["mails"].append(message)
    copy_one(client, chance, mine["name"], mine["mails"])
    fine(client.select(mine["name"]))
    remove_one(client, chance, mine["name"], mine["mails"])
    fine(client.fetch("1:*", "(UID FLAGS ENVELOPE BODYSTRUCTURE RFC822.SIZE INTERNALDATE)") if mine["mails"] else client.noop())
    client.logout()


def be_client(shared, number, until):
    chance = random.Random(f"{SEED}/{number}")
    user = f"user{number % USERS}"
    try:
        while time.monotonic() < until:
            way = chance.random()
            if way < 0.5:
                send(shared, chance, user)
            elif way < 0.7:
                read_pop3(shared, chance, user)
            else:
                read_imap(shared, chance, user, number)
    except Exception as failure:  # noqa: BLE001 - told in the test's own thread
        shared.failures.append(f"client {number}: {traceback.format_exc()} {failure!r}")


def files(maildir):
    return [path for part in ("new", "cur") for path in (maildir / part).iterdir()]


def is_consistent(maildir):
    """Every file has one UID, no two have the same, the next is above them all, and nothing lies about."""
    header, *lines = (maildir / "dovecot-uidlist").read_text().splitlines()
    uids = {line.partition(":")[2]: int(line.split(" ")[0]) for line in lines}
    names = [path.name.partition(":")[0] for path in files(maildir)]
    assert len(set(uids.values())) == len(lines) and sorted(uids.values()) == list(uids.values())
    assert set(names) <= set(uids) and len(set(names)) == len(names)
    assert not list((maildir / "tmp").iterdir())
    return True


def test_random_clients_at_once(postern, passwords):
    print(f"seed {SEED}, {SECONDS:g} seconds: $SERVE_LOAD_SEED, $SERVE_LOAD_SECONDS")
    with Sandbox(postern, passwords, "--accept-any") as sandbox:
        shared = Shared(sandbox)
        until = time.monotonic() + SECONDS
        threads = [threading.Thread(target=be_client, args=(shared, n, until)) for n in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not shared.failures, "\n".join(shared.failures)
        kept = [mail for number in range(USERS) for mail in sandbox.mails(f"user{number}")]
        assert sorted(kept) == sorted(shared.sent) and len(shared.sent) > CLIENTS
        assert sandbox.report()["messages"] == len(shared.sent)
        for number, mine in shared.folders.items():
            folder = sandbox.dir / f"user{number % USERS}" / "Maildir" / f".{mine['name']}"
            assert sorted(path.read_bytes() for path in files(folder)) == sorted(mine["mails"])
        assert len(list(Path(sandbox.dir).glob("*/Maildir/.Box-*"))) == len(shared.folders)
        assert sandbox.close() == 0  # whose lists may be a moment behind until then
        assert all(is_consistent(path.parent) for path in Path(sandbox.dir).glob("*/Maildir/**/dovecot-uidlist"))
    print(f"{len(shared.sent)} sent, {sum(len(mine['mails']) for mine in shared.folders.values())} in folders")


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
