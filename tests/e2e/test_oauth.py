"""`postern auth oauth`: tokens got from an authorisation server, kept, refreshed, and used to log in at a real Dovecot."""

import json
import re
import shutil
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest
from rig.postern import binary

OK, USAGE, DATA, NO_INPUT, TRY_AGAIN, BROKEN, DENIED, CONFIG = 0, 64, 65, 66, 75, 76, 77, 78
PLENTY = 60
LIMIT = BROKEN


@pytest.fixture
def server(oauth):
    oauth.reset()
    return oauth


class Person:
    """Somebody with a home of his own, in which logins are kept. What is kept is not searched for secrets: it has to be there."""

    def __init__(self, postern, server):
        self.postern, self.server = postern, server
        self.home = postern.home()
        self.state = self.home.dir / "kept"
        self.state.mkdir(mode=0o700)
        self.secret = self.home.file("client-secret", server.client_secret)

    @property
    def file(self):
        return self.state / "postern" / "oauth" / "work.json"

    def kept(self):
        return json.loads(self.file.read_text())

    def change(self, **values):
        self.file.write_text(json.dumps({**self.kept(), **values}))

    def run(self, *args, shows_secrets=False, **more):
        home = self.postern.home(shows_secrets=True) if shows_secrets else self.home
        env = {"XDG_STATE_HOME": str(self.state), "XDG_CONFIG_HOME": str(self.home.config)}
        return self.postern.run(*args, home=home, env=env, **more)

    def oauth(self, *args, **more):
        return self.run("auth", "oauth", *args, **more)

    def words(self, *more):
        trust = f"--ca-file={self.server.rig.pki.ca_file}"
        return ["login", "work", f"--issuer={self.server.issuer}", "--client-id=postern-test", trust, *more]

    def device(self, *more):
        return self.oauth(*self.words("--device", *more))

    def browser(self, visit, *more):
        """Runs a login whose browser is `visit(address)`, in this process."""
        env = self.postern.environment(self.home, env={"XDG_STATE_HOME": str(self.state)})
        argv = [binary(), "auth", "oauth", *self.words(*more)]
        child = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, cwd=self.home.written, text=True
        )
        said = ""
        while not (found := re.search(r"^ +(https://\S+)$", said, re.M)):
            line = child.stdout.readline()
            assert line, child.communicate()
            said += line
        visit(found.group(1))
        out, err = child.communicate(timeout=PLENTY)
        for name, text in (("stdout", said + out), ("stderr", err)):
            (self.home.written / name).write_text(text)
        return child.returncode, out, err

    def token(self):
        done = self.oauth("token", "work", shows_secrets=True)
        assert done.status == OK, done
        return done.out.strip()


@pytest.fixture
def person(postern, server):
    return Person(postern, server)


def fetch(url):
    """What a browser gets: (status, text)."""
    try:
        with urllib.request.urlopen(url, timeout=PLENTY) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


# --- device flow


def test_device_login(person, server):
    server.pending = 1
    done = person.device(f"--client-secret-file={person.secret}")
    assert done.status == OK, done
    assert "WDJB-MJHT" in done.out and f"{server.issuer}/code" in done.out and "oauth = work" in done.out
    kept = person.kept()
    assert person.file.stat().st_mode & 0o777 == 0o600
    assert person.file.parent.stat().st_mode & 0o777 == 0o700
    assert kept["refresh_token"] in server.refreshes
    assert person.token() == kept["access_token"]
    assert server.count("refresh_token") == 0
    listed = person.oauth("list")
    assert listed.status == OK and listed.out.startswith(f"work  {server.issuer}  token until 20")


@pytest.mark.parametrize("mode, words", [("access_denied", "the login was denied"), ("expired_token", "nobody entered it in time")])
def test_device_login_refused(person, server, mode, words):
    server.mode = mode
    done = person.device()
    assert done.status == DENIED and words in done.err, done
    assert "\x1b" not in done.err and "said \\x1B[31mthe server" in done.err
    assert not person.file.exists()


def test_device_login_slows_down_when_told(person, server):
    server.mode, server.pending = "slow_down", 1
    done = person.device()
    assert done.status == OK, done
    assert done.seconds >= 7  # 1, then 1 + 5


@pytest.mark.parametrize(
    "mode, status, words",
    [
        ("garbage", BROKEN, "not a JSON object"),
        ("deep", BROKEN, "not a JSON object"),
        ("huge", LIMIT, "larger than 262144 octets"),
        ("500", TRY_AGAIN, "HTTP status 500"),
        ("moved", BROKEN, "sends us elsewhere"),
    ],
)
def test_what_a_provider_may_answer(person, server, mode, status, words):
    server.mode = mode
    done = person.device()
    assert done.status == status and words in done.err, done
    assert not person.file.exists()


def test_a_provider_that_describes_another(person, server):
    server.mode = "other-issuer"
    done = person.device()
    assert done.status == BROKEN and "another provider" in done.err and "elsewhere.example" in done.err


def test_a_provider_nobody_vouches_for(person, server):
    done = person.oauth("login", "work", "--device", f"--issuer={server.issuer}", "--client-id=postern-test")
    assert done.status == BROKEN and "certificate" in done.err
    assert server.requests == []


# --- the browser's flow


def test_browser_login(person, server):
    pages = []
    status, out, err = person.browser(lambda url: pages.append(fetch(server.authorize(url))))
    assert status == OK, err
    assert "oauth = work" in out and pages[0][0] == 200 and "can be closed" in pages[0][1]
    (fields,) = [fields for path, fields in server.requests if path == "/token"]
    assert len(fields["code_verifier"]) >= 43
    assert person.token() == person.kept()["access_token"]


def test_browser_run_by_a_command(person, server, tmp_path):
    note = tmp_path / "address"
    begun = threading.Thread(target=lambda: wait_and_visit(note, server))
    begun.start()
    done = person.oauth(*person.words(f"--browser=f() {{ printf %s \"$1\" > {note}.part; mv {note}.part {note}; }}; f"))
    begun.join()
    assert done.status == OK, done


def wait_and_visit(note, server):
    deadline = time.monotonic() + PLENTY
    while not note.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    fetch(server.authorize(note.read_text()))


def test_a_wrong_state_is_refused_and_waiting_goes_on(person, server):
    pages = []

    def visit(url):
        good = server.authorize(url)
        pages.append(fetch(server.authorize(url, state="guessed")))
        pages.append(fetch(server.authorize(url, state=None)))
        pages.append(fetch(server.authorize(url, code=None, error="access_denied", state="guessed")))
        pages.append(fetch(urllib.parse.urljoin(good, "/favicon.ico")))
        pages.append(fetch(good))

    status, _, err = person.browser(visit)
    assert [page[0] for page in pages] == [400, 400, 400, 404, 200]
    assert status == OK and err.count("wrong state") == 3


def test_browser_login_denied(person, server):
    status, _, err = person.browser(
        lambda url: fetch(server.authorize(url, code=None, error="access_denied", error_description="not \x1b[1mtoday"))
    )
    assert status == DENIED and "the login was denied" in err and "\x1b" not in err
    assert not person.file.exists()


def test_another_provider_answers(person, server):
    status, _, err = person.browser(lambda url: fetch(server.authorize(url, iss="https://evil.example")))
    assert status == DENIED and "another provider" in err
    assert not any(path == "/token" for path, _ in server.requests)


def test_sent_back_to_a_wrong_port(person, server):
    """Nobody comes: the address we wait at is in the message."""

    def visit(url):
        back = server.authorize(url)
        port = urllib.parse.urlsplit(back).port
        with pytest.raises(OSError):
            urllib.request.urlopen(back.replace(f":{port}/", ":9/"), timeout=PLENTY)

    status, _, err = person.browser(visit, "--wait=2")
    assert status == TRY_AGAIN and re.search(r"did not come back within 2 s.*http://127\.0\.0\.1:\d+/", err)


def test_a_stranger_on_the_port_cannot_stop_the_login(person, server):
    import socket

    def visit(url):
        back = server.authorize(url)
        port = urllib.parse.urlsplit(back).port
        for data in (b"", b"\0" * 100, b"GET " + b"x" * 100_000, b"SSH-2.0-x\r\n"):
            with socket.create_connection(("127.0.0.1", port), timeout=PLENTY) as s:
                s.sendall(data)
        fetch(back)

    status, _, err = person.browser(visit)
    assert status == OK, err


# --- refreshing


@pytest.fixture
def logged_in(person):
    assert person.device().status == OK
    return person


def test_an_old_token_is_refreshed_and_the_refresh_token_rotates(logged_in, server):
    before = logged_in.kept()
    logged_in.change(expires_at=1)
    token = logged_in.token()
    after = logged_in.kept()
    assert token == after["access_token"] != before["access_token"]
    assert after["refresh_token"] != before["refresh_token"] and before["refresh_token"] in server.spent
    logged_in.change(expires_at=1)
    assert logged_in.token() != token


def test_processes_that_find_it_old_refresh_once(logged_in, server):
    logged_in.change(expires_at=1)
    server.delay = 0.5
    tokens = []
    threads = [threading.Thread(target=lambda: tokens.append(logged_in.token())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(tokens)) == 1 and len(tokens) == 4
    assert server.count("refresh_token") == 1


def test_what_was_revoked_needs_a_person_again(logged_in, server):
    logged_in.change(expires_at=1)
    server.mode = "invalid_grant"
    done = logged_in.oauth("token", "work")
    assert done.status == DENIED and "postern auth oauth login work" in done.err and done.out == ""
    assert "Token has been expired or revoked." in done.err
    server.mode = ""
    again = logged_in.oauth("login", "work", "--device")  # what the last login said still holds
    assert again.status == OK, again
    assert logged_in.token()


def test_a_provider_that_fails_for_a_while(logged_in, server):
    logged_in.change(expires_at=1)
    server.mode = "500"
    assert logged_in.oauth("token", "work").status == TRY_AGAIN
    server.mode = ""
    assert logged_in.token()


def test_forget(logged_in, server):
    refresh = logged_in.kept()["refresh_token"]
    done = logged_in.oauth("forget", "work")
    assert done.status == OK and server.revoked == [refresh] and not logged_in.file.exists()
    done = logged_in.oauth("token", "work")
    assert done.status == NO_INPUT and "postern auth oauth login work" in done.err
    assert logged_in.oauth("forget", "work").status == NO_INPUT
    assert logged_in.oauth("list").out == ""


def test_a_file_that_others_can_read_is_not_used(logged_in):
    logged_in.file.chmod(0o644)
    done = logged_in.oauth("token", "work")
    assert done.status == CONFIG and "closed to others" in done.err


def test_a_spoiled_file(logged_in):
    logged_in.file.write_text('{"access_token": "se')
    done = logged_in.oauth("token", "work")
    assert done.status == DATA and "not a JSON object" in done.err


STORE = """#!/bin/sh
file={vault}/$2
case $1 in
get) cat "$file" ;;
store) umask 077; cat > "$file" ;;
erase) rm "$file" ;;
esac
"""


def test_a_store_command_keeps_the_secrets(person, server, tmp_path):
    script = tmp_path / "vault"
    script.write_text(STORE.format(vault=tmp_path))
    script.chmod(0o700)
    done = person.device(f"--store-command={script}")
    assert done.status == OK, done
    text = person.file.read_text()
    secret = json.loads((tmp_path / "work").read_text())
    assert secret["access_token"] not in text and secret["refresh_token"] not in text
    assert person.token() == secret["access_token"]
    person.change(expires_at=1)
    assert person.token() == json.loads((tmp_path / "work").read_text())["access_token"] != secret["access_token"]
    assert person.oauth("forget", "work").status == OK
    assert not (tmp_path / "work").exists()
    script.write_text("#!/bin/sh\nexit 3\n")
    assert person.device(f"--store-command={script}").status == CONFIG


# --- logging in with it


def account(person, url, **more):
    keys = {"url": url, "user": "alice", "oauth": "work", "ca-file": person.server.rig.pki.ca_file, **more}
    text = "[account work]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items())
    person.home.file("postern/accounts.conf", text)


@pytest.mark.parametrize("mechanism", ["xoauth2", "oauthbearer"])
@pytest.mark.parametrize("scheme", ["imaps", "pop3", "submission"])
def test_login_at_dovecot(logged_in, dovecot, scheme, mechanism):
    account(logged_in, dovecot.url(scheme), auth=mechanism)
    done = logged_in.run("talk", "--account=work", "--stop-after=auth")
    assert done.status == OK, done
    assert f"authenticated by {mechanism.upper()}" in done.out


def test_an_old_token_is_refreshed_before_the_login(logged_in, dovecot, server):
    logged_in.change(expires_at=1)
    account(logged_in, dovecot.url("imaps"))
    done = logged_in.run("talk", "--account=work", "--stop-after=auth")
    assert done.status == OK, done
    assert server.count("refresh_token") == 1


def test_a_token_the_server_refuses_comes_in_words(logged_in, dovecot):
    logged_in.change(access_token=dovecot.token("alice", expires=-10), expires_at=0)
    account(logged_in, dovecot.url("imaps"), auth="xoauth2")
    done = logged_in.run("talk", "--account=work", "--stop-after=auth")
    assert done.status == DENIED and re.search("token refused, status (invalid_token|401|400)", done.err), done


def test_dry_run_says_where_the_token_comes_from(logged_in, dovecot):
    account(logged_in, dovecot.url("imaps"))
    done = logged_in.run("talk", "--account=work", "--dry-run")
    assert done.status == OK and 'of the OAuth login "work"' in done.out


def test_an_account_whose_login_is_missing(person, dovecot):
    account(person, dovecot.url("imaps"), auth="xoauth2")
    done = person.run("talk", "--account=work", "--stop-after=auth")
    assert done.status == NO_INPUT and "postern auth oauth login work" in done.err


def test_offline_computing_takes_it_too(logged_in):
    account(logged_in, "imaps://localhost")
    done = logged_in.run("auth", "xoauth2", "--account=work", shows_secrets=True)
    assert done.status == OK and len(done.out) > 100


# --- what is refused


def test_usage(person):
    for words in (
        [],
        ["login"],
        ["login", "../x", "--provider=google"],
        ["login", "work"],
        ["login", "work", "--provider=gogle"],
        ["login", "work", "--provider=google"],
        ["login", "work", "--provider=google", "--client-id=x", "--device"],
        ["login", "work", "--issuer=http://localhost", "--client-id=x"],
        ["login", "work", "--token-endpoint=http://x", "--auth-endpoint=https://x", "--client-id=x"],
        ["list", "work"],
        ["token"],
        ["dance"],
    ):
        done = person.oauth(*words)
        assert done.status == USAGE and done.out == "", (words, done)
    assert "did you mean google?" in person.oauth("login", "work", "--provider=gogle").err
    assert "Desktop app" in person.oauth("login", "work", "--provider=google").err


def test_nothing_stays_behind(person):
    """No process, no lock that is held: the state directory has the lock's file at most."""
    assert person.device().status == OK
    left = {path.name for path in person.file.parent.iterdir()}
    assert left == {"work.json", "work.lock"}
    assert shutil.which("sh")
