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


def test_without_a_resolver_everything_is_inconclusive(postern, pki):
    result = postern.run("check", "--format=json", "--dns=127.0.0.1@1", "--domain=example.test")
    report = Report(result)
    assert set(facts(report).values()) == {"unknown"}, report.domain["facts"]
    assert all(fact["why"] for fact in report.domain["facts"].values())
