"""`postern talk`'s local commands, the files it writes, and what comes back from them: /save, /send, /resume, transcripts, --replay."""

import base64
import json
import re
import stat
import time

import pytest
from rig import mailbox
from rig.hostile import Gone

DATA, NO_INPUT, UNAVAILABLE, CANT_CREATE, USAGE = 65, 66, 69, 73, 64


@pytest.fixture
def alice(talk, dovecot, users):
    """alice(scheme, script, ...): in her mailbox, which has mailbox.MESSAGES in it."""

    def run(scheme, script, *args, **more):
        more.setdefault("password", users.alice.password)
        return talk(dovecot.url(scheme, "alice"), "--login", *args, input=script, **more)

    return run


def assert_private(path):
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


# --- /save


@pytest.mark.parametrize("number", range(1, len(mailbox.MESSAGES) + 1))
def test_a_message_is_saved_byte_for_byte(postern, alice, number):
    """Dots, 8-bit, escapes, long lines, no line end: by POP3 and by IMAP."""
    home = postern.home()
    done = alice("pop3s", f"RETR {number}\n/save pop3.eml\n", home=home)
    assert done.status == 0 and "=== saved " in done.out, done
    done = alice("imaps", f"SELECT INBOX\nFETCH {number} (BODY.PEEK[] FLAGS)\n/save imap.eml\n", home=home)
    assert done.status == 0, done
    message = mailbox.MESSAGES[number - 1]
    # RFC 1939 3: lines end in CRLF on the wire, the last one too; IMAP has octets
    whole = message if message.endswith(b"\r\n") else message + b"\r\n"
    assert (home.written / "pop3.eml").read_bytes() == whole
    assert (home.written / "imap.eml").read_bytes() == message
    assert_private(home.written / "pop3.eml")


def test_several_megabytes_are_sent_and_saved_whole(postern, talk, dovecot, users):
    """From a file by APPEND, and back by FETCH and by RETR: every octet, and not all of it in memory twice over."""
    home = postern.home()
    lines = [f"{number:06} " + "x." * (number % 40) for number in range(60_000)]
    lines[::1000] = ["." * (number % 5) for number in range(0, 60_000, 1000)]
    big = ("Subject: big\r\n\r\n" + "\r\n".join(lines) + "\r\n").encode()
    assert len(big) > 2_500_000
    file = home.file("big.eml", big)
    bob = {"password": users.bob.password, "home": home}
    script = f"CREATE Big\n/send {file} Big\nSELECT Big\nFETCH 1 BODY.PEEK[]\n/save imap.eml\nCLOSE\n"
    done = talk(dovecot.url("imaps", "bob"), "--login", "-q", input=script, **bob)
    assert done.status == 0, done.err
    assert (home.written / "imap.eml").read_bytes() == big
    done = talk(dovecot.url("imaps", "bob"), "--login", "-q", input=f"/send {file}\n", **bob)
    assert done.status == 0, done.err
    done = talk(dovecot.url("pop3s", "bob"), "--login", input="LIST\n", **bob)
    number = re.search(rf"^<~ (\d+) {len(big)}$", done.out, re.MULTILINE)[1]
    script = f"RETR {number}\n/save pop3.eml\nDELE {number}\nQUIT\n"
    done = talk(dovecot.url("pop3s", "bob"), "--login", "-q", input=script, **bob)
    assert done.status == 0, done.err + done.out[-1000:]
    assert (home.written / "pop3.eml").read_bytes() == big


def test_other_replies_are_saved_too(postern, alice):
    home = postern.home()
    done = alice("pop3s", "LIST\n/save list\nTOP 1 0\n/save top\n/save again\n", home=home)
    assert done.status == 0, done
    assert (home.written / "list").read_bytes().startswith(b"1 231\r\n2 ")
    top = (home.written / "top").read_bytes()
    assert top == mailbox.MESSAGES[0].partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    assert (home.written / "again").read_bytes() == top


@pytest.mark.parametrize(
    "before, file, status, words",
    [
        ("RETR 1\nRETR 4711\n/expect ^-ERR\n", "x", DATA, "nothing to save"),  # not an older one
        ("RETR 1\n", "", USAGE, "needs a file name"),
        ("RETR 1\n", "/nonexistent/x", CANT_CREATE, "/nonexistent/x: No such file"),
        ("RETR 1\n", "/dev/full", 74, "/dev/full: No space left"),
    ],
)
def test_what_cannot_be_saved_is_told(postern, alice, before, file, status, words):
    done = alice("pop3s", f"{before}/save {file}\n")
    assert done.status == status and words in done.err, done
    assert not (done.home.written / "x").exists()


# --- /send

MESSAGE = b"Subject: sent from a file\r\n\r\n.\r\n..\r\n.dot\r\n/quit\r\nQUIT\r\n\r\nGr\xc3\xbc\xc3\x9fe\r\nend\r\n"


def arrived(directory, before, seconds=10):
    deadline = time.monotonic() + seconds
    while not (new := {path for path in directory.glob("*/*") if path.is_file()} - before):
        assert time.monotonic() < deadline, f"nothing came into {directory}"
        time.sleep(0.05)
    return new.pop().read_bytes()


@pytest.mark.parametrize("ends", ["CRLF", "LF", "none at the end"])
def test_a_file_arrives_as_it_is_by_smtp(postern, talk, postfix, dovecot, users, ends):
    """Whatever the line ends of the file: on the way they are CRLF, and dots come out as they went in."""
    home = postern.home()
    content = {"CRLF": MESSAGE, "LF": MESSAGE.replace(b"\r", b""), "none at the end": MESSAGE[:-2]}[ends]
    file = home.file("letter to bob.eml", content)
    directory = dovecot.maildir(users.bob)
    before = set(directory.glob("*/*"))
    script = f"MAIL FROM:<alice@example.test> BODY=8BITMIME\nRCPT TO:<bob@example.test>\n/send {file}\n"
    done = talk(postfix.url("smtp"), input=script, home=home)
    assert done.status == 0, done
    assert "=== sent " in done.out and "..dot" not in done.out, "it is told, not shown"
    header, _, body = arrived(directory, before).partition(b"\n\n" if ends else b"")
    assert body.replace(b"\r\n", b"\n") == MESSAGE.partition(b"\r\n\r\n")[2].replace(b"\r\n", b"\n")
    assert b"Subject: sent from a file" in header


@pytest.mark.parametrize("mailbox_name", ["INBOX", 'Sp ace "quoted" back\\slash'])
def test_a_file_arrives_as_it_is_by_imap(postern, talk, dovecot, users, mailbox_name):
    home = postern.home()
    file = home.file("letter.eml", MESSAGE)
    quoted = mailbox_name.replace("\\", "\\\\").replace('"', '\\"')
    script = (
        f'CREATE "{quoted}"\n/send {file} {mailbox_name}\nSELECT "{quoted}"\n'
        f"UID SEARCH SUBJECT from\nFETCH * BODY.PEEK[]\n/save back.eml\n"
    )
    if mailbox_name == "INBOX":
        script = script.partition("\n")[2]
    done = talk(dovecot.url("imaps", "bob"), "--login", input=script, password=users.bob.password, home=home)
    assert done.status == 0, done
    assert (home.written / "back.eml").read_bytes() == MESSAGE


def test_a_file_by_news(postern, talk, news):
    home = postern.home()
    file = home.file("article", b"From: a@example.test\r\nNewsgroups: local.test\r\nSubject: x\r\n\r\n.x\r\n")
    done = talk(news.url("nntp"), input=f"/send {file}\n/expect ^(240|44[01]) \n", home=home)
    assert done.status in (0, UNAVAILABLE), done
    assert "POST" in done.out


@pytest.mark.parametrize(
    "scheme, script, status, words",
    [
        ("smtp", "/send /nonexistent/letter\n", NO_INPUT, "/nonexistent/letter: No such file"),
        ("smtp", "/send\n", USAGE, "needs a file name"),
        ("smtp", "/send /etc/hostname\n", UNAVAILABLE, "nothing was sent: the server does not want"),
        ("pop3s", "/send /etc/hostname\n", USAGE, "POP3 has no command that takes a file"),
    ],
)
def test_what_cannot_be_sent_is_told(talk, postfix, dovecot, scheme, script, status, words):
    done = talk((postfix if scheme == "smtp" else dovecot).url(scheme), input=script)
    assert done.status == status and words in done.err, done


# --- TLS, looked at and begun anew


def test_what_tls_agreed_on_as_text_and_as_json(talk, dovecot, pki):
    done = talk(dovecot.url("imaps"), input="/tls\n/tls --json\n/cert\n/cert --pem\n/caps\n")
    assert done.status == 0, done
    for words in ("Version            TLS 1.3", "bits", "Trust              verified by PKIX"):
        assert words in done.out
    start = done.out.index("\n{") + 1
    facts, end = json.JSONDecoder().raw_decode(done.out[start:])
    assert facts["version"] == "TLS 1.3" and facts["trust"]["verified"] is True
    assert facts["chain"][0]["fingerprints"]["sha256"].replace(":", "").lower() == pki.leaf("server").cert_sha256
    rest = done.out[start + end :]
    assert "[0] the server's own" in rest and "-----BEGIN CERTIFICATE-----" in rest
    assert "IDLE" in rest.partition("-----END")[2]


def test_what_is_not_there_is_told(talk, dovecot):
    for command, words in (("/tls", "no TLS on this connection"), ("/cert", "no TLS"), ("/rekey", "no TLS")):
        done = talk(dovecot.url("pop3"), "--tls=off", input=f"{command}\n")
        assert done.status == USAGE and words in done.err, done
    done = talk(dovecot.url("pop3"), "--start-at=greeting", "--tls=off", input="/caps\nQUIT\n")
    assert done.status == 0 and "has not told any capabilities" in done.out, done


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_a_session_is_really_resumed(talk, rig, version):
    """The server says so too. The one before it was not."""
    server = rig.start(f"tls-{version}")
    begun = server.log.stat().st_size
    url = f"tls://localhost:{server.port('tls')}"
    done = talk(url, f"--tls-min={version}", input="one\n/wait 0.3\n/resume\ntwo\n/wait 0.3\n/tls\n/drop\n")
    assert done.status == 0, done
    assert done.out.count("connected to") == 2
    assert "=== the TLS session was resumed" in done.out and "Session            resumed" in done.out
    log = server.log.read_bytes()[begun:].decode(errors="replace")
    assert log.count("Reused session-id") == 1 and log.index("one") < log.index("Reused") < log.index("two")


def test_resuming_climbs_back_to_where_it_began(talk, postfix, alice):
    done = talk(postfix.url("smtp"), input="NOOP\n/resume\nNOOP\n")
    assert done.status == 0 and done.out.count("-> STARTTLS") == 2, done
    done = alice("imaps", "SELECT INBOX\n/resume\nSELECT INBOX\n")
    assert done.status == 0 and done.out.count("=== authenticated by") == 2, done


def test_traffic_keys_are_renewed(talk, rig):
    server = rig.start("tls-1.3")
    url = f"tls://localhost:{server.port('tls')}"
    done = talk(url, input="before the change\n/rekey\nafter the change\n/wait 0.3\n/drop\n")
    assert done.status == 0 and "new traffic keys" in done.out, done
    assert b"before the change" in server.log.read_bytes() and b"after the change" in server.log.read_bytes()
    old = rig.start("tls-1.2")
    done = talk(f"tls://localhost:{old.port('tls')}", "--tls-min=1.2", input="/rekey\n")
    assert done.status != 0 and "TLS 1.3" in done.err, done


# --- the other local commands


def test_help_tells_every_command_and_the_process(talk, dovecot):
    done = talk(dovecot.url("pop3s"), input="/help\n")
    commands = set(re.findall(r"^  /(\w+)", done.out, re.MULTILINE))
    assert commands == set(
        "starttls auth apop cert tls caps resume rekey save send raw wait expect history help quit drop mime attach".split()
    )
    assert re.search(r"kill -ALRM \d+$", done.out, re.MULTILINE)


def test_the_manual_tells_every_local_command(talk, dovecot):
    from rig.postern import ROOT

    manual = (ROOT / "docs/man/postern-talk.1.scd").read_text(encoding="utf-8")
    done = talk(dovecot.url("pop3s"), input="/help\n")
    for command in re.findall(r"^  (/\w+)", done.out, re.MULTILINE):
        assert f"*{command}*" in manual


def test_an_unknown_command_is_not_sent(talk, dovecot):
    done = talk(dovecot.url("pop3s"), input="/qiut\n")
    assert done.status == USAGE and "there is no /qiut; is it /quit?" in done.err, done
    assert "qiut" not in done.out


def test_quit_is_polite_and_drop_is_not(talk, hostile):
    for command, goodbye in (("/quit", True), ("/drop", False)):
        server = hostile("pop3")
        done = talk(server.url(), "--tls=off", input=f"{command}\nNOOP\n")
        server.wait_done()
        assert server.received.endswith(b"QUIT\r\n") == goodbye
        assert done.status != 0 and "NOOP" not in server.received.decode(), "there is nobody to say it to"


@pytest.mark.parametrize("mechanism", ["", " PLAIN", " scram-sha-1", " CRAM-MD5"])
def test_auth_logs_in(talk, dovecot, users, mechanism):
    done = talk(dovecot.url("imaps", "alice"), input=f"/auth{mechanism}\nSELECT INBOX\n", password=users.alice.password)
    assert done.status == 0, done
    assert f"=== authenticated by {mechanism.strip().upper() or 'SCRAM-SHA-256'}\n" in done.out


def test_auth_with_a_mechanism_that_is_none(talk, dovecot, users):
    done = talk(dovecot.url("imaps", "alice"), input="/auth NONSENSE\n", password=users.alice.password)
    assert done.status == 77 and "NONSENSE" in done.err, done


def test_apop_logs_in(talk, dovecot, users):
    done = talk(dovecot.url("pop3s", "alice"), input="/apop\nSTAT\n", password=users.alice.password)
    assert done.status == 0 and "APOP alice *****" in done.out, done


def test_waiting_hears_what_comes(talk, hostile):
    def script(peer):
        peer.say("220 hi")
        time.sleep(0.2)
        peer.say("250-late", "421 bye")
        raise Gone("done")

    server = hostile.scripted(script, "smtp")
    done = talk(server.url(), "--start-at=greeting", "--tls=off", input="/wait 55\n")
    assert "250-late" in done.out and done.seconds < 40, done


# --- transcripts

SESSIONS = {
    "pop3": "STAT\nRETR 4\nRETR 5\n",
    "imap": "SELECT INBOX\nFETCH 4:6 (BODY.PEEK[])\nNOOP\n",
    "sieve": 'LISTSCRIPTS\nCHECKSCRIPT {7+}\nkeep;\n\n',
}


@pytest.fixture
def transcribed(postern, alice, users):
    """(text, JSON events): two sessions alike, one written down in each form."""

    def run(scheme):
        home = postern.home()
        files = [home.written / name for name in ("log.txt", "log.jsonl")]
        for file in files:
            done = alice(scheme, SESSIONS[scheme], f"--transcript={file.name}", home=home)
            assert done.status == 0, done
            assert_private(file)
        return files

    return run


@pytest.mark.parametrize("scheme", SESSIONS)
def test_a_transcript_of_json_lines_has_time_direction_and_every_octet(transcribed, dovecot, users, scheme):
    events = [json.loads(line) for line in transcribed(scheme)[1].read_text(encoding="utf-8").splitlines()]
    times = [event["time"] for event in events]
    assert times == sorted(times) and all(re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]{8}\.\d{6}Z", time) for time in times)
    tls = next(number for number, event in enumerate(events) if event["dir"] == "tls")
    assert not any(event["encrypted"] for event in events[:tls]) and all(e["encrypted"] for e in events[tls:-2])
    assert [event for event in events if event["masked"]], "there was a login in it"
    said = [event for event in events if event["dir"] == "in"]
    octets = b"".join(
        (base64.b64decode(event["base64"]) if "base64" in event else event["text"].encode())
        + ("" if event.get("payload") else event.get("line_end", "\r\n")).encode()
        for event in said
    )
    assert len(octets) == sum(event["bytes"] for event in said)
    if scheme == "imap":
        assert mailbox.MESSAGES[5] in octets


@pytest.mark.parametrize("scheme", SESSIONS)
def test_a_transcript_can_be_shown_again(postern, transcribed, scheme):
    """Both forms tell the same story, and with explanations the same as when it happened."""
    shown = []
    for file in transcribed(scheme):
        done = postern.run("talk", f"--replay={file}", "--explain=brief")
        assert done.status == 0 and not done.err, done
        assert "     | " in done.out and "*****" in done.out
        shown.append(done.out)
    shown = [out.replace("\n     |     ", " ") for out in shown]  # times make lines longer
    shown = [re.sub(r"; \d+\.\d ms$|.*after \d.*\n| in \d+\.\d ms", "", out, flags=re.MULTILINE) for out in shown]
    for words in (r"\d+\.\d+ ms", r"[\w+/=.<>@%$#&;:!?(){}\[\]|~^`'\"\\*,-]{20,}", r"\d+"):
        shown = [re.sub(words, "...", out) for out in shown]
    assert [line[:40] for line in shown[0].splitlines()] == [line[:40] for line in shown[1].splitlines()]


def test_a_replay_is_quiet_or_explained_as_asked(postern, transcribed):
    file = transcribed("pop3")[0]
    off = postern.run("talk", f"--replay={file}", "--explain=off")
    assert off.status == 0 and "     | " not in off.out
    quiet = postern.run("talk", f"--replay={file}", "-q")
    assert mailbox.MESSAGES[4] in quiet.stdout and b"=== " not in quiet.stdout and b"RETR" not in quiet.stdout


def test_a_replay_by_another_protocol(postern, transcribed):
    """Who knows better may say so."""
    done = postern.run("talk", f"--replay={transcribed('pop3')[0]}", "smtp://localhost", "--explain=brief")
    assert done.status == 0 and "messages, 4.1 kB" not in done.out, done


@pytest.mark.parametrize(
    "content, status, words",
    [(None, NO_INPUT, "No such file"), ("what is this\n", DATA, "line 1"), ('{"dir": 1}\n', DATA, "line 1")],
)
def test_what_is_no_transcript_is_told(postern, content, status, words):
    home = postern.home()
    file = home.config / "log"
    if content is not None:
        home.file("log", content)
    done = postern.run("talk", f"--replay={file}", home=home)
    assert done.status == status and words in done.err and str(file) in done.err, done


def test_a_failure_is_in_the_transcript_too(talk, hostile):
    from rig.hostile import Faults

    done = talk(hostile("smtp", Faults(starttls="refused")).url(), "--transcript=log.txt")
    assert done.status == 76
    assert "*** " in (done.home.written / "log.txt").read_text() and "refused STARTTLS" in (
        done.home.written / "log.txt"
    ).read_text()


def test_a_transcript_that_cannot_be_written_is_told_before_anything_is_said(talk, hostile):
    server = hostile("smtp")
    done = talk(server.url(), "--transcript=/nonexistent/log")
    assert done.status == CANT_CREATE and not server.connections, done
