"""The lines that `check --fix` advises are put into the programs they are for: none may be unknown to them, or refused."""

import re
import shutil
import socket
import ssl
import subprocess

import pytest
import truth
from rig.dovecot import Dovecot
from rig.postfix import Postfix
from rig.process import run

# What needs a newer OpenSSL than Debian 12 has; the line above it says so.
TOO_NEW = "X25519MLKEM768"


@pytest.fixture(scope="module")
def fixes(tmp_path_factory):
    """{product: {check: [lines]}}, as `--explain` tells them."""
    from rig.postern import Postern

    postern = Postern(tmp_path_factory.mktemp("fixes"))
    told = {}
    for check in re.findall(r"^  ([a-z]+\.\S+)", postern.run("check", "--list").out, re.MULTILINE):
        product = None
        for line in postern.run("check", f"--explain={check}").out.splitlines():
            if line.endswith(":") and not line.startswith(" "):
                product = line[:-1]
            elif line.startswith("    ") and product:
                told.setdefault(product, {}).setdefault(check, []).append(line[4:])
            else:
                product = None
    assert set(told) == {"Postfix", "Dovecot", "Exchange", "Exim", "DNS"}, told.keys()
    return told


def settings(lines) -> list:
    """Those that are settings: no comments, nothing for master.cf or for another program's file."""
    return [line for line in lines if re.match(r"\w+ ?=", line)]


@pytest.fixture
def files(rig, pki):
    """Replaces the names of files that an administrator has by those of the rig."""
    leaf, other = pki.leaf("server"), pki.leaf("rsa")
    both = rig.scratch / "both.pem"
    both.write_text(leaf.pem_file.read_text())
    dh = truth.dh_parameters(rig.scratch / "fix-dh.pem")
    names = {
        "/etc/postfix/ecdsa.pem": leaf.pem_file,
        "/etc/postfix/rsa.pem": other.pem_file,
        "/etc/postfix/key-and-fullchain.pem": both,
        "/etc/postfix/dh2048.pem": dh,
        "/etc/dovecot/rsa-fullchain.pem": other.chain_file,
        "/etc/dovecot/rsa-privkey.pem": other.key_file,
        "/etc/dovecot/fullchain.pem": leaf.chain_file,
        "/etc/dovecot/privkey.pem": leaf.key_file,
        "/etc/dovecot/dh.pem": dh,
    }

    def replace(line: str) -> str:
        for name, mine in names.items():
            line = line.replace(name, str(mine))
        assert "/etc/" not in line, line
        return line

    return replace


def distinct(rows, files) -> list:
    """The settings of all checks, each once, as lists in which no name comes twice: so that each is tried."""
    groups = []
    for line in dict.fromkeys(files(line) for lines in rows.values() for line in settings(lines) if TOO_NEW not in line):
        name = line.partition("=")[0].strip()
        group = next((group for group in groups if name not in group), None)
        if group is None:
            groups.append(group := {})
        group[name] = line
    return ["\n".join(group.values()) + "\n" for group in groups]


def handshake(port: int, starttls: bool) -> str:
    """The version agreed on, with a client of today that verifies nothing."""
    context = ssl._create_unverified_context()  # pylint: disable=protected-access
    with socket.create_connection(("127.0.0.1", port), timeout=20) as peer:
        if starttls:
            for command in (b"", b"EHLO fix.example.test\r\n", b"STARTTLS\r\n"):
                peer.sendall(command)
                answer = peer.recv(4096)
                assert answer[:2] == b"22" or b"STARTTLS" in answer, answer
        with context.wrap_socket(peer) as secure:
            return secure.version()


def test_every_line_for_postfix_is_known_to_it(fixes, files, rig, tmp_path):
    shutil.copy(rig.start("postfix").dir / "main.cf", tmp_path)
    shutil.copy(rig.start("postfix").dir / "master.cf", tmp_path)
    tried = 0
    for check, lines in fixes["Postfix"].items():
        for line in settings(lines):
            done = subprocess.run(["postconf", "-c", tmp_path, "-e", files(line)], capture_output=True, text=True, check=False)
            assert done.returncode == 0 and not done.stderr, (check, line, done.stderr)
            tried += 1
        for option in re.findall(r"^-o (\S+)$", "\n".join(lines), re.MULTILINE):
            run(["postconf", "-c", tmp_path, "-P", "-e", f"pickup/unix/{option}"])
            tried += 1
    shown = subprocess.run(["postconf", "-c", tmp_path, "-n"], capture_output=True, text=True, check=True)
    assert "unused parameter" not in shown.stderr, shown.stderr
    shown = subprocess.run(["postconf", "-c", tmp_path, "-P"], capture_output=True, text=True, check=True)
    assert "unused parameter" not in shown.stderr, shown.stderr
    assert tried > 30


def test_postfix_runs_with_what_is_advised(fixes, files, rig):
    """The values too are looked at, by a server that starts with them and agrees on TLS."""
    for index, group in enumerate(distinct(fixes["Postfix"], files)):
        group = re.sub(r"^smtpd_sasl_(path|type).*\n", "", group, flags=re.MULTILINE)
        server = rig.launch(Postfix(rig, f"postfix-fix-{index}", dovecot=rig.start("dovecot"), settings=group))
        assert handshake(server.port("smtp"), True) == "TLSv1.3", group
        log = (server.dir / "mail.log").read_text()
        complaints = re.findall(r"smtpd\[\d+\]: ((?:warning: (?!hostname|.*overriding earlier)|error:|fatal:).*)", log)
        assert not complaints, (group, complaints)
        server.stop()


def test_every_line_for_dovecot_is_known_to_it(fixes, files, rig, tmp_path):
    config = tmp_path / "dovecot.conf"
    base = (rig.start("dovecot").dir / "dovecot.conf").read_text()
    tried = 0
    for check, lines in fixes["Dovecot"].items():
        if not settings(lines):
            continue
        config.write_text(base + "\n".join(map(files, settings(lines))) + "\n")
        done = subprocess.run(["doveconf", "-c", config, "-n"], capture_output=True, text=True, check=False)
        assert done.returncode == 0 and not re.search("Error|Obsolete|Warning", done.stderr), (check, lines, done.stderr)
        tried += 1
    assert tried > 20


def test_dovecot_runs_with_what_is_advised(fixes, files, rig):
    for index, group in enumerate(distinct(fixes["Dovecot"], files)):
        server = rig.launch(Dovecot(rig, f"dovecot-fix-{index}", settings=group))
        assert handshake(server.port("imaps"), False) == "TLSv1.3", group
        assert not re.search("Error:|Fatal:|Warning:", server.log.read_text()), (group, server.log.read_text())
        server.stop()


def test_every_line_for_the_dns_is_a_zone(fixes, tmp_path):
    """One after the other, each set in a zone of its own."""
    for check, lines in fixes["DNS"].items():
        text = "\n".join(lines).replace("THE-DIGEST", "ab" * 32)
        zone = tmp_path / "example.org.zone"
        zone.write_text(f"$ORIGIN example.org.\n$TTL 60\n@ IN SOA ns hostmaster 1 2 3 4 5\n@ IN NS ns\nns IN A 192.0.2.9\n{text}\n")
        done = subprocess.run(["nsd-checkzone", "example.org", zone], capture_output=True, text=True, check=False)
        assert done.returncode == 0, (check, text, done.stdout + done.stderr)


def test_every_line_for_exim_is_a_setting(fixes):
    """Debian's Exim and Postfix exclude each other: its form is looked at. A comment has a line of its own there."""
    for check, lines in fixes["Exim"].items():
        for line in lines:
            assert re.fullmatch(r"#.*|[a-z_]+ = [^#]*", line), (check, line)
