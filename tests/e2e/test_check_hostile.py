"""What `postern check` makes of servers that are slow, broken or hostile: the run ends, says what it could not learn, and
takes nothing that came for an offer."""

import concurrent.futures
import json
import os
import struct
import subprocess
import time

import pytest
from checking import check
from rig.hostile import Faults
from rig.postern import binary


def record(kind: int, body: bytes) -> bytes:
    return struct.pack(">BHH", kind, 0x0303, len(body)) + body


# --- slow


def test_a_tarpit_is_endured(postern, pki, hostile):
    """Every answer takes its time, and comes a line at a time."""

    def script(peer):
        time.sleep(0.5)
        for line in ("220-slowly.example.test", "220-very", "220 ESMTP"):
            peer.say(line)
            time.sleep(0.3)
        while True:
            verb = peer.line().split(b" ")[0].upper()
            time.sleep(0.5)
            if verb == b"STARTTLS":
                peer.say("220 at last")
                peer.upgrade()
                continue
            peer.say(*{b"EHLO": ("250-slowly.example.test", "250 STARTTLS"), b"QUIT": ("221 bye",)}.get(verb, ("502 no",)))

    server = hostile.scripted(script, "smtp")
    report = check(postern, pki, server.url(), connections=2)
    assert report.service["starttls"]["offer"] == "yes", report.service
    assert report.service["tls"]["version"] == "TLS 1.3"
    assert not server.errors


def test_a_server_that_never_says_a_word(postern, pki, hostile):
    server = hostile("smtp", Faults(stall_at="greeting"))
    report = check(postern, pki, server.url(), "--timeout=1", connections=20, statuses=(0, 1, 69))
    assert report.known("greeted") == "no", report.service
    assert report.service["missing"], report.service
    assert not [finding for finding in report.data["findings"] if finding["id"].startswith("versions.") and finding["verdict"] != "unknown"]


# --- hostile: the run ends, and says so


def measured(pki, server, *options):
    """(status, report, peak memory in MB) of one run."""
    program = os.environ.get("POSTERN_RELEASE", binary())
    argv = [program, "check", "-4", "--format=json", f"--ca-file={pki.ca_file}", "--timeout=2", *options, server.url()]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as child:
        out = child.stdout.read()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    return child.returncode, json.loads(out), usage.ru_maxrss / 1024


FLOODS = {
    "a line without end in the greeting": ("smtp", Faults(endless_line_at="greeting")),
    "replies without end": ("imap", Faults(endless_reply_at="capabilities")),
    "a line without end inside TLS": ("pop3", Faults(endless_line_at="tls:capabilities")),
    "a line without end for STARTTLS": ("smtp", Faults(endless_line_at="starttls")),
}


@pytest.mark.parametrize("how", FLOODS)
def test_floods_fill_no_memory(pki, hostile, how):
    scheme, faults = FLOODS[how]
    status, report, peak = measured(pki, hostile(scheme, faults), "--max-connections=2")
    assert status in (0, 1, 69), report
    assert report["services"][0]["missing"] or report["services"][0]["starttls"]["handshake_error"], report["services"]
    sanitized = "POSTERN_RELEASE" not in os.environ
    assert peak < (600 if sanitized else 120), f"{peak} MB"


GARBAGE = {
    "zeros": bytes(4096),
    "text": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "a record that is too long": b"\x16\x03\x03\xff\xff" + bytes(70000),
    "a hello that lies about its length": record(22, b"\x02\xff\xff\xff" + bytes(200)),
    "alerts": record(21, b"\x01\x00") * 2000,
    "warnings": record(21, b"\x01\x70") * 2000,
    "empty records": record(22, b"") * 5000,
    "a certificate first": record(22, b"\x0b\x00\x00\x03\x00\x00\x00"),
    "SSLv2": b"\x80\x0b\x04\x00\x01\x00\x02\x00\x00\x00\x00\x00\x00",
}


def test_garbage_is_no_offer(postern, pki, hostile):
    """Whatever comes instead of a handshake: no version is offered by it, and no suite."""

    def look(how):
        server = hostile.scripted(lambda peer: (peer.exactly(3), peer.send(GARBAGE[how])), "tls")
        report = check(postern, pki, server.url(), "--timeout=2", connections=6, statuses=(0, 1, 69))
        offered = [version["name"] for version in report.service["versions"] if version["offered"]["known"] == "yes"]
        return how, offered, report.service["starttls"]["handshake_error"]

    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        for how, offered, error in pool.map(look, GARBAGE):
            assert not offered, (how, offered)
            assert error, how


def test_closed_at_any_byte(postern, pki, hostile):
    """The greeting, the capabilities, the go-ahead and the server's flight, cut at places all over them."""
    cuts = [("imap", at) for at in (0, 1, 30, 60, 90, 100, 130, 700, 1500)]
    cuts += [("smtp", at) for at in (1, 40, 80, 110, 900)] + [("pop3s", at) for at in (1, 5, 6, 130, 1000)]

    def look(cut):
        scheme, at = cut
        server = hostile(scheme, Faults(cut_after=at))
        report = check(postern, pki, server.url(), "--timeout=2", connections=1, statuses=(0, 1, 69))
        return cut, report, server

    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        for cut, report, server in pool.map(look, cuts):
            service = report.service
            assert service["missing"] or service["starttls"]["handshake_error"], (cut, service)
            passed = [f["id"] for f in report.data["findings"] if f["verdict"] == "pass" and f["id"].startswith(("cert.", "ciphers."))]
            assert service["tls"] or not passed, (cut, passed)
            assert not server.errors, (cut, server.errors)
