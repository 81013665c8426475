"""`postern auth`: no server is needed. The vectors are those the RFCs print."""

import base64
import os
import pty
import re
import subprocess

import pytest
from rig.postern import binary


def b64(data) -> str:
    return base64.b64encode(data.encode() if isinstance(data, str) else data).decode()


def unb64(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


@pytest.fixture
def auth(postern):
    """Runs `postern auth`: its very purpose is to print what can be decoded, so these runs are not searched."""

    def run(*args, **more):
        return postern.run("auth", *args, shows_secrets=True, **more)

    return run


APOP = "<1896.697170952@dbc.mtview.ca.us>"
CRAM = "<1896.697170952@postoffice.reston.mci.net>"
DIGEST = 'realm="elwood.innosoft.com",nonce="OA6MG9tEQGm2hh",qop="auth",algorithm=md5-sess,charset=utf-8'
DIGEST_OPTIONS = ("--service=imap", "--host=elwood.innosoft.com", "--user=chris", "--nonce=OA6MHXh6VqTrRk")
SCRAM = {
    "scram-sha-1": (
        "fyko+d2lbbFgONRv9qkxdawL",
        "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
        "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
        "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
    ),
    "scram-sha-256": (
        "rOprNGfwEbeRWgbNEkqO",
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
        "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
    ),
}


# --- computing


@pytest.mark.parametrize("greeting", [APOP, f"+OK POP3 server ready {APOP}"])
def test_apop_of_rfc_1939(auth, greeting):
    done = auth("apop", greeting, "--user=mrose", password="tanstaaf")
    assert (done.status, done.out, done.err) == (0, "APOP mrose c4c9334bac560ecc979e58001b3e22fb\n", "")
    assert auth("apop", greeting, password="tanstaaf").out == "c4c9334bac560ecc979e58001b3e22fb\n"


@pytest.mark.parametrize("challenge", [CRAM, b64(CRAM), f"334 {b64(CRAM)}", f"+ {b64(CRAM)}"])
def test_cram_md5_of_rfc_2195(auth, challenge):
    done = auth("cram-md5", challenge, "--user=tim", password="tanstaaftanstaaf")
    assert (done.status, done.out, done.err) == (0, "dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw\n", "")


@pytest.mark.parametrize("challenge", [DIGEST, b64(DIGEST)])
def test_digest_md5_of_rfc_2831(auth, challenge):
    done = auth("digest-md5", challenge, *DIGEST_OPTIONS, password="secret")
    assert done.status == 0, done
    assert unb64(done.out.strip()).decode() == (
        'charset=utf-8,username="chris",realm="elwood.innosoft.com",nonce="OA6MG9tEQGm2hh",nc=00000001,'
        'cnonce="OA6MHXh6VqTrRk",digest-uri="imap/elwood.innosoft.com",response=d388dad90d4bbd760a152321f2143af7,qop=auth'
    )
    proof = auth("digest-md5", challenge, *DIGEST_OPTIONS, "--server-proof", password="secret")
    assert unb64(proof.out.strip()) == b"rspauth=ea40f60335c427b5527b84dbabcdfffd"


def test_digest_md5_checks_the_servers_proof(auth):
    right = auth("digest-md5", DIGEST, "rspauth=ea40f60335c427b5527b84dbabcdfffd", "-v", *DIGEST_OPTIONS, password="secret")
    assert (right.status, right.out) == (0, "\n")
    assert "The server's proof is right." in right.err
    wrong = auth("digest-md5", DIGEST, "rspauth=ea40f60335c427b5527b84dbabcdfffe", *DIGEST_OPTIONS, password="secret")
    assert (wrong.status, wrong.out) == (76, "")
    assert "may be a false server" in wrong.err


@pytest.mark.parametrize("mechanism", SCRAM)
def test_scram_of_rfc_5802_and_7677(auth, mechanism):
    nonce, server_first, client_final, server_final = SCRAM[mechanism]
    ours = ("--user=user", f"--nonce={nonce}")
    first = auth(mechanism, *ours)
    assert (first.status, unb64(first.out.strip()).decode()) == (0, f"n,,n=user,r={nonce}")
    for form in (server_first, b64(server_first), "334 " + b64(server_first)):
        final = auth(mechanism, form, *ours, password="pencil")
        assert (final.status, unb64(final.out.strip()).decode(), final.err) == (0, client_final, "")
    told = auth(mechanism, server_first, "-v", *ours, password="pencil")
    assert server_final in told.err
    proof = auth(mechanism, server_first, "--server-proof", *ours, password="pencil")
    assert unb64(proof.out.strip()).decode() == server_final
    assert auth(mechanism, server_first, server_final, *ours, password="pencil").status == 0
    wrong = auth(mechanism, server_first, server_final[:-3] + "A" + server_final[-2:], *ours, password="pencil")
    assert (wrong.status, wrong.out) == (76, "")


def test_scram_makes_a_nonce_of_its_own(auth):
    first, second = (unb64(auth("scram-sha-512", "--user=user").out.strip()) for _ in range(2))
    assert first != second and re.fullmatch(rb"n,,n=user,r=[!-+\--~]{20,}", first)


def test_scram_warns_of_few_iterations(auth):
    done = auth("scram-sha-1", "r=abcd,s=W22Z,i=1000", "--user=u", "--nonce=abc", password="p")
    assert done.status == 0 and "fewer than the 4096" in done.err


def test_scram_plus_binds(auth):
    done = auth("scram-sha-256-plus", "r=abcd,s=W22Z,i=4096", "--user=u", "--nonce=abc", "--binding=tls-exporter:44415441", password="p")
    assert unb64(done.out.strip()).startswith(b"c=" + b64("p=tls-exporter,,DATA").encode() + b",r=abcd,p=")
    could = auth("scram-sha-256", "--user=u", "--nonce=abc", "--binding=tls-exporter:44415441")
    assert unb64(could.out.strip()) == b"y,,n=u,r=abc"


def test_plain_of_rfc_4616(auth):
    done = auth("plain", "--user=tim", password="tanstaaftanstaaf")
    assert (done.status, unb64(done.out.strip()), done.err) == (0, b"\0tim\0tanstaaftanstaaf", "")
    acting = auth("plain", "--user=Kurt", "--authzid=Ursel", password="xipj3plmq")
    assert unb64(acting.out.strip()) == b"Ursel\0Kurt\0xipj3plmq"


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_names_and_passwords_outside_ascii(postern, encoding):
    user, password = "bär".encode(encoding), "grüß dich".encode(encoding)
    environment = postern.environment(postern.home(shows_secrets=True), os.fsdecode(password))
    out = subprocess.run([binary(), "auth", "plain", b"--user=" + user], stdout=subprocess.PIPE, env=environment, check=True).stdout
    assert unb64(out.decode().strip()) == b"\0" + user + b"\0" + password


def test_scram_prepares_names(auth):
    prepared = auth("scram-sha-1", "--user=I\u00adX", "--nonce=n")
    assert unb64(prepared.out.strip()) == b"n,,n=IX,r=n"


def test_login_has_two_answers(auth):
    assert auth("login", "--user=joe", password="s3cret").out == b64("joe") + "\n" + b64("s3cret") + "\n"
    assert auth("login", "334 VXNlcm5hbWU6", "--user=joe", password="s3cret").out == b64("joe") + "\n"
    assert auth("login", "VXNlcm5hbWU6", "UGFzc3dvcmQ6", "--user=joe", password="s3cret").out == b64("s3cret") + "\n"


def test_oauth(auth, tmp_path):
    token = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="
    (tmp_path / "token").write_text(token + "\n")
    command = f"--token-command=cat {tmp_path}/token"
    bearer = auth("oauthbearer", "--user=user@example.com", "--host=server.example.com", "--port=143", command)
    assert bearer.out.strip() == (  # RFC 7628 section 4.1
        "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyIHZGOWRmdDRxbVRjMk52YjNSbGNrQm"
        "hiSFJoZG1semRHRXVZMjl0Q2c9PQEB"
    )
    xoauth2 = auth("xoauth2", "--user=me@example.com", command)
    assert unb64(xoauth2.out.strip()) == f"user=me@example.com\1auth=Bearer {token}\1\1".encode()
    chatty = auth("xoauth2", "--user=me", "--token-command=echo here it is")
    assert chatty.status == 77 and "here it is" not in chatty.err


def test_ntlm(auth):
    type_1 = unb64(auth("ntlm").out.strip())
    assert type_1[:12] == b"NTLMSSP\0\x01\0\0\0"
    type_2 = b64(bytes.fromhex("4e544c4d535350000200000000000000300000000102000001234567 89abcdef0000000000000000".replace(" ", "")))
    done = auth("ntlm", type_2, "--user=CORP\\joe", password="pw")
    type_3 = unb64(done.out.strip())
    assert done.status == 0 and type_3[:12] == b"NTLMSSP\0\x03\0\0\0"
    assert "CORP".encode("utf-16le") in type_3 and "joe".encode("utf-16le") in type_3


def test_external_and_anonymous(auth):
    assert auth("external").out == "=\n"
    assert auth("external", "--authzid=fred@example.com").out == b64("fred@example.com") + "\n"
    assert auth("anonymous", "--user=sirhc").out == "c2lyaGM=\n"


def test_passwords_come_by_the_usual_ways(auth, postern, tmp_path):
    (tmp_path / "pw").write_text("from a file\nsecond line\n")
    (tmp_path / "pw").chmod(0o600)
    assert unb64(auth("plain", "--user=u", f"--password-file={tmp_path}/pw").out.strip()) == b"\0u\0from a file"
    assert unb64(auth("plain", "--user=u", "--password-command=echo from a command").out.strip()) == b"\0u\0from a command"
    home = postern.home(shows_secrets=True)
    home.file("postern/accounts.conf", "[account work]\nurl = imaps://localhost\nuser = joe\npassword-command = echo account\n")
    assert unb64(auth("plain", "--account=work", home=home).out.strip()) == b"\0joe\0account"
    nobody = auth("plain", "--user=u")
    assert nobody.status == 77 and nobody.out == ""


@pytest.mark.parametrize(
    "status, words, args",
    [
        (64, "what should be computed", []),
        (64, "did you mean PLAIN?", ["plian"]),
        (64, "Give --user", ["plain"]),
        (64, "the server speaks first", ["cram-md5", "--user=u"]),
        (64, "--service", ["digest-md5", DIGEST, "--user=u"]),
        (64, "--nonce", ["scram-sha-1", "r=a,s=W22Z,i=4096", "--user=u"]),
        (64, "--binding", ["scram-sha-1-plus", "--user=u"]),
        (64, "TYPE:HEX", ["scram-sha-1-plus", "--user=u", "--binding=tls-exporter:0"]),
        (64, "TYPE:HEX", ["scram-sha-1-plus", "--user=u", "--binding=what:00"]),
        (64, "token-command", ["xoauth2", "--user=u"]),
        (64, "KDC", ["gssapi"]),
        (64, "Dead", ["kerberos_v4"]),
        (64, "nothing to compute", ["user/pass"]),
        (64, "65535", ["external", "--port=65536"]),
        (64, "greeting", ["apop"]),
        (65, "offers no APOP", ["apop", "+OK ready", "--user=u"]),
        (65, "not base64", ["cram-md5", "abcde", "--user=u"]),
        (76, "nonce", ["scram-sha-1", "r=xy,s=W22Z,i=4096", "--user=u", "--nonce=n"]),
        (76, "2000001 iterations", ["scram-sha-1", "r=nx,s=W22Z,i=2000001", "--user=u", "--nonce=n"]),
        (76, "md5-sess", ["digest-md5", 'nonce="a"', "--user=u", "--service=imap", "--host=h"]),
        (76, "type 2", ["ntlm", "AAAA", "--user=u"]),
        (77, "forbids", ["scram-sha-1", "--user=u\x07"]),
    ],
)
def test_what_is_wrong_is_said(auth, status, words, args):
    done = auth(*args, password="p")
    assert (done.status, done.out) == (status, ""), done
    assert words in done.err


def test_explains_on_a_terminal_only(auth, postern):
    assert auth("plain", "--user=tim", password="tanstaaf").err == ""
    told = auth("plain", "--user=tim", "-v", password="tanstaaf").err
    assert "user=tim, password=*****" in told and "tanstaaf" not in told
    home = postern.home(shows_secrets=True)
    master, terminal = pty.openpty()
    try:
        child = subprocess.run(
            [binary(), "auth", "plain", "--user=tim"], stdout=terminal, stderr=subprocess.PIPE, env=postern.environment(home, "tanstaaf"), check=True
        )
        assert b"password=*****" in child.stderr
        assert unb64(os.read(master, 1000).decode().strip()) == b"\0tim\0tanstaaf"
    finally:
        os.close(master)
        os.close(terminal)


def test_output_that_cannot_be_written_is_an_error(auth, postern):
    home = postern.home(shows_secrets=True)
    for args in (["plain", "--user=u"], ["external"], ["list"]):
        with open("/dev/full", "w") as full:
            done = subprocess.run([binary(), "auth", *args], stdout=full, stderr=subprocess.PIPE, env=postern.environment(home, "p"))
        assert done.returncode == 74, args


# --- decoding


def test_decode_masks_what_is_secret(auth, postern):
    message = b64("\0tim\0tanstaaf")
    done = postern.run("auth", "decode", message)
    assert (done.status, done.out) == (0, "PLAIN initial response\n  user      tim\n  password  *****\n")
    assert "tanstaaf" in auth("decode", message, "--show-secrets").out


@pytest.mark.parametrize(
    "words, args",
    [
        (["PLAIN initial response", "act as    a", "user      b"], [b64("a\0b\0c")]),
        (["PLAIN initial response"], ["AUTH PLAIN " + b64("\0b\0c")]),
        (["PLAIN initial response"], ["~> AUTH PLAIN " + b64("\0b\0c")]),
        (["PLAIN initial response"], ['AUTHENTICATE "PLAIN" "' + b64("\0b\0c") + '"']),
        (["PLAIN initial response"], [b64("\0b\0c").rstrip("=")]),
        (["CRAM-MD5 server challenge", CRAM], ["334 " + b64(CRAM)]),
        (["CRAM-MD5 server challenge", APOP], ["+OK hello " + APOP]),
        (["digest  *****"], ["APOP mrose c4c9334bac560ecc979e58001b3e22fb"]),
        (["DIGEST-MD5 server challenge", "elwood"], [DIGEST]),
        (["SCRAM server first message", "iterations  4096"], [SCRAM["scram-sha-1"][1]]),
        (["SCRAM client final message", "proof            *****"], [b64(SCRAM["scram-sha-1"][2])]),
        (["SCRAM server final message"], [b64(SCRAM["scram-sha-1"][3])]),
        (["SCRAM-SHA-1 client first message"], ["a1 AUTHENTICATE SCRAM-SHA-1 " + b64("n,,n=user,r=x")]),
        (["XOAUTH2 initial response", "token  *****"], [b64("user=me\1auth=Bearer T\1\1")]),
        (["token refused, status 400"], ["AUTH XOAUTH2 " + b64("user=me\1auth=Bearer T\1\1"), "334 " + b64('{"status":"400"}')]),
        (["NTLM type 1"], ["TlRMTVNTUAABAAAAB4IIAAAAAAAgAAAAAAAAACAAAAA="]),
        (["EXTERNAL empty client response"], ["AUTH EXTERNAL ="]),
        (["client gives up"], ["AUTH LOGIN", "*"]),
    ],
)
def test_decode_recognises(auth, words, args):
    done = auth("decode", *args)
    assert done.status == 0, done
    for word in words:
        assert word in done.out, done


LOGIN = ["AUTH LOGIN", "334 VXNlcm5hbWU6", b64("joe"), "334 UGFzc3dvcmQ6", b64("s3cret")]


@pytest.mark.parametrize("from_stdin", [False, True])
def test_decode_follows_an_exchange(auth, from_stdin):
    done = auth("decode", "-", input="\r\n".join(LOGIN) + "\r\n") if from_stdin else auth("decode", *LOGIN)
    assert done.status == 0
    assert [part.splitlines()[0] for part in done.out.split("\n\n")] == [
        "LOGIN client asks for the mechanism",
        "LOGIN server asks for the user name",
        "LOGIN client's user name",
        "LOGIN server asks for the password",
        "LOGIN client's password",
    ]
    assert "s3cret" not in done.out and "user  joe" in done.out


def test_decode_escapes(auth):
    done = auth("decode", "334 " + b64("<\x1b]0;gotcha\x07@\u202ex>"), "--show-secrets")
    assert done.status == 0
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202e]", done.out) and "gotcha" in done.out
    named = auth("decode", "AUTH X\x1b[2J " + b64("abc"))
    assert "\x1b" not in named.out


@pytest.mark.parametrize(
    "status, words, args",
    [
        (65, "not base64", ["abcde"]),
        (65, "not everything was recognised", [b64("what is this")]),
        (64, "decode what", []),
        (65, "nothing to decode", ["-"]),
    ],
)
def test_decode_says_what_it_cannot(auth, status, words, args):
    done = auth("decode", *args)
    assert done.status == status and words in done.err


# --- explaining


def test_list_fits_a_terminal(auth):
    done = auth("list")
    assert done.status == 0
    assert max(map(len, done.out.splitlines())) <= 80
    rows = {line.split("  ")[0].strip(): line for line in done.out.splitlines()}
    for name in (
        "PLAIN LOGIN CRAM-MD5 DIGEST-MD5 SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-512 SCRAM-SHA-1-PLUS SCRAM-SHA-256-PLUS "
        "SCRAM-SHA-512-PLUS NTLM GSSAPI EXTERNAL ANONYMOUS XOAUTH2 OAUTHBEARER APOP USER/PASS"
    ).split():
        assert " yes " in rows[name], name
    for name in ("KERBEROS_V4", "SKEY", "OTP", "MSN"):
        assert " no " in rows[name], name


def test_every_mechanism_is_explained(auth):
    names = [line[:24].strip() for line in auth("list").out.split("\n\n")[0].splitlines()[1:]]
    assert len(names) > 40
    for name in names:
        done = auth("explain", name.lower())
        assert done.status == 0 and done.out.startswith(name + " ("), done
        assert max(map(len, done.out.splitlines())) <= 80
    assert auth("explain", "login", "command").out.startswith("LOGIN command (")
    assert auth("explain", "SCRAM-SHA-257").status == 64
    assert auth("explain").status == 64
