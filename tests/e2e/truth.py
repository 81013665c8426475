"""What a server offers, found out the slow and certain way: one handshake for each suite, with nothing else in the hello."""

import concurrent.futures
import contextlib
import re
import socket
import ssl
import subprocess
from pathlib import Path

VERSIONS = {"TLS 1.0": ssl.TLSVersion.TLSv1, "TLS 1.1": ssl.TLSVersion.TLSv1_1, "TLS 1.2": ssl.TLSVersion.TLSv1_2}
SUITES_13 = {
    "0x1301": "TLS_AES_128_GCM_SHA256",
    "0x1302": "TLS_AES_256_GCM_SHA384",
    "0x1303": "TLS_CHACHA20_POLY1305_SHA256",
    "0x1304": "TLS_AES_128_CCM_SHA256",
    "0x1305": "TLS_AES_128_CCM_8_SHA256",
}
# What is said before TLS, and how the last answer of each begins.
BEFORE = {
    None: (),
    "smtp": ((b"", b"220 "), (b"EHLO truth.example.test\r\n", b"250 "), (b"STARTTLS\r\n", b"220 ")),
}


def _context(version):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = context.maximum_version = version
    return context


def _known() -> list:
    """(id, name) of every suite before TLS 1.3 that OpenSSL has, but for those that need a secret shared before."""
    context = _context(ssl.TLSVersion.TLSv1_2)
    context.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    found = [(f"0x{suite['id'] & 0xFFFF:04X}", suite["name"]) for suite in context.get_ciphers()]
    return [(number, name) for number, name in found if not name.startswith("TLS_") and not re.search("PSK|SRP", name)]


def _read_reply(peer, last: bytes):
    data = b""
    while not any(line.startswith(last) and line.endswith(b"\n") for line in data.splitlines(keepends=True)):
        piece = peer.recv(4096)
        assert piece, f"{data} is no go-ahead"
        data += piece


def _dial(port: int, starttls):
    peer = socket.create_connection(("127.0.0.1", port), timeout=20)
    for command, last in BEFORE[starttls]:
        peer.sendall(command)
        _read_reply(peer, last)
    return peer


def _is_taken(port: int, starttls, version, name: str) -> bool:
    context = _context(version)
    context.set_ciphers(f"{name}:@SECLEVEL=0")
    with contextlib.closing(_dial(port, starttls)) as peer:
        try:
            with context.wrap_socket(peer) as secure:
                return secure.cipher()[0] == name or ":" in name
        except (ssl.SSLError, ConnectionError):
            return False


def _is_taken_13(port: int, starttls, name: str) -> bool:
    """Python cannot choose suites of TLS 1.3."""
    argv = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-tls1_3", "-ciphersuites", name]
    argv += ["-starttls", starttls] if starttls else []
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=False)
    return f"Cipher is {name}" in done.stdout


def suites(port: int, starttls=None, workers=4) -> dict:
    """{"TLS 1.2": {"0xC02B", ...}, ...}, versions without any left out."""
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        jobs = {}
        # No suite can be there where all of them together are not; of all together a DHE suite may be the one that fails.
        both = ("ALL:COMPLEMENTOFALL", "ALL:!kDHE")
        asked = [v for v, wire in VERSIONS.items() if any(_is_taken(port, starttls, wire, names) for names in both)]
        for version in asked:
            for number, name in _known():
                jobs[version, number] = pool.submit(_is_taken, port, starttls, VERSIONS[version], name)
        for number, name in SUITES_13.items():
            jobs["TLS 1.3", number] = pool.submit(_is_taken_13, port, starttls, name)
        truth = {}
        for (version, number), job in jobs.items():
            if job.result():
                truth.setdefault(version, set()).add(number)
        return truth


def gnutls_suites(priority: str, key: str) -> set:
    """What GnuTLS says that a priority string means, for a server with a key of that type; before TLS 1.3."""
    done = subprocess.run(
        ["gnutls-cli", "--list", f"--priority={priority}"], capture_output=True, text=True, timeout=30, check=True
    )
    rows = re.findall(r"^TLS_(\S+)\s+0x(\w\w), 0x(\w\w)\s+TLS1\.[0-2]", done.stdout, re.MULTILINE)
    other = "ECDSA" if key == "RSA" else "RSA"
    return {f"0x{a}{b}".upper().replace("X", "x") for name, a, b in rows if other not in name.split("_")[:2]}


def dh_parameters(path: Path) -> Path:
    """The 2048 bits of RFC 7919: making others would take a minute."""
    argv = ["openssl", "genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", "group:ffdhe2048", "-out", path]
    subprocess.run(argv, check=True, capture_output=True, timeout=60)
    return path
