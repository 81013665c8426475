"""Every login mechanism of `postern serve`, by `talk` and by clients that nobody here wrote; tokens that are signed; Kerberos tickets;
what is still known after a restart."""

import base64
import hashlib
import hmac
import json
import time

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from serving import Sandbox, deliver, run

OK, NO_LOGIN = 0, 77
SERVICES = {"smtp": "submission", "pop3": "pop3", "imap": "imap"}
MECHANISMS = """SCRAM-SHA-512-PLUS SCRAM-SHA-512 SCRAM-SHA-256-PLUS SCRAM-SHA-256 SCRAM-SHA-1-PLUS SCRAM-SHA-1 DIGEST-MD5 CRAM-MD5 PLAIN
LOGIN""".split()
FAREWELL = {"smtp": "QUIT\n", "pop3": "QUIT\n", "imap": "z LOGOUT\n"}


@pytest.fixture(scope="module")
def box(passwords, tmp_path_factory):
    from rig.postern import Postern

    home = Postern(tmp_path_factory.mktemp("logins"))
    with Sandbox(home, passwords, "--log", home.home().written / "log") as sandbox:
        yield sandbox


def talk(postern, sandbox, protocol, *args, **more):
    service = SERVICES[protocol]
    return postern.run("talk", "--login", f"--ca-file={sandbox.ca}", *args, f"{service}://localhost:{sandbox.port(service)}", input=FAREWELL[protocol],
                       **more)


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_each_mechanism_on_each_protocol(box, postern, mechanism):
    for protocol in SERVICES:
        done = talk(postern, box, protocol, f"--user={box.user}", f"--auth={mechanism}", password=box.password)
        assert done.status == OK and f"=== authenticated by {mechanism}\n" in done.out, done


@pytest.mark.parametrize("protocol", SERVICES)
def test_a_certificate_of_the_sandbox_is_a_login(box, postern, protocol):
    file = box.ready["CLIENT_CERT"]
    done = talk(postern, box, protocol, "--auth=EXTERNAL", f"--client-cert={file}", f"--client-key={file}")
    assert done.status == OK and "=== authenticated by EXTERNAL\n" in done.out, done


# --- tokens that are signed ---


def base64url(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=")


class Signer:
    """What an identity provider has: a key, and the file that a server needs to believe it."""

    def __init__(self, algorithm, directory):
        self.algorithm = algorithm
        self.file = directory / f"{algorithm}.key"
        if algorithm == "HS256":
            self.secret = b"shared-Secret-of-the-provider-5"
            self.file.write_bytes(self.secret + b"\n")
            return
        self.key = rsa.generate_private_key(65537, 2048) if algorithm == "RS256" else ec.generate_private_key(ec.SECP256R1())
        spki = serialization.PublicFormat.SubjectPublicKeyInfo
        self.file.write_bytes(self.key.public_key().public_bytes(serialization.Encoding.PEM, spki))

    def signature(self, data):
        if self.algorithm == "HS256":
            return hmac.new(self.secret, data, hashlib.sha256).digest()
        if self.algorithm == "RS256":
            return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        r, s = decode_dss_signature(self.key.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def token(self, **claims):
        claims = {"iss": "https://id.example.test", "aud": "mail", "sub": "joe", "exp": int(time.time()) + 600} | claims
        head, body = (base64url(json.dumps(part).encode()) for part in ({"alg": self.algorithm, "typ": "JWT"}, claims))
        return b".".join([head, body, base64url(self.signature(head + b"." + body))]).decode()


@pytest.mark.parametrize("algorithm", ["HS256", "RS256", "ES256"])
def test_signed_tokens_are_logins(postern, passwords, tmp_path, algorithm):
    signer = Signer(algorithm, tmp_path)
    log = postern.home().written / "log"
    more = ("--jwt-issuer=https://id.example.test", "--jwt-audience=mail", "--log", log)
    with Sandbox(postern, passwords, f"--jwt-key={signer.file}", *more) as sandbox:
        good = signer.token()
        for protocol in SERVICES:
            for mechanism in ("XOAUTH2", "OAUTHBEARER"):
                assert login_by_token(postern, sandbox, protocol, mechanism, passwords.add(good)).status == OK
        done = run(["curl", "-sS", "--ssl-reqd", "--cacert", sandbox.ca, "--oauth2-bearer", good, "-u", "joe:", f"imap://localhost:{sandbox.port('imap')}/"])
        assert done.returncode == OK and b"INBOX" in done.stdout, done
        bad = {
            "it expired": signer.token(exp=int(time.time()) - 5),
            "it is good only in": signer.token(nbf=int(time.time()) + 500),
            "it is by another issuer": signer.token(iss="https://evil.example.test"),
            "it is meant for another audience": signer.token(aud=["web"]),
            "it is for somebody else": signer.token(sub="ann"),
            "its signature is not by the key": good[:-12] + "AAAAAAAAAAAA",
            "it is signed by none": ".".join([base64url(b'{"alg":"none"}').decode(), good.split(".")[1], ""]),
            "it is no signed token": "opaque-token-4711",
        }
        for why, token in bad.items():
            passwords.add(token)
            assert login_by_token(postern, sandbox, "imap", "OAUTHBEARER", token).status == NO_LOGIN
            assert why in log.read_text(), why


def login_by_token(postern, sandbox, protocol, mechanism, token):
    home = postern.home()
    return talk(postern, sandbox, protocol, "--user=joe", f"--auth={mechanism}", f"--token-command=cat {home.file('token', token)}", home=home)


# --- Kerberos ---


def test_tickets_are_logins(kdc, postern, passwords):
    ticket = {**kdc.client_environment(), "KRB5CCNAME": str(kdc.ticket("alice"))}
    with Sandbox(postern, passwords, f"--keytab={kdc.keytab}", env={**kdc.server_environment()}) as sandbox:
        for protocol in SERVICES:
            done = talk(postern, sandbox, protocol, "--auth=GSSAPI", env=ticket)
            assert done.status == OK and "=== authenticated by GSSAPI\n" in done.out, done
        done = run(["curl", "-sSv", "--ssl-reqd", "--cacert", sandbox.ca, "--login-options", "AUTH=GSSAPI", "-u", "alice@EXAMPLE.TEST:",
                    f"pop3://localhost:{sandbox.port('pop3')}/"], env=ticket)
        assert done.returncode == OK and b"AUTH GSSAPI" in done.stdout, done


def test_a_ticket_is_for_its_owner_only(kdc, postern, passwords, tmp_path):
    ticket = {**kdc.client_environment(), "KRB5CCNAME": str(kdc.ticket("alice"))}
    log = tmp_path / "log.jsonl"
    with Sandbox(postern, passwords, f"--keytab={kdc.keytab}", "--log", log, env={**kdc.server_environment()}) as sandbox:
        for name, status in (("alice", OK), ("alice@EXAMPLE.TEST", OK), ("bob", NO_LOGIN), ("alice@OTHER.TEST", NO_LOGIN), ("alicea", NO_LOGIN)):
            done = talk(postern, sandbox, "imap", f"--user={name}", "--auth=GSSAPI", env=ticket)
            assert done.status == status, (name, done)
    told = [json.loads(line)["text"] for line in log.read_text().splitlines() if json.loads(line)["event"] == "login"]
    assert told[:3] == ["alice by GSSAPI"] * 2 + ["somebody by GSSAPI refused: GSSAPI: the ticket is alice@EXAMPLE.TEST's, who may not act as bob"], told


# --- after a restart ---


def test_what_came_before_a_restart_is_still_known(postern, passwords, tmp_path):
    message = b"Subject: before\r\n\r\nsee https://example.test/one\r\n"
    with Sandbox(postern, passwords) as sandbox:
        deliver(sandbox, message)
        user, state = sandbox.user, sandbox.dir
        assert sandbox.close() == OK
    again = Sandbox(postern, passwords, state=state)
    with again:
        waited = again.ask("wait", "--to", f"{user}@example.test", "--timeout=20s")
        assert waited.stdout == message, waited
        told = json.loads(again.ask("wait", "--to", "*", "--print=json").stdout)
        assert told["from"] == "joe@example.test" and told["to"] == f"{user}@example.test" and told["links"] == ["https://example.test/one"]
        done = run(["curl", "-sS", "--cacert", again.ca, "-u", f"{user}:{again.password}", "-X", "STORE 1 +FLAGS (\\Seen)",
                    f"imaps://localhost:{again.port('imaps')}/INBOX"])
        assert done.returncode == OK, done
        path = again.ask("wait", "--to", "*", "--print=path").stdout.decode().strip()
        assert path.endswith(":2,S") and open(path, "rb").read() == message
        assert again.report()["messages"] == 0  # of this run
        assert again.close() == OK


# --- the live view ---


def test_the_live_view_is_one_line_a_command(postern):
    home = postern.home(shows_secrets=True)
    client = 'curl -sS --ssl-reqd --cacert "$CA" -u "$MAIL_USER:$MAIL_PASSWORD" --login-options AUTH=%s "%s://localhost:$%s_PORT/"'
    done = postern.run("serve", "-v", "--run", " && ".join(client % words for words in (("CRAM-MD5", "pop3", "POP3"), ("PLAIN", "imap", "IMAP"))), home=home)
    assert done.status == OK, done
    lines = done.err.splitlines()
    assert "1 pop3 ~> AUTH CRAM-MD5" in lines and any(line.startswith("2 imap ~> A004 AUTHENTICATE PLAIN") for line in lines), lines
    assert any(line.startswith("1 pop3 <~ + <") and line.endswith(">") for line in lines)  # the challenge, decoded
    assert "1 pop3 ... 7 more lines" in lines and "1 pop3 === login user by CRAM-MD5" in lines
