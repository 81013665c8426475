"""`postern talk` and a person: TLS on demand, lines pasted and typed ahead, Ctrl-C, Ctrl-D, Ctrl-Z, and the terminal afterwards."""

import os
import re
import signal
import time

import pytest
from rig.hostile import Faults
from rig.postern import binary
from talking import assert_sane, b64, enter, history, screen, shown, typing  # noqa: F401

INSECURE, AUTH, INTERRUPTED = 76, 77, 130

# --- TLS on demand


@pytest.mark.parametrize("scheme", ["smtp", "pop3", "imap"])
def test_a_typed_starttls_begins_the_handshake(typing, dovecot, postfix, scheme):
    terminal = typing((postfix if scheme == "smtp" else dovecot).url(scheme), "--start-at=greeting")
    if scheme == "smtp":
        terminal.line("EHLO me")
        terminal.expect("CHUNKING")
    terminal.line("stls" if scheme == "pop3" else "starttls")
    terminal.expect("=== TLS 1.3")
    terminal.expect("~> $")
    terminal.line("/starttls")
    terminal.expect("TLS is up already")
    terminal.signal(signal.SIGALRM)
    terminal.expect("TLS is up already")
    terminal.line("starttls" if scheme != "pop3" else "stls")
    terminal.expect("not sent: TLS is up already")
    terminal.line("/quit")
    assert terminal.wait() == 0
    assert_sane(terminal)


def test_an_alarm_upgrades_with_half_a_line_typed(screen, postern, pki, postfix):
    home = postern.home()
    pid = home.written / "pid"
    script = f'echo $$ > {pid}; exec {binary()} talk --ca-file={pki.ca_file} --start-at=greeting {postfix.url("smtp")}'
    tmux = screen(None, home=home, argv=["/bin/sh", "-c", script])
    tmux.keys("-l", "MAIL FR")
    tmux.wait_for("^-> MAIL FR$")
    os.kill(int(pid.read_text()), signal.SIGALRM)
    tmux.wait_for("^~> MAIL FR$")
    enter(tmux, "OM:<>")
    tmux.wait_for("250 2.1.0 Ok")


def slow_starttls(asked):
    """A server that takes its time to agree, and counts how often it was asked."""

    def script(peer):
        time.sleep(0.4)
        peer.say("220 hi")
        while True:
            line = peer.line().upper()
            if line == b"STARTTLS":
                asked.append(peer.secure)
                time.sleep(0.6)
                peer.say("220 go ahead")
                peer.upgrade()
            else:
                peer.say("250-hi", "250 STARTTLS") if line.startswith(b"EHLO") else peer.say("250 ok")

    return script


def test_alarms_before_during_and_after_the_upgrade_ask_once(typing, hostile):
    asked = []
    server = hostile.scripted(slow_starttls(asked), "smtp")
    terminal = typing(server.url(), "--start-at=greeting", ready=None)
    terminal.expect("connected to")
    terminal.signal(signal.SIGALRM)  # the greeting has not come yet
    terminal.expect("-> STARTTLS")
    terminal.signal(signal.SIGALRM)
    terminal.signal(signal.SIGALRM)
    terminal.expect("=== TLS 1.3")
    terminal.expect("TLS is up already")
    terminal.signal(signal.SIGALRM)
    terminal.expect("TLS is up already")
    terminal.line("/drop")
    assert terminal.wait() == 0
    assert asked == [False]


def test_an_alarm_while_a_typed_starttls_waits_asks_once(typing, hostile):
    asked = []
    server = hostile.scripted(slow_starttls(asked), "smtp")
    terminal = typing(server.url(), "--start-at=greeting")
    terminal.line("EHLO me")
    terminal.expect("250 STARTTLS")
    terminal.line("STARTTLS")
    time.sleep(0.2)
    terminal.signal(signal.SIGALRM)
    terminal.expect("TLS was asked for already")
    terminal.expect("=== TLS 1.3")
    terminal.line("/drop")
    assert terminal.wait() == 0
    assert asked == [False]


def test_a_failed_handshake_leaves_a_person_at_a_closed_prompt(typing, hostile):
    server = hostile("smtp", Faults(cert="expired"))
    terminal = typing(server.url(), "--start-at=greeting")
    terminal.line("/starttls")
    terminal.expect("certificate has expired")
    terminal.expect("closed> ")
    terminal.line("NOOP")
    terminal.expect("not sent: the connection is closed")
    terminal.line("/help")
    terminal.expect(r"kill -ALRM \d+")
    time.sleep(0.5)  # the prompt is back: before, the terminal itself takes Ctrl-D
    terminal.send("\x04")
    assert terminal.wait() == INSECURE, "nothing made it good"
    assert_sane(terminal)


# --- pasted, and typed ahead


def test_a_pasted_session_goes_out_in_its_order(postern, typing, postfix, dovecot, users):
    """STARTTLS, AUTH and DATA change what the next line is: it waits for them."""
    directory = dovecot.maildir(users.bob)
    before = set(directory.glob("new/*"))
    response = b64(f"\0alice\0{users.alice.password}")
    lines = f"EHLO me\nSTARTTLS\nEHLO me\nAUTH PLAIN\n{response}\nMAIL FROM:<alice@example.test>\nRCPT TO:<bob@example.test>"
    lines += "\nDATA\nSubject: pasted\n\n/quit\nRSET\n..\n.\nNOOP\nQUIT\n"
    home = postern.home(shows_secrets=True)
    terminal = typing(postfix.url("submission"), "--start-at=greeting", home=home)
    terminal.send(lines.replace("\n", "\r"))
    terminal.expect("235 2.7.0")
    terminal.expect("250 2.0.0 Ok: queued")
    terminal.expect("221 2.0.0 Bye")
    assert terminal.wait() == 0
    deadline = time.monotonic() + 10
    while not (new := set(directory.glob("new/*")) - before):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert new.pop().read_bytes().replace(b"\r", b"").endswith(b"\n\n/quit\nRSET\n.\n")
    remembered = history(home).read_text().replace("\\040", " ").splitlines()[1:]
    assert remembered == [line for line in lines.partition("Subject")[0].splitlines() if line != response] + ["NOOP", "QUIT"]


def test_ctrl_c_stops_the_waiting_of_what_was_typed_ahead(typing, hostile):
    def script(peer):
        peer.say("220 hi")
        assert peer.line() == b"DATA"
        assert peer.line() == b"NOOP", "who has pressed Ctrl-C decides"
        peer.say("250 ok", "250 ok")
        peer.stall()

    server = hostile.scripted(script, "smtp")
    terminal = typing(server.url(), "--start-at=greeting", "--tls=off")
    terminal.line("DATA")
    time.sleep(0.2)
    terminal.line("NOOP")
    terminal.expect("waiting for the reply to DATA first")
    terminal.send("\x03")
    terminal.expect("-> $")
    terminal.line("NOOP")
    terminal.expect("250 ok")
    terminal.line("/drop")
    assert terminal.wait() == 0


# --- keys that end, stop and take back


def test_ctrl_c_takes_a_long_line_back(screen, hostile):
    def script(peer):
        peer.say("220 hi")
        assert peer.line() == b"NOOP"
        peer.say("250 ok")
        peer.stall()

    server = hostile.scripted(script, "smtp")
    tmux = screen(server.url(), "--start-at=greeting", "--explain=off", "--tls=off")
    text = "MAIL FROM:<" + "x" * 200
    tmux.keys("-l", text)
    tmux.keys("C-a")
    tmux.keys("C-c")
    tmux.wait_for(r"x\^C\n->$")
    lines = shown(tmux)
    assert "".join(lines[-4:-1]).replace(" ", "") == ("-> " + text + "^C").replace(" ", "") and lines[-1] == "->"
    enter(tmux, "NOOP")
    tmux.wait_for("^<- 250 ok")
    assert not server.errors


def test_ctrl_d_says_goodbye(typing, dovecot):
    terminal = typing(dovecot.url("pop3s"))
    terminal.send("\x04")
    terminal.expect("~> QUIT.*Logging out")
    assert terminal.wait() == 0
    assert_sane(terminal)


def test_what_is_typed_ahead_of_the_prompt_counts(typing, hostile):
    """Nothing is echoed in between, and Ctrl-D is not lost."""

    def script(peer):
        peer.say("220 hi")
        assert peer.line() == b"STARTTLS"
        time.sleep(0.6)
        peer.say("502 no")
        assert peer.line() == b"NOOP"
        peer.say("250 ok")
        assert peer.line() == b"QUIT"
        peer.say("221 bye")

    server = hostile.scripted(script, "smtp")
    terminal = typing(server.url(), "--start-at=greeting", "--tls=off")
    terminal.line("STARTTLS")
    terminal.line("")  # has to wait
    time.sleep(0.1)
    terminal.send("NO")
    time.sleep(0.1)
    terminal.send("OP\r")
    terminal.send("\x04")
    terminal.expect("250 ok")
    terminal.expect("221 bye")
    assert terminal.wait() == 0
    server.wait_done()
    assert not server.errors
    assert_sane(terminal)


def test_ctrl_d_in_a_message_gives_it_up(typing, postfix):
    """QUIT would be a line of it."""
    terminal = typing(postfix.url("smtp"))
    for line in ("MAIL FROM:<>", "RCPT TO:<bob@example.test>", "DATA"):
        terminal.line(line)
        terminal.expect(r"<~ [23]5[04] ")
    terminal.line("Subject: never")
    time.sleep(0.5)
    terminal.send("\x04")
    terminal.expect("dropped in the middle of DATA: the server has not taken it")
    assert terminal.wait() == 0
    assert "QUIT" not in terminal.output


def test_ctrl_c_in_a_login_that_stalls_comes_back_to_the_prompt(typing, hostile, users):
    server = hostile("pop3", Faults(stall_at="tls:auth"))
    terminal = typing(server.url("alice"), "--auth=PLAIN", password=users.alice.password)
    terminal.line("/auth")
    terminal.expect(r"AUTH PLAIN \*\*\*\*\*")
    terminal.send("\x03")
    terminal.expect(r"\*\*\* .*(interrupt|cancel)")
    terminal.expect("> $")
    terminal.line("/drop")
    terminal.wait()
    assert_sane(terminal)


@pytest.fixture
def shell(screen, postern, pki):
    """A shell with job control on a screen, and what runs postern in it."""

    def begin(url, *args):
        home = postern.home()
        rc = home.file("rc", "PS1='$ '\n")
        tmux = screen(None, home=home, argv=["/bin/bash", "--rcfile", rc, "-i"], ready=r"^\$", columns=132)
        enter(tmux, "stty -a > before")
        enter(tmux, " ".join(["clear;", binary(), "talk", f"--ca-file={pki.ca_file}", *args, url]))
        return tmux

    return begin


def settings(tmux, name):
    enter(tmux, f"stty -a > {name}; echo d''one {name}")
    tmux.wait_for(f"^done {name}")
    return (tmux.home.written / name).read_text(), (tmux.home.written / "before").read_text()


def test_ctrl_z_gives_the_terminal_back_and_fg_goes_on(shell, dovecot):
    tmux = shell(dovecot.url("pop3s"))
    tmux.wait_for("^~>")
    tmux.keys("-l", "NOOP ha")
    tmux.keys("C-z")
    tmux.wait_for(r"Stopped[^$]*\n\$")
    stopped, before = settings(tmux, "stopped")
    assert stopped == before
    enter(tmux, "fg")
    tmux.wait_for("^~> NOOP ha$")
    enter(tmux, "lf")
    tmux.wait_for("^<~ -ERR")
    enter(tmux, "QUIT")
    tmux.wait_for(r"closed the connection\n\$")
    after, before = settings(tmux, "after")
    assert after == before


def test_ctrl_z_works_while_the_server_is_silent(shell, hostile):
    server = hostile("smtp", Faults(stall_at="greeting"))
    tmux = shell(server.url())
    tmux.wait_for("connected to")
    tmux.keys("C-z")
    tmux.wait_for(r"Stopped[^$]*\n\$")
    enter(tmux, "fg")
    tmux.wait_for(r"talk --ca.*\n(.*\n)*.*talk --ca")
    tmux.keys("C-c")
    tmux.wait_for(r"\$ ?\n*\Z")
    enter(tmux, "echo status $?")
    tmux.wait_for(f"^status {INTERRUPTED}")


# --- whatever ends it, the terminal is as it was


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_a_crash_leaves_a_sane_terminal(typing, dovecot, number):
    terminal = typing(dovecot.url("pop3s"))
    terminal.send("half a li")
    terminal.expect("half a li")
    assert terminal.settings()[:4] != terminal.before[:4], "it was in the way of editing"
    terminal.signal(number)
    assert terminal.wait() != 0
    assert_sane(terminal)


def test_a_connection_that_is_reset_is_survived(typing, hostile):
    def script(peer):
        peer.say("220 hi")
        peer.line()
        peer.reset()

    server = hostile.scripted(script, "smtp")
    terminal = typing(server.url(), "--start-at=greeting", "--tls=off")
    terminal.line("NOOP")
    terminal.expect("reset by peer|closed the connection")
    terminal.expect("closed> ")
    terminal.line("/resume")
    terminal.expect("-> $")
    terminal.line("/drop")
    assert terminal.wait() == 0
    assert server.connections == 2
    assert_sane(terminal)


def test_a_refusal_that_a_person_has_read_is_no_failure_but_a_login_is(postern, typing, dovecot, users):
    terminal = typing(dovecot.url("pop3s"))
    terminal.line("NOOP too early")
    terminal.expect("-ERR")
    terminal.line("QUIT")
    assert terminal.wait() == 0
    terminal = typing(dovecot.url("pop3s"), home=postern.home(shows_secrets=True))
    terminal.line("USER alice")
    terminal.expect(r"\+OK")
    terminal.line(f"PASS {users.wrong}")
    terminal.expect("-ERR")
    terminal.line("QUIT")
    assert terminal.wait() == AUTH


def test_quiet_shows_what_the_server_says_and_no_more(typing, dovecot):
    terminal = typing(dovecot.url("pop3s"), "-q", ready=None)
    terminal.expect(r"\r\n\.\r\n")
    terminal.line("NOOP")
    terminal.expect("-ERR Unknown command")
    terminal.line("QUIT")
    terminal.expect("Logging out")
    assert terminal.wait() == 0
    assert not re.search("~>|<~|===|     \\| ", terminal.output)


@pytest.mark.parametrize("env, args, coloured", [
    ({}, [], True), ({"NO_COLOR": "1"}, [], False), ({}, ["--color=never"], False), ({"TERM": "dumb"}, [], False),
    ({"NO_COLOR": "1"}, ["--color=always"], True),
])  # fmt: skip
def test_colour_where_it_is_wanted(typing, dovecot, env, args, coloured):
    terminal = typing(dovecot.url("pop3s"), *args, env=env, ready=None)
    terminal.expect("/help lists")
    terminal.line("/drop")
    terminal.wait()
    assert bool(re.search(r"\x1b\[[\d;]*m===|\x1b\[2m", terminal.output)) == coloured
