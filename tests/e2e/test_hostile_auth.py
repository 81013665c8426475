"""Logins at servers that lie, stall, or cannot: false servers are found out by their proof, what no longer works is
explained, and a refusal is told apart: for now (75), for good (77), by somebody who should not be trusted (76)."""

import pytest
from hostile_login import LOGINS, assert_logged_in, assert_nothing_secret, assert_refused, log_in
from rig.hostile import Faults
from rig.users import Users

SASL = ("submission", "lmtp", "pop3", "imap", "sieve", "nntp")
PROVING = ("SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512", "SCRAM-SHA-256-PLUS", "DIGEST-MD5")
# What these let a false server keep is a hash to guess against, which is why who it is has to be told so clearly.
FALSE_SERVER = "this may be a false server"
TOKEN = "t0ken-of-nobody-0a1b2c"


def offering(*mechanisms, **more):
    return Faults(mechanisms=mechanisms, **more)


def with_token(postern, passwords):
    """Where the token comes from: --token-command, whose words are no secret."""
    passwords.add(TOKEN)
    home = postern.home()
    return f"--token-command=cat {home.file('token', TOKEN)}", home


def assert_password_kept(server):
    """The exchange may have begun, but the password itself went nowhere."""
    server.wait_done()
    assert not server.leaks_anywhere([Users.alice.password, TOKEN])


# --- who is the server?


@pytest.mark.parametrize("mechanism", PROVING)
@pytest.mark.parametrize("scheme", SASL)
def test_who_proves_itself_is_believed(postern, pki, hostile, scheme, mechanism):
    server = hostile(scheme, offering(mechanism))
    assert_logged_in(log_in(postern, pki, server, f"--auth={mechanism}"), server)
    assert server.logins[0][0] == mechanism
    assert_password_kept(server)


@pytest.mark.parametrize("mechanism", PROVING)
@pytest.mark.parametrize("scheme", SASL)
def test_wrong_proof_is_a_false_server(postern, pki, hostile, scheme, mechanism):
    server = hostile(scheme, offering(mechanism, auth="wrong-proof"))
    result = log_in(postern, pki, server, f"--auth={mechanism}")
    assert_refused(result, 76, f"{mechanism}: the server's proof", "is wrong", FALSE_SERVER)
    assert_password_kept(server)


@pytest.mark.parametrize("mechanism", PROVING)
@pytest.mark.parametrize("scheme", SASL)
def test_success_without_proof_is_a_false_server(postern, pki, hostile, scheme, mechanism):
    server = hostile(scheme, offering(mechanism, auth="no-proof"))
    result = log_in(postern, pki, server, f"--auth={mechanism}")
    assert_refused(result, 76, f"the server says {mechanism} succeeded, but", FALSE_SERVER)
    assert_password_kept(server)


def test_after_a_false_server_nothing_more_is_said(postern, pki, hostile):
    """What the script holds was meant for the real one."""
    server = hostile("imap", offering("SCRAM-SHA-256", auth="no-proof"))
    result = log_in(postern, pki, server, input="SELECT private-things\n")
    assert_refused(result, 76, FALSE_SERVER)
    server.wait_done()
    assert b"private-things" not in server.received + server.received_tls


SCRAM_LIES = {
    "early": (76, FALSE_SERVER),
    "short-nonce": (76, "does not continue ours"),
    "many-iterations": (76, "2147483647 iterations; at most 2000000"),
    "mandatory-extension": (76, "SCRAM extension (m=)"),
    "no-salt": (76, "not of the form r=NONCE,s=SALT,i=COUNT"),
    "garbage": (76, "the server's challenge is not base64"),
    "endless": (76, "not of the form"),
    "reject": (77, "the server refused SCRAM-SHA-256 for alice"),
}


@pytest.mark.parametrize("lie", SCRAM_LIES)
@pytest.mark.parametrize("scheme", ("submission", "imap"))
def test_scram_takes_no_nonsense(postern, pki, hostile, scheme, lie):
    status, words = SCRAM_LIES[lie]
    server = hostile(scheme, offering("SCRAM-SHA-256", auth=lie))
    result = log_in(postern, pki, server)
    assert_refused(result, status, words)
    assert_password_kept(server)


def test_scram_in_the_clear_demands_iterations(postern, pki, hostile):
    """Whoever listens could try passwords against the proof: few iterations would make that cheap (RFC 7677, 4)."""
    faults = offering(
        "SCRAM-SHA-256", starttls="missing", mechanisms_clear=("SCRAM-SHA-256",), auth="few-iterations"
    )
    server = hostile("imap", faults)
    result = log_in(postern, pki, server, "--tls=opportunistic")
    assert_refused(result, 76, "only 1 iterations")
    assert b",p=" not in server.received


@pytest.mark.parametrize("mechanism", ("SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512"))
@pytest.mark.parametrize("scheme", SASL)
def test_plus_taken_from_the_list_is_found_out(postern, pki, hostile, scheme, mechanism):
    """We say that we could have bound to the channel; the real server, which offers it, then knows who took it away."""
    server = hostile(scheme, offering(mechanism, auth="downgrade"))
    result = log_in(postern, pki, server, f"--auth={mechanism}")
    assert_refused(result, 76, "server-does-support-channel-binding", "someone has taken it from the list")
    assert_password_kept(server)


def test_plus_is_taken_where_it_is_offered(postern, pki, hostile):
    server = hostile("submission", offering("SCRAM-SHA-256", "SCRAM-SHA-256-PLUS", "PLAIN", auth="downgrade"))
    assert_logged_in(log_in(postern, pki, server), server)
    assert server.logins[0][0] == "SCRAM-SHA-256-PLUS" and server.logins[0][1].startswith(b"p=tls-exporter,,")


# --- servers that say too little, or something else


@pytest.mark.parametrize("scheme", SASL)
def test_a_server_silent_after_auth_plain_is_answered_inside_tls(postern, pki, hostile, scheme):
    server = hostile(scheme, offering("PLAIN", auth="silent"))
    args = ("--auth=PLAIN", "--no-initial-response", "--auth-wait=0.3", "--timeout=50")
    result = log_in(postern, pki, server, *args)
    assert_logged_in(result, server)
    assert "no challenge within 0.3 s: sending the response unasked" in result.out
    assert 0.3 < result.seconds < 40


@pytest.mark.parametrize("scheme", ("smtp", "pop3", "imap"))
def test_a_server_silent_in_the_clear_gets_nothing(postern, pki, hostile, scheme):
    """Even with leave to send passwords in the clear: nobody knows who is waiting there, and for what."""
    server = hostile(
        scheme, offering("PLAIN", auth="silent", starttls="missing", mechanisms_clear=("PLAIN",))
    )
    args = (
        "--tls=opportunistic",
        "--allow-cleartext-auth",
        "--auth=PLAIN",
        "--no-initial-response",
        "--auth-wait=0.2",
    )
    result = log_in(postern, pki, server, *args, "--timeout=1")
    assert_refused(result, 75, "timed out after 1 s", 'PLAIN"')
    assert_password_kept(server)


@pytest.mark.parametrize("mechanism", ("PLAIN", "LOGIN"))
@pytest.mark.parametrize("scheme", ("submission", "lmtp", "pop3", "imap"))
def test_a_bare_334_is_a_challenge(postern, pki, hostile, scheme, mechanism):
    server = hostile(scheme, offering(mechanism, auth="bare", sasl_ir=False))
    result = log_in(postern, pki, server, f"--auth={mechanism}", "--no-initial-response")
    assert_logged_in(result, server)
    prompt = "<~ 334\n" if scheme in ("submission", "lmtp") else "<~ +\n"
    assert (prompt in result.out) == (mechanism == "PLAIN"), "LOGIN's prompts say something"


@pytest.mark.parametrize("scheme", SASL)
def test_a_challenge_that_is_no_base64_ends_it_politely(postern, pki, hostile, scheme):
    server = hostile(scheme, offering("CRAM-MD5", auth="garbage"))
    result = log_in(postern, pki, server, "--auth=CRAM-MD5")
    assert_refused(result, 76, "the server's challenge is not base64", "!this is no base64!")
    assert_password_kept(server)
    assert (
        b"\n*\r\n" in server.received_tls or b'\n"*"\r\n' in server.received_tls
    ), "the exchange is cancelled"


@pytest.mark.parametrize("mechanism", ("PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2"))
@pytest.mark.parametrize("scheme", ("submission", "imap"))
def test_challenges_without_end_are_ended(postern, pki, hostile, passwords, scheme, mechanism):
    server = hostile(scheme, offering(mechanism, auth="endless"))
    token, home = with_token(postern, passwords)
    result = log_in(postern, pki, server, f"--auth={mechanism}", token, home=home)
    assert_refused(result, 76, "auth: ")


# --- servers that offer what does not help

DEAD = {"KERBEROS_V4": "single DES", "SKEY": "one-time passwords by MD4", "OTP": "one-time passwords"}


@pytest.mark.parametrize("scheme", ("submission", "lmtp", "imap", "sieve"))
def test_dead_mechanisms_are_explained_and_not_tried(postern, pki, hostile, scheme):
    server = hostile(scheme, offering(*DEAD, capabilities=("LOGINDISABLED",) if scheme == "imap" else ()))
    result = log_in(postern, pki, server)
    assert_refused(result, 77, *(f"{name}: Dead: " for name in DEAD), *DEAD.values())
    assert_nothing_secret(server)


def test_dead_mechanisms_are_not_tried_when_asked_for(postern, pki, hostile):
    server = hostile("submission", offering("SKEY", "PLAIN"))
    assert_refused(log_in(postern, pki, server, "--auth=SKEY"), 77, "SKEY: Dead: ")
    assert_nothing_secret(server)


def test_unknown_mechanisms_are_named_whatever_they_are(postern, pki, hostile):
    server = hostile("submission", offering("X-" + "Y" * 400, "\x1b[2J", *(f"M{i}" for i in range(300))))
    result = log_in(postern, pki, server)
    assert_refused(result, 77, "\\x1B[2J: Postern does not know it")
    assert "\x1b" not in result.err


@pytest.mark.parametrize("scheme", ("submission", "sieve", "nntp"))
def test_no_mechanism_at_all_is_told(postern, pki, hostile, scheme):
    server = hostile(scheme, offering())
    assert_refused(log_in(postern, pki, server), 77, "offers no way to authenticate")
    assert_nothing_secret(server)


def test_logindisabled_inside_tls_is_obeyed(postern, pki, hostile):
    server = hostile("imap", offering("SKEY", capabilities=("LOGINDISABLED",)))
    assert_refused(log_in(postern, pki, server), 77)
    assert_nothing_secret(server)


def test_offered_but_unknown_is_a_refusal(postern, pki, hostile):
    """A server that lists what it does not have."""
    server = hostile(
        "submission", Faults(auth="reject", auth_refusal="504 5.5.4 Unrecognized authentication type")
    )
    assert_refused(log_in(postern, pki, server), 77, "the server refused PLAIN for alice", "504 5.5.4")


# --- no

REFUSED = {
    "submission": ("454 4.7.0 Temporary authentication failure", "535 5.7.8 Bad credentials"),
    "lmtp": ("421 4.3.2 Shutting down", "535 5.7.8 Bad credentials"),
    "pop3": ("-ERR [SYS/TEMP] try later", "-ERR [AUTH] permission denied"),
    "imap": ("NO [UNAVAILABLE] try later", "NO [AUTHENTICATIONFAILED] no"),
    "sieve": ('NO (TRYLATER) "later"', 'NO "Authentication failed"'),
    "ftp": ("421 Service not available", "530 Login incorrect"),
    "nntp": ("400 Service temporarily unavailable", "481 Authentication rejected"),
}


@pytest.mark.parametrize("scheme", REFUSED)
def test_refused_for_now_and_for_good_are_told_apart(postern, pki, hostile, scheme):
    for status, refusal in zip((75, 77), REFUSED[scheme]):
        server = hostile(scheme, Faults(auth="reject", auth_refusal=refusal))
        result = log_in(postern, pki, server)
        assert_refused(result, status, "auth: the server refused ", " for alice", refusal)
        assert (" for alice for now: " in result.err) == (status == 75)
        assert not server.leaks([Users.alice.password])


@pytest.mark.parametrize("greeting, apop", [(None, True), (b"+OK no challenge\r\n", False)])
def test_apop_refused_for_good_says_what_may_be_wrong(postern, pki, hostile, greeting, apop):
    words = "the account has none for APOP"
    for refusal, status in (("-ERR permission denied", 77), ("-ERR [IN-USE] locked", 75)):
        server = hostile("pop3", Faults(greeting=greeting, auth="reject", auth_refusal=refusal))
        result = log_in(postern, pki, server)
        assert_refused(result, status, refusal)
        assert (words in result.err) == (apop and status == 77), result


@pytest.mark.parametrize("mechanism", ("XOAUTH2", "OAUTHBEARER"))
@pytest.mark.parametrize("scheme", SASL)
def test_oauth_error_json_comes_in_words(postern, pki, hostile, passwords, scheme, mechanism):
    token, home = with_token(postern, passwords)
    server = hostile(scheme, offering(mechanism, auth="reject"))
    result = log_in(postern, pki, server, f"--auth={mechanism}", token, home=home)
    words = (
        "token refused, status 401",
        "the token has expired, was revoked, or is for another user",
        "scope mail",
    )
    assert_refused(result, 77, f"the server refused {mechanism} for alice", *words)
    assert not server.leaks([TOKEN]) and server.leaks_anywhere([TOKEN])


@pytest.mark.parametrize("scheme", LOGINS)
def test_the_password_is_masked_whatever_comes_of_it(postern, pki, hostile, scheme):
    server = hostile(scheme, Faults(auth="reject"))
    result = log_in(postern, pki, server, "--transcript=talk.txt", "--explain=full", "-v")
    written = result.stdout + result.stderr + (result.home.written / "talk.txt").read_bytes()
    assert b"*****" in written and Users.alice.password.encode() not in written
