"""The directory of `postern serve DIR`: mail for any reader, at any moment, whatever others do to it."""

import imaplib
import json
import os
import poplib
import re
import smtplib
import threading
import time

import pytest
from serving import Sandbox

SENDER, LARGE = "joe@example.test", b"Subject: large\r\n\r\n" + b"0123456789abcdef0123456789abcdef\r\n" * 10000


def client_of(sandbox):
    client = imaplib.IMAP4_SSL("localhost", sandbox.port("imaps"), timeout=30)
    client.login(sandbox.user, sandbox.password)
    client.select()
    return client


def send(sandbox, *messages):
    with smtplib.SMTP("127.0.0.1", sandbox.port("smtp"), timeout=30) as client:
        for message in messages:
            client.sendmail(SENDER, [f"{sandbox.user}@example.test"], message)


def files(sandbox):
    maildir = sandbox.dir / sandbox.user / "Maildir"
    return sorted(path for part in ("new", "cur") for path in (maildir / part).iterdir())


def test_a_message_that_another_program_cuts_ends_one_session(postern, passwords, tmp_path):
    log = tmp_path / "log.jsonl"
    with Sandbox(postern, passwords, "--log", log, "--allow-cleartext-auth") as sandbox:
        send(sandbox, LARGE, LARGE)
        sound = client_of(sandbox)
        cut = files(sandbox)[0]
        os.truncate(cut, 200000)
        for items in ("(BODY.PEEK[])", "(BODYSTRUCTURE)", "(BODY.PEEK[]<250000.100>)"):
            with pytest.raises(imaplib.IMAP4.abort):
                client_of(sandbox).fetch("1", items)
        assert client_of(sandbox).fetch("1", "(BODY.PEEK[]<100.10>)")[1][0][1] == LARGE[100:110]
        with pytest.raises(imaplib.IMAP4.abort):
            client_of(sandbox).search(None, "BODY", "nothing")
        pop = poplib.POP3("localhost", sandbox.port("pop3"), timeout=30)
        pop.user(sandbox.user)
        pop.pass_(sandbox.password)
        with pytest.raises(poplib.error_proto):
            pop.retr(1)
        pop.close()
        assert sound.fetch("2", "(BODY.PEEK[])")[1][0][1] == LARGE
        assert sandbox.ask("wait", "--to", "*", "--timeout=20s").stdout == LARGE  # the one that can be read
        assert sandbox.close() == 0
    told = [json.loads(line)["text"] for line in log.read_text().splitlines() if json.loads(line)["event"] == "closed"]
    assert sum("it has become shorter: another program changed it" in text and cut.name in text for text in told) == 5, told


def test_a_kill_loses_no_mail_and_no_uid(postern, passwords):
    with Sandbox(postern, passwords) as sandbox:
        send(sandbox, *[b"Subject: %d\r\n\r\n%d\r\n" % (n, n) for n in range(20)])
        client = client_of(sandbox)
        client.store("3:5", "+FLAGS", r"(\Deleted)")
        client.expunge()
        send(sandbox, *[b"Subject: %d\r\n\r\n%d\r\n" % (n, n) for n in range(20, 24)])
        client.noop()
        wanted = client.uid("FETCH", "1:*", "(BODY.PEEK[])")[1], client.untagged_responses["UIDVALIDITY"]
        send(sandbox, b"Subject: the last\r\n\r\n")
        sandbox.process.kill()
        sandbox.process.wait(30)
        state, maildir = sandbox.dir, sandbox.dir / sandbox.user / "Maildir"
    with Sandbox(postern, passwords, state=state) as again:
        client = client_of(again)
        got = client.uid("FETCH", "1:24", "(BODY.PEEK[])")[1], client.untagged_responses["UIDVALIDITY"]
        assert got == wanted and client.uid("FETCH", "25", "(BODY.PEEK[])")[1][0][1] == b"Subject: the last\r\n\r\n"
        assert not list((maildir / "tmp").iterdir())


def test_the_list_of_uids_is_written_while_it_runs(postern, passwords):
    with Sandbox(postern, passwords) as sandbox:
        send(sandbox, b"Subject: one\r\n\r\n", b"Subject: two\r\n\r\n")
        listed = sandbox.dir / sandbox.user / "Maildir" / "dovecot-uidlist"
        until = time.monotonic() + 30
        while listed.read_text().count(f"Fjoe@example.test T{sandbox.user}@example.test :") < 2 and time.monotonic() < until:
            time.sleep(0.02)
        assert re.findall(r"(?m)^(\d+) F", listed.read_text()) == ["1", "2"]


def watch(new, until, whole, wrong):
    while not until.is_set():
        for path in list(new.iterdir()):
            text = path.read_bytes()
            size = int(re.search(r",S=(\d+)", path.name).group(1))
            (whole if len(text) == size and text.endswith(b"end\r\n") else wrong).add((path.name, len(text)))


def test_who_looks_sees_whole_messages_only(postern, passwords):
    with Sandbox(postern, passwords) as sandbox:
        until, whole, wrong = threading.Event(), set(), set()
        send(sandbox, b"Subject: first\r\n\r\nend\r\n")
        watcher = threading.Thread(target=watch, args=(sandbox.dir / sandbox.user / "Maildir" / "new", until, whole, wrong))
        watcher.start()
        for n in range(30):
            send(sandbox, b"Subject: %d\r\n\r\n" % n + b"x" * (n * 20000) + b"\r\nend\r\n")
            assert len(files(sandbox)) == n + 2  # what is answered with 250 is there
        until.set()
        watcher.join(60)
        assert not wrong and whole
