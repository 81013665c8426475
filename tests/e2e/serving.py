"""A sandbox (`postern serve`) for a test: started, asked, ended; and clients that nobody here wrote."""

import contextlib
import json
import os
import poplib
import signal
import smtplib
import ssl
import subprocess
import time
from pathlib import Path

from rig.postern import binary

PLENTY = 60  # seconds that a busy machine may need


class Sandbox:
    """Runs until closed; `ready` is what it said: ports by name, "CA", "DIR", "MAIL_USER", "MAIL_PASSWORD"."""

    def __init__(self, postern, passwords, *args, directory=True, env=None, program=None, state=None):
        self.home = postern.home(shows_secrets=True)  # it prints the password that it makes up
        self.dir = state or self.home.dir / "sandbox"
        where = [str(self.dir)] if directory else []
        self._err = open(self.home.written / "stderr", "wb")
        self.process = subprocess.Popen(
            [program or binary(), "serve", "--json", "-q", *where, *map(str, args)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._err,
            env=postern.environment(self.home, env=env),
            cwd=self.home.written,
        )
        line = self.process.stdout.readline()
        assert line, f"status {self.process.wait(PLENTY)}: {self.said()}"
        self.ready = json.loads(line)
        if "MAIL_PASSWORD" in self.ready:
            passwords.add(self.ready["MAIL_PASSWORD"])

    def said(self):
        return (self.home.written / "stderr").read_text(errors="replace")

    def port(self, service):
        return self.ready[f"{service.upper()}_PORT"]

    @property
    def ca(self):
        return self.ready["CA"]

    @property
    def user(self):
        return self.ready["MAIL_USER"]

    @property
    def password(self):
        return self.ready["MAIL_PASSWORD"]

    def ask(self, *args):
        """`postern serve wait|report ...`, as a finished process."""
        return subprocess.run(
            [binary(), "serve", args[0], self.ready["DIR"], *map(str, args[1:])],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"PATH": os.environ["PATH"], "HOME": str(self.home.config)},
            timeout=PLENTY,
        )

    def report(self):
        done = self.ask("report", "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def report_when(self, true):
        """A client may have left before its session here has ended."""
        deadline = time.monotonic() + 10
        while True:
            report = self.report()
            if true(report) or time.monotonic() > deadline:
                return report
            time.sleep(0.05)

    def conduct(self):
        """{what: "good" or "bad"}."""
        report = self.report_when(lambda r: r["conduct"])
        return {row["what"]: row["verdict"] for row in report["conduct"]}

    def mails(self, user=None):
        found = sorted((self.dir / (user or self.user) / "Maildir").glob("*/*"), key=lambda p: p.stat().st_mtime_ns)
        return [path.read_bytes() for path in found if path.parent.name in ("new", "cur")]

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(PLENTY)
        self.process.stdout.close()
        self._err.close()
        assert "Sanitizer:" not in self.said(), self.said()
        return status

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def deliver(sandbox, message=b"Subject: one\r\n\r\n.dots\r\n..and more\r\n"):
    """In a way that no fault of STARTTLS tempts."""
    with contextlib.suppress(smtplib.SMTPException, OSError), smtplib.SMTP("127.0.0.1", sandbox.port("smtp"), timeout=20) as client:
        client.helo("localhost")
        client.sendmail("joe@example.test", [f"{sandbox.user}@example.test"], message)


def emptied(sandbox, user=None, password=None):
    """Only what the test itself sends is there."""
    trust = ssl.create_default_context(cafile=sandbox.ca)
    client = poplib.POP3_SSL("localhost", sandbox.port("pop3s"), context=trust, timeout=PLENTY)
    client.user(user or sandbox.user)
    client.pass_(password or sandbox.password)
    for number in range(len(client.list()[1])):
        client.dele(number + 1)
    client.quit()
    return sandbox


def post(sandbox, sender, recipient, message):
    with smtplib.SMTP("127.0.0.1", sandbox.port("smtp"), timeout=PLENTY) as client:
        client.sendmail(sender, [recipient], message)
    return sandbox


def only_mail(sandbox, user=None):
    (mail,) = sandbox.mails(user)
    return mail


def listed_faults(postern):
    """Their names. Whoever adds one adds rows to the tables of those who ask here."""
    done = postern.run("serve", "--list-faults")
    assert done.status == 0, done
    return {line.partition("[")[0].partition("=")[0].partition(" ")[0] for line in done.out.splitlines() if not line.startswith(" ")}


def run(argv, *, input=None, env=None, cwd=None, timeout=PLENTY):
    return subprocess.run(
        [str(word) for word in argv],
        input=input,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **(env or {})},
        cwd=cwd,
        timeout=timeout,
    )


def write(path: Path, text: str, mode=0o600):
    path.write_text(text)
    path.chmod(mode)
    return path
