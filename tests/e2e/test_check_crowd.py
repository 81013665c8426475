"""`postern check` of servers that bear only a few connections at a time, and end the others: by closing after the hello was
read, by a reset, or as Dovecot does it by itself. None of that is an answer about what is offered."""

import socket
import struct

import pytest
import truth
from checking import check
from rig.dovecot import Dovecot
from rig.proxy import Proxy

AT_ONCE = 2


class Crowd(Proxy):
    """Lets AT_ONCE connections be; of another it reads the hello and closes ("fin"), or resets it at once ("reset")."""

    def __init__(self, to_port: int, how: str):
        super().__init__(to_port)
        self._how, self._inside = how, 0

    async def _serve(self, reader, writer):
        if self._inside >= AT_ONCE:
            self.refused += 1
            if self._how == "fin":
                await reader.read(65536)
            else:
                linger = struct.pack("ii", 1, 0)
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.close()
            return
        self._inside += 1
        try:
            await super()._serve(reader, writer)
        finally:
            self._inside -= 1


def offered(report) -> dict:
    """{version: its suites}; a list that is not known to be complete fails."""
    lists = {}
    for version in report.service["versions"]:
        assert version["offered"]["known"] != "unknown", version
        if version["offered"]["known"] == "yes":
            assert version["suites_complete"]["known"] == "yes", version
            lists[version["name"]] = {suite["id"] for suite in version["suites"]}
    return lists


def versions(report) -> dict:
    return {version["name"]: version["offered"]["known"] for version in report.service["versions"]}


def complaints(report, real: dict) -> list:
    """What a verdict says that is not so; not to know is no lie."""
    return [
        (name, known)
        for name, known in versions(report).items()
        if known != "unknown" and (known == "yes") != (name in real)
    ]


@pytest.fixture(scope="module")
def real(dovecot):
    return truth.suites(dovecot.port("imaps"))


@pytest.mark.parametrize("how", ["fin", "reset"])
def test_a_peer_that_ends_what_is_too_much(postern, pki, dovecot, real, how):
    with Crowd(dovecot.port("imaps"), how) as crowd:
        url = f"imaps://localhost:{crowd.port}"
        assert offered(check(postern, pki, url, "--full", connections=200)) == real
        assert crowd.refused > 0, "nobody was turned away: this tests nothing"
        quick = check(postern, pki, url, connections=20)
        assert not complaints(quick, real), versions(quick)
        assert versions(quick)["TLS 1.2"] != "no" and "fail" not in quick.verdicts("versions.tls12")


def test_dovecot_at_its_own_limit(postern, pki, rig):
    """One process for three connections: the fourth costs the oldest its place, whatever it is at."""
    settings = "service imap-login {\n  service_count = 0\n  process_limit = 1\n  client_limit = 3\n}\n"
    server = rig.launch(Dovecot(rig, "dovecot-crowded", settings=settings))
    real = truth.suites(server.port("imaps"), workers=1)
    assert real["TLS 1.2"]
    assert offered(check(postern, pki, server.url("imaps"), "--full", connections=250)) == real
    quick = check(postern, pki, server.url("imaps"), connections=20)
    assert not complaints(quick, real), versions(quick)
    server.stop()


def test_doubts_cost_little_where_nobody_is_turned_away(postern, pki, dovecot, real):
    whole = check(postern, pki, dovecot.url("imaps"), "--full", connections=200)
    assert offered(whole) == real
    assert whole.service["connections"]["used"] <= 80, whole.service["connections"]
    quick = check(postern, pki, dovecot.url("imaps"), connections=20)
    assert not complaints(quick, real) and not quick.service["missing"], quick.service["missing"]


def test_a_transcript_has_one_conversation_after_the_other(postern, pki, postfix):
    """Without it they would go on beside each other, and nobody could tell them apart."""
    whole = check(postern, pki, postfix.url("smtp"), "--full", "--transcript=said.txt", "--parallel=32", connections=200)
    text = (whole.result.home.written / "said.txt").read_text()
    lines = [line.split(maxsplit=1) for line in text.splitlines()]
    spoken = [(arrow, words) for arrow, words in (line for line in lines if len(line) == 2) if arrow in ("->", "<-")]
    greetings = [i for i, (arrow, words) in enumerate(spoken) if arrow == "<-" and words.startswith("220 ") and "ESMTP" in words]
    used = whole.service["connections"]["used"]
    assert len(greetings) == used > 80, (len(greetings), used)
    for i in greetings:
        assert spoken[i + 1] == ("->", "EHLO check.example.test"), spoken[i : i + 3]
    starts = [i for i, (arrow, words) in enumerate(spoken) if (arrow, words) == ("->", "STARTTLS")]
    behind = [spoken[i + 1][1] for i in starts]
    assert behind.count("NOOP") <= 1  # to see whether it is executed inside TLS
    assert {words for words in behind if words != "NOOP"} == {"220 2.0.0 Ready to start TLS"}
    assert len(starts) > 80
    assert offered(whole) == truth.suites(postfix.port("smtp"), "smtp")
