"""Waits for its standard input to end, then ends the sessions it was told of and removes the scratch directory.

A child of every Rig (see process.py): lines "+SESSION" and "-SESSION" arrive as servers come and go.
"""

import os
import shutil
import signal
import sys
import time


def members(sessions):
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", encoding="ascii", errors="replace") as file:
                    session = int(file.read().rpartition(")")[2].split()[3])
            except OSError:
                continue
            if session in sessions:
                yield int(entry)


def send(sessions, number):
    """True while there is somebody left to signal."""
    any_left = False
    for pid in members(sessions):
        try:
            os.kill(pid, number)
            any_left = True
        except ProcessLookupError:
            pass
    return any_left


def main():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sessions = set()
    for line in sys.stdin:
        if line.startswith("+"):
            sessions.add(int(line[1:]))
        elif line.startswith("-"):
            sessions.discard(int(line[1:]))
    if sessions and send(sessions, signal.SIGTERM):
        deadline = time.monotonic() + 3
        while send(sessions, 0) and time.monotonic() < deadline:
            time.sleep(0.05)
        send(sessions, signal.SIGKILL)
    shutil.rmtree(sys.argv[1], ignore_errors=True)


main()
