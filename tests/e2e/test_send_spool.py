"""`postern send --queue` and its kin: what was queued is delivered once, and told of when it is not, whatever is killed meanwhile."""

import email
import email.policy
import json
import random
import re
import socketserver
import subprocess
import threading
import time
from collections import Counter

import pytest
from rig.postern import binary
from sinking import KILLS, MESSAGES, kill_again_and_again, report_of_kills, sink  # noqa: F401: a fixture

ALICE, BOB = "alice@example.test", "bob@example.test"
USAGE, NO_INPUT, UNAVAILABLE, CANT_CREATE, TEMPFAIL = 64, 66, 69, 73, 75
AWAY = "smtp://127.0.0.1:1"


@pytest.fixture
def home(postern):
    return postern.home()


@pytest.fixture
def queue(postern, home):
    def put(url, subject="m0001", *more, to=BOB, sender=ALICE):
        done = postern.run("send", url, "--queue", "--json", "--from", sender, "--to", to, "--subject", subject, "--text", "Hi",
                           *more, home=home)  # fmt: skip
        assert done.status == 0, done
        return json.loads(done.out)["id"]

    return put


@pytest.fixture
def flush(postern, home):
    def run(*more, status=0):
        done = postern.run("send", "--flush", *more, home=home)
        assert done.status == status, done
        return done

    return run


@pytest.fixture
def waiting(postern, home):
    def jobs():
        done = postern.run("send", "--queue-list", "--json", home=home)
        assert done.status == 0, done
        return [json.loads(line) for line in done.out.splitlines()]

    return jobs


def test_queued_listed_delivered_and_gone(queue, flush, waiting, sink, home, postern):
    server = sink()
    ids = [queue(server.url, f"m{number:04}") for number in range(3)]
    jobs = waiting()
    assert [job["id"] for job in jobs] and {job["id"] for job in jobs} == set(ids)
    assert jobs[0]["sender"] == ALICE and jobs[0]["recipients"] == [BOB] and jobs[0]["tries"] == 0
    text = postern.run("send", "--queue-list", home=home)
    assert all(f"{id}  {ALICE} -> {BOB}" in text.out for id in ids), text
    done = flush()
    assert f"{ids[0]}: {BOB}: accepted (250 taken)" in done.out and "3 delivered" in done.err, done
    assert server.taken == {"m0000": 1, "m0001": 1, "m0002": 1} and server.sessions == 1
    assert waiting() == [] and list((home.state / "postern/spool").iterdir()) == []
    assert "nothing waits" in postern.run("send", "--queue-list", home=home).err


def test_a_server_that_is_away_is_tried_later_and_later(queue, flush, waiting, sink):
    queue(AWAY)
    waits = []
    for _ in range(3):
        flush("--now", "--retry-after=100", status=TEMPFAIL)
        (job,) = waiting()
        waits.append(round((job["next"] - time.time()) / 100))
    assert waits == [1, 2, 4] and job["tries"] == 3 and "127.0.0.1" in job["why"]
    assert "0 put off" in flush().err, "it is not due"


def test_later_stays_and_no_is_told_to_the_sender_by_mail(queue, flush, waiting, sink):
    server = sink(moods={("m0001", 1): "451 4.7.1 later", ("m0002", 1): "550 5.7.1 never\x1b[1m"})
    queue(server.url, "m0001")
    queue(server.url, "m0002", "--envid", "E 1")
    done = flush("--retry-after=0.1", status=UNAVAILABLE)
    assert "550 5.7.1 never" in done.err and "\x1b" not in done.err, done
    later, notice = sorted(waiting(), key=lambda job: job["sender"], reverse=True)
    assert later["why"] == "451 4.7.1 later" and later["tries"] == 1
    assert notice["sender"] == "" and notice["recipients"] == [ALICE]
    time.sleep(1.1)
    flush("--now")
    assert server.taken["m0001"] == 1 and "m0002" not in server.taken and server.taken["Your message was not delivered"] == 1
    assert waiting() == []


def test_a_notice_into_a_maildir_is_a_delivery_report(queue, flush, waiting, sink, tmp_path):
    server = sink(moods={("m0001", 1): "550 5.1.1 no such user"})
    queue(server.url, "m0001", "--notices", tmp_path / "box", "--envid", "E-1")
    flush(status=UNAVAILABLE)
    assert waiting() == []
    (file,) = (tmp_path / "box/new").iterdir()
    report = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    assert report.get_content_type() == "multipart/report" and report.get_param("report-type") == "delivery-status"
    assert report["to"] == ALICE and report["auto-submitted"] == "auto-replied" and report["message-id"] and report["date"]
    human, status, header = report.iter_parts()
    assert f"{BOB}\n    the server said: 550 5.1.1 no such user" in human.get_content().replace("\r\n", "\n")
    whole, one = status.get_payload()
    assert whole["original-envelope-id"] == "E-1" and whole["reporting-mta"].startswith("dns; ") and whole["arrival-date"]
    assert one["final-recipient"] == f"rfc822; {BOB}" and one["action"] == "failed" and one["status"] == "5.1.1"
    assert one["diagnostic-code"] == "smtp; 550 5.1.1 no such user" and one["remote-mta"] == "dns; 127.0.0.1"
    assert header.get_content_type() == "text/rfc822-headers" and "Subject: m0001" in header.get_content()


def test_who_asked_for_no_notice_gets_none_and_one_about_nothing_is_held(queue, flush, waiting, sink, tmp_path):
    server = sink(moods={("m0001", 1): "550 no", ("m0002", 1): "550 no"})
    queue(server.url, "m0001", "--notify=never", "--notices", tmp_path / "box")
    flush(status=UNAVAILABLE)
    assert waiting() == [] and not (tmp_path / "box").exists()
    queue(server.url, "m0002", "--envelope-from", "<>")
    flush(status=UNAVAILABLE)
    (job,) = waiting()
    assert job["held"] and job["recipients"] == [BOB] and job["why"] == "550 no"
    assert "0 put off" in flush("--now").err


def test_what_is_too_old_is_given_up(queue, flush, waiting, tmp_path):
    queue(AWAY, "m0001", "--expire=1s", "--notices", tmp_path / "box")
    time.sleep(1.1)
    done = flush(status=UNAVAILABLE)
    assert "its time is over" in done.err and waiting() == [], done
    (file,) = (tmp_path / "box/new").iterdir()
    text = file.read_bytes()
    assert b"Status: 4.4.7" in text and b"the server said" not in text and b"Diagnostic-Code: smtp" not in text


def test_messages_go_in_the_order_they_came(queue, flush, waiting, sink):
    server = sink()
    wanted = [f"m{number:04}" for number in (3, 1, 2, 0)]
    ids = [queue(server.url, subject) for subject in wanted]
    assert [job["id"] for job in waiting()] == ids
    flush()
    assert [subject for subject, _, _ in server.yes] == wanted


class Stalling(socketserver.ThreadingTCPServer):
    """Accepts, and says nothing until it is released: then it hangs up."""

    allow_reuse_address = daemon_threads = True

    def __init__(self):
        self.guests, self.released = 0, threading.Event()
        super().__init__(("127.0.0.1", 0), self.stall)
        threading.Thread(target=self.serve_forever, daemon=True).start()
        self.url = f"smtp://127.0.0.1:{self.server_address[1]}"

    def stall(self, *_):
        self.guests += 1
        self.released.wait(100)


@pytest.fixture
def stalling():
    with Stalling() as server:
        yield server
        server.released.set()
        server.shutdown()


def until(condition):
    patience = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < patience
        time.sleep(0.02)


@pytest.fixture
def start(postern, home):
    """start(*words): a run of `send` in the background, which ends with the test."""
    children = []

    def begin(*words):
        argv = [binary(), "send", *map(str, words)]
        children.append(subprocess.Popen(argv, env=postern.environment(home), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        return children[-1]

    yield begin
    for child in children:
        child.kill()
        child.communicate()


def test_a_server_that_stalls_holds_up_nobody_else(queue, start, waiting, sink, stalling):
    working = [sink(), sink()]
    stalled = queue(stalling.url, "m0000")
    ids = [queue(server.url, f"m{number:04}") for number in (1, 2, 3) for server in working]
    child = start("--flush")
    until(lambda: all(len(server.yes) == 3 for server in working) and stalling.guests == 1)
    assert child.poll() is None
    stalling.released.set()
    out, err = child.communicate(timeout=60)
    assert child.returncode == TEMPFAIL and "6 delivered, 0 failed, 1 put off; the next is due in" in err, err
    assert sorted(out.splitlines()) == [f"{id}: {BOB}: accepted (250 taken)" for id in ids]
    assert all([subject for subject, _, _ in server.yes] == ["m0001", "m0002", "m0003"] for server in working)
    assert [(job["id"], job["tries"]) for job in waiting()] == [(stalled, 1)]


def test_the_worst_of_all_ways_is_the_status(queue, flush, waiting, sink):
    no, yes = sink(moods={("m0001", 1): "550 no"}), sink()
    queue(AWAY)
    queue(no.url, "m0001", "--notify=never")
    queue(yes.url, "m0002")
    done = flush(status=UNAVAILABLE)
    assert "1 delivered, 1 failed, 1 put off" in done.err and "550 no" in done.err and "250 taken" in done.out, done


def test_the_daemon_goes_on_beside_a_server_that_stalls(queue, start, waiting, sink, stalling):
    server = sink()
    queue(stalling.url, "m0000")
    child = start("--daemon", "--retry-after=1")
    until(lambda: stalling.guests == 1)
    for number in (1, 2):
        queue(server.url, f"m{number:04}")
        until(lambda: server.taken[f"m{number:04}"] == 1)  # noqa: B023: it is called at once
    queue(stalling.url, "m0003")
    time.sleep(0.2)
    assert stalling.guests == 1, "its way is taken"
    stalling.released.set()
    until(lambda: len(waiting()) == 2 and all(job["tries"] >= 2 for job in waiting()))
    child.terminate()
    assert child.wait(20) == 0 and server.taken == {"m0001": 1, "m0002": 1}


def test_what_is_written_down_goes_one_way_after_the_other(queue, flush, sink, tmp_path):
    for server in (sink(pace=0.1), sink(pace=0.1)):
        queue(server.url)
    flush("--transcript", tmp_path / "talk.txt")
    verbs = re.findall(r"EHLO|BDAT|QUIT", (tmp_path / "talk.txt").read_text())
    assert verbs == ["EHLO", "BDAT", "QUIT"] * 2


def test_several_flushes_with_several_ways_send_each_message_once(queue, start, sink, waiting):
    servers = [sink(pace=0.01) for _ in range(3)]
    wanted = [f"m{number:04}" for number in range(4)]
    for subject in wanted:
        for server in servers:
            queue(server.url, subject)
    children = [start("--flush", "--quiet") for _ in range(3)]
    assert [child.wait(60) for child in children] == [0] * 3
    assert all(server.taken == Counter(wanted) for server in servers) and waiting() == []


def test_hold_release_remove(queue, flush, waiting, sink, postern, home):
    server = sink()
    first, second, third = (queue(server.url, f"m000{n}") for n in range(3))
    run = lambda *args: postern.run("send", *args, home=home)  # noqa: E731
    assert run("--queue-hold", first, "--queue-remove", second).status == 0
    flush()
    assert server.taken == {"m0002": 1} and [job["id"] for job in waiting()] == [first]
    assert run("--queue-release", first).status == 0
    flush()
    assert server.taken == {"m0000": 1, "m0002": 1} and waiting() == []
    for id in (third, "0-0", "../../etc/passwd", ""):
        missing = run(f"--queue-remove={id}")
        assert missing.status == NO_INPUT and "there is no" in missing.err, missing
    queue(server.url), queue(server.url)
    assert run("--queue-remove=ALL").status == 0 and waiting() == []


def test_what_is_wrong_is_said_when_it_is_queued(postern, home, waiting):
    base = ("--queue", "--from", ALICE, "--to", BOB, "--text", "x")
    for args, status in [
        (("pop3://mail.example.test", *base), USAGE),
        (("--account=nobody", *base), 78),
        ((AWAY, *base, "--expire=soon"), USAGE),
        ((AWAY, *base, "--spool=/proc/no"), CANT_CREATE),
        (("--mx", *base), USAGE),
        ((AWAY, "--flush"), USAGE),
    ]:
        done = postern.run("send", *args, home=home)
        assert done.status == status and done.err.startswith("postern: "), done
    assert waiting() == []


def test_a_password_that_is_not_kept_is_said(postern, home, tmp_path):
    base = ("send", "submission://alice@127.0.0.1:1", "--queue", "--from", ALICE, "--to", BOB, "--text", "x")
    assert "no password is kept with it" in postern.run(*base, home=home, password="a-word").err
    (tmp_path / "word").write_text("another\n")
    assert postern.run(*base, "--password-file", tmp_path / "word", home=home).err == ""


def test_a_full_disk_leaves_nothing_half_done(postern, home):
    """RLIMIT_FSIZE stands for the disk: writing fails in the middle of the text."""
    box = home.written / "spool"
    argv = ["sh", "-c", 'trap "" XFSZ; ulimit -f 100; exec "$0" "$@"', binary(), "send", AWAY, "--queue", "--spool", str(box),
            "--from", ALICE, "--to", BOB]  # fmt: skip
    done = subprocess.run(argv, input=b"Subject: big\n\n" + b"x" * 60 * 1024 * 10, capture_output=True, env=postern.environment(home))
    assert done.returncode == 74 and b"cannot write into the spool" in done.stderr, done
    assert list(box.iterdir()) == []


def test_the_daemon_delivers_what_comes_and_ends_when_told(postern, home, queue, waiting, sink):
    server = sink()
    queue(server.url, "m0001")
    child = subprocess.Popen([binary(), "send", "--daemon"], env=postern.environment(home), stdout=subprocess.PIPE, text=True)
    try:
        assert BOB in child.stdout.readline() and server.taken == {"m0001": 1}
        queue(server.url, "m0002")
        assert BOB in child.stdout.readline() and server.taken == {"m0001": 1, "m0002": 1}
    finally:
        child.terminate()
    assert child.wait(20) == 0 and waiting() == []


def test_several_at_once_send_each_message_once(postern, home, queue, sink, waiting):
    server = sink(pace=0.01)
    wanted = [f"m{number:04}" for number in range(12)]
    for subject in wanted:
        queue(server.url, subject)
    argv = [binary(), "send", "--flush", "--quiet", "--connections=2"]
    children = [subprocess.Popen(argv, env=postern.environment(home)) for _ in range(4)]
    assert [child.wait(60) for child in children] == [0] * 4
    assert server.taken == Counter(wanted) and waiting() == []


def test_kill_at_any_moment_loses_nothing_and_doubles_only_in_the_window(postern, home, sink):
    """A message goes twice only if the kill fell between the server's yes and the job's removal: one a kill."""
    server = sink(pace=0.002)
    environment = postern.environment(home)
    wanted = [f"m{number:04}" for number in range(MESSAGES)]
    # Queued by several processes, some of them killed: what said "queued" is there.
    spool = home.written / "spool"
    for subject in wanted:
        text = f"From: {ALICE}\nTo: {BOB}\nSubject: {subject}\n\nBody\n"
        done = postern.run("send", server.url, "--queue", "--spool", spool, input=text, home=home)
        assert done.status == 0, done
    argv = [binary(), "send", "--flush", "--quiet", "--spool", str(spool)]
    kills, times = kill_again_and_again(argv, environment, server, random.Random(7))
    done = postern.run("send", "--flush", "--now", "--spool", spool, home=home)
    assert done.status == 0, done
    lost, doubled = report_of_kills(server, kills, times, wanted)
    assert not lost and doubled <= kills and kills >= min(KILLS, 3)
    assert not [file for file in spool.iterdir() if file.suffix == ".job"]
