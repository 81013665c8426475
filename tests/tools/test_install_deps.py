"""tools/install-deps does nothing when nothing is missing, and never acts without the right to."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "tools/install-deps"


@pytest.fixture
def machine(tmp_path):
    """A machine made of fakes: what is not given here does not exist. apt-get records that it was called."""
    def make(installed, user=1000, sudo=None):
        commands = {
            "dpkg-query": "\n".join(f"echo 'ii  {name}'" for name in installed) or ":",
            "id": f"echo {user}",
            "apt-get": f"echo apt-get \"$@\" >>{tmp_path}/called; exit 1",
            **({"sudo": sudo} if sudo else {}),
        }
        for name, body in commands.items():
            file = tmp_path / "bin" / name
            file.parent.mkdir(exist_ok=True)
            file.write_text(f"#!/bin/sh\n{body}\n")
            file.chmod(0o755)
        for name in ("sh", "sed", "sort", "printf", "cat"):
            (tmp_path / "bin" / name).symlink_to(f"/bin/{name}" if name in ("sh", "sed", "cat") else f"/usr/bin/{name}")
        return lambda *groups: subprocess.run([SCRIPT, *groups], env={"PATH": str(tmp_path / "bin")}, stdin=subprocess.DEVNULL,
                                              capture_output=True, text=True)
    make.calls = lambda: (tmp_path / "called").read_text() if (tmp_path / "called").exists() else ""
    return make


def packages(*groups):
    return subprocess.run([SCRIPT, "--list", *groups], check=True, capture_output=True, text=True).stdout.split()


def test_groups_differ():
    assert {"meson", "libssl-dev"} <= set(packages("build"))
    assert "postfix" not in packages("build", "demo") and packages("demo") == [], "the demo is its own server"
    assert {"postfix", "dovecot-pop3d", "inn2", "clang"} <= set(packages("test"))
    assert "clang-tidy" in packages() and "clang-tidy" not in packages("build", "test")


def test_nothing_missing_is_nothing_done(machine):
    done = machine(packages("build"))("build")
    assert (done.returncode, done.stdout, done.stderr, machine.calls()) == (0, "", "", "")


@pytest.mark.parametrize("sudo", [None, "exit 1"])  # no sudo; a sudo that would ask
def test_without_root_it_says_what_is_missing(machine, sudo):
    have = [name for name in packages("build") if name not in ("meson", "libssl-dev")]
    done = machine(have, sudo=sudo)("build")
    assert done.returncode == 1
    assert "apt-get install --no-install-recommends meson libssl-dev\n" in done.stderr
    assert machine.calls() == ""


def test_with_sudo_it_calls_itself(machine, tmp_path):
    done = machine([], sudo=f'printf "%s\\n" "$*" >>{tmp_path}/sudo')("build", "demo")
    assert done.returncode == 0
    assert (tmp_path / "sudo").read_text().splitlines() == ["-n true", f"-n {SCRIPT} build demo"]


def test_half_installed_is_missing(machine, tmp_path):
    run = machine(packages("build"))
    fake = tmp_path / "bin/dpkg-query"
    fake.write_text(fake.read_text().replace("'ii  meson'", "'iF  meson'"))
    done = run("build")
    assert done.returncode == 1
    assert "recommends meson\n" in done.stderr


def test_unknown_group_is_refused():
    done = subprocess.run([SCRIPT, "tests"], capture_output=True, text=True)
    assert done.returncode == 1 and 'no group "tests"' in done.stderr
