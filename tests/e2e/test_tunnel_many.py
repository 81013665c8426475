"""`postern tunnel` with many connections: one after another, and all at once."""

import os
import socket
import threading

import pytest
from rig.dovecot import Dovecot
from tunnelling import PLENTY, DefaultStartups, descendants, ssh_options, tunnel  # noqa: F401


@pytest.fixture(scope="session")
def strict_hop(rig):
    return rig.launch(DefaultStartups(rig, "ssh-default"))


@pytest.fixture(scope="session")
def roomy(rig):
    return rig.launch(Dovecot(rig, "dovecot-roomy", settings="default_process_limit = 300\n"))


@pytest.fixture(scope="session")
def quick(rig):
    one_process = "service pop3-login {\n  service_count = 0\n}\n"  # else it starts one for each
    return rig.launch(Dovecot(rig, "dovecot-quick", cleartext=True, settings=one_process))


# A thousand is for what is left over of each: descriptors, processes, logins. The optimised program has them all the same.
RELEASE = os.environ.get("POSTERN_RELEASE")


def one_after_another(port, count, failures):
    try:
        for _ in range(count):
            with socket.create_connection(("127.0.0.1", port), timeout=PLENTY) as s:
                assert s.recv(100).startswith(b"+OK")
                s.sendall(b"QUIT\r\n")
                assert s.recv(100).startswith(b"+OK")
    except Exception as why:
        failures.append(why)


def holds(t):
    """What it has open, and the processes that it has started."""
    return len(os.listdir(f"/proc/{t.process.pid}/fd")), len(descendants(t.process.pid))


def test_a_thousand_connections_one_after_another(tunnel, quick):
    t = tunnel(":0", quick.url("pop3"), "--max-connections=4", program=RELEASE)
    failures = []
    one_after_another(t.port, 1000, failures)
    assert not failures, (failures, t.said())
    assert holds(t)[0] < 40


def test_a_thousand_connections_one_after_another_through_ssh(tunnel, quick, strict_hop):
    """In four rows: sshd holds back a server's greeting until its peer has acknowledged the opening of the channel (Nagle's
    algorithm), which that delays by 40 ms, the two of them alone; nobody works meanwhile."""
    before = strict_hop.log.read_text().count("Accepted publickey")
    way = [f"--via={strict_hop.hop}", *ssh_options(strict_hop.options())]
    t = tunnel(":0", quick.url("pop3"), "--max-connections=8", *way, program=RELEASE)
    failures = []
    rows = [threading.Thread(target=one_after_another, args=(t.port, 250, failures)) for _ in range(4)]
    for row in rows:
        row.start()
    for row in rows:
        row.join()
    assert not failures, (failures, t.said())
    descriptors, processes = holds(t)
    assert descriptors < 60 and processes < 20
    assert strict_hop.log.read_text().count("Accepted publickey") == before + 1  # one login for all


@pytest.mark.parametrize("count, own", [(100, []), (30, ["ControlPath=/nonexistent/%C"])], ids=["shared", "each its own"])
def test_many_connections_at_once_through_ssh(roomy, tunnel, strict_hop, count, own):
    """With one login for all; and where the user has his own idea of sharing, with one for each: three times as many as that
    sshd takes before it hangs up."""
    t = tunnel(":0", roomy.url("pop3"), "--timeout=120", f"--via={strict_hop.hop}", *ssh_options(strict_hop.options() + own))
    clients = [socket.create_connection(("127.0.0.1", t.port), timeout=120) for _ in range(count)]
    for client in clients:
        assert client.recv(100).startswith(b"+OK"), t.said()
    for client in clients:
        client.sendall(b"QUIT\r\n")
    for client in clients:
        assert client.recv(100).startswith(b"+OK")
        client.close()
