"""Completions: bash's run for real, those of zsh and fish too where the shells are installed."""

import shutil
import subprocess

import pytest
from rig.postern import Terminal, binary


@pytest.fixture
def shell(postern, tmp_path):
    """A home with `postern` in its PATH, a script of each shell, some files and an account."""
    home = postern.home()
    bin_dir = home.config / "bin"
    bin_dir.mkdir()
    (bin_dir / "postern").symlink_to(binary())
    home.file("postern/accounts.conf", "[account work]\n[account wide]\n[account home]\n")
    for name in ("bash", "zsh", "fish"):
        done = postern.run("completion", name, home=home)
        assert done.status == 0
        home.file(f"completion.{name}", done.out)
    (home.written / "certificate.pem").touch()
    (home.written / "b file.pem").touch()
    environment = postern.environment(home)
    environment["PATH"] = f"{bin_dir}:{environment['PATH']}"
    home.environment = environment
    return home


def bash_replies(home, line):
    """What the function offers for a line with the cursor at its end."""
    script = f"""
        source {home.config}/completion.bash
        compopt() {{ :; }}
        COMP_LINE=$1 COMP_POINT=${{#1}} COMPREPLY=()
        _postern
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(
        ["bash", "-uc", script, "bash", line], cwd=home.written, env=home.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    return [word for word in done.stdout.split("\n") if word]


@pytest.mark.parametrize(
    "line, replies",
    [
        ("postern ta", ["talk"]),
        ("postern --v", ["--version"]),
        ("postern talk --tls-", ["--tls-min=", "--tls-max="]),
        ("postern talk --no-v", ["--no-verify"]),
        ("postern talk --tls=", ["required", "opportunistic", "off"]),
        ("postern talk --tls=o", ["opportunistic", "off"]),
        ("postern talk --tls o", ["opportunistic", "off"]),
        ("postern talk -v --color=n", ["never"]),
        ("postern talk --account=w", ["work", "wide"]),
        ("postern talk --account h", ["home"]),
        ("postern talk --ca-file=cert", ["certificate.pem"]),
        ("postern talk --ca-file=b", ["b file.pem"]),
        ("postern talk --auth=scram-sha-256-", ["SCRAM-SHA-256-PLUS"]),
        ("postern talk --auth=PLAIN,DIG", ["PLAIN,DIGEST-MD5"]),
        ("postern talk --user=x", []),
        ("postern talk --user x", []),
        ("postern talk pop3", ["pop3://", "pop3s://"]),
        ("postern talk -v subm", ["submission://", "submissions://"]),
        ("postern talk imaps://m", []),
        ("postern help po", ["ports"]),
        ("postern help tal", ["talk"]),
        ("postern completion z", ["zsh"]),
        ("postern nonsense --t", []),
    ],
)
def test_bash_offers(shell, line, replies):
    assert bash_replies(shell, line) == replies


def test_bash_lists_commands_and_options(shell):
    assert {"talk", "auth", "help", "completion"} <= set(bash_replies(shell, "postern "))
    assert {"--tls=", "--via=", "--dane", "--help"} <= set(bash_replies(shell, "postern talk --"))


def assert_completes(home, argv, prepare, typed, seen):
    """Types a line with tabs into a real shell; the arguments it runs `postern` with must then be what was seen."""
    stand_in = "postern() { printf '<%s>' \"$@\"; echo; }"
    with Terminal(argv, home.environment | {"PS1": "$ ", "TERM": "dumb"}, home, (40, 200)) as terminal:
        terminal.line(f"{prepare}; {stand_in}; echo re''ady")
        terminal.expect("ready")
        terminal.line(f"postern {typed}")
        terminal.expect(seen)


@pytest.mark.parametrize(
    "typed, seen",
    [
        ("tal\t--no-v\tx", r"<talk><--no-verify><x>"),
        ("talk --tls=req\tx", r"<talk><--tls=required><x>"),
        ("talk --tls-mi\t1.2", r"<talk><--tls-min=1.2>"),
        ("talk --tls opp\tx", r"<talk><--tls><opportunistic><x>"),
        ("talk pop3s\tmail.example.org", r"<talk><pop3s://mail.example.org>"),
        ("talk --ca-file=cert\tx", r"<talk><--ca-file=certificate.pem><x>"),
    ],
)
def test_bash_completes_as_one_types(shell, typed, seen):
    """Readline breaks words at "=" and ":"; what stands on the line in the end counts."""
    assert_completes(shell, ["bash", "--norc", "-i"], f"source {shell.config}/completion.bash", typed, seen)


def test_zsh_reads_its_script(shell):
    if not shutil.which("zsh"):
        pytest.skip("zsh is not installed")
    done = subprocess.run(
        ["zsh", "-n", shell.config / "completion.zsh"], stderr=subprocess.PIPE, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "typed, seen",
    [
        ("tal\t--no-v\tx", r"<talk><--no-verify><x>"),
        ("talk --tls=req\tx", r"<talk><--tls=required><x>"),
        ("talk pop3s\tmail.example.org", r"<talk><pop3s://mail.example.org>"),
        ("talk --auth=PLAIN,digest\tx", r"<talk><--auth=PLAIN,DIGEST-MD5><x>"),
        ("help por\tx", r"<help><ports><x>"),
    ],
)
def test_zsh_completes_as_one_types(shell, typed, seen):
    if not shutil.which("zsh"):
        pytest.skip("zsh is not installed")
    (shell.config / "bin" / "_postern").symlink_to(shell.config / "completion.zsh")
    prepare = f"fpath=({shell.config}/bin $fpath); autoload -U compinit; compinit -D -u"
    assert_completes(shell, ["zsh", "-f", "-i"], prepare, typed, seen)


def fish(shell, script):
    environment = shell.environment | {"XDG_DATA_HOME": str(shell.written), "fish_history": ""}
    done = subprocess.run(
        ["fish", "--no-config", "-c", f"source {shell.config}/completion.fish; {script}"], cwd=shell.written, env=environment,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    return [line.split("\t")[0] for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    "line, replies",
    [
        ("postern tal", ["talk"]),
        ("postern talk --tls=o", ["--tls=off", "--tls=opportunistic"]),
        ("postern talk --no-v", ["--no-verify"]),
        ("postern talk --account=w", ["--account=wide", "--account=work"]),
        ("postern talk --auth=PLAIN,DIGEST", ["--auth=PLAIN,DIGEST-MD5"]),
        ("postern talk pop3s", ["pop3s://"]),
        ("postern help por", ["ports"]),
    ],
)
def test_fish_offers(shell, line, replies):
    if not shutil.which("fish"):
        pytest.skip("fish is not installed")
    assert sorted(fish(shell, f"complete -C '{line}'")) == replies
