"""Starting a program, waiting until it is ready, and ending it with everything it started.

Each program runs as the leader of a session of its own. It is ended three ways, whichever comes first: stop(), the end of
the Rig, or the reaper (reaper.py), which notices that the process holding the Rig is gone, however it went.
"""

import os
import resource
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path


class RigError(Exception):
    """A server could not be started, or did not do what the rig needs of it."""


class NeedsRoot(RigError):
    """The server can only be started by root."""


class Reaper:
    """Ends what is left when this process disappears without cleaning up, kill -9 included."""

    def __init__(self, scratch: Path):
        script = Path(__file__).with_name("reaper.py")
        self._child = subprocess.Popen(
            [sys.executable, "-I", "-S", str(script), str(scratch)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )

    def watch(self, session: int):
        self._tell(f"+{session}")

    def forget(self, session: int):
        self._tell(f"-{session}")

    def close(self):
        """Lets it end what it still watches and remove the scratch directory."""
        self._child.stdin.close()
        self._child.wait(timeout=30)

    def _tell(self, line: str):
        self._child.stdin.write(line.encode() + b"\n")
        self._child.stdin.flush()


class Process:
    """A running program; its output goes to `log`."""

    def __init__(
        self,
        reaper,
        argv,
        log: Path,
        *,
        env=None,
        cwd=None,
        stop_signal=signal.SIGTERM,
        stdin=subprocess.DEVNULL,
    ):
        self.name = Path(argv[0]).name
        self.log = log
        self._reaper = reaper
        self._stop_signal = stop_signal
        self._asked = False
        with open(log, "ab") as output:
            self._child = subprocess.Popen(
                [str(arg) for arg in argv],
                stdin=stdin,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=env,
                cwd=cwd,
                start_new_session=True,
                preexec_fn=_no_core_files,
            )
        reaper.watch(self.pid)

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def stdin(self):
        return self._child.stdin

    def alive(self) -> bool:
        return self._child.poll() is None

    def signal(self, number: int):
        self._child.send_signal(number)

    def ask_to_stop(self):
        """Sends the signal that stops it, once, and does not wait."""
        if self.alive() and not self._asked:
            self._asked = True
            self._child.send_signal(self._stop_signal)

    def stop(self, grace: float = 5.0):
        """Asks politely, then kills the whole session. Safe to call twice."""
        self.ask_to_stop()
        try:
            self._child.wait(timeout=grace)
        except subprocess.TimeoutExpired:
            pass
        kill_session(self.pid)
        self._child.wait(timeout=grace)
        self._reaper.forget(self.pid)

    def log_tail(self, lines: int = 25) -> str:
        text = self.log.read_text(errors="backslashreplace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])


def _no_core_files():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def kill_session(leader: int):
    """SIGKILL to every process of the session, whatever its process group."""
    for pid in session_members(leader):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def session_members(leader: int):
    """The pids of a session, by /proc/PID/stat (field 6 is the session)."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = Path("/proc", entry, "stat").read_text()
            except OSError:
                continue
            if int(stat.rpartition(")")[2].split()[3]) == leader:
                found.append(int(entry))
    return found


def run(argv, *, env=None, cwd=None, input=None, timeout=60) -> str:
    """Runs a helper program to its end and returns its output; a failure shows it."""
    argv = [str(arg) for arg in argv]
    data = input.encode() if isinstance(input, str) else input
    done = subprocess.run(
        argv,
        env=env,
        cwd=cwd,
        input=data,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=timeout,
        check=False,
    )
    output = done.stdout.decode(errors="backslashreplace")
    if done.returncode != 0:
        raise RigError(f"{' '.join(argv)}: status {done.returncode}\n{output}")
    return output


def wait_ready(process: Process, ready, what: str, seconds: float = 30.0):
    """Polls `ready()` until it is true. Fails at once when the process ends, with the tail of its log."""
    deadline = time.monotonic() + seconds
    pause = 0.005
    while not ready():
        if process is not None and not process.alive():
            raise RigError(f"{what}: {process.name} ended before it was ready\n{process.log_tail()}")
        if time.monotonic() > deadline:
            tail = process.log_tail() if process is not None else ""
            raise RigError(f"{what}: not ready after {seconds:.0f} s\n{tail}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)


def answers(port: int, banner: bytes = b"", host: str = "127.0.0.1"):
    """A ready() for wait_ready: the port accepts, and its first bytes begin with `banner`."""

    def probe() -> bool:
        try:
            with socket.create_connection((host, port), timeout=2) as peer:
                return not banner or peer.recv(512).startswith(banner)
        except OSError:
            return False

    return probe
