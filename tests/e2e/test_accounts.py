"""Sessions that an account, ~/.netrc or the environment leads: where the server, the user and the password come from, and that
no child ever sees a password that was not meant for it."""

import os
import re

import pytest

USAGE, INSECURE, AUTH, CONFIG = 64, 76, 77, 78
ZEROES = "0" * 64


@pytest.fixture
def account(postern, pki):
    """account(KEYS, ...): writes [account work] and talks to it; `files` are others in the home, by name."""

    def run(keys, *args, mode=0o600, files=None, more="", **options):
        home = postern.home()
        keys = {"ca-file": pki.ca_file, **keys}
        lines = [f"{key} = {value}" for key, value in keys.items() if value is not None]
        home.file("postern/accounts.conf", more + "[account work]\n" + "\n".join(lines) + "\n", mode)
        for name, text in (files or {}).items():
            home.file(name, text)
        return postern.run("talk", "--account=work", *args, home=home, **options)

    return run


def assert_in(done, way="SCRAM-SHA-256"):
    assert done.status == 0, done
    assert f"=== authenticated by {way}\n" in done.out


# --- accounts.conf


@pytest.mark.parametrize("way", ["password", "password-command", "password-file", "password-file ~"])
@pytest.mark.parametrize("scheme", ["imap", "pop3s"])
def test_ways_to_the_password(account, dovecot, users, scheme, way):
    password = users.alice.password
    value = {
        "password": password,
        "password-command": "cat ~/secret",
        "password-file": "secret.beside",
        "password-file ~": "~/secret",
    }[way]
    keys = {"url": dovecot.url(scheme), "user": "alice", way.split()[0]: value}
    files = {"secret": f"{password}\nthe second line is nobody's\n", "postern/secret.beside": password}
    assert_in(account(keys, "--login", files=files))


def test_user_and_mechanisms(account, dovecot, users):
    keys = {
        "url": dovecot.url("imap"),
        "user": "jürgen",
        "auth": "ntlm;cram-md5",
        "password": users.juergen.password,
    }
    assert_in(account(keys, "--login"), "CRAM-MD5")


def test_a_token_command(account, dovecot, passwords):
    keys = {"url": dovecot.url("submission", "alice"), "token-command": "cat ~/token"}
    assert_in(account(keys, "--login", files={"token": dovecot.token()}), "OAUTHBEARER")


@pytest.mark.parametrize("good", [True, False])
def test_pins(account, pki, dovecot, users, good):
    pins = [ZEROES, pki.leaf("server").spki_sha256 if good else "1" * 64]
    keys = {
        "url": dovecot.url("imap", "alice"),
        "ca-file": None,
        "pin": ";".join(f"sha256:{pin}" for pin in pins),
        "password": users.alice.password,
    }
    done = account(keys, "--login")
    if good:
        assert_in(done)
    else:
        assert done.status == INSECURE, done
        assert "none of the demanded pins" in done.err and "AUTHENTICATE" not in done.out


def test_client_certificate(account, pki, dovecot_external):
    leaf = pki.leaf("client")
    keys = {"url": dovecot_external.url("imap"), "client-cert": leaf.cert_file, "client-key": leaf.key_file}
    assert_in(account(keys, "--login"), "EXTERNAL")


def test_a_way_through_hops(account, ssh, dovecot, users):
    keys = {
        "url": dovecot.url("imap", "alice"),
        "via": f"{ssh.hop};{ssh.second_hop}",
        "password": users.alice.password,
    }
    done = account(keys, "--login", *(f"--ssh-option={word}" for word in ssh.options()))
    assert_in(done)
    assert f"through ssh {ssh.hop[6:]}, ssh {ssh.second_hop[6:]}\n" in done.out


def test_dane(account, dns, dovecot, users):
    keys = {
        "url": f"imap://alice@mail.example.test:{dovecot.port('imap')}",
        "ca-file": None,
        "dane": "true",
        "password": users.alice.password,
    }
    done = account(keys, *dns.options, "--stop-after=auth")
    assert_in(done)
    assert "verified by DANE" in done.out


@pytest.mark.parametrize(
    "keys, status, words",
    [
        ({"tls-min": "1.3"}, INSECURE, "protocol version"),
        ({"tls-min": "1.2", "ehlo": "me.example.test"}, 0, "EHLO me.example.test"),
    ],
)
def test_tls_min_and_ehlo(account, postfix, keys, status, words):
    done = account({"url": postfix.url("smtp"), **keys}, "--tls-max=1.2", "--stop-after=tls")
    if keys["tls-min"] == "1.3":
        assert done.status == USAGE, done  # nothing is left between 1.3 and --tls-max=1.2
    else:
        assert done.status == status, done
        assert words in done.out


def test_the_command_line_wins(account, dovecot, users):
    keys = {
        "url": "imap://nowhere.example.test",
        "user": "bob",
        "auth": "plain",
        "ca-file": "/no/such/file",
        "password": users.bob.password,
    }
    done = account(
        keys,
        f"--ca-file={dovecot.rig.pki.ca_file}",
        "--user=alice",
        "--auth=cram-md5",
        "--password-command=cat ~/secret",
        "--login",
        dovecot.url("imap"),
        files={"secret": users.alice.password},
    )
    assert_in(done, "CRAM-MD5")


def test_defaults_fill_in_but_give_no_password_away(account, postern, dovecot, users):
    more = f"[defaults]\nuser = alice\npassword = {users.alice.password}\n"
    assert_in(account({"url": dovecot.url("imap")}, "--login", more=more))
    home = postern.home()
    home.file("postern/accounts.conf", more)
    ca = f"--ca-file={dovecot.rig.pki.ca_file}"
    done = postern.run("talk", ca, "--login", dovecot.url("imap"), home=home)
    assert done.status == AUTH, done
    assert "AUTHENTICATE" not in done.out


@pytest.mark.parametrize(
    "keys, mode, words",
    [
        ({"password": "{password}"}, 0o644, "closed to others (chmod 600 "),
        ({"passwort": "{password}"}, 0o600, "passwort"),
        ({"tls": "maybe"}, 0o600, "required, opportunistic or off"),
        ({"password-file": "/no/such/file"}, 0o600, "/no/such/file"),
        ({"password-command": "exit 4"}, 0o600, "the command failed with status 4"),
        ({"password-command": "echo; echo secret"}, 0o600, "the first line it prints is empty"),
        ({"password-command": "true"}, 0o600, "the command gives nothing"),
        ({"pin": "md5:00"}, 0o600, "sha256"),
        ({"via": "http://hop"}, 0o600, "http://hop"),
        ({"password": "{password}", "password-file": "x"}, 0o600, "password-file"),
    ],
)
def test_mistakes_are_named(account, dovecot, users, keys, mode, words):
    keys = {key: value.format(password=users.alice.password) for key, value in keys.items()}
    done = account({"url": dovecot.url("imap", "alice"), **keys}, "--login", mode=mode)
    assert done.status in (CONFIG, 66), done
    assert words in done.err
    assert users.alice.password not in done.err


# --- ~/.netrc


@pytest.mark.parametrize(
    "entries, user",
    [
        ("machine localhost login alice password {alice}\n", None),
        (
            "machine localhost login bob password {bob}\nmachine localhost login alice password {alice}\n",
            "alice",
        ),
        ("machine elsewhere login alice password {bob}\ndefault login alice password {alice}\n", None),
    ],
)
def test_netrc(postern, pki, dovecot, users, entries, user):
    home = postern.home()
    home.file(".netrc", entries.format(alice=users.alice.password, bob=users.bob.password))
    done = postern.run("talk", f"--ca-file={pki.ca_file}", "--login", dovecot.url("imap", user), home=home)
    assert_in(done)


def test_a_netrc_open_to_others_is_refused(postern, pki, dovecot, users):
    home = postern.home()
    home.file(".netrc", f"machine localhost login alice password {users.alice.password}\n", 0o644)
    done = postern.run("talk", f"--ca-file={pki.ca_file}", "--login", dovecot.url("imap"), home=home)
    assert done.status in (AUTH, CONFIG), done
    assert "AUTHENTICATE" not in done.out


# --- what wins, and what asks


def test_the_order_of_the_ways(postern, pki, dovecot, users):
    """Each way gives the right password where those before it are missing, the wrong one otherwise."""
    good, wrong = users.alice.password, users.wrong
    ways = ["command", "file", "environment", "account", "netrc"]
    for first, _ in enumerate(ways):
        home = postern.home()
        values = [good if i == first else wrong for i in range(len(ways))]
        home.file("command", values[0])
        home.file("file", values[1])
        home.file(
            "postern/accounts.conf",
            f"[account work]\nurl = {dovecot.url('imap')}\nuser = alice\npassword = {values[3]}\n",
        )
        home.file(".netrc", f"machine localhost login alice password {values[4]}\n")
        given = [f"--password-command=cat {home.config}/command", f"--password-file={home.config}/file"]
        args = given[first:] if first < 2 else []
        account = ["--account=work"] if first < 4 else [dovecot.url("imap", "alice")]
        done = postern.run(
            "talk",
            f"--ca-file={pki.ca_file}",
            "--login",
            *args,
            *account,
            home=home,
            password=values[2] if first < 3 else None,
        )
        assert_in(done)


def test_asked_for_on_the_terminal_without_echo(postern, pki, dovecot, users):
    args = ["talk", f"--ca-file={pki.ca_file}", "--login", dovecot.url("imap", "alice")]
    with postern.terminal(*args) as terminal:
        terminal.expect("[Pp]assword.*: ")
        terminal.line(users.alice.password)
        terminal.expect("=== authenticated by SCRAM-SHA-256")
        terminal.line("/quit")
        assert terminal.wait() == 0
        assert users.alice.password not in terminal.output


def test_without_any_way_the_ways_are_named(talk, dovecot):
    done = talk(dovecot.url("imap", "alice"), "--login")
    assert done.status == AUTH, done
    for way in ("--password-command", "--password-file", "$POSTERN_PASSWORD", "--account", "~/.netrc"):
        assert way in done.err


@pytest.mark.parametrize("child", ["password-command", "token-command", "ssh"])
def test_no_child_has_the_password_in_its_environment(postern, pki, ssh, dovecot, users, child):
    home = postern.home()
    seen = home.config / "environment"
    look = f"env > {seen}; "
    wrapper = home.file("ssh", f'#!/bin/sh\n{look} exec ssh -F {ssh.config} "$@"\n', 0o700)
    args = {
        "password-command": [f"--password-command={look} cat {home.file('secret', users.alice.password)}"],
        "token-command": [
            f"--token-command={look} cat {home.file('token', dovecot.token())}",
            "--auth=xoauth2",
        ],
        "ssh": [f"--ssh-command={wrapper}", "--via=ssh://hop"],
    }[child]
    given = users.alice.password if child == "ssh" else users.wrong
    done = postern.run(
        "talk",
        f"--ca-file={pki.ca_file}",
        "--login",
        *args,
        dovecot.url("imap", "alice"),
        home=home,
        password=given,
    )
    assert done.status == 0, done
    environment = seen.read_text()
    assert f"HOME={home.config}" in environment
    assert "POSTERN_PASSWORD" not in environment and given not in environment


def test_nor_does_the_process_show_it(postern, pki, dovecot, users):
    """Neither in /proc/PID/environ nor in /proc/PID/cmdline while it runs."""
    args = ["talk", f"--ca-file={pki.ca_file}", "--login", dovecot.url("imap", "alice")]
    with postern.terminal(*args, password=users.alice.password) as terminal:
        terminal.expect("=== authenticated by")
        for name in ("environ", "cmdline"):
            with open(f"/proc/{terminal.pid}/{name}", "rb") as file:
                assert users.alice.password.encode() not in file.read(), name
        terminal.line("/quit")
        assert terminal.wait() == 0
