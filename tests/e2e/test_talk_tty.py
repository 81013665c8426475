"""`postern talk` and a person: editing, history, Tab, and output that comes in between. What a person would see is read from the
screen of a real terminal (tmux)."""

import re
import stat
import time

import pytest
from rig.hostile import Gone
from talking import assert_sane, b64, enter, history, screen, shown, typing  # noqa: F401


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
    screen = tmux.wait_for(r"\+ idling\n(.*\n)+<~ \* \d+ EXISTS\n(.*\n)+~> DO$")
    there = int(re.findall(r"^<~ \* (\d+) EXISTS$", screen, re.MULTILINE)[-1])  # other tests send mail here too
    deliver(talk, dovecot, "two")
    tmux.wait_for(rf"^<~ \* {there + 1} EXISTS\n(.*\n)+~> DO$")
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
