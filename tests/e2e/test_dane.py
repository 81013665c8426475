"""--dane on signed, unsigned and tampered zones: only validated records will do. --pin: this certificate or key, and no other."""

import re

import pytest
from rig.tls import OpensslServer

INSECURE = 76
ZEROES = "0" * 64


def climb(postern, url, *options, **more):
    """Without --ca-file: nobody but DANE or the pin can vouch for these servers."""
    return postern.run("talk", "--stop-after=tls", *options, url, **more)


@pytest.fixture
def dane(postern, dns):
    """dane(HOST, SERVER, SCHEME, ...): HOST is a name of example.test."""

    def run(host, server, *options, scheme="imap"):
        url = f"{scheme}://{host}.example.test:{server.port(scheme)}"
        return climb(postern, url, "--dane", *dns.options, *options)

    return run


def trust(done):
    """The summary's verdict."""
    assert done.status == 0, done
    return re.search(r"^Trust +(.*)$", done.out, re.MULTILINE).group(1)


def assert_refused(done, *words):
    assert done.status == INSECURE, done
    for word in words:
        assert word in done.err, done


# --- DANE-EE: the server's own certificate or key


@pytest.mark.parametrize(
    "host, record",
    [
        ("mail", "TLSA 3 1 1 {spki}"),
        ("alias", "TLSA 3 1 1 {spki}"),
        ("chain", "TLSA 3 1 1 {spki}"),
        ("dane-full", "TLSA 3 0 0 "),
        ("dane-sha512", "TLSA 3 1 2 "),
        ("dane-rollover", "TLSA 3 1 1 {spki}"),
    ],
)
def test_validated_records_that_match(pki, dovecot, dane, host, record):
    assert record.format(spki=pki.leaf("server").spki_sha256) in trust(dane(host, dovecot))


@pytest.mark.parametrize(
    "fixture, scheme",
    [("dovecot", "imaps"), ("dovecot", "pop3"), ("dovecot", "sieve"), ("postfix", "smtp"), ("postfix", "submission"), ("ldap", "ldaps")],
)  # fmt: skip
def test_every_protocol_can(request, dane, fixture, scheme):
    server = request.getfixturevalue(fixture)
    assert trust(dane("mail", server, scheme=scheme)).startswith("verified by DANE: TLSA 3 1 1 ")


@pytest.mark.parametrize("host", ["alias", "chain"])
def test_behind_a_cname_the_server_is_asked_by_its_canonical_name(dovecot, dane, host):
    """RFC 7671 section 7: the TLSA base domain is the server name to ask for."""
    done = dane(host, dovecot)
    assert re.search(r"^Server name +mail\.example\.test$", done.out, re.MULTILINE), done


@pytest.fixture(scope="session")
def self_signed(rig):
    return rig.launch(OpensslServer(rig, "dane-self-signed", cert="self-signed"))


def test_no_authority_is_needed(self_signed, dane):
    assert "verified by DANE: TLSA 3 1 1 " in trust(dane("dane-self-signed", self_signed, scheme="tls"))


# --- DANE-TA: an authority that the server sends along


@pytest.fixture(scope="session")
def with_root(rig):
    """Sends its root, too, as DANE-TA wants it (RFC 7671 section 5.2.2). Its name is any of example.test."""
    chain = rig.directory("dane-with-root") / "chain.pem"
    chain.write_bytes(rig.pki.leaf("wildcard").cert_file.read_bytes() + rig.pki.ca_file.read_bytes())
    return rig.launch(OpensslServer(rig, "dane-with-root", "-cert_chain", chain, cert="wildcard"))


def test_an_authority_that_was_sent(pki, with_root, dane):
    assert pki.authority("root").tlsa(2, 0, 1) in trust(dane("dane-ca", with_root, scheme="tls"))


def test_an_authority_that_was_not_sent_vouches_for_nobody(dovecot, dane):
    assert_refused(dane("dane-ca", dovecot), "no matching DANE TLSA records")


def test_an_authority_vouches_for_names_only(rig, pki, dane):
    """DANE-TA, other than DANE-EE, wants the name to fit."""
    chain = rig.directory("dane-other-name") / "chain.pem"
    chain.write_bytes(pki.leaf("server").cert_file.read_bytes() + pki.ca_file.read_bytes())
    server = rig.launch(OpensslServer(rig, "dane-other-name", "-cert_chain", chain))
    assert_refused(dane("dane-ca", server, scheme="tls"), "hostname mismatch")


# --- everything else is refused


@pytest.mark.parametrize(
    "host, words",
    [
        ("dane-wrong.example.test", "no matching DANE TLSA records"),
        ("dane-unusable.example.test", "none of the 1 TLSA records can be used"),
        ("dane-pkix.example.test", "unable to get local issuer certificate"),
        ("four.example.test", "has no TLSA record"),
        ("mail.insecure.test", "its zone is not signed"),
        ("mail.bogus.test", "DNSSEC"),
        ("127.0.0.1", "it needs a host name"),
    ],
)
def test_everything_else_is_refused(postern, dns, dovecot, host, words):
    done = climb(postern, f"imap://{host}:{dovecot.port('imap')}", "--dane", *dns.options)
    assert_refused(done, words)
    assert "CAPABILITY\n" not in done.out  # nothing was said inside such a TLS


@pytest.mark.parametrize("host", ["dane-wrong", "four"])
def test_a_certificate_that_authorities_vouch_for_is_no_excuse(pki, dovecot, dane, host):
    assert_refused(dane(host, dovecot, f"--ca-file={pki.ca_file}"))


def test_records_that_nobody_has_validated_are_refused(postern, dns, dovecot):
    url = f"imap://mail.example.test:{dovecot.port('imap')}"
    assert_refused(climb(postern, url, "--dane", dns.options[0]), "TLSA")  # without --dns-anchor


def test_pkix_ee_wants_the_record_and_an_authority(pki, with_root, dane):
    """RFC 7672 section 3.1.3 leaves that usage out for mail between servers; here it is no less than both."""
    trusted = f"--ca-file={pki.ca_file}"
    assert "TLSA 1 1 1 " in trust(dane("dane-both", with_root, trusted, scheme="tls"))
    assert_refused(dane("dane-both", with_root, scheme="tls"), "self-signed certificate in certificate chain")
    assert_refused(dane("dane-pkix", with_root, trusted, scheme="tls"), "no matching DANE TLSA records")


# --- where the connection goes is no matter


@pytest.mark.parametrize("to", ["127.0.0.1", "localhost", "[::1]"])
def test_records_are_those_of_the_address_wherever_it_leads(dovecot, dane, to):
    rule = f"--connect-to={to}:{dovecot.port('imap')}"
    assert "verified by DANE" in trust(dane("mail", dovecot, rule))
    assert_refused(dane("dane-wrong", dovecot, rule), "no matching DANE TLSA records")


def test_through_ssh_too(ssh, dovecot, dane):
    options = [f"--ssh-option={word}" for word in ssh.options()]
    way = [f"--via={ssh.hop}", f"--connect-to=localhost:{dovecot.port('imap')}", *options]
    assert "verified by DANE" in trust(dane("mail", dovecot, *way))
    assert_refused(dane("dane-wrong", dovecot, *way), "no matching DANE TLSA records")


def test_the_port_is_the_addresses(postern, dns, dovecot):
    """_993._tcp.mail..., though another port is dialled: the wildcard has it, a name without one has not."""
    rule = f"--connect-to=127.0.0.1:{dovecot.port('imaps')}"
    assert "verified by DANE" in trust(
        climb(postern, "imaps://mail.example.test", "--dane", *dns.options, rule)
    )
    assert_refused(
        climb(postern, "imaps://four.example.test", "--dane", *dns.options, rule),
        "_993._tcp.four.example.test",
    )


# --- pins


@pytest.mark.parametrize("scheme", ["imaps", "imap"])
@pytest.mark.parametrize(
    "pins, matched",
    [
        (["cert"], "certificate"),
        (["spki"], "public key"),
        (["other", "spki"], "public key"),
        (["cert", "other"], "certificate"),
    ],
)
def test_pins_of_today_and_tomorrow(postern, pki, dovecot, scheme, pins, matched):
    leaf = pki.leaf("server")
    digests = {"cert": leaf.cert_sha256, "spki": leaf.spki_sha256, "other": pki.leaf("rsa").spki_sha256}
    done = climb(postern, dovecot.url(scheme), *(f"--pin=sha256:{digests[pin]}" for pin in pins))
    used = digests["cert" if matched == "certificate" else "spki"]
    assert trust(done) == f"verified by pin: {matched} sha256:{used}"


def test_a_pin_may_be_written_as_other_programs_print_it(postern, pki, dovecot):
    digest = pki.leaf("server").cert_sha256.upper()
    colons = ":".join(digest[i : i + 2] for i in range(0, 64, 2))
    assert "verified by pin" in trust(climb(postern, dovecot.url("imaps"), f"--pin=sha256:{colons}"))


def test_a_pin_needs_neither_authority_nor_name(postern, pki, self_signed):
    pin = f"--pin=sha256:{pki.leaf('self-signed').spki_sha256}"
    url = f"tls://127.0.0.2:{self_signed.port('tls')}"
    to = f"--connect-to=127.0.0.1:{self_signed.port('tls')}"
    assert "verified by pin" in trust(climb(postern, url, pin, to))
    assert_refused(climb(postern, url, to), "self-signed")


@pytest.mark.parametrize("trusted", [False, True])
def test_no_other_certificate_will_do(postern, pki, dovecot, trusted):
    options = [f"--ca-file={pki.ca_file}"] if trusted else []
    done = climb(postern, dovecot.url("imap"), f"--pin=sha256:{ZEROES}", *options)
    assert_refused(done, "none of the demanded pins matches")


def test_the_refusal_gives_the_pin_to_paste(postern, pki, dovecot):
    done = climb(postern, dovecot.url("imap"), f"--pin=sha256:{ZEROES}")
    pin = re.search(r"--pin=sha256:[0-9a-f]{64}", done.err)
    assert pin, done
    assert "verified by pin" in trust(climb(postern, dovecot.url("imap"), pin.group()))


def test_dane_and_a_pin_must_both_hold(pki, dovecot, dane):
    good = f"--pin=sha256:{pki.leaf('server').spki_sha256}"
    assert trust(dane("mail", dovecot, good)).startswith("verified by ")
    assert_refused(dane("mail", dovecot, f"--pin=sha256:{ZEROES}"), "pins")
