"""A mail domain's own words: MX, SRV, MTA-STS, TLS-RPT, SPF, DMARC, autoconfiguration; signed, unsigned, contradictory."""

import pytest
from checking import Report
from rig.https import GOOD, WELL_KNOWN

# Nobody of these listens: the services of the domain are refused at once, and only the DNS is looked at.
NOBODY = "127.0.0.1:1"


@pytest.fixture
def look(postern, pki, dns, https):
    """look(DOMAIN) -> its Report; none of its services is reached."""

    def run(domain, *options, statuses=(0, 1, 69)):
        result = postern.run(
            "check",
            "--format=json",
            f"--ca-file={pki.ca_file}",
            "-4",
            *dns.options,
            *https.connect_to,
            f"--connect-to={NOBODY}",
            "--max-connections=1",
            *options,
            f"--domain={domain}",
        )
        assert result.status in statuses, result
        return Report(result)

    return run


def facts(report):
    return {name: fact["known"] for name, fact in report.domain["facts"].items()}


def test_a_domain_that_does_everything(look, https):
    https.asked.clear()
    report = look("example.test")
    domain = report.domain
    assert facts(report) == {
        "exists": "yes",
        "dnssec": "yes",
        "null_mx": "no",
        "mta_sts_record": "yes",
        "mta_sts_policy": "yes",
        "tls_rpt": "yes",
        "spf": "yes",
        "dmarc": "yes",
        "autoconfig": "yes",
    }
    assert [(mx["preference"], mx["host"], mx["secure"]) for mx in domain["mx"]] == [
        (10, "mail.example.test", True),
        (20, "backup.example.test", True),
    ]
    assert domain["mx"][1]["addresses"] == ["127.0.0.2"]
    assert domain["mta_sts"]["policy"] == GOOD.replace("\r", "")
    assert domain["mta_sts"]["mode"] == "enforce" and domain["mta_sts"]["max_age"] == 604800
    assert domain["mta_sts"]["mx"] == ["mail.example.test", "backup.example.test"]
    assert domain["mta_sts"]["id"] == "20261121"
    assert domain["tls_rpt"]["rua"] == "mailto:tls@example.test"  # of two strings
    services = {(srv["service"], srv["host"], srv["port"]) for srv in domain["srv"]}
    assert ("_submissions._tcp", "mail.example.test", 465) in services
    assert ("_pop3._tcp", ".", 0) in services  # expressly none
    assert f"https://mta-sts.example.test{WELL_KNOWN}" in https.asked


@pytest.mark.parametrize(
    "domain, words",
    [
        ("sts-moved", "a redirect, which senders must not follow"),
        ("sts-html", 'the type is "text/html"'),
        ("sts-large", "larger than 65536 octets"),
        ("sts-broken", "STSv9"),
        ("sts-gone", "status 404"),
        ("sts-bad-cert", "certificate"),
    ],
)
def test_policies_that_senders_do_not_take(look, https, domain, words):
    https.asked.clear()
    report = look(f"{domain}.example.test")
    policy = report.domain["facts"]["mta_sts_policy"]
    assert policy["known"] == "no" and words in policy["why"], policy
    which = "domain.mta_sts_valid" if domain == "sts-broken" else "domain.mta_sts_policy"
    assert report.verdicts(which) == ["fail"], report.data["findings"]
    assert f"https://mta-sts.example.test{WELL_KNOWN}" not in https.asked  # no redirect was followed


def test_a_policy_that_does_not_name_the_mx(look):
    report = look("sts-other-mx.example.test")
    assert "fail" in report.verdicts("domain.mta_sts_mx"), report.data["findings"]


def test_a_policy_host_that_does_not_answer_is_inconclusive(postern, pki, dns):
    """Nobody listens there just now: that says nothing about the policy."""
    result = postern.run(
        "check", "--format=json", f"--ca-file={pki.ca_file}", "-4", *dns.options, f"--connect-to={NOBODY}",
        "--max-connections=1", "--domain=example.test",
    )
    policy = Report(result).domain["facts"]["mta_sts_policy"]
    assert policy["known"] == "unknown" and "Connection refused" in policy["why"], policy


def test_null_mx(look):
    report = look("nullmx.example.test", statuses=(0, 1))
    assert facts(report)["null_mx"] == "yes" and report.domain["mx"] == []
    assert report.data["services"] == []


def test_a_null_mx_beside_others_means_nothing(look):
    report = look("nullmx-beside.example.test")
    assert facts(report)["null_mx"] == "no"
    assert [mx["host"] for mx in report.domain["mx"]] == ["mail.example.test"]
    assert report.verdicts("domain.null_mx") == ["fail"]


def test_mx_are_sorted_and_one_of_them_does_not_resolve(look):
    domain = look("many-mx.example.test").domain
    assert [mx["preference"] for mx in domain["mx"]] == [10, 20, 30]
    assert [mx["resolves"]["known"] for mx in domain["mx"]] == ["yes", "yes", "no"]
    assert "NXDOMAIN" in domain["mx"][2]["resolves"]["why"]


def test_without_mx_the_address_counts(look):
    report = look("four.example.test")
    assert [mx["host"] for mx in report.domain["mx"]] == ["four.example.test"]
    assert report.domain["mx"][0]["addresses"] == ["127.0.0.1"]


def test_dmarc_of_the_domain_above_counts(look):
    dmarc = look("four.example.test").domain["facts"]["dmarc"]
    assert dmarc["known"] == "yes" and "the record of example.test counts" in dmarc["why"]


def test_records_that_contradict_each_other(look):
    report = look("twice.example.test")
    assert facts(report)["spf"] == "yes" and report.domain["spf"].count("v=spf1") == 2
    assert "p=perhaps" in report.domain["dmarc"]
    assert report.domain["mta_sts"]["id"] is None
    for check in ("domain.spf_single", "domain.dmarc_syntax"):
        assert "fail" in report.verdicts(check), (check, report.verdicts(check))


def test_unsigned_zones(look):
    report = look("insecure.test")
    assert facts(report)["dnssec"] == "no"
    assert [mx["secure"] for mx in report.domain["mx"]] == [False]


def test_addresses_that_were_tampered_with_are_not_used(look):
    report = look("bogus.test")
    mx = report.domain["mx"][0]
    assert mx["resolves"]["known"] == "unknown" and "DNSSEC" in mx["resolves"]["why"], mx
    assert mx["addresses"] == []


def test_an_mx_that_was_tampered_with_is_not_believed(look):
    report = look("mx.bogus.test", statuses=(1,))
    assert report.domain["mx"] == [] and report.data["services"] == []
    assert facts(report)["null_mx"] == "unknown"
    assert report.verdicts("domain.bogus") == ["fail"]
    assert "signature" in report.evidence("domain.bogus"), report.evidence("domain.bogus")


def test_a_domain_that_does_not_exist_is_told_and_nothing_else(postern, look, dns):
    report = look("nosuch.example.test", statuses=(68,))
    assert [(found["id"], found["verdict"]) for found in report.data["findings"]] == [("domain.exists", "fail")]
    assert report.data["services"] == []
    told = postern.run("check", *dns.options, "--domain=nosuch.example.test")
    assert told.status == 68 and "there is no such domain" in told.out, told


# autoconfiguration


@pytest.fixture
def look_at_mail(postern, pki, dns, https, dovecot):
    """The same, with mail.example.test's well-known ports led to Dovecot; `ports` says otherwise."""

    def run(**ports):
        known = {"imaps": 993, "imap": 143, "pop3": 110, "submission": 587}
        ways = [
            f"--connect-to=mail.example.test:{port}:127.0.0.1:{dovecot.port(ports.get(scheme, scheme))}"
            for scheme, port in known.items()
        ]
        result = postern.run(
            "check", "--format=json", f"--ca-file={pki.ca_file}", "-4", *dns.options, *https.connect_to, *ways,
            f"--connect-to={NOBODY}", "--max-connections=1", "--domain=example.test",
        )
        return Report(result)

    return run


def failed(report, check):
    return [found["evidence"] for found in report.data["findings"] if found["id"] == check and found["verdict"] == "fail"]


def test_what_autoconfig_names_is_looked_at(look_at_mail):
    report = look_at_mail()
    named = [(server["scheme"], server["host"], server["port"], server["security"]) for server in report.domain["autoconfig"]]
    assert ("imaps", "mail.example.test", 993, "SSL") in named  # %EMAILDOMAIN%
    assert ("submission", "mail.example.test", 587, "STARTTLS") in named
    assert "pop3://mail.example.test" in {service["name"] for service in report.data["services"]}  # in no SRV record
    assert failed(report, "domain.autoconfig_true") == []
    assert failed(report, "domain.autoconfig_safe") == ["pop3 at mail.example.test:110"]


def test_autoconfig_that_lies(look_at_mail):
    report = look_at_mail(imaps="imap")  # what is said to begin with TLS does not
    (evidence,) = failed(report, "domain.autoconfig_true")
    assert evidence.startswith("imaps at mail.example.test:993 does not begin with TLS"), evidence


def test_autoconfig_of_servers_that_are_not_there(look):
    assert "imap at mail.example.test:143 does not answer" in failed(look("example.test"), "domain.autoconfig_true")


def test_without_a_resolver_everything_is_inconclusive(postern, pki):
    result = postern.run("check", "--format=json", "--dns=127.0.0.1@1", "--domain=example.test")
    report = Report(result)
    assert set(facts(report).values()) == {"unknown"}, report.domain["facts"]
    assert all(fact["why"] for fact in report.domain["facts"].values())
