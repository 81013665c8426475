"""Fixtures of the end-to-end tests.

`rig` and a fixture for every server of rig/servers.py (named like it, with underscores: tls-1.0 is tls_10): started when the first test asks,
shared by the session (by the worker, under xdist), stopped at its end. `postern` runs the program under test ($POSTERN, or
build/postern). All it writes is searched for every password when the session ends; a find fails the session.
"""

import os
import re
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from fetching import fill  # noqa: E402
from rig import Rig, hostile_dialects, hostile_mail, mailbox, secrets  # noqa: E402
from rig.postern import Postern, binary  # noqa: E402
from rig.process import NeedsRoot  # noqa: E402
from rig.servers import SERVERS  # noqa: E402

SESSION_DIR = "POSTERN_E2E_DIR"
TEST_SECONDS = int(os.environ.get("POSTERN_E2E_TIMEOUT", "180"))


def pytest_configure(config):
    config.addinivalue_line("markers", "seconds(n): this test may take that long before it is given up")
    for old in ("ssl.TLSVersion", "SHA1 signatures"):  # what is deprecated is what we have to try
        config.addinivalue_line("filterwarnings", f"ignore:{old}")
    if SESSION_DIR not in os.environ:
        # The workers of xdist inherit the variable and write below the same directory.
        os.environ[SESSION_DIR] = tempfile.mkdtemp(prefix="postern-e2e-")
        config.postern_owns_session_dir = True


def session_dir() -> Path:
    return Path(os.environ[SESSION_DIR])


def searched(known):
    """(leaks, files) in all that was written, except what a test let Postern show on purpose, and what it gave itself."""
    return secrets.search(session_dir().glob("runs/*/*/written"), known)


def is_worker(config) -> bool:
    return hasattr(config, "workerinput")


def pytest_sessionfinish(session, exitstatus):
    """The last word: no password in anything that was written, by any worker."""
    if is_worker(session.config):
        return
    leaks, files = searched(secrets.Passwords(session_dir() / "secrets").all())
    session.config.postern_leaks = (leaks, files)
    if leaks:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter, exitstatus, config):
    leaks, files = getattr(config, "postern_leaks", ([], 0))
    for path, secret, how in leaks:
        terminalreporter.write_line(f"FAILED secrets: '{secret[:4]}...' {how} in {path}", red=True)
    if files:
        terminalreporter.write_line(f"secrets: {files} files searched, {len(leaks)} leaks")
    if exitstatus not in (0, 5) or leaks:
        terminalreporter.write_line(f"what the runs wrote is in {session_dir()}")
    elif getattr(config, "postern_owns_session_dir", False):
        shutil.rmtree(session_dir(), ignore_errors=True)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item):
    """A test that hangs is ended, and its servers with the session, instead of hanging everything."""
    marker = item.get_closest_marker("seconds")
    seconds = marker.args[0] if marker else TEST_SECONDS

    def give_up(*_):
        raise TimeoutError(f"gave up after {seconds} s")

    previous = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(seconds)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, previous)


@pytest.fixture(scope="session")
def rig():
    with Rig() as made:
        yield made


@pytest.fixture(scope="session")
def pki(rig):
    return rig.pki


@pytest.fixture(scope="session")
def users(rig):
    return rig.users


@pytest.fixture(scope="session")
def passwords(rig):
    """The registry of secrets: a test that makes one up calls passwords.add(it)."""
    registry = secrets.Passwords(session_dir() / "secrets")
    registry.add(*rig.users.secrets())
    rig.on_secret = registry.add
    return registry


@pytest.fixture(scope="module", autouse=True)
def alices_mail_is_put_back(rig):
    """A file may send mail to alice, or collect it: the next one finds in her mailbox what the rig puts there."""
    yield
    for server in rig.running("dovecot"):
        maildir = server.maildir(rig.users.alice)
        there = [file.read_bytes() for name in ("cur", "new") for file in (maildir / name).iterdir()]
        if sorted(there) != sorted(mailbox.MESSAGES):
            fill(server, rig.users.alice, mailbox.MESSAGES)


@pytest.fixture
def postern(request, passwords):
    """The program under test; see rig/postern.py: postern.run(...), postern.terminal(...)."""
    if not os.access(binary(), os.X_OK):
        pytest.fail(f"{binary()} is not there: build it, or name it in $POSTERN")
    name = re.sub(r"[^\w.-]+", "_", request.node.nodeid.partition("tests/e2e/")[2] or request.node.nodeid)
    return Postern(session_dir() / "runs" / name[:150])


@pytest.fixture
def talk(postern, pki):
    """talk(URL, ...): `postern talk` that trusts the rig's authority; what it gets on its standard input is a script."""

    def run(url, *args, **more):
        return postern.run("talk", f"--ca-file={pki.ca_file}", *args, url, **more)

    return run


@pytest.fixture
def hostile(rig):
    """Makes hostile servers: hostile("pop3", Faults(...)); those that are not mail: hostile.dialect("xmpp", "refused");
    a script of the test's own: hostile.scripted(script, "tcp")."""
    servers = []

    def keep(server):
        servers.append(server)
        return server

    def make(scheme, faults=None):
        return keep(hostile_mail.hostile(rig, scheme, faults))

    make.dialect = lambda scheme, how, junk=b"": keep(hostile_dialects.dialect(rig, scheme, how, junk))
    make.scripted = lambda script, *args, **more: keep(hostile_mail.scripted(rig, script, *args, **more))
    yield make
    for server in servers:
        server.close()
    assert not [
        error for server in servers for error in server.errors
    ], "a hostile server's own script failed"


def _server_fixture(name):
    @pytest.fixture(scope="session", name=name.replace("-", "_").replace(".", ""))
    def fixture(rig):
        try:
            return rig.start(name)
        except NeedsRoot as error:
            pytest.skip(str(error))

    return fixture


for _name in SERVERS:
    globals()[f"_fixture_{_name}"] = _server_fixture(_name)
