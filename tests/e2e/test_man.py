"""The manual names the options the program has, and is valid scdoc."""

import re
import subprocess
from pathlib import Path

import pytest
from rig.postern import ROOT, binary

MAN = ROOT / "docs" / "man"
PAGES = sorted(MAN.glob("*.scd"))
TOOL = ROOT / "tools" / "options-vs-man"


def compare(*args):
    done = subprocess.run([TOOL, binary(), *args], stdout=subprocess.PIPE, text=True, check=False)
    return done.returncode, done.stdout


def test_manual_and_tables_name_the_same_options():
    status, out = compare()
    assert status == 0, out
    assert re.search(r"^[1-9]\d+ options compared, 0 differences$", out, re.MULTILINE)


def copy_of_manual(directory: Path):
    for page in PAGES:
        (directory / page.name).write_text(page.read_text())
    return directory / "postern.1.scd"


@pytest.mark.parametrize(
    "before, after, complaint",
    [
        ("*--dane*\n", "*--dan*\n", "--dane is not defined"),
        ("*--dane*\n", "*--dane*, *--extra*\n", "--extra is defined, but common has no such option"),
        ("*--dane*\n", "*--dane*=_X_\n", "--dane takes no value"),
        ("*--sni*=_NAME_\n", "*--sni*\n", "--sni takes a value"),
        ("*-C*, *--compress*\n", "*--compress*\n", "-C is not defined"),
    ],
)
def test_the_comparison_finds_what_differs(tmp_path, before, after, complaint):
    page = copy_of_manual(tmp_path)
    text = page.read_text()
    assert before in text
    page.write_text(text.replace(before, after, 1))
    status, out = compare(tmp_path)
    assert status == 1
    assert complaint in out


def test_the_comparison_misses_no_page(tmp_path):
    copy_of_manual(tmp_path)
    (tmp_path / "postern-help.1.scd").unlink()
    status, out = compare(tmp_path)
    assert status == 1
    assert "postern-help.1.scd: missing" in out


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page_is_valid_and_refers_to_pages_that_exist(page):
    done = subprocess.run(["scdoc"], stdin=page.open(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.startswith(b".\\\"")
    for name, section in re.findall(r"\*(postern[a-z-]*)\*\((\d)\)", page.read_text()):
        assert (MAN / f"{name}.{section}.scd").exists(), f"{page.name} refers to {name}({section})"


def test_manual_tells_every_exit_status(postern):
    """The numbers are a promise (see base/error.c)."""
    text = (MAN / "postern.1.scd").read_text()
    section = text[text.index("# EXIT STATUS") : text.index("# FILES")]
    told = {int(number) for number in re.findall(r"^\*(\d+)\*$", section, re.MULTILINE)}
    source = (ROOT / "src" / "base" / "error.c").read_text()
    assert told >= {int(number) for number in re.findall(r"\{POSTERN_ERROR_\w+, (\d+),", source)}
    assert told >= {0, 1, 2}


def test_manual_lists_the_schemes_that_help_prints(postern):
    section = (MAN / "postern.1.scd").read_text()
    section = section[section.index("# SERVER ADDRESSES") : section.index("# OPTIONS")]
    rows = re.findall(r"^\|\s+(\S.*)\n:\s+(\S.*)\n:\s+(\S.*)$", section, re.MULTILINE)
    printed = postern.run("help", "ports").out
    assert len(rows) == 23
    for names, port, tls in rows:
        number = port.split()[0].rstrip(",").replace("must", "to be given")
        assert re.search(rf"^\s+{re.escape(names)}\s+{number}\s+{re.escape(tls)}$", printed, re.MULTILINE), names
