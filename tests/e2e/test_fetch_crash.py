"""Nothing is lost, doubled or truncated, whatever is killed, cut or full.

POSTERN_CRASH_ROUNDS=200 for the whole proof; a few rounds of each otherwise.
"""

import errno
import os
import random
import re
import signal
import time

import pytest

from fetching import ALL_WELL, Collector, build_shim, fill, messages, release, remaining
from rig.cutter import Cutter
from rig.dovecot import Dovecot

ROUNDS = int(os.environ.get("POSTERN_CRASH_ROUNDS", "0"))
COUNT = 150
WAYS = [(scheme, after) for scheme in ("pop3s", "imaps") for after in ("keep", "delete")]


@pytest.fixture(scope="module")
def server(rig):
    return rig.launch(Dovecot(rig, "dovecot-crash", settings="mail_fsync = never\n"))


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    return build_shim(tmp_path_factory.mktemp("shim"))


def check(collector, server, user, expected, after):
    """A run that nobody disturbs brings everything to its end."""
    last = collector.run()
    assert last.status == 0, last
    assert collector.result(expected) == ALL_WELL
    assert collector.left_overs() == 0
    if after == "delete":
        assert remaining(server, user) == 0


def undisturbed(collector, server, user, expected) -> float:
    fill(server, user, expected)
    begun = time.monotonic()
    assert collector.run().status == 0
    seconds = time.monotonic() - begun
    assert collector.result(expected) == ALL_WELL
    return seconds


@pytest.mark.seconds(7200 if ROUNDS else 180)
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["kill", "term"])
@pytest.mark.parametrize("scheme,after", WAYS)
def test_fetch_survives_being_killed_at_any_moment(postern, server, pki, users, scheme, after, number):
    user, expected, chance = users.bob, messages(COUNT), random.Random(f"{scheme}{after}{number}")
    collector = Collector(postern, server, pki, user, scheme, f"--after={after}")
    seconds = undisturbed(collector, server, user, expected)
    for _ in range(ROUNDS or 3):
        collector.forget()
        fill(server, user, expected)
        for _ in range(3):
            child = collector.start()
            time.sleep(chance.uniform(0, seconds))
            child.send_signal(number)
            _, said = child.communicate(timeout=30)
            # A signal before its handler stands ends it as usual.
            assert child.returncode in (0, 130, -number), said
        check(collector, server, user, expected, after)


@pytest.mark.seconds(7200 if ROUNDS else 180)
@pytest.mark.parametrize("scheme,after", WAYS)
def test_fetch_delivers_nothing_short_when_the_connection_is_cut(postern, server, pki, users, scheme, after):
    user, expected, chance = users.bob, messages(COUNT, seed=2), random.Random(scheme + after)
    cutter = Cutter(server.port(scheme))
    collector = Collector(postern, server, pki, user, scheme, f"--after={after}", port=cutter.port)
    undisturbed(collector, server, user, expected)
    whole = cutter.carried
    for _ in range(ROUNDS or 3):
        collector.forget()
        fill(server, user, expected)
        for _ in range(3):
            cutter.limit = chance.randrange(1, whole)
            assert collector.run().status in (0, 69, 75, 76)
        cutter.limit = None
        check(collector, server, user, expected, after)
    cutter.close()


@pytest.mark.seconds(7200 if ROUNDS else 180)
@pytest.mark.parametrize("failure", [errno.ENOSPC, errno.EIO], ids=["full", "broken"])
@pytest.mark.parametrize("scheme,after", WAYS)
def test_fetch_removes_nothing_that_could_not_be_written(postern, server, pki, users, shim, scheme, after, failure):
    user, expected, chance = users.bob, messages(COUNT, seed=3), random.Random(f"{scheme}{after}{failure}")
    collector = Collector(postern, server, pki, user, scheme, f"--after={after}")
    for _ in range(ROUNDS or 2):
        collector.forget()
        fill(server, user, expected)
        for _ in range(2):
            env = {
                "LD_PRELOAD": str(shim),
                "FETCH_SHIM_FAIL": str(chance.randrange(1, 2 * COUNT)),
                "FETCH_SHIM_ERRNO": str(failure),
            }
            child = collector.start(env=env, program=release())
            _, said = child.communicate(timeout=60)
            assert child.returncode in (0, 73, 74, 75), said
        check(collector, server, user, expected, after)


# --- the order of work ---


def read_log(path):
    """What was durable before each deletion: [(deletions so far, messages that were safe by then)]."""
    written, synced, renamed, durable, safe, deleted = set(), set(), set(), 0, 0, 0
    states = []
    for line in path.read_text(errors="replace").splitlines():
        word, _, rest = line.partition(" ")
        name = rest.rpartition("/")[2]
        if word == "write":
            written.add(name)
            synced.discard(name)
        elif word == "syncfs":
            synced |= written
        elif word == "fsync" and "/Maildir/tmp/" in rest:
            synced.add(name)
        elif word == "rename":
            source = rest.split(" ")[0]
            assert source in synced, f"renamed before it was durable: {source}"
            renamed.add(source)
        elif word == "fsync" and rest.endswith(("/new", "/cur")):
            durable = len(renamed)
        elif word == "fsync" and "fetch.db" in rest:
            safe = durable
        elif re.match(r"DELE \d+", line) or re.match(r"DELE \d+", rest):
            deleted += 1
            states.append((deleted, safe))
    return states


def test_everything_is_durable_before_the_server_is_told_to_delete(postern, server, pki, users, shim, tmp_path):
    user, expected, log = users.bob, messages(700, seed=4, largest=3000), tmp_path / "log"
    collector = Collector(
        postern, server, pki, user, "pop3", "--after=delete", "--tls=off", "--allow-cleartext-auth"
    )
    fill(server, user, expected)
    env = {"LD_PRELOAD": str(shim), "FETCH_SHIM_LOG": str(log)}
    child = collector.start(env=env, program=release())
    _, said = child.communicate(timeout=60)
    log_text = log.read_text(errors="replace")
    log.write_text(re.sub(r"PASS .*|AUTH .*", "", log_text))
    assert child.returncode == 0, said
    states = read_log(log)
    assert len(states) == len(expected)
    assert all(deleted <= safe for deleted, safe in states)
    assert collector.result(expected) == ALL_WELL
