"""`postern fetch` that stays: IDLE through breaks, a daemon told by signals, and what they tell meanwhile."""

import imaplib
import json
import re
import signal
import ssl
import subprocess
import time

import pytest

from fetching import ALL_WELL, Collector, collected, compare, fill, messages
from rig.dovecot import Dovecot
from rig.proxy import Proxy

NEW = messages(8, seed=77)


@pytest.fixture(scope="module")
def server(rig):
    return rig.launch(Dovecot(rig, "dovecot-stay", settings="mail_fsync = never\n"))


@pytest.fixture
def staying(postern, server, pki, users):
    """Starts one that stays; when the test ends it is told to end, and must do so in good order."""
    started = []

    def start(scheme, *options, content=(), **more):
        fill(server, users.bob, list(content))
        c = Collector(postern, server, pki, users.bob, scheme, *options, **more)
        started.append(c.start())
        return c

    yield start
    for child in started:
        child.send_signal(signal.SIGTERM)
        _, said = child.communicate(timeout=30)
        assert child.returncode == 0, said
        assert b"Sanitizer" not in said, said


def append(server, pki, user, content, folder="INBOX"):
    """As another client of the same mailbox would: the server tells those who wait."""
    context = ssl.create_default_context(cafile=pki.ca_file)
    with imaplib.IMAP4_SSL("localhost", server.port("imaps"), ssl_context=context) as client:
        client.login(user.name, user.password)
        for one in content:
            assert client.append(folder, None, None, one)[0] == "OK"


def wait_for(true, what, seconds=60):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, what()
        time.sleep(0.05)


def wait_collected(c, expected):
    wait_for(lambda: len(collected(c.maildir)) >= len(expected), lambda: c.result(expected))
    assert c.result(expected) == ALL_WELL


def test_idle_fetches_what_comes_as_it_comes(staying, server, pki, users):
    old = messages(3, seed=3)
    c = staying("imaps", "--idle", content=old)
    wait_collected(c, old)
    append(server, pki, users.bob, NEW[:1])
    wait_collected(c, old + NEW[:1])
    append(server, pki, users.bob, NEW[1:4])
    wait_collected(c, old + NEW[:4])


def test_idle_comes_back_when_the_connection_breaks(staying, server, pki, users):
    with Proxy(server.port("imaps")) as proxy:
        c = staying("imaps", "--idle", content=NEW[:1], port=proxy.port)
        wait_collected(c, NEW[:1])
        proxy.drop()
        append(server, pki, users.bob, NEW[1:3])
        wait_collected(c, NEW[:3])
        assert proxy.connections == 2


def test_idle_moves_what_it_fetched_at_once(staying, server, pki, users):
    c = staying("imaps", "--idle", "--after=move:Fetched")
    time.sleep(0.2)
    append(server, pki, users.bob, NEW[:2])
    wait_collected(c, NEW[:2])
    moved = server.maildir(users.bob) / ".Fetched"
    wait_for(lambda: sum(1 for name in ("cur", "new") for _ in (moved / name).glob("*")) == 2, lambda: list(moved.rglob("*")))


def account(server, pki, user, name, to, port=None):
    scheme = "imaps" if port or "steady" in name or "refused" in name else "pop3s"
    return (f"[account {name}]\nurl = {scheme}://{user.name}@localhost:{port or server.port(scheme)}\nca-file = {pki.ca_file}\n"
            f"password = {user.password}\nto = {to}\n")


def test_a_daemon_reads_its_accounts_anew_when_told(postern, server, pki, users):
    """SIGHUP: an account that was added is collected; a file that went wrong is told, and what was known goes on."""
    from rig.postern import binary

    home = postern.home()
    bobs, alices = home.written / "bob", home.written / "alice"
    fill(server, users.bob, NEW[:2])
    fill(server, users.alice, NEW[2:5])
    conf = home.file("postern/accounts.conf", account(server, pki, users.bob, "bob", bobs))
    child = subprocess.Popen([binary(), "fetch", "--daemon=1h"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.PIPE, env=postern.environment(home), cwd=home.written)
    try:
        wait_for(lambda: len(collected(bobs)) == 2, child.poll)
        conf.write_text(account(server, pki, users.bob, "bob", bobs) + account(server, pki, users.alice, "alice", alices))
        child.send_signal(signal.SIGHUP)
        wait_for(lambda: len(collected(alices)) == 3, child.poll)
        conf.write_text("[account bob]\nulr = pop3s://bob@localhost\n")
        child.send_signal(signal.SIGHUP)
        time.sleep(0.3)
        append(server, pki, users.bob, NEW[5:7])
        child.send_signal(signal.SIGUSR1)
        wait_for(lambda: len(collected(bobs)) == 4, child.poll)
    finally:
        child.send_signal(signal.SIGTERM)
        _, said = child.communicate(timeout=30)
    assert child.returncode == 0 and b"did you mean url" in said and b"Sanitizer" not in said, said
    assert compare(NEW[:2] + NEW[5:7], collected(bobs)) == ALL_WELL
    assert compare(NEW[2:5], collected(alices)) == ALL_WELL


def test_figures_for_prometheus_are_replaced_after_each_run(postern, server, pki, users):
    fill(server, users.bob, NEW[:3])
    c = Collector(postern, server, pki, users.bob, "pop3s")
    figures = c.home.written / "postern.prom"
    assert c.run(f"--prometheus={figures}").status == 0
    first = figures.read_text()
    named = dict(re.findall(r"^(\w+)\{[^}]*\} (\S+)$", first, re.M))
    assert len(named) >= 3 and "3" in named.values(), first
    for name in named:
        assert f"# TYPE {name} " in first and f"# HELP {name} " in first, first
    append(server, pki, users.bob, NEW[3:4])
    assert c.run(f"--prometheus={figures}").status == 0 and figures.read_text() != first
    assert list(figures.parent.glob("*.prom*")) == [figures]


def test_a_terminal_shows_how_far_it_is(postern, server, pki, users):
    content = messages(60, seed=5, largest=200_000)
    fill(server, users.bob, content)
    with Proxy(server.port("pop3s"), rtt=0.3) as proxy:
        c = Collector(postern, server, pki, users.bob, "pop3s", port=proxy.port)
        with postern.terminal(*c.argv, home=c.home, password=users.bob.password, size=(24, 100)) as terminal:
            terminal.expect(r"\[=*>? *\] +\d+%  \d+ of 60  [\d.]+ \w+  [\d.]+ \w+/s  ETA \d+:\d\d")
            assert terminal.wait() == 0
            shown = terminal.output
        assert re.search(r"60 messages", shown), shown
        assert all(len(part) < 100 for part in re.split(r"[\r\n]|\x1b\[K", shown)), shown
    assert c.result(content) == ALL_WELL


@pytest.mark.parametrize("columns", [20, 45])
def test_a_narrow_terminal_shows_what_there_is_room_for(postern, server, pki, users, columns):
    fill(server, users.bob, messages(60, seed=5, largest=200_000))
    with Proxy(server.port("pop3s"), rtt=0.3) as proxy:
        c = Collector(postern, server, pki, users.bob, "pop3s", port=proxy.port)
        with postern.terminal(*c.argv, home=c.home, password=users.bob.password, size=(24, columns)) as terminal:
            terminal.expect(r"\d+%  .*ETA \d+:\d\d")
            assert terminal.wait() == 0
            drawn = re.findall(r"\r\x1b\[K([^\r\n\x1b]*ETA[^\r\n\x1b]*)", terminal.output)
        assert drawn and all(len(line) < columns for line in drawn), drawn


def test_accounts_behind_one_hop_ask_for_its_passphrase_once(postern, server, ssh, pki, users, tmp_path):
    fill(server, users.bob, NEW[:2])
    options = [word for word in ssh.options(key=ssh.locked_key) if not word.startswith("BatchMode")]
    argv = ["fetch", "-v", f"--ca-file={pki.ca_file}", f"--to={tmp_path}/M", f"--via={ssh.hop}", *[f"--ssh-option={word}" for word in options],
            *[f"{scheme}://bob@localhost:{server.port(scheme)}" for scheme in ("pop3s", "imaps")]]
    with postern.terminal(*argv, password=users.bob.password) as terminal:
        terminal.expect("Enter passphrase for key '.*id_locked': ")
        terminal.line(users.key_passphrase)
        assert terminal.wait() == 0
        shown = terminal.output
    assert shown.count("Enter passphrase") == 1 and shown.count("2 messages") == 2, shown
    assert compare(NEW[:2] * 2, collected(tmp_path / "M")) == ALL_WELL


def test_accounts_that_stay_do_not_wait_for_each_other(postern, server, pki, users):
    """One connection breaks, another account is polled only, a third is refused: none keeps the others from their mail."""
    from rig.postern import binary

    home = postern.home()
    box = {name: home.written / name for name in ("broken", "steady", "refused")}
    fill(server, users.bob, [])
    fill(server, users.alice, [])
    with Proxy(server.port("imaps")) as proxy:
        home.file("postern/accounts.conf", account(server, pki, users.bob, "broken", box["broken"], proxy.port)
                  + account(server, pki, users.alice, "steady", box["steady"])
                  + account(server, pki, users.bob, "refused", box["refused"]).replace(users.bob.password, "wrong"))
        child = subprocess.Popen([binary(), "fetch", "--idle"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.PIPE, env=postern.environment(home), cwd=home.written)
        try:
            for number in range(2):
                append(server, pki, users.bob, NEW[number:number + 1])
                append(server, pki, users.alice, NEW[number + 4:number + 5])
                wait_for(lambda: len(collected(box["broken"])) == number + 1, child.poll)
                wait_for(lambda: len(collected(box["steady"])) == number + 1, child.poll)
                proxy.drop()
        finally:
            child.send_signal(signal.SIGTERM)
            _, said = child.communicate(timeout=30)
        assert child.returncode == 0 and b"Sanitizer" not in said, said
        assert proxy.connections >= 2, said
    assert said.count(b"refused: ") == 1 and said.count(b"broken: 1 message") == 2 and said.count(b"steady: 1 message") == 2, said
    told = postern.run("fetch", "--status", "--json", home=home).out
    fetched = {one["name"]: one["fetched"] for one in json.loads(told)["accounts"]}
    assert fetched == {"broken": 2, "steady": 2, "refused": 0}, told
