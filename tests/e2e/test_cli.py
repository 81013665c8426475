"""The command line itself: help, mistakes and their statuses, what --dry-run tells; no server is needed."""

import os
import re
import socket
import subprocess
import termios

import pytest
from rig.postern import ROOT, Terminal, binary

USAGE, NO_INPUT, IO, AUTH, CONFIG, INTERRUPTED = 64, 66, 74, 77, 78, 130
SECRET = "correct-horse-battery"


@pytest.fixture(autouse=True)
def known_secret(passwords):
    passwords.add(SECRET)


# --- help


def test_version_is_the_projects(postern):
    version = re.search(r"version: '([\d.]+)'", (ROOT / "meson.build").read_text())[1]
    for option in ("--version", "-V"):
        done = postern.run(option)
        assert (done.status, done.out, done.err) == (0, f"postern {version}\n", "")


def commands(postern):
    listed = postern.run("help").out
    return re.findall(r"^  ([a-z]+) {2,}\S", listed[listed.index("Commands:") :], re.MULTILINE)


def test_help_lists_every_command_and_each_explains_itself(postern):
    assert postern.run("help").out == postern.run("--help").out == postern.run("-h").out
    names = commands(postern)
    assert {"talk", "auth", "help", "completion"} <= set(names)
    for name in names:
        explained = postern.run(name, "--help")
        assert explained.status == 0
        assert explained.out.startswith(f"Usage: postern {name}")
        assert explained.out == postern.run("help", name).out == postern.run(name, "-h").out
        assert all(len(line) < 80 for line in explained.out.splitlines() if line.startswith("  ")), name


def test_help_wins_over_what_else_is_wrong_with_the_arguments(postern):
    assert postern.run("talk", "--help", "one", "two").status == 0
    assert postern.run("talk", "one", "two", "--help").status == 0


def test_no_command_is_a_short_usage_on_standard_error(postern):
    done = postern.run()
    assert done.status == USAGE
    assert done.out == ""
    assert done.err.startswith("Usage: postern COMMAND")
    assert len(done.err.splitlines()) <= 4


def test_help_ports_is_the_table_of_schemes(postern):
    out = postern.run("help", "ports").out
    assert re.search(r"^  submissions, smtps, ssmtp +465 +from the start$", out, re.MULTILINE)
    assert re.search(r"^  pop3 +110 +STLS$", out, re.MULTILINE)
    assert re.search(r"^  tcp +to be given +none$", out, re.MULTILINE)


# --- mistakes


@pytest.mark.parametrize(
    "args, said",
    [
        (["tlak"], 'unknown command "tlak"; did you mean talk?'),
        (["frobnicate"], '"postern help" lists'),
        (["help", "tlak"], "did you mean talk?"),
        (["help", "port"], "did you mean ports?"),
        (["-v", "talk"], "the command comes before its options"),
        (["talk"], "no server is named"),
        (["talk", "--tls-mni=1.2", "imaps://h"], "unknown option --tls-mni; did you mean --tls-min?"),
        (["talk", "--dry", "imaps://h"], "did you mean --dry-run?"),
        (["talk", "--no-dane", "imaps://h"], "unknown option --no-dane"),
        (["talk", "--tls=maybe", "imaps://h"], "--tls takes required, opportunistic or off"),
        (["talk", "--timeout=soon", "imaps://h"], "--timeout takes a number of seconds"),
        (["talk", "imaps://h", "--user"], "--user needs a value"),
        (["talk", "--dane=yes", "imaps://h"], "--dane takes no value"),
        (["talk", "--dry-run", "imap://joe:pw@h"], "--password-command"),
        (["talk", "--dry-run", "imapss://h"], "did you mean imaps://?"),
        (["talk", "--dry-run", "tcp://h"], "tcp://HOST:PORT"),
        (["talk", "--dry-run", "--tls-min=1.4", "imaps://h"], "--tls-min"),
        (["talk", "--dry-run", "--tls-min=1.3", "--tls-max=1.2", "imaps://h"], "1.3"),
        (["talk", "--dry-run", "--pin=md5:00", "imaps://h"], "sha256"),
        (["talk", "--dry-run", "--via=http://h", "imaps://h"], "http://h"),
        (["talk", "--dry-run", "--connect-to=nowhere", "imaps://h"], "nowhere"),
        (["talk", "--dry-run", "--auth=PLANE", "imaps://h"], "did you mean PLAIN?"),
        (["talk", "--dry-run", "-4", "-6", "imaps://h"], "-4 and -6"),
        (["completion"], "bash, zsh or fish"),
        (["completion", "tcsh"], "bash, zsh or fish"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_mistakes_have_status_64_and_say_what_to_do(postern, args, said):
    done = postern.run(*args)
    assert done.status == USAGE, done
    assert done.out == ""
    assert done.err.startswith("postern: ")
    assert said in done.err


def test_a_password_in_an_address_is_not_repeated(postern):
    done = postern.run("help", home=postern.home(shows_secrets=True))  # the argument itself is kept in a file
    assert done.status == 0
    for address in (f"imap://joe:{SECRET}@h", f"joe:{SECRET}@h", f"imaps:joe:{SECRET}@h:99999"):
        done = postern.run("talk", address, shows_secrets=True)
        assert done.status == USAGE
        assert SECRET not in done.out + done.err


def test_what_is_not_printable_is_escaped(postern):
    done = postern.run("\x1b]0;owned\x07")
    assert done.status == USAGE
    assert "\x1b" not in done.err
    assert "\\x1B]0;owned\\x07" in done.err


# --- --dry-run


def dry_run(postern, *args, **more):
    done = postern.run("talk", "--dry-run", *args, **more)
    assert done.status == 0, done
    return dict(re.split(r"\s{2,}|(?<=ssh options) ", line, maxsplit=1) for line in done.out.splitlines())


def test_dry_run_tells_the_secure_defaults(postern):
    told = dry_run(postern, "imap://joe@mail.example.org")
    assert told == {
        "target": "imap://joe@mail.example.org (port 143)",
        "tls": "required, by STARTTLS",
        "versions": "TLS 1.2 to TLS 1.3",
        "verified": "by PKIX, trusting the system's authorities",
        "account": "none",
        "user": "joe",
        "auth": "the strongest both sides have",
        "password": "asked for on the terminal",
        "timeout": "60 s for each answer",
    }


def test_dry_run_connects_to_nobody(postern):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        dry_run(postern, f"imap://127.0.0.1:{server.getsockname()[1]}")
        with pytest.raises(TimeoutError):
            server.accept()


def test_dry_run_options_win_over_account_over_defaults(postern):
    home = postern.home()
    home.file(
        "postern/accounts.conf",
        "[defaults]\nehlo = from.defaults\ntls-min = 1.3\nvia = ssh://defaults\n"
        "[account work]\nurl = pop3://joe@mail.example.org\nvia = ssh://account\nauth = PLAIN\n"
        "password-command = pass show mail\n",
    )
    told = dry_run(postern, "--account=work", "--auth=LOGIN", home=home)
    assert told["target"] == "pop3://joe@mail.example.org (port 110)"
    assert told["account"] == f"work ({home.config}/postern/accounts.conf)"
    assert told["versions"] == "TLS 1.3 to TLS 1.3"
    assert told["via"] == "ssh://account"
    assert told["ehlo"] == "from.defaults"
    assert told["auth"] == "LOGIN"
    assert told["password"] == "from [account work] password-command: pass show mail"
    told = dry_run(postern, "imaps://other.example.org", home=home)
    assert told["account"] == f"none; defaults of {home.config}/postern/accounts.conf"
    assert told["via"] == "ssh://defaults"


def test_dry_run_says_where_the_password_would_come_from_and_never_what_it_is(postern):
    home = postern.home()
    file = home.file("password", SECRET + "\n")
    assert (
        dry_run(postern, f"--password-file={file}", "imaps://h", home=home)["password"]
        == f"from --password-file: {file}"
    )
    assert dry_run(postern, "imaps://h", password=SECRET, home=home)["password"] == "from $POSTERN_PASSWORD"
    home.file(".netrc", f"machine mail.example.org login bob password {SECRET}\n")
    told = dry_run(postern, "imaps://mail.example.org", home=home)
    assert (told["user"], told["password"]) == ("bob", "from ~/.netrc")
    home.file(".netrc", f"machine mail.example.org login bob password {SECRET}\n", mode=0o644)
    assert "chmod 600" in dry_run(postern, "--user=bob", "imaps://mail.example.org", home=home)["password"]


# --- accounts


@pytest.mark.parametrize(
    "text, said",
    [
        ("[account work]\nurll = x\n", ":2: [account work] urll: unknown key; did you mean url?"),
        (
            "[account work]\ntls = maybe\n",
            ':2: [account work] tls: expected required, opportunistic or off, not "maybe"',
        ),
        ("[acount work]\n", ":1: [acount work]: expected [account NAME] or [defaults]"),
        ("[account work]\nurl = imapss://h\n", "[account work] url: unknown scheme"),
        ("[account other]\nurl = imaps://h\n", 'there is no account "work"'),
    ],
)
def test_mistakes_in_accounts_have_status_78_and_name_the_place(postern, text, said):
    home = postern.home()
    home.file("postern/accounts.conf", text)
    done = postern.run("talk", "--dry-run", "--account=work", home=home)
    assert done.status == CONFIG
    assert said in done.err
    assert str(home.config / "postern" / "accounts.conf") in done.err


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_accounts_with_a_password_must_be_closed_to_others(postern, mode):
    home = postern.home()
    path = home.file("postern/accounts.conf", f"[account work]\nurl = imaps://h\npassword = {SECRET}\n", mode)
    done = postern.run("talk", "--dry-run", "--account=work", home=home)
    assert done.status == CONFIG
    assert "chmod 600" in done.err
    path.chmod(0o600)
    assert dry_run(postern, "--account=work", home=home)["password"] == "from [account work] password"


def test_config_names_another_file_and_it_must_be_there(postern):
    home = postern.home()
    path = home.file("mine.conf", "[account work]\nurl = imaps://h\n")
    assert dry_run(postern, f"--config={path}", "--account=work", home=home)["account"] == f"work ({path})"
    assert postern.run("talk", "--dry-run", "--config=/no/such", "imaps://h").status == NO_INPUT


# --- the process


def test_output_that_cannot_be_written_is_status_74(postern):
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([binary(), "help"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == IO
    assert "cannot write" in done.stderr


def test_a_reader_that_goes_away_gets_no_message(postern):
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [binary(), "help"], stdout=writing, stderr=subprocess.PIPE, text=True, check=False
        )
    finally:
        os.close(writing)
    assert done.returncode == IO
    assert done.stderr == ""


def test_closed_standard_files_do_no_harm(postern):
    done = subprocess.run(
        ["/bin/sh", "-c", f'"{binary()}" talk --dry-run imaps://h <&- >&- 2>&-'],
        stderr=subprocess.PIPE,
        check=False,
    )
    assert done.returncode == 0
    assert done.stderr == b""


def test_the_password_has_left_the_environment_before_a_child_starts(postern):
    """The hop is a child, and it is the first thing that is started."""
    home = postern.home()
    ssh = home.file("ssh", '#!/bin/sh\nenv >"$HOME/seen"\nexit 255\n', 0o700)
    done = postern.run(
        "talk", f"--ssh-command={ssh}", "--via=ssh://gw", "imap://localhost", password=SECRET, home=home
    )
    assert done.status != 0
    seen = (home.config / "seen").read_text()
    assert "HOME=" in seen
    assert "POSTERN_PASSWORD" not in seen
    assert SECRET not in seen


def test_no_core_file_and_no_look_into_memory(postern):
    """Of the optimised program: under ASan its own leak checker has to look."""
    program = os.environ.get("POSTERN_RELEASE", binary())
    if b"__asan_init" in open(program, "rb").read():
        pytest.skip("a build with sanitizers keeps the process open to them: name another in $POSTERN_RELEASE")
    home = postern.home(shows_secrets=True)
    with Terminal([program, "auth", "plain", "--user=joe"], postern.environment(home), home) as terminal:
        terminal.expect("Password for joe")
        limits = open(f"/proc/{terminal.pid}/limits", encoding="utf-8").read()
        assert re.search(r"^Max core file size +0 +0 ", limits, re.MULTILINE)
        assert os.stat(f"/proc/{terminal.pid}/environ").st_uid == 0


def echoes(terminal):
    return bool(terminal.settings()[3] & termios.ECHO)


def test_asking_for_a_password_can_be_stopped_and_continued(postern):
    home = postern.home(shows_secrets=True)
    environment = postern.environment(home) | {"PS1": "[$?] ", "TERM": "dumb"}
    with Terminal(["bash", "--norc", "--noediting", "-i"], environment, home) as terminal:
        terminal.expect(r"\[0\] ")
        terminal.line(f"{binary()} auth plain --user=joe")
        terminal.expect("Password for joe: ")
        assert not echoes(terminal)
        terminal.send("x\x1a")
        terminal.expect(r"Stopped.*\[148\] ")
        assert echoes(terminal)
        terminal.line("fg")
        terminal.expect("Password for joe: ")
        assert not echoes(terminal)
        terminal.line(SECRET)
        terminal.expect(r"\[0\] ")
        assert echoes(terminal)
        assert SECRET not in terminal.output
        terminal.line(f"{binary()} auth plain --user=joe")
        terminal.expect("Password for joe: ")
        terminal.send("\x03")
        terminal.expect(rf"interrupted.*\[{INTERRUPTED}\] ")
        assert echoes(terminal)


def test_without_a_terminal_the_ways_to_a_password_are_named(postern):
    done = postern.run("auth", "plain", "--user=joe")
    assert done.status == AUTH
    assert "--password-command" in done.err
    assert "$POSTERN_PASSWORD" in done.err


def test_a_password_file_that_others_can_read_is_used_with_a_warning(postern):
    home = postern.home(shows_secrets=True)
    file = home.file("password", SECRET + "\n", 0o644)
    warned = postern.run("auth", "plain", "--user=joe", f"--password-file={file}", home=home)
    assert warned.status == 0
    assert re.search(r"^postern: warning: .*chmod 600 ", warned.err, re.MULTILINE)
    file.chmod(0o600)
    quiet = postern.run("auth", "plain", "--user=joe", f"--password-file={file}", home=home)
    assert (quiet.status, quiet.err) == (0, "")
    assert quiet.out == warned.out
