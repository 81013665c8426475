"""`postern talk` with a script: in lock-step with real servers, literals and logins by hand, and what its status says."""

import base64
import hashlib
import hmac
import json
import os
import re
import select
import signal
import subprocess
import threading
import time

import pytest
from rig import mailbox
from rig.hostile import Faults, Gone
from rig.postern import binary

USAGE, DATA, NO_INPUT, NO_HOST, UNAVAILABLE, IO, TEMPFAIL, PROTOCOL, AUTH = 64, 65, 66, 68, 69, 74, 75, 76, 77


def sent(result):
    """The lines that went out, as they are shown."""
    return re.findall(r"^[-~]> ?(.*)$", result.out, re.MULTILINE)


def said(result):
    return re.findall(r"^<[-~] ?(.*)$", result.out, re.MULTILINE)


def b64(text):
    return base64.b64encode(text.encode()).decode()


def maildir_of(server, user):
    return server.maildir(user) / "new"


def arrived(directory, before, seconds=10):
    """The message that came into the directory since `before` was listed."""
    deadline = time.monotonic() + seconds
    while True:
        new = set(directory.iterdir()) - before if directory.exists() else set()
        if new:
            return new.pop().read_bytes()
        assert time.monotonic() < deadline, f"nothing came into {directory}"
        time.sleep(0.05)


def listing(directory):
    return set(directory.iterdir()) if directory.exists() else set()


# --- lock-step

# protocol: (greeting, command, pieces of its reply, command that must wait)
LOCK_STEP = {
    "pop3": ("+OK hi\r\n", "LIST", ["+OK 2\r\n", "1 10\r\n2 2", "0\r\n", ".", "\r\n"], "QUIT"),
    "smtp": ("220 hi\r\n", "HELP", ["214-one\r\n", "214-two\r\n", "214 three", "\r\n"], "QUIT"),
    "imap": ("* OK hi\r\n", "a1 LIST", ["* LIST x\r\n", "b9 OK not yours\r\n", "a1 O", "K\r\n"], "a2 LOGOUT"),
    "nntp": ("200 hi\r\n", "LIST", ["215 go\r\n", "a 1 2 y\r\n", ".\r\n"], "QUIT"),
    "ftp": ("220 hi\r\n", "STAT", ["211-one\r\n", " 211 no end\r\n", "two\r\n", "211 end\r\n"], "QUIT"),
    "sieve": ('"IMPLEMENTATION" "x"\r\nOK\r\n', "LISTSCRIPTS", ['"a"\r\n', '"b" ACTIVE\r\n', "OK\r\n"], "LOGOUT"),
}


@pytest.mark.parametrize("scheme", LOCK_STEP)
def test_a_command_waits_for_the_whole_reply_to_the_one_before(talk, hostile, scheme):
    greeting, command, pieces, next_command = LOCK_STEP[scheme]

    def nothing_more(peer):
        time.sleep(0.05)
        return not select.select([peer._socket], [], [], 0)[0]

    def script(peer):
        time.sleep(0.05)
        assert nothing_more(peer), "it spoke before the greeting"
        peer.send(greeting.encode())
        assert peer.line().decode() == command
        for piece in pieces:
            assert nothing_more(peer), f"it did not wait for {piece!r}"
            peer.send(piece.encode())
        assert peer.line().decode() == next_command
        raise Gone("done")

    server = hostile.scripted(script, scheme)
    typed = f"{command}\n{next_command}\n"
    talk(server.url(), "--tls=off", "--start-at=greeting", input=typed)
    server.wait_done()
    assert not server.errors


def test_a_fast_writer_neither_loses_a_line_nor_fills_the_memory(postern, dovecot_cleartext, users, pki):
    """100,000 lines are pushed into the pipe as fast as it takes them; each is answered."""
    count = 100_000
    home = postern.home()
    env = postern.environment(home, users.alice.password, {"ASAN_OPTIONS": "quarantine_size_mb=1"})
    argv = [binary(), "talk", "-q", "--tls=off", "--allow-cleartext-auth", "--auth=PLAIN", "--login"]
    child = subprocess.Popen(
        [*argv, dovecot_cleartext.url("pop3", "alice")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=env,
        cwd=home.written,
    )

    def push():
        child.stdin.write(b"NOOP\n" * count)
        child.stdin.close()

    writer = threading.Thread(target=push)
    writer.start()
    answers, peaks = 0, []
    for line in child.stdout:
        answers += line == b"+OK\r\n"
        if answers in (5_000, count - 5):
            with open(f"/proc/{child.pid}/status", encoding="ascii") as file:
                peaks.append(int(re.search(r"VmHWM:\s+(\d+)", file.read())[1]))
    writer.join()
    child.stdout.close()
    assert child.wait() == 0
    assert answers == count + 1  # and CAPA
    assert peaks[-1] < peaks[0] + 4096 and peaks[-1] < 64 << 10


def test_lines_end_as_they_like_and_empty_ones_say_nothing(talk, postfix):
    done = talk(postfix.url("smtp"), input="NOOP one\r\n\r\n\nNOOP two\nNOOP three")
    assert done.status == 0, done
    assert sent(done)[-4:] == ["NOOP one", "NOOP two", "NOOP three", "QUIT"]


def test_a_slash_is_doubled_to_be_sent(talk, dovecot):
    done = talk(dovecot.url("pop3s"), input="//nonsense\n/expect ^-ERR\n")
    assert done.status == 0 and "/nonsense" in sent(done), done


@pytest.mark.parametrize("letter", "RQKBkrqf?hS")
def test_no_letter_is_a_command(talk, dovecot, letter):
    done = talk(dovecot.url("pop3s"), input=f"{letter}\n/expect ^-ERR\n{letter}CPT x\n/expect ^-ERR\n")
    assert done.status == 0, done
    assert [letter, f"{letter}CPT x", "QUIT"] == sent(done)[-3:]


# --- where lines come from


def test_a_script_is_a_file(talk, postern, postfix):
    home = postern.home()
    script = home.file("script", "NOOP\nQUIT\n")
    done = talk(postfix.url("smtp"), f"--script={script}", home=home, input="VRFY nobody\n")
    assert done.status == 0 and sent(done)[-2:] == ["NOOP", "QUIT"], done


def test_a_script_that_is_missing_is_told(talk, postfix):
    done = talk(postfix.url("smtp"), "--script=/nonexistent/script")
    assert done.status == NO_INPUT and "/nonexistent/script" in done.err, done


def test_a_script_on_standard_input_by_name(talk, postfix):
    done = talk(postfix.url("smtp"), "--script=-", input="NOOP\n")
    assert done.status == 0 and sent(done)[-2:] == ["NOOP", "QUIT"], done


def test_an_empty_script_is_greeted_and_leaves(talk, dovecot):
    done = talk(dovecot.url("pop3s"))
    assert done.status == 0 and sent(done)[-1] == "QUIT", done


def test_more_than_one_address_is_refused(talk, postfix):
    done = talk(postfix.url("smtp"), postfix.url("submission"))
    assert done.status == USAGE and "one address is enough" in done.err, done


def test_dry_run_tells_and_connects_to_nothing(talk, hostile):
    server = hostile("imap")
    done = talk(server.url("alice"), "--dry-run", "--login", password="unused7secret")
    assert done.status == 0 and not server.connections, done
    for words in (f"imap://alice@localhost:{server.port}", "required", "alice", "password"):
        assert words in done.out


def test_who_closes_our_output_is_noticed(postern, dovecot_cleartext):
    """`postern talk ... | head -1` ends, however long the script is."""
    home = postern.home()
    child = subprocess.Popen(
        [binary(), "talk", "--tls=off", dovecot_cleartext.url("pop3")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=postern.environment(home),
        cwd=home.written,
    )
    assert child.stdout.readline()
    child.stdout.close()
    try:
        for _ in range(1_000):
            child.stdin.write(b"NOOP\n")
            child.stdin.flush()
            time.sleep(0.002)
        pytest.fail("it went on")
    except BrokenPipeError:
        pass
    assert child.wait(10) == IO
    assert b"standard output" in child.stderr.read()
    child.stderr.close()


# --- expectations


@pytest.fixture
def alice(talk, dovecot, users):
    """alice(script, ...): in her mailbox by POP3."""

    def run(script, *args, **more):
        more.setdefault("password", users.alice.password)
        return talk(dovecot.url("pop3s", "alice"), "--login", *args, input=script, **more)

    return run


def test_an_expectation_met(alice):
    done = alice("STAT\n/expect ^\\+OK [1-9]\nRETR 1\n/expect octets$\nQUIT\n")
    assert done.status == 0, done


def test_an_expectation_not_met_ends_the_script(alice):
    done = alice("STAT\n/expect ^nothing of the kind\nNOOP\n")
    assert done.status == DATA, done
    assert '"^nothing of the kind", but the server said: +OK ' in done.err
    assert "NOOP" not in sent(done)


def test_expectations_by_option_are_met_in_their_order(alice):
    options = ["--expect=^.OK [0-9]+ [0-9]+$", "--expect=messages:", "--expect=Logging out"]
    assert alice("STAT\nLIST\nQUIT\n", *options).status == 0
    done = alice("LIST\nSTAT\nQUIT\n", *options)
    assert done.status == DATA and 'no reply matched "messages:"' in done.err, done


def test_a_refusal_that_was_expected_is_none(alice):
    assert alice("RETR 4711\n/expect ^-ERR\nQUIT\n").status == 0
    assert alice("RETR 4711\nQUIT\n", "--expect=^-ERR").status == 0


def test_an_expectation_that_is_no_expression_is_refused(alice):
    done = alice("", "--expect=(")
    assert done.status == USAGE and "no regular expression" in done.err, done


def test_refusals_decide_the_status(alice):
    done = alice("RETR 4711\nSTAT\nQUIT\n")
    assert done.status == UNAVAILABLE, done
    assert "the server refused RETR: -ERR There's no message 4711" in done.err


def test_a_wrong_password_by_hand_is_77_until_one_is_right(talk, dovecot, users, passwords):
    wrong = f"USER alice\nPASS {users.wrong}\n"
    done = talk(dovecot.url("pop3s"), input=wrong)
    assert done.status == AUTH and "the server refused PASS" in done.err, done
    done = talk(dovecot.url("pop3s"), input=f"{wrong}USER alice\nPASS {users.alice.password}\nSTAT\n")
    assert done.status == 0, done


# --- how far up the ladder

STOPS = {  # what shows that it got there
    "connect": "connected to localhost",
    "greeting": "+OK Postern's rig",
    "capabilities": "<- STLS",
    "starttls": "+OK Begin TLS negotiation now.",
    "tls": "Trust              verified by PKIX: localhost",
    "auth": "authenticated by SCRAM-SHA-256",
}


@pytest.mark.parametrize("stage", STOPS)
def test_it_stops_after_each_stage_and_says_what_was_found(talk, dovecot, users, stage):
    done = talk(dovecot.url("pop3", "alice"), f"--stop-after={stage}", password=users.alice.password, input="NOOP\n")
    assert done.status == 0, done
    stages = list(STOPS)
    reached = stages[: stages.index(stage) + 1]
    assert [name for name in stages if STOPS[name] in done.out] == reached
    assert f"=== stopped after {stage}, as asked" in done.out
    assert "NOOP" not in sent(done)


def test_no_goodbye_goes_to_a_server_that_waits_for_the_handshake(talk, hostile):
    server = hostile("smtp")
    assert talk(server.url(), "--stop-after=starttls").status == 0
    server.wait_done()
    assert server.received.endswith(b"STARTTLS\r\n")


@pytest.mark.parametrize("scheme", ["imap", "smtp", "submission", "sieve"])
def test_other_protocols_stop_too(talk, dovecot, postfix, scheme):
    server = dovecot if scheme in ("imap", "sieve") else postfix
    for stage in ("capabilities", "starttls", "tls"):
        assert talk(server.url(scheme), f"--stop-after={stage}").status == 0


# faults, or a port; stage where it fails, status, words
FAILURES = [
    ("tls", Faults(greeting=b"421 4.3.2 too busy\r\n"), TEMPFAIL, "greeting: .*421 4.3.2 too busy"),
    ("tls", Faults(greeting=b"554 5.7.1 go away\r\n"), UNAVAILABLE, "greeting: .*554 5.7.1 go away"),
    ("tls", Faults(drop_at="greeting"), PROTOCOL, "greeting: the server closed"),
    ("tls", Faults(stall_at="greeting"), TEMPFAIL, "greeting: timed out .*submissions://"),
    ("tls", Faults(drop_at="capabilities"), PROTOCOL, "capabilities: the server closed"),
    ("tls", Faults(starttls="refused"), PROTOCOL, "starttls: .*454"),
    ("tls", Faults(starttls="missing"), PROTOCOL, "starttls: .*does not offer STARTTLS"),
    ("tls", Faults(cert="expired"), PROTOCOL, "tls: .*certificate has expired"),
    ("auth", Faults(auth="reject"), AUTH, "auth: .*535"),
    ("connect", None, UNAVAILABLE, "Connection refused"),
]


@pytest.mark.parametrize("stage, faults, status, words", FAILURES, ids=[row[3] for row in FAILURES])
def test_status_and_message_tell_where_and_why(talk, hostile, rig, users, stage, faults, status, words):
    url = hostile("smtp", faults).url("alice") if faults else f"smtp://localhost:{rig.ports.take()}"
    done = talk(url, f"--stop-after={stage}", "--timeout=1", password=users.alice.password)
    assert done.status == status and re.search(words, done.err), done
    assert "stopped after" not in done.out


def test_a_name_that_is_none_is_68(talk, dns):
    done = talk("pop3://nobody.example.test", *dns.options)
    assert done.status == NO_HOST and "nobody.example.test has no address" in done.err, done


@pytest.mark.parametrize("stage, first", [("connect", None), ("greeting", "-> QUIT"), ("capabilities", "-> CAPA")])
def test_it_begins_where_it_is_told_to(talk, dovecot, stage, first):
    done = talk(dovecot.url("pop3"), f"--start-at={stage}", input="QUIT\n")
    assert done.status == 0, done
    assert not first or first == re.findall("^-> .*", done.out, re.MULTILINE)[0]
    assert "STLS" not in sent(done)


def test_it_begins_authenticated(talk, dovecot, users):
    for option in ("--login", "--start-at=auth"):
        done = talk(dovecot.url("imap", "alice"), option, input="SELECT INBOX\n", password=users.alice.password)
        assert done.status == 0 and "* 7 EXISTS" in done.out, done


def test_in_the_clear_until_told(talk, dovecot):
    done = talk(dovecot.url("imap"), "--tls=off", input="NOOP\n/starttls\nNOOP\n")
    assert done.status == 0, done
    assert "-> A001 NOOP" in done.out and "~> A002 NOOP" in done.out


# --- an upgrade by hand

BY_HAND = {
    "smtp": ("EHLO me", "STARTTLS", "EHLO me"),
    "pop3": ("CAPA", "STLS", "CAPA"),
    "imap": ("CAPABILITY", "STARTTLS", "NOOP"),
    "sieve": ("NOOP", "STARTTLS", "NOOP"),
    "ftp": ("FEAT", "AUTH TLS", "PBSZ 0"),
    "nntp": ("CAPABILITIES", "STARTTLS", "DATE"),
    "irc": ("CAP LS", "STARTTLS", "CAP LS"),
}


@pytest.mark.parametrize("scheme", BY_HAND)
def test_a_request_for_tls_by_hand_begins_the_handshake_by_itself(
    talk, dovecot, postfix, ftp, news, irc, scheme
):
    servers = {"smtp": postfix, "ftp": ftp, "nntp": news, "irc": irc}
    before, request, after = BY_HAND[scheme]
    done = talk(
        servers.get(scheme, dovecot).url(scheme), "--start-at=greeting", input=f"{before}\n{request}\n{after}\n"
    )
    assert done.status == 0, done
    assert done.out.index(f"{request}\n") < done.out.index("=== TLS 1.") < done.out.rindex(after)
    assert re.search(rf"^-> (A\d+ )?{request}$", done.out, re.MULTILINE)
    assert re.search(rf"^~> (A\d+ )?{after}$", done.out, re.MULTILINE)
    assert len(re.findall(request, "\n".join(sent(done)))) == 1


def test_a_refused_request_for_tls_by_hand_changes_nothing(talk, hostile):
    server = hostile("smtp", Faults(starttls="refused"))
    done = talk(server.url(), "--start-at=greeting", input="EHLO me\nSTARTTLS\n/expect 454\nNOOP\n")
    assert done.status == 0 and "-> NOOP" in done.out, done


def test_tls_asked_for_twice_is_not_sent_twice(talk, postfix):
    done = talk(postfix.url("smtp"), "--start-at=greeting", input="EHLO me\nSTARTTLS\n/starttls\nNOOP\n")
    assert done.status == 0 and sent(done).count("STARTTLS") == 1, done
    assert "TLS is up already" in done.out
    done = talk(postfix.url("smtp"), input="STARTTLS\n")
    assert done.status == USAGE and "not sent: TLS is up already" in done.err, done


def test_sigalrm_upgrades_a_script(postern, pki, postfix):
    """As users of gnutls-cli know it; and only once."""
    home = postern.home()
    child = subprocess.Popen(
        [binary(), "talk", f"--ca-file={pki.ca_file}", "--start-at=greeting", postfix.url("smtp")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=postern.environment(home),
        cwd=home.written,
        text=True,
    )
    lines = []

    def until(words):
        while not lines or words not in lines[-1]:
            lines.append(child.stdout.readline())
            assert lines[-1], lines

    def say(line):
        child.stdin.write(line + "\n")
        child.stdin.flush()

    until("220 ")
    child.send_signal(signal.SIGALRM)
    until("=== TLS 1.")
    say("NOOP")
    until("~> NOOP")
    child.send_signal(signal.SIGALRM)
    until("TLS is up already")
    say("QUIT")
    child.stdin.close()
    lines += child.stdout.readlines()
    child.stdout.close()
    assert child.wait(10) == 0
    assert len([line for line in lines if "STARTTLS" in line and "> " in line]) == 1


# --- messages by hand


def test_a_message_by_hand_arrives(talk, postfix, dovecot, users):
    new = maildir_of(dovecot, users.bob)
    before = listing(new)
    script = """EHLO me
MAIL FROM:<alice@example.test>
RCPT TO:<bob@example.test>
DATA
Subject: by hand

/quit
//two
..
..x
QUIT

the end
.
QUIT
"""
    done = talk(postfix.url("smtp"), input=script)
    assert done.status == 0, done
    body = arrived(new, before).replace(b"\r\n", b"\n").partition(b"\n\n")[2]
    assert body == b"/quit\n//two\n.\n.x\nQUIT\n\nthe end\n"


def test_a_script_that_ends_in_a_message_is_not_done(talk, postfix):
    done = talk(postfix.url("smtp"), input="MAIL FROM:<>\nRCPT TO:<bob@example.test>\nDATA\nSubject: x\n")
    assert done.status == DATA and "ends where the server waits for the rest of DATA" in done.err, done
    assert "QUIT" not in sent(done), "that would have been a line of the message"


def test_chunks_by_hand(talk, postfix, dovecot, users):
    new = maildir_of(dovecot, users.bob)
    before = listing(new)
    first = "Subject: in chunks\r\n\r\n.one\r\n"
    script = (
        "EHLO me\nMAIL FROM:<alice@example.test>\nRCPT TO:<bob@example.test>\n"
        f"BDAT {len(first)}\nSubject: in chunks\n\n.one\nBDAT 6 LAST\n/two\nBDAT 0\n/expect ^5\n"
    )
    done = talk(postfix.url("smtp"), input=script)
    assert done.status == 0, done
    message = arrived(new, before).replace(b"\r\n", b"\n")
    assert b"\nSubject: in chunks\n" in message and message.endswith(b"\n\n.one\n/two\n")


def test_a_chunk_that_does_not_fit_is_not_sent(talk, postfix):
    start = "MAIL FROM:<>\nRCPT TO:<bob@example.test>\n"
    done = talk(postfix.url("smtp"), input=f"{start}BDAT 3 LAST\nabcdef\n")
    assert done.status == DATA and "3 octets are wanted; this line has 6" in done.err, done
    assert "abc" not in "".join(sent(done)[-1:])


def append(message, plus=""):
    return f"APPEND INBOX {{{len(message)}{plus}}}\n" + message.replace("\r\n", "\n")


@pytest.mark.parametrize("plus", ["", "+"])
def test_a_literal_by_hand(talk, dovecot, users, plus):
    """Slashes, tags and empty lines are its contents; what comes behind is the rest of the command."""
    message = "Subject: appended\r\n\r\n/quit\r\na1 LOGOUT\r\n\r\n.\r\nend\r\n"
    script = append(message, plus) + "\nSTATUS INBOX (MESSAGES)\nLOGOUT\n"
    directory = maildir_of(dovecot, users.bob).parent
    before = listing(directory / "cur") | listing(directory / "new")
    done = talk(dovecot.url("imaps", "bob"), "--login", input=script, password=users.bob.password)
    assert done.status == 0 and "APPENDUID" in done.out, done
    new = (listing(directory / "cur") | listing(directory / "new")) - before
    assert [path.read_bytes().replace(b"\r\n", b"\n").decode() for path in new] == [message.replace("\r\n", "\n")]


def test_login_with_literals_is_masked(talk, dovecot, users):
    carol = users.quoted
    script = f"LOGIN {{{len(carol.name)}}}\n{carol.name} {{{len(carol.password)}}}\n{carol.password}\nNOOP\n"
    done = talk(dovecot.url("imaps"), input=script)
    assert done.status == 0 and "Logged in" in done.out, done
    assert "*****" in sent(done)


# --- logins by hand


def test_auth_plain_by_hand(talk, postfix, users):
    alice = users.alice
    response = b64(f"\0{alice.name}\0{alice.password}")
    for script in (f"AUTH PLAIN\n{response}\n", f"AUTH PLAIN {response}\n"):
        done = talk(postfix.url("submission"), input=script)
        assert done.status == 0 and "235 " in done.out, done
        assert response not in done.out


def test_auth_login_and_cram_md5_by_hand(postern, pki, postfix, users):
    alice = users.alice
    home = postern.home()
    child = subprocess.Popen(
        [binary(), "talk", "-q", f"--ca-file={pki.ca_file}", postfix.url("submission")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=postern.environment(home),
        cwd=home.written,
        text=True,
    )

    def say(line):
        child.stdin.write(line + "\n")
        child.stdin.flush()

    def hear(pattern):
        for line in child.stdout:
            found = re.search(pattern, line)
            if found:
                return found
        raise AssertionError(f"'{pattern}' did not come")

    hear("CHUNKING")
    hear("CHUNKING")
    say("AUTH LOGIN")
    hear("334 " + b64("Username:"))
    say("*")
    hear("^501")
    say("AUTH CRAM-MD5")
    challenge = base64.b64decode(hear("334 (.*)")[1])
    digest = hmac.new(alice.password.encode(), challenge, hashlib.md5).hexdigest()
    say(b64(f"{alice.name} {digest}"))
    hear("^235 ")
    say("QUIT")
    child.stdin.close()
    child.stdout.read()
    child.stdout.close()
    assert child.wait(10) == 0  # the one that was cancelled is forgotten


def test_a_refused_login_by_hand_is_77(talk, postfix, users):
    response = b64(f"\0alice\0{users.wrong}")
    done = talk(postfix.url("submission"), input=f"AUTH PLAIN {response}\n")
    assert done.status == AUTH and "the server refused AUTH: 535" in done.err, done
    assert response not in done.out + done.err


def test_a_login_given_up_half_way_is_not_done(talk, postfix):
    done = talk(postfix.url("submission"), input="AUTH LOGIN\n")
    assert done.status == DATA and "waits for the next response of AUTH" in done.err, done
    assert sent(done)[-2:] == ["*", "QUIT"]


def test_a_server_that_never_asks_gets_the_response_of_a_script_too(talk, hostile, users, passwords):
    """Some wait for the response to AUTH PLAIN without a 334 (inside TLS only)."""
    response = b64(f"\0alice\0{users.alice.password}")

    def script(peer):
        peer.say("+OK hi")
        while True:
            line = peer.line()
            if line == b"AUTH PLAIN":
                assert peer.line().decode() == response
                peer.say("+OK in")
            elif line == b"CAPA":
                peer.say("+OK", "SASL PLAIN", ".")
            elif line == b"QUIT":
                peer.say("+OK bye")
                raise Gone("done")
            else:
                peer.say("+OK")

    def tls_script(peer):
        peer.upgrade()
        script(peer)

    server = hostile.scripted(tls_script, "pop3s")
    done = talk(server.url(), "--auth-wait=0.3", input=f"AUTH PLAIN\n{response}\nNOOP\n")
    assert done.status == 0, done
    assert "no challenge within 0.3 s" in done.out and sent(done)[-3:] == ["*****", "NOOP", "QUIT"]


def test_a_password_is_not_typed_into_the_clear(talk, dovecot, users):
    done = talk(dovecot.url("pop3"), "--tls=off", input=f"USER alice\nPASS {users.alice.password}\n")
    assert done.status == PROTOCOL and "PASS would give the password away" in done.err, done
    assert "PASS" not in "".join(sent(done))


def test_pass_alone_takes_the_password_from_where_it_is(talk, dovecot, users):
    done = talk(dovecot.url("pop3s"), input="USER alice\nPASS\nSTAT\n", password=users.alice.password)
    assert done.status == 0 and "PASS *****" in sent(done), done


# --- a server that leaves


def test_a_server_that_says_goodbye_in_the_middle(talk, hostile):
    def script(peer):
        peer.say("220 hi")
        peer.line()
        peer.say("250 x")
        peer.line()
        peer.say("421 4.7.0 too many errors")
        raise Gone("done")

    server = hostile.scripted(script, "smtp")
    done = talk(server.url(), "--tls=off", input="NOOP\nNOOP\nNOOP\n")
    assert done.status == TEMPFAIL, done
    assert "closed the connection after NOOP (NOOP: 421 4.7.0 too many errors)" in done.err
    assert "standard input was not sent from line 2 on" in done.err


def test_idle_in_a_script(talk, dovecot, users):
    done = talk(
        dovecot.url("imaps", "alice"),
        "--login",
        input="SELECT INBOX\nIDLE\n/wait 0.2\nDONE\nNOOP\n/wait\nIDLE\n",
        password=users.alice.password,
    )
    assert done.status == 0, done
    assert sent(done)[-5:-1] == ["DONE", "A003 NOOP", "A004 IDLE", "DONE"] and "LOGOUT" in sent(done)[-1]


def test_raw_octets_are_followed_too(talk, postfix):
    done = talk(postfix.url("smtp"), input="/raw 4e4f 4f50 0d0a\nNOOP two\n/raw zz\n")
    assert done.status == USAGE and "hexadecimal" in done.err, done
    assert [line[:3] for line in said(done)[-2:]] == ["250", "250"]


def test_raw_octets_give_no_password_away(talk, dovecot, users):
    secret = f"PASS {users.alice.password}\r\n".encode().hex()
    done = talk(dovecot.url("pop3"), "--tls=off", input=f"/raw {secret}\n")
    assert done.status == PROTOCOL and "give the password away" in done.err, done
    done = talk(dovecot.url("pop3s"), input=f"USER alice\n/raw {secret}\nSTAT\n")
    assert done.status == 0 and "*****" in sent(done), done


# --- without lines: http, tls, tcp


def test_get_by_hand_until_the_server_closes(talk, tls_www):
    done = talk(
        f"https://localhost:{tls_www.port('tls')}/", input="GET / HTTP/1.1\nHost: localhost\n\n", timeout=20
    )
    assert done.status == 0, done
    assert "HTTP/1.0 200 ok" in done.out and "</HTML>" in done.out.upper()


class Web:
    """An HTTP server inside TLS that keeps its connections open: only lengths and chunks tell where an answer ends."""

    BODIES = {
        "/length": (b"Content-Length: 6\r\n", b"length"),
        "/chunked": (b"Transfer-Encoding: chunked\r\n", b"5\r\nchunk\r\n3;x=y\r\ned!\r\n0\r\nX-Sum: 1\r\n\r\n"),
        "/none": (b"", b""),
    }

    def __init__(self, hostile):
        self.requests = []
        self.server = hostile.scripted(self._script, "https")
        self.url = self.server.url()

    def _script(self, peer):
        peer.upgrade()
        while True:
            method, path, _ = peer.line().decode().split(" ")
            header = []
            while line := peer.line():
                header.append(line)
            self.requests.append((method, path, header))
            fields, body = self.BODIES[path]
            status = b"204 No Content" if path == "/none" else b"200 OK"
            peer.send(b"HTTP/1.1 " + status + b"\r\n" + fields + b"\r\n")
            for i in range(0, len(body) if method != "HEAD" else 0, 4):
                peer.send(body[i : i + 4])
                time.sleep(0.01)


@pytest.mark.parametrize("path", Web.BODIES)
def test_an_answer_ends_by_its_length_or_chunks(talk, hostile, path):
    web = Web(hostile)
    done = talk(web.url, "-q", input=f"GET {path} HTTP/1.1\nHost: localhost\n\n", timeout=20)
    assert done.status == 0 and done.seconds < 10, done
    assert done.stdout.endswith(web.BODIES[path][1])
    assert web.requests == [("GET", path, [b"Host: localhost"])]


def test_several_requests_over_one_connection(talk, hostile):
    web = Web(hostile)
    paths = ["/chunked", "/length", "/none", "/length"]
    typed = "".join(f"GET {path} HTTP/1.1\nHost: x\n\n" for path in paths) + "HEAD /length HTTP/1.1\nHost: x\n\n"
    done = talk(web.url, "-q", input=typed, timeout=20)
    assert done.status == 0 and done.seconds < 10, done
    assert [request[1] for request in web.requests] == paths + ["/length"] and web.server.connections == 1
    assert done.out.count("HTTP/1.1 20") == 5 and "length" in done.out


def test_a_stream_inside_tls_has_no_lock_step(talk, gnutls):
    """gnutls-serv echoes lines; the last ones are heard before the end."""
    lines = [f"line {number}" for number in range(100)] + ["", "/slash"]
    typed = "\n".join(lines).replace("/slash", "//slash") + "\n"
    done = talk(f"tls://localhost:{gnutls.port('tls')}", "-q", input=typed, timeout=20)
    assert done.status == 0, done
    assert done.stdout.replace(b"\r", b"") == ("\n".join(lines) + "\n").encode()


def test_a_stream_in_the_clear(talk, hostile):
    def script(peer):
        peer.send(b"no line end")
        assert peer.exactly(9) == b"one\r\n\r\n\r\n"
        peer.send(b"\x00\xff\n")
        raise Gone("done")

    server = hostile.scripted(script)
    done = talk(server.url(), "-q", input="one\n\n\n")
    assert done.status == 0 and done.stdout == b"no line end\x00\xff\n", done
    server.wait_done()
    assert not server.errors


# --- protocols that are not mail, on real servers


def test_sieve(talk, dovecot, users):
    script = 'CHECKSCRIPT {7+}\nkeep;\n\nHAVESPACE "x" 100\nCHECKSCRIPT "nonsense"\n/expect ^NO\nNOOP "tag"\n'
    done = talk(dovecot.url("sieve", "bob"), "--login", input=script, password=users.bob.password)
    assert done.status == 0, done
    assert 'NOOP "tag"' in sent(done) and said(done)[-1].startswith("OK")


def test_ftp(talk, ftp, users):
    done = talk(ftp.url("ftp"), input="SYST\nFEAT\nNOOP\nNONSENSE\n/expect ^500\nHELP\n")
    assert done.status == 0, done
    assert sent(done)[-6:] == ["SYST", "FEAT", "NOOP", "NONSENSE", "HELP", "QUIT"]
    assert said(done)[-1].startswith("221")


def test_nntp(talk, news):
    done = talk(news.url("nntp"), input="DATE\nLIST\nHELP\nGROUP no.such.group\n/expect ^411\nDATE\n")
    assert done.status in (0, UNAVAILABLE), done
    assert [line for line in sent(done) if line == "DATE"] == ["DATE", "DATE"]
    assert said(done)[-1].startswith("205")


def test_irc(talk, irc):
    done = talk(irc.url("ircs"), input="NICK joe7\nUSER joe 0 * :Joe\nPING x\n/wait 0.5\nQUIT :bye\n")
    assert done.status == 0, done
    assert "joe7" in done.out and sent(done)[-1].startswith("QUIT")


# --- what is shown


def test_quiet_is_exactly_what_the_server_said(alice, dovecot):
    done = alice("RETR 4\nRETR 5\nRETR 6\nRETR 7\n", "-q", "--transcript=log.jsonl")
    events = [json.loads(line) for line in (done.home.written / "log.jsonl").read_text().splitlines()]
    octets = b""
    for event in events:
        if event["dir"] == "in":
            text = base64.b64decode(event["base64"]) if "base64" in event else event["text"].encode()
            octets += text + ("" if event.get("payload") else event.get("line_end", "\r\n")).encode()
    assert done.stdout == octets
    for number in (4, 5, 6, 7):
        message = mailbox.MESSAGES[number - 1]
        stuffed = re.sub(rb"^\.", b"..", message, flags=re.MULTILINE)
        assert stuffed in done.stdout


# level: what it says, what it does not say
EXPLAIN = {
    "off": ([], ["     | "]),
    "brief": (["| Limits - SIZE: messages up to 20.5 MB\n", "- STARTTLS\n", "354 send the message", " ms\n"], ["after 0."]),
    "full": (["|   SIZE                 messages up to 20.5 MB (RFC 1870)\n", "| after ", "SHA-256"], []),
}


@pytest.mark.parametrize("level", EXPLAIN)
def test_as_much_is_explained_as_asked_for(talk, postfix, level):
    script = "MAIL FROM:<a@example.test>\nRCPT TO:<bob@example.test>\nDATA\nSubject: explained\n\n.\n"
    done = talk(postfix.url("smtp"), f"--explain={level}", input=script)
    assert done.status == 0, done
    there, not_there = EXPLAIN[level]
    assert [words for words in there if words not in done.out] == []
    assert [words for words in not_there if words in done.out] == []


def test_nothing_is_explained_in_a_pipe_unless_asked(talk, postfix):
    assert "     | " not in talk(postfix.url("smtp")).out


def test_explanations_fit_into_80_columns(talk, dovecot):
    done = talk(dovecot.url("imaps", "alice"), "--explain=brief", input="LIST\n")
    explained = [line for line in done.out.splitlines() if line.startswith("     | ")]
    assert len(explained) > 8 and 70 < max(map(len, explained)) <= 80


def test_capabilities_asked_for_again_are_not_explained_again(talk, postfix):
    done = talk(postfix.url("smtp"), "--explain=brief", input="EHLO another\n")
    assert "The same as before" in done.out and done.out.count("Limits - SIZE") == 1, done


def test_header_fields_are_decoded(alice):
    done = alice("RETR 3\n", "--explain=brief")
    assert "     | Subject: Grüße aus Köln und München\n" in done.out
    assert "     | From: Jürgen Müller <juergen@example.test>\n" in done.out


def test_challenges_and_responses_are_decoded(talk, postfix, users):
    response = b64(f"\0alice\0{users.alice.password}")
    script = f"AUTH LOGIN\n*\n/expect ^501\nAUTH PLAIN\n{response}\n"
    done = talk(postfix.url("submission"), "--explain=brief", input=script)
    assert done.status == 0, done
    for words in ("Username:", "an empty challenge", "user=alice, password=*****"):
        assert words in done.out
    done = talk(
        postfix.url("submission", "alice"), "--login", "--explain=brief", "--auth=SCRAM-SHA-256",
        password=users.alice.password,
    )  # fmt: skip
    assert "=== SCRAM-SHA-256 client first message: " in done.out and "user=alice" in done.out
    assert "iterations=" in done.out and "proof=*****" in done.out


def test_an_apop_challenge_is_pointed_out(talk, dovecot, users):
    done = talk(dovecot.url("pop3s", "alice"), "--explain=brief", input="/apop\nSTAT\n", password=users.alice.password)
    assert done.status == 0 and "is a challenge for APOP" in done.out, done
    assert "APOP alice *****" in sent(done) and "7 messages, 4.1 kB (4,137 octets) in all" in done.out


def test_a_refused_apop_is_explained(talk, dovecot, users):
    """Wrong secret, or an account that cannot do APOP: the server does not say which."""
    for user, password in ((users.alice, users.wrong), (users.hashed, users.hashed.password)):
        done = talk(dovecot.url("pop3s", user.name), "--auth=apop", "--login", "--explain=brief", password=password)
        assert done.status == AUTH and "APOP" in done.err, done
