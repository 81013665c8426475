"""Runs postern, as a program in a pipe or on a terminal, and keeps everything it writes for the search for secrets."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def binary() -> str:
    return os.path.abspath(os.environ.get("POSTERN", ROOT / "build" / "postern"))


@dataclass
class Result:
    status: int  # the exit status; -N after signal N
    out: str
    err: str
    stdout: bytes  # the same, undecoded
    stderr: bytes
    seconds: float
    home: "Home"

    def __str__(self):
        return (
            f"status {self.status} after {self.seconds:.2f} s\n--- stdout\n{self.out}\n--- stderr\n{self.err}"
        )


class Home:
    """The directories one run lives in. `config` holds what the test gives (not searched); `written`, the working
    directory, gets all that the program leaves behind: output, transcripts, history, state."""

    def __init__(self, directory: Path, shows_secrets: bool = False):
        self.dir = directory
        self.config = directory / "config"
        self.written = directory / ("shown" if shows_secrets else "written")
        self.state = self.written / "state"
        for path in (self.config, self.state):
            path.mkdir(parents=True, mode=0o700, exist_ok=True)

    def file(self, name: str, text, mode: int = 0o600) -> Path:
        """Writes an input file (a password file, accounts.conf below postern/, a script)."""
        path = self.config / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        path.chmod(mode)
        return path


class Postern:
    """The program under test. One for a test; every call is a run in a home of its own unless told which."""

    def __init__(self, directory: Path, timeout: float = 60):
        self._directory = directory
        self._count = 0
        self.timeout = timeout

    def home(self, *, shows_secrets: bool = False) -> Home:
        self._count += 1
        return Home(self._directory / f"{self._count:03}", shows_secrets)

    def environment(self, home: Home, password: str = None, env: dict = None) -> dict:
        """Nothing of the caller's but what a program needs to run, and sanitizers to report."""
        kept = ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "LLVM_PROFILE_FILE")
        made = {name: os.environ[name] for name in kept if name in os.environ}
        made |= {
            "HOME": str(home.config),
            "XDG_CONFIG_HOME": str(home.config),
            "XDG_STATE_HOME": str(home.state),
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            "TZ": "UTC",
        }
        if password is not None:
            made["POSTERN_PASSWORD"] = password
        return made | (env or {})

    def run(
        self, *args, input=None, password=None, env=None, home=None, timeout=None, shows_secrets=False
    ) -> Result:
        """Runs it with its output in pipes. `input` (text or bytes) is its standard input, empty by default.

        `shows_secrets` is for the few runs whose job it is to print a secret (`auth plain`): they are not searched.
        """
        home = home or self.home(shows_secrets=shows_secrets)
        data = input.encode() if isinstance(input, str) else (input or b"")
        argv = [binary(), *map(str, args)]
        begun = time.monotonic()
        child = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environment(home, password, env),
            cwd=home.written,
            start_new_session=True,
        )
        try:
            stdout, stderr = child.communicate(data, timeout=timeout or self.timeout)
        except BaseException:
            os.killpg(child.pid, signal.SIGKILL)
            stdout, stderr = child.communicate()
            _keep(home, argv, stdout, stderr)
            raise
        _keep(home, argv, stdout, stderr)
        out, err = (data.decode(errors="backslashreplace") for data in (stdout, stderr))
        return Result(child.returncode, out, err, stdout, stderr, time.monotonic() - begun, home)

    def terminal(
        self, *args, password=None, env=None, home=None, size=(40, 132), shows_secrets=False
    ) -> "Terminal":
        """Starts it on a terminal of its own; close it, or use it in a `with`."""
        home = home or self.home(shows_secrets=shows_secrets)
        return Terminal([binary(), *map(str, args)], self.environment(home, password, env), home, size)


def _keep(home: Home, argv, stdout: bytes, stderr: bytes = b""):
    for name, data in (("stdout", stdout), ("stderr", stderr)):
        with open(home.written / name, "ab") as file:
            file.write(data)
    with open(home.written / "argv", "a", encoding="utf-8") as file:
        file.write(" ".join(argv) + "\n")


class Terminal:
    """A program on a pseudo-terminal: send keys, expect text, look at the terminal's settings."""

    def __init__(self, argv, env, home: Home, size=(40, 132)):
        self.home = home
        self._argv = argv
        self._all = bytearray()
        self._read_to = 0  # how far expect() has consumed
        self.master, slave = pty.openpty()
        self.resize(*size)
        self._child = subprocess.Popen(
            argv, stdin=slave, stdout=slave, stderr=slave, env=env, cwd=home.written, preexec_fn=_own_terminal
        )
        self._slave = slave  # kept open: its settings can be read after the program has ended

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def output(self) -> str:
        """All that was written to the terminal so far, echo included."""
        return self._all.decode(errors="backslashreplace")

    def send(self, keys):
        os.write(self.master, keys.encode() if isinstance(keys, str) else keys)

    def line(self, text: str):
        self.send(text + "\r")

    def expect(self, pattern: str, timeout: float = 60) -> re.Match:
        """Waits until the pattern occurs in what has not been consumed yet, and consumes up to its end."""
        deadline = time.monotonic() + timeout
        compiled = re.compile(pattern.encode(), re.MULTILINE | re.DOTALL)
        while True:
            match = compiled.search(self._all, self._read_to)
            if match:
                self._read_to = match.end()
                return match
            if not self._read(deadline - time.monotonic()):
                rest = bytes(self._all[self._read_to :]).decode(errors="backslashreplace")
                raise AssertionError(f"'{pattern}' did not come within {timeout} s; what did:\n{rest}")

    def drain(self, seconds: float, enough=lambda: False):
        """Takes in what comes for that long, or until enough() says so, and looks at none of it: for floods."""
        deadline = time.monotonic() + seconds
        while self._child.poll() is None and not enough() and time.monotonic() < deadline:
            self._read(0.05)
        self._read_to = len(self._all)

    def signal(self, number: int):
        self._child.send_signal(number)

    def resize(self, rows: int, columns: int):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def settings(self):
        """The terminal's attributes, as termios.tcgetattr tells them."""
        return termios.tcgetattr(self._slave)

    def wait(self, timeout: float = 60) -> int:
        """Reads until the program has ended; its exit status."""
        deadline = time.monotonic() + timeout
        while self._child.poll() is None:
            if time.monotonic() > deadline:
                raise AssertionError(f"still running after {timeout} s; its terminal:\n{self.output}")
            self._read(0.05)
        while self._read(0):
            pass
        return self._child.returncode

    def close(self):
        if self.master < 0:
            return
        if self._child.poll() is None:
            os.killpg(self._child.pid, signal.SIGKILL)
            self._child.wait()
        while self._read(0):
            pass
        os.close(self.master)
        os.close(self._slave)
        self.master = -1
        _keep(self.home, self._argv, bytes(self._all))

    def _read(self, seconds: float) -> bool:
        """Takes in what there is, waiting that long at most. False when nothing came."""
        if not select.select([self.master], [], [], max(seconds, 0))[0]:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError:
            return False
        self._all += data
        return bool(data)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def _own_terminal():
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
