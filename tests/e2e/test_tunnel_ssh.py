"""`postern tunnel --via`: a byte pipe through OpenSSH; what the hop allows, and what becomes of it."""

import contextlib
import os
import poplib
import signal
import socket
import ssl
import tempfile
import time
from pathlib import Path

import pytest
from rig import mailbox
from rig.ssh import Ssh
from tunnelling import PLENTY, NoShell, descendants, gone, pop3_count, raw, ssh_options, through, tunnel  # noqa: F401

def test_pipe_through_ssh(through, dovecot, ssh, users):
    t = through("127.0.0.1:0", dovecot.url("pop3s"))
    client = poplib.POP3_SSL  # the client speaks TLS itself
    context = ssl.create_default_context(cafile=dovecot.rig.pki.ca_file)
    with socket.create_connection(("127.0.0.1", t.port), timeout=PLENTY) as plain:
        with context.wrap_socket(plain, server_hostname="localhost") as inside:
            assert inside.recv(100).startswith(b"+OK")
    assert client and ("localhost", dovecot.port("pop3s")) in ssh.forwarded()


def test_stls_of_the_client_goes_through_the_pipe(through, dovecot, users):
    t = through(":0", dovecot.url("pop3"))
    client = poplib.POP3("127.0.0.1", t.port, timeout=PLENTY)
    context = ssl.create_default_context(cafile=dovecot.rig.pki.ca_file)
    context.check_hostname = False
    client.stls(context)
    client.user("alice")
    client.pass_(users.alice.password)
    assert client.stat()[0] == len(mailbox.MESSAGES)
    client.quit()


def test_tls_through_ssh_when_asked_for(through, dovecot, users):
    t = through(":0", dovecot.url("pop3"), "--tls=required")
    assert pop3_count(t.port, users.alice) == len(mailbox.MESSAGES)


def test_account_without_a_shell_will_do(rig, tunnel, dovecot):
    """Forwarding only: no session may be opened at that server."""
    strict = NoShell(rig, "ssh-no-shell")
    rig.launch(strict)
    t = tunnel(":0", dovecot.url("pop3"), f"--via={strict.hop}", *ssh_options(strict.options()))
    assert raw(t.port, b"QUIT").startswith(b"+OK")


def test_hop_that_refuses_is_told_to_the_client(through, dovecot, ssh):
    t = through(":0", dovecot.url("pop3"), words=[*ssh.options(), "UserKnownHostsFile=/dev/null"][::-1])
    assert raw(t.port).startswith(b"-ERR [SYS/TEMP] ssh to 127.0.0.1 failed")
    t.expect("Host key verification failed")
    imap = through(":0", dovecot.url("imap"), words=[*ssh.options(), "UserKnownHostsFile=/dev/null"][::-1])
    assert raw(imap.port).startswith(b"* BYE ssh to 127.0.0.1 failed")


def test_hop_dies_and_returns(rig, tunnel, dovecot):
    hop = rig.launch(Ssh(rig, "ssh-mortal"))
    t = tunnel(":0", dovecot.url("pop3"), f"--via={hop.hop}", *ssh_options(hop.options()))
    assert raw(t.port, b"QUIT").startswith(b"+OK")
    logins = [pid for pid, line in descendants(os.getpid()) if "sshd" in line and " -f " not in line]
    hop.stop()
    for pid in logins:  # they outlive the listening process
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    assert raw(t.port, b"QUIT").startswith(b"-ERR [SYS/TEMP]")
    for key in ("id", "id_locked", "host", "other"):  # it makes new ones: the same door, other keys
        (hop.dir / key).unlink()
    hop.start()
    assert raw(t.port, b"QUIT").startswith(b"+OK")


# --- the login that connections share


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_the_shared_login_ends_with_the_tunnel(through, dovecot, how):
    with tempfile.TemporaryDirectory(prefix="run-") as runtime:  # short: a socket's path has at most 107 octets
        ends_with_the_tunnel(through, dovecot, Path(runtime), how)


def ends_with_the_tunnel(through, dovecot, runtime, how):
    t = through(":0", dovecot.url("pop3"), env={"XDG_RUNTIME_DIR": str(runtime)})
    assert raw(t.port, b"QUIT").startswith(b"+OK")
    (place,) = runtime.glob("postern-*")
    assert place.stat().st_mode & 0o777 == 0o700
    started = descendants(t.process.pid)
    assert any("ControlMaster=yes" in line for _, line in started), started
    t.process.send_signal(how)
    t.wait()
    deadline = time.monotonic() + PLENTY
    while not gone(pid for pid, _ in started):
        assert time.monotonic() < deadline, "ssh lives on"
        time.sleep(0.05)
    assert not (place / "ssh").exists()
    assert place.exists() == (how == signal.SIGKILL)


def test_a_shared_login_that_is_killed_is_made_anew(through, dovecot):
    t = through(":0", dovecot.url("pop3"))
    for _ in range(3):
        assert raw(t.port, b"QUIT").startswith(b"+OK")
        for pid, line in descendants(t.process.pid):
            if "ControlMaster=yes" in line and line.startswith("ssh "):
                os.kill(pid, signal.SIGKILL)
