"""Starts servers for a person or a script.

    rig dovecot                      start it, say where it listens, stop at Ctrl-C
    rig dovecot -- COMMAND [ARG...]  run COMMAND with the facts in its environment (RIG_POP3S_PORT, RIG_CA_FILE, ...), then stop
    rig dovecot --run 'SHELL LINE'   the same, through the shell
    rig --list                       what there is
"""

import argparse
import os
import signal
import subprocess
import sys

from .core import Rig
from .process import RigError
from .servers import SERVERS


def main(argv) -> int:
    command = []
    if "--" in argv:
        split = argv.index("--")
        argv, command = argv[:split], argv[split + 1 :]
    options = _parse(argv)
    if options.list or not options.servers:
        for name, row in SERVERS.items():
            print(f"{name:20} {row.title}")
        return 0 if options.list else 64
    if options.run:
        command = ["/bin/sh", "-c", options.run]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with Rig() as rig:
            facts = _start(rig, options)
            return _run(command, facts) if command else _wait()
    except RigError as error:
        print(f"rig: {error}", file=sys.stderr)
        return 70
    except KeyboardInterrupt:
        return 130


def _parse(argv):
    parser = argparse.ArgumentParser(
        prog="rig",
        description="Starts real servers on loopback.",
        epilog=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("servers", nargs="*", metavar="SERVER", help="names from --list")
    parser.add_argument(
        "--run", metavar="COMMAND", help="run this through the shell, then stop; its status is ours"
    )
    parser.add_argument("--list", action="store_true", help="list the servers there are")
    parser.add_argument("-q", "--quiet", action="store_true", help="do not say what was started")
    return parser.parse_args(argv)


def _start(rig: Rig, options) -> dict:
    """Starts what was asked for and returns the environment variables that describe it."""
    facts = {}
    for name in options.servers:
        server = rig.start(name)
        prefix = name.upper().replace("-", "_") + "_"
        told = server.facts()
        if len(options.servers) > 1:  # two may both have a submission port
            told |= {prefix + fact: value for fact, value in told.items() if fact.endswith("_PORT")}
        facts = told | facts
        if not options.quiet:
            print(f"=== {name} is up ({SERVERS[name].title})", file=sys.stderr)
    secret = rig.scratch / "password"
    secret.touch(mode=0o600)
    secret.write_text(rig.users.alice.password + "\n", encoding="utf-8")
    facts["PASSWORD_FILE"] = str(secret)
    if not options.quiet:
        for name, value in facts.items():
            print(f"    RIG_{name}={value}", file=sys.stderr)
    return {f"RIG_{name}": value for name, value in facts.items()}


def _run(command, facts) -> int:
    # Ctrl-C belongs to the command; we stop when it has.
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return subprocess.run(
            command,
            env={**os.environ, **facts},
            check=False,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        ).returncode
    finally:
        signal.signal(signal.SIGINT, previous)


def _wait() -> int:
    print("=== Ctrl-C stops it", file=sys.stderr)
    while True:
        signal.pause()


sys.exit(main(sys.argv[1:]))
