"""Servers that stop in the middle: silent at a stage, closed or reset at one, cut off after any byte. Always an end, a status
and a message that says where; never a secret outside of TLS, or before its time inside."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hostile_login import LOGINS, assert_logged_in, assert_nothing_secret, assert_refused, log_in
from rig.hostile import Faults
from rig.users import Users

AT_ONCE = 6  # runs at a time: much of each is waiting

# stage of the server: the rung that the message names. IMAP and ManageSieve tell their capabilities in the greeting.
STAGES = {
    "greeting": "greeting",
    "capabilities": "capabilities",
    "starttls": "starttls",
    "handshake": "tls",
    "tls:capabilities": "tls",
    "tls:auth": "auth",
}


def stages(scheme):
    return [
        stage
        for stage in STAGES
        if (scheme, stage) not in (("imap", "capabilities"), ("sieve", "capabilities"))
    ]


def all_at_once(postern, run, cases):
    """run(case, home) for every case, some at a time; the results in order."""
    homes = [postern.home() for _ in cases]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(run, cases, homes))


def at_each_stage(postern, pki, hostile, scheme, fault, *args):
    """(stage, server, result) of a login at a server with this fault, for every stage."""
    servers = {stage: hostile(scheme, Faults(**{fault: stage})) for stage in stages(scheme)}
    results = all_at_once(
        postern, lambda stage, home: log_in(postern, pki, servers[stage], *args, home=home), list(servers)
    )
    return zip(servers, servers.values(), results)


def assert_told_where(result, stage, server, *words):
    assert f": {STAGES[stage]}: " in result.err, (stage, result)
    assert any(word in result.err for word in words), (stage, result)
    assert server.stages[-1] == stage
    if stage == "tls:auth":
        assert not server.leaks([Users.alice.password]) and b"alice" not in server.received
    else:
        assert_nothing_secret(server)


@pytest.mark.parametrize("scheme", LOGINS)
def test_silence_times_out_at_each_stage(postern, pki, hostile, scheme):
    for stage, server, result in at_each_stage(postern, pki, hostile, scheme, "stall_at", "--timeout=2"):
        assert_refused(result, 75, "timed out")
        assert 1.9 < result.seconds < 40
        assert_told_where(result, stage, server, "waiting for", "TLS handshake with localhost")


@pytest.mark.parametrize("scheme", LOGINS)
def test_closing_is_told_at_each_stage(postern, pki, hostile, scheme):
    for stage, server, result in at_each_stage(postern, pki, hostile, scheme, "drop_at"):
        assert_refused(result, 76, "closed the connection")
        assert_told_where(
            result,
            stage,
            server,
            "the greeting",
            "a reply to",
            "after the TLS handshake",
            "the TLS handshake",
            "our TLS handshake",
        )


@pytest.mark.parametrize("scheme", LOGINS)
def test_a_reset_is_told_at_each_stage(postern, pki, hostile, scheme):
    for stage, server, result in at_each_stage(postern, pki, hostile, scheme, "reset_at"):
        if stage == "greeting" and result.status == 69:  # it overtook our connecting
            assert_refused(result, 69, "Connection reset by peer")
            continue
        assert_refused(result, 76)
        assert_told_where(result, stage, server, "Connection reset by peer", "closed the connection")


def test_a_line_that_dribbles_in_gets_no_more_time_than_silence(postern, pki, hostile):
    def script(peer):
        while True:
            peer.send(b"2")
            time.sleep(0.1)

    server = hostile.scripted(script, "smtp")
    result = log_in(postern, pki, server, "--timeout=1")
    assert_refused(result, 75, "greeting: timed out after 1 s", "octets came, but not all of it")
    assert result.seconds < 40


@pytest.mark.parametrize("scheme", ("smtp", "pop3", "imap", "sieve"))
def test_slow_is_not_silent(postern, pki, hostile, scheme):
    """A byte in a packet of its own, handshake and all, is a login all the same."""
    server = hostile(scheme, Faults(dribble=True))
    assert_logged_in(log_in(postern, pki, server), server)


# --- cut at each byte

LADDERS = ("smtp", "pop3", "imap")
BYE = {"smtp": b"221 ", "pop3": b"+OK bye", "imap": b"* BYE"}
HANDSHAKE_STEP = 37  # of some thousand bytes of it, every so manieth


def measured(postern, pki, hostile, scheme):
    """What a good server says: (bytes in the clear, bytes on the wire in all, bytes inside TLS before the goodbye, those)."""
    server = hostile(scheme)
    assert_logged_in(log_in(postern, pki, server, "--auth=PLAIN"), server)
    inside = bytes(server.said_tls)
    return len(server.said), server.sent, inside.index(BYE[scheme]), inside


def cut(postern, pki, hostile, scheme, cases):
    """(faults, server, result) for each of the faults."""
    servers = [hostile(scheme, faults) for faults in cases]

    def run(index, home):
        return log_in(postern, pki, servers[index], "--auth=PLAIN", "--timeout=20", home=home)

    return zip(cases, servers, all_at_once(postern, run, range(len(cases))))


def assert_cut_is_told(faults, result):
    assert result.status in (69, 76), (faults, result)
    assert result.err.startswith("postern: ") and result.err.count("\n") == 1, (faults, result)
    assert "closed the connection" in result.err or "reset by peer" in result.err, (faults, result)


@pytest.mark.parametrize("scheme", LADDERS)
def test_cut_at_each_byte_in_the_clear(postern, pki, hostile, scheme):
    clear = measured(postern, pki, hostile, scheme)[0]
    assert clear > 60
    for faults, server, result in cut(
        postern, pki, hostile, scheme, [Faults(cut_after=n) for n in range(clear + 1)]
    ):
        assert_cut_is_told(faults, result)
        assert_nothing_secret(server)


@pytest.mark.parametrize("scheme", LADDERS)
def test_cut_inside_the_handshake(postern, pki, hostile, scheme):
    clear, whole, _, _ = measured(postern, pki, hostile, scheme)
    assert whole > clear + 800
    places = [*range(clear + 1, clear + 12), *range(clear + 12, whole, HANDSHAKE_STEP)]
    seen = set()
    for faults, server, result in cut(postern, pki, hostile, scheme, [Faults(cut_after=n) for n in places]):
        if server.received_tls:  # the handshake is behind us: these are the records of the login
            continue
        seen.add(faults.cut_after)
        assert_cut_is_told(faults, result)
        assert_nothing_secret(server)
    assert len(seen) > 25


@pytest.mark.parametrize("scheme", LADDERS)
def test_cut_at_each_byte_inside_tls(postern, pki, hostile, scheme):
    _, _, login, inside = measured(postern, pki, hostile, scheme)
    capabilities = inside.index(b"\n", inside.index(b"PLAIN")) + 1
    cases = [Faults(cut_inside_after=n, no_close_notify=n % 2 == 0) for n in range(login + 1)]
    for faults, server, result in cut(postern, pki, hostile, scheme, cases):
        if faults.cut_inside_after == login:  # nothing is missing but the goodbye
            assert_logged_in(result, server)
            continue
        assert_cut_is_told(faults, result)
        assert not server.leaks([Users.alice.password])
        if faults.cut_inside_after < capabilities:
            assert_nothing_secret(server)
