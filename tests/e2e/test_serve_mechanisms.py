"""Clients that nobody here wrote, with the mechanisms and protocols that test_serve_clients.py leaves out: tokens, certificates, IMAP
by each of them, inside TLS from the start and by STARTTLS; byte for byte."""

import imaplib
import poplib
import re
import ssl

import pytest
from rig.postern import Postern
from serving import Sandbox, emptied, only_mail, post, run, write

MESSAGE = b"Subject: caf\xc3\xa9\r\nFrom: joe@example.test\r\n\r\n.\r\n..two\r\n.three\r\n" + b"x" * 900 + b"\r\n\xc3\xbc\r\n"
LINES = MESSAGE.replace(b"\r\n", b"\n")
SENDER, RECIPIENT = "joe@example.test", "user@example.test"
TOKEN = "ya29.A-token-of-the-sandbox"


@pytest.fixture(scope="module")
def box(passwords, tmp_path_factory):
    directory = tmp_path_factory.mktemp("mechanisms")
    tokens = write(directory / "tokens", f"user {TOKEN}\n")
    passwords.add(TOKEN)
    with Sandbox(Postern(directory), passwords, f"--token-file={tokens}") as sandbox:
        yield sandbox
        assert not [row for row in sandbox.report()["conduct"] if row["verdict"] == "bad"]


def trust(box):
    return ssl.create_default_context(cafile=box.ca)


@pytest.fixture
def fresh(box):
    return emptied(box)


@pytest.fixture
def filled(fresh):
    return post(fresh, SENDER, RECIPIENT, MESSAGE)


def ends_well(done, *words):
    assert done.returncode == 0 and all(word in done.stdout for word in words), done.stdout.decode(errors="replace")


# --- curl ---


def curl_login(box, mechanism, tmp_path):
    """Options; passwords and tokens by a file."""
    login = f'oauth2-bearer = "{TOKEN}"\nuser = "{box.user}:"' if "OAUTH" in mechanism else f'user = "{box.user}:{box.password}"'
    if mechanism == "EXTERNAL":
        login = f'user = "{box.user}:"\ncert = "{box.ready["CLIENT_CERT"]}"'
    rc = write(tmp_path / "curlrc", f'{login}\ncacert = "{box.ca}"\nlogin-options = "AUTH={mechanism}"\nssl-reqd\n')
    return ["curl", "-q", "-K", rc, "-v", "-sS"]


@pytest.mark.parametrize("mechanism", ["OAUTHBEARER", "EXTERNAL"])
@pytest.mark.parametrize("scheme,service", [("smtp", "submission"), ("smtps", "submissions")])
def test_curl_sends(fresh, tmp_path, mechanism, scheme, service):
    (tmp_path / "m").write_bytes(MESSAGE)
    done = run([*curl_login(fresh, mechanism, tmp_path), "--mail-from", SENDER, "--mail-rcpt", RECIPIENT, "-T", tmp_path / "m",
                f"{scheme}://localhost:{fresh.port(service)}/x"])
    ends_well(done, f"AUTH {mechanism}".encode())
    assert only_mail(fresh) == MESSAGE


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "OAUTHBEARER", "EXTERNAL"])
@pytest.mark.parametrize("scheme", ["imap", "imaps", "pop3", "pop3s"])
def test_curl_reads(filled, tmp_path, mechanism, scheme):
    path = "1" if scheme.startswith("pop3") else "INBOX;MAILINDEX=1"
    done = run([*curl_login(filled, mechanism, tmp_path), "-o", tmp_path / "got", f"{scheme}://localhost:{filled.port(scheme)}/{path}"])
    ends_well(done, f"{'AUTH' if scheme.startswith('pop3') else 'AUTHENTICATE'} {mechanism}".encode())
    assert (tmp_path / "got").read_bytes() == MESSAGE


def test_curl_with_xoauth2(passwords, tmp_path):
    """It prefers OAUTHBEARER where both are offered, whatever it is told."""
    tokens = write(tmp_path / "tokens", f"user {TOKEN}\n")
    with Sandbox(Postern(tmp_path), passwords, f"--token-file={tokens}", "--mechanisms=XOAUTH2") as box:
        login = curl_login(box, "XOAUTH2", tmp_path)
        (tmp_path / "m").write_bytes(MESSAGE)
        ends_well(run([*login, "--mail-from", SENDER, "--mail-rcpt", RECIPIENT, "-T", tmp_path / "m", f"smtp://localhost:{box.port('submission')}/x"]))
        for url in (f"imaps://localhost:{box.port('imaps')}/INBOX;MAILINDEX=1", f"pop3://localhost:{box.port('pop3')}/1"):
            ends_well(run([*login, "-o", tmp_path / "got", url]), b"XOAUTH2")
            assert (tmp_path / "got").read_bytes() == MESSAGE


# --- msmtp, mpop ---


def m_login(box, mechanism):
    lines = f"auth {mechanism}\nuser {box.user}\n"
    if mechanism == "external":
        return lines + f"tls_cert_file {box.ready['CLIENT_CERT']}\ntls_key_file {box.ready['CLIENT_CERT']}\n"
    return lines + f"password {TOKEN if 'oauth' in mechanism else box.password}\n"


@pytest.mark.parametrize("mechanism", ["external", "oauthbearer", "xoauth2"])
@pytest.mark.parametrize("starttls,service", [("on", "submission"), ("off", "submissions")])
def test_msmtp(fresh, tmp_path, mechanism, starttls, service):
    rc = write(tmp_path / "rc", f"account default\nhost localhost\nport {fresh.port(service)}\ntls on\ntls_starttls {starttls}\n"
               f"tls_trust_file {fresh.ca}\nfrom {SENDER}\n" + m_login(fresh, mechanism))
    ends_well(run(["msmtp", f"--file={rc}", "--set-from-header=off", "--set-date-header=off", "--set-msgid-header=off", RECIPIENT], input=LINES))
    assert only_mail(fresh) == MESSAGE


@pytest.mark.parametrize("mechanism", ["login", "external", "oauthbearer", "xoauth2"])
@pytest.mark.parametrize("starttls,service", [("on", "pop3"), ("off", "pop3s")])
def test_mpop(filled, tmp_path, mechanism, starttls, service):
    for name in ("", "cur", "new", "tmp"):
        (tmp_path / "mail" / name).mkdir()
    rc = write(tmp_path / "rc", f"account default\nhost localhost\nport {filled.port(service)}\ntls on\ntls_starttls {starttls}\n"
               f"tls_trust_file {filled.ca}\nkeep off\ndelivery maildir {tmp_path}/mail\nuidls_file {tmp_path}/uidls\nreceived_header off\n"
               + m_login(filled, mechanism))
    ends_well(run(["mpop", f"--file={rc}"]))
    (got,) = (tmp_path / "mail" / "new").iterdir()
    assert got.read_bytes() == LINES and filled.mails() == []


# --- fetchmail, getmail, mbsync ---


@pytest.mark.parametrize("protocol,auth", [("imap", "password"), ("imap", "cram-md5"), ("imap", "external"), ("pop3", "cram-md5"), ("apop", "password")])
@pytest.mark.parametrize("implicit", [True, False])
def test_fetchmail(filled, tmp_path, protocol, auth, implicit):
    service = ("imap" if protocol == "imap" else "pop3") + ("s" if implicit else "")
    words = "ssl" if implicit else "sslproto TLS1.2+"
    if auth == "external":
        words += f' sslcert "{filled.ready["CLIENT_CERT"]}" sslkey "{filled.ready["CLIENT_CERT"]}"'
    sink = write(tmp_path / "sink", f"#!/bin/sh\nexec cat > {tmp_path}/got\n", 0o700)
    rc = write(tmp_path / "rc", f'poll localhost proto {protocol} port {filled.port(service)} auth {auth} user "{filled.user}" password "{filled.password}" '
               f'{words} sslcertck sslcertfile "{filled.ca}" no rewrite no forcecr mda "{sink}"\n')
    done = run(["fetchmail", "--invisible", "--nodetach", "-f", rc, "--idfile", tmp_path / "ids", "--pidfile", tmp_path / "pid"],
               env={"HOME": str(tmp_path), "FETCHMAILHOME": str(tmp_path)})
    ends_well(done)
    assert (tmp_path / "got").read_bytes().partition(b"\n\n")[2] == LINES.partition(b"\n\n")[2] and filled.mails() == []


# It has no word for STARTTLS (neither its manual nor its source, 6.18): TLS from the start is all that can be tried. Its GSSAPI wants a
# Python module that Debian does not have.
@pytest.mark.parametrize("kind,service,more", [("SimplePOP3SSLRetriever", "pop3s", ""), ("SimplePOP3SSLRetriever", "pop3s", "use_apop = true\n"),
                                               ("SimpleIMAPSSLRetriever", "imaps", ""), ("SimpleIMAPSSLRetriever", "imaps", "use_cram_md5 = true\n"),
                                               ("SimpleIMAPSSLRetriever", "imaps", "use_xoauth2 = true\n")])
def test_getmail(filled, tmp_path, kind, service, more):
    secret = write(tmp_path / "secret", (TOKEN if "xoauth2" in more else filled.password) + "\n")
    write(tmp_path / "rc", f"[retriever]\ntype = {kind}\nserver = localhost\nport = {filled.port(service)}\nusername = {filled.user}\n"
          f"password_command = ('cat', '{secret}')\nca_certs = {filled.ca}\n{more}[destination]\ntype = MDA_external\npath = /bin/sh\nunixfrom = false\n"
          f"arguments = ('-c', 'cat > {tmp_path}/got')\nallow_root_commands = true\n[options]\ndelete = true\ndelivered_to = false\nreceived = false\n")
    ends_well(run(["getmail", "--getmaildir", tmp_path, "--rcfile", "rc"], env={"HOME": str(tmp_path)}))
    got = (tmp_path / "got").read_bytes()
    assert re.sub(rb"(?m)^(Return-Path|X-getmail-.*?): .*\n", b"", got) == LINES and filled.mails() == []


@pytest.mark.parametrize("mechanism", ["LOGIN", "PLAIN", "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "EXTERNAL"])
@pytest.mark.parametrize("kind,service", [("STARTTLS", "imap"), ("IMAPS", "imaps")])
def test_mbsync(filled, tmp_path, mechanism, kind, service):
    secret = write(tmp_path / "secret", filled.password + "\n")
    (tmp_path / "near").mkdir()
    rc = write(tmp_path / "rc", f"""IMAPAccount box\nHost localhost\nPort {filled.port(service)}\nUser {filled.user}\nPassCmd "cat {secret}"
SSLType {kind}\nAuthMechs {mechanism}\nClientCertificate {filled.ready["CLIENT_CERT"]}\nClientKey {filled.ready["CLIENT_CERT"]}\nCertificateFile {filled.ca}\nSystemCertificates no\n\nIMAPStore far\nAccount box\n
MaildirStore near\nPath {tmp_path}/near/\nInbox {tmp_path}/near/INBOX\n\nChannel all\nFar :far:\nNear :near:\nPatterns INBOX\nCreate Near\nSyncState *\n""")
    ends_well(run(["mbsync", "-c", rc, "-a"], env={"HOME": str(tmp_path)}))
    files = [path.read_bytes() for part in ("new", "cur") for path in (tmp_path / "near" / "INBOX" / part).iterdir()]
    assert [re.sub(rb"X-TUID: .*\n", b"", file) for file in files] == [LINES]


# --- s-nail, gnutls-cli ---


@pytest.mark.parametrize("scheme,mechanism", [(scheme, mechanism) for protocol, mechanisms in (
    ("pop3", ("plain", "oauthbearer", "external")), ("imap", ("login", "cram-md5", "oauthbearer", "external")))
    for scheme in (protocol, protocol + "s") for mechanism in mechanisms])
def test_s_nail_reads(filled, tmp_path, scheme, mechanism):
    upgrade = "" if scheme.endswith("s") else f"set {scheme}-use-starttls\n"
    upgrade += f"set {scheme[:4]}-auth={mechanism}\n"
    if mechanism == "external":
        upgrade += f"set tls-config-pairs='Certificate={filled.ready['CLIENT_CERT']},PrivateKey={filled.ready['CLIENT_CERT']}'\n"
    rc = write(tmp_path / "rc", f"set v15-compat\nset tls-ca-file={filled.ca} tls-ca-no-defaults tls-verify=strict\n{upgrade}"
               f"set user={filled.user} password={TOKEN if mechanism == 'oauthbearer' else filled.password}\nset keep folder={tmp_path}\n")
    url = f"{scheme}://{filled.user}@localhost:{filled.port(scheme)}"
    done = run(["s-nail", "-:u", "-R", "-f", url], input=f"copy 1 {tmp_path}/got\nexit\n".encode(), env={"MAILRC": str(rc), "HOME": str(tmp_path)})
    ends_well(done)
    assert LINES.partition(b"\n\n")[2] in (tmp_path / "got").read_bytes(), done.stdout


@pytest.mark.parametrize("mechanism", ["oauthbearer", "external"])
@pytest.mark.parametrize("scheme,more", [("submission", "set smtp-use-starttls"), ("submissions", "")])
def test_s_nail_sends(fresh, tmp_path, mechanism, scheme, more):
    login = f"password={TOKEN}" if mechanism == "oauthbearer" else f"tls-config-pairs='Certificate={fresh.ready['CLIENT_CERT']},PrivateKey={fresh.ready['CLIENT_CERT']}'"
    rc = write(tmp_path / "rc", f"set v15-compat\n{more}\nset tls-ca-file={fresh.ca} tls-ca-no-defaults tls-verify=strict\n"
               f"set smtp-auth={mechanism} user={fresh.user} {login}\nset from={SENDER} sendwait\nset mta={scheme}://localhost:{fresh.port(scheme)}\n")
    ends_well(run(["s-nail", "-:u", "-S", "sendwait", "-s", "Hello", RECIPIENT], input=b"Text.\n.dot\n", env={"MAILRC": str(rc), "HOME": str(tmp_path)}))
    assert only_mail(fresh).partition(b"\r\n\r\n")[2] == b"Text.\r\n.dot\r\n"


@pytest.mark.parametrize("service,words", [("imap", ["--starttls-proto=imap"]), ("imaps", [])])
def test_gnutls_cli_imap(box, service, words):
    done = run(["gnutls-cli", "--x509cafile", box.ca, *words, "-p", box.port(service), "localhost"], input=b"a LOGOUT\r\n")
    ends_well(done, b"Handshake was completed", b"The certificate is trusted")


# --- Python, git, nodemailer ---


@pytest.mark.parametrize("mechanism", ["LOGIN command", "PLAIN", "CRAM-MD5", "XOAUTH2"])
@pytest.mark.parametrize("service", ["imap", "imaps"])
def test_imaplib(fresh, mechanism, service):
    kind = imaplib.IMAP4_SSL if service == "imaps" else imaplib.IMAP4
    client = kind("localhost", fresh.port(service), timeout=60, **({"ssl_context": trust(fresh)} if service == "imaps" else {}))
    if service == "imap":
        client.starttls(trust(fresh))
    if mechanism == "LOGIN command":
        client.login(fresh.user, fresh.password)
    elif mechanism == "CRAM-MD5":
        client.login_cram_md5(fresh.user, fresh.password)
    else:
        said = f"\0{fresh.user}\0{fresh.password}" if mechanism == "PLAIN" else f"user={fresh.user}\1auth=Bearer {TOKEN}\1\1"
        client.authenticate(mechanism, lambda _: said.encode())
    client.literal = MESSAGE
    assert client._simple_command("APPEND", "INBOX", None, None)[0] == "OK"
    client.select()
    assert client.fetch("1", "(BODY.PEEK[])")[1][0][1] == MESSAGE
    client.logout()


@pytest.mark.parametrize("service", ["pop3", "pop3s"])
def test_poplib_apop(filled, service):
    client = (poplib.POP3_SSL if service == "pop3s" else poplib.POP3)("localhost", filled.port(service), timeout=60,
                                                                      **({"context": trust(filled)} if service == "pop3s" else {}))
    if service == "pop3":
        client.stls(trust(filled))
    client.apop(filled.user, filled.password)
    assert b"\r\n".join(client.retr(1)[1]) + b"\r\n" == MESSAGE
    client.quit()


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5"])
@pytest.mark.parametrize("encryption,service", [("tls", "submission"), ("ssl", "submissions")])
def test_git_send_email(fresh, tmp_path, mechanism, encryption, service):
    patch = write(tmp_path / "1.patch", f"From 1234567890123456789012345678901234567890 Mon Sep 17 00:00:00 2001\nFrom: Joe <{SENDER}>\n"
                  "Date: Sat, 21 Nov 2026 10:00:00 +0000\nSubject: [PATCH] A change\n\n.dot\n---\n f | 1 +\n")
    done = run(["git", "-c", "user.name=Joe", "-c", f"user.email={SENDER}", "send-email", "--confirm=never", f"--from={SENDER}", f"--to={RECIPIENT}", "--smtp-server=localhost", "--suppress-cc=all",
                f"--smtp-server-port={fresh.port(service)}", f"--smtp-encryption={encryption}", f"--smtp-ssl-cert-path={fresh.ca}",
                f"--smtp-user={fresh.user}", f"--smtp-pass={fresh.password}", f"--smtp-auth={mechanism}", patch], cwd=tmp_path, env={"HOME": str(tmp_path)})
    ends_well(done)
    assert b"\r\n\r\n.dot\r\n" in only_mail(fresh)


@pytest.mark.parametrize("secure,service", [("false", "submission"), ("true", "submissions")])
def test_nodemailer_with_a_token(fresh, tmp_path, secure, service):
    script = f"""
        const transport = require('nodemailer').createTransport({{host: 'localhost', port: {fresh.port(service)}, secure: {secure}, requireTLS: true,
            auth: {{type: 'OAuth2', user: '{fresh.user}', accessToken: process.env.TOKEN}}}});
        transport.sendMail({{envelope: {{from: '{SENDER}', to: '{RECIPIENT}'}}, raw: require('fs').readFileSync(0)}},
            (error, info) => {{ if (error) {{ console.error(error); process.exit(1); }} console.log(info.response); process.exit(0); }});
    """
    done = run(["node", "-e", script], input=MESSAGE, cwd=tmp_path,
               env={"NODE_PATH": "/usr/share/nodejs", "NODE_EXTRA_CA_CERTS": fresh.ca, "TOKEN": TOKEN})
    ends_well(done, b"250 2.0.0 taken")
    assert only_mail(fresh) == MESSAGE
