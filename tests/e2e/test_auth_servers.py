"""Logging in: every mechanism at a real server that has it, by `postern talk`; what is chosen, refused and explained."""

import base64
import re
import time

import pytest
from rig import mailbox
from rig.dovecot import Dovecot
from rig.postfix import CYRUS_MECHANISMS

INSECURE, AUTH, CONFIG = 76, 77, 78

DOVECOT_PASSWORDS = ["PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"]
TOKENS = ["OAUTHBEARER", "XOAUTH2"]
SCHEMES = ["pop3", "imap", "submission", "sieve"]
OWN_WAYS = [("pop3", "APOP", "APOP"), ("pop3", "USER/PASS", "PLAIN"), ("imap", "LOGIN command", "PLAIN")]


def as_option(way):
    """As --auth takes it."""
    return "--auth=" + way.lower().replace(" ", "-").partition("/")[0]


class Log:
    """What a server writes from here on."""

    def __init__(self, server):
        self.path = server.log
        self.start = self.path.stat().st_size

    def text(self):
        with open(self.path, "rb") as file:
            file.seek(self.start)
            return file.read().decode(errors="replace")

    def wait(self, pattern, seconds=10):
        deadline = time.monotonic() + seconds
        while not (found := re.search(pattern, self.text())):
            assert time.monotonic() < deadline, f"'{pattern}' did not come into the log:\n{self.text()}"
            time.sleep(0.02)
        return found


@pytest.fixture
def login(talk, postern):
    """login(URL, user, ...): logs in and leaves. The user is named by option: any name is possible there. A token is
    given by a command, and not in its arguments."""

    def run(url, user, *args, token=None, **more):
        named = [f"--user={user.name}"] if user else []
        if token:
            more["home"] = postern.home()
            named.append(f"--token-command=cat {more['home'].file('token', token)}")
        elif user:
            more.setdefault("password", user.password)
        return talk(url, "--login", *named, *args, **more)

    return run


def assert_in(done, way):
    assert done.status == 0, done
    assert f"=== authenticated by {way}\n" in done.out


def assert_refused(done, way, user, *words):
    assert done.status == AUTH, done
    assert f"the server refused {way} for {user.name}: " in done.err
    for word in words:
        assert word in done.err
    assert "authenticated by" not in done.out


# --- Dovecot


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("mechanism", DOVECOT_PASSWORDS)
def test_password_mechanisms_log_in_inside_tls(dovecot, users, login, scheme, mechanism):
    log = Log(dovecot)
    assert_in(login(dovecot.url(scheme), users.alice, as_option(mechanism)), mechanism)
    assert log.wait(r"Login: user=<(\w+)>, method=([\w-]+), .*TLS").groups() == ("alice", mechanism)


@pytest.mark.parametrize("scheme", ["pop3s", "imaps", "submissions"])
def test_they_do_where_tls_comes_from_the_start(dovecot, users, login, scheme):
    assert_in(login(dovecot.url(scheme), users.alice), "SCRAM-SHA-256")


@pytest.mark.parametrize("scheme, way, method", OWN_WAYS)
def test_ways_of_the_protocols_own(dovecot, users, login, scheme, way, method):
    log = Log(dovecot)
    assert_in(login(dovecot.url(scheme), users.alice, as_option(way)), way)
    assert log.wait(r"Login: user=<(\w+)>, method=(\w+), .*TLS").groups() == ("alice", method)


@pytest.mark.parametrize(
    "scheme, way",
    [("imap", mechanism) for mechanism in DOVECOT_PASSWORDS]
    + [(scheme, "SCRAM-SHA-256") for scheme in ("pop3", "submission", "sieve")]
    + [(scheme, way) for scheme, way, _ in OWN_WAYS],
)
def test_a_wrong_password_is_status_77_in_the_servers_words(dovecot, users, login, scheme, way):
    done = login(dovecot.url(scheme), users.alice, as_option(way), password=users.wrong)
    assert_refused(done, way, users.alice, "uthentication failed")


@pytest.mark.parametrize("mechanism", TOKENS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_tokens_log_in(dovecot, users, login, passwords, scheme, mechanism):
    done = login(dovecot.url(scheme), users.alice, as_option(mechanism), token=dovecot.token())
    assert_in(done, mechanism)


@pytest.mark.parametrize("mechanism", TOKENS)
@pytest.mark.parametrize("scheme", ["imap", "pop3"])
def test_an_expired_token_is_told_in_words(dovecot, users, login, passwords, scheme, mechanism):
    token = dovecot.token(expires=-3600)
    done = login(dovecot.url(scheme), users.alice, as_option(mechanism), token=token)
    assert_refused(done, mechanism, users.alice, "token refused", "expired")


def test_a_token_command_that_fails_is_told(dovecot, users, login):
    done = login(dovecot.url("imap"), users.alice, "--token-command=exit 3", "--auth=xoauth2")
    assert done.status == CONFIG, done
    assert "the token command" in done.err and "status 3" in done.err


# --- letters outside ASCII, and others that need care


@pytest.mark.parametrize(
    "scheme, way",
    [("imap", mechanism) for mechanism in DOVECOT_PASSWORDS if mechanism != "DIGEST-MD5"]
    + [(scheme, way) for scheme, way, _ in OWN_WAYS]
    + [("sieve", "PLAIN"), ("submission", "LOGIN")],
)
@pytest.mark.parametrize("who", ["juergen", "quoted", "long"])
def test_names_and_passwords_need_not_be_plain_words(dovecot, users, login, who, scheme, way):
    user = getattr(users, who)
    log = Log(dovecot)
    assert_in(login(dovecot.url(scheme), user, as_option(way)), way)
    assert log.wait(r"Login: user=<([^>]+)>").group(1) == user.name


def test_imap_login_sends_8_bit_as_a_literal(dovecot, users, login):
    done = login(dovecot.url("imap"), users.juergen, "--auth=login-command")
    octets = len(users.juergen.name.encode())
    assert re.search(rf"^~> P\d+ LOGIN \{{{octets}\}}$", done.out, re.MULTILINE), done
    assert_in(done, "LOGIN command")


def test_digest_md5_of_8_bit_names_says_why_it_may_be_refused(dovecot, users, login):
    # Dovecot hashes UTF-8, see VIOLATIONS.md; Cyrus does what the RFC says, see below.
    done = login(dovecot.url("imap"), users.juergen, "--auth=digest-md5")
    assert_refused(done, "DIGEST-MD5", users.juergen, "ISO 8859-1", "SCRAM")
    done = login(dovecot.url("imap"), users.alice, "--auth=digest-md5", password=users.wrong)
    assert_refused(done, "DIGEST-MD5", users.alice)
    assert "8859" not in done.err


# --- APOP


@pytest.mark.parametrize("who, password", [("alice", "wrong"), ("hashed", None)])
def test_apop_refused_is_explained(dovecot, users, login, who, password):
    user = getattr(users, who)
    more = {"password": getattr(users, password)} if password else {}
    done = login(dovecot.url("pop3"), user, "--auth=apop", **more)
    assert_refused(done, "APOP", user, "-ERR", "the secret is wrong", "the account has none for APOP")


def test_apop_typed_by_hand_and_refused_is_explained_too(dovecot, talk):
    done = talk(dovecot.url("pop3"), "--explain=brief", input="APOP alice 0123456789abcdef0123456789abcdef\n")
    assert done.status == AUTH, done
    assert "-ERR" in done.out and re.search(r"^ +\| .*APOP", done.out, re.MULTILINE)
    assert "the server refused APOP: -ERR" in done.err


def test_apop_by_the_local_command(dovecot, users, talk):
    done = talk(dovecot.url("pop3", "alice"), input="/apop\nSTAT\n", password=users.alice.password)
    assert_in(done, "APOP")
    assert re.search(rf"^<~ \+OK {len(mailbox.MESSAGES)} ", done.out, re.MULTILINE), done


# --- certificates, tickets, nobody


@pytest.mark.parametrize("scheme", SCHEMES)
def test_external_by_certificate_is_chosen_and_needs_no_name(dovecot_external, pki, users, login, scheme):
    leaf = pki.leaf("client")
    log = Log(dovecot_external)
    certificate = [f"--client-cert={leaf.cert_file}", f"--client-key={leaf.key_file}"]
    assert_in(login(dovecot_external.url(scheme), None, *certificate), "EXTERNAL")
    assert log.wait(r"Login: user=<([^>]+)>, method=(\w+)").groups() == (users.certified.name, "EXTERNAL")


def test_external_without_a_certificate_is_refused(dovecot_external, users, login):
    done = login(dovecot_external.url("imap"), users.alice, "--auth=external")
    assert_refused(done, "EXTERNAL", users.alice)


@pytest.mark.parametrize("scheme", ["imap", "pop3"])
def test_anonymous_only_when_asked_for(dovecot_external, login, scheme):
    assert_in(login(dovecot_external.url(scheme), None, "--auth=anonymous"), "ANONYMOUS")
    done = login(dovecot_external.url(scheme), None)
    assert done.status == AUTH, done
    assert "ANONYMOUS: only when asked for (--auth=ANONYMOUS)" in done.err


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("who", [None, "alice"])
def test_gssapi_by_ticket_is_chosen(dovecot_gssapi, kdc, users, login, scheme, who):
    env = {**kdc.client_environment(), "KRB5CCNAME": str(kdc.ticket("alice"))}
    log = Log(dovecot_gssapi)
    assert_in(login(dovecot_gssapi.url(scheme), who and users.alice, env=env), "GSSAPI")
    principal = "alice" if who else "alice@EXAMPLE.TEST"
    assert log.wait(r"Login: user=<([^>]+)>, method=(\w+), .*TLS").groups() == (principal, "GSSAPI")


@pytest.mark.parametrize(
    "host, ticket, words",
    [
        ("localhost", False, ["gssapi: no Kerberos ticket (kinit)"]),
        ("127.0.0.1", True, ["no ticket for imap@127.0.0.1", "known to the KDC"]),
    ],
)
def test_gssapi_says_what_is_missing(dovecot_gssapi, kdc, login, host, ticket, words):
    env = kdc.client_environment() | ({"KRB5CCNAME": str(kdc.ticket("alice"))} if ticket else {})
    done = login(dovecot_gssapi.url("imap", host=host), None, "--auth=gssapi", env=env)
    assert done.status == AUTH, done
    assert all(word in done.err for word in words), done.err


def test_gssapi_for_another_user_is_refused(dovecot_gssapi, kdc, users, login):
    env = {**kdc.client_environment(), "KRB5CCNAME": str(kdc.ticket("bob"))}
    done = login(dovecot_gssapi.url("imap"), users.alice, "--auth=gssapi", env=env)
    assert_refused(done, "GSSAPI", users.alice)


# --- Postfix


@pytest.mark.parametrize("scheme", ["smtp", "submission", "submissions"])
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-256"])
def test_postfix_asking_dovecot(postfix, users, login, scheme, mechanism):
    done = login(postfix.url(scheme), users.alice, as_option(mechanism))
    assert_in(done, mechanism)
    assert "<~ 235 2.7.0 Authentication successful" in done.out


@pytest.mark.parametrize("mechanism", CYRUS_MECHANISMS.split())
@pytest.mark.parametrize("who", ["alice", "juergen", "quoted"])
def test_postfix_with_cyrus_sasl(postfix_cyrus, users, login, mechanism, who):
    user = getattr(users, who)
    url = postfix_cyrus.url("submission")
    if (mechanism, who) == ("NTLM", "juergen"):
        pytest.skip("Cyrus' NTLM takes each octet of UTF-8 for a letter, see VIOLATIONS.md")
    assert_in(login(url, user, as_option(mechanism)), mechanism)
    assert_refused(login(url, user, as_option(mechanism), password=users.wrong), mechanism, user, "535 5.7.8")


# --- channel binding

PLUS = ["SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-512-PLUS"]


@pytest.mark.parametrize(
    "fixture, tls, binding, option",
    [
        ("binding_exporter", "TLSv1.3", "tls-exporter", False),
        ("binding_exporter", "TLSv1.3", "tls-exporter", True),
        ("binding_unique", "TLSv1.2", "tls-unique", False),
        ("binding_unique", "TLSv1.2", "tls-unique", True),
        ("binding_end_point", "TLSv1.3", "tls-server-end-point", True),
    ],
)
@pytest.mark.parametrize("mechanism", PLUS)
def test_plus_binds_to_the_tls_connection(request, users, login, fixture, tls, binding, option, mechanism):
    peer = request.getfixturevalue(fixture)
    more = [f"--channel-binding={binding}"] if option else []
    assert_in(login(peer.url("submission"), users.juergen, as_option(mechanism), *more), mechanism)
    assert peer.outcomes()[-1] == f"{mechanism} over {tls} with {binding}: ok"
    wrong = login(peer.url("submission"), users.juergen, as_option(mechanism), *more, password=users.wrong)
    assert_refused(wrong, mechanism, users.juergen, "535", "password is wrong")


@pytest.mark.parametrize(
    "fixture, more, advice",
    [
        ("binding_end_point", [], "--channel-binding=tls-server-end-point"),
        ("binding_exporter", ["--channel-binding=tls-server-end-point"], "--channel-binding=tls-exporter"),
        ("binding_unique", ["--channel-binding=tls-exporter"], "--channel-binding=tls-server-end-point"),
    ],
)
def test_another_binding_is_refused_and_the_option_named(request, users, login, fixture, more, advice):
    peer = request.getfixturevalue(fixture)
    done = login(peer.url("submission"), users.alice, "--auth=scram-sha-256-plus", *more)
    assert_refused(done, "SCRAM-SHA-256-PLUS", users.alice, "does not bind to TLS by", advice)
    assert "Unsupported channel bindings type" in peer.outcomes()[-1]


def test_a_binding_that_tls_does_not_have_is_not_left_out_in_silence(binding_exporter, users, login):
    done = login(binding_exporter.url("submission"), users.alice, "--channel-binding=tls-unique")
    assert done.status == AUTH, done
    assert "--channel-binding=tls-unique: this connection has none of that type" in done.err
    assert "~> AUTH" not in done.out


# --- what is chosen


@pytest.mark.parametrize(
    "fixture, scheme, chosen",
    [
        ("dovecot", "imap", "SCRAM-SHA-256"),
        ("dovecot", "pop3", "SCRAM-SHA-256"),
        ("postfix", "submission", "SCRAM-SHA-256"),
        ("postfix_cyrus", "submission", "SCRAM-SHA-512"),
        ("binding_exporter", "submission", "SCRAM-SHA-512-PLUS"),
        ("binding_unique", "submission", "SCRAM-SHA-512-PLUS"),
        ("binding_none", "submission", "SCRAM-SHA-512"),
        ("dovecot_external", "imap", "SCRAM-SHA-256"),
    ],
)
def test_the_strongest_is_chosen(request, users, login, fixture, scheme, chosen):
    server = request.getfixturevalue(fixture)
    assert_in(login(server.url(scheme), users.alice), chosen)


@pytest.mark.parametrize("scheme", ["imap", "submission"])
def test_a_token_is_preferred_to_a_password(dovecot, users, login, passwords, scheme):
    done = login(dovecot.url(scheme), users.alice, token=dovecot.token(), password=users.alice.password)
    assert_in(done, "OAUTHBEARER")


@pytest.mark.parametrize(
    "forced, used",
    [
        ("ntlm,cram-md5,scram-sha-256", "CRAM-MD5"),
        ("Plain", "PLAIN"),
        ("scram-sha-256-plus,login", "LOGIN"),
    ],
)
def test_the_first_possible_of_those_forced(dovecot, users, login, forced, used):
    assert_in(login(dovecot.url("imap"), users.alice, f"--auth={forced}"), used)


def test_what_is_forced_and_not_offered_is_told_with_what_is(dovecot, users, login):
    log = Log(dovecot)
    done = login(dovecot.url("imap"), users.alice, "--auth=ntlm,gssapi")
    assert done.status == AUTH, done
    assert "ntlm: the server does not offer it" in done.err
    assert re.search(r"it offers PLAIN, LOGIN, .*SCRAM-SHA-256", done.err)
    log.wait("no auth attempts")


# --- the initial response


@pytest.fixture(scope="session")
def dovecot_old(rig):
    """An IMAP server without SASL-IR, and nothing that hides a password; not even TLS is to be had."""
    return rig.launch(
        Dovecot(
            rig,
            "dovecot-old",
            mechanisms="plain login",
            ssl="no",
            cleartext=True,
            settings="imap_capability = IMAP4rev1",
        )
    )


def auth_command(done):
    """The command that began the login, and how many lines of the client's followed it before the server's verdict."""
    lines = [line for line in done.out.splitlines() if line.startswith(("~> ", "-> "))]
    start = next(i for i, line in enumerate(lines) if re.match(r"[~-]> (P\d+ )?AUTH", line))
    responses = 0
    while re.fullmatch(r'[~-]> "?\*\*\*\*\*"?', lines[start + 1 + responses]):
        responses += 1
    return re.sub(r"^[~-]> (P\d+ )?", "", lines[start]), responses


@pytest.mark.parametrize(
    "scheme, options, command, responses",
    [
        ("imap", [], "AUTHENTICATE PLAIN *****", 0),
        ("imap", ["--no-initial-response"], "AUTHENTICATE PLAIN", 1),
        ("pop3", [], "AUTH PLAIN *****", 0),
        ("pop3", ["--no-initial-response"], "AUTH PLAIN", 1),
        ("submission", [], "AUTH PLAIN *****", 0),
        ("submission", ["--no-initial-response"], "AUTH PLAIN", 1),
        ("sieve", [], 'AUTHENTICATE "PLAIN" "*****"', 0),
        ("sieve", ["--no-initial-response"], 'AUTHENTICATE "PLAIN"', 1),
    ],
)
def test_initial_response(dovecot, users, login, scheme, options, command, responses):
    done = login(dovecot.url(scheme), users.alice, "--auth=plain", *options)
    assert_in(done, "PLAIN")
    assert auth_command(done) == (command, responses)


@pytest.mark.parametrize("mechanism", ["XOAUTH2", "SCRAM-SHA-256"])
def test_without_it_others_that_begin_wait_too(dovecot, users, login, passwords, mechanism):
    token = dovecot.token() if mechanism == "XOAUTH2" else None
    done = login(dovecot.url("imap"), users.alice, as_option(mechanism), "--no-initial-response", token=token)
    assert_in(done, mechanism)
    assert auth_command(done)[0] == f"AUTHENTICATE {mechanism}"


def test_without_it_an_empty_response_is_sent_when_asked_for(dovecot_external, pki, login):
    leaf = pki.leaf("client")
    certificate = [f"--client-cert={leaf.cert_file}", f"--client-key={leaf.key_file}"]
    done = login(dovecot_external.url("imap"), None, "--no-initial-response", *certificate)
    assert_in(done, "EXTERNAL")
    assert auth_command(done)[0] == "AUTHENTICATE EXTERNAL"


@pytest.mark.parametrize("scheme, longest", [("pop3", 255), ("submission", 512)])
def test_too_long_an_initial_response_waits_for_the_challenge(
    dovecot, users, login, passwords, scheme, longest
):
    """RFC 5034 section 4, RFC 4954 section 4: a command line has a limit, a response has none that matters."""
    done = login(dovecot.url(scheme), users.alice, token=dovecot.token())
    assert_in(done, "OAUTHBEARER")
    assert auth_command(done) == ("AUTH OAUTHBEARER", 1)


def test_a_server_without_sasl_ir_gets_none(dovecot_old, users, login):
    done = login(dovecot_old.url("imap"), users.alice, "--auth=plain", "--tls=off", "--allow-cleartext-auth")
    assert_in(done, "PLAIN")
    assert auth_command(done) == ("AUTHENTICATE PLAIN", 1)


# --- in the clear


@pytest.mark.parametrize(
    "scheme, way",
    [
        ("imap", "PLAIN"),
        ("imap", "LOGIN"),
        ("imap", "LOGIN command"),
        ("pop3", "USER/PASS"),
        ("submission", "PLAIN"),
    ],
)
def test_a_password_does_not_travel_in_the_clear_unless_told(dovecot_cleartext, users, login, scheme, way):
    url = dovecot_cleartext.url(scheme, host=dovecot_cleartext.far_host)
    log = Log(dovecot_cleartext)
    done = login(url, users.alice, as_option(way), "--tls=off")
    assert done.status == INSECURE, done
    assert "nothing was sent" in done.err and "--allow-cleartext-auth" in done.err
    log.wait("no auth attempts")

    done = login(url, users.alice, as_option(way), "--tls=off", "--allow-cleartext-auth")
    assert_in(done, way)
    assert f"*** {way} sends the password where others can read it (--allow-cleartext-auth)" in done.out


def test_a_token_does_not_either(dovecot_cleartext, users, login, passwords):
    url = dovecot_cleartext.url("imap", host=dovecot_cleartext.far_host)
    token = dovecot_cleartext.token()
    done = login(url, users.alice, "--auth=xoauth2", "--tls=off", token=token)
    assert done.status == INSECURE, done
    assert "would send the token where others can read it" in done.err


def test_by_default_nothing_that_gives_the_password_away_is_chosen(dovecot_old, users, login):
    log = Log(dovecot_old)
    done = login(dovecot_old.url("imap"), users.alice, "--tls=off")
    assert done.status == INSECURE, done
    for way in ("PLAIN", "LOGIN", "LOGIN command"):
        assert f"{way}: would send the password where others can read it" in done.err
    log.wait("no auth attempts")


def test_what_hides_the_password_may_be_used_in_the_clear(dovecot_cleartext, users, login):
    url = dovecot_cleartext.url("imap", host=dovecot_cleartext.far_host)
    assert_in(login(url, users.alice, "--tls=off"), "SCRAM-SHA-256")


@pytest.mark.parametrize(
    "scheme, verb, lines",
    [
        ("imap", "LOGIN", ["LOGIN alice {password}"]),
        ("imap", "AUTHENTICATE", ["AUTHENTICATE PLAIN", "{plain}"]),
        ("pop3", "PASS", ["USER alice", "PASS {password}"]),
        ("pop3", "PASS", ["USER alice", "PASS"]),
        ("submission", "AUTH", ["EHLO me", "AUTH PLAIN {plain}"]),
    ],
)
@pytest.mark.parametrize("allowed", [False, True])
def test_typed_by_hand_in_the_clear_it_is_stopped_or_warned_of(
    dovecot_cleartext, users, talk, postern, scheme, verb, lines, allowed
):
    password = users.alice.password
    plain = base64.b64encode(f"\0alice\0{password}".encode()).decode()
    home = postern.home()
    script = home.file("script", "\n".join(lines).format(password=password, plain=plain) + "\n")
    url = dovecot_cleartext.url(scheme, "alice", host=dovecot_cleartext.far_host)
    more = ["--allow-cleartext-auth"] * allowed
    log = Log(dovecot_cleartext)
    done = talk(url, "--tls=off", f"--script={script}", *more, home=home, password=password)
    if allowed:
        assert done.status == 0, done
        assert "*** " in done.out and "others can read it (--allow-cleartext-auth)" in done.out
        log.wait("Login: user=<alice>")
    else:
        assert done.status == INSECURE, done
        assert f"not sent: {verb} would give the password away" in done.err
        log.wait("no auth attempts")


@pytest.mark.parametrize("option", ["--auth=login-command", "--auth=plain"])
def test_logindisabled_is_respected(dovecot, users, login, option):
    """Dovecot says LOGINDISABLED to those who come from far without TLS, and offers no PLAIN."""
    log = Log(dovecot)
    url = dovecot.url("imap", host=dovecot.far_host)
    done = login(url, users.alice, option, "--tls=off", "--allow-cleartext-auth")
    assert "LOGINDISABLED" in done.out
    assert done.status == AUTH, done
    assert "the server does not offer it" in done.err
    log.wait("no auth attempts")


def test_after_starttls_login_is_no_longer_disabled(dovecot, users, login):
    url = dovecot.url("imap", host=dovecot.far_host)
    done = login(url, users.alice, "--auth=login-command", "--no-verify", "--allow-cleartext-auth")
    assert_in(done, "LOGIN command")


def test_an_unverified_server_gets_no_password(dovecot, users, postern):
    """TLS to whom? The certificate is good, but nobody has told that its authority is trusted."""
    log = Log(dovecot)
    args = ["--no-verify", "--login", "--auth=plain"]
    done = postern.run("talk", dovecot.url("imap", "alice"), *args, password=users.alice.password)
    assert done.status == INSECURE, done
    assert "NOT verified" in done.out and "nothing was sent" in done.err
    log.wait("no auth attempts")
