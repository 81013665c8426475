"""What the ordinary session and its like learn: STARTTLS and what is done to it, what may be done before TLS, resumption,
old servers, DANE. Nobody's password, and no mail, is sent for it."""

import socket
import struct
import subprocess
import time

import pytest
from checking import check
from rig.hostile import Faults
from rig.tls import OpensslServer

UPGRADED = ("smtp", "submission", "lmtp", "pop3", "imap", "sieve")
MAILBOXES = ("pop3", "imap", "submission", "sieve")


# real servers


@pytest.mark.parametrize("scheme", MAILBOXES)
def test_dovecot(postern, pki, dovecot, scheme):
    report = check(postern, pki, dovecot.url(scheme))
    service = report.service
    assert service["starttls"]["offer"] == "yes", service
    assert service["tls"]["trust"]["verified"], service["tls"]
    before, inside = service["capabilities"]["before_tls"], service["capabilities"]["inside_tls"]
    assert [line for line in before if "STLS" in line or "STARTTLS" in line], before
    assert inside and not [line for line in inside if "STLS" in line or "STARTTLS" in line], inside
    assert report.known("greeted") == "yes" and service["greeting"]
    assert report.known("command_injection") == "no", service
    assert report.known("response_injection") == "no", service
    assert service["connections"]["used"] == 3, service


def test_dovecot_that_takes_no_passwords_in_the_clear(postern, pki, dovecot, users):
    """Loopback is trusted: that it is said with the evidence keeps people from worrying for nothing."""
    report = check(postern, pki, dovecot.url("imap"))
    assert report.known("login_before_tls") == "yes"
    assert "as seen from the machine itself" in report.why("login_before_tls")


@pytest.mark.parametrize("scheme", ("imaps", "pop3s", "submissions"))
def test_tls_from_the_start(postern, pki, dovecot, scheme):
    report = check(postern, pki, dovecot.url(scheme), connections=2)
    service = report.service
    assert service["starttls"]["from_start"] and service["tls"]["trust"]["verified"], service
    assert service["capabilities"]["inside_tls"] and not service["capabilities"]["before_tls"], service
    assert (report.known("login_before_tls"), report.known("tls_enforced")) == ("no", "yes")
    assert report.verdicts("starttls.command_injection") == []


def test_postfix_at_port_25(postern, pki, postfix):
    report = check(postern, pki, postfix.url("smtp"))
    assert report.known("command_injection") == "no", report.service
    assert (report.known("tls_enforced"), "250" in report.why("tls_enforced")) == ("no", True)
    assert report.known("resumption_ticket") == "yes", report.service
    assert report.service["ticket_lifetime"] > 0
    assert report.known("early_data") == "no"
    assert postfix.queued() == 0


def test_postfix_submission_enforces_tls(postern, pki, postfix):
    report = check(postern, pki, postfix.url("submission"))
    assert report.known("tls_enforced") == "yes", report.service
    assert "530 5.7.0 Must issue a STARTTLS command first" in report.why("tls_enforced")
    assert report.known("login_before_tls") == "no", report.service
    assert report.verdicts("starttls.enforced") == ["pass"]


def test_postfix_without_tls(postern, pki, postfix):
    report = check(postern, pki, f"submission://localhost:{postfix.port('cleartext')}")
    assert report.service["starttls"]["offer"] == "missing"
    assert report.service["tls"] is None
    assert (report.known("login_before_tls"), report.known("tls_enforced")) == ("yes", "no")
    assert report.verdicts("starttls.offered") == ["fail"]
    assert report.known("command_injection") == "unknown"
    assert "no STARTTLS" in report.why("command_injection")


# STARTTLS and what is done to it


@pytest.mark.parametrize("scheme", UPGRADED)
def test_a_command_in_the_clear_that_is_executed_inside_tls(postern, pki, hostile, scheme):
    """CVE-2011-0411."""
    server = hostile(scheme, Faults(starttls="kept"))
    report = check(postern, pki, server.url())
    assert report.known("command_injection") == "yes", report.service
    assert report.verdicts("starttls.command_injection") == ["fail"]
    assert "inside TLS" in report.evidence("starttls.command_injection")
    assert report.known("response_injection") == "no"


@pytest.mark.parametrize("scheme", UPGRADED)
def test_a_command_in_the_clear_that_is_not(postern, pki, hostile, scheme):
    """What came early goes into the handshake and spoils it: nothing was executed."""
    report = check(postern, pki, hostile(scheme).url())
    assert report.service["starttls"]["offer"] == "yes"
    assert report.known("command_injection") == "no", report.service
    assert report.verdicts("starttls.command_injection") == ["pass"]


INJECTED = {"smtp": b"250 evil\r\n", "pop3": b"+OK evil\r\n", "imap": b"* CAPABILITY AUTH=EVIL\r\n"}


@pytest.mark.parametrize("scheme", INJECTED)
def test_an_answer_smuggled_in_before_the_handshake(postern, pki, hostile, scheme):
    server = hostile(scheme, Faults(starttls="injected", injected=INJECTED[scheme]))
    report = check(postern, pki, server.url())
    assert report.service["starttls"]["offer"] == "injected"
    assert report.known("response_injection") == "yes", report.service
    assert "evil" in report.why("response_injection").lower()
    assert report.verdicts("starttls.response_injection") == ["fail"]
    assert not server.handshakes


@pytest.mark.parametrize("scheme", ("smtp", "pop3", "imap"))
def test_absent_mangled_and_refused_are_three_things(postern, pki, hostile, scheme):
    spoilt = {"smtp": "XXXXXXXA", "pop3": "XXXX", "imap": "XXXXXXXA"}[scheme]
    for how, failing in (("missing", "offered"), ("mangled", "mangled"), ("refused", "refused")):
        server = hostile(scheme, Faults(starttls=how, mangled=spoilt))
        report = check(postern, pki, server.url())
        assert report.service["starttls"]["offer"] == how, report.service
        failed = [name for name in ("offered", "mangled", "refused") if "fail" in report.verdicts(f"starttls.{name}")]
        assert failed == [failing], report.data["findings"]
        assert report.service["tls"] is None


def test_preauth_is_told(postern, pki, hostile):
    report = check(postern, pki, hostile("imap", Faults(preauth=True)).url())
    assert report.service["starttls"]["offer"] == "preauth"
    assert report.verdicts("starttls.preauth") == ["fail"]


# before TLS


@pytest.mark.parametrize("scheme", ("submission", "imap", "sieve"))
def test_a_login_that_is_accepted_though_not_offered(postern, pki, hostile, passwords, scheme):
    """It is begun and taken back: no name, no password."""
    server = hostile(scheme, Faults(capabilities=("LOGINDISABLED",) if scheme == "imap" else ()))
    report = check(postern, pki, server.url())
    assert report.known("login_before_tls") == "yes", report.service
    assert "not offered, but accepted" in report.why("login_before_tls")
    assert not server.logins
    assert b"*" in server.received and not server.leaks_anywhere(passwords.all())


def test_user_is_tried_without_pass(postern, pki, hostile):
    server = hostile("pop3")
    check(postern, pki, server.url())
    assert b"PASS" not in server.received and b"PASS" not in server.received_tls
    assert not server.logins


@pytest.mark.parametrize("scheme", ("submission", "imap", "pop3", "sieve"))
def test_a_password_mechanism_offered_in_the_clear(postern, pki, hostile, scheme):
    server = hostile(scheme, Faults(mechanisms_clear=("PLAIN", "CRAM-MD5")))
    report = check(postern, pki, server.url())
    assert report.known("login_before_tls") == "yes"
    assert "PLAIN" in report.why("login_before_tls") and "CRAM-MD5" not in report.why("login_before_tls")
    assert report.verdicts("starttls.login_before_tls") == ["fail"]
    assert b"AUTH" not in bytes(server.received).replace(b"AUTH=", b"")  # offered: there is nothing to try


# peers


def test_an_untrusted_certificate_is_a_fact_and_no_end(postern, pki, hostile):
    server = hostile("imap", Faults(cert="expired"))
    report = check(postern, pki, server.url())
    assert not report.service["tls"]["trust"]["verified"]
    assert report.service["capabilities"]["inside_tls"]
    assert report.known("command_injection") == "no"


def test_a_server_of_yesterday_is_seen_all_the_same(postern, pki, tls_10):
    report = check(postern, pki, tls_10.url("tls"), connections=3)
    assert "protocol version" in report.service["starttls"]["handshake_error"]
    assert report.service["tls"]["version"] == "TLS 1.0", report.service["tls"]


@pytest.mark.parametrize("version", ("tls_12", "tls_13"))
def test_resumption_by_ticket(postern, pki, request, version):
    report = check(postern, pki, request.getfixturevalue(version).url("tls"), connections=2)
    assert report.known("resumption_ticket") == "yes", report.service
    assert report.service["ticket_lifetime"] == 7200


def test_resumption_by_id_with_full(postern, pki, tls_12):
    report = check(postern, pki, tls_12.url("tls"), "--full", connections=200)
    assert report.known("resumption_id") == "yes", report.service


def test_a_greet_delay_is_told_and_endured(postern, pki, hostile):
    def script(peer):
        time.sleep(5.5)
        peer.say("220 patience.example.test ESMTP")
        while True:
            verb = peer.line().split(b" ")[0].upper()
            peer.say({b"EHLO": "250 patience.example.test", b"QUIT": "221 bye"}.get(verb, "502 no"))

    report = check(postern, pki, hostile.scripted(script, "smtp").url(), connections=1)
    assert report.known("greet_delayed") == "yes", report.service
    assert report.service["starttls"]["offer"] == "missing"


# DANE


def dane(postern, pki, dns, dovecot, host, *options, connections=3):
    url = f"imap://{host}:{dovecot.port('imap')}"
    return check(postern, pki, url, *dns.options, *options, connections=connections)


@pytest.mark.parametrize("host", ("mail", "alias", "dane-full", "dane-sha512", "dane-rollover"))
def test_records_that_match(postern, pki, dns, dovecot, host):
    report = dane(postern, pki, dns, dovecot, f"{host}.example.test", connections=4)
    found = report.service["dane"]
    assert found["secure"] and found["verified"]["known"] == "yes", found
    assert "leaf" in [record["matches"] for record in found["records"]], found
    assert report.verdicts("dane.match") == ["pass"]


def test_a_record_that_does_not_match(postern, pki, dns, dovecot):
    report = dane(postern, pki, dns, dovecot, "dane-wrong.example.test")
    found = report.service["dane"]
    assert found["verified"]["known"] == "no", found
    assert "no matching DANE TLSA records" in found["verified"]["why"]
    assert [record["matches"] for record in found["records"]] == [""]
    assert report.verdicts("dane.match") == ["fail"]


def test_no_records_unsigned_and_bogus_are_told_apart(postern, pki, dns, dovecot):
    none = dane(postern, pki, dns, dovecot, "four.example.test").service["dane"]
    assert none["secure"] and not none["records"] and none["verified"]["known"] == "unknown"
    unsigned = dane(postern, pki, dns, dovecot, "mail.insecure.test").service["dane"]
    assert not unsigned["secure"] and not unsigned["bogus"]
    by_address = check(postern, pki, f"imap://127.0.0.1:{dovecot.port('imap')}", *dns.options).service["dane"]
    assert by_address["answered"]["known"] == "no" and "host name" in by_address["answered"]["why"]


def test_tomorrows_certificate(postern, pki, dns, dovecot):
    today, other = pki.leaf("server").cert_file, pki.leaf("rsa").cert_file
    host = "mail.example.test"
    same = dane(postern, pki, dns, dovecot, host, f"--next-cert={today}").service["dane"]["next_verified"]
    assert same["known"] == "yes", same
    new = dane(postern, pki, dns, dovecot, host, f"--next-cert={other}").service["dane"]["next_verified"]
    assert (new["known"], "publish one" in new["why"]) == ("no", True), new
    ready = dane(postern, pki, dns, dovecot, "dane-rollover.example.test", f"--next-cert={other}")
    assert ready.service["dane"]["next_verified"]["known"] == "yes"


def test_a_dead_resolver_is_waited_for_once(postern, pki, dovecot):
    """Three look-ups go before DANE; when nobody answers the first, the others are not tried."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        host, port = "mail.example.test", dovecot.port("imaps")
        options = [f"--dns=127.0.0.1@{silent.getsockname()[1]}", f"--connect-to={host}:{port}:127.0.0.1:{port}"]
        start = time.monotonic()
        report = check(postern, pki, f"imaps://{host}:{port}", *options)
        assert time.monotonic() - start < 15  # 5 on a quiet machine; each of them has 10 otherwise
    assert report.known("reachable") == "yes"
    assert "timed out" in report.service["dane"]["answered"]["why"], report.service["dane"]


# TLS 1.3 alone: its certificate is only seen inside a session


@pytest.mark.parametrize("named", [False, True])
def test_whether_tls13_alone_needs_a_name(postern, pki, rig, named):
    other = pki.leaf("rsa")
    by_name = ["-servername", "localhost", "-cert2", other.cert_file, "-key2", other.key_file] if named else []
    server = rig.launch(OpensslServer(rig, f"sni-{named}", "-tls1_3", *by_name))
    report = check(postern, pki, server.url("tls"), connections=20)
    assert report.known("sni_needed") == ("yes" if named else "no"), report.why("sni_needed")
    server.stop()


def two_certificates(pki) -> list:
    other = pki.leaf("rsa")
    return ["-dcert", other.cert_file, "-dkey", other.key_file]


def test_tls13_alone_shows_both_certificates(postern, pki, rig):
    """Which one comes is a matter of the signature schemes that are offered."""
    server = rig.launch(OpensslServer(rig, "both-13", "-tls1_3", *two_certificates(pki)))
    report = check(postern, pki, server.url("tls"), connections=20)
    assert {chain[0]["key"]["type"].split()[0] for chain in report.service["chains"]} == {"RSA", "EC"}
    assert report.known("chains_complete") == "yes", report.why("chains_complete")
    assert report.verdicts("cert.rsa") == ["pass"]
    whole = check(postern, pki, server.url("tls"), "--full", connections=200)
    schemes = {scheme["name"] for scheme in whole.service["signatures"]}
    assert schemes == {"ecdsa_secp256r1_sha256"} | {f"rsa_pss_rsae_sha{bits}" for bits in (256, 384, 512)}
    server.stop()


def test_tls13_alone_with_one_certificate_has_no_other(postern, pki, rig):
    server = rig.launch(OpensslServer(rig, "one-13", "-tls1_3", cert="rsa"))
    report = check(postern, pki, server.url("tls"), connections=20)
    assert {chain[0]["key"]["type"].split()[0] for chain in report.service["chains"]} == {"RSA"}
    assert report.known("chains_complete") == "yes", report.why("chains_complete")
    server.stop()


# what is agreed to in a session, and what is in a certificate


@pytest.mark.parametrize("allowed", [False, True])
def test_a_new_handshake_at_the_clients_wish(postern, pki, rig, allowed):
    """CVE-2011-1473."""
    more = ["-client_renegotiation"] if allowed else []
    server = rig.launch(OpensslServer(rig, f"renegotiates-{allowed}", "-tls1_2", *more))
    report = check(postern, pki, server.url("tls"), connections=20)
    assert report.known("client_renegotiation") == ("yes" if allowed else "no"), report.why("client_renegotiation")
    server.stop()


def with_timestamps(directory):
    """Files of a self-signed certificate with two timestamps (RFC 6962), of logs that nobody knows."""
    stamp = b"\0" + bytes(32) + struct.pack(">QH", 1700000000000, 0) + b"\4\3" + struct.pack(">H", 8) + b"0\6\2\1\1\2\1\1"
    listed = b"".join(struct.pack(">H", len(stamp)) + stamp for _ in range(2))
    value = struct.pack(">H", len(listed)) + listed
    value = b"\4" + (bytes([len(value)]) if len(value) < 128 else b"\x81" + bytes([len(value)])) + value
    cert, key = directory / "scts.pem", directory / "scts.key"
    argv = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost"]
    argv += ["-addext", f"1.3.6.1.4.1.11129.2.4.2=DER:{value.hex()}", "-days", "30", "-out", cert, "-keyout", key]
    subprocess.run(argv, check=True, capture_output=True, timeout=30)
    return ["-cert", cert, "-key", key]


def test_certificate_timestamps_are_counted(postern, pki, rig, tmp_path):
    server = rig.launch(OpensslServer(rig, "timestamps", *with_timestamps(tmp_path)))
    report = check(postern, pki, server.url("tls"), connections=2)
    assert (report.known("sct_present"), report.why("sct_present")) == ("yes", "2, not verified")
    server.stop()
    bare = rig.launch(OpensslServer(rig, "no-timestamps"))
    assert check(postern, pki, bare.url("tls"), connections=2).known("sct_present") == "no"
    bare.stop()
