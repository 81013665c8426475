"""TLS as the options ask for it: versions, ciphers, groups, SNI, ALPN, client certificates, stapled OCSP, resumption, new keys,
the key log. What the server saw is the judge wherever it tells."""

import re
import time

import pytest
from rig.tls import OpensslServer, only

USAGE, NO_INPUT, INSECURE, CONFIG = 64, 66, 76, 78


@pytest.fixture(scope="session")
def s_server(rig):
    """s_server(NAME, ARGUMENT, ...): an `openssl s_server`, started once."""
    made = {}

    def start(name, *args, **more):
        if name not in made:
            made[name] = rig.launch(OpensslServer(rig, f"tls-options-{name}", *args, **more))
        return made[name]

    return start


def url_of(server, host="localhost", scheme="tls"):
    return f"{scheme}://{host}:{server.port('tls')}"


def row(done, name):
    """A row of the summary."""
    assert done.status == 0, done
    return re.search(rf"^{name} +(.*)$", done.out, re.MULTILINE).group(1)


def wait_for(server, pattern, start=0, seconds=10):
    """Waits for a pattern in the server's log, from an offset on."""
    deadline = time.monotonic() + seconds
    while not (found := re.search(pattern, server.log.read_text(errors="replace")[start:])):
        assert (
            time.monotonic() < deadline
        ), f"'{pattern}' is not in the log:\n{server.log.read_text()[start:]}"
        time.sleep(0.02)
    return found


def log_end(server):
    return len(server.log.read_text(errors="replace"))


# --- versions


@pytest.mark.parametrize(
    "fixture, options, version",
    [
        (
            "tls_10",
            ["--tls-min=1.0"],
            "TLS 1.0 (deprecated, RFC 8996): the server's limit, TLS 1.3 was offered",
        ),
        (
            "tls_11",
            ["--tls-min=1.1"],
            "TLS 1.1 (deprecated, RFC 8996): the server's limit, TLS 1.3 was offered",
        ),
        ("tls_12", [], "TLS 1.2: the server's limit, TLS 1.3 was offered"),
        ("tls_12", ["--tls-max=1.2"], "TLS 1.2: our own limit, more was not offered (--tls-max)"),
        ("tls_13", ["--tls-min=1.3"], "TLS 1.3, the best there is"),
        ("gnutls", [], "TLS 1.3, the best there is"),
        ("gnutls", ["--tls-max=1.2"], "TLS 1.2: our own limit, more was not offered (--tls-max)"),
    ],
)
def test_versions_that_can_meet_do(request, talk, fixture, options, version):
    server = request.getfixturevalue(fixture)
    assert row(talk(url_of(server), "--stop-after=tls", *options), "Version") == version


@pytest.mark.parametrize(
    "fixture, options, advice",
    [
        ("tls_10", [], "--tls-min=1.0"),
        ("tls_11", [], "--tls-min=1."),
        ("tls_12", ["--tls-min=1.3"], "--tls-min=1."),
        ("tls_13", ["--tls-max=1.2"], "leave out --tls-max"),
    ],
)
def test_versions_that_cannot_meet_are_told_with_what_to_try(request, talk, fixture, options, advice):
    done = talk(url_of(request.getfixturevalue(fixture)), "--stop-after=tls", *options)
    assert done.status == INSECURE, done
    assert advice in done.err


# --- ciphers, groups: the page tells what the server saw


@pytest.mark.parametrize(
    "options, seen",
    [
        ([], "New, TLSv1.3, Cipher is TLS_AES_256_GCM_SHA384"),
        (["--ciphers=TLS_CHACHA20_POLY1305_SHA256"], "New, TLSv1.3, Cipher is TLS_CHACHA20_POLY1305_SHA256"),
        (
            ["--tls-max=1.2", "--ciphers=ECDHE-ECDSA-AES128-GCM-SHA256"],
            "New, TLSv1.2, Cipher is ECDHE-ECDSA-AES128-GCM-SHA256",
        ),
        (
            ["--tls-max=1.2", "--ciphers=ECDHE-ECDSA-CHACHA20-POLY1305:TLS_AES_128_GCM_SHA256"],
            "New, TLSv1.2, Cipher is ECDHE-ECDSA-CHACHA20-POLY1305",
        ),
        (["--groups=P-384"], "Supported groups: secp384r1\n"),
        (["--groups=X448:X25519"], "Supported groups: x448:x25519\n"),
        (["--groups=P-521", "--ciphers=TLS_AES_128_GCM_SHA256"], "Cipher is TLS_AES_128_GCM_SHA256"),
    ],
)
def test_ciphers_and_groups_are_what_the_server_sees(talk, tls_www, options, seen):
    done = talk(url_of(tls_www, scheme="https"), *options, input="GET / HTTP/1.0\n\n")
    assert done.status == 0, done
    assert seen in done.out.replace("\r", "")


@pytest.mark.parametrize(
    "options, cipher, exchange",
    [
        (
            ["--groups=P-384"],
            "TLS_AES_256_GCM_SHA384, 256 bits",
            "ECDHE, group P-384, 384 bits; forward secrecy",
        ),
        (
            ["--tls-max=1.2", "--ciphers=ECDHE-RSA-AES128-SHA256"],
            "ECDHE-RSA-AES128-SHA256 (TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256), 128 bits",
            "ECDHE, group X25519, 253 bits; forward secrecy",
        ),
        (
            ["--tls-max=1.2", "--ciphers=DHE-RSA-AES256-GCM-SHA384"],
            "DHE-RSA-AES256-GCM-SHA384 (TLS_DHE_RSA_WITH_AES_256_GCM_SHA384), 256 bits",
            None,  # of what size is s_server's choice
        ),
        (
            ["--tls-max=1.2", "--ciphers=AES128-SHA"],
            "AES128-SHA (TLS_RSA_WITH_AES_128_CBC_SHA), 128 bits",
            "RSA with the certificate's key: no forward secrecy",
        ),
    ],
)
def test_the_summary_names_cipher_and_key_exchange(talk, s_server, options, cipher, exchange):
    done = talk(url_of(s_server("rsa", cert="rsa")), "--stop-after=tls", *options)
    assert row(done, "Cipher") == cipher
    told = row(done, "Key exchange")
    assert told == exchange if exchange else re.fullmatch(r"DHE.*, \d+ bits.*", told), told


@pytest.mark.parametrize(
    "option, words",
    [
        ("--ciphers=NONSENSE", "OpenSSL knows no cipher 'NONSENSE'"),
        ("--groups=P-384:NONSENSE", "OpenSSL does not know all groups"),
        ("--alpn=" + "x" * 300, "ALPN"),
    ],
)
def test_nonsense_is_refused_before_anybody_is_asked(talk, option, words):
    done = talk("imaps://localhost:9", option)
    assert done.status == USAGE, done
    assert words in done.err


def test_nothing_in_common_is_told(talk, tls_12):
    done = talk(url_of(tls_12), "--ciphers=AES128-SHA", "--stop-after=tls")  # the certificate is no RSA one
    assert done.status == INSECURE, done
    assert '"handshake failure" (40)' in done.err and "leave out --ciphers" in done.err


# --- the name asked for, the protocol asked for


@pytest.fixture(scope="session")
def by_name(s_server, pki):
    """Shows its RSA certificate to who asks for mail.example.test, and ends it with who asks for something else."""
    leaf = pki.leaf("rsa")
    return s_server(
        "names",
        "-servername",
        "mail.example.test",
        "-servername_fatal",
        "-cert2",
        leaf.cert_file,
        "-key2",
        leaf.key_file,
    )


@pytest.mark.parametrize(
    "options, asked, leaf",
    [
        (["--sni=mail.example.test"], "mail.example.test", "rsa"),
        (["--sni="], "none was asked for", "server"),
    ],
)
def test_sni_chooses_the_certificate(talk, by_name, pki, options, asked, leaf):
    done = talk(url_of(by_name), "--stop-after=tls", *options)
    assert row(done, "Server name") == asked
    assert f"--pin=sha256:{pki.leaf(leaf).spki_sha256}" in done.out


def test_sni_is_the_address_by_default(talk, by_name):
    done = talk(url_of(by_name), "--stop-after=tls")
    assert done.status == INSECURE, done
    assert '"unrecognized name" (112)' in done.err and "--sni=" in done.err
    to = f"--connect-to=localhost:{by_name.port('tls')}"
    done = talk(url_of(by_name, host="mail.example.test"), to, "--stop-after=tls")
    assert row(done, "Server name") == "mail.example.test"


def test_sni_does_not_change_whose_name_the_certificate_must_bear(talk, by_name):
    to = f"--connect-to=localhost:{by_name.port('tls')}"
    done = talk(url_of(by_name, host="elsewhere.test"), to, "--sni=mail.example.test", "--stop-after=tls")
    assert done.status == INSECURE, done
    assert "hostname mismatch" in done.err


def test_alpn(talk, s_server):
    server = s_server("alpn", "-alpn", "imap,http/1.1")
    assert row(talk(url_of(server), "--alpn=h2,imap", "--stop-after=tls"), "ALPN") == "imap"
    wait_for(server, "ALPN protocols advertised by the client: h2, imap")
    assert row(talk(url_of(server), "--stop-after=tls"), "ALPN") == "none agreed"
    done = talk(url_of(server), "--alpn=h2", "--stop-after=tls")
    assert done.status == INSECURE, done
    assert '"no application protocol" (120)' in done.err and "leave out --alpn" in done.err


# --- client certificates


def as_options(cert, key=None):
    return [f"--client-cert={cert}"] + ([f"--client-key={key}"] if key else [])


@pytest.mark.parametrize("form", ["pem and key", "one pem", "pkcs12 without password", "rsa"])
@pytest.mark.parametrize("tls", ["1.2", "1.3"])
def test_client_certificates(talk, tls_client_cert, pki, form, tls):
    leaf = pki.leaf("client-rsa" if form == "rsa" else "client")
    options = {
        "pem and key": as_options(leaf.cert_file, leaf.key_file),
        "one pem": as_options(leaf.pem_file),
        "pkcs12 without password": as_options(pki.pkcs12(leaf, "")),
        "rsa": as_options(leaf.cert_file, leaf.key_file),
    }[form]
    start = log_end(tls_client_cert)
    word = f"{form} {tls}"
    done = talk(url_of(tls_client_cert), f"--tls-max={tls}", *options, input=f"{word}\n/tls\n/drop\n")
    assert "CN=alice.cert" in row(done, "Our certificate")
    assert row(done, "Authenticated") == "mutual: the server, and we by certificate"
    wait_for(tls_client_cert, rf"(?s)CN = alice\.cert.*{word}", start)


@pytest.mark.parametrize("form", ["encrypted key", "pkcs12"])
def test_passphrases_are_asked_for_on_the_terminal(postern, tls_client_cert, pki, users, form):
    leaf = pki.leaf("client")
    file = pki.encrypted_key(leaf) if form == "encrypted key" else pki.pkcs12(leaf)
    passphrase = users.key_passphrase if form == "encrypted key" else users.pkcs12_password
    options = as_options(leaf.cert_file, file) if form == "encrypted key" else as_options(file)
    args = ["talk", f"--ca-file={pki.ca_file}", *options, url_of(tls_client_cert)]
    start = log_end(tls_client_cert)
    with postern.terminal(*args) as terminal:
        terminal.expect(f"Passphrase for .*{file.name}: ")
        terminal.line(passphrase)
        terminal.expect("=== TLS 1.3")
        terminal.line(f"hello by {form}")
        wait_for(tls_client_cert, f"hello by {form}", start)
        terminal.line("/drop")
        assert terminal.wait() == 0
        assert passphrase not in terminal.output


def test_a_wrong_passphrase_is_told(postern, tls_client_cert, pki, users):
    leaf = pki.leaf("client")
    options = as_options(leaf.cert_file, pki.encrypted_key(leaf))
    with postern.terminal("talk", f"--ca-file={pki.ca_file}", *options, url_of(tls_client_cert)) as terminal:
        terminal.expect("Passphrase for .*client.enc.key: ")
        terminal.line(users.wrong)
        terminal.expect("passphrase")
        assert terminal.wait() == CONFIG


@pytest.mark.parametrize(
    "options, status, words",
    [
        (["client", None], CONFIG, "name its file with --client-key"),
        (["client", "server"], CONFIG, "does not belong to the certificate"),
        (["client", "encrypted"], CONFIG, "is protected by a passphrase, and nobody is here to ask for it"),
        (["pkcs11:object=x", None], USAGE, "'pkcs11:object=x': keys on PKCS#11 tokens are not supported"),
        (
            ["client", "pkcs11:object=x"],
            USAGE,
            "keys on PKCS#11 tokens are not supported; use a PEM or PKCS#12 file",
        ),
        (["/no/such/file", None], NO_INPUT, "/no/such/file"),
    ],
)
def test_certificates_that_cannot_be_used(talk, tls_client_cert, pki, options, status, words):
    files = {"client": pki.leaf("client").cert_file, "server": pki.leaf("server").key_file}
    if options[1] == "encrypted":
        files["encrypted"] = pki.encrypted_key(pki.leaf("client"))
    cert, key = (files.get(option, option) for option in options)
    done = talk(url_of(tls_client_cert), *as_options(cert, key))
    assert done.status == status, done
    assert words in done.err


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
@pytest.mark.parametrize(
    "leaf, words",
    [
        (None, "--client-cert"),
        ("client-unknown-ca", '"unknown CA" (48)'),
        ("client-expired", '"certificate expired" (45)'),
    ],
)
def test_the_servers_no_is_explained(talk, tls_client_cert, pki, leaf, words, tls):
    options = as_options(pki.leaf(leaf).pem_file) if leaf else []
    done = talk(url_of(tls_client_cert), f"--tls-max={tls}", *options, input="hello\n/wait 1\n")
    assert done.status == INSECURE, done
    assert words in done.err


def test_a_certificate_that_nobody_asks_for_is_not_shown(talk, dovecot, pki):
    leaf = pki.leaf("client")
    done = talk(dovecot.url("imaps"), *as_options(leaf.pem_file), "--stop-after=tls")
    assert row(done, "Our certificate") == "none, and the server asked for none"


# --- revocation


@pytest.mark.parametrize("cert, status", [("server", "good"), ("must-staple", "good")])
def test_a_staple_is_checked(talk, s_server, pki, cert, status):
    server = s_server(f"staple-{cert}", "-status_file", pki.ocsp(pki.leaf(cert), status), cert=cert)
    done = talk(url_of(server), "--stop-after=tls")
    assert row(done, "Revocation").startswith(
        f"checked by stapled OCSP: {status}, as of an answer good until "
    )


def test_revoked_is_refused(talk, tls_revoked):
    done = talk(url_of(tls_revoked), "--stop-after=tls")
    assert done.status == INSECURE, done
    assert "error 23 at depth 0: certificate revoked" in done.err


def test_revoked_stays_told_where_anything_goes(postern, tls_revoked, pki):
    done = postern.run(
        "talk", f"--ca-file={pki.ca_file}", "--no-verify", "--stop-after=tls", url_of(tls_revoked)
    )
    assert done.status == 0, done
    assert "revoked" in row(done, "Revocation")


def test_an_old_staple_is_no_check(talk, s_server, pki):
    server = s_server("staple-old", "-status_file", pki.ocsp(pki.leaf("server"), "old"))
    assert row(talk(url_of(server), "--stop-after=tls"), "Revocation").startswith("not checked: ")


def test_a_promised_staple_that_is_missing(talk, s_server):
    server = s_server("staple-missing", cert="must-staple")
    done = talk(url_of(server), "--stop-after=tls")
    assert "must-staple" in done.out + done.err


# --- sessions


@pytest.mark.parametrize("fixture", ["tls_12", "tls_13"])
def test_a_session_is_resumed(request, talk, fixture):
    server = request.getfixturevalue(fixture)
    start = log_end(server)
    done = talk(url_of(server), input="once\n/wait 0.2\n/resume\n/tls\nagain\n/drop\n")
    assert "=== the TLS session was resumed" in done.out, done
    assert row(done, "Session").startswith("resumed")
    assert row(done, "Trust") == "verified by PKIX: localhost"
    wait_for(server, "(?s)once.*Reused session-id.*again", start)


@pytest.mark.parametrize("scheme", ["smtp", "submissions"])
@pytest.mark.parametrize("tls", ["1.2", "1.3"])
def test_so_it_is_by_a_mail_server(talk, postfix, scheme, tls):
    done = talk(postfix.url(scheme), f"--tls-max={tls}", input="NOOP\n/resume\n/tls\nNOOP\n")
    assert row(done, "Session").startswith("resumed"), done
    assert len(re.findall("^<~ 250 2.0.0 Ok", done.out, re.MULTILINE)) == 2


def test_a_server_that_does_not_resume(talk, s_server):
    server = s_server("no-tickets", "-no_ticket", "-no_cache", *only("1_2"))
    done = talk(url_of(server), input="once\n/resume\n/tls\n/drop\n")
    assert row(done, "Session") == "new"
    assert "not resumed" in done.out or "gave no session" in done.out


def test_resuming_an_imap_session_climbs_back(talk, dovecot):
    done = talk(dovecot.url("imap"), input="NOOP\n/resume\nNOOP\n")
    assert done.status == 0, done
    assert len(re.findall("^=== TLS 1.3", done.out, re.MULTILINE)) == 2
    assert len(re.findall("^<~ .* OK NOOP", done.out, re.MULTILINE)) == 2


def test_new_keys_in_both_directions(talk, s_server):
    server = s_server("messages", "-msg", *only("1_3"))
    start = log_end(server)
    done = talk(url_of(server), input="one\n/rekey\ntwo\n/rekey\nthree\n/wait 0.2\n/drop\n")
    assert done.status == 0, done
    assert done.out.count("=== new traffic keys in both directions") == 2
    wait_for(server, "(?s)one.*<<< TLS 1.3.*KeyUpdate.*two.*<<< TLS 1.3.*KeyUpdate.*three", start)


def test_no_new_keys_before_tls_13(talk, tls_12):
    done = talk(url_of(tls_12), input="/rekey\n")
    assert done.status == USAGE, done
    assert "keys can be renewed from TLS 1.3 on; this is TLS 1.2" in done.err


@pytest.mark.parametrize(
    "version, label", [("1_2", "CLIENT_RANDOM"), ("1_3", "CLIENT_HANDSHAKE_TRAFFIC_SECRET")]
)
def test_the_key_log_is_the_servers(rig, talk, postern, s_server, version, label):
    theirs = rig.directory("tls-options") / f"keys-{version}"
    server = s_server(f"keys-{version}", "-keylogfile", theirs, *only(version))
    home = postern.home()
    ours = home.config / "keys"
    for word in ("first", "second"):
        done = talk(url_of(server), input=f"{word}\n/drop\n", home=home, env={"SSLKEYLOGFILE": str(ours)})
        assert done.status == 0, done
        wait_for(server, word)

    def keys(path):
        return sorted(line for line in path.read_text().splitlines() if not line.startswith("#"))

    assert keys(ours) == keys(theirs)
    assert sum(line.startswith(label + " ") for line in keys(ours)) == 2
    assert ours.stat().st_mode & 0o077 == 0


def test_the_handshake_can_be_watched(talk, tls_13):
    done = talk(url_of(tls_13), "--trace=tls", "--stop-after=tls")
    assert done.status == 0, done
    for message in ("ClientHello", "ServerHello", "EncryptedExtensions", "CertificateVerify", "Finished"):
        assert message in done.out + done.err
