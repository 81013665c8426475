"""`postern talk` in a test: what went out and came in, and a person at a terminal.

The fixtures here are for whoever imports them: `from talking import typing  # noqa: F401`."""

import base64
import re
import termios
import time

import pytest
from rig.postern import binary
from rig.tmux import Tmux


def sent(result):
    """The lines that went out, as they are shown."""
    return re.findall(r"^[-~]> ?(.*)$", result.out, re.MULTILINE)


def said(result):
    return re.findall(r"^<[-~] ?(.*)$", result.out, re.MULTILINE)


def b64(text):
    return base64.b64encode(text.encode()).decode()


def maildir_of(server, user):
    return server.maildir(user) / "new"


def arrived(directory, before, seconds=60):
    """The message that came into the directory since `before` was listed."""
    deadline = time.monotonic() + seconds
    while True:
        new = set(directory.iterdir()) - before if directory.exists() else set()
        if new:
            return new.pop().read_bytes()
        assert time.monotonic() < deadline, f"nothing came into {directory}"
        time.sleep(0.05)


def listing(directory):
    return set(directory.iterdir()) if directory.exists() else set()


@pytest.fixture
def alice(talk, dovecot, users):
    """alice(script, ...): in her mailbox by POP3."""

    def run(script, *args, **more):
        more.setdefault("password", users.alice.password)
        return talk(dovecot.url("pop3s", "alice"), "--login", *args, input=script, **more)

    return run


# --- a person at a terminal


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


def history(home):
    return home.state / "postern" / "talk_history"
