"""Clients that nobody here wrote, against `postern serve`: each sends and reads back, over TLS and STARTTLS, with each login
mechanism it knows, byte for byte."""

import base64
import json
import poplib
import smtplib
import socket
import ssl
import subprocess
import textwrap
import threading
from pathlib import Path

import pytest
import serving
from rig.postern import Postern, binary
from serving import Sandbox, emptied, only_mail, run, write

# Dots, long lines, 8-bit, no line end but CRLF.
BODY = "Subject: caf\u00e9 \u2603\r\nFrom: joe@example.test\r\nTo: user@example.test\r\n\r\n.\r\n..two\r\n.three\r\n" + "x" * 900 + "\r\n\u00fc\r\n"
MESSAGE = BODY.encode()
SENDER, RECIPIENT = "joe@example.test", "user@example.test"


@pytest.fixture(scope="module")
def box(passwords, tmp_path_factory):
    """One sandbox for all of them."""
    home = Postern(tmp_path_factory.mktemp("serve"))
    with Sandbox(home, passwords, "--lmtp-socket", tmp_path_factory.mktemp("l") / "lmtp") as sandbox:
        yield sandbox
        verdict = [row for row in sandbox.report()["conduct"] if row["verdict"] == "bad"]
        assert not verdict


@pytest.fixture
def fresh(box):
    return emptied(box)


def trust(box):
    return ssl.create_default_context(cafile=box.ca)


def pop(box, service):
    if service == "pop3s":
        client = poplib.POP3_SSL("localhost", box.port("pop3s"), context=trust(box), timeout=30)
    else:
        client = poplib.POP3("localhost", box.port("pop3"), timeout=30)
        client.stls(trust(box))
    client.user(box.user)
    client.pass_(box.password)
    return client


def post(box, message=MESSAGE):
    serving.post(box, SENDER, RECIPIENT, message)


def ends_well(done, word=b""):
    assert done.returncode == 0 and word in done.stdout, done.stdout.decode(errors="replace")


def body_of(mail):
    return mail.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5"])
@pytest.mark.parametrize("service,how", [("submission", "-tls"), ("submissions", "-tlsc")])
def test_swaks(fresh, tmp_path, mechanism, service, how):
    (tmp_path / "m").write_bytes(MESSAGE.replace(b"\r\n", b"\n"))
    done = run(["swaks", "--server", f"localhost:{fresh.port(service)}", how, "--auth", mechanism, "--auth-user", fresh.user,
                "--auth-password", fresh.password, "-f", SENDER, "-t", RECIPIENT, "--data", f"@{tmp_path}/m"])
    ends_well(done, b"235 2.7.0 welcome")
    assert only_mail(fresh).startswith(MESSAGE)


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5"])
@pytest.mark.parametrize("scheme,service", [("smtp", "submission"), ("smtps", "submissions")])
def test_curl_sends(fresh, tmp_path, mechanism, scheme, service):
    (tmp_path / "m").write_bytes(MESSAGE)
    done = run(["curl", "-v", "--ssl-reqd", "--cacert", fresh.ca, "--login-options", f"AUTH={mechanism}", "-u", f"{fresh.user}:{fresh.password}",
                "--mail-from", SENDER, "--mail-rcpt", RECIPIENT, "-T", tmp_path / "m", f"{scheme}://localhost:{fresh.port(service)}/x"])
    ends_well(done, f"AUTH {mechanism}".encode())
    assert only_mail(fresh) == MESSAGE


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "+APOP"])
@pytest.mark.parametrize("scheme,service", [("pop3", "pop3"), ("pop3s", "pop3s")])
def test_curl_reads(fresh, mechanism, scheme, service):
    post(fresh)
    done = subprocess.run(["curl", "-sS", "--ssl-reqd", "--cacert", fresh.ca, "--login-options", f"AUTH={mechanism}", "-u",
                           f"{fresh.user}:{fresh.password}", f"{scheme}://localhost:{fresh.port(service)}/1"], stdout=subprocess.PIPE, timeout=60)
    assert done.returncode == 0 and done.stdout == MESSAGE


@pytest.mark.parametrize("mechanism", ["plain", "login", "cram-md5", "digest-md5", "scram-sha-1", "scram-sha-256"])
@pytest.mark.parametrize("starttls,service", [("on", "submission"), ("off", "submissions")])
def test_msmtp(fresh, tmp_path, mechanism, starttls, service):
    rc = write(tmp_path / "rc", f"account default\nhost localhost\nport {fresh.port(service)}\ntls on\ntls_starttls {starttls}\n"
               f"tls_trust_file {fresh.ca}\nauth {mechanism}\nuser {fresh.user}\npassword {fresh.password}\nfrom {SENDER}\n")
    ends_well(run(["msmtp", f"--file={rc}", "--set-from-header=off", "--set-date-header=off", "--set-msgid-header=off", RECIPIENT], input=MESSAGE.replace(b"\r\n", b"\n")))
    assert only_mail(fresh) == MESSAGE


@pytest.mark.parametrize("mechanism", ["user", "apop", "plain", "cram-md5", "digest-md5", "scram-sha-1", "scram-sha-256"])
@pytest.mark.parametrize("starttls,service", [("on", "pop3"), ("off", "pop3s")])
def test_mpop(fresh, tmp_path, mechanism, starttls, service):
    for name in ("", "cur", "new", "tmp"):
        (tmp_path / "mail" / name).mkdir()
    post(fresh)
    rc = write(tmp_path / "rc", f"account default\nhost localhost\nport {fresh.port(service)}\ntls on\ntls_starttls {starttls}\n"
               f"tls_trust_file {fresh.ca}\nauth {mechanism}\nuser {fresh.user}\npassword {fresh.password}\nkeep off\n"
               f"delivery maildir {tmp_path}/mail\nuidls_file {tmp_path}/uidls\nreceived_header off\n")
    ends_well(run(["mpop", f"--file={rc}"]))
    (got,) = (tmp_path / "mail" / "new").iterdir()
    assert got.read_bytes() == MESSAGE.replace(b"\r\n", b"\n")
    assert fresh.mails() == []


@pytest.mark.parametrize("service,ssl_words", [("pop3", "sslproto TLS1.2+"), ("pop3s", "ssl")])
def test_fetchmail(fresh, tmp_path, service, ssl_words):
    post(fresh)
    sink = write(tmp_path / "sink", f"#!/bin/sh\nexec cat > {tmp_path}/got\n", 0o700)
    rc = write(tmp_path / "rc", f'poll localhost proto pop3 port {fresh.port(service)} user "{fresh.user}" password "{fresh.password}" '
               f'{ssl_words} sslcertck sslcertfile "{fresh.ca}" no rewrite no forcecr mda "{sink}"\n')
    ends_well(run(["fetchmail", "--nodetach", "--invisible", "-f", rc, "--idfile", tmp_path / "ids", "--pidfile", tmp_path / "pid"],
                  env={"HOME": str(tmp_path), "FETCHMAILHOME": str(tmp_path)}))
    assert body_of((tmp_path / "got").read_bytes().replace(b"\n", b"\r\n")) == body_of(MESSAGE)
    assert fresh.mails() == []


@pytest.mark.parametrize("mechanism", ["plain", "login", "cram-md5"])
@pytest.mark.parametrize("scheme,service,starttls", [("submission", "submission", "set smtp-use-starttls"), ("submissions", "submissions", "")])
def test_s_nail(fresh, tmp_path, mechanism, scheme, service, starttls):
    rc = write(tmp_path / "rc", f"set v15-compat\n{starttls}\nset tls-ca-file={fresh.ca} tls-ca-no-defaults tls-verify=strict\n"
               f"set smtp-auth={mechanism} user={fresh.user} password={fresh.password}\nset from={SENDER} sendwait\n"
               f"set mta={scheme}://localhost:{fresh.port(service)}\n")
    done = run(["s-nail", "-:u", "-S", "sendwait", "-s", "Hello", RECIPIENT], input=b"Text.\n.dot\n",
                          env={"MAILRC": str(rc), "HOME": str(tmp_path)})
    ends_well(done)
    assert body_of(only_mail(fresh)) == b"Text.\r\n.dot\r\n"


@pytest.mark.parametrize("service,words,first", [("submission", ["--starttls-proto=smtp"], b""), ("pop3", ["--starttls-proto=pop3"], b""),
                                                 ("pop3s", [], b"+OK"), ("submissions", [], b"220")])
def test_gnutls_cli(box, service, words, first):
    done = run(["gnutls-cli", "--x509cafile", box.ca, *words, "-p", box.port(service), "localhost"], input=b"QUIT\r\n")
    ends_well(done, b"Handshake was completed")
    assert b"The certificate is trusted" in done.stdout and first in done.stdout


@pytest.mark.parametrize("mechanism", ["auth_plain", "auth_login", "auth_cram_md5"])
@pytest.mark.parametrize("service", ["submission", "submissions"])
def test_python_sends(fresh, mechanism, service):
    kind = smtplib.SMTP_SSL if service == "submissions" else smtplib.SMTP
    more = {"context": trust(fresh)} if service == "submissions" else {}
    with kind("localhost", fresh.port(service), timeout=30, **more) as client:
        if service == "submission":
            client.starttls(context=trust(fresh))
        client.ehlo()
        client.user, client.password = fresh.user, fresh.password
        client.auth(mechanism[5:].upper().replace("_", "-"), getattr(client, mechanism))
        client.sendmail(SENDER, [RECIPIENT], MESSAGE, mail_options=["BODY=8BITMIME", "SMTPUTF8"], rcpt_options=["NOTIFY=SUCCESS,FAILURE"])
    assert only_mail(fresh) == MESSAGE


@pytest.mark.parametrize("service", ["pop3", "pop3s"])
def test_python_reads(fresh, service):
    post(fresh)
    post(fresh, MESSAGE.replace(b"Subject: ", b"Subject: second "))
    client = pop(fresh, service)
    assert client.stat()[0] == 2
    assert sorted(int(line.split()[1]) for line in client.list()[1]) == sorted(len(mail) for mail in fresh.mails())
    assert len(set(line.split()[1] for line in client.uidl()[1])) == 2
    assert b"\r\n".join(client.retr(1)[1]) + b"\r\n" == MESSAGE
    assert client.top(2, 1)[1][-1] == b"."
    with pytest.raises(poplib.error_proto, match="IN-USE"):
        pop(fresh, "pop3s")
    client.dele(1)
    client.rset()
    client.dele(2)
    client.quit()
    assert fresh.mails() == [MESSAGE]


def test_lmtp_answers_for_each_recipient(fresh):
    with smtplib.LMTP(fresh.ready["LMTP_SOCKET"]) as client:
        client.ehlo_or_helo_if_needed()
        client.mail(SENDER)
        client.rcpt(RECIPIENT)
        client.rcpt("else@example.test")
        code, _ = client.data(MESSAGE)
        second = client.getreply()
    assert code == 250 and second[0] == 250 and b"else@example.test" in second[1]
    assert fresh.mails() == [MESSAGE] and fresh.mails("catch-all")[-1] == MESSAGE


def test_git_send_email(fresh, tmp_path):
    def git(*words):
        return run(["git", "-c", "user.name=Joe", "-c", f"user.email={SENDER}", *words], cwd=tmp_path, env={"HOME": str(tmp_path)})

    git("init", "-q", ".")
    (tmp_path / "file").write_text(".dot\n")
    git("add", "file")
    git("commit", "-q", "-m", "A change")
    git("format-patch", "-o", "out", "--root")
    (patch,) = (tmp_path / "out").iterdir()
    done = git("send-email", "--confirm=never", f"--from={SENDER}", f"--to={RECIPIENT}", "--smtp-server=localhost",
               f"--smtp-server-port={fresh.port('submission')}", "--smtp-encryption=tls", f"--smtp-ssl-cert-path={fresh.ca}",
               f"--smtp-user={fresh.user}", f"--smtp-pass={fresh.password}", "--smtp-auth=PLAIN", "--suppress-cc=all", str(patch))
    ends_well(done)
    assert b"+.dot\r\n" in only_mail(fresh)


@pytest.mark.parametrize("secure,service", [("false", "submission"), ("true", "submissions")])
@pytest.mark.parametrize("method", ["PLAIN", "LOGIN", "CRAM-MD5"])
def test_nodemailer(fresh, tmp_path, secure, service, method):
    script = textwrap.dedent("""
        const transport = require('nodemailer').createTransport({host: 'localhost', port: %d, secure: %s, requireTLS: true,
            authMethod: '%s', auth: {user: process.env.MAIL_USER, pass: process.env.MAIL_PASSWORD}});
        transport.sendMail({envelope: {from: '%s', to: '%s'}, raw: require('fs').readFileSync(0)},
            (error, info) => { if (error) { console.error(error); process.exit(1); } console.log(info.response); process.exit(0); });
    """) % (fresh.port(service), secure, method, SENDER, RECIPIENT)
    done = run(["node", "-e", script], input=MESSAGE, cwd=tmp_path,
               env={"NODE_PATH": "/usr/share/nodejs", "NODE_EXTRA_CA_CERTS": fresh.ca, "MAIL_USER": fresh.user, "MAIL_PASSWORD": fresh.password})
    ends_well(done, b"250 2.0.0 taken")
    assert only_mail(fresh) == MESSAGE


def test_wait_gives_link_and_code(fresh):
    text = b"Subject: =?utf-8?q?Your_c=C3=B6de?=\r\n\r\nYour code: 482-913, or <https://example.test/reset?t=99887766>.\r\n"

    def later():
        post(fresh, text)

    timer = threading.Timer(0.5, later)
    timer.start()
    waited = fresh.ask("wait", "--to", RECIPIENT, "--subject", "c\u00f6de$", "--timeout=30s", "--print=link")
    timer.join()
    assert waited.stdout == b"https://example.test/reset?t=99887766\n", waited.stderr
    assert fresh.ask("wait", "--to", RECIPIENT, "--print=code").stdout == b"482913\n"
    assert fresh.ask("wait", "--to", "*").stdout == text
    told = json.loads(fresh.ask("wait", "--to", RECIPIENT, "--print=json").stdout)
    assert told["subject"] == "Your c\u00f6de" and told["links"] and told["code"] == "482913"
    path = fresh.ask("wait", "--to", RECIPIENT, "--print=path").stdout.decode().strip()
    assert open(path, "rb").read() == text
    assert fresh.ask("wait", "--to", "nobody@example.test", "--timeout=0.2s").returncode == 75


def test_https_and_echo(postern, passwords):
    with Sandbox(postern, passwords, "--https", "--tls-echo", directory=False) as sandbox:
        post(sandbox)
        done = run(["curl", "-sS", "--cacert", sandbox.ca, f"https://localhost:{sandbox.ready['HTTPS_PORT']}/"])
        ends_well(done, b"Postern sandbox")
        for said in (f"<td>submission<td>{sandbox.port('submission')}<td>STARTTLS", f"<td>{SENDER}<td>{RECIPIENT}<td>{len(MESSAGE)}", "1 message"):
            assert said.encode() in done.stdout, done.stdout
        with socket.create_connection(("localhost", sandbox.ready["ECHO_PORT"])) as raw, \
                trust(sandbox).wrap_socket(raw, server_hostname="localhost") as inside:
            inside.sendall(b"any \0 octets")
            assert inside.recv(100) == b"any \0 octets"


def test_run_gives_ports_and_takes_the_status(postern):
    home = postern.home(shows_secrets=True)
    done = postern.run("serve", "--run", 'curl -sS --ssl-reqd --cacert "$CA" -u "$MAIL_USER:$MAIL_PASSWORD" "pop3://localhost:$POP3_PORT/" && exit 7',
                       home=home)
    assert done.status == 7, done


def test_any_password_is_taken_by_what_a_client_chooses(postern, passwords):
    """curl takes the strongest that is offered: it must be one that needs no password known."""
    with Sandbox(postern, passwords, "--accept-any", directory=False) as sandbox:
        for scheme in ("imaps", "imap", "pop3s", "pop3"):
            done = run(["curl", "-sS", "--ssl-reqd", "--cacert", sandbox.ca, "-u", "joe:anything", f"{scheme}://localhost:{sandbox.port(scheme)}/"])
            ends_well(done)
        with smtplib.SMTP("localhost", sandbox.port("submission"), timeout=30) as client:
            client.starttls(context=trust(sandbox))
            client.login("joe", "anything")


def test_the_demo_shows_each_step(tmp_path):
    root = Path(__file__).resolve().parents[2]
    done = run([root / "tools/demo"], env={"POSTERN": str(Path(binary()).resolve()), "HOME": str(tmp_path), "TMPDIR": str(tmp_path)})
    for said in ("sasl.weak", "dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw\n", "user@example.test: accepted", "1 message, ", '"LICENSE"\n',
                 "https://example.test/licence\n", "verdict: the client behaved\n(status 76)"):
        ends_well(done, said.encode())
    assert list(tmp_path.iterdir()) == []


def test_exit_after_so_many_messages(postern, passwords):
    with Sandbox(postern, passwords, "--exit-after=2") as sandbox:
        post(sandbox)
        assert sandbox.process.poll() is None
        post(sandbox)
        assert sandbox.process.wait(30) == 0


def test_a_transcript_is_served_again(postern, passwords, tmp_path):
    with Sandbox(postern, passwords) as sandbox:
        home = postern.home()
        first = postern.run("talk", f"--ca-file={sandbox.ca}", f"--transcript={home.written}/t.jsonl", f"submission://localhost:{sandbox.port('submission')}",
                            input="MAIL FROM:<a@b>\nVRFY a\nQUIT\n", home=home)
        assert first.status == 0, first
    with Sandbox(postern, passwords, f"--from-transcript={home.written}/t.jsonl") as again:
        with smtplib.SMTP("localhost", again.ready["PORT"], timeout=30) as client:
            client.ehlo("somebody.else")
            client.starttls(context=trust(again))
            client.ehlo()
            assert client.mail("c@d")[0] == 250
            assert client.verify("c")[0] == 252
        followed = again.ask("report", "--assert-client")
        assert followed.returncode == 0 and b"good  transcript, once" in followed.stdout, followed
        with pytest.raises(smtplib.SMTPServerDisconnected), smtplib.SMTP("localhost", again.ready["PORT"], timeout=30) as client:
            client.ehlo("somebody.else")
            client.docmd("NOOP")
        strayed = again.ask("report", "--assert-client")
        assert strayed.returncode == 1 and b"BAD   transcript, once" in strayed.stdout and b"'STARTTLS'" in strayed.stdout, strayed


def test_the_log_has_everything_but_secrets(postern, passwords):
    home = postern.home()
    log = home.written / "log.jsonl"
    with Sandbox(postern, passwords, "--log", log) as sandbox:
        with smtplib.SMTP("localhost", sandbox.port("submission"), timeout=30) as client:
            client.starttls(context=trust(sandbox))
            client.login(sandbox.user, sandbox.password)
            client.sendmail(SENDER, [RECIPIENT], MESSAGE)
        secret = sandbox.password
    events = [json.loads(line) for line in log.read_text().splitlines()]
    assert secret not in log.read_text() and base64.b64encode(secret.encode()).decode()[:-4] not in log.read_text()
    assert [e["event"] for e in events][:2] == ["connected", "sent"] and events[-1]["event"] == "closed"
    assert any(e["event"] == "payload" and e["payload"] == BODY for e in events)
    assert any(e["event"] == "received" and e.get("masked") for e in events)
