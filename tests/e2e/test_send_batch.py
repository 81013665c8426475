"""`postern send --batch`: each message once, whatever breaks. POSTERN_KILLS=200 POSTERN_MESSAGES=500 is the full measure."""

import json
import random
import signal
import subprocess
import time
from collections import Counter

import pytest
from rig.postern import Terminal, binary
from sinking import KILLS, MESSAGES, kill_again_and_again, report_of_kills, sink  # noqa: F401: a fixture

ALICE, BOB = "alice@example.test", "bob@example.test"
def message(number):
    return f"From: {ALICE}\nTo: {BOB}\nSubject: m{number:04}\nMessage-ID: <{number}@x>\n\nBody {number}\n.\n"


@pytest.fixture
def box(tmp_path):
    directory = tmp_path / "box"
    directory.mkdir()
    for number in range(MESSAGES):
        (directory / f"m{number:04}.eml").write_text(message(number))
    return directory


def once(n=None):
    return Counter({f"m{number:04}": 1 for number in range(MESSAGES if n is None else n)})


def test_a_directory_over_several_connections_each_message_once(postern, sink, box):
    server = sink()
    done = postern.run("send", server.url, "--batch", box, "--connections=4", "--json")
    assert done.status == 0, done
    results = [json.loads(line) for line in done.out.splitlines()]
    assert len(results) == MESSAGES and {result["result"] for result in results} == {"accepted"}
    assert server.taken == once() and server.sessions == 4
    again = postern.run("send", server.url, "--batch", box, home=done.home)
    assert again.status == 0 and again.out == "" and f"{MESSAGES} sent before" in again.err, again
    assert server.taken == once()


def test_large_messages_among_small_ones_each_once_and_whole(postern, sink, tmp_path):
    """They are read and synced otherwise: some ahead of their turn, some in it, the journal on a thread meanwhile."""
    moods = {("m0003", 1): "451 4.7.1 later", ("m0006", 1): "cut", ("m0008", 1): "cut"}
    server, box, sizes = sink(moods=moods), tmp_path / "box", {0: 1500, 1: 0, 2: 0, 3: 200}
    box.mkdir()
    wanted = [message(number) + "x" * 63 + "\n" for number in range(24)]
    wanted = [text + ("y" * 63 + "\n") * (16 * sizes[number % 4]) for number, text in enumerate(wanted)]
    for number, text in enumerate(wanted):
        (box / f"m{number:04}.eml").write_text(text)
    done = postern.run("send", server.url, "--batch", box, "--connections=3", "--retry-after=0.1", "--json")
    assert done.status == 0 and server.taken == once(24), done
    bodies = {text.partition("\n\n")[2] for text in server.texts}
    assert bodies == {text.partition("\n\n")[2] for text in wanted}
    again = postern.run("send", server.url, "--batch", box, home=done.home)
    assert again.status == 0 and "24 sent before" in again.err and server.taken == once(24), again


def test_later_is_tried_again_and_no_is_told(postern, sink, box):
    moods = {("m0003", 1): "451 4.7.1 later", ("m0005", 1): "550 5.7.1 never", ("m0007", 1): "cut",
             ("m0009", 1): "421 4.3.2 closing", ("m0011", 1): "451 4.3.0 x", ("m0011", 2): "451 4.3.0 x"}  # fmt: skip
    server = sink(moods=moods)
    done = postern.run("send", server.url, "--batch", box, "--retry-after=0.1", "--json")
    assert done.status == 69, done
    expected = once()
    del expected["m0005"]
    assert server.taken == expected
    last = {json.loads(line)["file"]: json.loads(line)["result"] for line in done.out.splitlines()}
    assert Counter(last.values()) == {"accepted": MESSAGES - 1, "refused": 1}
    assert last["m0005.eml"] == "refused"


def test_what_is_left_is_taken_up_by_the_next_run(postern, sink, box):
    moods = {("m0002", n): "451 4.7.1 later" for n in (1, 2)}
    server = sink(moods=moods)
    done = postern.run("send", server.url, "--batch", box, "--retries=1", "--retry-after=0.05", "-q")
    assert done.status == 75 and {line.split(":")[0] for line in done.out.splitlines()} == {"m0002.eml"}, done
    assert done.out.rstrip().endswith("left for another run"), done
    again = postern.run("send", server.url, "--batch", box, home=done.home)
    assert again.status == 0 and again.out.startswith("m0002.eml: accepted"), again
    assert server.taken == once()


def test_a_server_that_is_not_there_is_tried_again_and_said(postern, box):
    done = postern.run("send", "smtp://127.0.0.1:1", "--batch", box, "--retries=2", "--retry-after=0.05")
    assert done.status == 69 and done.err.count("trying again in") == 2, done
    assert f"{MESSAGES} left" in done.err and done.out == "", done


def test_no_retries_is_a_number_too(postern, box):
    done = postern.run("send", "smtp://127.0.0.1:1", "--batch", box, "--retries=0")
    assert done.status == 69 and "trying again" not in done.err and done.seconds < 20, done
    assert postern.run("send", "smtp://127.0.0.1:1", "--batch", box, "--retries=some").status == 64


def test_an_interrupt_ends_it_and_the_next_run_goes_on(postern, sink, box):
    """One that was under way may come twice: nobody knows whether it had been taken."""
    server, home = sink(pace=0.02), postern.home()
    child = subprocess.Popen([binary(), "send", server.url, "--batch", str(box)], env=postern.environment(home),
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)  # fmt: skip
    while sum(server.taken.values()) < 3:
        time.sleep(0.01)
    child.send_signal(signal.SIGINT)
    assert child.wait(30) == 130 and "interrupted" in child.stderr.read()
    left = postern.run("send", server.url, "--batch", box, home=home)
    assert left.status == 0 and "sent before" in left.err, left
    assert set(server.taken) == set(once()) and sum(server.taken.values()) <= MESSAGES + 1


def test_progress_stays_on_the_terminal_while_results_go_elsewhere(postern, sink, box, tmp_path):
    """It was wiped off with each result, and drawn again ten times a second: nobody saw it."""
    server, home = sink(pace=0.02), postern.home()
    command = f"exec {binary()} send {server.url} --batch {box} > {tmp_path}/results"
    with Terminal(["sh", "-c", command], postern.environment(home), home) as terminal:
        terminal.expect(rf"\r\x1b\[K\d+ of {MESSAGES}, \d+ a second")
        assert terminal.wait() == 0
        drawn = terminal.output.count("\x1b[K")
        assert drawn <= terminal.output.count(" a second") and f"=== {MESSAGES} sent" in terminal.output, terminal.output
    assert (tmp_path / "results").read_text().count(": accepted") == MESSAGES


def test_two_runs_of_one_batch_do_not_send_it_twice(postern, sink, box):
    server = sink(pace=0.05)
    home = postern.home()
    argv = [binary(), "send", server.url, "--batch", str(box), "--quiet"]
    first = subprocess.Popen(argv, env=postern.environment(home))
    while not server.taken:
        time.sleep(0.01)
    second = postern.run("send", server.url, "--batch", box, home=home)
    assert first.wait(120) == 0 and server.taken == once()
    assert (second.status == 75 and "another run is at the same batch" in second.err) or "sent before" in second.err, second


def test_a_session_has_no_more_transactions_than_the_server_wants(postern, sink, tmp_path):
    """RFC 9422: within a message as between messages."""
    server = sink(limits="RCPTMAX=1 MAILMAX=1")
    done = postern.run("send", server.url, "--from=a@b.test", "--to=x@b.test,y@b.test,z@b.test", "--subject=m0000", "--text=Hi")
    assert done.status == 0 and done.out.count(": accepted (250 taken)") == 3, done
    assert server.taken == {"m0000": 3} and server.mails == {1: 1, 2: 1, 3: 1}
    server, box = sink(limits="RCPTMAX=1 MAILMAX=3"), tmp_path / "box"
    box.mkdir()
    for number in range(4):
        (box / f"m{number:04}.eml").write_text(message(number))
    done = postern.run("send", server.url, "--batch", box, "--to=x@b.test,y@b.test")
    assert done.status == 0 and server.taken == {f"m{number:04}": 2 for number in range(4)}, done
    assert server.mails == {1: 3, 2: 3, 3: 2}


def test_an_mbox_and_a_maildir_and_lines_of_json(postern, sink, tmp_path):
    server = sink()
    mbox = "".join(f"From x Thu Jan  1 00:00:00 1970\n{message(n)}>From quoted\n\n" for n in range(3))
    (tmp_path / "mbox").write_text(mbox)
    assert postern.run("send", server.url, "--batch", tmp_path / "mbox").status == 0
    assert server.taken == once(3)
    for name in ("new", "cur", "tmp"):
        (tmp_path / "maildir" / name).mkdir(parents=True)
    (tmp_path / "maildir/new/a").write_text(message(10))
    (tmp_path / "maildir/cur/b:2,S").write_text(message(11))
    (tmp_path / "maildir/tmp/c").write_text(message(12))
    assert postern.run("send", server.url, "--batch", tmp_path / "maildir").status == 0
    assert server.taken["m0010"] == server.taken["m0011"] == 1 and not server.taken["m0012"]
    lines = [{"file": f"{tmp_path}/maildir/tmp/c", "from": ALICE, "to": [BOB, "c@d"]}] * 2
    done = postern.run("send", server.url, "--batch=-", input="\n".join(map(json.dumps, lines)))
    assert done.status == 0 and server.taken["m0012"] == 2, done
    one = {"file": f"{tmp_path}/maildir/tmp/c", "id": "1"}
    for bad in ([{"file": 1}], [{"file": "x", "to": [1]}], [one, one], [["file"]], [{"to": "a@b"}]):
        assert postern.run("send", server.url, "--batch=-", input="\n".join(map(json.dumps, bad))).status == 65
    (tmp_path / "box").mkdir()
    (tmp_path / "box/n.eml").write_text("Subject: nobody\n\n")
    done = postern.run("send", server.url, "--batch", tmp_path / "box")
    assert done.out == "n.eml: not sent: nobody is named to send it to\n" and "1 failed" in done.err, done


def test_kill_at_any_moment_loses_nothing_and_doubles_only_in_the_window(postern, sink, box):
    """A message is sent again only if the kill fell between the end of its text and the moment its answer was read: the one
    that was under way, for an answer is in the journal before the next message goes out."""
    server = sink(pace=0.002)
    home = postern.home()
    argv = [binary(), "send", server.url, "--batch", str(box), "--quiet"]
    kills, times = kill_again_and_again(argv, postern.environment(home), server, random.Random(6))
    done = postern.run("send", server.url, "--batch", box, home=home)
    assert done.status == 0, done
    lost, doubled = report_of_kills(server, kills, times, once())
    assert not lost and doubled <= kills and kills >= min(KILLS, 3)
