"""`postern fetch` against real servers: what comes home is what the server has, to every place it can go."""

import json
import mailbox
import os
import re
import signal
import subprocess
import time

import pytest

from fetching import ALL_WELL, Collector, as_file, build_shim, collected, fill, messages, release, remaining
from rig.dovecot import Dovecot

SCHEMES = ["pop3s", "imaps"]

ODD = [
    b"Subject: lone CR\r\n\r\nabc\rdef\r\n\r\r\n",
    b"Subject: a long line\r\n\r\n" + b"z" * 10_000_000 + b"\r\n",
    b"Subject: no end of the header\r\nX-More: yes\r\n",
    b"",
    b"Subject: dots\r\n\r\n.\r\n..\r\n.x\r\n...\r\n.",
    b"Subject: caf\xe9 \xff\xfe\r\nX-\xe4: \xf6\r\n\r\n\x80\x81\r\n",
    b"From nobody\r\nFrom: x@example.test\r\n\r\nFrom the start\r\n>From\r\n>>From here\r\n",
    b"\r\nno header at all\r\n",
    b"Subject: no line end\r\n\r\nthe end",
]


@pytest.fixture(scope="module")
def server(rig):
    return rig.launch(Dovecot(rig, "dovecot-fetch", settings="mail_fsync = never\n"))


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    return build_shim(tmp_path_factory.mktemp("shim"))


@pytest.fixture
def collector(postern, server, pki, users):
    def make(scheme="pop3s", *options, content=None, **more):
        fill(server, users.bob, messages(20) if content is None else content)
        return Collector(postern, server, pki, users.bob, scheme, *options, **more)

    return make


@pytest.mark.parametrize("scheme", SCHEMES)
def test_all_comes_home_once_and_byte_for_byte(collector, server, users, scheme):
    expected = messages(120) + ODD
    c = collector(scheme, "-v", content=expected)
    first = c.run()
    assert first.status == 0 and f"{len(expected)} messages" in first.err, first
    if scheme == "pop3s":  # which knows lines only: the last one has an end
        expected = [one if one.endswith(b"\r\n") else one + b"\r\n" for one in expected]
    assert c.result(expected) == ALL_WELL
    again = c.run()
    assert again.status == 0 and "nothing new" in again.err
    assert c.result(expected) == ALL_WELL
    assert remaining(server, users.bob) == len(expected)


def test_invisible_leaves_even_the_header_alone_and_crlf_the_line_ends(collector):
    c = collector("imaps", "--invisible", "--crlf")
    assert c.run().status == 0
    files = sorted(file.read_bytes() for file in (c.maildir / "new").iterdir())
    assert files == sorted(messages(20))


def test_received_names_the_server_and_the_way(collector):
    c = collector("pop3s")
    assert c.run().status == 0
    text = next((c.maildir / "new").iterdir()).read_bytes()
    assert re.match(rb"Received: from localhost \(\[127\.0\.0\.1\]\)\n\tby \S+ with POP3S \(Postern \S+\)\n\tid \w{32} for <bob>;\n\t", text)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_what_was_kept_once_is_deleted_when_that_is_asked_for(collector, server, users, scheme):
    c = collector(scheme)
    assert c.run().status == 0 and remaining(server, users.bob) == 20
    assert c.run("--keep-days=3").status == 0 and remaining(server, users.bob) == 20
    assert c.run("--after=delete").status == 0 and remaining(server, users.bob) == 0
    assert c.result(messages(20)) == ALL_WELL


def test_a_reader_may_move_and_flag_what_a_killed_run_delivered(collector):
    """Recognised in cur/, with flags, though the state knows nothing of it."""
    c = collector("imaps")
    assert c.run().status == 0
    for file in list((c.maildir / "new").iterdir()):
        file.rename(c.maildir / "cur" / f"{file.name}:2,S")
    for name in ("fetch.db", "fetch.db-wal", "fetch.db-shm"):
        (c.home.state / "postern" / name).unlink(missing_ok=True)
    again = c.run("-v")
    assert again.status == 0 and "20 recognised" in again.err
    assert c.result(messages(20)) == ALL_WELL


def test_left_overs_of_a_dead_process_are_cleaned_and_those_of_others_are_not(collector):
    c = collector("pop3s")
    (c.maildir / "tmp").mkdir(parents=True)
    host = os.uname().nodename
    (c.maildir / "tmp" / f"4194000.P{'0' * 32}.{host}").write_text("half a mess")
    (c.maildir / "tmp" / "1763.somebody.else").write_text("not ours")
    assert c.run().status == 0
    assert [file.name for file in (c.maildir / "tmp").iterdir()] == ["1763.somebody.else"]


def test_limit_takes_the_first_and_the_rest_the_next_time(collector):
    c = collector("imaps")
    assert c.run("--limit=7").status == 0 and len(collected(c.maildir)) == 7
    assert c.run("--limit=7").status == 0 and len(collected(c.maildir)) == 14
    assert c.run().status == 0 and c.result(messages(20)) == ALL_WELL


@pytest.mark.parametrize("scheme", SCHEMES)
def test_oversize_is_left_there_and_told_until_it_is_wanted(collector, scheme):
    content = messages(5, largest=100) + [b"Subject: big\r\n\r\n" + b"x" * 50000 + b"\r\n"]
    c = collector(scheme, "-v", content=content)
    small = c.run("--max-size=40k")
    assert small.status == 0 and "too large" in small.err and len(collected(c.maildir)) == 5
    assert c.run().status == 0 and c.result(content) == ALL_WELL


def test_dry_run_tells_and_changes_nothing(collector):
    c = collector("pop3s")
    dry = c.run("--dry-run")
    assert dry.status == 0 and dry.out.count(": fetch\n") == 20 and not c.maildir.exists()
    assert c.run().status == 0
    assert c.run("--dry-run").out.count(": known\n") == 20
    account = json.loads(c.run("--dry-run", "--json").out)["accounts"][0]
    assert account["listed"] == 20 and account["wanted"] == 0 and account["error"] is None
    assert [message["what"] for message in account["messages"]] == ["known"] * 20
    assert all(isinstance(message["id"], str) and message["size"] > 0 for message in account["messages"])


@pytest.mark.parametrize("scheme", SCHEMES)
def test_dry_run_tells_what_a_run_removes_and_the_summary_how(collector, server, users, scheme):
    c = collector(scheme)
    assert c.run().status == 0
    assert c.run("--dry-run", "--after=delete").out.count(": known, to be deleted there\n") == 20
    assert c.run("--dry-run", "--keep-days=2").out.count(": known\n") == 20
    assert "nothing new, 20 deleted there" in c.run("-v", "--after=delete").err and remaining(server, users.bob) == 0


def test_what_was_flagged_first_can_be_moved_and_deleted_later(collector, server, users):
    c = collector("imaps")
    assert "20 messages" in (first := c.run("-v", "--after=flag:$Fetched").err) and "20 flagged there" in first
    assert c.run("--dry-run", "--after=flag:$Fetched").out.count(": known\n") == 20
    assert c.run("--dry-run", "--after=delete").out.count(": known, to be deleted there\n") == 20
    assert "nothing new, 20 moved there" in c.run("-v", "--after=move:Old").err and remaining(server, users.bob) == 0
    assert c.result(messages(20)) == ALL_WELL


def test_less_than_verified_tls_is_told(collector, server, users, postern):
    c = collector("pop3s")
    assert "NOT verified" not in c.run("-v", "--limit=1").err
    trusted = c.argv.copy()
    c.argv = [word for word in trusted if "ca-file" not in word]
    assert "NOT verified" in c.run("-v", "--no-verify", "--limit=1").err
    c.argv = trusted
    c.argv[1] = f"pop3://{users.bob.name}@localhost:{server.port('pop3')}"
    assert "WITHOUT TLS" in c.run("-v", "--tls=off", "--limit=1").err
    assert "WITHOUT TLS" not in c.run("-v", "--limit=1").err


def test_each_failure_of_several_says_whose_it_is_once(collector, postern, server, pki, users):
    c = collector("pop3s")
    other = c.argv[1].replace("bob@", "alice@")
    failed = c.run("-v", other, "--folder=Nope", c.argv[1].replace("pop3s", "imaps").replace(str(server.port("pop3s")), str(server.port("imaps"))))
    lines = [line for line in failed.err.splitlines() if line.startswith("postern: ")]
    assert len(lines) == 2 and all(line.count("@localhost") == 1 for line in lines), failed.err
    assert lines[0].startswith("postern: pop3s://alice@localhost") and lines[1].startswith("postern: imaps://bob@localhost"), lines


@pytest.mark.parametrize("scheme", SCHEMES)
def test_adopt_takes_what_is_there_as_fetched_and_never_deletes_it(collector, server, users, scheme):
    c = collector(scheme)
    assert c.run("--adopt").status == 0
    assert c.run("--after=delete").status == 0
    assert not collected(c.maildir) and remaining(server, users.bob) == 20


def test_what_fetchmail_fetched_is_not_fetched_again(collector, server, users):
    c = collector("pop3s")
    listed = c.run("--dry-run").out
    uidls = re.findall(r"INBOX (\S+),", listed)
    ids = c.home.file(".fetchids", "".join(f"bob@localhost {uidl}\n" for uidl in uidls[:15]))
    assert c.run(f"--adopt-from={ids}").status == 0
    assert c.run().status == 0 and len(collected(c.maildir)) == 5


def test_compare_tells_both_ways(collector):
    c = collector("imaps")
    assert c.run("--limit=15").status == 0
    next((c.maildir / "new").iterdir()).unlink()
    told = c.run("--compare")
    assert told.out.count("only on the server") == 5 and told.out.count("not here any more") == 1
    told = json.loads(c.run("--compare", "--json").out)["accounts"][0]["messages"]
    assert [message["what"] for message in told].count("only on the server") == 5 and len(told) == 6


def test_a_second_run_ends_with_75_and_a_killed_one_locks_nothing(collector):
    c = collector("imaps", "--idle")
    child = c.start()
    for _ in range(200):
        if len(collected(c.maildir)) == 20:
            break
        time.sleep(0.05)
    argv = [word for word in c.argv if word != "--idle"]
    second = c.postern.run(*argv, home=c.home, password=c.user.password)
    assert second.status == 75 and "another run" in second.err
    child.kill()
    child.communicate()
    assert c.postern.run(*argv, home=c.home, password=c.user.password).status == 0


def test_mbox_quotes_from_lines_and_any_program_can_read_it(collector):
    expected = messages(60) + [ODD[6]]
    c = collector("pop3s", "--invisible", content=expected)
    box = c.home.written / "box"
    assert c.run(f"--to=mbox:{box}").status == 0
    entries = mailbox.mbox(box)
    unquoted = [re.sub(rb"(?m)^>(>*From )", rb"\1", entries.get_bytes(key)) for key in entries.keys()]
    assert sorted(text.rstrip(b"\n") for text in unquoted) == sorted(as_file(one).rstrip(b"\n") for one in expected)
    before = box.read_bytes()
    assert c.run(f"--to=mbox:{box}").status == 0 and box.read_bytes() == before
    assert not (c.home.written / "box.lock").exists()


def test_a_program_gets_each_message_and_its_status_counts(collector, server, users):
    c = collector("pop3s", "--after=delete")
    script = c.home.file("take", '#!/bin/sh\ncat > "$1/$$"\n[ "$2" = bob@example.test ] || exit 75\n', 0o700)
    got = c.home.written / "got"
    got.mkdir()
    refused = c.run(f"--to=|{script} {got} %r", "--recipient=eve@example.test")
    assert refused.status == 75 and remaining(server, users.bob) == 20
    for file in got.iterdir():
        file.unlink()
    assert c.run(f"--to=|{script} {got} %r", "--recipient=bob@example.test").status == 0
    assert len(list(got.iterdir())) == 20 and remaining(server, users.bob) == 0


def test_lmtp_hands_every_message_on(collector, server, users):
    c = collector("pop3s")
    before = remaining(server, users.hashed)
    assert c.run(f"--to=lmtp://{server.lmtp_socket}", "--recipient=harry").status == 0
    assert remaining(server, users.hashed) == before + 20
    refused = c.run(f"--to=lmtp://{server.lmtp_socket}", "--recipient=nobody-here", "--all")
    assert refused.status == 75 and "550" in refused.err


def test_smtp_hands_every_message_on_and_a_refusal_keeps_it_there(collector, server, postfix, dovecot, users, pki):
    content = messages(5)
    c = collector("pop3s", "--after=delete", content=content)
    to = f"--to={postfix.url('smtp')}"
    refused = c.run(to, "--recipient=joe@elsewhere.test")
    assert refused.status == 75 and "Relay access denied" in refused.err, refused
    assert remaining(server, users.bob) == 5
    before = remaining(dovecot, users.hashed)
    done = c.run(to, "--recipient=harry@example.test")
    assert done.status == 0, done
    assert remaining(server, users.bob) == 0
    eventually(lambda: remaining(dovecot, users.hashed) == before + 5)
    new = dovecot.maildir(users.hashed) / "new"
    serials = {line for file in new.iterdir() for line in file.read_bytes().splitlines() if line.startswith(b"X-Serial: ")}
    assert {b"X-Serial: %d" % number for number in range(5)} <= serials


def eventually(holds, seconds=20):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_standard_output_is_the_message_and_nothing_else(collector):
    content = [b"Subject: one\r\n\r\nonly one\r\n"]
    c = collector("imaps", "--to=-", "--invisible", content=content)
    assert c.run().stdout == as_file(content[0])


def test_folders_become_folders_of_the_maildir(collector, postern, server, users, pki):
    c = collector("imaps", "--folder=INBOX,Lists/*")
    for name in (".Lists.one", ".Lists.two &AOQ-"):
        place = server.maildir(users.bob) / name
        for part in ("cur", "new", "tmp"):
            (place / part).mkdir(parents=True)
        (place / "cur" / "1700000000.M1P1.rig:2,S").write_bytes(b"Subject: x\r\n\r\n" + name.encode() + b"\r\n")
    subprocess.run(["chown", "-R", f"{server.owner}:{server.group}", server.maildir(users.bob)], check=True)
    ran = c.run("-v")
    assert ran.status == 0, ran
    folders = sorted(path.name for path in c.maildir.iterdir() if path.name.startswith("."))
    assert all((c.maildir / name / "maildirfolder").exists() for name in folders)
    assert len(collected(c.maildir)) == 20
    seen = [file.name for name in folders for file in (c.maildir / name / "cur").iterdir()]
    assert seen and all(name.endswith(":2,S") for name in seen)


def test_a_daemon_fetches_at_once_when_told_and_ends_in_good_order(collector, server, users):
    c = collector("pop3s", "--daemon=1h")
    child = c.start()
    wait_for(lambda: len(collected(c.maildir)) == 20)
    fill(server, users.bob, messages(25))
    time.sleep(0.3)
    child.send_signal(signal.SIGUSR1)
    wait_for(lambda: len(collected(c.maildir)) >= 25)
    child.send_signal(signal.SIGTERM)
    _, said = child.communicate(timeout=20)
    assert child.returncode == 0, said


def test_syslog_gets_what_standard_error_would(collector, shim):
    c = collector("pop3s", "--syslog")
    log = c.home.written / "log"
    env = {"LD_PRELOAD": str(shim), "FETCH_SHIM_LOG": str(log)}
    child = c.start(env=env, program=release())
    _, said = child.communicate(timeout=60)
    assert child.returncode == 0 and not said, said
    assert re.search(r"^syslog 6 .*20 messages", log.read_text(), re.M), log.read_text()[-2000:]
    c.argv[1] = c.argv[1].replace("bob@", "nobody-here@")
    child = c.start(env=env, program=release())
    _, said = child.communicate(timeout=60)
    assert child.returncode == 77 and not said, said
    assert re.search(r"^syslog [34] .*refused", log.read_text(), re.M), log.read_text()[-2000:]


def test_hooks_run_around_it_and_the_first_may_forbid_it(collector):
    c = collector("pop3s")
    log = c.home.written / "log"
    assert c.run("--before=exit 3").status == 69 and not collected(c.maildir)
    assert c.run(f"--before=echo before >> {log}", f"--after-run=echo after >> {log}").status == 0
    assert log.read_text() == "before\nafter\n"


def test_status_tells_of_each_account(collector, postern):
    c = collector("pop3s")
    assert c.run().status == 0
    told = postern.run("fetch", "--status", "--json", home=c.home)
    assert told.status == 0 and json.loads(told.out)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_second_login_goes_out_at_once_and_a_wrong_guess_costs_nothing(rig, collector, postern, server, users, scheme):
    """What the server could do the last time is guessed; where it can do other things now, it is asked anew."""
    c = collector(scheme)
    first, second = c.home.written / "first", c.home.written / "second"
    login = "AUTH" if scheme == "pop3s" else "AUTHENTICATE"
    assert c.run(f"--transcript={first}").status == 0
    assert c.run(f"--transcript={second}").status == 0

    def before_login(path):
        lines = path.read_text().splitlines()
        mine = next(n for n, line in enumerate(lines) if line.startswith("~>") and login in line)
        return [line for line in lines[:mine] if line.startswith("<~")]

    assert before_login(first) and not before_login(second)
    changed = rig.launch(Dovecot(rig, f"dovecot-changed-{scheme}", mechanisms="plain"))
    fill(changed, users.bob, messages(3, seed=9))
    moved = c.run(f"--connect-to=localhost:{server.port(scheme)}:127.0.0.1:{changed.port(scheme)}", "-v", "--all")
    assert moved.status == 0 and "3 messages" in moved.err, moved
    changed.stop()


def wait_for(true, seconds=30):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)
