"""`postern talk` with a script that does by hand what others have options for: upgrades, messages, literals, logins."""

import base64
import hashlib
import hmac
import re
import signal
import subprocess

import pytest
from rig.hostile import Faults, Gone
from rig.postern import binary
from talking import arrived, b64, listing, maildir_of, sent

USAGE, DATA, PROTOCOL, AUTH = 64, 65, 76, 77

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
