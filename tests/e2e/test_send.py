"""`postern send`: composed and ready messages handed to real servers, compared byte for byte, and read again by Python's email."""

import email
import email.policy
import json
import os
import re
import socket
import time
import uuid

import pytest
from rig.dovecot import Dovecot
from sinking import sink  # noqa: F401: a fixture

USAGE, DATA, NO_INPUT, UNAVAILABLE, TEMPFAIL, PROTOCOL, AUTH = 64, 65, 66, 69, 75, 76, 77
ALICE, BOB = "alice@example.test", "bob@example.test"


def parse(octets):
    return email.message_from_bytes(octets, policy=email.policy.default)


def composed(postern, *args, status=0, input=None):
    """The message as --print has it: text and structure."""
    done = postern.run("send", "--print", "--from", ALICE, "--to", BOB, *args, input=input)
    assert done.status == status, done
    return done


def arrived(directory, word, seconds=20):
    """What came with that word in it."""
    deadline = time.monotonic() + seconds
    while True:
        for file in directory.iterdir() if directory.exists() else ():
            octets = file.read_bytes()
            if word.encode() in octets:
                return octets
        assert time.monotonic() < deadline, f"nothing with {word} came into {directory}"
        time.sleep(0.05)


def as_sent(octets):
    """Without what the servers on the way put in front; LF line ends."""
    return octets.replace(b"\r\n", b"\n").partition(b"X-First: yes\n")[2]


# --- composing


def test_text_alone_is_read_again_as_it_was_written(postern):
    text = "Grüße,\n  eingerückt\n.\n..\nFrom here\n> quoted\n-- \nAlice\n"
    done = composed(postern, "--subject", "Grüße aus Köln", "--text", text)
    message = parse(done.stdout)
    assert message["subject"] == "Grüße aus Köln"
    assert message["from"] == ALICE and message["to"] == BOB
    assert message["date"] and message["mime-version"] == "1.0"
    assert re.fullmatch(r"<[\d.a-f]+@example\.test>", message["message-id"])
    assert message.get_content_type() == "text/plain" and message.get_param("format") == "flowed"
    stuffed = text.replace("\n  e", "\n   e").replace("\nFrom", "\n From")
    assert message.get_content().replace("\r\n", "\n") == stuffed


def test_long_lines_are_flowed_or_encoded_but_never_above_998(postern):
    words = "Wörter " * 400
    done = composed(postern, "--subject", "x" * 3000, "--text", words)
    assert max(map(len, done.stdout.split(b"\r\n"))) <= 998
    message = parse(done.stdout)
    assert message.get_content().replace(" \r\n", " ").replace(" \n", " ").strip() == words.strip()
    assert message["subject"].replace(" ", "") == "x" * 3000
    done = composed(postern, "--subject", "x", "--text", "y" * 5000)
    assert max(map(len, done.stdout.split(b"\r\n"))) <= 998
    assert parse(done.stdout).get_content().strip() == "y" * 5000


def test_html_pictures_and_attachments_make_the_right_tree(postern, tmp_path):
    picture, report = bytes(range(256)) * 5, b"\r\nreport\r\n\0\n" * 99
    (tmp_path / "p.png").write_bytes(picture)
    (tmp_path / "Übersicht €.pdf").write_bytes(report)
    (tmp_path / "page.html").write_text("<p>Grüße <img src='cid:logo'></p>")
    done = composed(
        postern, "--subject", "s", "--text", "plain", "--html", tmp_path / "page.html",
        "--inline", f"{tmp_path}/p.png;cid=logo", "--attach", tmp_path / "Übersicht €.pdf",
        "--attach", f"{tmp_path}/p.png;name=a b.bin;type=application/x-thing",
    )  # fmt: skip
    message = parse(done.stdout)
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/mixed", "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png",
        "application/pdf", "application/x-thing",
    ]  # fmt: skip
    assert not [part.defects for part in message.walk() if part.defects]
    html, inline, pdf, thing = list(message.walk())[4:]
    assert "Grüße" in html.get_content()
    assert inline["content-id"] == "<logo>" and inline.get_content() == picture
    assert inline.get_content_disposition() == "inline"
    assert pdf.get_filename() == "Übersicht €.pdf" and pdf.get_content() == report
    assert thing.get_filename() == "a b.bin" and thing.get_content() == picture


def test_names_and_international_addresses(postern):
    done = composed(
        postern, "--subject", "s", "--text", "t", "--to", '"Müller, Jürgen" <j@bücher.example>', "--cc", "c@d.example",
        "--bcc", "hidden@example.net", "--header", "X-Mailer: Grüße", "--header", "Reply-To: r@example.net",
    )  # fmt: skip
    message = parse(done.stdout)
    assert message["to"].addresses[1].display_name == "Müller, Jürgen"
    assert message["to"].addresses[1].addr_spec == "j@xn--bcher-kva.example"
    assert message["x-mailer"] == "Grüße" and message["reply-to"] == "r@example.net"
    assert b"hidden" not in done.stdout and b"\xc3" not in done.stdout.partition(b"\r\n\r\n")[0]


def test_header_and_envelope_name_the_same_people(postern):
    """What GMime reads out of a list, and what SMTP is told, were two things once."""
    message = parse(composed(postern, "--text", "t", "--to", "c@d.example; Joe <e@f.example>", "--cc", "x@xn--i-7iq.ws").stdout)
    assert [address.addr_spec for address in message["to"].addresses] == [BOB, "c@d.example", "e@f.example"]
    assert message["cc"] == "x@xn--i-7iq.ws"
    for names in ("Müller, Jürgen <j@example.net>", "Doe, Joe <j@example.net>", "", "a b@example.net"):
        assert postern.run("send", "--print", "--text", "t", "--to", names).status == DATA
    groups = postern.run("send", "--print", "--text", "t", "--to", "undisclosed-recipients:;", "--bcc", BOB)
    assert b"\r\nTo: undisclosed-recipients:;\r\n" in groups.stdout and BOB not in groups.out


def test_a_field_that_is_ascii_is_never_encoded(postern):
    """A long URL or signature in an encoded word would be none."""
    link, key = f"<https://example.org/{'u' * 120}>", "v=1; b=" + "Z" * 200
    done = composed(postern, "--text", "t", "--header", f"List-Unsubscribe: {link}, <mailto:x@y>", "--header",
                    f"DKIM-Signature: {key}", "--header", "Reply-To: Jörg <j@bücher.example>")  # fmt: skip
    message = parse(done.stdout)
    assert b"=?" not in done.stdout.replace(b"Reply-To: =?UTF-8?B?SsO2cmc=?= <j@xn--bcher-kva.example>", b"")
    assert " ".join(message["list-unsubscribe"].split()) == f"{link}, <mailto:x@y>"
    assert " ".join(message["dkim-signature"].split()) == key


def test_odd_files_go_under_their_names(postern, tmp_path):
    for name in ("a;b.txt", 'quo"te\\.txt', "-dash.txt", "empty.txt"):
        (tmp_path / name).write_text("" if name == "empty.txt" else name)
    done = composed(postern, "--text", "t", *(f"--attach={tmp_path}/{name}" for name in sorted(os.listdir(tmp_path))),
                    "--attach", f"{tmp_path}/a;b.txt;name=c d.txt;type=text/x-odd")  # fmt: skip
    files = list(parse(done.stdout).iter_attachments())
    assert [part.get_filename() for part in files] == ["-dash.txt", "a;b.txt", "empty.txt", 'quo"te\\.txt', "c d.txt"]
    assert files[1].get_content() == files[4].get_content() == "a;b.txt" and files[4].get_content_type() == "text/x-odd"
    (tmp_path / "x\ny").write_text("x")
    for value in ("x\ny", "a;b.txt;type=multipart/mixed", "a;b.txt;type=text"):
        assert composed(postern, "--text", "t", "--attach", f"{tmp_path}/{value}", status=DATA)
    assert composed(postern, "--text", "t", "--attach", f"{tmp_path}/a;b.txt;nome=x", status=USAGE)


def test_an_inline_file_without_html_is_no_alternative_to_the_text(postern, tmp_path):
    (tmp_path / "p.png").write_bytes(b"p")
    message = parse(composed(postern, "--text", "t", "--inline", tmp_path / "p.png").stdout)
    assert [part.get_content_type() for part in message.walk()] == ["multipart/mixed", "text/plain", "image/png"]
    (tmp_path / "h.html").write_text("<p>")
    rich = parse(composed(postern, "--html", tmp_path / "h.html", "--inline", tmp_path / "p.png").stdout)
    assert rich.get_content_type() == "multipart/related" and rich.get_param("type") == "text/html"


@pytest.mark.parametrize(
    "option, value",
    [
        ("--subject", "x\r\nBcc: a@b"),
        ("--subject", "x\nBcc: a@b"),
        ("--from", "a@b\r\nX: y"),
        ("--to", "a@b\nX: y"),
        ("--header", "X: y\r\nZ: w"),
        ("--header", "X\r\n: y"),
        ("--header", "no field"),
    ],
)
def test_a_line_end_in_a_value_is_no_way_into_the_header(postern, option, value):
    args = ["--subject", "s"] if option != "--subject" else []
    done = composed(postern, *args, "--text", "t", option, value, status=DATA)
    assert done.out == ""


def test_what_may_not_be_said_together(postern):
    assert composed(postern, "--message", "x.eml", "--subject", "y", status=USAGE)
    assert "--from" in composed(postern, "--text", "t", "--header", "From: x@y", status=USAGE).err
    assert composed(postern, "--subject", "s", status=USAGE)
    assert composed(postern, "--text", "-", "--html", "-", status=USAGE)
    for args in (
        ["--batch", ".", "--check-account"], ["--batch", ".", "--print"], ["--now"], ["--journal=x"], ["--retries=1"],
        ["--connections=2"], ["--flush", "--daemon"], ["--flush", "--dry-run"], ["--queue", "--flush"],
    ):  # fmt: skip
        done = postern.run("send", *args, "--text", "t", "--to", BOB)
        assert done.status == USAGE and done.out == "", done
    assert composed(postern, "--text", "t", "--attach", "not-there", status=NO_INPUT)
    done = postern.run("send", "imap://localhost", "--to", BOB, "--text", "t")
    assert done.status == USAGE and "takes no mail" in done.err


def test_ready_message_keeps_its_octets_and_gets_what_is_missing(postern):
    raw = b"From x@y Thu Jan  1 00:00:00 1970\nSubject: x\nBCC: hidden@example.net,\n more@example.net\n\n.\n\xc3\xa4\rb\n"
    done = composed(postern, input=raw)
    header, _, body = done.stdout.partition(b"\r\n\r\n")
    assert body == b".\r\n\xc3\xa4\r\nb\r\n"
    assert b"hidden" not in header and b"more@" not in header and b"From x@y" not in header
    for field in (b"Date: ", b"Message-ID: <", b"From: alice", b"MIME-Version: 1.0", b"charset=utf-8"):
        assert field in header
    done = composed(postern, "--as-is", input=raw[34:])
    assert done.stdout == raw[34:].replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    assert composed(postern, input=b"Subject: x\n\nnul\0", status=DATA)


# --- handing over


@pytest.fixture(scope="module")
def relay(rig, postfix):
    """Dovecot's submission service, with Postfix behind it."""
    return rig.launch(Dovecot(rig, "dovecot-relay", settings=f"submission_relay_port = {postfix.port('smtp')}\n"))


@pytest.fixture
def servers(dovecot, postfix, relay, pki):
    """scheme: (URL, options)"""
    login = ["--user", "alice"]
    return {
        "dovecot submission": (relay.url("submission"), login),
        "dovecot submissions": (relay.url("submissions"), login),
        "smtp": (postfix.url("smtp"), []),
        "submission": (postfix.url("submission"), login),
        "submissions": (postfix.url("submissions"), login),
        "lmtp": (f"lmtp://{dovecot.lmtp_socket}", []),
    }


WAYS = {
    "one flight": [],
    "no chunking": ["--no-chunking"],
    "no pipelining": ["--no-pipelining"],
    "neither": ["--no-pipelining", "--no-chunking"],
}


@pytest.mark.parametrize(
    "scheme", ["smtp", "submission", "submissions", "lmtp", "dovecot submission", "dovecot submissions"]
)
def test_what_arrives_is_what_was_sent(postern, servers, dovecot, users, pki, scheme):
    url, options = servers[scheme]
    directory = dovecot.maildir(users.bob) / "new"
    for way, more in WAYS.items():
        word = uuid.uuid4().hex
        body = f"{word} {way}\n.\n..\n.dot\n\n.\nQUIT\nä {'long ' * 190}\n.\n\n"
        raw = (
            f"Message-ID: <{word}@x>\nDate: Sat, 21 Nov 2026 12:00:00 +0000\nFrom: {ALICE}\nX-First: yes\nTo: {BOB}\n"
        )
        raw += (
            f"MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{body}"
        )
        done = postern.run(
            "send", url, f"--ca-file={pki.ca_file}", *options, *more, "--from", ALICE, "--json", input=raw,
            password=users.alice.password,
        )  # fmt: skip
        assert done.status == 0, done
        result = json.loads(done.out)
        assert result["result"] == "accepted" and result["recipients"][0]["address"] == BOB
        octets = arrived(directory, word)
        assert as_sent(octets) == raw.partition("X-First: yes\n")[2].encode()
        assert word in parse(octets).get_content()


def test_many_to_a_server_that_falls_over_two_transactions_at_once(postern, relay, dovecot, users, pki, tmp_path):
    """Dovecot 2.3's submission service panics at a MAIL behind "BDAT ... LAST": one transaction at a time is in flight."""
    box, word = tmp_path / "box", uuid.uuid4().hex
    box.mkdir()
    for number in range(20):
        (box / f"{number}.eml").write_text(f"From: {ALICE}\nTo: {BOB}\nSubject: {word} {number}\n\nbody\n")
    done = postern.run(
        "send", relay.url("submission"), f"--ca-file={pki.ca_file}", "--user", "alice", "--batch", box, "--retries=1",
        "--retry-after=0.1", password=users.alice.password,
    )  # fmt: skip
    assert done.status == 0 and done.out.count(": accepted (250 2.0.0 ") == 20, done
    for number in range(20):
        arrived(dovecot.maildir(users.bob) / "new", f"{word} {number}\n")


@pytest.mark.parametrize("way", ["one flight", "no chunking"])
def test_fifty_megabytes_and_nothing_at_all(postern, dovecot, users, way):
    directory = dovecot.maildir(users.bob) / "new"
    word = uuid.uuid4().hex
    line = b".0123456789" * 7 + b"\n"
    raw = (
        b"Message-ID: <" + word.encode() + b"@x>\nDate: Sat, 21 Nov 2026 12:00:00 +0000\nFrom: a@b\nX-First: yes\n\n"
    )
    raw += line * (50_000_000 // len(line))
    done = postern.run("send", f"lmtp://{dovecot.lmtp_socket}", *WAYS[way], "--to", BOB, "--from", ALICE, input=raw)
    assert done.status == 0, done
    file = next(
        file
        for file in directory.iterdir()
        if file.stat().st_size > 50_000_000 and word in str(file.open().read(2000))
    )
    assert as_sent(file.read_bytes()) == raw.partition(b"X-First: yes\n")[2]
    file.unlink()
    done = postern.run("send", f"lmtp://{dovecot.lmtp_socket}", *WAYS[way], "--to", BOB, "--from", ALICE, input=b"")
    assert done.status == 0, done


def test_results_of_each_recipient_and_all_or_none(postern, dovecot, users):
    url, directory = f"lmtp://{dovecot.lmtp_socket}", dovecot.maildir(users.bob) / "new"
    word = uuid.uuid4().hex
    to = ["--to", BOB, "--to", "nobody@nowhere.example", "--from", ALICE, "--subject", word, "--text", "t"]
    done = postern.run("send", url, *to)
    assert done.status == UNAVAILABLE
    assert re.search(rf"^{BOB}: accepted \(250 2\.0\.0 ", done.out, re.MULTILINE), done
    assert re.search(r"^nobody@nowhere\.example: refused \(550 5\.1\.1 .*\n  5\.1\.1 ", done.out, re.MULTILINE), done
    arrived(directory, word)
    word = to[-3] = uuid.uuid4().hex
    done = postern.run("send", url, *to, "--all-or-none")
    assert done.status == UNAVAILABLE and f"{BOB}: not sent" in done.out
    assert not [file for file in directory.iterdir() if word in file.read_text(errors="replace")]


def test_an_account_is_checked_in_one_line_of_json(postern, dovecot, users, pki):
    login = ["send", dovecot.url("submission"), f"--ca-file={pki.ca_file}", "--user", "alice", "--check-account", "--json"]
    found = json.loads(postern.run(*login, password=users.alice.password).out)
    assert found["result"] == "ok" and found["error"] is None
    assert found["account"]["tls"].startswith("TLS 1.") and found["account"]["mechanism"]
    done = postern.run("send", f"lmtp://{dovecot.lmtp_socket}", "--check-account", "--json")
    assert json.loads(done.out)["account"]["mechanism"] is None


@pytest.mark.parametrize("stage", ["connect", "greeting", "ehlo", "tls", "auth", "mail", "rcpt", "data"])
def test_stops_where_told_and_sends_nothing(postern, postfix, users, pki, stage):
    said = {"connect": "connected", "greeting": "<- 220", "ehlo": "-> EHLO", "tls": "=== TLS", "auth": "~> AUTH",
            "mail": "~> MAIL", "rcpt": "~> RCPT", "data": "<~ 354"}  # fmt: skip
    stages = list(said)
    done = postern.run(
        "send", postfix.url("submission"), f"--ca-file={pki.ca_file}", "--user", "alice", "--to", BOB, "--from", ALICE,
        "--subject", "stop", "--text", "never", f"--stop-after={stage}", password=users.alice.password,
    )  # fmt: skip
    assert done.status == 0, done
    assert said[stage] in done.err and f"stopped after {stage}" in done.err
    later = [said[other] for other in stages[stages.index(stage) + 1 :]]
    assert not [words for words in later if words in done.err], done
    assert "never" not in done.err
    assert (f"{BOB}: not sent (250 2.1.5 Ok)" in done.out) == (stage in ("rcpt", "data"))


def test_eight_bit_is_encoded_anew_where_the_server_cannot_take_it(postern, hostile):
    kept = {}

    def script(peer):
        peer.send(b"220 hi\r\n")
        peer.line()
        peer.send(b"250-hi\r\n250 SIZE 5000\r\n")
        for answer in (b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"):
            kept.setdefault("said", []).append(peer.line().decode())
            peer.send(answer)
        text = b""
        while not text.endswith(b"\r\n.\r\n"):
            text += peer.line() + b"\r\n"
        kept["text"] = text
        peer.send(b"250 taken\r\n")
        peer.line()
        peer.send(b"221 bye\r\n")

    server = hostile.scripted(script, scheme="smtp")
    done = postern.run("send", server.url(), "--to", BOB, "--from", ALICE, "--subject", "ö", "--text", "Grüße\n.x")
    assert done.status == 0, done
    assert "BODY=" not in kept["said"][0] and " SIZE=" in kept["said"][0]
    assert max(kept["text"]) < 128
    text = kept["text"].replace(b"\r\n..", b"\r\n.")
    assert parse(text[:-5]).get_content().splitlines() == ["Grüße", ".x"]


def test_a_line_above_998_octets_is_encoded_anew(postern, sink):  # noqa: F811
    """Postfix would break it, Exim refuses it (RFC 5321 4.5.3.1.6)."""
    server = sink()
    for text in ("x" * 998, "x" * 999, "<p>" + "ü " * 2000):
        raw = f"From: {ALICE}\nTo: {BOB}\nSubject: m\nContent-Type: text/plain; charset=utf-8\n\n{text}\n"
        done = postern.run("send", server.url, "--json", input=raw)
        assert done.status == 0 and json.loads(done.out)["recoded"] == (len(text) > 998), done
        assert max(map(len, server.texts[-1].split("\n"))) <= 998
        assert parse(server.texts[-1].encode()).get_content().strip() == text.strip()


def test_what_the_server_cannot_take_is_not_begun(postern, hostile):
    def script(peer):
        peer.send(b"220 hi\r\n")
        peer.line()
        peer.send(b"250-hi\r\n250-PIPELINING\r\n250 SIZE 500\r\n")
        assert peer.line() == b"QUIT" or True

    for more in (
        ["--text", "x " * 900],
        ["--text", "x", "--require-tls"],
        ["--text", "x", "--to", "jörg@example.net"],
    ):
        server = hostile.scripted(script, scheme="smtp")
        done = postern.run("send", server.url(), "--to", BOB, "--from", ALICE, "--subject", "s", *more)
        assert done.status == DATA, done
        assert b"MAIL" not in server.received


def test_a_dry_run_sends_nothing_at_all(postern, sink, tmp_path):  # noqa: F811
    server, home = sink(), postern.home()
    (tmp_path / "m.eml").write_text(f"From: {ALICE}\nTo: {BOB}\nSubject: m\n\nHi\n")
    for args in (["--text", "t", "--to", BOB], ["--batch", tmp_path], ["--queue", "--text", "t", "--to", BOB]):
        done = postern.run("send", server.url, "--from", ALICE, *args, "--dry-run", home=home)
        assert done.status == 0 and f"target      {server.url}" in done.out, done
    assert not server.said and not list((home.state / "postern").glob("s*/*"))


def test_what_was_refused_is_said(postern, hostile):
    """MAIL FROM or the text: a recipient is not to blame then. What a code means is said once."""

    def script(peer):
        peer.send(b"220 hi\r\n")
        peer.line()
        peer.send(b"250-hi\r\n250 ENHANCEDSTATUSCODES\r\n")
        peer.line()
        peer.send(b"550-5.1.8 not you\r\n550 5.1.8 nor here\r\n")
        for _ in range(2):
            peer.line()
            peer.send(b"250 fine\r\n")

    server = hostile.scripted(script, scheme="smtp")
    done = postern.run("send", server.url(), "--to", BOB, "--to", "c@d.example", "--from", ALICE, "--text", "t", "--no-pipelining")
    assert done.status == UNAVAILABLE and done.out.count("(550 5.1.8 not you nor here), the answer to MAIL FROM\n") == 2, done
    assert done.out.count("\n  5.1.8 ") == 1


def test_reports_that_will_not_come_are_told(postern, dovecot, sink):  # noqa: F811
    message = ["--from", ALICE, "--to", BOB, "--subject", "m", "--text", "t"]
    done = postern.run("send", sink().url, *message, "--notify=success")
    assert done.status == 0 and "no delivery reports (DSN)" in done.err, done
    for bad in ("--envid=ü", "--orcpt=rfc822;ö@x"):
        assert postern.run("send", sink().url, *message, bad).status == USAGE


def test_handing_over_on_this_machine_is_quiet_about_tls(postern, postfix):
    done = postern.run("send", postfix.url("smtp"), "--from", ALICE, "--to", BOB, "--subject", "m", "--text", "t")
    assert done.status == 0 and re.fullmatch(r"\*\*\* the server's certificate is NOT verified .*\n", done.err), done


def test_silence_after_the_text_is_unknown(postern, hostile):
    def script(peer):
        peer.send(b"220 hi\r\n")
        peer.line()
        peer.send(b"250-hi\r\n250-PIPELINING\r\n250 CHUNKING\r\n")
        for _ in range(3):
            peer.line()
        peer.send(b"250 ok\r\n250 ok\r\n")
        time.sleep(0.3)

    server = hostile.scripted(script, scheme="smtp")
    done = postern.run(
        "send", server.url(), "--to", BOB, "--from", ALICE, "--subject", "s", "--text", "t", "--timeout=5"
    )
    assert done.status == TEMPFAIL, done
    assert f"127.0.0.1:{server.port}: " in done.err.replace("localhost", "127.0.0.1").replace(" (127.0.0.1)", "")
    assert f"{BOB}: unknown" in done.out and "may have been delivered" in done.out


def test_a_refused_login_is_77(postern, postfix, pki, passwords):
    passwords.add("not-her-password")
    done = postern.run(
        "send", postfix.url("submission"), f"--ca-file={pki.ca_file}", "--user", "alice", "--to", BOB, "--test",
        password="not-her-password",
    )  # fmt: skip
    assert done.status == AUTH, done


@pytest.mark.skipif("." in socket.gethostname(), reason="the sender is at this machine's whole name")
def test_a_sender_at_a_number_has_it_in_brackets(postern, postfix, users):
    done = postern.run(
        "send", f"submission://alice@127.0.0.1:{postfix.port('submission')}", "--no-verify", "--to", BOB, "--subject", "s",
        "--text", "t", "--stop-after=mail", password=users.alice.password,
    )  # fmt: skip
    assert "MAIL FROM:<alice@[127.0.0.1]>" in done.err, done
