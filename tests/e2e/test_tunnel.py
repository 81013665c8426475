"""`postern tunnel`: ports that lead through verified TLS to real servers, for clients that cannot go there themselves; who may
connect, and how long it lives. Through SSH: test_tunnel_ssh.py."""

import contextlib
import imaplib
import os
import poplib
import re
import signal
import smtplib
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from rig import mailbox
from rig.dovecot import Dovecot
from rig.postern import binary
from tunnelling import PLENTY, Running, pop3_count, raw, ssh_options, tunnel  # noqa: F401

OK, USAGE, UNAVAILABLE, CANNOT_CREATE, INSECURE = 0, 64, 69, 73, 76


# --- verified TLS behind it, for clients that know none


def test_pop3_client_without_tls(tunnel, dovecot, users):
    t = tunnel(":0", dovecot.url("pop3"))
    client = poplib.POP3("127.0.0.1", t.port, timeout=PLENTY)
    assert client.getwelcome().startswith(b"+OK")
    offered = client.capa()
    assert "STLS" not in offered and "PLAIN" in offered["SASL"]
    with pytest.raises(poplib.error_proto, match="inside TLS already"):
        client._shortcmd("STLS")
    client.user("alice")
    client.pass_(users.alice.password)
    assert client.stat()[0] == len(mailbox.MESSAGES)
    assert "STLS" not in client.capa()
    client.quit()


def test_imap_client_without_tls(tunnel, dovecot, users):
    t = tunnel(":0", dovecot.url("imap"))
    client = imaplib.IMAP4("127.0.0.1", t.port, timeout=PLENTY)
    assert b"CAPABILITY" in client.welcome and b"STARTTLS" not in client.welcome
    assert b"LOGINDISABLED" not in client.welcome
    assert "STARTTLS" not in client.capabilities and "AUTH=PLAIN" in client.capabilities
    client.login("alice", users.alice.password)
    assert client.select("INBOX")[1] == [str(len(mailbox.MESSAGES)).encode()]
    client.logout()
    answer = raw(t.port, b"x1 STARTTLS", b"x2 CAPABILITY", b"x3 LOGOUT")
    assert re.search(rb"^x1 BAD .*inside TLS already", answer, re.M)
    assert b"STARTTLS" not in answer.partition(b"x2 OK")[0].partition(b"x1 BAD")[0]
    assert b"\r\nx2 OK" in answer and b"\r\nx3 OK" in answer


@pytest.mark.parametrize("server", ["dovecot", "postfix"])
def test_submission_client_without_tls(tunnel, server, users, request):
    t = tunnel(":0", request.getfixturevalue(server).url("submission"))
    client = smtplib.SMTP("127.0.0.1", t.port, local_hostname="old.example", timeout=PLENTY)
    client.ehlo()
    assert not client.has_extn("STARTTLS") and client.has_extn("AUTH")
    assert client.docmd("STARTTLS")[0] == 502
    client.login("alice", users.alice.password)
    if server == "postfix":  # the other has nowhere to relay to, and says so with 421
        assert client.docmd("NOOP")[0] == 250
    client.close()


def test_smtp_client_without_tls(tunnel, postfix):
    t = tunnel(":0", postfix.url("smtp"))
    answer = raw(t.port, b"HELO old.example", b"QUIT")
    assert re.match(rb"220 .*\r\n250 .*\r\n221 ", answer), answer


def test_managesieve_client_without_tls(tunnel, dovecot):
    t = tunnel(":0", dovecot.url("sieve"))
    answer = raw(t.port, b"CAPABILITY", b"STARTTLS", b"LOGOUT")
    assert answer.count(b'"SIEVE"') == 2 and b'"STARTTLS"' not in answer
    assert b"inside TLS already" in answer and answer.rstrip().endswith(b"Logout completed.\"")


@pytest.mark.parametrize("scheme, goodbye", [("pop3s", b"QUIT"), ("imaps", b"a LOGOUT"), ("submissions", b"QUIT")])
def test_tls_from_the_start_behind_it(tunnel, dovecot, scheme, goodbye):
    t = tunnel(":0", dovecot.url(scheme))
    assert raw(t.port, goodbye).count(b"\r\n") >= 2


def test_a_certificate_that_does_not_hold_is_told_to_the_client_and_nothing_is_sent(rig, postern, pki):
    bad = rig.launch(Dovecot(rig, "dovecot-tunnel-bad", cert="expired"))
    with Running(postern, f"--ca-file={pki.ca_file}", ":0", bad.url("pop3")) as t:
        answer = raw(t.port, b"USER alice")
        assert answer.startswith(b"-ERR [SYS/TEMP] ") and b"expired" in answer
        t.expect("expired")


def test_what_a_client_says_at_once_is_not_lost(tunnel, dovecot, users):
    """Commands in one packet, of which the first ones are answered by the tunnel itself."""
    t = tunnel(":0", dovecot.url("pop3"))
    password = users.alice.password.encode()
    answer = raw(t.port, b"CAPA", b"STLS", b"CAPA", b"USER alice", b"PASS " + password, b"STAT", b"QUIT")
    assert answer.count(b"\r\n.\r\n") == 2
    assert f"+OK {len(mailbox.MESSAGES)} ".encode() in answer


def test_lmtp_through_the_tunnel_delivers(tunnel, dovecot, users, postern):
    """To a server on a unix socket; a client that knows only TCP delivers there."""
    t = tunnel(":0", f"lmtp://{dovecot.lmtp_socket}")
    marked = f"Subject: tunnel-lmtp-{os.getpid()}"
    with smtplib.LMTP("127.0.0.1", t.port, local_hostname="old.example", timeout=PLENTY) as client:
        client.ehlo()  # LHLO
        assert client.has_extn("PIPELINING") and not client.has_extn("STARTTLS")
        assert client.sendmail("a@example.org", ["bob"], f"{marked}\r\n\r\nx\r\n") == {}
    inside = tunnel(":0", dovecot.url("pop3"))
    reader = poplib.POP3("127.0.0.1", inside.port, timeout=PLENTY)
    reader.user("bob")
    reader.pass_(users.bob.password)
    there = [number for number in range(1, reader.stat()[0] + 1) if marked.encode() in reader.top(number, 0)[1]]
    assert len(there) == 1  # among what others sent to bob meanwhile
    reader.dele(there[0])
    reader.quit()


# --- who may connect

NOBODY = 65534
AS_NOBODY = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
CLIENT = """
import socket, sys
where = sys.argv[1]
s = socket.socket(socket.AF_UNIX if "/" in where else socket.AF_INET)
s.settimeout(30)
s.connect(where if "/" in where else ("127.0.0.1", int(where)))
sys.stdout.buffer.write(s.recv(200))
"""


def as_nobody(where) -> bytes:
    assert os.geteuid() == 0, "who else one may be only root can try out"
    ran = subprocess.run([*AS_NOBODY, sys.executable, "-c", CLIENT, str(where)], capture_output=True, timeout=60)
    return ran.stdout + ran.stderr


def test_another_user_of_this_machine_is_refused(tunnel, dovecot):
    t = tunnel(":0", dovecot.url("pop3"))
    assert as_nobody(t.port).startswith(b"-ERR [SYS/TEMP] this tunnel is for another user")
    t.expect("refused a connection from 127.0.0.1:[0-9]+, of user nobody: this tunnel is for user root")
    assert raw(t.port, b"QUIT").startswith(b"+OK")


@pytest.mark.parametrize("who", ["nobody", str(NOBODY), "anyone"])
def test_another_user_who_is_allowed(tunnel, dovecot, who):
    t = tunnel(":0", dovecot.url("pop3"), f"--allow={who}")
    assert as_nobody(t.port).startswith(b"+OK")


def test_unix_socket(tunnel, dovecot, tmp_path):
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents[:3]:
        parent.chmod(parent.stat().st_mode | 0o011)
    path = Path("/tmp") / f"postern-tunnel-{os.getpid()}"
    t = tunnel(path, dovecot.url("pop3"))
    assert t.where == str(path) and path.stat().st_mode & 0o777 == 0o600
    answer = raw(0, b"QUIT", family=socket.AF_UNIX, where=str(path))
    assert answer.startswith(b"+OK")
    assert b"Permission denied" in as_nobody(path)
    path.chmod(0o666)
    assert as_nobody(path).startswith(b"-ERR [SYS/TEMP] this tunnel is for another user")
    t.close()
    assert not path.exists()


def test_other_machines_only_when_said(postern, dovecot):
    done = postern.run("tunnel", "0.0.0.0:0", dovecot.url("pop3"))
    assert done.status == USAGE and "--allow=anyone" in done.err


# --- ports


def test_port_110_as_root(tunnel, dovecot, users):
    free = subprocess.run(["ss", "-Hltn", "sport = :110"], capture_output=True, text=True).stdout == ""
    assert os.geteuid() == 0 and free
    t = tunnel("127.0.0.1:110", dovecot.url("pop3"))
    assert pop3_count(110, users.alice) == len(mailbox.MESSAGES)


def test_port_110_without_the_right_is_explained(postern, dovecot, tmp_path):
    home = postern.home()
    for path in (home.dir, home.config, home.written, home.state):
        path.chmod(0o755)
    ran = subprocess.run(
        [*AS_NOBODY, binary(), "tunnel", "127.0.0.1:110", dovecot.url("pop3")],
        capture_output=True, text=True, timeout=60, cwd="/",
        env=postern.environment(home, env={"HOME": "/", "XDG_CONFIG_HOME": "/", "XDG_STATE_HOME": "/"}),
    )  # fmt: skip
    start = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text()
    assert int(start) > 110, "this machine lets anybody have port 110"
    assert ran.returncode == CANNOT_CREATE, ran.stderr
    for way in ("LISTEN_FDS", "cap_net_bind_service", "ip_unprivileged_port_start", "above 1023"):
        assert way in ran.stderr


def test_a_port_in_use(postern, dovecot):
    done = postern.run("tunnel", f"127.0.0.1:{dovecot.port('pop3')}", dovecot.url("pop3"))
    assert done.status == CANNOT_CREATE and "another program listens there" in done.err


def test_socket_of_a_service_manager(postern, dovecot, pki):
    """As systemd does it: descriptor 3, and the process's own number in the environment."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        home = postern.home()
        words = [binary(), "tunnel", f"--ca-file={pki.ca_file}", "--once", "ignored:0".replace("ignored", ""), dovecot.url("pop3")]
        script = 'exec 3<&"$1"; shift; LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"'
        child = subprocess.Popen(
            ["bash", "-c", script, "sh", str(listening.fileno()), *words],
            pass_fds=[listening.fileno()], stdout=subprocess.PIPE, env=postern.environment(home), cwd=home.written,
        )  # fmt: skip
        port = listening.getsockname()[1]
        assert child.stdout.readline().decode().strip() == f"127.0.0.1:{port}"
        assert raw(port, b"QUIT").startswith(b"+OK")
        child.stdout.close()
        assert child.wait(PLENTY) == OK


# --- its life


def test_once(tunnel, dovecot):
    t = tunnel(":0", dovecot.url("pop3"), "--once")
    assert raw(t.port, b"QUIT").startswith(b"+OK")
    assert t.wait() == OK
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", t.port), timeout=PLENTY)


def test_once_says_how_it_went(tunnel):
    t = tunnel(":0", "pop3://localhost:9", "--once")
    assert raw(t.port).startswith(b"-ERR [SYS/TEMP] cannot connect")
    assert t.wait() == UNAVAILABLE


def test_for_some_time_and_open_connections_may_end(tunnel, dovecot):
    t = tunnel(":0", dovecot.url("pop3"), "--for", "1s", "-v")
    with socket.create_connection(("127.0.0.1", t.port), timeout=PLENTY) as s:
        assert s.recv(100).startswith(b"+OK")
        t.expect("the time is over")
        s.sendall(b"QUIT\r\n")
        assert s.recv(100).startswith(b"+OK")
    assert t.wait() == OK


def test_background(postern, dovecot, pki, ssh, users):
    done = postern.run(
        "tunnel", f"--ca-file={pki.ca_file}", "--background", "--for=60s", "--pid-file=pid", ":0", dovecot.url("pop3"),
        f"--via={ssh.hop}", *ssh_options(ssh.options()),
    )  # fmt: skip
    assert done.status == OK, done
    pid = int((done.home.written / "pid").read_text())
    assert f"process {pid}" in done.err
    try:
        assert raw(int(done.out.rpartition(":")[2]), b"QUIT").startswith(b"+OK")
        assert os.getsid(pid) == pid
    finally:
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + PLENTY
    while (done.home.written / "pid").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_background_comes_back_only_when_the_way_is_there(postern, pki, dovecot, ssh):
    done = postern.run("tunnel", "--background", ":0", "pop3://localhost:9")
    assert done.status == UNAVAILABLE and done.out == "" and "the way is not there" in done.err
    done = postern.run("tunnel", "--background", ":0", dovecot.url("pop3"))  # trusts other authorities
    assert done.status == INSECURE and done.out == ""
    words = [*ssh.options(key="/dev/null")]
    done = postern.run("tunnel", "--background", ":0", dovecot.url("pop3"), f"--via={ssh.hop}", *ssh_options(words))
    assert done.status == UNAVAILABLE and "Permission denied" in done.err


def test_for_a_commands_life(postern, dovecot, pki):
    script = (
        "import os, poplib\n"
        "c = poplib.POP3(os.environ['POSTERN_TUNNEL_HOST'], int(os.environ['POSTERN_TUNNEL_PORT']))\n"
        "print(c.getwelcome().decode()); c.quit(); raise SystemExit(7)\n"
    )
    begun = [f"--ca-file={pki.ca_file}", ":0", dovecot.url("pop3"), "--"]
    done = postern.run("tunnel", *begun, sys.executable, "-c", script)
    assert done.status == 7 and done.out.startswith("+OK"), done
    done = postern.run("tunnel", *begun, "/no/such/program")
    assert done.status == UNAVAILABLE and "/no/such/program" in done.err
    done = postern.run("tunnel", ":0", "pop3://localhost:9", "--", "echo", "started")
    assert done.status == UNAVAILABLE and done.out == ""


def test_a_command_is_ended_with_the_tunnel(postern, dovecot, pki):
    t = Running(postern, f"--ca-file={pki.ca_file}", ":0", dovecot.url("pop3"), "--", "sh", "-c", "echo up; exec sleep 100")
    assert t.where == "up"
    t.process.send_signal(signal.SIGTERM)
    assert t.wait() == 128 + signal.SIGTERM
    t.close()


def test_interrupted(tunnel, dovecot):
    t = tunnel(":0", dovecot.url("pop3"))
    with socket.create_connection(("127.0.0.1", t.port), timeout=PLENTY) as s:
        assert s.recv(100).startswith(b"+OK")
        t.process.send_signal(signal.SIGINT)
        assert t.wait() == 130


# --- what is refused


def test_usage(postern, dovecot):
    for words in (
        [],
        [dovecot.url("pop3")],
        [":0", dovecot.url("pop3"), "--transcript=x"],
        [":0", dovecot.url("pop3"), "--for=soon"],
        [":0", dovecot.url("pop3"), "--allow=no-such-user"],
        [":0", dovecot.url("pop3"), "--background", "--", "true"],
        [":0", "xmpp://localhost:5222"],
    ):
        done = postern.run("tunnel", *words)
        assert done.status == USAGE, (words, done)
        assert done.out == "" and done.err.startswith("postern: ")


def test_dry_run(postern, dovecot):
    done = postern.run("tunnel", "11110", dovecot.url("pop3"), "--dry-run")
    assert done.status == OK and "TLS beyond" in done.out
    done = postern.run("tunnel", "11110", dovecot.url("pop3"), "--dry-run", "--via=ssh://gw.example.org")
    assert done.status == OK and "a byte pipe" in done.out


def test_a_client_that_floods_and_never_reads(tunnel, dovecot):
    """It is held back; nothing grows."""
    t = tunnel(":0", dovecot.url("pop3"))
    with socket.create_connection(("127.0.0.1", t.port), timeout=PLENTY) as s:
        stop = threading.Event()
        s.settimeout(0.5)
        sent = 0
        with contextlib.suppress(OSError):
            while sent < 64_000_000 and not stop.is_set():
                sent += s.send(b"x" * 65536)
        status = Path(f"/proc/{t.process.pid}/status").read_text() if t.process.poll() is None else ""
    resident = int(re.search(r"VmRSS:\s+(\d+)", status).group(1))
    assert resident < 400_000  # kB, ASan's included
    assert raw(t.port, b"QUIT").startswith(b"+OK")
