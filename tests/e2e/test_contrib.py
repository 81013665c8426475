"""The hooks and units of contrib/, run with stand-ins for the programs and the environment they meet in place."""

import os
import subprocess
import time
from pathlib import Path

import pytest

CONTRIB = Path(__file__).resolve().parents[2] / "contrib"


@pytest.fixture
def link(tmp_path):
    """link(ARGV..., daemons=[PID], env={}): what was run and signalled, in lines."""
    log = tmp_path / "log"
    user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
    conf = tmp_path / "link.conf"
    conf.write_text(f"# who\n\n{user} fetch --daemon=5m --syslog\n")
    tools = tmp_path / "tools"
    tools.mkdir()

    def tool(name, body):
        (tools / name).write_text(f"#!/bin/sh\n{body}\n")
        (tools / name).chmod(0o755)

    def run(*argv, daemons=(), env=None):
        log.write_text("")
        tool("postern", f'echo "postern $*" >>{log}')
        tool("setsid", 'exec "$@"')
        tool("pgrep", f'echo "$1 $2" >>{log}.pgrep; ' + (f"echo {' '.join(map(str, daemons))}" if daemons else "exit 1"))
        # `kill` is built into the shell: what it sends is seen where it arrives.
        everything = {
            "PATH": f"{tools}:{os.environ['PATH']}",
            "POSTERN_LINK_CONF": str(conf),
            "POSTERN_LINK": str(CONTRIB / "postern-link"),
            "POSTERN": str(tools / "postern"),
            **(env or {}),
        }
        done = subprocess.run([str(word) for word in argv], env=everything, capture_output=True, text=True, timeout=20)
        end = time.monotonic() + (5 if not daemons and done.returncode == 0 and not (env or {}).get("QUIET") else 0)
        while not log.read_text() and time.monotonic() < end:
            time.sleep(0.02)
        return done, log.read_text()

    return run


@pytest.fixture
def daemon(tmp_path):
    """A stand-in daemon, and what signals it got."""
    seen = tmp_path / "signals"
    script = f"trap 'echo USR1 >>{seen}' USR1; trap 'echo TERM >>{seen}; exit 0' TERM; echo ready >{seen}; while :; do sleep 0.05; done"
    child = subprocess.Popen(["/bin/sh", "-c", script])
    wait_for(lambda: seen.exists() and "ready" in seen.read_text())
    yield child, lambda: seen.read_text().split()
    child.kill()
    child.wait()


def wait_for(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


UP = [("ip-up.d/postern",), ("NetworkManager/90-postern", "wlan0", "up"), ("postern-link", "up")]
DOWN = [("ip-down.d/postern",), ("NetworkManager/90-postern", "wlan0", "down"), ("postern-link", "down")]


@pytest.mark.parametrize("hook", UP)
def test_up_starts_the_daemon_where_there_is_none(link, hook):
    done, log = link(CONTRIB / hook[0], *hook[1:])
    assert done.returncode == 0 and done.stderr == ""
    assert log == "postern fetch --daemon=5m --syslog\n"


@pytest.mark.parametrize("hook", UP)
def test_up_wakes_the_daemon_that_is_there(link, daemon, hook):
    child, signals = daemon
    done, log = link(CONTRIB / hook[0], *hook[1:], daemons=[child.pid])
    wait_for(lambda: "USR1" in signals())
    assert done.returncode == 0 and log == "" and "TERM" not in signals()


@pytest.mark.parametrize("hook", DOWN)
def test_down_stops_it(link, daemon, hook):
    child, signals = daemon
    done, log = link(CONTRIB / hook[0], *hook[1:], daemons=[child.pid])
    assert child.wait(20) == 0 and "TERM" in signals()
    assert done.returncode == 0 and log == ""


@pytest.mark.parametrize(
    "hook, env",
    [
        (("ip-up.d/postern",), {"IFACE": "lo"}),
        (("NetworkManager/90-postern", "lo", "up"), {}),
        (("NetworkManager/90-postern", "wlan0", "down"), {"CONNECTIVITY_STATE": "FULL"}),
        (("NetworkManager/90-postern", "wlan0", "dhcp4-change"), {}),
    ],
)
def test_what_is_no_news_changes_nothing(link, daemon, hook, env):
    child, signals = daemon
    done, log = link(CONTRIB / hook[0], *hook[1:], daemons=[child.pid], env={**env, "QUIET": "1"})
    assert done.returncode == 0 and log == ""
    time.sleep(0.2)
    assert signals() == ["ready"]


def test_link_refuses_what_it_does_not_know(link):
    done, _ = link(CONTRIB / "postern-link", "sideways")
    assert done.returncode == 64


def test_units_are_understood_by_systemd(tmp_path):
    for unit in (CONTRIB / "systemd").iterdir():
        text = unit.read_text().replace("ExecStart=postern", "ExecStart=/bin/true")
        (tmp_path / unit.name).write_text(text)
    units = sorted(str(path) for path in tmp_path.glob("postern-*"))
    assert len(units) == 6
    env = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path)}
    done = subprocess.run(["systemd-analyze", "verify", "--user", "--man=no", *units], env=env, capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == "", done.stderr
