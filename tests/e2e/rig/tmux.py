"""A real terminal's screen: the program runs in a tmux of its own, and tests read what a person would see."""

import re
import shlex
import time

from .process import run


class Tmux:
    def __init__(self, directory, argv, env, *, rows=40, columns=132, cwd=None):
        self._tmux = ["tmux", "-f", "/dev/null", "-S", str(directory / "tmux.sock")]
        exported = [f"{name}={value}" for name, value in env.items()]
        command = "exec env -i " + " ".join(shlex.quote(word) for word in [*exported, *map(str, argv)])
        size = ["-x", str(columns), "-y", str(rows)]
        place = ["-c", str(cwd)] if cwd else []
        self._run(
            "start-server",
            ";",
            "set-option",
            "-g",
            "remain-on-exit",
            "on",
            ";",
            "new-session",
            "-d",
            *size,
            *place,
            command,
        )

    def _run(self, *args) -> str:
        return run([*self._tmux, *args], timeout=60)

    def screen(self) -> str:
        """The visible screen, trailing blanks removed."""
        return self._run("capture-pane", "-p")

    def keys(self, *names):
        """Key names as tmux knows them ("Enter", "C-c", "Up") or literal text."""
        self._run("send-keys", *names)

    def wait_for(self, pattern: str, timeout: float = 60) -> str:
        """Polls the screen until the pattern is on it; returns the screen."""
        deadline = time.monotonic() + timeout
        while True:
            screen = self.screen()
            if re.search(pattern, screen, re.MULTILINE):
                return screen
            if time.monotonic() > deadline:
                raise AssertionError(f"'{pattern}' is not on the screen after {timeout} s:\n{screen}")
            time.sleep(0.05)

    def close(self):
        self._run("kill-server")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
