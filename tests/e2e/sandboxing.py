"""A `postern serve` beside a test, and messages that servers and clients get wrong."""

import imaplib
import os
import select
import signal
import ssl
import subprocess
import time
from pathlib import Path

from rig import mailbox
from rig.postern import binary

PASSWORD = "S4ndbox-castle-bucket"


class Serving:
    """The sandbox, its ports and files by the names that --env prints: serving.port("imaps")."""

    def __init__(self, directory: Path, *args, users=("alice", "bob"), state: Path = None):
        directory.mkdir(parents=True, exist_ok=True)
        secret = directory / "password"
        secret.write_text(PASSWORD + "\n")
        secret.chmod(0o600)
        argv = [binary(), "serve", "--env", *args]
        for user in users:
            argv.append(f"--user={user}:{secret}")
        argv += [str(state)] if state else []
        env = {"PATH": os.environ["PATH"], "HOME": str(directory), "LANG": "C.UTF-8", "TZ": "UTC"}
        self.errors = open(directory / "stderr", "ab")
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=self.errors, env=env)
        self.facts = {}
        self._read_facts()

    def _read_facts(self):
        text, until = b"", time.monotonic() + 30
        fd = self.process.stdout.fileno()
        while not ("CA" in self.facts and "IMAPS_PORT" in self.facts):
            if not select.select([fd], [], [], max(0, until - time.monotonic()))[0]:
                raise AssertionError(f"serve did not say its ports: {text!r}")
            piece = os.read(fd, 65536)
            assert piece, f"serve ended: {text!r}"
            text += piece
            whole = text[: text.rfind(b"\n") + 1].decode()
            self.facts = dict(line.split("=", 1) for line in whole.splitlines() if "=" in line)

    def port(self, service: str) -> int:
        return int(self.facts[service.upper() + "_PORT"])

    def tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.facts["CA"])

    def imap(self, user="alice") -> imaplib.IMAP4_SSL:
        client = imaplib.IMAP4_SSL("localhost", self.port("imaps"), ssl_context=self.tls(), timeout=30)
        client.login(user, PASSWORD)
        return client

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(30)
        self.process.stdout.close()
        self.errors.close()
        said = Path(self.errors.name).read_text(errors="replace")
        assert "Sanitizer" not in said and "runtime error" not in said, said

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def _lines(*lines) -> bytes:
    return b"\r\n".join(line if isinstance(line, bytes) else line.encode() for line in lines) + b"\r\n"


ODD = [
    # nested multiparts, with preamble, epilogue, a digest and a message within a message (an empty line behind the inner ends:
    # without one Dovecot counts the line end before the outer boundary to the part, against RFC 2046 section 5.1.1)
    _lines(
        "From: \"Doe, John\" <john@example.test> (the first), =?utf-8?q?J=C3=BCrgen?= <j@example.test>",
        "Sender: secretary@example.test",
        "Reply-To: team: a@example.test, \"B \\\"b\\\" b\" <b@example.test>;",
        "To: undisclosed-recipients:;",
        "Cc: plain@example.test (Plain Name), <@relay.test,@two.test:routed@example.test>",
        "Bcc: last@[127.0.0.1]",
        "Date: Fri, 13 Nov 2026 23:59:59 -0800",
        "Subject: nested",
        "In-Reply-To: <one@example.test>",
        "Message-ID: <two@example.test>",
        "MIME-Version: 1.0",
        "Content-Type: multipart/mixed; boundary=outer",
        "Content-Language: en, de",
        "",
        "preamble",
        "--outer",
        "Content-Type: multipart/alternative; boundary=\"in ner\"",
        "",
        "--in ner",
        "",
        "no header of its own: needle",
        "--in ner",
        "Content-Type: text/html; charset=iso-8859-1",
        "Content-Transfer-Encoding: quoted-printable",
        "Content-ID: <html@example.test>",
        "Content-Description: a part",
        "",
        "<p>stra=DFe und Gr=FC=",
        "n</p>",
        "--in ner--",
        "epilogue of the inner one",
        "--outer",
        "Content-Type: message/rfc822",
        "Content-Disposition: attachment; filename=\"a \\\"b\\\".eml\"",
        "",
        "From: inner@example.test",
        "Subject: within",
        "Content-Type: multipart/mixed; boundary=deep",
        "",
        "--deep",
        "Content-Type: application/octet-stream; name=x.bin",
        "Content-Transfer-Encoding: base64",
        "Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==",
        "",
        "AAEC",
        "--deep",
        "Content-Type: text/plain",
        "",
        "deep text",
        "--deep--",
        "",
        "--outer",
        "Content-Type: multipart/digest; boundary=dig",
        "",
        "--dig",
        "",
        "From: digested@example.test",
        "Subject: in a digest",
        "",
        "digest body",
        "--dig--",
        "",
        "--outer--",
        "epilogue",
    ),
    # no end of the boundary, no type, an empty part
    _lines(
        "From: a@example.test",
        "Subject: unfinished",
        "Content-Type: multipart/mixed; boundary=b",
        "",
        "--b",
        "Content-Type: text/plain",
        "",
        "",
        "--b",
        "Content-Type: text/plain; format=flowed; charset=utf-8",
        "",
        "the end is missing",
    ),
    # only a header
    _lines("From: a@example.test", "Subject: header only", "X-Odd: yes", ""),
    # folded and commented
    _lines(
        "From: (comment) Folded",
        "\t Name <folded@example.test>",
        "Subject: a folded",
        " subject",
        "Date: 1 Jan 2025 00:00:00 +0000",
        "Content-Type: text/plain (a comment); charset=\"us-ascii\" (another)",
        "Content-Transfer-Encoding: 7bit (really)",
        "",
        "body one",
        "body two",
    ),
    # a message that is one
    _lines(
        "From: outer@example.test",
        "Subject: forwarded",
        "Content-Type: message/rfc822",
        "",
        "From: forwarded@example.test",
        "To: x@example.test",
        "Subject: original",
        "",
        "original body",
    ),
    # encoded words in two charsets, base64 text, 8-bit header
    _lines(
        "From: =?iso-8859-1?Q?Andr=E9?= <andre@example.test>",
        "Subject: =?utf-8?B?w5xiZXI=?= =?utf-8?Q?raschung?= tail",
        "To: =?utf-8?B?w5x?= broken <broken@example.test>",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: base64",
        "",
        "w4RwZmVsIHVuZCBCaXJuZW4=",
    ),
]

MESSAGES = mailbox.MESSAGES + ODD
