"""tools/run-tests counts every subtest, and takes nothing that went wrong for a success."""

import importlib.machinery
import importlib.util
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def runner():
    loader = importlib.machinery.SourceFileLoader("run_tests", str(ROOT / "tools/run-tests"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("run_tests", loader))
    sys.modules["run_tests"] = module  # dataclasses look their module up
    loader.exec_module(module)
    return module


def count(runner, text, status=0):
    result = runner.count_tap("unit", text, status)
    return result.passed, len(result.failed), len(result.skipped)


def test_subtests_are_counted_one_by_one(runner):
    assert count(runner, "TAP version 13\n1..3\nok 1 /a\n# Start of x\nok 2 /b\nok 3 /c # SKIP no bash here\n") == (2, 0, 1)


def test_a_failure_is_one_failure(runner):
    assert count(runner, "1..2\nnot ok 1 /a - ERROR:x.c:1\nok 2 /b\n", 1) == (1, 1, 0)


@pytest.mark.parametrize("text, status, expected", [
    ("1..3\nok 1 /a\n", -6, (1, 1, 0)),  # crashed between
    ("1..3\nok 1 /a\n", 0, (1, 1, 0)),  # ended early, content with itself
    ("1..1\nok 1 /a\n", 23, (1, 1, 0)),  # a leak, found after the last test
    ("1..1\nok 1 /a\n", None, (1, 1, 0)),  # hung at the end
    ("", 0, (0, 1, 0)),  # said nothing
    ("1..2\nok 1 /a\nBail out! x\n", -6, (1, 1, 0)),
])
def test_what_ends_badly_has_failed(runner, text, status, expected):
    assert count(runner, text, status) == expected


def test_a_program_that_was_not_built_has_failed(runner):
    result = runner.run_unit({"suite": ["postern:base"], "name": "test_x", "cmd": ["/nonexistent/x"], "env": {}, "timeout": 1})
    assert [name for name, _ in result.failed] == ["base/test_x"]


def test_a_command_that_hangs_is_stopped_with_its_children(runner, tmp_path):
    log = tmp_path / "log"
    assert runner.run(["/bin/sh", "-c", "sleep 60 & echo started; wait"], log, 0.5) is None
    assert "started" in log.read_text() and "stopped after" in log.read_text()


def test_tests_do_not_inherit_ignored_signals(runner, tmp_path):
    log = tmp_path / "log"
    script = (
        "import sys; sys.dont_write_bytecode = True\n"
        "from importlib.machinery import SourceFileLoader\n"
        "from pathlib import Path\n"
        f"m = SourceFileLoader('run_tests', '{ROOT}/tools/run-tests').load_module()\n"
        "m.take_signals_back()\n"
        f"m.run(['grep', 'SigIgn', '/proc/self/status'], Path('{log}'), 10)\n"
    )
    subprocess.run(["sh", "-c", "trap '' INT HUP QUIT; exec /usr/bin/python3 -W ignore -c \"$0\"", script], check=True)
    ignored = int(log.read_text().split()[1], 16)
    assert [number for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGPIPE) if ignored >> (number - 1) & 1] == []


@pytest.fixture
def pytest_of(runner, tmp_path, monkeypatch):
    """pytest_of(TEXT): what a file of tests with that text comes to."""
    run = runner.run
    monkeypatch.setattr(runner, "LOGS", tmp_path)
    monkeypatch.setattr(runner, "run", lambda *args: run(*args, cwd=tmp_path))

    def of(text):
        (tmp_path / "test_it.py").write_text(f"from pathlib import Path\nMARK = Path('{tmp_path}/mark')\n{text}")
        return runner.run_pytest("e2e", ["test_it.py"], {"PYTHONDONTWRITEBYTECODE": "1"})

    return of


def test_what_passes_alone_is_named_unsteady(pytest_of):
    result = pytest_of("def test_a():\n    there = MARK.exists()\n    MARK.touch()\n    assert there, 'not yet'\ndef test_b(): pass\n")
    assert (result.passed, result.failed) == (2, [])
    assert [why.partition(":")[0] for why in result.unsteady] == ["test_it.test_a"] and "not yet" in result.unsteady[0]


def test_what_fails_again_has_failed(pytest_of):
    result = pytest_of("def test_a(): assert not MARK\ndef test_b(): pass\n")
    assert (result.passed, [name for name, _ in result.failed], result.unsteady) == (1, ["test_it.test_a"], [])


def test_many_failures_are_not_tried_again(pytest_of):
    result = pytest_of("import pytest\n@pytest.mark.parametrize('n', range(4))\ndef test_a(n):\n"
                       "    there = MARK.with_suffix(str(n)).exists()\n    MARK.with_suffix(str(n)).touch()\n    assert there\n")
    assert (result.passed, len(result.failed), result.unsteady) == (0, 4, [])
