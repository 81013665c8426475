"""What `postern serve` says of a client that does everything wrong, and when its faults are done."""

import base64
import contextlib
import imaplib
import json
import smtplib
import socket
import ssl

import pytest
from serving import Sandbox

BAD = 1

@pytest.fixture
def box(postern, passwords):
    """box(OPTION...): a sandbox that ends with the test."""
    with contextlib.ExitStack() as stack:

        def start(*args, **more):
            return stack.enter_context(Sandbox(postern, passwords, *args, **more))

        start.home = postern.home().written
        yield start


def lines(connection):
    """One SMTP reply."""
    text = b""
    while True:
        line = connection.readline()
        text += line
        if not line or line[3:4] == b" ":
            return text


class Careless:
    """A client that believes everything."""

    def __init__(self, sandbox, service="submission"):
        self.socket = socket.create_connection(("127.0.0.1", sandbox.port(service)), timeout=20)
        self.file = self.socket.makefile("rb")
        lines(self.file)

    def say(self, text):
        self.socket.sendall(text.encode() + b"\r\n")
        return lines(self.file)

    def upgrade(self):
        self.socket.sendall(b"STARTTLS\r\n")
        assert self.file.readline().startswith(b"220")
        trusting = ssl.create_default_context()
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        self.buffered = self.file.peek() if self.injected() else b""
        self.socket = trusting.wrap_socket(self.socket)
        self.file = self.socket.makefile("rb")

    def injected(self):
        self.socket.settimeout(0.3)
        try:
            return bool(self.file.peek())
        except OSError:
            return False
        finally:
            self.socket.settimeout(20)

    def close(self):
        with contextlib.suppress(OSError):
            self.say("QUIT")
        self.socket.close()


def test_a_client_that_goes_on_without_tls_is_told_of(box):
    sandbox = box("--fault", "starttls-stripped", "--assert-client")
    careless = Careless(sandbox)
    careless.say("EHLO x")
    careless.say("MAIL FROM:<a@b>")
    careless.close()
    assert sandbox.conduct() == {"plaintext": "bad"}
    assert sandbox.ask("report", "--assert-client").returncode == BAD
    assert sandbox.close() == BAD


def test_a_password_in_the_clear_is_told_of(box):
    sandbox = box("--assert-client", "--allow-cleartext-auth")
    careless = Careless(sandbox)
    careless.say("EHLO x")
    careless.say("AUTH PLAIN AGpvZQBub3RoaW5nLXRoYXQtaXMtYS1zZWNyZXQ=")
    careless.close()
    assert sandbox.conduct() == {"cleartext-password": "bad"}
    assert sandbox.close() == BAD


@pytest.mark.parametrize("service,said,answer", [
    ("submission", b"EHLO x\r\nAUTH PLAIN AGpvZQBub3RoaW5nLXRoYXQtaXMtYS1zZWNyZXQ=\r\nQUIT\r\n", b"538 5.7.11"),
    ("pop3", b"USER joe\r\nPASS nothing-that-is-a-secret\r\nQUIT\r\n", b"-ERR [AUTH] only inside TLS"),
    ("imap", b"a LOGIN joe nothing-that-is-a-secret\r\nb LOGOUT\r\n", b"a NO [PRIVACYREQUIRED]"),
    ("imap", b"a AUTHENTICATE PLAIN AGpvZQBub3RoaW5nLXRoYXQtaXMtYS1zZWNyZXQ=\r\nb LOGOUT\r\n", b"a NO [PRIVACYREQUIRED]"),
])
def test_a_password_that_nobody_asked_for_is_in_the_clear_too(box, service, said, answer):
    """It was refused: but it was sent."""
    sandbox = box("--assert-client")
    with socket.create_connection(("127.0.0.1", sandbox.port(service)), timeout=20) as raw:
        raw.sendall(said)
        heard = b""
        while piece := raw.recv(4096):
            heard += piece
    assert answer in heard
    assert sandbox.conduct()["cleartext-password"] == "bad"
    assert sandbox.close() == BAD


def test_a_client_that_accepts_a_bad_certificate_is_told_of(box):
    sandbox = box("--fault", "cert-expired", "--assert-client")
    careless = Careless(sandbox)
    careless.say("EHLO x")
    careless.upgrade()
    careless.say("EHLO x")
    careless.close()
    assert sandbox.conduct() == {"bad-certificate": "bad"}
    assert sandbox.close() == BAD


def test_a_client_that_takes_an_injected_answer_is_told_of(box):
    sandbox = box("--fault", "starttls-injected", "--assert-client")
    careless = Careless(sandbox)
    careless.say("EHLO x")
    careless.upgrade()
    careless.socket.sendall(b"EHLO x\r\n")  # the answer is there already, it believes
    careless.socket.sendall(b"MAIL FROM:<a@b>\r\n")
    lines(careless.file)
    careless.close()
    assert sandbox.conduct() == {"injected": "bad"}
    assert sandbox.close() == BAD


def test_a_client_that_comes_back_in_plaintext_is_told_of(box):
    sandbox = box("--fault", "cert-self-signed")
    careful = Careless(sandbox)
    careful.say("EHLO x")
    careful.say("STARTTLS")
    with pytest.raises(ssl.SSLError):
        ssl.create_default_context(cafile=sandbox.ca).wrap_socket(careful.socket, server_hostname="localhost")
    again = Careless(sandbox)
    again.say("EHLO x")
    again.say("MAIL FROM:<a@b>")
    again.close()
    assert sandbox.conduct()["plaintext"] == "bad"


def test_capabilities_kept_from_before_tls_are_told_of(box):
    sandbox = box("--fault", "caps-change-tls")
    careless = Careless(sandbox)
    assert b"AUTH CRAM-MD5\r\n" in careless.say("EHLO x")
    careless.upgrade()
    assert b"CRAM-MD5" not in careless.say("EHLO x")
    careless.say("AUTH CRAM-MD5")
    careless.close()
    assert sandbox.conduct() == {"old-capabilities": "bad"}


def test_a_fall_back_to_plain_is_told_of(box):
    sandbox = box("--fault", "auth-downgrade")
    careless = Careless(sandbox)
    careless.say("EHLO x")
    careless.upgrade()
    careless.say("EHLO x")
    assert careless.say("AUTH SCRAM-SHA-256 biwsbj11c2VyLHI9YWJjZGVmZ2hpag==").startswith(b"504")
    careless.say("AUTH PLAIN AGpvZQBub3RoaW5nLXRoYXQtaXMtYS1zZWNyZXQ=")
    careless.close()
    assert sandbox.conduct() == {"downgrade": "bad"}


def test_an_address_without_brackets_is_taken_and_told_of(box):
    sandbox = box()
    careless = Careless(sandbox, "smtp")
    careless.say("HELO x")
    assert careless.say("MAIL FROM:a@b").startswith(b"250")
    assert careless.say(f"RCPT TO:{sandbox.user}@b").startswith(b"250")
    careless.close()
    assert sandbox.conduct() == {"no-brackets": "bad"}


def test_extensions_are_held_to(box):
    """What a real server would refuse is refused here, so that it is found here."""
    sandbox = box()
    polite = Careless(sandbox, "smtp")
    polite.say("EHLO x")
    assert polite.say("MAIL FROM:<j\u00f6@b>").startswith(b"553 5.6.7")
    assert polite.say("MAIL FROM:<a@b>").startswith(b"250")
    assert polite.say("RCPT TO:<j\u00f6@b>").startswith(b"553 5.6.7")
    polite.say("RSET")
    assert polite.say("MAIL FROM:<j\u00f6@b> SMTPUTF8 BODY=BINARYMIME").startswith(b"250")
    assert polite.say("RCPT TO:<j\u00f6@b>").startswith(b"250")
    assert polite.say("DATA").startswith(b"503 5.5.1 BINARYMIME")
    assert polite.say("BDAT 3 LAST\r\na\0b"[:-2]).startswith(b"250")
    assert polite.say("ETRN").startswith(b"501") and polite.say("ETRN b").startswith(b"250")
    polite.close()


def test_codes_by_address(box):
    sandbox = box()
    polite = Careless(sandbox, "smtp")
    polite.say("EHLO x")
    assert polite.say("MAIL FROM:<451+a@b>").startswith(b"451")
    assert polite.say("MAIL FROM:<a@b>").startswith(b"250")
    assert polite.say("RCPT TO:<550+a@b>").startswith(b"550 5")
    assert polite.say("RCPT TO:<452+a@b>").startswith(b"452 4")
    assert polite.say("RCPT TO:<a+550@b>").startswith(b"250")
    assert polite.say("RCPT TO:<421+a@b>").startswith(b"421")
    assert polite.file.read() == b""


def test_when_counts_and_chooses(box):
    sandbox = box("--fault", "reply=451 4.0.0 second@cmd=NOOP,nth=2,smtp", "--fault", "reply=550 5.0.0 no@cmd=RCPT,to=joe@b")
    polite = Careless(sandbox, "smtp")
    polite.say("EHLO x")
    assert [polite.say("NOOP")[:3] for _ in range(3)] == [b"250", b"451", b"250"]
    polite.say("MAIL FROM:<a@b>")
    assert [polite.say(f"RCPT TO:<{who}@b>")[:3] for who in ("jim", "joe", "jon")] == [b"250", b"550", b"250"]
    polite.close()


def test_a_login_that_is_given_up_is_answered(box):
    log = box.home / "log"
    sandbox = box("--log", log)
    polite = Careless(sandbox)
    polite.say("EHLO x")
    assert polite.say("AUTH CRAM-MD5").startswith(b"334 ")
    assert polite.say("*").startswith(b"501 5.7.0")
    assert polite.say("NOOP").startswith(b"250")
    polite.close()
    sandbox.close()
    assert "CRITICAL" not in sandbox.said() and '"text":"*"' in log.read_text()


def test_a_password_in_place_of_a_command_is_not_shown(box, passwords):
    """A client that takes no notice of the refusal goes on with what it would have sent."""
    log = box.home / "log"
    secret = passwords.add("behind-a-refusal-77")
    sandbox = box("--log", log, "--fault", "reply=535 5.7.8 no@cmd=AUTH", "--allow-cleartext-auth")
    with socket.create_connection(("127.0.0.1", sandbox.port("pop3")), timeout=20) as raw:
        raw.sendall(b"AUTH LOGIN\r\ndXNlcg==\r\n" + base64.b64encode(secret.encode()) + b"\r\nQUIT\r\n")
        while raw.recv(4096):
            pass
    careless = Careless(sandbox)
    careless.say("EHLO x")
    assert careless.say("AUTH LOGIN").startswith(b"535")
    assert careless.say("dXNlcg==").startswith(b"500")
    assert careless.say(base64.b64encode(secret.encode()).decode()).startswith(b"500")
    careless.close()
    with socket.create_connection(("127.0.0.1", sandbox.port("imap")), timeout=20) as raw:
        raw.sendall(b"a AUTHENTICATE NO-SUCH\r\n" + base64.b64encode(secret.encode()) + b"\r\nb LOGOUT\r\n")
        while raw.recv(4096):
            pass
    sandbox.close()
    strays = [json.loads(line) for line in log.read_text().splitlines() if "no command" in line]
    assert len(strays) == 5 and all(event["masked"] for event in strays)


def test_scram_is_cut_short_behind_what_the_client_said_first(box):
    """A client without an initial response has said nothing yet when it is asked to: only then does it matter what is answered."""
    sandbox = box("--fault", "auth-no-proof")
    careless = Careless(sandbox)
    careless.say("EHLO x")
    assert careless.say("AUTH SCRAM-SHA-256").startswith(b"334 ")
    assert careless.say("biwsbj11c2VyLHI9YWJjZGVmZ2hpag==").startswith(b"235")
    assert careless.say("bm8gY29tbWFuZA==").startswith(b"500")  # it goes on with its exchange: nothing is wrong with that
    careless.close()
    assert sandbox.conduct() == {"server-proof": "good"}


def test_after_the_login_imap_can_do_less_too(box):
    sandbox = box("--fault", "caps-change-auth")
    client = imaplib.IMAP4_SSL("localhost", sandbox.port("imaps"), ssl_context=ssl.create_default_context(cafile=sandbox.ca), timeout=20)
    client.login(sandbox.user, sandbox.password)
    assert b"UIDPLUS" not in client.capability()[1][0] and b"IMAP4rev1" in client.capability()[1][0]
    client.logout()
    assert sandbox.report()["faults"][0]["done"] > 0


@pytest.mark.parametrize("suites,version", [("ECDHE-ECDSA-CHACHA20-POLY1305", "TLSv1.2"), ("TLS_CHACHA20_POLY1305_SHA256", "TLSv1.3")])
def test_no_other_suites_are_spoken(box, suites, version):
    sandbox = box("--fault", f"tls-ciphers={suites}")
    trust = ssl.create_default_context(cafile=sandbox.ca)
    with socket.create_connection(("localhost", sandbox.port("imaps")), timeout=20) as raw, trust.wrap_socket(raw, server_hostname="localhost") as inside:
        assert inside.cipher()[0] == suites and inside.version() == version


def test_a_fault_that_never_happened_is_told(box):
    sandbox = box("--fault", "delay=1@cmd=NOPE", "--fault", "cert-expired")
    with pytest.raises(ssl.SSLError), socket.create_connection(("localhost", sandbox.port("imaps")), timeout=20) as raw:
        ssl.create_default_context(cafile=sandbox.ca).wrap_socket(raw, server_hostname="localhost")
    report = sandbox.report_when(lambda r: r["conduct"])
    assert [(fault["fault"], fault["done"]) for fault in report["faults"]] == [("delay=1@cmd=NOPE", 0), ("cert-expired", 1)]
    assert b"fault delay=1@cmd=NOPE: never done\n" in sandbox.ask("report").stdout


@pytest.mark.parametrize("words", ["starttls-striped", "delay=1@cmd=NOOP,nth=0", "in-use=3", "tls-only=9.9", "delay", "reply@cmd=RCPT", "delay=soon",
                                   "preauth@smtp", "drop@pop", "cert-expired@imap"])
def test_faults_that_are_none_are_usage_errors(postern, words):
    done = postern.run("serve", "--fault", words)
    assert done.status == 64, done
    assert "starttls-stripped" in done.err or words != "starttls-striped"
