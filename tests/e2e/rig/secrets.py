"""Looks for passwords in what Postern wrote: raw, and in every encoding that a careless program would leave them in."""

import base64
import os
import subprocess
import tempfile
import urllib.parse
from pathlib import Path


def encodings(secret: str):
    """(how it was found, the bytes to look for) for one secret."""
    raw = secret.encode()
    yield "as it is", raw
    if not secret.isascii():
        yield "in latin-1", secret.encode("latin-1", "replace")
    yield "in hex", raw.hex().encode()
    yield "in HEX", raw.hex().upper().encode()
    quoted = urllib.parse.quote(secret, safe="").encode()
    if quoted != raw:
        yield "percent-encoded", quoted
    for shift in range(3):
        yield f"in base64, shifted by {shift}", _base64_core(raw, shift)


def _base64_core(raw: bytes, shift: int) -> bytes:
    """The part of the base64 text that depends on nothing but `raw`, when `shift` (mod 3) bytes stand before it."""
    encoded = base64.b64encode(b"\0" * shift + raw)
    first = -(-shift * 8 // 6)  # characters that mix with what stands before
    last = (shift + len(raw)) * 8 // 6  # and from here with what follows
    return encoded[first:last]


def search(roots, secrets):
    """Every leak below the roots: (path, secret, how). Returns (leaks, number of files searched)."""
    needles = [
        (secret, how, needle) for secret in dict.fromkeys(secrets) for how, needle in encodings(secret)
    ]
    files = list(_files(roots))
    leaks = []
    for path in _with_any(files, [needle for _, _, needle in needles]):
        data = path.read_bytes()
        leaks += [(path, secret, how) for secret, how, needle in needles if needle in data]
    return leaks, len(files)


def _with_any(files, needles):
    """The files that may hold one of the needles. grep looks for all of them at once: they are many, and so are the files."""
    if not files or not needles:
        return []
    with tempfile.NamedTemporaryFile() as patterns:
        patterns.write(b"\n".join(needles) + b"\n")
        patterns.flush()
        done = subprocess.run(
            ["xargs", "-0", "grep", "-laZFf", patterns.name, "--"],
            input=b"\0".join(os.fsencode(file) for file in files),
            capture_output=True,
            env={**os.environ, "LC_ALL": "C"},
        )
    # 123: one of the greps found nothing, or had something to say.
    assert done.returncode in (0, 123) and not done.stderr, f"the search ended with {done.returncode}: {done.stderr}"
    return [Path(os.fsdecode(name)) for name in done.stdout.split(b"\0") if name]


def _files(roots):
    for root in roots:
        for directory, _, names in os.walk(root):
            for name in names:
                path = Path(directory, name)
                if path.is_file() and path.stat().st_size > 0:
                    yield path


class Passwords:
    """The secrets of one test session, kept in a file for each process so that parallel workers share them."""

    def __init__(self, directory: Path):
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._file = directory / str(os.getpid())
        self._known = set()

    def add(self, *secrets: str) -> str:
        """Registers secrets; returns the first, so that a test can write `password = passwords.add("...")`."""
        new = [secret for secret in secrets if secret not in self._known]
        self._known.update(new)
        with open(self._file, "a", encoding="utf-8") as file:
            file.writelines(secret.encode().hex() + "\n" for secret in new)
        return secrets[0]

    def all(self):
        """Those of every worker."""
        lines = [line for file in self._directory.iterdir() for line in file.read_text().split()]
        return [bytes.fromhex(line).decode() for line in lines]
