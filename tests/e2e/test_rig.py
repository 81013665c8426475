"""The rig itself: every server is spoken to by a client that is not Postern, so that a failing test elsewhere means Postern."""

import base64
import imaplib
import os
import poplib
import signal
import ssl
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rig import mailbox, secrets
from rig.pki import LEAVES

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def trust(pki):
    return ssl.create_default_context(cafile=pki.ca_file)


def client(*argv, input=b"", env=None, timeout=30) -> str:
    """A client program's output, both streams; its status does not matter here, nor whether it was still at it."""
    data = input.encode() if isinstance(input, str) else input
    try:
        output = subprocess.run(
            [str(arg) for arg in argv],
            input=data,
            env={**os.environ, **(env or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout,
            check=False,
        ).stdout
    except subprocess.TimeoutExpired as error:
        output = error.stdout or b""
    return output.decode(errors="replace")


def s_client(port, *args, pki, input=b"", host="localhost", timeout=30) -> str:
    """What s_client says, to its end or to the end of our patience."""
    return client(
        "openssl", "s_client", "-connect", f"localhost:{port}", "-CAfile", pki.ca_file, "-verify_hostname", host, *args,
        input=input, timeout=timeout,
    )  # fmt: skip


def verified(told: str) -> bool:
    """s_client says that verification was OK where there was nothing to verify, too."""
    return "Verification: OK" in told and "no peer certificate available" not in told


@pytest.fixture(scope="session")
def gsasl_client(pki):
    """Logs in over IMAP with STARTTLS (port: imap) or SMTP by GNU SASL's own client; returns what it said."""

    def login(port, mechanism, user, password, *args, protocol="imap", env=None, binding=False):
        return client(
            "gsasl", f"--{protocol}", "--starttls", f"--x509-ca-file={pki.ca_file}", "-m", mechanism, "-a", user, "-p", password,
            *([] if binding else ["--no-cb"]), "--quality-of-protection=qop-auth", "--verbose", "--hostname=localhost", *args, "localhost", port,
            input="\n", env={"LC_ALL": "C.UTF-8", **(env or {})},
        )  # fmt: skip

    return login


# certificates


@pytest.mark.parametrize(
    "name, verdict",
    [
        ("server", "OK"),
        ("rsa", "OK"),
        ("ed25519", "OK"),
        ("p384", "OK"),
        ("chain", "OK"),
        ("expired", "certificate has expired"),
        ("not-yet-valid", "certificate is not yet valid"),
        ("self-signed", "self-signed certificate"),
        ("unknown-ca", "unable to get local issuer certificate"),
        ("missing-intermediate", "unable to get local issuer certificate"),
        ("wrong-host", "hostname mismatch"),
        ("client-only", "unsuitable certificate purpose"),
        ("rsa1024", "EE certificate key too weak"),
        ("sha1", "CA signature digest algorithm too weak"),
    ],
)
def test_certificates_are_as_good_or_bad_as_their_names_say(pki, name, verdict):
    leaf = pki.leaf(name)
    more = ["-untrusted", leaf.chain_file] if LEAVES[name].send_issuer else []
    told = client(
        "openssl", "verify", "-CAfile", pki.ca_file, "-purpose", "sslserver", "-verify_hostname", "localhost",
        "-auth_level", "2", *more, leaf.cert_file,
    )  # fmt: skip
    assert verdict in told


def test_keys_open_with_their_passphrases_only(pki, users):
    leaf = pki.leaf("client")
    key, bundle = pki.encrypted_key(leaf), pki.pkcs12(leaf)
    opened = client(
        "openssl", "pkey", "-in", key, "-passin", f"pass:{users.key_passphrase}", "-noout", "-text"
    )
    assert "Private-Key" in opened
    assert "Private-Key" not in client(
        "openssl", "pkey", "-in", key, "-passin", "pass:wrong", "-noout", "-text"
    )
    told = client(
        "openssl", "pkcs12", "-in", bundle, "-passin", f"pass:{users.pkcs12_password}", "-nodes", "-info"
    )
    assert "subject=O = Postern Test, CN = alice.cert" in told


def test_ocsp_responses_say_what_they_should(pki):
    leaf = pki.leaf("server")
    for status, expected in (("good", ": good"), ("revoked", ": revoked"), ("old", "status times invalid")):
        told = client(
            "openssl", "ocsp", "-respin", pki.ocsp(leaf, status), "-issuer", pki.ca_file, "-CAfile", pki.ca_file,
            "-cert", leaf.cert_file, "-no_nonce",
        )  # fmt: skip
        assert "Response verify OK" in told and expected in told.lower()


# Dovecot


def test_dovecot_pop3s_has_the_messages(dovecot, users, trust):
    pop = poplib.POP3_SSL("localhost", dovecot.port("pop3s"), context=trust)
    pop.user(users.alice.name)
    pop.pass_(users.alice.password)
    assert len(pop.list()[1]) == len(mailbox.MESSAGES)
    for number, message in enumerate(mailbox.MESSAGES, 1):
        assert b"\r\n".join(pop.retr(number)[1]).rstrip() == message.rstrip()
    pop.quit()


def test_dovecot_pop3_upgrades_and_knows_apop(dovecot, users, trust):
    pop = poplib.POP3("localhost", dovecot.port("pop3"))
    pop.stls(trust)
    assert pop.apop(users.alice.name, users.alice.password).startswith(b"+OK")
    pop.quit()
    pop = poplib.POP3_SSL("localhost", dovecot.port("pop3s"), context=trust)
    with pytest.raises(poplib.error_proto):
        pop.apop(users.hashed.name, users.hashed.password)


def test_dovecot_refuses_passwords_in_the_clear_unless_told(dovecot, dovecot_cleartext, users):
    # Dovecot takes a connection whose two addresses are the same for a safe one; 127.0.0.1 to 127.0.0.2 is not.
    with pytest.raises(poplib.error_proto):
        poplib.POP3(dovecot.far_host, dovecot.port("pop3")).user(users.alice.name)
    pop = poplib.POP3(dovecot.far_host, dovecot_cleartext.port("pop3"))
    pop.user(users.alice.name)
    assert pop.pass_(users.alice.password).startswith(b"+OK")
    pop.quit()


def test_dovecot_without_tls_does_not_offer_it(dovecot_notls):
    assert "STLS" not in poplib.POP3("localhost", dovecot_notls.port("pop3")).capa()


MECHANISMS = ["PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"]


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("who", ["alice", "juergen", "quoted", "long"])
def test_dovecot_mechanisms_by_gsasl(dovecot, users, gsasl_client, mechanism, who):
    user = getattr(users, who)
    if (mechanism, who) == ("DIGEST-MD5", "juergen"):
        return  # Dovecot hashes UTF-8 where RFC 2831, 2.1.2.1 wants ISO 8859-1: GNU SASL cannot log in there
    assert "Session finished" in gsasl_client(dovecot.port("imap"), mechanism, user.name, user.password)
    assert "Session finished" not in gsasl_client(dovecot.port("imap"), mechanism, user.name, users.wrong)


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "HS256"])
def test_dovecot_takes_tokens(dovecot, trust, algorithm):
    def login(token):
        imap = imaplib.IMAP4_SSL("localhost", dovecot.port("imaps"), ssl_context=trust)
        return imap.authenticate("XOAUTH2", lambda _: f"user=alice\x01auth=Bearer {token}\x01\x01".encode())

    assert login(dovecot.token(algorithm=algorithm))[0] == "OK"
    with pytest.raises(imaplib.IMAP4.error):
        login(dovecot.token(algorithm=algorithm, expires=-60))


def test_dovecot_external_needs_the_certificate(dovecot_external, pki, users):
    def login(certificate=None):
        trust = ssl.create_default_context(cafile=pki.ca_file)
        if certificate:
            trust.load_cert_chain(certificate.cert_file, certificate.key_file)
        imap = imaplib.IMAP4_SSL("localhost", dovecot_external.port("imaps"), ssl_context=trust)
        return imap.authenticate("EXTERNAL", lambda _: users.certified.name.encode())

    assert login(pki.leaf("client"))[0] == "OK"
    for useless in (None, pki.leaf("client-unknown-ca")):
        with pytest.raises((imaplib.IMAP4.error, OSError)):
            login(useless)


def test_dovecot_lmtp_delivers(dovecot, users):
    script = "LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\nSubject: by LMTP\r\n\r\nhello\r\n.\r\nQUIT\r\n"
    assert "Saved" in client("socat", "-t5", "-", f"UNIX-CONNECT:{dovecot.lmtp_socket}", input=script)
    assert any("by LMTP" in path.read_text() for path in (dovecot.maildir(users.bob) / "new").iterdir())


def test_dovecot_gssapi_takes_a_ticket(dovecot_gssapi, kdc, gsasl_client):
    def login(ccache):
        more = {"KRB5CCNAME": str(ccache), **kdc.client_environment()}
        return gsasl_client(dovecot_gssapi.port("imap"), "GSSAPI", "alice", "", env=more)

    assert "Session finished" in login(kdc.ticket("alice"))
    assert "Session finished" not in login(kdc.dir / "no-such-cache")


# Postfix


def swaks(port, *args, pki, timeout=30):
    return client(
        "swaks", "--server", "localhost", "--port", port, "--from", "alice@example.test", "--to", "bob@example.test",
        "--ehlo", "test", "--tls-ca-path", pki.ca_file, "--tls-verify", *args, timeout=timeout,
    )  # fmt: skip


@pytest.mark.parametrize(
    "service, tls", [("submission", "-tls"), ("submissions", "--tls-on-connect"), ("smtp", "-tls")]
)
def test_postfix_takes_mail_from_those_who_log_in(postfix, dovecot, users, pki, service, tls):
    login = ["--auth-user", users.alice.name, "--auth-password"]
    subject = f"through {service}"
    told = swaks(
        postfix.port(service), tls, *login, users.alice.password, "--header", f"Subject: {subject}", pki=pki
    )
    assert "250 2.0.0 Ok: queued" in told
    inbox = dovecot.maildir(users.bob) / "new"
    deadline = time.monotonic() + 10
    while not any(subject in path.read_text() for path in inbox.iterdir()):
        assert time.monotonic() < deadline, "the message did not arrive"
        time.sleep(0.05)
    assert "<~  235" not in swaks(postfix.port(service), tls, *login, users.wrong, pki=pki)


def test_postfix_offers_auth_only_where_it_should(postfix, pki):
    assert "AUTH" not in swaks(postfix.port("submission"), "--quit-after", "EHLO", pki=pki)
    assert "AUTH" in swaks(postfix.port("submission"), "-tls", "--quit-after", "EHLO", pki=pki)
    told = swaks(postfix.port("cleartext"), "--quit-after", "EHLO", pki=pki)
    assert "AUTH" in told and "STARTTLS" not in told


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_postfix_cyrus_mechanisms(postfix_cyrus, users, gsasl_client, mechanism):
    def login(password):
        return gsasl_client(
            postfix_cyrus.port("smtp"), mechanism, users.alice.name, password, protocol="smtp"
        )

    assert "\n235 " in login(users.alice.password)
    assert "\n235 " not in login(users.wrong)


def test_postfix_cyrus_ntlm(postfix_cyrus, users, pki):
    def login(password):
        url = f"smtp://localhost:{postfix_cyrus.port('submission')}"
        return client(
            "curl", "-sv", "--ssl-reqd", "--cacert", pki.ca_file, "--login-options", "AUTH=NTLM", "-u",
            f"{users.alice.name}:{password}", "--mail-from", "a@example.test", "--mail-rcpt", "b@example.test", "-T", "-", url,
        )  # fmt: skip

    assert "< 235 " in login(users.alice.password)
    assert "< 235 " not in login(users.wrong)


# bare TLS


@pytest.mark.parametrize(
    "fixture, version",
    [("tls_10", "TLSv1"), ("tls_11", "TLSv1.1"), ("tls_12", "TLSv1.2"), ("tls_13", "TLSv1.3")],
)
def test_s_server_speaks_one_version(request, pki, fixture, version):
    server = request.getfixturevalue(fixture)
    told = s_client(server.port("tls"), "-cipher", "ALL:@SECLEVEL=0", pki=pki)
    assert f"Protocol  : {version}\n" in told or (version == "TLSv1.3" and "New, TLSv1.3" in told)
    assert verified(told)
    other = "-no_tls1_3" if version == "TLSv1.3" else "-tls1_3"
    assert "alert protocol version" in s_client(server.port("tls"), other, pki=pki)


def test_www_and_staple(tls_www, tls_staple, tls_revoked, pki):
    told = client("curl", "-s", "--cacert", pki.ca_file, f"https://localhost:{tls_www.port('tls')}/")
    assert "Ciphers supported in s_server binary" in told
    assert "Cert Status: good" in s_client(tls_staple.port("tls"), "-status", pki=pki)
    assert "Cert Status: revoked" in s_client(tls_revoked.port("tls"), "-status", pki=pki)


def test_client_certificate_is_demanded(tls_client_cert, pki):
    leaf, stranger = pki.leaf("client"), pki.leaf("client-unknown-ca")

    def told(*args):
        return s_client(tls_client_cert.port("tls"), "-no_tls1_3", *args, pki=pki)

    assert verified(told("-cert", leaf.cert_file, "-key", leaf.key_file))
    assert "handshake failure" in told()
    assert "unknown ca" in told("-cert", stranger.cert_file, "-key", stranger.key_file)


def test_gnutls_echoes(gnutls, pki):
    told = client(
        "gnutls-cli", f"--x509cafile={pki.ca_file}", f"--port={gnutls.port('tls')}", "--logfile=/dev/null", "localhost",
        input="echo me\n",
    )  # fmt: skip
    assert "echo me" in told


# channel binding


@pytest.mark.parametrize("fixture", ["binding_exporter", "binding_unique"])
@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS"])
def test_channel_bindings_agree_with_gnu_sasl(request, users, gsasl_client, fixture, mechanism):
    # GNU SASL's client takes tls-exporter over TLS 1.3 and tls-unique below.
    peer = request.getfixturevalue(fixture)

    def login(password):
        return gsasl_client(
            peer.port("submission"), mechanism, users.alice.name, password, protocol="smtp", binding=True
        )

    assert "\n235 " in login(users.alice.password)
    assert peer.outcomes()[-1].endswith(": ok")
    assert "\n235 " not in login(users.wrong)


def test_a_wrong_binding_is_refused(binding_end_point, users, gsasl_client):
    port = binding_end_point.port("submission")
    told = gsasl_client(
        port, "SCRAM-SHA-256-PLUS", users.alice.name, users.alice.password, protocol="smtp", binding=True
    )
    assert "SCRAM-SHA-512-PLUS" in told and "\n235 " not in told


def test_without_binding_there_is_no_plus(binding_none, users, gsasl_client):
    told = gsasl_client(
        binding_none.port("submission"),
        "SCRAM-SHA-256",
        users.alice.name,
        users.alice.password,
        protocol="smtp",
    )
    assert "\n235 " in told and "-PLUS" not in told


# OpenSSH


def through_ssh(ssh, *options, env=None):
    target = f"localhost:{ssh.port('ssh')}"
    return client("ssh", *options, "-W", target, "-p", ssh.port("ssh"), f"{ssh.user}@127.0.0.1", env=env)


def test_ssh_key_agent_and_host_key(ssh):
    def with_options(options, env=None):
        return through_ssh(
            ssh,
            "-F",
            "none",
            *(f"-o{option}" for option in options),
            env={"SSH_AUTH_SOCK": "", **(env or {})},
        )

    assert "SSH-2.0" in with_options(ssh.options())
    assert "Permission denied" in with_options(ssh.options(key=ssh.locked_key))
    assert "SSH-2.0" in with_options(ssh.options(key=ssh.locked_key), ssh.agent_environment())
    assert "REMOTE HOST IDENTIFICATION HAS CHANGED" in with_options(
        ssh.options(known_hosts=ssh.wrong_known_hosts)
    )
    assert ("localhost", ssh.port("ssh")) in ssh.forwarded()


def test_ssh_two_hops(ssh, dovecot, pki):
    told = client(
        "ssh", "-F", ssh.config, "-W", f"localhost:{dovecot.port('pop3')}", "second-hop", input="QUIT\r\n"
    )
    assert told.startswith("+OK")


def test_socks_leads_there(socks, dovecot, pki):
    proxy = f"socks5h://127.0.0.1:{socks.port('socks5')}"
    url = f"imaps://localhost:{dovecot.port('imaps')}"
    told = client("curl", "-sv", "--proxy", proxy, "--cacert", pki.ca_file, url, timeout=20)
    assert "Postern's rig is ready" in told
    assert ("localhost", dovecot.port("imaps")) in socks.ssh.forwarded()


# DNS


@pytest.mark.parametrize(
    "name, kind, rcode, authentic",
    [
        ("mail.example.test", "A", "NOERROR", True),
        ("mail.example.test", "AAAA", "NOERROR", True),
        ("_993._tcp.mail.example.test", "TLSA", "NOERROR", True),
        ("chain.example.test", "A", "NOERROR", True),
        ("example.test", "MX", "NOERROR", True),
        ("_submissions._tcp.example.test", "SRV", "NOERROR", True),
        ("nothing.example.test", "A", "NXDOMAIN", True),
        ("mail.insecure.test", "A", "NOERROR", False),
        ("mail.bogus.test", "A", "SERVFAIL", False),
        ("no-such-tld", "A", "SERVFAIL", False),
    ],
)
def test_dns_validates(dns, name, kind, rcode, authentic):
    told = dns.ask(name, kind)
    assert f"rcode: {rcode}" in told
    assert (" ad " in told.partition("flags:")[2].partition(";")[0]) == authentic


def test_dns_tlsa_matches_the_certificate(dns, pki):
    told = dns.ask("_25._tcp.mail.example.test", "TLSA")
    assert f"3 1 1 {pki.leaf('server').spki_sha256}" in told


# the rig as a program


def test_program_passes_facts_and_status():
    done = subprocess.run(
        [
            HERE / "rig" / "run",
            "dovecot",
            "--run",
            'test -n "$RIG_POP3S_PORT" -a -f "$RIG_CA_FILE" && exit 42',
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 42, done.stderr
    assert "dovecot is up" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_however_the_rig_ends(number):
    process = subprocess.Popen([HERE / "rig" / "run", "dovecot"], stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if "RIG_CA_FILE" in line:
            scratch = Path(line.strip().partition("=")[2]).parents[1]
        if "Ctrl-C" in line:
            break
    assert _mentions(scratch)
    process.send_signal(number)
    process.wait(timeout=20)
    deadline = time.monotonic() + 15
    while (_mentions(scratch) or scratch.exists()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _mentions(scratch)
    assert not scratch.exists()


def _mentions(scratch):
    """Processes with the scratch directory in their command line."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(scratch).encode() in path.read_bytes():
                found.append(path.parent.name)
        except OSError:
            pass
    return found


# the search for secrets


@pytest.mark.parametrize("prefix", ["", "a", "ab", "abc"])
@pytest.mark.parametrize(
    "encode",
    [
        lambda secret: secret.encode(),
        lambda secret: secret.encode().hex().encode(),
        lambda secret: base64.b64encode(secret.encode()),
        lambda secret: base64.b64encode(b"\0alice\0" + secret.encode() + b"\1 tail"),
    ],
)
def test_secrets_are_found_in_every_encoding(tmp_path, users, prefix, encode):
    for number, secret in enumerate(users.secrets()):
        (tmp_path / str(number)).write_bytes(b"noise " * 999 + encode(prefix + secret) + b" noise")
    leaks, files = secrets.search([tmp_path], users.secrets())
    assert files == len(users.secrets())
    assert {secret for _, secret, _ in leaks} == set(users.secrets())


def test_secrets_are_not_found_where_there_are_none(tmp_path, users):
    (tmp_path / "clean").write_bytes(b"AUTH PLAIN *****\r\n" * 100)
    assert secrets.search([tmp_path], users.secrets()) == ([], 1)


# the drivers


def test_terminal_driver(tmp_path):
    from rig.postern import Home, Terminal

    script = 'import getpass, os; print("size", os.get_terminal_size().columns); print("got", len(getpass.getpass("Secret: ")))'
    with Terminal([sys.executable, "-c", script], dict(os.environ), Home(tmp_path)) as terminal:
        terminal.expect("size 132")
        terminal.expect("Secret: ")
        terminal.line("hidden")
        terminal.expect("got 6")
        assert terminal.wait() == 0
    assert "hidden" not in terminal.output


def test_terminal_driver_delivers_interrupts(tmp_path):
    from rig.postern import Home, Terminal

    with Terminal(
        ["/bin/sh", "-c", "trap 'echo caught; exit 3' INT; echo ready; while :; do sleep 0.1; done"],
        dict(os.environ),
        Home(tmp_path),
    ) as terminal:
        terminal.expect("ready")
        terminal.send("\x03")
        terminal.expect("caught")
        assert terminal.wait() == 3


def test_tmux_driver(tmp_path):
    from rig.tmux import Tmux

    with Tmux(
        tmp_path, ["/bin/sh", "-c", r"printf 'one\n\033[31mred\033[0m\n'; cat"], {"PATH": os.environ["PATH"]}
    ) as tmux:
        assert "one\nred" in tmux.wait_for("^red$")
        tmux.keys("typed", "Enter")
        tmux.wait_for("typed\ntyped")
