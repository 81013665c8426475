"""`postern check`, the command: targets, formats, places, statuses, interruption. What it finds is in the tests of audits."""

import json
import re
import signal
import socket
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest
from rig.postern import binary

FINDING, INCONCLUSIVE, USAGE, NO_INPUT, NO_HOST, UNAVAILABLE, CANT_CREATE, INTERRUPTED = 1, 2, 64, 66, 68, 69, 73, 130
FORMATS = ("text", "json", "flat", "html", "junit", "prometheus", "nagios")


@pytest.fixture
def check(postern, pki):
    """check(...): an audit that trusts the rig's authority."""
    return lambda *args, **more: postern.run("check", f"--ca-file={pki.ca_file}", *args, **more)


def closed_port():
    """A port of loopback where nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def services_of(report):
    return {service["name"]: service for service in report["services"]}


# --- formats and places


def test_all_formats_of_one_run(check, dovecot):
    formats = [f"--format={name}:out.{name}" for name in FORMATS]
    done = check(dovecot.url("imaps"), "--fail-on=none", *formats)
    assert done.out == ""
    out = {name: (done.home.written / f"out.{name}").read_text() for name in FORMATS}
    report = json.loads(out["json"])
    assert report["schema"] == "postern-check"
    (service,) = report["services"]
    assert service["facts"]["reachable"]["known"] == "yes"
    assert service["tls"]["version"] == "TLS 1.3"
    assert 0 < service["connections"]["used"] < service["connections"]["allowed"] == 20
    assert {finding["severity"] for finding in report["findings"]} <= {"info", "low", "medium", "high", "critical"}
    flat = [finding["id"] for finding in json.loads(out["flat"])]
    assert flat.count("cert_expirationStatus") == 1  # cert.expired and cert.expires_soon
    assert len(flat) == len(report["findings"]) - 1
    cases = ElementTree.fromstring(out["junit"]).findall(".//testcase")
    assert len(cases) == len(report["findings"])
    assert "used " in out["text"] and "Result: " in out["text"]
    assert max(map(len, out["text"].splitlines())) <= 80
    assert out["html"].startswith("<!DOCTYPE html>") and "<script" not in out["html"]
    assert re.search(r'^postern_check_up\{.*\} 1$', out["prometheus"], re.MULTILINE)
    assert re.fullmatch(r"POSTERN \w+ - [^|]+\| critical=\d+ .*\n", out["nagios"])


def test_a_place_that_cannot_be_written_is_told_before_anything_is_asked(check):
    done = check(f"imaps://127.0.0.1:{closed_port()}", "--output=/nonexistent/report.json")
    assert done.status == CANT_CREATE
    assert "/nonexistent/report.json" in done.err


# --- targets and statuses


def test_a_bare_host_tells_closed_ports_and_fails_for_none(check, dovecot):
    """The well-known ports are reached by --connect-to; those left out lead where nobody listens."""
    ports = {143: dovecot.port("imap"), 993: dovecot.port("imaps")}
    ways = [
        f"--connect-to=mail.example.test:{known}:127.0.0.1:{ports.get(known, closed_port())}"
        for known in (25, 587, 465, 143, 993, 110, 995, 4190)
    ]
    done = check("mail.example.test", *ways, "--format=json", "--fail-on=none")
    assert done.status == 0, done
    report = json.loads(done.out)
    found = {name: service["facts"]["reachable"]["known"] for name, service in services_of(report).items()}
    assert found == {
        f"{scheme}://mail.example.test": "yes" if scheme in ("imap", "imaps") else "no"
        for scheme in ("smtp", "submission", "submissions", "imap", "imaps", "pop3", "pop3s", "sieve")
    }
    assert {finding["service"] for finding in report["findings"]} == {"imap://mail.example.test", "imaps://mail.example.test"}


def test_a_service_that_is_not_there(check):
    done = check(f"imaps://127.0.0.1:{closed_port()}")
    assert done.status == UNAVAILABLE
    assert "onnection refused" in done.out


def test_a_host_that_does_not_exist_is_told_once(check, dns):
    done = check("nosuch.example.test", *dns.options, "--format=json")
    assert done.status == NO_HOST, done
    assert len(json.loads(done.out)["services"]) == 1


def test_several_targets_give_the_worst_status(check, dovecot):
    done = check(f"imaps://127.0.0.1:{closed_port()}", dovecot.url("imaps"), "--fail-on=info")
    assert done.status == UNAVAILABLE
    assert check(dovecot.url("imaps"), "--fail-on=info").status == FINDING
    assert check(dovecot.url("imaps"), "--max-connections=1", "--fail-on=none", "--strict").status == INCONCLUSIVE


def test_nagios_has_statuses_of_its_own(check, dovecot):
    assert check(f"imaps://127.0.0.1:{closed_port()}", "--format=nagios").status in (2, 3)
    done = check("imap5://mail.example.test", "--format=nagios")
    assert done.status == 3
    assert done.out.startswith("POSTERN UNKNOWN - unknown scheme")
    done = check(dovecot.url("imaps"), "--format=nagios", "--fail-on=none")
    assert done.status in (0, 1)


@pytest.mark.parametrize(
    "args, words",
    [
        ([], "what should be checked"),
        (["mail.example.test:993"], "SCHEME://mail.example.test:993"),
        (["--only=cert.expird", "imaps://localhost"], "cert.expired"),
        (["--rate=fast", "imaps://localhost"], "30/min"),
        (["--fix=qmail", "imaps://localhost"], "postfix, dovecot, exchange, exim, dns"),
        (["--format=text", "--format=json", "imaps://localhost"], "only one format"),
        (["--explain=cert.expird"], "did you mean cert.expired"),
        (["--diff", "one.json"], "--diff OLD.json NEW.json"),
    ],
)
def test_mistakes_are_told(check, args, words):
    done = check(*args)
    assert done.status == USAGE, done
    assert words in done.err


# --- what is asked for and what is told


def test_only_and_skip(check, dovecot):
    def ids(*options):
        done = check(dovecot.url("imaps"), "--format=json", "--fail-on=none", *options)
        return {finding["id"] for finding in json.loads(done.out)["findings"]}

    assert ids("--only=cert.expired") == {"cert.expired"}
    some = ids("--only=cert,sasl", "--skip=cert.expired")
    assert some and "cert.expired" not in some
    assert {name.split(".")[0] for name in some} <= {"cert", "sasl"}


def test_list_and_explain_know_the_same_checks(check):
    listed = re.findall(r"^  (\S+) +\S", check("--list").out, re.MULTILINE)
    assert len(listed) == len(set(listed)) > 50
    for check_id in listed:
        done = check(f"--explain={check_id}")
        assert done.status == 0
        assert done.out.startswith(f"{check_id}: ")
    assert all(len(line) <= 80 for line in check("--list").out.splitlines())


def test_a_baseline_leaves_what_changed(check, dovecot):
    first = check(dovecot.url("imaps"), "--format=json:old.json", "--fail-on=none")
    old = first.home.written / "old.json"
    again = check(dovecot.url("imaps"), f"--baseline={old}", "--fail-on=info")
    assert again.status == 0, again
    assert "What changed: nothing found" in again.out
    # Nothing had been found, so everything is new.
    report = json.loads(old.read_text())
    report["findings"] = [finding for finding in report["findings"] if finding["verdict"] != "fail"]
    (first.home.config / "none.json").write_text(json.dumps(report))
    none = first.home.config / "none.json"
    assert check(dovecot.url("imaps"), f"--baseline={none}", "--fail-on=info").status == FINDING
    diff = check("--diff", none, old, "--fail-on=info")
    assert diff.status == FINDING
    assert diff.out.startswith("NEW\n")
    assert check("--diff", old, old).out == "nothing changed\n"
    assert check("--diff", old, "nosuch.json").status == NO_INPUT


# --- being interrupted


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_tells_what_it_has(postern, number):
    """A server that never greets, and a Ctrl-C: the JSON is whole, and says so."""
    home = postern.home()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"smtp://127.0.0.1:{silent.getsockname()[1]}"
        child = subprocess.Popen(
            [binary(), "check", "--format=json", "--timeout=50", url],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=postern.environment(home),
        )
        connection, _ = silent.accept()
        child.send_signal(number)
        out, err = child.communicate(timeout=20)
        connection.close()
    assert child.returncode == INTERRUPTED, err
    report = json.loads(out)
    assert report["interrupted"] is True
    assert report["services"][0]["missing"]


def test_progress_is_told_on_a_terminal_and_wiped_away(postern, pki, dovecot):
    with postern.terminal("check", f"--ca-file={pki.ca_file}", dovecot.url("imaps"), "--fail-on=none") as terminal:
        terminal.expect("Result: ")
        assert terminal.wait() == 0


# --- a domain


def test_a_domain_is_each_service_at_each_address(check, dns, postfix, dovecot):
    """mail.example.test is MX and what the SRV records name; a second MX is dead, and ends nothing."""
    ways = [f"--connect-to=mail.example.test:25:127.0.0.1:{postfix.port('smtp')}"]
    ways += [f"--connect-to=mail.example.test:993:127.0.0.1:{dovecot.port('imaps')}"]
    formats = ["--format=json", "--format=text:out.txt", "--format=prometheus:out.prom", "--format=html:out.html"]
    done = check("--domain=example.test", *dns.options, *ways, *formats, "--timeout=5", "--fail-on=none")
    assert done.status == 0, done  # what is dead is a finding; the rest of the domain answers
    report = json.loads(done.out)
    reached = {name for name, service in services_of(report).items() if service["facts"]["reachable"]["known"] == "yes"}
    assert reached == {"smtp://mail.example.test", "imaps://mail.example.test"}
    (domain,) = report["domains"]
    assert [mx["host"] for mx in domain["mx"]] == ["mail.example.test", "backup.example.test"]
    by_mx = {sender["mx"]: sender for sender in domain["senders"]}
    assert by_mx["mail.example.test"]["dane"]["delivery"] == "verified"
    assert by_mx["backup.example.test"]["opportunistic"]["delivery"] == "not delivered"
    places = [(service["name"], service["address"]) for service in report["services"]]
    assert len(places) == len(set(places))
    assert "DANE sender: verified" in (done.home.written / "out.txt").read_text()
    samples = [line.split(" ")[0] for line in (done.home.written / "out.prom").read_text().splitlines() if line[0] != "#"]
    assert len(samples) == len(set(samples))


def test_only_the_mx_of_a_domain(check, dns, postfix):
    way = f"--connect-to=mail.example.test:25:127.0.0.1:{postfix.port('smtp')}"
    done = check("--mx=example.test", *dns.options, way, "--format=json", "--timeout=5", "--fail-on=none")
    assert {service["role"] for service in json.loads(done.out)["services"]} == {"MX"}
