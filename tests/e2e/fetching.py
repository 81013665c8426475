"""What the tests of `postern fetch` share: mailboxes to collect from, and what was collected, held against them."""

import os
import random
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

RECEIVED = re.compile(rb"\AReceived: from [^\n]*\n(?:\t[^\n]*\n)*")


def messages(count: int, *, seed=1, largest=20000) -> list[bytes]:
    """Messages with CRLF, each different, of many sizes, some with what clients get wrong."""
    chance = random.Random(seed)
    made = []
    for number in range(count):
        lines = [b"Subject: message %d" % number, b"From: Rabbit <rabbit@example.test>", b"X-Serial: %d" % number, b""]
        size = chance.choice((0, 100, 900, 4000, largest))
        while size > 0:
            line = chance.choice((b".", b"..", b"From here on", b">From", b"", b"caf\xe9 \xe2\x82\xac", b"x" * 60 + b" " + b"y" * chance.randrange(40)))
            lines.append(line)
            size -= len(line) + 2
        made.append(b"\r\n".join(lines) + b"\r\n")
    return made


def fill(dovecot, user, content: list[bytes]):
    """The mailbox holds exactly this; what the server remembered of it is forgotten."""
    maildir = dovecot.maildir(user)
    shutil.rmtree(maildir, ignore_errors=True)
    for name in ("cur", "new", "tmp"):
        (maildir / name).mkdir(parents=True, exist_ok=True)  # a server that is at it may have been quicker
    for number, message in enumerate(content, 1):
        (maildir / "cur" / f"{1700000000 + number}.M{number}P1.rig,S={len(message)}:2,").write_bytes(message)
    if dovecot.root:
        subprocess.run(["chown", "-R", f"{dovecot.owner}:{dovecot.group}", maildir], check=True)


def remaining(dovecot, user) -> int:
    maildir = dovecot.maildir(user)
    return sum(len(list((maildir / name).iterdir())) for name in ("cur", "new"))


def collected(maildir: Path) -> list[bytes]:
    """All messages of a Maildir, without the Received: header that was put before them."""
    files = [file for name in ("new", "cur") if (maildir / name).is_dir() for file in (maildir / name).iterdir()]
    return [RECEIVED.sub(b"", file.read_bytes(), count=1) for file in files]


def as_file(message: bytes) -> bytes:
    return message.replace(b"\r\n", b"\n")


def compare(expected: list[bytes], got: list[bytes]) -> dict:
    """How many were lost, doubled, and are there in no form that was sent."""
    want, have = Counter(map(as_file, expected)), Counter(got)
    return {
        "lost": sum((want - have).values()),
        "doubled": sum(count - want[text] for text, count in have.items() if text in want and count > want[text]),
        "truncated": sum(count for text, count in have.items() if text not in want),
    }


ALL_WELL = {"lost": 0, "doubled": 0, "truncated": 0}


class Collector:
    """`postern fetch` of one user from one server into a Maildir, run in one home as often as one likes."""

    def __init__(self, postern, dovecot, pki, user, scheme, *options, port=None):
        self.postern, self.user = postern, user
        self.home = postern.home()
        self.maildir = self.home.written / "Maildir"
        self.argv = [
            "fetch",
            f"{scheme}://{user.name}@localhost:{port or dovecot.port(scheme)}",
            f"--ca-file={pki.ca_file}",
            f"--to={self.maildir}",
            *options,
        ]

    def run(self, *options, **more):
        return self.postern.run(*self.argv, *options, home=self.home, password=self.user.password, **more)

    def start(self, *, env=None, program=None) -> subprocess.Popen:
        from rig.postern import binary

        return subprocess.Popen(
            [program or binary(), *map(str, self.argv)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=self.postern.environment(self.home, self.user.password, env),
            cwd=self.home.written,
        )

    def forget(self):
        """As if it had never run."""
        shutil.rmtree(self.maildir, ignore_errors=True)
        shutil.rmtree(self.home.state, ignore_errors=True)
        self.home.state.mkdir(mode=0o700)

    def left_overs(self) -> int:
        tmp = self.maildir / "tmp"
        return len(list(tmp.iterdir())) if tmp.is_dir() else 0

    def result(self, expected) -> dict:
        return compare(expected, collected(self.maildir))


def release() -> str:
    """The program without sanitizers: they do not go with LD_PRELOAD."""
    from rig.postern import ROOT, binary

    named = os.environ.get("POSTERN_RELEASE") or str(ROOT / "build" / "postern")
    return os.path.abspath(named) if os.access(named, os.X_OK) else binary()


def build_shim(directory: Path) -> Path:
    """fetch_shim.c, to be put between the program of release() and libc."""
    made = directory / "shim.so"
    source = Path(__file__).parent / "fetch_shim.c"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", made, source, "-ldl"], check=True)
    return made
