"""What Postern understands of a fetchmailrc, held against fetchmail itself: `postern config show fetchmailrc` against
`fetchmail --configdump`, over files by hand (data/fetchmailrc.cases) and generated ones, valid and broken."""

import json
import pwd
import os
import random
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from rig.postern import binary

CASES = (Path(__file__).parent / "data" / "fetchmailrc.cases").read_text().rstrip("\n").split("\n---\n")
CALLER = pwd.getpwuid(os.getuid()).pw_name

# fetchmail's name -> ours, where the values are the same.
GLOBAL = {"poll_interval": "daemon"} | {
    name: name for name in "bouncemail spambounce softbounce properties invisible showdots syslog".split()
}
SERVER = {"pollname": "poll", "service": "port", "envskip": "envelope-skip"} | {
    name: name
    for name in (
        "active via timeout interval envelope qvirtual auth dns uidl aka localdomains interface monitor plugin plugout "
        "principal tracepolls"
    ).split()
}
USER = {"remote": "user", "smtphunt": "smtphost", "mailboxes": "folder"} | {
    name: name
    for name in (
        "fetchall keep flush limitflush rewrite stripcr forcecr pass8bits dropstatus dropdelivered mimedecode idle mda bsmtp "
        "lmtp preconnect postconnect limit warnings fetchlimit fetchsizelimit fastuidl batchlimit expunge ssl sslkey sslcert "
        "sslproto sslcertck sslcertfile sslcertpath sslcommonname sslfingerprint properties smtpaddress smtpname"
    ).split()
}
PROTOCOL = {"kpop": "pop3", "sdps": "pop3", "pop2": "unknown?!?"}

ANY_LINE = -1

# What is right here and not there, or is checked later here, when the file is to be run.
LATER = "not compiled in|LMTP can|Cannot resolve|configuration invalid|idle mode|missing IP"
ON_PURPOSE = [
    r"oauthbearer",  # later fetchmails'
    r"\bno(ssl|sslcertck|syslog)\b",  # glued negatives that fetchmail wants apart
    r"#[^\n]*\Z",  # a comment on the last line without its end
    r"\d{10}",  # numbers that overflow there
    r"kpop|KPOP",  # there it changes the port too
    r"defaults.*defaults",  # the second one is a server there
    r"defaults user x user y",
    r"external",  # there the password is made up
    r"no tracepolls",  # turns it on there
    r"auth gssapi poll h auth any",
    r'port "',
    r" -[0-9]",  # negative numbers are 0 there
]


def theirs(path, home):
    env = {"HOME": str(home), "PATH": os.environ["PATH"]}
    done = subprocess.run(["fetchmail", "-f", path, "--configdump"], capture_output=True, env=env)
    wrong = re.search(r"rc:(\d+): ", done.stderr.decode("latin1"))
    if wrong:
        return int(wrong[1]), None
    if b'multiple "defaults"' in done.stderr:
        return ANY_LINE, None
    if done.returncode:
        assert re.search(LATER, done.stderr.decode("latin1")), done.stderr
        return 0, None
    scope = {}
    exec(done.stdout.decode("latin1"), scope)  # it is Python, and of a program that is installed
    return 0, scope["fetchmailrc"]


def ours(path, home):
    env = {"HOME": str(home), "PATH": os.environ["PATH"]} | {
        name: os.environ[name] for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS") if name in os.environ
    }
    done = subprocess.run([binary(), "config", "show", "fetchmailrc", path], capture_output=True, env=env)
    if done.returncode == 0:
        return 0, json.loads(done.stdout)
    wrong = re.search(r"rc:(\d+): ", done.stderr.decode())
    assert done.returncode == 78 and wrong, done
    return int(wrong[1]), None


def differences(one, other, names):
    return [(name, one[name], other[mine]) for name, mine in names.items() if name in one and one[name] != other[mine]]


def compare_users(there, here):
    found = differences(there, here, USER)
    local = [list(name) if isinstance(name, tuple) else name for name in there["localnames"] if name != "*"]
    if sorted(map(str, local)) != sorted(map(str, here["is"] or [CALLER])):
        found.append(("is", local, here["is"]))
    if there["antispam"] != " ".join(map(str, here["antispam"])):
        found.append(("antispam", there["antispam"], here["antispam"]))
    return found


def compare(text, directory, number):
    path = directory / f"{number}.rc"
    path.write_bytes(text.encode())
    path.chmod(0o600)
    (their_line, there), (our_line, here) = theirs(path, directory), ours(path, directory)
    same_line = their_line == ANY_LINE or abs(their_line - our_line) <= 1
    if bool(their_line) != bool(our_line) or not same_line:
        return f"line {their_line} there, {our_line} here"
    if not there or not here:
        return None
    found = differences(there, here, GLOBAL)
    if len(there["servers"]) != len(here["servers"]):
        return f"{len(there['servers'])} servers there, {len(here['servers'])} here"
    for one, other in zip(there["servers"], here["servers"]):
        found += differences(one, other, SERVER)
        if one["protocol"].lower() != PROTOCOL.get(other["protocol"], other["protocol"]):
            found.append(("protocol", one["protocol"], other["protocol"]))
        if len(one["users"]) != len(other["users"]):
            return f"{len(one['users'])} users there, {len(other['users'])} here"
        for pair in zip(one["users"], other["users"]):
            found += compare_users(*pair)
    return found or None


def compare_all(texts, directory):
    (directory / "home").mkdir()
    texts = [text for text in texts if not any(re.search(known, text, re.S) for known in ON_PURPOSE)]
    with ThreadPoolExecutor(2) as pool:
        results = pool.map(lambda pair: compare(pair[1], directory, pair[0]), enumerate(texts))
        wrong = [(text, result) for text, result in zip(texts, results) if result]
    assert not wrong, "\n".join(f"{text!r}: {result}" for text, result in wrong)
    return len(texts)


def test_files_by_hand_mean_the_same(tmp_path):
    assert compare_all(CASES, tmp_path) > 250


class Generator:
    """Files of random statements; every second one is then spoiled by words that do not belong there."""

    def __init__(self, seed):
        self.chance = random.Random(seed)

    def one(self, *choices):
        return self.chance.choice(choices)

    def text(self):
        return self.one("a", '"c d"', "'e'", "f#g", '"keep"', r"x\x41", "12a", "/p/q", '"%h"', "h.org", r"a\tb", '"x"y')

    def number(self):
        return self.one("0", "5", "30", "007")

    def server_option(self):
        simple = ("uidl", "no uidl", "nouidl", "no dns", "nodns", "checkalias", "no envelope", "noenvelope", "tracepolls")
        return self.one(
            "proto " + self.one("pop3", "IMAP", "auto", "apop", "POP3", "rpop"),
            self.one("port ", "service ") + self.one("25", "143"),
            self.one("via ", "qvirtual ", "plugin ", "principal ", "aka ", "localdomains a ") + self.text(),
            "auth " + self.one("any", "password", "gssapi", "cram", "ntlm", "ssh"),
            self.one("timeout ", "interval ") + self.number(),
            self.one("envelope ", "envelope 2 ") + self.text(),
            self.one(*simple),
            "bad-header accept",
        )

    def user_option(self):
        flags = "keep fetchall flush limitflush rewrite stripcr forcecr pass8bits dropstatus dropdelivered mimedecode"
        sizes = "limit warnings batchlimit fetchlimit fetchsizelimit fastuidl expunge"
        texts = "mda bsmtp smtpaddress smtpname pre post properties sslproto sslcertfile sslfingerprint sslcert sslkey"
        return self.one(
            "pass " + self.text(),
            self.one("is {}", "is {} here", "to {}=b", "is {} there").format(self.text()),
            self.one("folder ", "smtphost ", "fetchdomains ") + f"{self.text()}, {self.text()}",
            self.one("", "no ", "no") + self.one(*flags.split()),
            self.one("ssl", "no ssl", "sslcertck", "no sslcertck"),
            self.one(*sizes.split()) + " " + self.number(),
            self.one(*texts.split()) + " " + self.text(),
            f"antispam {self.number()} {self.number()}",
        )

    def user(self):
        form = self.one("user {}", "user {} there", "user {} here", "user {} b here is {} there", "username {}=c here")
        return [form.format(self.text(), self.text())] + [self.user_option() for _ in range(self.chance.randrange(5))]

    def entry(self):
        parts = [self.one("poll ", "skip ", "server ") + self.text()]
        parts += [self.server_option() for _ in range(self.chance.randrange(4))]
        if self.chance.random() < 0.2:
            return parts + [self.user_option() for _ in range(self.chance.randrange(4))]
        return parts + sum((self.user() for _ in range(self.one(1, 1, 2))), [])

    def file(self):
        settings = ("daemon 30", "syslog", "no bouncemail", "nospambounce", "invisible", 'postmaster = "x"', "properties y")
        parts = ["set " + self.one(*settings) for _ in range(self.chance.randrange(3))]
        if self.chance.random() < 0.4:
            parts += ["defaults", self.server_option(), self.server_option(), self.user_option(), self.user_option()]
        for _ in range(self.chance.randrange(1, 4)):
            parts += self.entry()
        gap = lambda: self.one(" ", " ", "\n", "\t", " with ", " and ", ", ", "; ", " has ", ": ", " #c\n")
        return "".join(part + gap() for part in parts) + "\n"

    def spoiled(self):
        words = self.file().split(" ")
        odd = "poll user is here there no = keep ssl proto pop3 5 * pass folder set defaults \"q r\" ; \n".split(" ")
        for _ in range(self.chance.randrange(1, 4)):
            words.insert(self.chance.randrange(len(words) + 1), self.one(*odd))
        return " ".join(words) + "\n"


def test_generated_files_mean_the_same(tmp_path):
    made = Generator(20)
    assert compare_all([made.file() if n % 2 else made.spoiled() for n in range(100)], tmp_path) > 60
