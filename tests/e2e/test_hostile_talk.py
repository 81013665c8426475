"""Hostile in the middle of the conversation: gone during DATA, silent, flooding or rude while a person types."""

import base64
import re
import signal
import termios
import time

import pytest
from hostile_login import assert_refused, log_in
from rig.hostile import Gone

MESSAGE = "Subject: x\n\nhello\n.\n"
TYPED = "EHLO x\nMAIL FROM:<a@example.test>\nRCPT TO:<b@example.test>\nDATA\n" + MESSAGE + "NOOP\nQUIT\n"


def smtp(in_data):
    """A script: a server that does `in_data(peer)` where it should say 354."""

    def script(peer):
        peer.say("220 hostile.example.test ESMTP")
        while not (line := peer.line().upper()).startswith(b"QUIT"):
            if line == b"DATA":
                in_data(peer)
            else:
                peer.say("250 ok")
        peer.say("221 bye")

    return script


def takes(peer):
    peer.say("354 go on")
    while peer.line() != b".":
        pass


def good(peer):
    takes(peer)
    peer.say("250 taken")


def close(_):
    raise Gone("closed")


def close_after_354(peer):
    peer.say("354 go on")
    raise Gone("closed")


def close_in_the_message(peer):
    peer.say("354 go on")
    peer.line()
    raise Gone("closed")


def close_after_the_dot(peer):
    takes(peer)
    raise Gone("closed")


def words_and_close(peer):
    peer.say("354 go on", "421 4.3.0 Too many errors")
    raise Gone("closed")


def reset(peer):
    peer.say("354 go on")
    peer.line()
    peer.reset()


def stall(peer):
    takes(peer)
    peer.stall()


def refuse_for_now(peer):
    takes(peer)
    peer.say("452 4.3.1 Insufficient system storage")


def refuse(peer):
    takes(peer)
    peer.say("554 5.6.0 Rejected")


IN_DATA = [
    (close, 76, "the server closed the connection after DATA"),
    (close_after_354, 76, None),
    (close_in_the_message, 76, None),
    (close_after_the_dot, 76, "the server closed the connection after DATA"),
    (words_and_close, 76, None),
    (reset, 76, None),
    (stall, 75, 'waiting for a reply to "."'),
    (refuse_for_now, 75, "452 4.3.1 Insufficient system storage"),
    (refuse, 69, "554 5.6.0 Rejected"),
]


def send_by_hand(postern, pki, server):
    return log_in(postern, pki, server, "--tls=off", "--timeout=5", login=False, input=TYPED)


def test_a_good_server_takes_the_message(postern, pki, hostile):
    server = hostile.scripted(smtp(good), "smtp")
    result = send_by_hand(postern, pki, server)
    assert result.status == 0 and "<- 250 taken" in result.out, result


@pytest.mark.parametrize("in_data, status, words", IN_DATA, ids=[case[0].__name__ for case in IN_DATA])
def test_trouble_in_data_is_told(postern, pki, hostile, in_data, status, words):
    server = hostile.scripted(smtp(in_data), "smtp")
    result = send_by_hand(postern, pki, server)
    assert_refused(result, status, words or "")
    assert words or re.search("closed the connection|Broken pipe|reset by peer", result.err), result
    server.wait_done()
    if status == 76:
        assert b"NOOP" not in server.received, "a message that was not taken is not followed by more"


@pytest.mark.parametrize(
    "in_data, status",
    [(good, 0), (close, 76), (close_in_the_message, 76), (reset, 76), (words_and_close, 76)],
)
def test_trouble_while_a_file_goes_out_is_told(postern, pki, hostile, in_data, status):
    """More than the sockets hold, so that the writing itself meets it; SIGPIPE is nobody's end."""
    server = hostile.scripted(smtp(in_data), "smtp")
    home = postern.home()
    file = home.file("message", "Subject: x\n\n" + ("x" * 70 + "\n") * 120_000)
    typed = f"EHLO x\nMAIL FROM:<a@example.test>\nRCPT TO:<b@example.test>\n/send {file}\nQUIT\n"
    result = log_in(postern, pki, server, "--tls=off", login=False, input=typed, home=home)
    assert result.status == status, result
    assert bool(result.err) == (result.status != 0)
    if in_data is words_and_close:
        assert 'the server\'s last words: "421 4.3.0 Too many errors"' in result.err, result
        assert "<- 421 4.3.0 Too many errors" in result.out, result


# --- a person at a terminal


@pytest.fixture
def typing(postern, hostile):
    """typing(script): a terminal in the conversation with a server of that script, closed at the end."""
    opened = []

    def begin(script, *args, password=None):
        server = hostile.scripted(script, "smtp")
        terminal = postern.terminal("talk", "--tls=off", *args, server.url(), password=password)
        opened.append(terminal)
        before = terminal.settings()
        terminal.expect("-> ")
        return server, terminal, before

    yield begin
    for terminal in opened:
        terminal.close()


def assert_sane(terminal, before):
    """The terminal is as it was found: echo, canonical mode, signals."""
    after = terminal.settings()
    assert after[:4] == before[:4] and after[3] & termios.ECHO and after[3] & termios.ICANON


def greeting(peer):
    peer.say("220 hostile.example.test ESMTP")
    assert peer.line().startswith(b"EHLO")
    peer.say("250 hostile.example.test")


FLOOD = b"* 250-all work and no play makes Jack a dull boy\r\n" * 200


def flood(peer):
    greeting(peer)
    peer.flood(FLOOD)


def test_a_flood_does_not_lock_the_keyboard_out(typing):
    """What is typed is sent while lines pour in, and ends it."""
    server, terminal, before = typing(flood)
    terminal.expect("Jack a dull boy")
    terminal.line("NOOP")
    terminal.drain(20, lambda: b"NOOP\r\n" in server.received)
    assert b"NOOP\r\n" in server.received
    terminal.line("/drop")
    terminal.drain(20)
    assert terminal.wait() == 0
    assert_sane(terminal, before)


def test_a_flood_ends_with_ctrl_c(typing):
    _, terminal, before = typing(flood)
    terminal.expect("Jack a dull boy")
    for _ in range(3):
        terminal.send("\x03")
        terminal.drain(1.5)
    assert terminal.wait(10) == 130
    assert_sane(terminal, before)


def test_a_line_being_typed_survives_what_comes_in_between(typing):
    def interrupt(peer):
        greeting(peer)
        for number in range(20):
            time.sleep(0.02)
            peer.say(f"250-interruption {number}")
        assert peer.line() == b"NOOP as it was typed"
        peer.say("250 ok", "421 bye")

    server, terminal, before = typing(interrupt)
    for key in "NOOP as it was ":
        terminal.send(key)
        time.sleep(0.02)
    terminal.expect("interruption 19")
    terminal.line("typed")
    terminal.expect("421 bye")
    terminal.line("/quit")
    terminal.wait()
    server.wait_done()
    assert not server.errors
    assert_sane(terminal, before)


def test_closing_while_a_person_types_is_told_and_survived(typing):
    def leave(peer):
        greeting(peer)
        peer.line()
        peer.say("250 ok")

    server, terminal, before = typing(leave)
    terminal.line("NOOP")
    terminal.expect("the server closed the connection")
    terminal.expect("/resume connects again")
    terminal.line("MAIL FROM:<a@example.test>")
    terminal.expect("not sent: the connection is closed")
    terminal.line("/resume")
    terminal.expect("connected to")
    terminal.expect("-> ")
    terminal.line("NOOP")
    terminal.expect("closed the connection")
    terminal.line("/quit")
    assert terminal.wait() == 0
    assert server.connections == 2
    assert_sane(terminal, before)


def test_silence_while_a_person_waits_ends_with_ctrl_c(typing):
    def silence(peer):
        greeting(peer)
        peer.stall()

    _, terminal, before = typing(silence)
    terminal.line("NOOP")
    time.sleep(0.1)
    terminal.send("\x03")
    terminal.expect("still waiting for the reply to NOOP")
    terminal.send("\x03")
    assert terminal.wait() == 130
    assert_sane(terminal, before)


@pytest.mark.parametrize("stage", ("greeting", "EHLO"))
def test_silence_on_the_ladder_ends_with_ctrl_c(postern, hostile, stage):
    def silence(peer):
        if stage == "EHLO":
            peer.say("220 hi")
        peer.stall()

    server = hostile.scripted(silence, "smtp")
    with postern.terminal("talk", server.url()) as terminal:
        before = terminal.settings()
        terminal.expect("connected to" if stage == "greeting" else "-> EHLO")
        time.sleep(0.2)
        terminal.send("\x03")
        assert terminal.wait(5) == 130
        assert_sane(terminal, before)


def test_an_endless_line_ends_the_conversation_of_a_person_too(typing):
    def endless(peer):
        greeting(peer)
        peer.line()
        peer.flood(b"x" * 65536)

    _, terminal, before = typing(endless)
    terminal.line("NOOP")
    terminal.expect("a line of more than 8388608 octets")
    terminal.expect("/resume connects again")
    terminal.line("/quit")
    assert terminal.wait() == 76
    assert_sane(terminal, before)
    assert "xxxxxxxxxx" not in terminal.output


def test_a_server_that_asks_for_a_password_in_the_clear_does_not_get_it(typing):
    """It says anything to have it typed; what is typed stays here."""

    def phish(peer):
        greeting(peer)
        while not (line := peer.line()).startswith(b"QUIT"):
            peer.say(
                "334 UGFzc3dvcmQ6"
                if line.startswith(b"AUTH")
                else "530 Please say AUTH PLAIN with your password"
            )
        peer.say("221 bye")

    server, terminal, before = typing(phish)
    typed = base64.b64encode(b"\0alice\0typed-for-all-to-see").decode()
    terminal.line(f"AUTH PLAIN {typed}")
    terminal.expect("not sent: AUTH would give the password away")
    terminal.line("QUIT")
    terminal.wait()
    server.wait_done()
    assert b"QUIT" in server.received and not server.leaks(["typed-for-all-to-see"])
    assert_sane(terminal, before)


def test_a_kill_leaves_the_terminal_to_be_used(typing):
    """SIGTERM in the middle of a flood."""
    _, terminal, before = typing(flood)
    terminal.expect("Jack a dull boy")
    terminal.signal(signal.SIGTERM)
    assert terminal.wait() == -signal.SIGTERM
    assert_sane(terminal, before)
