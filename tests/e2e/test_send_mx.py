"""`postern send --mx`: the hosts of a domain in their order, and what each must prove."""

import json
import re

import pytest

ALICE = "alice@example.test"
UNAVAILABLE, NO_HOST, TEMPFAIL, PROTOCOL = 69, 68, 75, 76


@pytest.fixture
def direct(postern, pki, dns, https, postfix):
    """direct(ADDRESS): a probe by --mx, every host's port 25 being Postfix'."""

    def run(to, *options, hosts=("mail.example.test",), ca=True, web=https.connect_to, home=None):
        led = [f"--connect-to={host}:25:127.0.0.1:{postfix.port('smtp')}" for host in hosts]
        trust = [f"--ca-file={pki.ca_file}"] if ca else []
        return postern.run(
            "send", "--mx", "-4", *trust, *dns.options, *web, *led, "--connect-to=127.0.0.1:1", "--from",
            ALICE, "--to", to, "--subject", "mx", "--text", "t", *options, home=home,
        )  # fmt: skip

    return run


def test_dane_is_demanded_where_the_records_are_validated(direct):
    done = direct("bob@example.test")
    assert done.status == 0, done
    assert "=== example.test: mail.example.test, DANE" in done.err
    assert "bob@example.test: accepted" in done.out


def test_dane_needs_no_authority(direct):
    assert direct("bob@example.test", ca=False).status == 0


def test_the_next_host_is_tried_when_one_is_not_there(direct):
    done = direct("bob@many-mx.example.test", hosts=["backup.example.test"])
    order = [done.err.find(f"=== many-mx.example.test: {host}.example.test, ") for host in ("mail", "backup")]
    assert -1 < order[0] < order[1], done
    assert done.status == UNAVAILABLE and "bob@many-mx.example.test: refused (554 5.7.1" in done.out, done


def test_a_host_without_dane_must_fit_the_mta_sts_policy(direct):
    done = direct("bob@example.test", hosts=["backup.example.test"])
    assert "=== example.test: backup.example.test, MTA-STS" in done.err, done
    assert done.status == PROTOCOL and done.out == "", done  # Postfix' certificate is for another name


@pytest.mark.parametrize("domain, why", [("sts-gone", "404"), ("sts-html", "text/plain"), ("sts-broken", "version")])
def test_a_policy_that_cannot_be_had_is_told(direct, domain, why):
    done = direct(f"bob@{domain}.example.test")
    assert "MTA-STS policy could not be had: " in done.err and why in done.err, done


def test_a_policy_is_fetched_once_and_holds_while_it_is_young(direct, https, postern):
    """RFC 8461 5.1: who takes its web server away does not take the policy away."""
    home, enforced = postern.home(), "=== example.test: backup.example.test, MTA-STS"
    gone = [option.rpartition(":")[0] + ":1" for option in https.connect_to]

    def asked(web=https.connect_to):
        before = len(https.asked)
        done = direct("bob@example.test", hosts=["backup.example.test"], web=web, home=home)
        assert enforced in done.err, done
        return len(https.asked) - before, done

    assert asked()[0] == 1
    (file,) = (home.written / "state/postern/mta-sts").iterdir()
    assert file.stat().st_mode & 0o77 == 0 and file.parent.stat().st_mode & 0o77 == 0
    assert asked()[0] == 0 and asked(gone)[0] == 0
    lines = file.read_text().split("\n")
    assert lines[1] == "example.test"
    # As if the record had had another id then: it is asked for anew, and without an answer the old one holds.
    file.write_text("\n".join([*lines[:2], "other", *lines[3:]]))
    count, done = asked(gone)
    assert count == 0 and "could not be had" in done.err and "the one of before holds" in done.err, done
    assert asked()[0] == 1 and file.read_text().split("\n")[2] == lines[2]
    # Too old: there is none any more.
    file.write_text("\n".join([*lines[:3], "1000", *lines[4:]]))
    done = direct("bob@example.test", hosts=["backup.example.test"], web=gone, home=home)
    assert enforced not in done.err and "could not be had" in done.err, done


@pytest.mark.parametrize("mode", ["testing", "none"])
def test_a_policy_that_is_not_enforced_is_told_and_stops_nothing(direct, postern, mode):
    home = postern.home()
    direct("bob@example.test", hosts=["backup.example.test"], home=home)
    (file,) = (home.written / "state/postern/mta-sts").iterdir()
    file.write_text(file.read_text().replace("mode: enforce", f"mode: {mode}"))
    done = direct("bob@example.test", hosts=["backup.example.test"], home=home)
    assert f'its MTA-STS policy is "{mode}"' in done.err and "backup.example.test, opportunistic TLS" in done.err, done
    assert done.status == 0 and done.err.count("***") == 1, done


def test_a_null_mx_takes_no_mail(direct):
    done = direct("bob@nullmx.example.test")
    assert done.status == UNAVAILABLE and "null MX" in done.err, done


def test_no_domain_and_a_bogus_one(direct):
    assert direct("bob@nowhere.example.test").status == NO_HOST
    done = direct("bob@mx.bogus.test")
    assert done.status == PROTOCOL and "bogus" in done.err, done


def test_without_dane_and_mta_sts_it_is_opportunistic_and_said(direct):
    done = direct("bob@insecure.test", hosts=["mail.insecure.test"])
    assert "=== insecure.test: mail.insecure.test, opportunistic TLS" in done.err, done
    assert "bob@insecure.test: refused" in done.out and done.status == UNAVAILABLE


def test_a_domain_without_mx_is_its_own(direct):
    done = direct("bob@four.example.test", hosts=["four.example.test"])
    assert "=== four.example.test: four.example.test, " in done.err, done


def test_records_that_cannot_be_used_still_mean_tls(direct):
    """RFC 7672 2.2: without proof then, but not without TLS. PKIX usages are among them (3.1.3)."""
    for name in ("dane-unusable", "dane-pkix"):
        done = direct(f"bob@{name}.example.test", hosts=[f"{name}.example.test"])
        assert "TLS, whoever it is" in done.err and "refused (554 5.7.1" in done.out, done


def test_records_that_do_not_fit_stop_it(direct):
    done = direct("bob@dane-wrong.example.test", hosts=["dane-wrong.example.test"])
    assert done.status == PROTOCOL and "mail for dane-wrong.example.test: " in done.err and done.out == "", done
    assert done.err.count("the zone says: TLSA 3 1 1") == 1


def test_an_address_literal_is_its_own_host(direct):
    done = direct("bob@[127.0.0.1]", hosts=["127.0.0.1"])
    assert done.status == 0 and "=== [127.0.0.1]: 127.0.0.1, opportunistic TLS" in done.err, done
    assert direct("bob@[nonsense]").status == NO_HOST


def test_a_dry_run_shows_the_way_and_sends_nothing(direct):
    done = direct("bob@many-mx.example.test,x@nullmx.example.test", "--dry-run")
    assert re.search(r"^ +10  mail\.example\.test  DANE\n +20  backup\.example\.test  opportunistic TLS\n", done.out, re.MULTILINE), done
    assert "accepted" not in done.out and "null MX" in done.err and done.status == UNAVAILABLE


def test_json_names_those_it_could_not_go_to(direct):
    done = direct("bob@nullmx.example.test", "--json")
    (recipient,) = json.loads(done.out)["recipients"]
    assert recipient == {"address": "bob@nullmx.example.test", "fate": "not sent", "answer": None}


def test_what_it_does_not_go_with(direct, postern):
    assert direct("bob@example.test", "--user=alice").status == 64
    assert direct("bob@example.test", "smtp://localhost").status == 64
    assert direct("bob@example.test", "--stop-after=tls").status == 64
    assert direct("postmaster").status == 65
