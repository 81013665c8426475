"""`postern talk` with a script: in lock-step with real servers, and what its status says."""

import base64
import json
import re
import select
import subprocess
import threading
import time

import pytest
from rig import mailbox
from rig.hostile import Faults, Gone
from rig.postern import binary
from talking import alice, b64, said, sent  # noqa: F401

USAGE, DATA, NO_INPUT, NO_HOST, UNAVAILABLE, IO, TEMPFAIL, PROTOCOL, AUTH = 64, 65, 66, 68, 69, 74, 75, 76, 77

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
    patience = "--timeout=1" if faults and faults.stall_at else "--timeout=50"
    done = talk(url, f"--stop-after={stage}", patience, password=users.alice.password)
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
