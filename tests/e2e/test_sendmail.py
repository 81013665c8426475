"""`sendmail`, as the programs call it that know nothing else: git send-email, s-nail, PHP, cron; and by hand."""

import email
import email.header
import email.policy
import os
import shutil
import socket
import subprocess

import pytest
from rig.postern import binary
from sinking import sink  # noqa: F401: a fixture

ALICE, BOB = "alice@example.test", "bob@example.test"
USAGE, DATA, NO_INPUT, UNAVAILABLE, CONFIG = 64, 65, 66, 69, 78


@pytest.fixture
def server(sink):  # noqa: F811
    return sink()


@pytest.fixture
def sendmail(postern, server, tmp_path):
    """sendmail(ARGS..., input=, accounts=): run by that name."""
    home = postern.home()
    program = tmp_path / "sendmail"
    program.symlink_to(binary())

    def run(*args, input="", accounts=None, name="sendmail"):
        home.file("postern/accounts.conf", accounts or f"[account work]\nurl = {server.url}\n")
        place = program if name == "sendmail" else tmp_path / name
        if not place.exists():
            place.symlink_to(binary())
        return subprocess.run([place, *args], input=input, env=postern.environment(home), capture_output=True, text=True, timeout=60)

    run.program, run.environment, run.home = program, postern.environment(home), home
    return run


MESSAGE = f"From: Alice <{ALICE}>\nTo: {BOB}\nBcc: carol@example.test\nSubject: m0001\n\nHi\n.\nmore\n"


def test_recipients_from_the_header_and_bcc_out_of_it(sendmail, server):
    done = sendmail("-t", "-i", input=MESSAGE)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), done
    (text,) = server.texts
    assert "Bcc" not in text and text.endswith("\nHi\n.\nmore\n") and "\nDate: " in text and "\nMessage-ID: " in text


def test_a_name_alone_is_somebody_here(sendmail, server):
    """As sendmail has it: in the envelope; what the header says stays."""
    done = sendmail("-t", input="From: cron\nTo: joe, Ann <ann>\nSubject: m0001\n\nHi\n")
    assert done.returncode == 0, done
    host = socket.gethostname()
    envelope = [line for line in server.said if line.startswith(("MAIL", "RCPT"))]
    assert envelope[0].startswith(f"MAIL FROM:<cron@{host}>"), envelope
    assert envelope[1:] == [f"RCPT TO:<joe@{host}>", f"RCPT TO:<ann@{host}>"]
    assert "\nTo: joe, Ann <ann>\n" in server.texts[0] and f"@{host.partition('.')[0]}" in server.texts[0].partition("Message-ID: ")[2]


def test_a_raw_subject_needs_no_smtputf8(sendmail, server):
    """PHP's mail() leaves it so: the sink, and many a server behind ours, has none."""
    text = f"From: Jörg <{ALICE}>\nTo: {BOB}\nSubject: Grüße\n\nHöllo\n"
    done = sendmail("-t", input=text)
    assert (done.returncode, done.stderr) == (0, ""), done
    message = email.message_from_string(server.texts[0], policy=email.policy.default)
    assert message["subject"] == "Grüße" and message["from"].addresses[0].display_name == "Jörg"
    assert server.texts[0].partition("\n\n")[0].isascii() and "SMTPUTF8" not in "".join(server.said)


def test_no_second_message_hides_in_the_first(sendmail, server):
    said = f"HELO x\r\nMAIL FROM:<{ALICE}>\r\nRCPT TO:<{BOB}>\r\nDATA\r\nSubject: m0001\r\n\r\none\n.\nMAIL FROM:<evil@x>\r\n"
    done = sendmail("-bs", input=said + ".\r\nQUIT\r\n")
    assert len(server.texts) == 1 and "\n.\nMAIL FROM:<evil@x>\n" in server.texts[0], done


def test_a_dot_ends_it_but_not_with_oi(sendmail, server):
    assert sendmail(BOB, input=MESSAGE).returncode == 0
    assert sendmail("-oi", BOB, input=MESSAGE).returncode == 0
    assert server.texts[0].endswith("\nHi\n") and server.texts[1].endswith("\nHi\n.\nmore\n")


@pytest.mark.parametrize(
    "words",
    [
        ["-oem", "-oi", "-f", ALICE, "--", BOB],  # mutt
        ["-FCronDaemon", "-i", "-B8BITMIME", "-oem", BOB],  # cron
        ["-t", "-i", "-f" + ALICE],  # PHP with a fifth argument
        ["-odb", "-oeq", "-om", "-bm", "-N", "success,failure", "-R", "hdrs", "-V", "E1", "-O", "Timeout=1", "-G", "-it", "-L", "tag"],
    ],
)
def test_the_words_of_others(sendmail, server, words):
    done = sendmail(*words, input=MESSAGE)
    assert (done.returncode, done.stderr) == (0, "") and len(server.texts) == 1, done


def test_the_name_of_who_sends(sendmail, server):
    assert sendmail("-f", ALICE, "-F", "Alice in Köln", BOB, input="Subject: m0001\n\nHi\n").returncode == 0
    name = email.message_from_string(server.texts[0], policy=email.policy.default)["from"].addresses[0]
    assert name.display_name == "Alice in Köln" and name.addr_spec == ALICE
    assert sendmail("-f", ALICE, "-F", "ö" * 99, BOB, input="Subject: m0001\n\nHi\n").returncode == 0
    assert max(map(len, server.texts[1].splitlines())) < 78
    words = email.message_from_string(server.texts[1])["from"]
    assert str(email.header.make_header(email.header.decode_header(words))) == "ö" * 99 + f" <{ALICE}>"
    assert sendmail("-f", ALICE, "-F", "Alice A.", BOB, input="Subject: m0001\n\nHi\n").returncode == 0
    assert f'From: "Alice A." <{ALICE}>\n' in server.texts[2]
    assert sendmail("-F", "x\nBcc: y", BOB, input=MESSAGE).returncode == USAGE


def test_the_account_by_the_sender(sendmail, server):
    accounts = (f"[account other]\nurl = smtp://127.0.0.1:1\nfrom = *@other.test\n[account box]\nurl = imaps://x\nfrom = *\n"
                f"[account work]\nurl = {server.url}\nfrom = a*@EXAMPLE.test;x@y\n")  # fmt: skip
    assert sendmail("-t", "-i", input=MESSAGE, accounts=accounts).returncode == 0
    assert sendmail("-t", "-f", "z@other.test", input=MESSAGE, accounts=accounts).returncode == UNAVAILABLE
    assert sendmail("-t", "-a", "work", "-f", "z@other.test", input=MESSAGE, accounts=accounts).returncode == 0
    assert len(server.texts) == 2
    none = sendmail("-t", input=MESSAGE, accounts="[account box]\nurl = imaps://x\n")
    assert none.returncode == CONFIG and "no account" in none.stderr


def test_away_is_kept_when_the_account_says_so_and_mailq_shows_it(sendmail, server):
    away = "[account work]\nurl = smtp://127.0.0.1:1\n"
    assert sendmail("-t", input=MESSAGE, accounts=away).returncode == UNAVAILABLE
    assert sendmail("-t", input=MESSAGE, accounts=away + "queue = true\n").returncode == 0
    assert sendmail("-t", input=MESSAGE, accounts=f"[account work]\nurl = {server.url}\nqueue = always\n").returncode == 0
    listed = sendmail(name="mailq")
    assert listed.returncode == 0 and listed.stdout.count(f"{ALICE} -> {BOB}") == 2, listed
    assert server.texts == [] and sendmail("-q").returncode == 0 and len(server.texts) == 2
    assert sendmail("-bp").stdout == ""
    assert sendmail(name="newaliases").returncode == 0


def test_what_cannot_be_is_said(sendmail, server):
    assert sendmail("-Z", BOB).returncode == USAGE
    assert sendmail("-bd").returncode == USAGE
    assert sendmail("-f").returncode == USAGE
    assert sendmail(input=MESSAGE).returncode == USAGE
    assert sendmail("-t", input="Subject: x\n\nHi\n").returncode == USAGE
    server.moods[("m0001", 1)] = "550 5.7.1 no"
    done = sendmail("-t", input=MESSAGE)
    assert done.returncode == UNAVAILABLE and "550 5.7.1 no" in done.stderr, done


def test_a_session(sendmail, server):
    said = (f"HELO x\nMAIL FROM:<{ALICE}>\nRCPT TO:<{BOB}>\nDATA\nSubject: m0001\n\n..dot\n.\nNONSENSE\n"
            f"EHLO x\nMAIL FROM:<{ALICE}> BODY=8BITMIME\nRCPT TO:<{BOB}>\nRCPT TO:<c@d>\nRSET\nDATA\n{'x' * 9000}\nQUIT\nMAIL\n")  # fmt: skip
    done = sendmail("-bs", input=said.replace("\n", "\r\n"))
    codes = [line[:4] for line in done.stdout.splitlines()]
    assert codes == ["220 ", "250 ", "250 ", "250 ", "354 ", "250 ", "500 ", "250-", "250-", "250-", "250-", "250-", "250 ", "250 ", "250 ",
                     "250 ", "250 ", "503 ", "500 ", "221 "], done  # fmt: skip
    (text,) = server.texts
    assert text.endswith("\n\n.dot\n")


@pytest.mark.skipif(not os.path.exists("/usr/lib/git-core/git-send-email"), reason="git send-email is not there")
def test_git_send_email(sendmail, server, tmp_path):
    git = ["git", "-c", "user.name=Alice", "-c", f"user.email={ALICE}", "-C", str(tmp_path)]
    run = lambda *words: subprocess.run([*git, *words], env=sendmail.environment, check=True, capture_output=True, timeout=60)  # noqa: E731
    sendmail("-bp")
    run("init", "-q", "repo")
    git[-1] += "/repo"
    run("commit", "-q", "--allow-empty", "-m", "m0000 first")
    (tmp_path / "repo/f").write_text("Grüße\n")
    run("add", "f")
    run("commit", "-q", "-m", "m0001: größer")
    run("send-email", "-1", f"--to={BOB}", "--confirm=never", "--quiet", f"--sendmail-cmd={sendmail.program}")
    assert "Subject: [PATCH]" in server.texts[0] and "+Grüße" in server.texts[0]


@pytest.mark.skipif(not shutil.which("s-nail"), reason="s-nail is not there")
def test_s_nail(sendmail, server):
    sendmail("-bp")
    argv = ["s-nail", "-n", "-S", f"mta={sendmail.program}", "-S", f"from={ALICE}", "-S", "sendwait", "-s", "m0001", BOB]
    done = subprocess.run(argv, input="Hi\n", env=sendmail.environment | {"MAILRC": "/dev/null"}, capture_output=True, text=True, timeout=60)  # fmt: skip
    assert done.returncode == 0 and len(server.texts) == 1 and "Subject: m0001" in server.texts[0], done


@pytest.mark.skipif(not shutil.which("php"), reason="PHP is not there")
def test_php(sendmail, server):
    sendmail("-bp")
    code = f'exit(mail("{BOB}", "m0001", "Hi\\n", "From: {ALICE}") ? 0 : 1);'
    argv = ["php", "-d", f"sendmail_path={sendmail.program} -t -i", "-r", code]
    done = subprocess.run(argv, env=sendmail.environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and f"To: {BOB}" in server.texts[0], done
