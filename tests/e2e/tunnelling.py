"""A tunnel (`postern tunnel`) for a test: started, used by clients that know no TLS, ended; and hops that are like others' hops.

The fixtures here are for whoever imports them: `from tunnelling import through, tunnel  # noqa: F401`."""

import contextlib
import poplib
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest
from rig.postern import binary
from rig.ssh import Ssh

PLENTY = 60  # seconds that a busy machine may need


def ssh_options(words):
    return [f"--ssh-option={word}" for word in words]


class Running:
    """A tunnel in the foreground: where it listens is what it says first."""

    def __init__(self, postern, *args, env=None, program=None):
        self.home = postern.home()
        self._err = open(self.home.written / "stderr", "wb")
        self.process = subprocess.Popen(
            [program or binary(), "tunnel", *map(str, args)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._err,
            env=postern.environment(self.home, env=env),
            cwd=self.home.written,
            start_new_session=True,
        )
        self.where = self.process.stdout.readline().decode().strip()
        if not self.where:
            self.process.wait(PLENTY)
            raise AssertionError(f"status {self.process.returncode}: {self.said()}")

    @property
    def port(self) -> int:
        return int(self.where.rpartition(":")[2])

    def said(self) -> str:
        return (self.home.written / "stderr").read_text()

    def expect(self, pattern):
        deadline = time.monotonic() + PLENTY
        while not re.search(pattern, self.said()):
            assert time.monotonic() < deadline, f"'{pattern}' was not said: {self.said()}"
            time.sleep(0.02)

    def wait(self) -> int:
        return self.process.wait(PLENTY)

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.wait()
        self.process.stdout.close()
        self._err.close()
        assert "Sanitizer" not in self.said(), self.said()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


@pytest.fixture
def tunnel(postern, pki):
    """tunnel(LOCAL, URL, ...): one that trusts the rig's authority; ended with the test."""
    with contextlib.ExitStack() as running:

        def start(*args, **more):
            return running.enter_context(Running(postern, f"--ca-file={pki.ca_file}", *args, **more))

        yield start


@pytest.fixture
def through(tunnel, ssh):
    """The same by way of the hop."""

    def start(*args, words=None, **more):
        return tunnel(*args, f"--via={ssh.hop}", *ssh_options(words or ssh.options()), **more)

    return start


def pop3_count(port, user) -> int:
    client = poplib.POP3("127.0.0.1", port, timeout=PLENTY)
    client.user(user.name)
    client.pass_(user.password)
    count = client.stat()[0]
    client.quit()
    return count


def raw(port, *lines, until=b"", family=socket.AF_INET, where=None) -> bytes:
    """Says the lines, closes its side, and gives all that is answered."""
    with socket.socket(family) as s:
        s.settimeout(PLENTY)
        s.connect(where or ("127.0.0.1", port))
        if lines:
            s.sendall(b"".join(line + b"\r\n" for line in lines))
        got = b""
        while True:
            try:
                piece = s.recv(65536)
            except ConnectionResetError:
                break
            got += piece
            if not piece or (until and until in got):
                break
        return got


def descendants(pid) -> list:
    """Command lines of what it has started, and they."""
    children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True).stdout.split()
    found = []
    for child in children:
        with contextlib.suppress(FileNotFoundError):
            found.append((int(child), Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ").decode()))
        found += descendants(child)
    return found


def gone(pids) -> bool:
    return not any(Path(f"/proc/{pid}").exists() for pid in pids)


# --- hops


class NoShell(Ssh):
    def write(self, name, text, *args, **more):
        if name == "sshd_config":
            text += "ForceCommand /usr/sbin/nologin\nPermitTTY no\nMaxSessions 0\n"
        return super().write(name, text, *args, **more)


class DefaultStartups(Ssh):
    """As Debian ships it: from ten unfinished logins on it drops connections at random."""

    def write(self, name, text, *args, **more):
        if name == "sshd_config":
            text = text.replace("MaxStartups 200", "MaxStartups 10:30:100")
        return super().write(name, text, *args, **more)
