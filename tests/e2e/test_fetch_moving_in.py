"""Who comes from another program has its list of what was fetched: made here by that program itself, and adopted."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from fetching import ALL_WELL, Collector, as_file, collected, compare, fill, messages
from rig.dovecot import Dovecot

OLD, NEW = messages(12, seed=8), messages(17, seed=8)[12:]


@pytest.fixture(scope="module")
def server(rig):
    return rig.launch(Dovecot(rig, "dovecot-moving-in", settings="mail_fsync = never\n"))


@pytest.fixture
def elsewhere():
    """A home for the other program; getmail and fdm do not deliver as root."""
    home = Path(tempfile.mkdtemp(prefix="postern-moving-in-"))
    for part in ("", "cur", "new", "tmp"):
        (home / "mail" / part).mkdir(exist_ok=True)
    yield home
    shutil.rmtree(home)


def fetchmail(home, port, user, ca):
    rc = f'poll localhost proto pop3 port {port} uidl user "{user.name}" password "{user.password}" ssl sslcertck ' \
         f'sslcertfile "{ca}" keep fetchall mda "/bin/sh -c \'cat > /dev/null\'"\n'
    return "fetchmailrc", rc, ["fetchmail", "-s", "--idfile", home / "ids", "--pidfile", home / "pid", "-f"], "ids"


def mpop(home, port, user, ca):
    rc = f"account default\nhost localhost\nport {port}\nuser {user.name}\npassword {user.password}\ntls on\ntls_starttls off\n" \
         f"tls_trust_file {ca}\nkeep on\ndelivery maildir {home}/mail\nuidls_file {home}/uidls\n"
    return "mpoprc", rc, ["mpop", "-q", "-C"], "uidls"


def getmail(home, port, user, ca):
    rc = f"[retriever]\ntype = SimplePOP3SSLRetriever\nserver = localhost\nport = {port}\nusername = {user.name}\n" \
         f"password = {user.password}\nca_certs = {ca}\n[destination]\ntype = Maildir\npath = {home}/mail/\n" \
         "[options]\nread_all = false\ndelete = false\nverbose = 0\n"
    return "rc", rc, ["getmail", f"--getmaildir={home}", "--rcfile"], "oldmail-*"


def fdm(home, port, user, ca):
    rc = f'set lock-file "{home}/lock"\naction "in" maildir "{home}/mail"\naccount "a" pop3s server "localhost" port {port} ' \
         f'user "{user.name}" pass "{user.password}" new-only cache "{home}/cache" keep\nmatch all action "in"\n'
    return "fdm.conf", rc, ["fdm", "-q", "-l", "-f"], "cache"


def collect_with(program, home, port, user, ca):
    """Runs it; the file in which it remembers what it has."""
    name, rc, argv, remembered = program(home, port, user, ca)
    (home / name).write_text(rc)
    (home / name).chmod(0o600)
    argv = [*argv, home / name] + (["fetch"] if program is fdm else [])
    if os.geteuid() == 0 and program in (getmail, fdm):
        subprocess.run(["chown", "-R", "nobody:nogroup", home], check=True)
        argv = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", *argv]
    done = subprocess.run(list(map(str, argv)), cwd=home, capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL,
                          env={"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", "FETCHMAILHOME": str(home)})
    assert done.returncode == 0, (done.returncode, done.stdout, done.stderr)
    (file,) = home.glob(remembered)
    return file


@pytest.mark.parametrize("program", [fetchmail, mpop, getmail, fdm])
def test_what_another_program_fetched_is_not_fetched_again(postern, server, pki, users, elsewhere, program):
    fill(server, users.bob, OLD)
    file = collect_with(program, elsewhere, server.port("pop3s"), users.bob, pki.ca_file)
    c = Collector(postern, server, pki, users.bob, "pop3s")
    done = c.run(f"--adopt-from={program.__name__}:{file}")
    assert done.status == 0, done
    assert collected(c.maildir) == [], done
    here = server.maildir(users.bob)
    for number, one in enumerate(NEW, 1):
        file = here / "new" / f"{1700001000 + number}.M{number}P2.rig,S={len(one)}"
        file.write_bytes(one)
        shutil.chown(file, here.owner(), here.group())
    done = c.run("--after=delete")
    assert done.status == 0, done
    assert compare(NEW, collected(c.maildir)) == ALL_WELL
    left = [file.read_bytes() for name in ("cur", "new") for file in (here / name).iterdir()]
    assert sorted(left) == sorted(OLD)  # what was adopted is not removed


def test_a_list_that_is_none_is_refused_before_anything_is_collected(postern, server, pki, users, elsewhere):
    fill(server, users.bob, OLD[:1])
    wrong = elsewhere / "wrong"
    wrong.write_bytes(as_file(OLD[1]))
    c = Collector(postern, server, pki, users.bob, "pop3s")
    done = c.run(f"--adopt-from=fdm:{wrong}")
    assert done.status == 65 and "line 1" in done.err and "fdm" in done.err, done
    assert not c.maildir.exists()
