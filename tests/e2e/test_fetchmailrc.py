"""`postern fetch --fetchmailrc`: a file that fetchmail runs, run as it stands; what fetchmail refuses, refused; what Postern
does not do, refused by name and line before anything is polled."""

import re
import signal
import socketserver
import subprocess
import threading
import time

import fetching
import pytest
from rig.postern import binary


class Sink(socketserver.ThreadingTCPServer):
    """An SMTP server on loopback that keeps what it is given: (recipients, message)."""

    allow_reuse_address = daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Talk)
        self.port = self.server_address[1]
        self.mail = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


class _Talk(socketserver.StreamRequestHandler):
    def handle(self):
        say = lambda text: self.wfile.write(text.encode() + b"\r\n")
        say("220 sink.test ESMTP")
        to = []
        while line := self.rfile.readline():
            verb = line.split(b":")[0].strip().upper()
            if verb.startswith(b"RCPT"):
                to.append(re.search(rb"<(.*)>", line)[1].decode())
            if verb == b"DATA":
                say("354 go on")
                lines = []
                while (line := self.rfile.readline()) not in (b".\r\n", b""):
                    lines.append(line[1:] if line.startswith(b".") else line)
                self.server.mail.append((to, b"".join(lines)))
                to = []
            say("221 bye" if verb == b"QUIT" else "250-sink.test\r\n250-PIPELINING\r\n250 8BITMIME" if verb.startswith(b"EHLO") else "250 fine")
            if verb == b"QUIT":
                return


@pytest.fixture
def sink():
    with Sink() as server:
        yield server


@pytest.fixture
def rc(postern):
    """rc(TEXT, *ARGS): runs `fetch --fetchmailrc` on such a file, in a home of its own."""

    def run(text, *args, home=None, mode=0o600, **options):
        home = home or postern.home()
        file = home.file(".fetchmailrc", text, mode)
        return postern.run("fetch", f"--fetchmailrc={file}", *args, home=home, **options)

    return run


def ssh_command(ssh, *more, key=None):
    options = " ".join(f"-o {option}" for option in ssh.options(key))
    return f"ssh {options} -p {ssh.port('ssh')} {' '.join(more)} {ssh.user}@127.0.0.1"


def recipe(ssh, dovecot, sink, users, port, key=None):
    """The file of the Secure-POP-via-SSH recipe; that this host's ports are others is all that differs."""
    forward = f"{ssh_command(ssh, '-C', '-f', key=key)} -L {port}:127.0.0.1:{dovecot.port('pop3')} sleep 5"
    return f"""# ~/.fetchmailrc
defaults
\tno rewrite
\tpreconnect "{forward} </dev/null >/dev/null 2>&1"
\tsmtphost localhost/{sink.port}
poll localhost with protocol pop3 and port {port}:
\tuser alice there with password "{users.alice.password}" is joe here
"""


def assert_delivered(sink, sent):
    got = [fetching.as_file(fetching.RECEIVED.sub(b"", fetching.as_file(mail), count=1)) for _, mail in sink.mail]
    assert sorted(got) == sorted(map(fetching.as_file, sent))


# --- run as it stands


def test_the_recipe_of_secure_pop_via_ssh_works_as_it_stands(rig, rc, dovecot, ssh, sink, users):
    sent = fetching.messages(12)
    fetching.fill(dovecot, users.alice, sent)
    done = rc(recipe(ssh, dovecot, sink, users, rig.ports.take()))
    assert done.status == 0, done
    assert "localhost is reached through the ssh of its preconnect" in done.err
    assert {tuple(to) for to, _ in sink.mail} == {("joe@localhost",)}
    assert_delivered(sink, sent)
    assert fetching.remaining(dovecot, users.alice) == 0, "fetchmail's default: deleted after delivery"
    assert ("127.0.0.1", dovecot.port("pop3")) in ssh.forwarded()


def test_without_ssh_loopback_is_no_excuse_for_a_wrong_certificate(rc, dovecot, sink, users):
    done = rc(
        f"""poll 127.0.0.1 protocol pop3 port {dovecot.port('pop3')}
        user alice password "{users.alice.password}" smtphost localhost/{sink.port}"""
    )
    assert done.status == 76 and "certificate" in done.err, done
    assert "ssh" not in done.err and sink.mail == []


def poll(dovecot, users, more="", scheme="imap", host="localhost"):
    return f"""poll {host} protocol {scheme.removesuffix('s')} port {dovecot.port(scheme)}
    user alice with password "{users.alice.password}" {more}
    """


def test_mda_and_keep_over_verified_tls(rc, dovecot, users, pki, postern):
    sent = fetching.messages(3, seed=2)
    fetching.fill(dovecot, users.alice, sent)
    home = postern.home()
    mda = f"cat >> {home.written}/got; echo for %T >> {home.written}/who"
    text = poll(dovecot, users, f"keep is joe here mda '{mda}' ssl", "imaps")
    done = rc(text, f"--ca-file={pki.ca_file}", home=home)
    assert done.status == 0, done
    assert (home.written / "who").read_text() == "for joe\n" * 3
    got = (home.written / "got").read_bytes()
    assert all(fetching.as_file(message) in got for message in sent)
    assert fetching.remaining(dovecot, users.alice) == 3
    again = rc(text, f"--ca-file={pki.ca_file}", "--fetchmail-exit-codes", home=home)
    assert again.status == 1 and (home.written / "got").read_bytes() == got, again


@pytest.mark.parametrize("scheme", ["imap", "pop3"])
def test_auto_is_imap_or_else_pop3(rc, dovecot, users, pki, postern, scheme):
    sent = fetching.messages(3, seed=5)
    fetching.fill(dovecot, users.alice, sent)
    home = postern.home()
    text = poll(dovecot, users, f"is joe here ssl mda 'echo got >> {home.written}/got'", f"{scheme}s")
    done = rc(text.replace(f"protocol {scheme}", "protocol auto"), f"--ca-file={pki.ca_file}", "--timeout=5", home=home)
    assert done.status == 0 and "protocol auto: IMAP is tried" in done.err, done
    assert (home.written / "got").read_text() == "got\n" * 3
    assert fetching.remaining(dovecot, users.alice) == 0


def test_auto_tells_why_neither_would_do(rig, rc, users):
    done = rc(f"poll localhost port {rig.ports.take()} user alice password {users.alice.password}")
    assert done.status == 69 and done.err.count("refused") == 2 and "; then" in done.err, done


def test_entries_are_chosen_by_name_and_skip_is_woken_by_it(rc, dovecot, users, pki, sink):
    fetching.fill(dovecot, users.alice, fetching.messages(1, seed=3))
    text = "poll broken.invalid protocol imap user x\n" + poll(dovecot, users, f"ssl smtphost localhost/{sink.port}", "imaps")
    text = text.replace("poll localhost", "skip mine via localhost")
    done = rc(text, "mine", f"--ca-file={pki.ca_file}")
    assert done.status == 0 and len(sink.mail) == 1, done
    wrong = rc(text, "mien")
    assert wrong.status == 64 and 'did you mean mine?' in wrong.err


# --- exit codes of fetchmail


@pytest.mark.parametrize(
    "text, mode, status, code, words",
    [
        ("poll h proto imap user u kep\n", 0o600, 78, 5, "did you mean keep?"),
        ("poll h proto imap user u\n", 0o644, 78, 6, "chmod 600"),
        ("poll 127.0.0.1 proto imap port 1 user u pass p\n", 0o600, 69, 2, "127.0.0.1"),
        ("poll nothing.invalid proto imap user u pass p\n", 0o600, 68, 11, "nothing.invalid"),
        ("poll 127.0.0.1 proto imap port 1 user u pass p preconnect false\n", 0o600, 69, 5, "before the run"),
    ],
)
def test_exit_status_is_ours_or_fetchmails(rc, text, mode, status, code, words, request):
    dns = request.getfixturevalue("dns").options if "invalid" in text else []
    done = rc(text, *dns, mode=mode)
    assert status is None or done.status == status, done
    assert words in done.err
    assert rc(text, *dns, "--fetchmail-exit-codes", mode=mode).status == code


def test_exit_status_of_a_refused_login_is_3(rc, dovecot, users, pki):
    text = poll(dovecot, users, "ssl", "imaps").replace(users.alice.password, "wrong")
    done = rc(text, "--fetchmail-exit-codes", f"--ca-file={pki.ca_file}")
    assert done.status == 3, done


# --- refused before anything is polled


@pytest.mark.parametrize(
    "entry, line, words",
    [
        ("poll h proto pop2", 3, "protocol POP2"),
        ("poll h\n proto kpop", 4, "protocol KPOP"),
        ("poll h proto etrn", 3, "protocol ETRN"),
        ("poll h proto imap user u\n\n is a b here", 3, "multidrop"),
        ("poll h proto imap interface 'ppp0/10.0.0.1'", 3, "interface"),
        ("poll h proto imap user u bsmtp x", 3, "bsmtp"),
    ],
)
def test_what_is_not_supported_is_refused_before_anything_is_polled(rc, dovecot, users, sink, entry, line, words):
    fetching.fill(dovecot, users.alice, fetching.messages(1, seed=4))
    first = poll(dovecot, users, f"no sslcertck smtphost localhost/{sink.port}").strip().replace("\n", " ")
    done = rc(f"{first}\n\n{entry}\n")
    assert done.status == 78 and f".fetchmailrc:{line}: {words}" in done.err, done
    assert sink.mail == [] and fetching.remaining(dovecot, users.alice) == 1


def test_unsafe_settings_are_told(rc, postern):
    done = rc("poll 127.0.0.1 proto imap port 1 user u pass p flush no sslcertck\n")
    assert ":1: flush: " in done.err and ":1: no sslcertck: " in done.err


# --- the loop of the recipe


def test_daemon_under_an_agent_asks_the_passphrase_once(rig, postern, dovecot, ssh, sink, users):
    """ssh-add once, then every so often, `--syslog --invisible`: nobody is asked again, and what comes later comes too."""
    sent = fetching.messages(2, seed=5)
    fetching.fill(dovecot, users.alice, sent)
    home = postern.home()
    text = recipe(ssh, dovecot, sink, users, rig.ports.take(), key=ssh.locked_key).replace("sleep 5", "sleep 1")
    file = home.file(".fetchmailrc", text)
    env = postern.environment(home, env=ssh.agent_environment())
    argv = [binary(), "fetch", f"--fetchmailrc={file}", "--daemon=2s", "--syslog", "--invisible"]
    with open(home.written / "out", "wb") as out:
        child = subprocess.Popen(argv, env=env, cwd=home.written, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        wait_for(lambda: len(sink.mail) == 2)
        assert all(not mail.startswith(b"Received:") for _, mail in sink.mail), "--invisible"
        fetching.fill(dovecot, users.alice, fetching.messages(1, seed=6))
        wait_for(lambda: len(sink.mail) == 3)
        child.send_signal(signal.SIGTERM)
        assert child.wait(30) == 0
    finally:
        child.kill()
    said = (home.written / "out").read_text()
    assert "assphrase" not in said and "alice" not in said, "syslog was to be told, not standard error"


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.1)
