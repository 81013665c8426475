"""Last in the alphabet: nothing that Postern wrote so far, in this process' session, holds a password in any encoding.

conftest.py searches once more when all workers have finished, and fails the session on a find; this test is here to be
seen, and to prove that the search can fail.
"""

from conftest import searched, session_dir
from rig import secrets


def test_no_password_was_written_anywhere(passwords):
    leaks, _ = searched(passwords.all())
    assert not [(str(path), how) for path, _, how in leaks]


def test_the_search_would_find_one(tmp_path, passwords):
    planted = passwords.all()[0]
    (tmp_path / "transcript").write_text(f"-> PASS {planted}\r\n")
    leaks, files = secrets.search([tmp_path], passwords.all())
    assert files == 1 and [(path.name, how) for path, _, how in leaks] == [("transcript", "as it is")]


def test_runs_are_where_the_search_looks(postern):
    assert session_dir() / "runs" in postern.home().written.parents
