"""`postern config import`: accounts from other programs' files, which then work; and the page that tells fetchmail's users how
to move in."""

import re
import shlex
import stat
import subprocess
from pathlib import Path

import fetching
import pytest
from rig.postern import binary

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guide" / "from-fetchmail.md"


def the_files(port, password, ca_file):
    """The same account four times: kind, text, and what stands in the section for it."""
    return {
        "fetchmailrc": f'poll localhost proto pop3 port {port} user alice pass "{password}" keep ssl sslcertfile {ca_file}\n',
        "mpoprc": f"account localhost\nhost localhost\nport {port}\ntls on\ntls_starttls off\ntls_trust_file {ca_file}\n"
        f"user alice\npassword {password}\nkeep on\ndelivery maildir Mail\n",
        "getmailrc": f"[retriever]\ntype = SimplePOP3SSLRetriever\nserver = localhost\nport = {port}\nusername = alice\n"
        f"password = {password}\nca_certs = {ca_file}\n[destination]\ntype = Maildir\npath = Mail/\n",
    }


@pytest.mark.parametrize("kind", ["fetchmailrc", "mpoprc", "getmailrc"])
def test_an_imported_account_fetches(postern, dovecot, users, pki, kind):
    sent = fetching.messages(2, seed=7)
    fetching.fill(dovecot, users.alice, sent)
    home = postern.home()
    text = the_files(dovecot.port("pop3s"), users.alice.password, pki.ca_file)[kind]
    file, conf = home.file(kind, text), home.config / "postern" / "accounts.conf"
    conf.parent.mkdir(exist_ok=True)
    done = postern.run("config", "import", kind, file, "--with-passwords", f"--into={conf}", home=home)
    assert done.status == 0 and done.out == "", done
    assert stat.S_IMODE(conf.stat().st_mode) == 0o600
    fetched = postern.run("fetch", "localhost", "--to=Mail", home=home)
    assert fetched.status == 0, fetched
    assert fetching.compare(sent, fetching.collected(home.written / "Mail")) == fetching.compare(sent, list(map(fetching.as_file, sent)))
    again = postern.run("config", "import", kind, file, "--with-passwords", f"--into={conf}", home=home)
    assert again.status == 78 and "has an account localhost already" in again.err, "never overwritten"


def test_passwords_stay_behind_unless_asked_for(postern, users, passwords):
    secret = passwords.add("carried-over-0nly-when-asked")
    home = postern.home()
    file = home.file("rc", f"poll h.example.org proto imap user u pass '{secret}' flush\n")
    done = postern.run("config", "import", "fetchmailrc", file, home=home)
    assert done.status == 0 and secret not in done.out + done.err
    assert "[account h.example.org]\nurl = imap://h.example.org\nuser = u\n" in done.out
    assert "1 password was left out: give password-command" in done.err
    assert re.search(r"rc:1: flush: ", done.err)
    shown = postern.run(
        "config", "import", "fetchmailrc", file, "--with-passwords", home=postern.home(shows_secrets=True), shows_secrets=True
    )
    assert f"password = {secret}\n" in shown.out


def test_msmtprc(postern):
    home = postern.home()
    file = home.file("msmtprc", "account work\nhost smtp.example.org\nport 587\ntls on\nfrom me@example.org\nlogfile ~/log\n")
    done = postern.run("config", "import", "msmtprc", file, home=home)
    assert done.out == "[account work]\nurl = submission://smtp.example.org\nfrom = me@example.org\n"
    assert "msmtprc:6: logfile: it has no counterpart" in done.err


@pytest.mark.parametrize(
    "args, status, words",
    [
        ((), 64, "what should be done?"),
        (("import",), 64, "fetchmailrc, mpoprc, msmtprc or getmailrc"),
        (("import", "fetchmailcr", "x"), 64, "did you mean fetchmailrc?"),
        (("import", "mpoprc"), 64, "postern config import mpoprc ~/.mpoprc"),
        (("import", "mpoprc", "/nonexistent"), 66, "/nonexistent"),
        (("import", "mpoprc", "/dev/null"), 65, "no account that can be carried over"),
        (("show", "mpoprc", "x"), 64, "fetchmailrc"),
    ],
)
def test_mistakes_are_told(postern, args, status, words):
    done = postern.run("config", *args)
    assert done.status == status and words in done.err, done


# --- docs/guide/from-fetchmail.md

BLOCKS = re.findall(r"^```shell\n(.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS)
def test_every_command_of_the_guide_works(postern, dovecot, ssh, users, pki, tmp_path, block):
    fetching.fill(dovecot, users.alice, fetching.messages(1, seed=8))
    home = postern.home(shows_secrets=True)
    port = dovecot.port("pop3s")
    rc = f'poll localhost proto pop3 port {port} user alice pass "{users.alice.password}" keep ssl mda "cat >/dev/null"\n'
    home.file(".fetchmailrc", rc)
    config = home.file("ssh_config", ssh.config.read_text().replace("Host hop", "Host hop gateway.example.org", 1))
    way = [f"--connect-to=mail.example.org:110:127.0.0.1:{dovecot.port('pop3')}", f"--ssh-option=-F{config}"]
    extra = " ".join(shlex.quote(str(word)) for word in [f"--ca-file={pki.ca_file}", *way])
    script = tmp_path / "postern"
    script.write_text(
        f'#!/bin/sh\nverb=$1\nshift\n[ "$verb" != fetch ] || exec {binary()} fetch {extra} "$@"\nexec {binary()} "$verb" "$@"\n'
    )
    script.chmod(0o755)
    env = postern.environment(home, users.alice.password)
    env["PATH"] = f"{tmp_path}:{env['PATH']}"
    done = subprocess.run(["sh", "-ec", block], env=env, cwd=home.written, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
