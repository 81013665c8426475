"""The messages in alice's mailbox: each is there for something that clients get wrong. Sorted as the server will list them."""

import base64
from pathlib import Path

# What the attachment decodes to: every byte value, three times, so that a wrong decoder cannot get away with it.
ATTACHMENT = bytes(range(256)) * 3
ATTACHMENT_NAME = "bytes.bin"


def _message(subject: str, body: bytes, *more: str, sender="Mad Hatter <hatter@example.test>") -> bytes:
    header = [
        f"From: {sender}",
        "To: Alice <alice@example.test>",
        f"Subject: {subject}",
        "Date: Sat, 14 Nov 2026 09:30:00 +0000",
        f"Message-ID: <{_stable_hash(subject)}@example.test>",
        *more,
    ]
    return "\r\n".join(header).encode() + b"\r\n\r\n" + body


def _stable_hash(text: str) -> int:
    """A hash that is the same in every run, unlike hash()."""
    value = 0
    for char in text:
        value = (value * 31 + ord(char)) % 2**61
    return value


def _with_attachment() -> bytes:
    encoded = base64.encodebytes(ATTACHMENT).replace(b"\n", b"\r\n")
    body = (
        b"This is a message in several parts.\r\n"
        b"--=_tea\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        b"The tea party is at six o=E2=80=99clock.\r\nThe list of guests is attached.\r\n"
        b"--=_tea\r\n"
        b'Content-Type: application/octet-stream; name="bytes.bin"\r\n'
        b'Content-Disposition: attachment; filename="bytes.bin"\r\n'
        b"Content-Transfer-Encoding: base64\r\n\r\n" + encoded + b"--=_tea--\r\n"
    )
    return _message(
        "Invitation, with the guest list",
        body,
        "MIME-Version: 1.0",
        'Content-Type: multipart/mixed; boundary="=_tea"',
    )


UTF8 = ("MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit")
MESSAGES = [
    # 1: nothing special
    _message("Down the rabbit hole", b"Alice was beginning to get very tired.\r\n"),
    # 2: an attachment
    _with_attachment(),
    # 3: encoded words (RFC 2047) in two charsets and both encodings
    _message(
        "=?utf-8?B?R3LDvMOfZSBhdXMgS8O2bG4=?= =?iso-8859-1?Q?_und_M=FCnchen?=",
        b"Encoded words above.\r\n",
        sender="=?utf-8?Q?J=C3=BCrgen_M=C3=BCller?= <juergen@example.test>",
    ),
    # 4: lines that begin with dots, and one that is only a dot
    _message("Dots", b".\r\n..\r\n.hidden file\r\nno dot\r\n...\r\n"),
    # 5: 8-bit
    _message("Eight bits", "Käse, Œuvre, naïve, 日本語, €\r\n".encode(), *UTF8),
    # 6: terminal escape sequences
    _message("Escapes", b"\x1b[2J\x1b]0;owned\x07 and a carriage\x08 return\r\n"),
    # 7: a long line and no newline at the end
    _message("A long line", b"x" * 990 + b"\r\n" + b"the end without a newline"),
]


def fill(maildir: Path, messages=None):
    """Writes a Maildir. File times and names keep the order."""
    for name in ("cur", "new", "tmp"):
        (maildir / name).mkdir(parents=True, exist_ok=True)
    for number, message in enumerate(messages or [], 1):
        stem = f"{1700000000 + number}.M{number}P1.rig"
        (maildir / "cur" / f"{stem},S={len(message)}:2,").write_bytes(message)
