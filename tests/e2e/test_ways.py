"""The way to a server: through OpenSSH and SOCKS proxies, to another address, over one address family, a unix socket; and
what is said, and with which status, when there is no way."""

import contextlib
import re
import socket
import threading

import pytest
from rig import mailbox

HOST_UNKNOWN, UNAVAILABLE, TRY_AGAIN, INSECURE, USAGE, NO_PERMISSION = 68, 69, 75, 76, 64, 77
NOBODY = 9  # the discard port: nothing listens there


def ssh_options(words):
    return [f"--ssh-option={word}" for word in words]


@pytest.fixture
def through(ssh, talk):
    """through(URL, ...): talk by way of the hop, with its key; `via` names other hops."""

    def run(url, *args, via=None, words=None, **more):
        hops = [f"--via={hop}" for hop in via or [ssh.hop]]
        return talk(url, *hops, *ssh_options(words or ssh.options()), *args, **more)

    return run


def assert_connected(done, words):
    assert done.status == 0, done
    assert f"=== connected to {words}\n" in done.out


# --- ssh


def test_ssh_with_a_key(ssh, dovecot, users, through):
    url = dovecot.url("imap", "alice")
    done = through(url, "--login", input="SELECT INBOX\n", password=users.alice.password)
    assert_connected(done, f"localhost:{dovecot.port('imap')} through ssh {ssh.hop[6:]}")
    assert "=== authenticated by SCRAM-SHA-256" in done.out
    assert f"* {len(mailbox.MESSAGES)} EXISTS" in done.out
    assert ("localhost", dovecot.port("imap")) in ssh.forwarded()


@pytest.mark.parametrize("scheme", ["imaps", "pop3s"])
def test_ssh_with_tls_from_the_start_inside(dovecot, users, through, scheme):
    done = through(dovecot.url(scheme, "alice"), "--stop-after=auth", password=users.alice.password)
    assert done.status == 0, done
    assert re.search(r"^Trust +verified by PKIX: localhost$", done.out, re.MULTILINE)


def test_ssh_by_its_own_configuration(ssh, dovecot, talk):
    """Host names, keys and known hosts as ~/.ssh/config has them."""
    done = talk(
        dovecot.url("imap"), "--via=ssh://hop", f"--ssh-command=ssh -F '{ssh.config}'", "--stop-after=tls"
    )
    assert_connected(done, f"localhost:{dovecot.port('imap')} through ssh hop")
    by_environment = talk(
        dovecot.url("imap"),
        "--via=ssh://second-hop",
        "--stop-after=tls",
        env={"POSTERN_SSH": f"ssh -F '{ssh.config}'"},
    )
    assert_connected(by_environment, f"localhost:{dovecot.port('imap')} through ssh second-hop")


def test_two_hops(ssh, dovecot, through):
    before = ssh.forwarded()
    done = through(dovecot.url("imap"), "--stop-after=tls", via=[ssh.hop, ssh.second_hop])
    assert_connected(
        done, f"localhost:{dovecot.port('imap')} through ssh {ssh.hop[6:]}, ssh {ssh.second_hop[6:]}"
    )
    assert ssh.forwarded()[len(before) :] == [
        ("127.0.0.1", ssh.port("ssh-second")),
        ("localhost", dovecot.port("imap")),
    ]


def test_a_locked_key_by_the_agent(ssh, dovecot, through):
    words = ssh.options(key=ssh.locked_key)
    done = through(dovecot.url("imap"), "--stop-after=tls", words=words, env=ssh.agent_environment())
    assert done.status == 0, done


def without_batch(words):
    return [word for word in words if not word.startswith("BatchMode")]


def test_a_locked_key_by_passphrase_on_the_terminal(ssh, dovecot, users, postern, pki):
    options = ssh_options(without_batch(ssh.options(key=ssh.locked_key)))
    args = ["talk", f"--ca-file={pki.ca_file}", f"--via={ssh.hop}", *options, dovecot.url("imap")]
    with postern.terminal(*args) as terminal:
        terminal.expect("Enter passphrase for key '.*id_locked': ")
        terminal.line(users.key_passphrase)
        terminal.expect("=== TLS 1.3")
        terminal.expect("/help lists")
        terminal.line("NOOP")
        terminal.expect("OK NOOP completed")
        terminal.line("/quit")
        assert terminal.wait() == 0


def test_a_locked_key_by_askpass_without_a_terminal(ssh, dovecot, users, through):
    ask = ssh.write("askpass.test", f"#!/bin/sh\necho '{users.key_passphrase}'\n", 0o700)
    words = without_batch(ssh.options(key=ssh.locked_key))
    env = {"SSH_ASKPASS": str(ask), "SSH_ASKPASS_REQUIRE": "force"}
    done = through(dovecot.url("imap"), "--stop-after=tls", words=words, env=env)
    assert done.status == 0, done


@pytest.mark.parametrize(
    "words, url, said, hint",
    [
        ("locked", None, "Permission denied (publickey)", "is the key there (ssh-add -l)"),
        (
            "wrong_known",
            None,
            "REMOTE HOST IDENTIFICATION HAS CHANGED",
            "find out why before removing the old one",
        ),
        ("unknown", None, "Host key verification failed", "log in there once by hand and compare it"),
        ("odd", None, "Bad configuration option", "see --ssh-option"),
        (
            "good",
            f"imap://localhost:{NOBODY}",
            "Connection refused",
            "the hop was reached, but not the target",
        ),
        (
            "good",
            "imaps://no.such.host.test",
            "Name or service not known",
            "the hop was reached, but not the target",
        ),
    ],
)
def test_what_ssh_says_is_quoted(ssh, dovecot, through, words, url, said, hint):
    options = {
        "good": ssh.options(),
        "locked": ssh.options(key=ssh.locked_key),
        "wrong_known": ssh.options(known_hosts=ssh.wrong_known_hosts),
        "unknown": ssh.options(known_hosts="/dev/null"),
        "odd": ["NoSuchOption=yes"],
    }
    done = through(url or dovecot.url("imap"), words=options[words])
    assert done.status == UNAVAILABLE, done
    assert "ssh to 127.0.0.1 failed (status 255): " in done.err
    assert said in done.err and hint in done.err


def test_a_hop_that_is_not_there(dovecot, through):
    done = through(dovecot.url("imap"), via=[f"ssh://127.0.0.1:{NOBODY}"])
    assert done.status == UNAVAILABLE, done
    assert f"ssh: connect to host 127.0.0.1 port {NOBODY}: Connection refused" in done.err


def test_an_ssh_that_is_not_there(dovecot, through):
    done = through(dovecot.url("imap"), "--ssh-command=/no/such/ssh")
    assert done.status == UNAVAILABLE, done
    assert "cannot start /no/such/ssh: No such file or directory" in done.err


# --- what may go without TLS (design: law 5)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.0.0.2"])
def test_loopback_at_the_hop_may_go_without_tls(dovecot_notls, users, through, host):
    url = dovecot_notls.url("imap", "alice", host=host)
    done = through(url, "--login", "--auth=plain", password=users.alice.password)
    assert done.status == 0, done
    assert "=== authenticated by PLAIN" in done.out
    assert "***" not in done.out.replace("*****", "")  # nothing to warn of


@pytest.fixture(scope="module")
def other_name():
    """A name of this machine's loopback that is not known to be one without asking: only the hop resolves it."""
    for name in ("ip6-localhost", "ip6-loopback", socket.gethostname()):
        try:
            found = {row[4][0] for row in socket.getaddrinfo(name, NOBODY)}
        except socket.gaierror:
            continue
        if found <= {"127.0.0.1", "::1"}:
            return name
    pytest.skip("/etc/hosts has no other name for loopback")


def test_so_may_the_hop_itself(ssh, dovecot_notls, users, through, other_name):
    done = through(
        dovecot_notls.url("imap", "alice", host=other_name),
        "--login",
        "--auth=plain",
        via=[f"ssh://{ssh.user}@{other_name}:{ssh.port('ssh')}"],
        words=[*ssh.options(), f"HostKeyAlias=[127.0.0.1]:{ssh.port('ssh')}"],
        password=users.alice.password,
    )
    assert done.status == 0, done
    assert "=== authenticated by PLAIN" in done.out


@pytest.mark.parametrize("how", ["ssh", "ssh two hops", "ssh then socks5", "socks5"])
@pytest.mark.parametrize("tls", ["required", "off"])
def test_a_target_behind_the_hop_needs_tls(ssh, socks, dovecot_notls, users, through, other_name, how, tls):
    """Another machine, as far as anybody can tell from here; and where a proxy ends nobody knows who listens."""
    proxy = f"socks5://127.0.0.1:{socks.port('socks5')}"
    ways = {
        "ssh": ([ssh.hop], other_name),
        "ssh two hops": ([ssh.hop, ssh.second_hop], other_name),
        "ssh then socks5": ([ssh.hop, proxy], "localhost"),
        "socks5": ([proxy], "localhost"),
    }
    via, host = ways[how]
    url = dovecot_notls.url("imap", "alice", host=host)
    done = through(url, "--login", "--auth=plain", f"--tls={tls}", via=via, password=users.alice.password)
    assert done.status == INSECURE, done
    assert "othing secret was sent" in done.err if tls == "required" else "nothing was sent" in done.err
    assert "AUTHENTICATE" not in done.out


# --- SOCKS5


def test_socks5(ssh, socks, dovecot, users, talk):
    done = talk(
        dovecot.url("imap", "alice"),
        f"--via=socks5://127.0.0.1:{socks.port('socks5')}",
        "--login",
        password=users.alice.password,
    )
    assert_connected(
        done, f"localhost:{dovecot.port('imap')} through socks5 127.0.0.1:{socks.port('socks5')}"
    )
    assert ("localhost", dovecot.port("imap")) in ssh.forwarded()  # the name was resolved there


def test_ssh_and_then_socks5(ssh, socks, dovecot, users, through):
    proxy = f"socks5://127.0.0.1:{socks.port('socks5')}"
    before = len(ssh.forwarded())
    done = through(
        dovecot.url("imap", "alice"), "--login", via=[ssh.hop, proxy], password=users.alice.password
    )
    assert done.status == 0, done
    assert ssh.forwarded()[before:] == [
        ("127.0.0.1", socks.port("socks5")),
        ("localhost", dovecot.port("imap")),
    ]


def test_socks5_before_ssh_is_refused_with_what_to_do(ssh, socks, dovecot, through):
    done = through(dovecot.url("imap"), via=[f"socks5://127.0.0.1:{socks.port('socks5')}", ssh.hop])
    assert done.status == USAGE, done
    assert "put ssh first" in done.err and "ProxyCommand" in done.err


class StrictSocks:
    """A SOCKS5 proxy that demands user name and password (RFC 1929); connects where it is told to."""

    def __init__(self, user, password):
        self.wanted = (user.encode(), password.encode())
        self.seen = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client = self.listener.accept()[0]
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with contextlib.suppress(OSError, IndexError), client, client.makefile("rb", buffering=0) as data:
            offered = data.read(data.read(2)[1])
            if 2 not in offered:
                client.sendall(b"\5\xff")
                return
            client.sendall(b"\5\2")
            user = data.read(data.read(2)[1])
            password = data.read(data.read(1)[0])
            self.seen.append((user, password))
            client.sendall(b"\1\0" if (user, password) == self.wanted else b"\1\1")
            head = data.read(4)
            host = data.read(data.read(1)[0]).decode() if head[3] == 3 else socket.inet_ntoa(data.read(4))
            with socket.create_connection((host, int.from_bytes(data.read(2), "big"))) as server:
                client.sendall(b"\5\0\0\1\0\0\0\0\0\0")
                back = threading.Thread(target=self._copy, args=(server, client), daemon=True)
                back.start()
                self._copy(client, server)
                back.join()

    @staticmethod
    def _copy(here, there):
        with contextlib.suppress(OSError):
            while piece := here.recv(65536):
                there.sendall(piece)
            there.shutdown(socket.SHUT_WR)


PROXY_PASSWORD = "pr0xy-Tollkeeper"


@pytest.fixture
def strict_socks():
    proxy = StrictSocks("joe", PROXY_PASSWORD)
    yield proxy
    proxy.listener.close()


def test_socks5_with_a_password_in_netrc(strict_socks, dovecot, users, talk, postern):
    home = postern.home()
    home.file(".netrc", f"machine 127.0.0.1 login joe password {PROXY_PASSWORD}\n")
    via = f"--via=socks5://joe@127.0.0.1:{strict_socks.port}"
    done = talk(dovecot.url("imap", "alice"), via, "--login", password=users.alice.password, home=home)
    assert done.status == 0, done
    assert strict_socks.seen == [(b"joe", PROXY_PASSWORD.encode())]
    assert PROXY_PASSWORD not in done.out + done.err


def test_socks5_with_a_password_asked_for(strict_socks, dovecot, postern, pki):
    via = f"--via=socks5://joe@127.0.0.1:{strict_socks.port}"
    for typed, expected in [(PROXY_PASSWORD, "=== TLS 1.3"), ("wrong-Tollkeeper", "does not accept user joe")]:
        with postern.terminal("talk", f"--ca-file={pki.ca_file}", dovecot.url("imap"), via) as terminal:
            terminal.expect("Password for joe at the SOCKS proxy 127.0.0.1: ")
            terminal.line(typed)
            terminal.expect(expected)
            if expected.startswith("==="):
                terminal.line("/quit")
            assert terminal.wait() == (0 if expected.startswith("===") else NO_PERMISSION)


def test_socks5_that_wants_a_user_nobody_named(strict_socks, dovecot, talk):
    done = talk(dovecot.url("imap"), f"--via=socks5://127.0.0.1:{strict_socks.port}")
    assert done.status == NO_PERMISSION and "the SOCKS proxy demands a login" in done.err
    done = talk(dovecot.url("imap"), f"--via=socks5://joe@127.0.0.1:{strict_socks.port}")
    assert done.status == NO_PERMISSION and "Password for joe" not in done.out
    assert strict_socks.seen == []


def test_socks5_failures(socks, dovecot, talk):
    proxy = f"socks5://127.0.0.1:{socks.port('socks5')}"
    for via, url, status, said in [
        (proxy, f"imap://localhost:{NOBODY}", UNAVAILABLE, "the SOCKS proxy closed the connection"),
        (f"socks5://127.0.0.1:{NOBODY}", dovecot.url("imap"), UNAVAILABLE, "Connection refused"),
        (
            f"socks5://127.0.0.1:{dovecot.port('imap')}",
            dovecot.url("imap"),
            INSECURE,
            "this is not a SOCKS5 proxy",
        ),
    ]:
        done = talk(url, f"--via={via}")
        assert done.status == status, done
        assert said in done.err


# --- another address, one family, a unix socket


@pytest.mark.parametrize(
    "rule, reaches",
    [
        ("127.0.0.1:{port}", True),
        ("[::1]:{port}", True),
        ("mail.example.test:143:127.0.0.1:{port}", True),
        ("MAIL.example.test:143:localhost:{port}", True),
        (":143:127.0.0.1:{port}", True),
        ("mail.example.test::127.0.0.1:{port}", True),
        ("other.example.test:143:127.0.0.1:{port}", False),
        ("mail.example.test:144:127.0.0.1:{port}", False),
    ],
)
def test_connect_to_leaves_the_names_of_the_address(dns, dovecot, talk, rule, reaches):
    rule = rule.format(port=dovecot.port("imap"))
    done = talk("imap://mail.example.test", *dns.options, f"--connect-to={rule}", "--stop-after=tls")
    if reaches:
        assert done.status == 0, done
        assert re.search(r"^Server name +mail\.example\.test$", done.out, re.MULTILINE)
        assert re.search(r"^Trust +verified by PKIX: mail\.example\.test$", done.out, re.MULTILINE)
    else:
        assert done.status == UNAVAILABLE, done


def test_connect_to_may_be_repeated_and_the_first_that_fits_counts(dovecot, talk):
    rules = [f"other.test:143:127.0.0.1:{NOBODY}", f"127.0.0.1:{dovecot.port('imap')}", f"127.0.0.1:{NOBODY}"]
    done = talk("imap://localhost", *(f"--connect-to={rule}" for rule in rules), "--stop-after=tls")
    assert_connected(done, f"localhost:143 (127.0.0.1 port {dovecot.port('imap')})")


@pytest.mark.parametrize(
    "option, host, address",
    [
        ("-4", "mail.example.test", "127.0.0.1"),
        ("-6", "mail.example.test", "::1"),
        ("-4", "localhost", "127.0.0.1"),
        ("-6", "[::1]", None),
        ("-4", "slow.example.test", "127.0.0.1"),
    ],
)
def test_one_address_family(dns, dovecot, talk, option, host, address):
    url = dovecot.url("imap", host=host)
    done = talk(url, *dns.options, option, "--stop-after=connect")
    shown = f" ({address})" if address else ""
    assert_connected(done, f"{host}:{dovecot.port('imap')}{shown}")


def test_lmtp_on_a_unix_socket_delivers(dovecot, users, talk):
    envelope = "MAIL FROM:<alice@example.test>\nRCPT TO:<bob@example.test>\nDATA\n"
    done = talk(
        f"lmtp://{dovecot.lmtp_socket}", input=f"{envelope}Subject: by a socket\n\nlo and behold\n.\nQUIT\n"
    )
    assert_connected(done, dovecot.lmtp_socket)
    assert "<- 250 2.0.0 <bob@example.test>" in done.out
    delivered = [path.read_text() for path in (dovecot.maildir(users.bob) / "new").iterdir()]
    assert any("by a socket" in text and "lo and behold" in text for text in delivered)


# --- no way


@pytest.fixture
def silent():
    """Two ports of a peer that says nothing: it takes connections, and its queue of them is full."""
    sockets = []

    def listen(backlog):
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(backlog)
        sockets.append(listener)
        return listener.getsockname()

    open_address, full_address = listen(8), listen(0)
    for _ in range(4):
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(full_address)
        sockets.append(filler)
    yield {"open": open_address[1], "full": full_address[1]}
    for each in sockets:
        each.close()


@pytest.mark.parametrize(
    "scheme, port, said",
    [
        ("imap", "open", "greeting: timed out after 1 s waiting for the greeting"),
        ("imaps", "open", "TLS handshake"),
        ("imap", "full", "127.0.0.1: no answer in 1"),
    ],
)
def test_timeouts_are_temporary(talk, silent, scheme, port, said):
    done = talk(f"{scheme}://127.0.0.1:{silent[port]}", "--timeout=1")
    assert done.status == TRY_AGAIN, done
    assert said in done.err
    assert 0.9 < done.seconds < 10


@pytest.mark.parametrize(
    "url, options, status, said",
    [
        (
            f"imap://127.0.0.1:{NOBODY}",
            [],
            UNAVAILABLE,
            f"cannot connect to 127.0.0.1 port {NOBODY}: 127.0.0.1: Connection refused",
        ),
        (f"imap://refused.example.test:{NOBODY}", [], UNAVAILABLE, "127.0.0.9: Connection refused"),
        (f"imap://mail.example.test:{NOBODY}", [], UNAVAILABLE, "::1: Connection refused"),
        (
            "imap://nothing.example.test",
            [],
            HOST_UNKNOWN,
            "nothing.example.test has no address (NXDOMAIN, asked 127.0.0.1@",
        ),
        ("imap://nullmx.example.test", [], HOST_UNKNOWN, "nullmx.example.test has no address (asked "),
        ("imap://four.example.test", ["-6"], HOST_UNKNOWN, "four.example.test has no IPv6 address"),
        ("imap://six.example.test", ["-4"], HOST_UNKNOWN, "six.example.test has no IPv4 address"),
        ("imap://127.0.0.1", ["-6"], HOST_UNKNOWN, "of the other family"),
        ("imap://dangling.example.test", [], HOST_UNKNOWN, "has no address"),
        ("imap://loop.example.test", [], TRY_AGAIN, "SERVFAIL"),
        ("imap://mail.bogus.test", [], INSECURE, "fails DNSSEC validation"),
        (
            "lmtp:///no/such/socket",
            [],
            UNAVAILABLE,
            "cannot connect to /no/such/socket: No such file or directory",
        ),
        ("lmtp:///etc/passwd", [], UNAVAILABLE, "cannot connect to /etc/passwd: Connection refused"),
    ],
)
def test_no_way_is_told_with_its_status(dns, talk, url, options, status, said):
    done = talk(url, *dns.options, *options)
    assert done.status == status, done
    assert said in done.err


def test_a_resolver_that_does_not_answer(talk):
    done = talk("imap://mail.example.test", f"--dns=127.0.0.1@{NOBODY}", "--timeout=1")
    assert done.status == TRY_AGAIN, done
    assert f"the DNS resolver (127.0.0.1@{NOBODY})" in done.err or "looking up mail.example.test" in done.err
    assert done.seconds < 8
