"""`postern talk` and a person: editing, history, Tab, output that comes in between, TLS on demand, Ctrl-C, Ctrl-Z, and the
terminal afterwards. What a person would see is read from the screen of a real terminal (tmux)."""

import base64
import os
import re
import signal
import stat
import subprocess
import termios
import time

import pytest
from rig.hostile import Faults, Gone
from rig.postern import binary
from rig.tmux import Tmux

INSECURE, AUTH, INTERRUPTED = 76, 77, 130


def b64(text):
    return base64.b64encode(text.encode()).decode()


@pytest.fixture
def typing(postern, pki):
    """typing(URL, ...): a terminal in the conversation, at its first prompt."""
    opened = []

    def begin(url, *args, ready="/help lists", **more):
        terminal = postern.terminal("talk", f"--ca-file={pki.ca_file}", *args, url, **more)
        opened.append(terminal)
        terminal.before = terminal.settings()
        if ready:
            terminal.expect(ready)
            terminal.expect("[-~]> $")
        return terminal

    yield begin
    for terminal in opened:
        terminal.close()


def assert_sane(terminal):
    """The terminal is as it was found: echo, lines, signals."""
    after = terminal.settings()
    assert after[:4] == terminal.before[:4] and after[3] & termios.ECHO and after[3] & termios.ICANON
    assert after[6] == terminal.before[6]


@pytest.fixture
def screen(postern, pki, tmp_path):
    """screen(URL, ...): the same on a screen that can be looked at."""
    opened = []

    def begin(url, *args, home=None, password=None, rows=30, columns=80, argv=None, ready="/help lists", env=None):
        home = home or postern.home()
        directory = tmp_path / str(len(opened))
        directory.mkdir()
        argv = argv or [binary(), "talk", f"--ca-file={pki.ca_file}", *args, url]
        tmux = Tmux(
            directory,
            argv,
            postern.environment(home, password, {"TERM": "tmux-256color"} | (env or {})),
            rows=rows,
            columns=columns,
            cwd=home.written,
        )
        tmux.home = home
        opened.append(tmux)
        if ready:
            tmux.wait_for(ready)
        return tmux

    yield begin
    for tmux in opened:
        everything = tmux._run("capture-pane", "-p", "-J", "-S", "-")
        (tmux.home.written / "screen").write_text(everything, encoding="utf-8")
        tmux.close()


def enter(tmux, text):
    tmux.keys("-l", text)
    tmux.keys("Enter")


def shown(tmux):
    """The lines of the screen, without what is empty below."""
    return tmux.screen().rstrip("\n").split("\n")


# --- what was typed, and what stands there afterwards


def test_a_line_that_got_a_tag_stands_there_once_with_it(screen, dovecot):
    tmux = screen(dovecot.url("imaps"))
    enter(tmux, "noop")
    tmux.wait_for(r"^<~ A001 OK")
    enter(tmux, "a2 noop")
    tmux.wait_for(r"^<~ a2 OK")
    text = tmux.screen()
    assert "~> A001 noop\n<~ A001 OK" in text and "~> a2 noop\n<~ a2 OK" in text
    assert not re.search(r"^~> noop", text, re.MULTILINE)


@pytest.mark.parametrize("quiet", [False, True])
def test_a_password_leaves_the_screen_as_it_goes_out(screen, dovecot, users, quiet):
    tmux = screen(dovecot.url("pop3s"), *(["-q"] if quiet else []), ready=r"\.\n" if quiet else "/help lists")
    enter(tmux, "USER alice")
    tmux.wait_for(r"^(<~ )?\+OK\n(~> )?USER alice|USER alice\n(<~ )?\+OK")
    tmux.keys("-l", f"PASS {users.alice.password}")
    tmux.wait_for(users.alice.password)  # who types it sees it
    tmux.keys("Enter")
    text = tmux.wait_for("Logged in")
    assert "PASS *****" in text and users.alice.password not in text
    enter(tmux, "/drop")


def test_a_password_that_is_wrapped_over_rows_leaves_the_screen_too(screen, dovecot, users):
    for columns in (40, 41, 42, 57):  # the line ends before, at and behind the last column
        tmux = screen(dovecot.url("imaps"), columns=columns, ready=r"^~>")
        line = f"login longfellow {users.long.password}"
        tmux.keys("-l", line)
        tmux.keys("Enter")
        text = tmux.wait_for("^<~ A001 OK")
        assert "~> A001 login longfellow *****\n<~ A001 OK" in text
        assert "hiawatha" not in text


def test_pass_alone_asks_without_echo(typing, dovecot, users):
    terminal = typing(dovecot.url("pop3s"))
    terminal.line("USER alice")
    terminal.expect(r"\+OK")
    terminal.line("PASS")
    terminal.expect("assword.*: ")
    terminal.line(users.alice.password)
    terminal.expect(r"PASS \*\*\*\*\*")
    terminal.expect("Logged in")
    terminal.line("QUIT")
    assert terminal.wait() == 0
    assert users.alice.password not in terminal.output
    assert_sane(terminal)


def test_explanations_fit_the_terminal(screen, dovecot):
    for columns in (60, 120):
        tmux = screen(dovecot.url("imaps"), rows=40, columns=columns)
        text = "".join(line + "\n" for line in shown(tmux))
        explained = re.findall(r"^     \| .*", text, re.MULTILINE)
        assert columns * 0.8 < max(map(len, explained)) <= columns
        assert not re.search(r"^[a-z]", text.partition("Authentication")[2].partition("===")[0], re.MULTILINE)


# --- history


def history(home):
    return home.state / "postern" / "talk_history"


def test_what_was_typed_can_be_had_again_in_the_next_conversation(postern, typing, dovecot):
    home = postern.home()
    terminal = typing(dovecot.url("pop3s"), home=home)
    for line in ("NOOP first", "NOOP second"):
        terminal.line(line)
        terminal.expect("-ERR")
    terminal.line("/drop")
    assert terminal.wait() == 0
    terminal = typing(dovecot.url("pop3s"), home=home)
    terminal.send("\x1b[A\x1b[A\x1b[A\r")  # up, up, up
    terminal.expect("-ERR")
    terminal.line("/history")
    terminal.expect("NOOP first\r\nNOOP second\r\n/drop\r\nNOOP first\r\n/history\r\n[^~]*~> ")
    terminal.send("\x12second\r")  # Ctrl-R, once the line is edited again: the terminal itself would eat it
    terminal.expect("-ERR")
    terminal.line("/history")
    terminal.expect("/history\r\nNOOP second\r\n/history")
    terminal.line("/drop")
    assert terminal.wait() == 0
    assert stat.S_IMODE(history(home).stat().st_mode) == 0o600
    assert stat.S_IMODE(history(home).parent.stat().st_mode) == 0o700


def test_no_secret_gets_into_the_history(postern, typing, dovecot, users):
    """Not those that were sent, nor those that were not; and not what was typed into a message."""
    home = postern.home(shows_secrets=True)  # on the screen where they are typed
    alice, plain = users.alice, b64(f"\0{users.alice.name}\0{users.alice.password}")
    terminal = typing(dovecot.url("imaps"), home=home)
    for line, answer in (
        ("noop", "OK"),
        (f"login alice {users.wrong}", "NO"),
        (f"a9 LOGIN alice {users.wrong}", "NO"),
        (f"AUTHENTICATE PLAIN {b64(chr(0) + 'alice' + chr(0) + users.wrong)}", "NO"),
        ("authenticate plain", r"\+ "),
        (plain, "OK"),
        ("select inbox", "OK"),
        ("append inbox {9+}", "~> "),
        ("se7ret.", "~> "),
        ("", "OK"),
        (f"/raw {f'x login alice {alice.password}'.encode().hex()} 0d0a", "x BAD"),
        ("logout", "closed the connection"),
    ):
        terminal.line(line)
        terminal.expect(answer)
    terminal.wait()
    text = history(home).read_text().replace("\\040", " ")
    assert re.findall("^(?!_H).*", text, re.MULTILINE) == [
        "noop", "authenticate plain", "select inbox", "append inbox {9+}", "logout", ""
    ]  # fmt: skip


def test_a_password_typed_at_nobody_is_not_remembered(postern, typing, hostile, passwords):
    def leave(peer):
        peer.say("+OK hi")
        raise Gone("done")

    home = postern.home(shows_secrets=True)
    terminal = typing(hostile.scripted(leave, "pop3").url(), "--start-at=greeting", ready=None, home=home)
    terminal.expect("closed> ")
    passwords.add("typed7at-nobody")
    terminal.line("PASS typed7at-nobody")
    terminal.expect("not sent")
    terminal.line("USER alice")
    terminal.expect("not sent")
    terminal.line("/quit")
    terminal.wait()
    assert history(home).read_text().splitlines()[1:] == ["USER\\040alice", "/quit"]


def test_no_history_leaves_nothing(postern, typing, dovecot):
    home = postern.home()
    terminal = typing(dovecot.url("pop3s"), "--no-history", home=home)
    terminal.line("NOOP unforgettable")
    terminal.expect("-ERR")
    terminal.line("/history")
    terminal.expect("NOOP unforgettable\r\n")
    terminal.line("/quit")
    terminal.wait()
    assert not history(home).exists()


# --- Tab


def test_tab_completes_what_can_stand_there(screen, dovecot):
    tmux = screen(dovecot.url("imaps"))
    for typed, completed in (("sel", "select "), ("SEL", "SELECT "), ("/resu", "/resume "), ("a1 uns", "a1 unse"),
                             ("authenticate scram-sha-2", "authenticate scram-sha-256 ")):  # fmt: skip
        tmux.keys("C-u")
        tmux.keys("-l", typed)
        tmux.keys("Tab")
        tmux.keys("-l", "|")
        tmux.wait_for("^~> " + re.escape(completed) + r"\|" if completed[-1] == " " else "^~> ")
    tmux.keys("C-u")
    tmux.keys("-l", "/s")
    tmux.keys("Tab")
    text = tmux.wait_for(r"^/starttls +/save +/send")
    assert text.rstrip("\n").endswith("\n~> /s")


def test_tab_is_a_tab_in_a_message(typing, postfix):
    terminal = typing(postfix.url("smtp"))
    for line in ("MAIL FROM:<>", "RCPT TO:<bob@example.test>", "DATA"):
        terminal.line(line)
        terminal.expect(r"<~ [23]5[04] ")
    terminal.line("Subject:\tx")
    terminal.line("")
    terminal.line("QU\t")
    terminal.line(".")
    terminal.expect("250 2.0.0 Ok: queued")
    terminal.line("QUIT")
    assert terminal.wait() == 0


# --- the server speaks while a person types


def deliver(talk, dovecot, subject):
    script = f"MAIL FROM:<>\nRCPT TO:<harry@example.test>\nDATA\nSubject: {subject}\n\n.\nQUIT\n"
    assert talk(f"lmtp://{dovecot.lmtp_socket}", "--tls=off", input=script).status == 0


LINES = {
    "short": "status inbox (messages)",
    "empty": "",
    "two rows": "fetch 1 (" + "flags " * 14 + ")",
    "three rows": "search or " + "or from a from b " * 10,
    "up to the last column": "x" * 77,
    "one beyond": "x" * 78,
    "wide": "日本語" * 20,
    "wide at the edge": "x" * 76 + "日本語" * 9,
}


@pytest.mark.parametrize("left", [0, 1, 30])
@pytest.mark.parametrize("line", LINES)
def test_what_comes_does_not_tear_the_line_being_typed(screen, hostile, line, left):
    """Wherever the cursor stands in it."""
    go = []

    def script(peer):
        peer.say("220 hi")
        while len(go) < 2:
            time.sleep(0.02)
        peer.say("250-first of two", "250 second of two")
        peer.stall()

    text = LINES[line]
    tmux = screen(hostile.scripted(script, "smtp").url(), "--start-at=greeting", "--explain=off", "--tls=off")
    tmux.keys("-l", text)
    if left:
        tmux._run("send-keys", "-N", str(left), "Left")
    beginning = "->" + re.escape((" " + text[:20]).rstrip())
    tmux.wait_for("^" + beginning)
    go += [1, 2]
    tmux.wait_for(r"^<- 250 second of two\n" + beginning)
    lines = shown(tmux)
    at = lines.index("<- 250 second of two")
    assert lines[at - 1] == "<- 250-first of two" and lines[at - 2].startswith("=== /help lists")
    assert "".join(lines[at + 1 :]).replace(" ", "") == ("->" + text).replace(" ", "")
    tmux.keys("-l", "!")  # and the cursor is where it was
    where = len(text) - min(left, len(text))
    whole = (text[:where] + "!" + text[where:]).replace(" ", "")
    deadline = time.monotonic() + 5
    while "".join(shown(tmux)[at + 1 :]).replace(" ", "") != "->" + whole:
        assert time.monotonic() < deadline, tmux.screen()
        time.sleep(0.05)


def test_mail_that_arrives_while_idling_is_told_at_once(screen, talk, dovecot, users):
    tmux = screen(dovecot.url("imaps", "harry"), "--login", "--auth=PLAIN", password=users.hashed.password)
    enter(tmux, "select inbox")
    tmux.wait_for("READ-WRITE")
    enter(tmux, "idle")
    tmux.wait_for(r"\+ idling")
    tmux.keys("-l", "DO")
    deliver(talk, dovecot, "one")
    tmux.wait_for(r"^<~ \* 1 EXISTS\n(.*\n)+~> DO$")
    deliver(talk, dovecot, "two")
    tmux.wait_for(r"^<~ \* 2 EXISTS\n(.*\n)+~> DO$")
    enter(tmux, "NE")
    tmux.wait_for("OK Idle completed")
    tmux.keys("C-d")
    tmux.wait_for("Logout completed")


def test_leaving_while_idling_says_done_first(typing, dovecot, users):
    terminal = typing(dovecot.url("imaps", "bob"), "--login", password=users.bob.password)
    terminal.line("select inbox")
    terminal.expect("READ-WRITE")
    terminal.line("idle")
    terminal.expect("idling")
    terminal.line("/quit")
    terminal.expect("DONE.*OK Idle completed.*LOGOUT.*BYE")
    assert terminal.wait() == 0


def test_the_line_being_typed_follows_the_width_of_the_window(screen, hostile):
    def script(peer):
        peer.say("220 hi")
        for _ in range(100):
            peer.say("250 tick")
            time.sleep(0.1)
        peer.stall()

    text = "this line is longer than one of the windows is wide, and shorter than the other"
    tmux = screen(hostile.scripted(script, "smtp").url(), "--start-at=greeting", "--explain=off", "--tls=off")
    tmux.keys("-l", text)
    for columns in (50, 100, 40):
        tmux._run("resize-window", "-x", str(columns), "-y", "30")
        time.sleep(0.5)
        lines = shown(tmux)
        last = max(number for number, line in enumerate(lines) if line == "<- 250 tick")
        assert "".join(lines[last + 1 :]).replace(" ", "") == ("-> " + text).replace(" ", "")
        assert lines[last - 1] == "<- 250 tick"


def test_output_without_a_line_end_is_not_lost(screen, hostile):
    """A prompt of the server's stays above ours."""

    def script(peer):
        peer.send(b"login: ")
        peer.line()
        peer.send(b"password: ")
        peer.stall()

    tmux = screen(hostile.scripted(script).url(), ready="^login:$")
    enter(tmux, "joe")
    text = tmux.wait_for("^password:$")
    assert "\nlogin:\n-> joe\npassword:\n->\n" in text


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
