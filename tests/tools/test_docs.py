"""What the documents say about the tree is true."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted(ROOT.glob("*.md")) + sorted(ROOT.glob("docs/**/*.md"))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_paths_in_a_document_exist(document):
    named = re.findall(r"(?<![\w/.-])((?:src|tests|tools|docs|bench)/[\w./-]*\w)", document.read_text())
    missing = []
    for path in named:
        # docs/adr/1 stands for the page whose number it is.
        found = (ROOT / path).exists() or any(ROOT.glob(path + "-*.md")) or not path.strip("/").islower()
        if not found:
            missing.append(path)
    assert missing == []


def test_make_targets_of_the_readme_are_the_makefiles():
    told = set(re.findall(r"^\| `make ?(\w*)`", (ROOT / "README.md").read_text(), re.M))
    phony = re.search(r"^\.PHONY: (.*)", (ROOT / "Makefile").read_text(), re.M).group(1).split()
    assert told == {"" if name == "all" else name for name in phony}


def test_layers_of_the_architecture_are_the_builds():
    table = re.search(r"^layers = \{(.*?)^\}", (ROOT / "meson.build").read_text(), re.S | re.M).group(1)
    build = re.findall(r"^\s*'(\w+)':", table, re.M)
    told = re.findall(r"^\| (\w+) \|", (ROOT / "ARCHITECTURE.md").read_text(), re.M)
    assert [name for name in told if name not in ("layer", "where")] == build[::-1]
