"""Every command in docs/guide/*.md works as it stands there.

The pages speak of hosts at example.org. A stand-in for `postern`, first on the PATH, adds where those are on this machine, and
whose certificates to trust; nothing else is changed.
"""

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from rig.postern import binary

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guide"
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks():
    for page in sorted(GUIDE.glob("*.md")):
        text = page.read_text()
        for found in BLOCK.finditer(text):
            line = text.count("\n", 0, found.start()) + 2
            yield pytest.param(found.group(1), id=f"{page.stem}-line-{line}")


@pytest.fixture
def places(dovecot, postfix, tls_www, gnutls):
    """What stands in for the hosts of the guide: name, port there, port here."""
    mail = [(995, "pop3s"), (110, "pop3"), (993, "imaps"), (143, "imap")]
    return [("mail.example.org", there, dovecot.port(here)) for there, here in mail] + [
        ("mail.example.org", 587, postfix.port("submission")),
        ("mx.example.org", 25, postfix.port("smtp")),
        ("www.example.org", 443, tls_www.port("tls")),
        ("test.example.org", 9995, gnutls.port("tls")),
    ]


def stand_in(directory: Path, options) -> Path:
    """A `postern` that is the program under test with these options behind the name of a command that connects."""
    script = directory / "bin" / "postern"
    script.parent.mkdir()
    extra = " ".join(shlex.quote(str(option)) for option in options)
    led = " ".join(shlex.quote(str(option)) for option in options if re.match("--(ca-file|connect-to)=", str(option)))
    script.write_text(
        f'#!/bin/sh\nverb=$1\nshift\ncase $verb in talk|check|tunnel|send|fetch) exec {binary()} "$verb" {extra} "$@" ;; esac\n'
        f'case $verb-$1 in auth-oauth) exec {binary()} auth {led} "$@" ;; esac\n'
        f'exec {binary()} "$verb" "$@"\n'
    )
    script.chmod(0o755)
    return script.parent


def gateway_configuration(directory: Path, ssh) -> Path:
    """The rig's own host "hop", under the guide's name for it."""
    path = directory / "ssh_config"
    path.write_text(ssh.config.read_text().replace("Host hop", "Host hop gateway.example.org", 1))
    return path


@pytest.mark.parametrize("block", blocks())
def test_guide_command_works(block, places, postern, pki, users, ssh, dns, oauth, tmp_path):
    home = postern.home(shows_secrets="auth " in block)
    options = [*dns.options]  # an audit asks for TLSA records
    options += [f"--connect-to={name}:{there}:127.0.0.1:{here}" for name, there, here in places]
    if "--ca-file" in block:
        (home.written / "ca.pem").write_bytes(Path(pki.ca_file).read_bytes())
    else:
        options.append(f"--ca-file={pki.ca_file}")
    if "oauth" in block:
        oauth.reset()
        oauth.name_told = "https://login.example.org"
        options.append(f"--connect-to=login.example.org:443:127.0.0.1:{oauth.port('https')}")
    env = postern.environment(home, password=None if "oauth" in block else users.alice.password)
    env["PATH"] = f"{stand_in(tmp_path, options)}:{os.environ['PATH']}"
    env["NODE_PATH"] = "/usr/share/nodejs"  # a project has its own node_modules
    env["POSTERN_SSH"] = f"ssh -F {gateway_configuration(tmp_path, ssh)}"
    ran = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", block], env=env, cwd=home.written, capture_output=True, timeout=120
    )
    (home.written / "stdout").write_bytes(ran.stdout)
    (home.written / "stderr").write_bytes(ran.stderr)
    said = ran.stdout.decode(errors="backslashreplace") + ran.stderr.decode(errors="backslashreplace")
    assert ran.returncode == 0, said
    silent = "--format=" in block  # into files
    assert ran.stdout or silent and len(list(home.written.iterdir())) > 2, "it did nothing"


def test_guide_has_the_recipes():
    """So that a page whose fences are broken cannot make the test above run nothing."""
    assert len(list(blocks())) >= 26
