"""What `postern check` finds out by raw hellos, held against the truth found one suite at a time; servers that let one in
only so often; and what nobody here can speak, from canned bytes."""

import json
import struct
import subprocess

import pytest
import truth
from checking import Report, check
from rig.dovecot import Dovecot
from rig.postern import binary
from rig.proxy import Proxy
from rig.tls import GnutlsServer, OpensslServer

LIMIT = 14  # connections a minute: fewer than the verdict takes


def found(report) -> dict:
    """The suites by version, as truth.suites() has them; each version whose list is not known to be complete fails."""
    offered = {}
    for version in report.service["versions"]:
        if version["offered"]["known"] == "yes":
            assert version["suites_complete"]["known"] == "yes", version
            offered[version["name"]] = {suite["id"] for suite in version["suites"]}
        else:
            assert version["offered"]["known"] == "no", version
    return offered


def full(postern, pki, url, *options):
    return check(postern, pki, url, "--full", *options, connections=200)


# --- a server that lets one in so often a minute: it takes that minute, in which the other tests go on


@pytest.fixture(scope="module", autouse=True)
def limited(rig, pki, dovecot, postfix, tmp_path_factory):
    """{way: (process, proxy)}: two audits that have begun, of servers that take LIMIT connections a minute."""
    targets = {
        "reset": ("imaps", dovecot.port("imaps"), b""),
        "421": ("smtp", postfix.port("smtp"), b"421 4.7.0 mail.example.test Error: too many connections\r\n"),
    }
    runs = {}
    for how, (scheme, port, refusal) in targets.items():
        proxy = Proxy(port, limit=LIMIT, refusal=refusal)
        proxy.__enter__()
        argv = [binary(), "check", "-4", "--format=json", f"--ca-file={pki.ca_file}", f"{scheme}://localhost:{proxy.port}"]
        out = open(tmp_path_factory.mktemp("limited") / how, "w+b")  # pylint: disable=consider-using-with
        runs[how] = (subprocess.Popen(argv, stdout=out, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL), proxy, out)
    yield runs
    for process, proxy, out in runs.values():
        process.kill()
        process.wait()
        proxy.__exit__()
        out.close()


# --- suites


@pytest.fixture(scope="module")
def dh_file(rig):
    return truth.dh_parameters(rig.scratch / "dh2048.pem")


def test_dovecot_without_ssl_dh(postern, pki, rig):
    """It chooses DHE, has no parameters for it, and aborts the handshake: that is no answer about TLS 1.2."""
    server = rig.launch(Dovecot(rig, "dovecot-no-dh", cert="rsa"))
    real = truth.suites(server.port("imaps"))
    assert len(real["TLS 1.2"]) == 11, "this Dovecot is not the one this test is about"
    assert found(full(postern, pki, server.url("imaps"))) == real
    quick = check(postern, pki, server.url("imap"), connections=20)
    offered = {version["name"]: version["offered"]["known"] for version in quick.service["versions"]}
    assert (offered["TLS 1.2"], offered["TLS 1.3"]) == ("yes", "yes"), offered
    assert "fail" not in quick.verdicts("versions.tls12")


def test_dovecot_with_ssl_dh_and_two_certificates(postern, pki, rig, dh_file):
    other = pki.leaf("server")
    settings = f"ssl_dh = <{dh_file}\nssl_alt_cert = <{other.chain_file}\nssl_alt_key = <{other.key_file}\n"
    server = rig.launch(Dovecot(rig, "dovecot-both", cert="rsa", settings=settings))
    report = full(postern, pki, server.url("imaps"))
    assert found(report) == truth.suites(server.port("imaps"))
    assert {chain[0]["key"]["type"].split()[0] for chain in report.service["chains"]} == {"RSA", "EC"}
    assert report.service["dh"]["bits"] == 2048
    assert report.verdicts("cert.rsa") == ["pass"]


def test_postfix_by_starttls(postern, pki, postfix):
    """Anonymous suites on an MX are no scandal: whoever does not verify loses nothing by them."""
    report = full(postern, pki, postfix.url("smtp"))
    assert found(report) == truth.suites(postfix.port("smtp"), "smtp")
    severities = {finding["severity"] for finding in report.data["findings"] if finding["id"] == "ciphers.anonymous"}
    assert severities <= {"info"}, severities


@pytest.mark.parametrize(
    "name, arguments",
    [
        ("everything", ["-cipher", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"]),
        ("tls-1.0-rsa", ["-tls1", "-cipher", "AES128-SHA:AES256-SHA:@SECLEVEL=0"]),
        ("tls-1.2-null", ["-tls1_2", "-cipher", "NULL-SHA256:ECDHE-RSA-NULL-SHA:@SECLEVEL=0"]),
        ("one-suite", ["-tls1_2", "-cipher", "ECDHE-RSA-CHACHA20-POLY1305", "-serverpref"]),
        ("ccm-8", ["-tls1_3", "-ciphersuites", "TLS_AES_128_CCM_8_SHA256"]),
        ("p-521", ["-groups", "P-521", "-cipher", "ECDHE+AESGCM"]),
    ],
)
def test_openssl_in_odd_moods(postern, pki, rig, name, arguments):
    server = rig.launch(OpensslServer(rig, f"odd-{name}", *arguments, cert="rsa"))
    real = truth.suites(server.port("tls"), workers=1)
    assert real and found(full(postern, pki, server.url("tls"))) == real
    server.stop()


@pytest.mark.parametrize(
    "name, priority, groups",
    [
        ("old", "NORMAL:-VERS-ALL:+VERS-TLS1.0:+VERS-TLS1.2:+ARCFOUR-128:+3DES-CBC:+CAMELLIA-128-CBC:%COMPAT", None),
        ("tls-1.2-cbc", "NONE:+VERS-TLS1.2:+AES-256-CBC:+SHA1:+ECDHE-RSA:+RSA:+SIGN-ALL:+COMP-NULL:+GROUP-SECP384R1", {"secp384r1"}),
        ("ffdhe", "NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+GROUP-FFDHE3072", {"ffdhe3072"}),
    ],
)
def test_gnutls_with_odd_priorities(postern, pki, rig, name, priority, groups):
    server = rig.launch(GnutlsServer(rig, f"odd-gnutls-{name}", priority=priority, cert="rsa"))
    report = full(postern, pki, server.url("tls"))
    offered = found(report)
    before_13 = set().union(*(suites for version, suites in offered.items() if version != "TLS 1.3"))
    assert before_13 == truth.gnutls_suites(priority, "RSA")
    if groups:
        assert {group["name"] for group in report.service["groups"]} == groups
    if name == "old":
        assert {"0x0005", "0x000A"} <= before_13  # RC4 and 3DES, which nobody else here can speak
        assert report.verdicts("ciphers.rc4") == report.verdicts("ciphers.3des") == ["fail"]
    server.stop()


# --- what no library here speaks: canned answers


def record(kind: int, body: bytes) -> bytes:
    return struct.pack(">BHH", kind, 0x0303, len(body)) + body


def refuse(peer):
    peer.send(record(21, b"\x02\x28"))  # handshake_failure


def extensions_of(hello: bytes) -> dict:
    """Of a ClientHello, its record and handshake header taken off."""
    at = 34
    at += 1 + hello[at]
    at += 2 + int.from_bytes(hello[at : at + 2], "big")
    at += 1 + hello[at]
    end, found_ = at + 2 + int.from_bytes(hello[at : at + 2], "big"), {}
    at += 2
    while at < end:
        kind, size = struct.unpack(">HH", hello[at : at + 4])
        found_[kind] = hello[at + 4 : at + 4 + size]
        at += 4 + size
    return found_


def hello_retry(session: bytes, group: int) -> bytes:
    magic = bytes.fromhex("CF21AD74E59A6111BE1D8C021E65B891C2A211167ABB8C5E079E09E2C8A8339C")
    extensions = struct.pack(">HHH", 43, 2, 0x0304) + struct.pack(">HHH", 51, 2, group)
    body = b"\x03\x03" + magic + bytes([len(session)]) + session + b"\x13\x01\x00"
    body += struct.pack(">H", len(extensions)) + extensions
    return record(22, b"\x02" + len(body).to_bytes(3, "big") + body)


def hybrid_server(*groups: int):
    """TLS 1.3 only, as far as the choice of a group goes: OpenSSL learnt X25519MLKEM768 in 3.5."""

    def script(peer):
        head = peer.exactly(5)
        body = peer.exactly(int.from_bytes(head[3:], "big"))
        if head[0] != 22 or body[0] != 1:
            return refuse(peer)
        hello = body[4:]
        extensions = extensions_of(hello)
        listed = extensions.get(10, b"\0\0")[2:]
        wanted = [int.from_bytes(listed[i : i + 2], "big") for i in range(0, len(listed), 2)]
        common = [group for group in groups if group in wanted]
        if 43 not in extensions or b"\x03\x04" not in extensions[43] or not common:
            return refuse(peer)
        return peer.send(hello_retry(hello[35 : 35 + hello[34]], common[0]))

    return script


def test_a_server_with_post_quantum_key_exchange(postern, pki, hostile):
    server = hostile.scripted(hybrid_server(0x11EC, 0x001D), "tls")
    report = check(postern, pki, server.url(), connections=20)
    assert report.known("hybrid_groups") == "yes", report.service
    assert report.verdicts("groups.post_quantum") == ["pass"], report.evidence("groups.post_quantum")
    whole = full(postern, pki, hostile.scripted(hybrid_server(0x11EC, 0x001D), "tls").url())
    assert [group["name"] for group in whole.service["groups"]] == ["X25519MLKEM768", "x25519"]
    without = check(postern, pki, hostile.scripted(hybrid_server(0x001D, 0x0017), "tls").url(), connections=20)
    assert without.verdicts("groups.post_quantum") == ["fail"], without.evidence("groups.post_quantum")
    assert not server.errors


# --- elsewhere


def test_only_an_address_of_ipv6(postern, pki, dns, dovecot):
    url = f"imaps://six.example.test:{dovecot.port('imaps')}"
    result = postern.run("check", "--format=json", f"--ca-file={pki.ca_file}", *dns.options, "--max-connections=2", url)
    service = Report(result).service
    assert service["facts"]["reachable"]["known"] == "yes", service
    assert service["address"] == "::1" and service["tls"]["version"] == "TLS 1.3"


# --- the two that began at the top


@pytest.mark.seconds(150)
@pytest.mark.parametrize("how", ("reset", "421"))
def test_a_server_that_lets_one_in_so_often_a_minute(limited, how):
    """It is waited for; and then the answer is right, or it says what is missing."""
    process, proxy, out = limited[how]
    assert process.wait(timeout=140) in (0, 1)
    out.seek(0)
    service = json.loads(out.read())["services"][0]
    offered = {version["name"]: version["offered"]["known"] for version in service["versions"]}
    assert proxy.refused > 0, "nobody was turned away: this tests nothing"
    assert offered["TLS 1.2"] == "yes" and offered["TLS 1.3"] == "yes", offered
    unknown = [name for name, known in offered.items() if known == "unknown"]
    assert not unknown or service["missing"], (offered, service["missing"])
    assert "no" not in (offered["TLS 1.2"], offered["TLS 1.3"])
