"""A server that takes mail and counts it, and a program that is killed while it hands mail over."""

import os
import signal
import socketserver
import subprocess
import threading
import time
from collections import Counter

import pytest

KILLS = int(os.environ.get("POSTERN_KILLS", 12))
MESSAGES = int(os.environ.get("POSTERN_MESSAGES", 60))


class Sink(socketserver.ThreadingTCPServer):
    """Takes mail by BDAT, keeps it, and counts each message that it took, before it says so. `moods` answer for a subject's
    turn."""

    allow_reuse_address = daemon_threads = True

    def __init__(self, moods=None, pace=0.0, limits=None):
        super().__init__(("127.0.0.1", 0), Talk)
        self.taken, self.asked, self.lock = Counter(), Counter(), threading.Lock()
        self.moods, self.pace, self.sessions = moods or {}, pace, 0
        self.texts = []  # what came, with LF
        self.limits, self.mails = limits, Counter()  # what LIMITS says; transactions begun in each session
        self.said, self.yes = [], []  # commands; (subject, session, when its yes had left)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"smtp://127.0.0.1:{self.server_address[1]}"


class Talk(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True  # what was said has left

    def handle(self):
        try:
            self.server.sessions += 1
            self.session = self.server.sessions
            self.converse()
        except (ConnectionError, ValueError):
            pass

    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def converse(self):
        self.say("220 sink")
        while line := self.rfile.readline():
            verb = line.split()[0].upper()
            self.server.said.append(line.decode().rstrip())
            if verb == b"EHLO":
                self.say("250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n" + self.limits() + "250 CHUNKING")
            elif verb == b"BDAT":
                text = self.rfile.read(int(line.split()[1]))
                if not self.end(text):
                    return
            else:
                self.server.mails[self.session] += verb == b"MAIL"
                self.say("221 bye" if verb == b"QUIT" else "250 ok")

    def limits(self):
        return f"250-LIMITS {self.server.limits}\r\n" if self.server.limits else ""

    def end(self, text):
        self.server.texts.append(text.decode(errors="surrogateescape").replace("\r\n", "\n"))
        time.sleep(self.server.pace)
        subject = text.partition(b"Subject: ")[2].partition(b"\r\n")[0].decode()
        with self.server.lock:
            self.server.asked[subject] += 1
            mood = self.server.moods.get((subject, self.server.asked[subject]), "250 taken")
            if mood.startswith("2"):
                self.server.taken[subject] += 1
        if mood == "cut":
            return False
        try:
            self.say(mood)
        finally:
            self.server.yes.append((subject, self.session, time.monotonic()))
        return not mood.startswith("421")


@pytest.fixture
def sink():
    """sink(moods=, pace=): servers that end with the test. For whoever imports it."""
    servers = []

    def make(**more):
        servers.append(Sink(**more))
        return servers[-1]

    yield make
    for server in servers:
        server.shutdown()
        server.server_close()


def kill_again_and_again(argv, environment, server, chance):
    """Kills it at random moments until it has ended by itself or KILLS are done: (kills, when each session was killed)."""
    kills, times = 0, {}
    while kills < KILLS:
        child = subprocess.Popen(argv, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        before, patience = sum(server.taken.values()), time.monotonic() + 5
        while sum(server.taken.values()) == before and child.poll() is None and time.monotonic() < patience:
            time.sleep(0.001)
        time.sleep(chance.random() * 0.004 * MESSAGES / KILLS)
        if child.poll() is not None:
            break
        child.send_signal(signal.SIGKILL)
        times.setdefault(server.sessions, time.monotonic())
        kills += 1
        child.wait()
    return kills, times


def report_of_kills(server, kills, times, wanted):
    """(lost, doubled); prints how many of the doubled were killed after the yes had left, and how long after."""
    after, first = [], {}
    for subject, session, yes in server.yes:
        if subject in first:
            after.append(first[subject])
        first[subject] = times.get(session, yes) - yes
    late = sorted(round(1000 * gap, 1) for gap in after if gap > 0)
    lost = Counter(wanted) - server.taken
    print(
        f"{kills} kills, {len(wanted)} messages, {len(lost)} lost, {len(after)} doubled: {len(after) - len(late)} killed "
        f"before the server's yes, {len(late)} after it, by ms: {late}"
    )
    return lost, len(after)
