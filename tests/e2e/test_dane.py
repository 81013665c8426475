"""--dane on signed, unsigned and tampered zones: only validated records will do."""

import pytest


def climb(postern, pki, dns, dovecot, host, *options):
    url = f"imap://{host}:{dovecot.port('imap')}"
    return postern.run(
        "talk", f"--ca-file={pki.ca_file}", "--dane", "-4", *dns.options, *options, "--stop-after=tls", url
    )


@pytest.mark.parametrize("host", ("mail", "alias", "chain", "dane-full", "dane-sha512", "dane-rollover"))
def test_validated_records_that_match(postern, pki, dns, dovecot, host):
    result = climb(postern, pki, dns, dovecot, f"{host}.example.test")
    assert result.status == 0, result
    assert "verified by DANE" in result.out + result.err, result


@pytest.mark.parametrize(
    "host, words",
    [
        ("dane-wrong.example.test", "no matching DANE TLSA records"),
        ("dane-unusable.example.test", "none of the 1 TLSA records can be used"),
        ("four.example.test", "has no TLSA record"),
        ("mail.insecure.test", "its zone is not signed"),
        ("mail.bogus.test", "DNSSEC"),
        ("127.0.0.1", "it needs a host name"),
    ],
)
def test_everything_else_is_refused(postern, pki, dns, dovecot, host, words):
    result = climb(postern, pki, dns, dovecot, host)
    assert result.status == 76, result
    assert words in result.err, result


def test_records_are_those_of_the_address_wherever_it_leads(postern, pki, dns, dovecot):
    target = f"imap://mail.example.test:{dovecot.port('imap')}"
    options = ["talk", "--dane", *dns.options, f"--connect-to=127.0.0.1:{dovecot.port('imap')}", "--stop-after=tls"]
    result = postern.run(*options, target)
    assert result.status == 0, result
    assert "verified by DANE" in result.out + result.err, result
    wrong = postern.run(*options, f"imap://dane-wrong.example.test:{dovecot.port('imap')}")
    assert wrong.status == 76, wrong
