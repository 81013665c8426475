"""Clients that nobody here wrote, logging in to `postern serve` by a Kerberos ticket: each sends or reads, inside TLS from the start and
by STARTTLS, byte for byte."""

import re

import pytest
from rig.postern import Postern
from serving import Sandbox, emptied, only_mail, post, run, write

MESSAGE = b"Subject: caf\xc3\xa9\r\nFrom: joe@example.test\r\n\r\n.\r\n..two\r\n.three\r\n" + b"x" * 900 + b"\r\n\xc3\xbc\r\n"
LINES = MESSAGE.replace(b"\r\n", b"\n")
SENDER, RECIPIENT = "joe@example.test", "alice@example.test"
SUBMISSION = [("submission", "on"), ("submissions", "off")]


@pytest.fixture(scope="module")
def box(kdc, passwords, tmp_path_factory):
    directory = tmp_path_factory.mktemp("kerberos")
    secret = write(directory / "password", passwords.add("only-for-tidying-44") + "\n")
    with Sandbox(Postern(directory), passwords, f"--user=alice:{secret}", f"--keytab={kdc.keytab}", env=kdc.server_environment()) as sandbox:
        sandbox.ticket = {**kdc.client_environment(), "KRB5CCNAME": str(kdc.ticket("alice"))}
        yield sandbox
        assert not [row for row in sandbox.report()["conduct"] if row["verdict"] == "bad"]


@pytest.fixture
def fresh(box):
    return emptied(box, "alice", "only-for-tidying-44")


@pytest.fixture
def filled(fresh):
    return post(fresh, SENDER, RECIPIENT, MESSAGE)


def ends_well(done, word=b""):
    assert done.returncode == 0 and word in done.stdout, done.stdout.decode(errors="replace")


@pytest.mark.parametrize("service,starttls", SUBMISSION)
def test_msmtp(fresh, tmp_path, service, starttls):
    rc = write(tmp_path / "rc", f"account default\nhost localhost\nport {fresh.port(service)}\ntls on\ntls_starttls {starttls}\n"
               f"tls_trust_file {fresh.ca}\nauth gssapi\nuser alice\nfrom {SENDER}\n")
    ends_well(run(["msmtp", "-d", f"--file={rc}", "--set-from-header=off", "--set-date-header=off", "--set-msgid-header=off", RECIPIENT], input=LINES,
                  env=fresh.ticket), b"AUTH GSSAPI")
    assert only_mail(fresh, "alice") == MESSAGE


@pytest.mark.parametrize("service,starttls", [("pop3", "on"), ("pop3s", "off")])
def test_mpop(filled, tmp_path, service, starttls):
    for name in ("", "cur", "new", "tmp"):
        (tmp_path / "mail" / name).mkdir()
    rc = write(tmp_path / "rc", f"account default\nhost localhost\nport {filled.port(service)}\ntls on\ntls_starttls {starttls}\n"
               f"tls_trust_file {filled.ca}\nauth gssapi\nuser alice\nkeep off\ndelivery maildir {tmp_path}/mail\nuidls_file {tmp_path}/uidls\n"
               "received_header off\n")
    ends_well(run(["mpop", f"--file={rc}"], env=filled.ticket))
    (got,) = (tmp_path / "mail" / "new").iterdir()
    assert got.read_bytes() == LINES and filled.mails("alice") == []


@pytest.mark.parametrize("service,words", [("imap", "sslproto TLS1.2+"), ("imaps", "ssl"), ("pop3", "sslproto TLS1.2+"), ("pop3s", "ssl")])
def test_fetchmail(filled, tmp_path, service, words):
    sink = write(tmp_path / "sink", f"#!/bin/sh\nexec cat > {tmp_path}/got\n", 0o700)
    rc = write(tmp_path / "rc", f'poll localhost proto {service[:4]} port {filled.port(service)} auth gssapi user "alice" {words} sslcertck '
               f'sslcertfile "{filled.ca}" no rewrite no forcecr mda "{sink}"\n')
    ends_well(run(["fetchmail", "-v", "--invisible", "--nodetach", "-f", rc, "--idfile", tmp_path / "ids", "--pidfile", tmp_path / "pid"],
                  env={**filled.ticket, "HOME": str(tmp_path), "FETCHMAILHOME": str(tmp_path)}), b"GSSAPI")
    assert (tmp_path / "got").read_bytes().partition(b"\n\n")[2] == LINES.partition(b"\n\n")[2] and filled.mails("alice") == []


def curl(box, *words):
    return run(["curl", "-q", "-sSv", "--ssl-reqd", "--cacert", box.ca, "--login-options", "AUTH=GSSAPI", "-u", "alice@EXAMPLE.TEST:", *words], env=box.ticket)


@pytest.mark.parametrize("scheme,service", [("smtp", "submission"), ("smtps", "submissions")])
def test_curl_sends(fresh, tmp_path, scheme, service):
    (tmp_path / "m").write_bytes(MESSAGE)
    ends_well(curl(fresh, "--mail-from", SENDER, "--mail-rcpt", RECIPIENT, "-T", tmp_path / "m", f"{scheme}://localhost:{fresh.port(service)}/x"),
              b"AUTH GSSAPI")
    assert only_mail(fresh, "alice") == MESSAGE


@pytest.mark.parametrize("scheme", ["imap", "imaps", "pop3", "pop3s"])
def test_curl_reads(filled, tmp_path, scheme):
    path = "1" if scheme.startswith("pop3") else "INBOX;MAILINDEX=1"
    ends_well(curl(filled, "-o", tmp_path / "got", f"{scheme}://localhost:{filled.port(scheme)}/{path}"), b"GSSAPI")
    assert (tmp_path / "got").read_bytes() == MESSAGE


@pytest.mark.parametrize("kind,service", [("STARTTLS", "imap"), ("IMAPS", "imaps")])
def test_mbsync(filled, tmp_path, kind, service):
    (tmp_path / "near").mkdir()
    rc = write(tmp_path / "rc", f"""IMAPAccount box\nHost localhost\nPort {filled.port(service)}\nUser alice\nPass unused
SSLType {kind}\nAuthMechs GSSAPI\nCertificateFile {filled.ca}\nSystemCertificates no\n\nIMAPStore far\nAccount box\n
MaildirStore near\nPath {tmp_path}/near/\nInbox {tmp_path}/near/INBOX\n\nChannel all\nFar :far:\nNear :near:\nPatterns INBOX\nCreate Near\nSyncState *\n""")
    ends_well(run(["mbsync", "-c", rc, "-a"], env={**filled.ticket, "HOME": str(tmp_path)}))
    files = [path.read_bytes() for part in ("new", "cur") for path in (tmp_path / "near" / "INBOX" / part).iterdir()]
    assert [re.sub(rb"X-TUID: .*\n", b"", file) for file in files] == [LINES]


@pytest.mark.parametrize("service,upgrade", [("imap", "set imap-use-starttls\n"), ("imaps", "")])
def test_s_nail_reads(filled, tmp_path, service, upgrade):
    rc = write(tmp_path / "rc", f"set v15-compat\nset tls-ca-file={filled.ca} tls-ca-no-defaults tls-verify=strict\n{upgrade}"
               f"set imap-auth=gssapi user=alice\nset keep folder={tmp_path}\n")
    ends_well(run(["s-nail", "-:u", "-R", "-f", f"{service}://alice@localhost:{filled.port(service)}"], input=f"copy 1 {tmp_path}/got\nexit\n".encode(),
                  env={**filled.ticket, "MAILRC": str(rc), "HOME": str(tmp_path)}))
    assert LINES.partition(b"\n\n")[2] in (tmp_path / "got").read_bytes()


@pytest.mark.parametrize("service,upgrade", [("submission", "set smtp-use-starttls\n"), ("submissions", "")])
def test_s_nail_sends(fresh, tmp_path, service, upgrade):
    rc = write(tmp_path / "rc", f"set v15-compat\n{upgrade}set tls-ca-file={fresh.ca} tls-ca-no-defaults tls-verify=strict\n"
               f"set smtp-auth=gssapi user=alice\nset from={SENDER} sendwait\nset mta={service}://localhost:{fresh.port(service)}\n")
    ends_well(run(["s-nail", "-:u", "-S", "sendwait", "-s", "Hello", RECIPIENT], input=b"Text.\n.dot\n",
                  env={**fresh.ticket, "MAILRC": str(rc), "HOME": str(tmp_path)}))
    assert only_mail(fresh, "alice").partition(b"\r\n\r\n")[2] == b"Text.\r\n.dot\r\n"
