"""What a server says goes on without end, or is meant for the terminal rather than for a person: the first is capped, the
second arrives nowhere as it was sent."""

import base64
import re
import signal
import subprocess
import unicodedata

import pytest
from hostile_login import LOGINS, assert_logged_in, assert_nothing_secret, assert_refused, log_in
from rig.hostile import Faults
from rig.postern import binary

# --- without end

STAGES = ("greeting", "capabilities", "starttls", "tls:capabilities")
# These two tell their capabilities in the greeting.
TOLD_IN_GREETING = ("imap", "sieve")
ENDLESS = [
    (s, stage)
    for s in LOGINS
    for stage in STAGES
    if (s, stage) not in [(t, "capabilities") for t in TOLD_IN_GREETING]
]


def assert_bounded(server, result):
    """It was broken off after about what the sockets hold, not after what the server was ready to say."""
    server.wait_done()
    assert server.endless < 32 << 20
    assert len(result.out) < 200_000 and result.seconds < 20


@pytest.mark.parametrize("scheme, stage", ENDLESS)
def test_endless_line_is_capped(postern, pki, hostile, scheme, stage):
    server = hostile(scheme, Faults(endless_line_at=stage))
    result = log_in(postern, pki, server)
    assert_refused(result, 76, "a line of more than 65536 octets", "(waiting for ")
    assert_bounded(server, result)
    assert server.endless >= 65536
    assert_nothing_secret(server)


@pytest.mark.parametrize("scheme, stage", ENDLESS)
def test_endless_reply_is_capped(postern, pki, hostile, scheme, stage):
    """Lines that could go on as a reply do for a while, those that cannot not at all."""
    server = hostile(scheme, Faults(endless_reply_at=stage))
    result = log_in(postern, pki, server)
    assert_refused(result, 76)
    assert re.search(
        r"does not end|no answer to P\d|this is not [A-Z]|is no reply|is no POP3 reply|the server refused",
        result.err,
    ), result
    assert_bounded(server, result)
    assert_nothing_secret(server)


@pytest.mark.parametrize("scheme", LOGINS)
@pytest.mark.parametrize("how", ("endless_line_at", "endless_reply_at"))
def test_endless_answer_to_the_login_is_capped(postern, pki, hostile, scheme, how):
    server = hostile(scheme, Faults(**{how: "tls:auth"}))
    result = log_in(postern, pki, server)
    assert_refused(result, 76, "auth: ")
    assert_bounded(server, result)


def loops(*replies):
    """A script that answers everything with these, again and again."""

    def script(peer):
        while True:
            for reply in replies:
                peer.send(reply)

    return script


def after(count, reply, once=b""):
    """A script that takes `count` bytes first."""

    def script(peer):
        peer.exactly(count)
        peer.send(once)
        loops(reply)(peer)

    return script


ENDLESS_SCRIPTS = {
    "smtp 120": ("smtp", loops(b"120 in a moment\r\n" * 100), "again and again"),
    "ftp 120": ("ftp", loops(b"120-a\r\n b\r\n120 moment\r\n" * 100), "again and again"),
    "nntp 100": ("nntp", loops(b"100 help\r\n" * 100), "again and again"),
    "imap literals": ("imap", loops(b"* OK {3}\r\nabc" * 100), "more than 1048576 octets"),
    "imap literal": ("imap", after(0, b"x" * 10000, b"* OK {4294967296}\r\n"), "octets"),
    "imap negative literal": ("imap", after(0, b"x" * 10000, b"* OK {-1}\r\n"), "more than 65536 octets"),
    "sieve literal": ("sieve", after(0, b"x" * 10000, b'"A" {4294967296}\r\n'), "not ManageSieve"),
    "irc notices": ("irc", loops(b":x NOTICE * :hi\r\n" * 100), "without end"),
    "irc pings": ("irc", loops(b"PING :hi\r\n" * 100), "without end"),
    "irc empty lines": ("irc", loops(b"\r\n" * 100), "without end"),
    "irc lists": ("irc", loops(b":x CAP * LS * :hi ho\r\n" * 100), "does not offer"),
    "xmpp features": ("xmpp", after(10, b"<a/>" * 1000, b"<stream:stream><stream:features>"), "do not end"),
    "xmpp depth": ("xmpp", after(10, b"<a>" * 1000, b"<stream:stream><stream:features>"), "do not end"),
    "xmpp text": ("xmpp", after(10, b"a" * 10000), "more than 65536 octets"),
    "xmpp attribute": ("xmpp", after(10, b"a" * 10000, b"<stream:stream id='"), "more than 65536 octets"),
    "ldap length": ("ldap", after(10, b"0" * 10000, b"0\x84\xff\xff\xff\xff"), "at most 65536"),
    "ldap nesting": ("ldap", after(10, b"0\x80" * 1000), "not LDAP"),
    "mysql packet": ("mysql", after(0, b"8" * 10000, b"\xff\xff\xff\0\x0a"), "not MySQL"),
    "postgres error": ("postgres", after(8, b"8" * 10000, b"E\xff\xff\xff\xff"), "the server refused"),
}


@pytest.mark.parametrize("case", ENDLESS_SCRIPTS)
def test_no_protocol_waits_for_an_end_that_does_not_come(postern, pki, hostile, case):
    scheme, script, words = ENDLESS_SCRIPTS[case]
    server = hostile.scripted(script, scheme)
    result = log_in(postern, pki, server, login=False, timeout=20)
    assert_refused(result, 76, words)
    assert len(result.out) < 2_000_000


def endless_mailbox(peer):
    """POP3 after the ladder: RETR never ends, and after LIST comes a line that does not."""
    peer.say("+OK hi")
    while True:
        command = peer.line()[:4]
        peer.send(b"+OK\r\n" if command != b"LIST" else b"+OK ")
        if command == b"CAPA":
            peer.say(".")
        else:
            loops((b"all work and no play makes Jack a dull boy " * 1000) + b"\r\n" * (command == b"RETR"))(
                peer
            )


def test_endless_line_in_the_conversation_is_capped(postern, pki, hostile):
    server = hostile.scripted(endless_mailbox, "pop3")
    result = log_in(postern, pki, server, "--tls=off", login=False, input="LIST\nNOOP\n")
    assert_refused(result, 76, "a line of more than 8388608 octets", 'a reply to "LIST"')
    assert b"NOOP" not in server.received


@pytest.mark.parametrize("option", ("-q", "--explain=full"))
def test_endless_message_is_shown_as_it_comes_and_takes_no_memory(postern, hostile, option):
    """Somebody may want all of it; what it may not do is fill the memory."""
    server = hostile.scripted(endless_mailbox, "pop3")
    home = postern.home()
    env = postern.environment(home, env={"ASAN_OPTIONS": "quarantine_size_mb=1"})
    argv = [binary(), "talk", "--tls=off", option, server.url()]
    with subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env, cwd=home.written
    ) as child:
        child.stdin.write(b"RETR 1\n")
        child.stdin.flush()
        taken = sum(len(child.stdout.read(65536)) for _ in range(32 << 4))
        with open(f"/proc/{child.pid}/status", encoding="ascii") as file:
            peak = int(re.search(r"VmHWM:\s+(\d+)", file.read())[1])
        child.send_signal(signal.SIGINT)
        child.stdin.close()
        child.stdout.close()
        assert child.wait(10) in (130, -signal.SIGINT)
    assert taken == 32 << 20 and peak < 40 << 10


# --- not for a person

EVIL = {
    "clear the screen": b"\x1b[2J\x1b[H",
    "colour": b"\x1b[31m",
    "clipboard": b"\x1b]52;c;cm0gLXJmIH4=\x07",
    "title": b"\x1b]0;owned\x1b\\",
    "answer back": b"\x1bP$q\x1b\\\x1b[c",
    "C1 CSI": b"\x9b31m",
    "C1 CSI in UTF-8": b"\xc2\x9b31m",
    "bidi override": "\u202eexe.gpj\u2066".encode(),
    "invisible": "a\u200b\u2060\ufeffb".encode(),
    "line separator": "\u2028<~ 250 ok".encode(),
    "backspace": b"no\x08\x08ok",
    "bare CR": b"\r<~ 250 ok",
    "bell, delete, shift out": b"\x07\x7f\x0e",
    "not UTF-8": b"\xff\xfe\xc0\x80\xed\xa0\x80",
    "NUL": b"a\0b",
}
EVERYTHING = b" ".join(EVIL.values())
NEEDLES = [needle for needle in EVIL.values() if needle not in (EVIL["NUL"], EVIL["bare CR"])]


def assert_harmless(data: bytes, line_end: bytes = b"\n"):
    """Valid UTF-8 with nothing in it that is not meant to be seen."""
    text = data.replace(line_end, b"\n").decode()
    bad = [c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") and c not in "\n\t"]
    assert not bad, (bad, text)


GREETINGS = {
    "smtp": b"220 %s\r\n",
    "lmtp": b"220-%s\r\n220 %s\r\n",
    "pop3": b"+OK %s\r\n",
    "imap": b"* OK %s\r\n",
    "ftp": b"220-x\r\n %s\r\n220 y\r\n",
    "nntp": b"200 %s\r\n",
}
GREETINGS = {scheme: greeting.replace(b"%s", EVERYTHING) for scheme, greeting in GREETINGS.items()}
GREETINGS["sieve"] = b'"IMPLEMENTATION" "%s"\r\n"STARTTLS"\r\nOK "%s"\r\n' % (EVERYTHING, EVERYTHING)
TEXT = EVERYTHING.decode("latin-1")


def hostile_words(scheme):
    """(place, what comes of it, faults): everything evil in one place after the other."""
    yield "greeting", 0, Faults(greeting=GREETINGS[scheme])
    yield "not a greeting", 76, Faults(greeting=EVERYTHING + b"\r\n")
    refusal = {"pop3": b"-ERR ", "imap": b"P1 NO ", "sieve": b'NO "', "nntp": b"580 ", "ftp": b"431 "}.get(
        scheme, b"454 "
    )
    end = b'"\r\n' if scheme == "sieve" else b"\r\n"
    yield "refusal of STARTTLS", 76, Faults(starttls="refused", refusal=refusal + EVERYTHING + end)
    yield "injection", 76, Faults(starttls="injected", injected=EVERYTHING)
    yield "in front of the go-ahead", None, Faults(noise={"starttls": EVERYTHING + b"\r\n"})
    if scheme not in ("imap", "sieve"):  # there a control character ends the list
        yield "capability", 0, Faults(capabilities=(f"X{TEXT}",))
        yield "capability, stripped", 76, Faults(capabilities=(f"X{TEXT}",), starttls="missing")
    no = {"pop3": "-ERR ", "imap": "NO ", "sieve": 'NO "', "nntp": "481 ", "ftp": "530 "}.get(scheme, "535 ")
    no += EVERYTHING.decode("latin-1").replace("\r", "") + ('"' if scheme == "sieve" else "")
    yield "refusal of the login", 77, Faults(auth="reject", auth_refusal=no)
    yield "inside TLS", None, Faults(noise={"tls:capabilities": EVERYTHING + b"\r\n"})
    yield "in front of the login's answer", None, Faults(noise={"tls:auth": EVERYTHING + b"\r\n"})


CASES = [(scheme, *case) for scheme in LOGINS if scheme != "submission" for case in hostile_words(scheme)]


@pytest.mark.parametrize(
    "scheme, place, status, faults", CASES, ids=[f"{case[0]}-{case[1]}" for case in CASES]
)
def test_nothing_evil_reaches_a_pipe_or_a_terminal(postern, pki, hostile, scheme, place, status, faults):
    server = hostile(scheme, faults)
    result = log_in(postern, pki, server, "--transcript=talk.txt", "--explain=full")
    assert status is None or result.status == status, result
    assert "\\x1B[2J" in result.out + result.err, "it was shown, though not as it was sent"
    for data in (result.stdout, result.stderr, (result.home.written / "talk.txt").read_bytes()):
        assert_harmless(data)
    options = ["--login", f"--ca-file={pki.ca_file}", "--stop-after=auth", "--explain=full", "--color=never"]
    with postern.terminal("talk", *options, server.url("alice"), password="n0t-1mportant-here") as terminal:
        terminal.wait()
        assert_harmless(terminal.output.encode(), b"\r\n")
        assert "\\x1B[2J" in terminal.output


def evil_mailbox(peer):
    """A POP3 server whose every word is evil, and whose messages are encoded so that decoding them brings more out."""
    encoded = base64.b64encode(EVERYTHING)
    quoted = "".join(f"={byte:02X}" for byte in EVERYTHING).encode()
    answers = {
        b"CAPA": b"+OK\r\nX" + EVERYTHING + b"\r\nSASL CRAM-MD5\r\n.\r\n",
        b"RETR": b"+OK %s\r\nSubject: =?utf-8?B?%s?= =?iso-8859-1?Q?%s?=\r\nFrom: %s\r\n\r\n%s\r\n.\r\n"
        % (EVERYTHING, encoded, quoted, EVERYTHING, EVERYTHING),
        b"AUTH": b"+ " + encoded + b"\r\n",
    }
    peer.send(b"+OK " + EVERYTHING + b"\r\n")
    while not (line := peer.line()).startswith(b"QUIT"):
        peer.send(answers.get(line[:4], b"-ERR " + EVERYTHING + b"\r\n"))
    peer.send(b"+OK " + EVERYTHING + b"\r\n")


COMMANDS = ("CAPA", "LIST", "RETR 1", "AUTH CRAM-MD5", "*", "NOOP")


def test_nothing_evil_comes_out_of_decoding(postern, pki, hostile):
    server = hostile.scripted(evil_mailbox, "pop3")
    options = ("--tls=off", "--explain=full", "--transcript=talk.jsonl")
    result = log_in(
        postern, pki, server, *options, login=False, input="\n".join(COMMANDS) + "\n/caps\n/expect foo\n"
    )
    assert_refused(result, 65, "\\x1B[2J")
    assert "     | Subject: \\x1B[2J" in result.out and "CRAM-MD5 server challenge" in result.out, result
    for data in (result.stdout, result.stderr, (result.home.written / "talk.jsonl").read_bytes()):
        assert_harmless(data)


@pytest.mark.parametrize("option", ("-q", "--explain=full"))
def test_nothing_evil_reaches_somebody_who_types(postern, hostile, option):
    """With line editing on, the terminal gets control sequences: ours, and none of the server's."""
    server = hostile.scripted(evil_mailbox, "pop3")
    with postern.terminal("talk", "--tls=off", option, server.url()) as terminal:
        terminal.expect(r"\\x1B\[2J")
        for command in COMMANDS:
            terminal.line(command)
            terminal.expect(r"\\xFF\\xFE" if command != "AUTH CRAM-MD5" else r"\+ G1syS")
        terminal.line("QUIT")
        terminal.wait()
    seen = (terminal.home.written / "stdout").read_bytes()
    assert b"\\x1B[2J" in seen and not [needle for needle in NEEDLES if needle in seen]


def evil_echo(peer):
    """No protocol at all: evil before and after a line."""
    peer.send(EVERYTHING + b"\n")
    peer.line()
    peer.send(EVERYTHING + b"\n")


@pytest.mark.parametrize("option", ("-q", "--color=never"))
def test_nothing_evil_reaches_a_terminal_without_a_protocol(postern, hostile, option):
    server = hostile.scripted(evil_echo)
    with postern.terminal("talk", option, server.url()) as terminal:
        terminal.expect(r"\\xFF\\xFE")
        terminal.line("x")
        terminal.expect(r"\\xFF\\xFE")
        terminal.line("/quit")
        terminal.wait()
    seen = (terminal.home.written / "stdout").read_bytes()
    assert not [needle for needle in NEEDLES if needle in seen]


def test_nothing_evil_reaches_a_pipe_without_a_protocol(postern, hostile):
    """-q asks for the bytes as they are; without it the output is for a person."""
    result = postern.run("talk", hostile.scripted(evil_echo).url(), input="x\n")
    assert_harmless(result.stdout)


def test_quiet_in_a_pipe_is_byte_exact(postern, pki, hostile):
    """Who asks for the raw dialogue gets it, into a pipe."""
    server = hostile.scripted(evil_mailbox, "pop3")
    result = log_in(postern, pki, server, "--tls=off", "-q", login=False, input="LIST\nRETR 1\nQUIT\n")
    server.wait_done()
    assert result.stdout == bytes(server.said)
    assert_harmless(result.stderr)


def test_the_oracle_can_see():
    for evil in EVIL.values():
        with pytest.raises((AssertionError, UnicodeDecodeError)):
            assert_harmless(b"x " + evil)
    assert_harmless("=== ok\t'ü'\n".encode())


def test_the_good_server_of_this_file(postern, pki, hostile):
    server = hostile("smtp", Faults(noise={"greeting": b"220-" + EVERYTHING + b"\r\n"}))
    assert_logged_in(log_in(postern, pki, server), server)
