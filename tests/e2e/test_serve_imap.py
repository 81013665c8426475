"""The sandbox's IMAP server, by clients nobody here wrote, and held against Dovecot's answers on the same mail."""

import imaplib
import re
import shutil
import smtplib
import ssl
import subprocess

import pytest
from rig.dovecot import Dovecot
from rig.mailbox import fill
from sandboxing import MESSAGES, PASSWORD, Serving


@pytest.fixture(scope="module")
def serving(tmp_path_factory):
    with Serving(tmp_path_factory.mktemp("serve")) as server:
        client = server.imap()
        for message in MESSAGES:
            assert client.append("INBOX", None, '"14-Nov-2026 10:00:00 +0000"', message)[0] == "OK"
        client.logout()
        yield server


@pytest.fixture(scope="module")
def dovecot_imap(rig, dovecot, users):
    """A mailbox of Dovecot's with the same mail, opened."""
    client = imaplib.IMAP4_SSL("localhost", dovecot.port("imaps"), ssl_context=ssl._create_unverified_context(), timeout=30)
    client.login(users.bob.name, users.bob.password)
    client.create("Odd")
    for message in MESSAGES:
        assert client.append("Odd", None, '"14-Nov-2026 10:00:00 +0000"', message)[0] == "OK"
    assert client.select("Odd", readonly=True)[0] == "OK"
    yield client
    client.select("INBOX")
    client.delete("Odd")
    client.logout()


def body(client, number, what="BODY.PEEK[]"):
    """The octets of the literal, None for NIL."""
    status, data = client.fetch(str(number), f"({what})")
    assert status == "OK", data
    pieces = [piece[1] for piece in data if isinstance(piece, tuple)]
    if pieces:
        return pieces[0]
    quoted = re.search(rb'\] ?"(.*)"\)$', data[0], re.S)
    return quoted[1] if quoted else None


def same(answers):
    """Of (what was asked, Dovecot's answer, ours): all pairs are equal, or each that is not is shown whole."""
    wrong = [f"{what}\n  dovecot {theirs!r}\n  ours    {mine!r}" for what, theirs, mine in answers if theirs != mine]
    if wrong:
        pytest.fail("\n".join([f"{len(wrong)} of {len(answers)} differ"] + wrong), pytrace=False)


# --- the same as Dovecot ---

# Not asked: SENTBEFORE of what has no Date (Dovecot says yes), and whether "SS" finds "ß" (Dovecot says no).
QUERIES = """
ALL|1:3|2,4:*|*|UID 3:5|NOT 1:3|OR 1 2|OR (1 2) (3)|NOT (1:2 SEEN)|UNSEEN|SEEN|ANSWERED|UNANSWERED|DELETED|UNDELETED|DRAFT|UNDRAFT
FLAGGED|UNFLAGGED|KEYWORD $Forwarded|UNKEYWORD $Forwarded|SUBJECT "rabbit"|SUBJECT RABBIT|FROM hatter|TO alice|CC plain|BCC last
HEADER X-Odd ""|HEADER X-Odd yes|HEADER X-Odd no|HEADER Message-ID two@|BODY needle|BODY "deep text"|BODY "digest body"|TEXT needle
TEXT within|BODY within|TEXT "in a digest"|BODY "folded"|LARGER 500|SMALLER 500|SMALLER 1|BEFORE 14-Nov-2026|ON 14-Nov-2026|SINCE 14-Nov-2026
SINCE 15-Nov-2026|SENTBEFORE 14-Nov-2026 HEADER DATE ""|SENTON 14-Nov-2026|SENTON 13-Nov-2026|SENTSINCE 14-Nov-2026|SENTON 1-Jan-2025
NOT TEXT alice FROM hatter|OR SUBJECT nested SUBJECT unfinished|OR NOT SEEN NOT UNSEEN|(FROM hatter SUBJECT dots)|SUBJECT "a folded subject"
BODY "epilogue"|BODY "preamble"|TEXT "original"|BODY "original body"|FROM "John"|FROM "Doe, John"
""".strip().replace("\n", "|").split("|")
UTF8_QUERIES = ["SUBJECT Grüße", "SUBJECT GRÜ", "SUBJECT Überraschung", "FROM jürgen", "FROM andré", "BODY straße", "BODY Äpfel",
                "BODY 日本語", "TEXT grün", "BODY ÄPFEL", "SUBJECT München"]


def search(client, query, charset=None):
    """What is found, by `SEARCH`; text that is not ASCII as a literal, as clients send it."""
    if charset:
        key, text = query.split(" ", 1)
        client.literal = text.encode()
        status, data = client.search("UTF-8", key)
    else:
        status, data = client.search(None, query)
    assert status == "OK", data
    return data[0]


def test_search_answers_as_dovecot_does(serving, dovecot_imap):
    ours = serving.imap()
    ours.select("INBOX", readonly=True)
    plain = {q: (search(dovecot_imap, q), search(ours, q)) for q in QUERIES}
    utf8 = {q: (search(dovecot_imap, q, "UTF-8"), search(ours, q, "UTF-8")) for q in UTF8_QUERIES}
    same([(q, *both) for q, both in (plain | utf8).items()])
    ours.logout()


ITEMS = ["ENVELOPE", "BODYSTRUCTURE", "BODY", "RFC822.SIZE", "INTERNALDATE"]
SECTIONS = """[] [HEADER] [TEXT] [1] [2] [3] [1.1] [1.2] [1.MIME] [1.1.MIME] [2.MIME] [2.HEADER] [2.TEXT] [2.1] [2.2] [2.1.MIME] [3.1]
[3.1.HEADER] [3.1.1] [3.1.TEXT] [1.1.1] [4] [1.HEADER] [1.TEXT] [HEADER.FIELDS (SUBJECT X-ODD)] [HEADER.FIELDS.NOT (FROM TO)]
[2.HEADER.FIELDS (SUBJECT)] []<0.10> []<5.1000000> [TEXT]<3.4> []<99999999.5>""".replace("\n", " ")
SECTIONS = re.findall(r"\[[^\]]*\](?:<[^>]*>)?", SECTIONS)


def raw(client, number, item):
    """The response, with quoted strings where literals came."""
    status, data = client.fetch(str(number), f"({item})")
    assert status == "OK", data
    flat = b""
    for piece in data:
        if isinstance(piece, tuple):
            escaped = piece[1].replace(b"\\", b"\\\\").replace(b'"', b'\\"')
            flat += re.sub(rb"\{\d+\}$", b"", piece[0]) + b'"' + escaped + b'"'
        else:
            flat += piece
    return flat


# A part of a part that has none: Dovecot sends the part itself.
NO_PARTS = {(2, "[1.1]"), (2, "[1.1.MIME]"), (2, "[2.1]"), (2, "[2.1.MIME]"), (8, "[1.1.1]"), (9, "[1.1]"), (9, "[1.1.MIME]"), (9, "[2.1]"),
            (9, "[2.1.MIME]")}


@pytest.mark.parametrize("item", ITEMS)
def test_descriptions_are_those_of_dovecot(serving, dovecot_imap, item):
    ours = serving.imap()
    ours.select("INBOX", readonly=True)
    numbers = range(1, len(MESSAGES) + 1)
    same([(n, raw(dovecot_imap, n, item).lower(), raw(ours, n, item).lower()) for n in numbers])
    ours.logout()


def test_sections_are_those_of_dovecot(serving, dovecot_imap):
    ours = serving.imap()
    ours.select("INBOX", readonly=True)
    asked = [(number, section) for number in range(1, len(MESSAGES) + 1) for section in SECTIONS if (number, section) not in NO_PARTS]
    same([(what, *(body(c, what[0], "BODY.PEEK" + what[1]) or b"" for c in (dovecot_imap, ours))) for what in asked])
    ours.logout()


# --- sessions ---


@pytest.fixture
def fresh(tmp_path):
    with Serving(tmp_path / "serve") as server:
        yield server


def test_what_is_appended_comes_back_octet_by_octet(fresh):
    client = fresh.imap()
    odd = [b"", b"\r\n", b"no header\nonly LF\n", b"A: b\r\n\r\n" + bytes(range(1, 256)) * 40 + b"\r\n", b"S: big\r\n\r\n" + b"x" * 700000]
    for number, message in enumerate(odd, 1):
        client.literal = message  # imaplib mends line ends in append()
        status, data = client._simple_command("APPEND", "INBOX", r"(\Flagged $Mine)", '" 1-Feb-2003 04:05:06 -0700"')
        assert status == "OK" and re.fullmatch(rb"\[APPENDUID \d+ %d\].*" % number, data[0])
    client.select()
    assert [body(client, n) for n in range(1, len(odd) + 1)] == odd
    status, data = client.fetch("4", "(FLAGS INTERNALDATE RFC822.SIZE)")
    assert rb'INTERNALDATE " 1-Feb-2003 11:05:06 +0000"' in data[0] and b"$Mine" in data[0] and rb"\Flagged" in data[0]


def test_messages_are_copied_moved_flagged_and_expunged(fresh):
    client = fresh.imap()
    for n in range(6):
        client.append("INBOX", None, None, b"Subject: %d\r\n\r\n%d\r\n" % (n, n))
    assert client.create("Lists/C")[0] == "OK" and client.create("Lists/C")[0] == "NO"
    assert client.select()[1] == [b"6"]
    assert client.copy("1:2", "Lists/C")[0] == "OK"
    assert client.copy("1", "Nowhere")[0] == "NO"
    assert b"TRYCREATE" in client.copy("1", "Nowhere")[1][0]
    status, data = client.uid("MOVE", "3,5", "Lists/C")
    assert status == "OK" and client.untagged_responses["EXPUNGE"] == [b"3", b"4"]
    client.untagged_responses.clear()
    assert client.store("2", "+FLAGS", r"(\Deleted work)")[1] == [rb"2 (UID 2 FLAGS (\Deleted \Recent work))"]
    assert client.store("2", "-FLAGS.SILENT", "work") == ("OK", [None])
    assert client.uid("EXPUNGE", "1")[0] == "OK"
    assert client.expunge() == ("OK", [b"2"])
    assert client.uid("SEARCH", None, "ALL")[1] == [b"1 4 6"]
    assert client.status("Lists/C", "(MESSAGES UIDNEXT UNSEEN)")[1] == [b'"Lists/C" (MESSAGES 4 UIDNEXT 5 UNSEEN 4)']
    assert client.rename("Lists", "Old/K\u00e4se".encode("utf-7").decode().replace("+", "&")) [0] == "OK"
    assert client.list()[1] == [rb'(\HasNoChildren) "/" "INBOX"', rb'(\HasChildren) "/" "Old"', rb'(\HasChildren) "/" "Old/K&AOQ-se"', rb'(\HasNoChildren) "/" "Old/K&AOQ-se/C"']
    assert client.list('""', "%")[1] == [rb'(\HasNoChildren) "/" "INBOX"', rb'(\HasChildren) "/" "Old"']
    assert client.select("INBOX", readonly=True)[0] == "OK"
    assert client._simple_command("STORE", "1", "+FLAGS", r"(\Seen)")[0] == "NO"


def test_two_sessions_see_each_other(fresh):
    one, other = fresh.imap(), fresh.imap()
    for n in range(3):
        one.append("INBOX", None, None, b"Subject: %d\r\n\r\nx\r\n" % n)
    one.select()
    other.select()
    other.store("1", "+FLAGS", r"(\Deleted)")
    other.expunge()
    assert one.fetch("1", "(UID)")[1] == [b"1 (UID 1)"]  # not told yet: RFC 3501 7.4.1
    one.noop()
    assert one.untagged_responses.pop("EXPUNGE") == [b"1"]
    assert one.fetch("1", "(UID)")[1] == [b"1 (UID 2)"]
    other.store("2", "+FLAGS", r"(\Answered)")
    one.untagged_responses.clear()
    one.noop()
    assert one.untagged_responses["FETCH"] == [rb"2 (UID 3 FLAGS (\Answered \Recent))"]


def test_idle_wakes_for_what_others_do(fresh):
    one, other = fresh.imap(), fresh.imap()
    one.select()
    one.send(b"I1 IDLE\r\n")
    assert one.readline().startswith(b"+ ")
    other.append("INBOX", None, None, b"Subject: wake\r\n\r\nup\r\n")
    assert [one.readline(), one.readline()] == [b"* 1 EXISTS\r\n", b"* 1 RECENT\r\n"]
    one.send(b"DONE\r\n")
    assert one.readline().startswith(b"I1 OK")


def test_nobody_comes_in_with_a_wrong_password_or_in_the_clear(fresh):
    with pytest.raises(imaplib.IMAP4.error):
        imaplib.IMAP4_SSL("localhost", fresh.port("imaps"), ssl_context=fresh.tls()).login("alice", "wrong")
    plain = imaplib.IMAP4("localhost", fresh.port("imap"))
    assert "LOGINDISABLED" in plain.capabilities and "AUTH=PLAIN" not in plain.capabilities
    with pytest.raises(imaplib.IMAP4.error, match="PRIVACYREQUIRED"):
        plain.login("alice", PASSWORD)
    plain.starttls(fresh.tls())
    assert "LOGINDISABLED" not in plain.capabilities and "AUTH=PLAIN" in plain.capabilities
    assert plain.login_cram_md5("alice", PASSWORD)[0] == "OK"


def test_a_restart_keeps_folders_uids_and_flags(tmp_path):
    state = tmp_path / "state"
    with Serving(tmp_path / "one", state=state) as server:
        client = server.imap()
        for n in range(4):
            client.append("INBOX", None, '"14-Nov-2026 10:00:00 +0000"', b"Subject: %d\r\n\r\nbare LF\nand \xff\r\n" % n)
        client.create("Lists/K&AOQ-se")
        client.subscribe("Lists/K&AOQ-se")
        client.select()
        client.store("2", "+FLAGS", r"(\Seen \Answered $Forwarded other)")
        client.store("4", "+FLAGS", r"(\Deleted)")
        client.expunge()
        client.uid("COPY", "2", "Lists/K&AOQ-se")
        before = [client.uid("FETCH", "1:*", "(FLAGS INTERNALDATE BODY.PEEK[])")[1], client.status("INBOX", "(UIDNEXT UIDVALIDITY)")[1]]
        folder = client.status("Lists/K&AOQ-se", "(MESSAGES UIDNEXT UIDVALIDITY)")[1]
    with Serving(tmp_path / "two", state=state) as server:
        client = server.imap()
        client.select()
        again = [client.uid("FETCH", "1:*", "(FLAGS INTERNALDATE BODY.PEEK[])")[1], client.status("INBOX", "(UIDNEXT UIDVALIDITY)")[1]]
        assert repr(again) == re.sub(r" ?" + re.escape(r"\\Recent"), "", repr(before))
        assert client.status("Lists/K&AOQ-se", "(MESSAGES UIDNEXT UIDVALIDITY)")[1] == folder
        assert client.lsub()[1] == [rb'() "/" "Lists/K&AOQ-se"']


def test_dovecot_goes_on_with_the_directory(rig, users, tmp_path):
    """UIDs, flags and keywords are where it looks for them; what it does not know of the list, the envelope, stays there."""
    state = tmp_path / "state"
    with Serving(tmp_path / "serve", state=state) as server:
        with smtplib.SMTP("127.0.0.1", server.port("smtp"), timeout=30) as client:
            for n in range(3):
                client.sendmail("jim@example.test", ["alice@example.test"], b"Subject: %d\r\n\r\n%d\r\n" % (n, n))
        client = server.imap()
        client.select()
        client.store("1", "+FLAGS", r"(\Deleted)")
        client.expunge()
        client.store("2", "+FLAGS", r"(\Answered $Mine)")
        wanted = client.uid("FETCH", "1:*", "(FLAGS BODY.PEEK[])")[1], client.untagged_responses["UIDVALIDITY"]
        client.logout()
    dovecot = rig.launch(Dovecot(rig, "dovecot-after-serve"))
    maildir = dovecot.maildir(users.alice)
    shutil.rmtree(maildir, ignore_errors=True)
    shutil.copytree(state / "alice" / "Maildir", maildir)
    subprocess.run(["chown", "-R", dovecot.owner, maildir], check=False)
    client = imaplib.IMAP4_SSL("localhost", dovecot.port("imaps"), ssl_context=ssl._create_unverified_context(), timeout=30)
    client.login(users.alice.name, users.alice.password)
    client.select()
    got = client.uid("FETCH", "1:*", "(FLAGS BODY.PEEK[])")[1], client.untagged_responses["UIDVALIDITY"]
    assert re.sub(r" ?\\\\Recent", "", repr(got)) == re.sub(r" ?\\\\Recent", "", repr(wanted))
    client.append("INBOX", None, None, b"Subject: more\r\n\r\nmore\r\n")
    client.logout()
    listed = (maildir / "dovecot-uidlist").read_text()
    assert len(re.findall(r"(?m)^[23] .*Fjim@example.test Talice@example.test.* :", listed)) == 2, listed


def test_inbox_cannot_be_deleted_and_stays_selected(fresh):
    client = fresh.imap()
    client.select("INBOX")
    assert client.delete("INBOX") == ("NO", [b"[CANNOT] INBOX stays"])
    assert client.check()[0] == "OK"
    with pytest.raises(imaplib.IMAP4.error, match="FETCH SET ITEMS"):
        client._simple_command("FETCH", "1:*")
    client.logout()


def test_what_is_too_much_is_refused(fresh):
    def raw_session():
        return imaplib.IMAP4("localhost", fresh.port("imap"), timeout=30)

    client = raw_session()
    client.send(b"a1 LOGIN {70000}\r\n")
    assert client.readline().startswith(b"a1 BAD")
    client.send(b"a2 LOGIN {70000+}\r\n")
    assert client.readline().startswith(b"a2 BAD") and client.readline().startswith(b"* BYE") and client.readline() == b""
    client = raw_session()
    client.send(b"a1 NOOP " + b"x" * 70000 + b"\r\n")
    assert client.readline().startswith(b"* BYE")
    client = raw_session()
    client.send(b"a1 STRANGE\r\n" * 30)
    answers = [client.readline() for _ in range(22)]
    assert answers[20].startswith(b"a1 BAD") and answers[21].startswith(b"* BYE")
    client = fresh.imap()
    client.send(b"a1 APPEND INBOX {99999999999}\r\n")
    assert client.readline().startswith(b"a1 NO [TOOBIG]")
    client.send(b"a2 SEARCH ALL\r\na3 FETCH 1 FLAGS\r\na4 SELECT INBOX\r\na5 FETCH 1 FLAGS\r\n")
    assert [client.readline()[:6] for _ in range(2)] == [b"a2 BAD", b"a3 BAD"]
    while not (line := client.readline()).startswith(b"a5"):
        pass
    assert line.startswith(b"a5 OK")  # of an empty mailbox everybody asks


def test_faults_are_done(tmp_path):
    faults = ["--fault=wrong-size", "--fault=uidvalidity-changes"]
    with Serving(tmp_path / "serve", *faults) as server:
        client = server.imap()
        client.append("INBOX", None, None, b"12345\r\n")
        client.select()
        first = client.untagged_responses["UIDVALIDITY"]
        assert client.fetch("1", "(RFC822.SIZE)")[1] == [b"1 (RFC822.SIZE 14)"]
        client.select()
        assert client.untagged_responses["UIDVALIDITY"] != first


# --- other clients ---


def test_curl(fresh, tmp_path):
    message = b"Subject: by curl\r\n\r\n.\r\n\x80\xff\r\n"
    (tmp_path / "m").write_bytes(message)
    config = tmp_path / "curlrc"
    config.write_text(f'user = "alice:{PASSWORD}"\ncacert = "{fresh.facts["CA"]}"\nsilent\nshow-error\nmax-time = 30\n')

    def curl(path, *args, scheme="imaps"):
        url = f"{scheme}://localhost:{fresh.port(scheme)}/{path}"
        return subprocess.run(["curl", "-q", "-K", config, url, *args], capture_output=True, check=True).stdout

    curl("INBOX", "-T", tmp_path / "m")
    assert curl("INBOX;UID=1") == message
    assert curl("INBOX;MAILINDEX=1;SECTION=TEXT", "--ssl-reqd", scheme="imap") == b".\r\n\x80\xff\r\n"
    assert curl("INBOX?SUBJECT%20curl") == b"* SEARCH 1\r\n"
    assert b"INBOX" in curl("") and b"EXISTS" in curl("", "-X", "EXAMINE INBOX")


def put_mail(server, count=5):
    client = server.imap()
    content = [b"From: a@example.test\r\nSubject: %d\r\n\r\n.\r\n..dots %d\r\n" % (n, n) for n in range(count)]
    for message in content:
        client.append("INBOX", None, None, message)
    client.logout()
    return content


def test_mbsync_there_and_back(fresh, tmp_path):
    content = put_mail(fresh)
    local = tmp_path / "local"
    (tmp_path / "rc").write_text(
        f"""IMAPAccount box\nHost localhost\nPort {fresh.port("imaps")}\nUser alice\nPassCmd "cat {tmp_path}/serve/password"\nSSLType IMAPS
CertificateFile {fresh.facts["CA"]}\nSystemCertificates no\n\nIMAPStore far\nAccount box\n\nMaildirStore near\nPath {local}/\nInbox {local}/INBOX
Subfolders Verbatim\n\nChannel all\nFar :far:\nNear :near:\nPatterns *\nCreate Both\nExpunge Both\nSyncState *\n"""
    )

    def sync():
        subprocess.run(["mbsync", "-c", tmp_path / "rc", "-a"], check=True, capture_output=True, timeout=60)

    local.mkdir()
    sync()
    files = sorted(p.read_bytes() for d in ("new", "cur") for p in (local / "INBOX" / d).iterdir())
    files = [re.sub(rb"X-TUID: .*\n", b"", f) for f in files]
    assert files == sorted(m.replace(b"\r\n", b"\n") for m in content)
    # One is made here, one is deleted here, one is deleted there; a folder comes into being here.
    (local / "INBOX" / "new" / "1.local.host").write_bytes(b"Subject: local\n\nfrom here\n")
    fill(local / "Work")
    next((local / "INBOX" / "cur").iterdir(), None)
    client = fresh.imap()
    client.select()
    client.store("1", "+FLAGS", r"(\Deleted)")
    client.expunge()
    sync()
    client.noop()
    assert client.select()[1] == [b"5"]
    assert b"Subject: local" in body(client, 5)
    assert client.select("Work")[0] == "OK"


def test_fetchmail(fresh, tmp_path):
    content = put_mail(fresh)
    rc = tmp_path / "rc"
    rc.write_text(
        f"""poll localhost protocol imap service {fresh.port("imaps")} user alice password "{PASSWORD}" ssl sslcertck sslcertfile {fresh.facts["CA"]}
 fetchall no rewrite mda "cat >> {tmp_path}/got; echo >> {tmp_path}/got"\n"""
    )
    rc.chmod(0o600)
    env = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "FETCHMAILHOME": str(tmp_path)}
    done = subprocess.run(["fetchmail", "-f", rc, "--pidfile", tmp_path / "pid", "--nosyslog"], env=env, capture_output=True, timeout=60)
    assert done.returncode == 0, done
    got = (tmp_path / "got").read_bytes()
    assert [m.replace(b"\r\n", b"\n") in got for m in content] == [True] * 5
    client = fresh.imap()
    assert client.select()[1] == [b"0"]


def test_getmail(fresh, tmp_path):
    content = put_mail(fresh)
    for part in ("cur", "new", "tmp"):
        (tmp_path / "box" / part).mkdir(parents=True)
    (tmp_path / "getmailrc").write_text(
        f"""[retriever]\ntype = SimpleIMAPSSLRetriever\nserver = localhost\nport = {fresh.port("imaps")}\nusername = alice\npassword = {PASSWORD}
ca_certs = {fresh.facts["CA"]}\n[destination]\ntype = MDA_external\npath = /bin/sh\nunixfrom = false
arguments = ("-c", "cat > {tmp_path}/box/new/$$")\nallow_root_commands = true\n[options]\ndelete = true\ndelivered_to = false\nreceived = false\n"""
    )
    (tmp_path / "getmailrc").chmod(0o600)
    env = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(["getmail", "--getmaildir", tmp_path, "--rcfile", "getmailrc"], env=env, capture_output=True, timeout=60)
    assert done.returncode == 0, done
    files = sorted(re.sub(rb"(Return-Path|X-getmail-.*?): .*\n", b"", p.read_bytes()) for p in (tmp_path / "box" / "new").iterdir())
    assert files == sorted(m.replace(b"\r\n", b"\n") for m in content)


def test_postern_fetch_and_talk(fresh, postern, tmp_path):
    content = put_mail(fresh, 20)
    box = tmp_path / "box"
    url = f"imaps://alice@localhost:{fresh.port('imaps')}"
    done = postern.run("fetch", url, f"--ca-file={fresh.facts['CA']}", f"--to={box}", password=PASSWORD)
    assert done.status == 0, done.err
    files = [p.read_bytes() for d in ("new", "cur") for p in (box / d).iterdir()]
    assert len(files) == 20 and all(any(f.endswith(m.replace(b"\r\n", b"\n")) for f in files) for m in content)
    done = postern.run("talk", "--login", url, f"--ca-file={fresh.facts['CA']}", input="a1 STATUS INBOX (MESSAGES)\na2 LOGOUT\n", password=PASSWORD)
    assert done.status == 0 and "MESSAGES" in done.out
