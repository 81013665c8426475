"""Every STARTTLS dialect and TLS from the start, climbed against real servers; what is told of the TLS is compared with what
`openssl s_client` finds and with the certificate itself."""

import json
import re
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from rig.dovecot import Dovecot
from rig.tls import OpensslServer

INSECURE = 76

# fixture, scheme, what a person types for TLS (None: no lines to type there)
UPGRADES = [
    ("postfix", "smtp", "STARTTLS"),
    ("dovecot", "submission", "STARTTLS"),
    ("postfix", "submission", "STARTTLS"),
    ("dovecot_lmtp", "lmtp", "STARTTLS"),
    ("dovecot", "pop3", "STLS"),
    ("dovecot", "imap", "STARTTLS"),
    ("dovecot", "sieve", "STARTTLS"),
    ("ftp", "ftp", "AUTH TLS"),
    ("news", "nntp", "STARTTLS"),
    ("irc", "irc", "STARTTLS"),
    ("xmpp", "xmpp", None),
    ("xmpp", "xmpp-server", None),
    ("ldap", "ldap", None),
    ("postgres", "postgres", None),
    ("mysql", "mysql", None),
]
DIALECTS = [row[:2] for row in UPGRADES]
FROM_THE_START = [
    ("dovecot", "pop3s"),
    ("dovecot", "imaps"),
    ("dovecot", "submissions"),
    ("postfix", "submissions"),
    ("news", "nntps"),
    ("irc", "ircs"),
    ("ldap", "ldaps"),
]


@pytest.fixture(scope="session")
def dovecot_lmtp(rig):
    """LMTP by TCP, with STARTTLS."""
    server = Dovecot(rig, "dovecot-lmtp")
    server.settings = "service lmtp {{\n inet_listener lmtp {{\n port = {} \n}}\n}}\n".format(
        server.port("lmtp")
    )
    return rig.launch(server)


@pytest.fixture
def server(request):
    return lambda name: request.getfixturevalue(name)


def s_client(server, scheme, pki, upgrade):
    """The facts that `s_client -brief` prints."""
    dialect = "smtp" if scheme == "submission" else scheme
    words = ["-starttls", dialect, "-xmpphost", "localhost"] if upgrade else []
    told = subprocess.run(
        [
            "openssl",
            "s_client",
            "-brief",
            "-connect",
            f"localhost:{server.port(scheme)}",
            "-servername",
            "localhost",
        ]
        + ["-CAfile", pki.ca_file, "-verify_hostname", "localhost", *words],
        input="",
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    ).stderr
    return dict(line.split(": ", 1) for line in told.splitlines() if ": " in line)


def tls_facts(done):
    """What /tls --json printed."""
    assert done.status == 0, done
    return json.JSONDecoder().raw_decode(done.out[done.out.index("\n{") + 1 :])[0]


GROUPS = {"X25519": "X25519", "ECDH": "P-256"}  # as s_client has them, at our servers


@pytest.mark.parametrize(
    "fixture, scheme, upgrade", [(*row, True) for row in DIALECTS] + [(*row, False) for row in FROM_THE_START]
)
def test_what_is_told_of_the_tls_is_true(server, talk, pki, fixture, scheme, upgrade):
    peer = server(fixture)
    facts = tls_facts(talk(peer.url(scheme), input="/tls --json\n/drop\n"))
    truth = s_client(peer, scheme, pki, upgrade)
    assert facts["version"].replace(" ", "v") == truth["Protocol version"]
    assert facts["cipher"]["name"] == truth["Ciphersuite"]
    assert facts["key_exchange"]["group"] == GROUPS[truth["Server Temp Key"].partition(",")[0]]
    assert str(facts["key_exchange"]["bits"]) in truth["Server Temp Key"]
    assert (
        truth["Verification"] == "OK"
        and facts["trust"]["verified"]
        and facts["trust"]["matched"] == "localhost"
    )
    leaf = pki.leaf("server")
    told = facts["chain"][0]
    assert told["fingerprints"]["sha256"].replace(":", "").lower() == leaf.cert_sha256
    assert told["spki_pin"] == f"sha256:{leaf.spki_sha256}"


@pytest.mark.parametrize("fixture, scheme", DIALECTS + FROM_THE_START)
def test_the_summary_says_that_it_is_verified(server, talk, fixture, scheme):
    done = talk(server(fixture).url(scheme), "--stop-after=tls")
    assert done.status == 0, done
    assert re.search(r"^Trust +verified by PKIX: localhost$", done.out, re.MULTILINE), done
    assert re.search(r"^Version +TLS 1\.3, the best there is$", done.out, re.MULTILINE)


@pytest.mark.parametrize("fixture, scheme", DIALECTS + FROM_THE_START)
def test_a_certificate_nobody_vouches_for_ends_it(server, postern, pki, fixture, scheme):
    stranger = f"--ca-file={pki.authority('stranger').cert_file}"
    done = postern.run("talk", stranger, server(fixture).url(scheme))
    assert done.status == INSECURE, done
    # 19 where the server sends its root along, which is not ours.
    assert re.search("cannot be trusted: error (20 at depth 0|19 at depth 1): ", done.err), done


@pytest.mark.parametrize("fixture, scheme", DIALECTS + FROM_THE_START)
def test_a_wrong_name_ends_it(server, talk, fixture, scheme):
    peer = server(fixture)
    to = f"--connect-to=localhost:{peer.port(scheme)}"
    done = talk(peer.url(scheme, host="elsewhere.example.test"), to)
    if scheme.startswith("xmpp"):  # the name is said there before TLS, and Prosody does not know it
        assert done.status != 0, done
    else:
        assert done.status == INSECURE, done
        assert "hostname mismatch" in done.err and "elsewhere.example.test" in done.err


@pytest.mark.parametrize("fixture, scheme", DIALECTS)
def test_it_can_begin_in_mid_session(server, talk, fixture, scheme):
    done = talk(server(fixture).url(scheme), "--tls=off", input="/starttls\n/tls --json\n/drop\n")
    assert tls_facts(done)["trust"]["verified"]


@pytest.mark.parametrize("fixture, scheme, command", [row for row in UPGRADES if row[2]])
def test_it_begins_when_it_is_typed_and_agreed_to(server, talk, fixture, scheme, command):
    hello = {"smtp": "EHLO me\n", "submission": "EHLO me\n", "lmtp": "LHLO me\n"}.get(scheme, "")
    done = talk(
        server(fixture).url(scheme), "--tls=off", input=f"{hello}{command}\n/starttls\n/tls --json\n/drop\n"
    )
    assert tls_facts(done)["trust"]["verified"]
    assert len(re.findall(rf"^-> (\S+ )?{command}$", done.out, re.MULTILINE)) == 1
    assert "=== TLS is up already" in done.out  # /starttls did not ask a second time


@pytest.mark.parametrize(
    "fixture, scheme", [("dovecot", "imap"), ("postfix", "smtp"), ("ftp", "ftp"), ("ldap", "ldap")]
)
def test_opportunistic_tls_is_taken_where_it_is_offered(server, talk, fixture, scheme):
    done = talk(server(fixture).url(scheme), "--tls=opportunistic", input="/tls --json\n/drop\n")
    assert tls_facts(done)["trust"]["verified"]


@pytest.mark.parametrize("scheme", ["imap", "pop3", "submission", "sieve"])
def test_without_an_offer_required_ends_and_opportunistic_warns(dovecot_notls, talk, scheme):
    url = dovecot_notls.url(scheme)
    required = talk(url)
    assert required.status == INSECURE, required
    assert "does not offer" in required.err
    optional = talk(url, "--tls=opportunistic", "--stop-after=capabilities")
    assert optional.status == 0, optional
    going_on = talk(url, "--tls=opportunistic", "--stop-after=tls")
    assert going_on.status == 0 and "*** going on WITHOUT TLS" in going_on.out, going_on


def test_lmtp_on_a_unix_socket_needs_no_tls(postern, dovecot):
    done = postern.run("talk", "--stop-after=tls", f"lmtp://{dovecot.lmtp_socket}")
    assert done.status == 0, done
    assert "LHLO" in done.out


@pytest.mark.parametrize(
    "scheme, port", [("pop3s", "pop3"), ("imaps", "imap"), ("submissions", "submission"), ("ircs", "imap")]
)
def test_plaintext_where_tls_was_expected_is_told(talk, dovecot, scheme, port):
    done = talk(f"{scheme}://localhost:{dovecot.port(port)}")
    assert done.status == INSECURE, done
    assert "speaks before TLS" in done.err or "does not speak TLS here" in done.err


@pytest.mark.parametrize("scheme, port", [("pop3", "pop3s"), ("imap", "imaps"), ("smtp", "submissions")])
def test_tls_where_plaintext_was_expected_ends_in_time(talk, dovecot, scheme, port):
    done = talk(f"{scheme}://localhost:{dovecot.port(port)}", "--timeout=1")
    assert done.status in (75, INSECURE), done


def test_https(talk, tls_www):
    """Typed by hand; the page tells what the server saw."""
    url = f"https://localhost:{tls_www.port('tls')}"
    done = talk(url, input="GET / HTTP/1.0\nHost: localhost\n\n")
    assert done.status == 0, done
    assert "HTTP/1.0 200 ok" in done.out
    assert "New, TLSv1.3, Cipher is TLS_AES_256_GCM_SHA384" in done.out


@pytest.mark.parametrize("fixture", ["gnutls", "tls_13"])
def test_bare_tls(server, talk, fixture):
    peer = server(fixture)
    done = talk(f"tls://localhost:{peer.port('tls')}", input="echo me\n/wait 0.3\n/drop\n")
    assert done.status == 0, done
    if fixture == "gnutls":
        assert "echo me" in done.out.partition("~> echo me")[2]
    else:
        assert "echo me" in peer.log.read_text()


# --- the certificate, in words


LEAVES = {"rsa": "RSA", "rsa4096": "RSA", "p384": "EC P-384", "ed25519": "Ed25519", "chain": "EC P-256"}


@pytest.fixture(scope="session")
def leaves(rig):
    made = {}
    return lambda name: made.get(name) or made.setdefault(
        name, rig.launch(OpensslServer(rig, f"leaf-{name}", cert=name))
    )


@pytest.mark.parametrize("name", LEAVES)
def test_the_certificate_is_described_as_it_is(leaves, talk, pki, name):
    server, leaf = leaves(name), pki.leaf(name)
    facts = tls_facts(talk(f"tls://localhost:{server.port('tls')}", input="/tls --json\n/drop\n"))
    told, made = facts["chain"][0], leaf.certificate
    assert told["common_name"] == "localhost"
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert told["dns_names"] == names.get_values_for_type(x509.DNSName)
    assert told["ip_names"] == [str(address) for address in names.get_values_for_type(x509.IPAddress)]
    assert told["not_before"] == made.not_valid_before.isoformat() + "Z"
    assert told["not_after"] == made.not_valid_after.isoformat() + "Z"
    assert told["key"]["type"] == LEAVES[name]
    assert told["key"]["bits"] == getattr(leaf.private_key, "key_size", told["key"]["bits"])
    assert int(told["serial"].replace(":", ""), 16) == made.serial_number
    for digest, algorithm in (("sha256", hashes.SHA256()), ("sha1", hashes.SHA1()), ("md5", hashes.MD5())):
        assert told["fingerprints"][digest].replace(":", "").lower() == made.fingerprint(algorithm).hex()
    assert "Postern Test " + ("Intermediate" if name == "chain" else "Root") in told["issuer"]
    assert len(facts["chain"]) >= (2 if name == "chain" else 1)


def test_the_certificate_as_pem_is_the_certificate(leaves, talk, pki):
    done = talk(f"tls://localhost:{leaves('rsa').port('tls')}", input="/cert --pem\n/drop\n")
    assert pki.leaf("rsa").cert_file.read_text().strip() in done.out
