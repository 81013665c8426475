"""What `postern fetch` makes of POP3 and IMAP servers: real ones in their varieties, and such as lie, leave and never end."""

import re
import socket
import time

import pytest

from fetching import ALL_WELL, Collector, collected, fill, remaining
from rig.dovecot import Dovecot
from rig.hostile import Gone

ODD = [
    b"Subject: dots\r\n\r\n.\r\n..\r\n.x\r\n...\r\nend\r\n",
    b"Subject: no body\r\n\r\n",
    b"no header at all\r\n",
    b"Subject: caf\xe9\r\n\r\n\xff\xfe\r\n",
    b"Subject: from\r\n\r\nFrom here on\r\n>From there\r\n",
    b"Subject: {5}\r\n\r\n* BYE\r\n) UID 7\r\nP1 OK done\r\n+OK\r\n-ERR\r\n",
    b"Subject: long\r\n\r\n" + b"x" * 200_000 + b"\r\n",
    b"Subject: great\r\n\r\n" + (b"y" * 70 + b"\r\n") * 30_000,
]
NUL = b"Subject: NUL\r\n\r\na\x00b\r\n\x00\r\n"
SCHEMES = ["pop3", "pop3s", "imap", "imaps"]


@pytest.fixture(scope="module")
def compressing(rig):
    settings = "protocol imap {\n  mail_plugins = imap_zlib\n}\npop3_uidl_format = %f\n"
    return rig.launch(Dovecot(rig, "dovecot-compress", settings=settings))


# --- real servers


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_message_comes_octet_for_octet(postern, dovecot, pki, users, scheme):
    content = ODD + [NUL]
    fill(dovecot, users.bob, content)
    collector = Collector(postern, dovecot, pki, users.bob, scheme)
    first, second = collector.run(), collector.run()
    assert (first.status, second.status) == (0, 0), (first, second)
    # NUL has no place in BODY[] (RFC 3501 section 9, CHAR8): Dovecot puts 0x80 there.
    assert collector.result([text.replace(b"\0", b"\x80") if "imap" in scheme else text for text in content]) == ALL_WELL
    assert remaining(dovecot, users.bob) == len(content)


@pytest.mark.parametrize("scheme", ["pop3s", "imaps"])
def test_what_was_collected_is_removed_when_that_is_wanted(postern, dovecot, pki, users, scheme):
    fill(dovecot, users.bob, ODD)
    collector = Collector(postern, dovecot, pki, users.bob, scheme, "--after=delete")
    result = collector.run()
    assert result.status == 0, result
    assert collector.result(ODD) == ALL_WELL
    assert remaining(dovecot, users.bob) == 0


def test_imap_is_compressed_where_the_server_can(postern, compressing, pki, users):
    fill(compressing, users.bob, ODD)
    collector = Collector(postern, compressing, pki, users.bob, "imaps", "--transcript=-")
    result = collector.run()
    assert result.status == 0, result
    assert "COMPRESS DEFLATE" in result.out + result.err, result
    assert collector.result(ODD) == ALL_WELL
    collector.forget()
    plain = collector.run("--no-imap-compress")
    assert "COMPRESS DEFLATE" not in re.sub("(?m)^<.*$", "", plain.out + plain.err), plain
    assert collector.result(ODD) == ALL_WELL


def test_messages_are_moved_to_a_folder_that_is_made(postern, dovecot, pki, users):
    fill(dovecot, users.bob, ODD[:3])
    collector = Collector(postern, dovecot, pki, users.bob, "imaps", "--after=move:Done")
    result = collector.run()
    assert result.status == 0, result
    assert collector.result(ODD[:3]) == ALL_WELL
    assert remaining(dovecot, users.bob) == 0
    done = dovecot.maildir(users.bob) / ".Done"
    assert sum(len(list((done / name).iterdir())) for name in ("cur", "new")) == 3


# --- servers that lie, leave and never end


def pop3(*, uidl=True, ids=("a", "b"), sizes=("20", "20"), bodies=(b"Subject: 1\r\n\r\n1\r\n", b"Subject: 2\r\n\r\n2\r\n"), at_retr=None, at=None, utf8=None):
    """A POP3 server without PIPELINING: more than one command at a time is an offence. `at_retr(peer, number)` answers
    RETR, if it returns true; `at(peer, stage)` is called at the greeting and at each command; `utf8` answers UTF8,
    which is offered then."""

    def answer(peer, verb, number):
        if verb == b"UIDL" and uidl:
            peer.say("+OK", *[f"{i} {uid}" for i, uid in enumerate(ids, 1)], ".")
        elif verb == b"UTF8" and utf8:
            peer.say(utf8)
        elif verb == b"LIST":
            peer.say("+OK", *[f"{i} {size}" for i, size in enumerate(sizes, 1)], ".")
        elif verb == b"TOP" and number > len(bodies):
            peer.say("-ERR no such message")
        elif verb == b"TOP":
            peer.send(b"+OK\r\n" + bodies[number - 1].split(b"\r\n\r\n")[0] + b"\r\n\r\n.\r\n")
        elif verb == b"RETR":
            if not (at_retr and at_retr(peer, number)):
                peer.send(b"+OK\r\n" + bodies[number - 1] + b".\r\n")
        else:
            peer.say("+OK" if verb in (b"USER", b"PASS", b"DELE", b"QUIT", b"NOOP") else "-ERR what?")

    def script(peer):
        at and at(peer, "greeting")
        peer.say("+OK ready")
        while True:
            line = peer.line()
            verb, _, argument = line.upper().partition(b" ")
            at and at(peer, verb.decode())
            if verb == b"CAPA":
                peer.say("+OK", "USER", "TOP", *(["UTF8"] if utf8 else []), ".")
            else:
                answer(peer, verb, int(argument.split()[0]) if argument.split() and argument.split()[0].isdigit() else 0)
            if verb == b"QUIT":
                return
            assert not peer._plain_in, "the client did not wait for the answer"

    return script


def imap(*, at_fetch=None, at=None, uids=(5, 6)):
    """An IMAP server with two messages. `at_fetch(peer, tag, uid)` says what UID FETCH of a body brings; `at(peer, stage)`
    is called at the greeting and at each command."""

    def answer(peer, tag, verb, line):
        if verb in (b"SELECT", b"EXAMINE"):
            peer.say(f"* {len(uids)} EXISTS", "* OK [UIDVALIDITY 7] x", "* OK [UIDNEXT 9] x")
        elif verb == b"UID" and b"BODY.PEEK[]" in line:
            for number, uid in enumerate(uids, 1):
                if at_fetch and at_fetch(peer, tag, uid):
                    continue
                peer.say(f"* {number} FETCH (UID {uid} BODY[] {{18}}", f"Subject: {uid}", "", f"x{uid}", ")")
        elif verb == b"UID" and b"FETCH" in line:
            for number, uid in enumerate(uids, 1):
                peer.say(f"* {number} FETCH (UID {uid} FLAGS () RFC822.SIZE 18)")
        elif verb == b"LOGOUT":
            peer.say("* BYE")
        peer.say(f"{tag} OK done")

    def script(peer):
        at and at(peer, "greeting")
        peer.say("* OK [CAPABILITY IMAP4rev1] ready")
        while True:
            line = peer.line()
            words = line.split(b" ")
            at and at(peer, words[1].upper().decode() + (" BODY" if b"BODY.PEEK[]" in line else ""))
            if words[1].upper() == b"CAPABILITY":
                peer.say("* CAPABILITY IMAP4rev1")
            answer(peer, words[0].decode(), words[1].upper(), line)
            if words[1].upper() == b"LOGOUT":
                return

    return script


@pytest.fixture
def from_hostile(postern, hostile, pki, users):
    """from_hostile("pop3s", script) -> (collector, server)"""

    def make(scheme, script, *options):
        server = hostile.scripted(script, scheme, tls_first=True)
        return Collector(postern, None, pki, users.alice, scheme, "--timeout=3", *options, port=server.port), server

    return make


def bodies(collector):
    return sorted(collected(collector.maildir)) if collector.maildir.exists() else []


ONE, TWO = b"Subject: 1\n\n1\n", b"Subject: 2\n\n2\n"


def test_a_server_without_pipelining_gets_one_command_at_a_time(from_hostile):
    collector, _ = from_hostile("pop3s", pop3(), "--after=delete")
    result = collector.run()
    assert result.status == 0, result
    assert bodies(collector) == [ONE, TWO]


@pytest.mark.parametrize("answer", ["+OK", "-ERR \x1b[2Jno"])
def test_utf8_is_asked_for_ahead_of_the_login_and_may_be_refused(from_hostile, answer):
    asked = []
    collector, _ = from_hostile("pop3s", pop3(utf8=answer, at=lambda peer, stage: asked.append(stage)), "-v")
    result = collector.run()
    assert result.status == 0, result
    assert asked[:5] == ["greeting", "CAPA", "UTF8", "USER", "PASS"]
    said = 'the server offers UTF8 and refuses it: "-ERR \\x1B[2Jno"' in result.err
    assert said == answer.startswith("-ERR"), result.err
    assert bodies(collector) == [ONE, TWO]


def test_a_greeting_that_comes_late_is_not_the_answer_to_a_login(from_hostile):
    """The second run logs in by what it remembers, and gives the response before it is asked for."""
    greetings = []

    def login(peer):
        verb, _, argument = peer.line().partition(b" ")
        assert (verb, argument) == (b"AUTH", b"PLAIN")
        peer.say("+ ")
        peer.line()
        peer.say("+OK in")

    def script(peer):
        greetings.append(peer)
        if len(greetings) > 1:
            time.sleep(1)
        peer.say("+OK ready")
        assert peer.line() == b"CAPA"
        peer.say("+OK", "SASL PLAIN", "PIPELINING", "UTF8", ".")
        assert peer.line() == b"UTF8"
        peer.say("+OK")
        login(peer)
        for verb, answer in ((b"UIDL", ["+OK", "."]), (b"STAT", ["+OK 0 0"])):
            assert peer.line() == verb
            peer.say(*answer)
        assert peer.line() == b"QUIT"
        peer.say("+OK")

    collector, server = from_hostile("pop3s", script, "--no-initial-response", "--auth-wait=0.2")
    for _ in range(2):
        result = collector.run()
        assert result.status == 0, result.err
    assert len(greetings) == 2, "the guess was right, and held"


def test_a_server_without_uidl_is_known_by_its_headers(from_hostile):
    collector, server = from_hostile("pop3s", pop3(uidl=False))
    assert collector.run().status == 0
    before = server.received_tls.count(b"RETR")
    assert bodies(collector) == [ONE, TWO]
    assert collector.run().status == 0
    assert bodies(collector) == [ONE, TWO] and server.received_tls.count(b"RETR") == before == 2


def test_messages_with_the_same_uidl_are_all_fetched(from_hostile):
    collector, _ = from_hostile("pop3s", pop3(ids=("same", "same")))
    assert collector.run().status == 0
    assert bodies(collector) == [ONE, TWO]


@pytest.mark.parametrize("sizes", [("-1", "99999999999999999999999"), ("0", "4294967296"), ("nonsense",), ()])
def test_sizes_that_lie_do_not_matter(from_hostile, sizes):
    collector, _ = from_hostile("pop3s", pop3(sizes=sizes))
    result = collector.run()
    assert result.status == 0, result
    assert bodies(collector) == [ONE, TWO]


def test_a_list_that_tells_of_more_than_there_is_costs_nothing(from_hostile):
    collector, _ = from_hostile("pop3s", pop3(sizes=("20", "-20", "20", "18446744073709551616"), at_retr=missing), "--after=delete")
    assert collector.run().status in (0, 69, 75)
    assert bodies(collector) == [ONE, TWO]
    assert collector.run().status in (0, 69, 75)
    assert bodies(collector) == [ONE, TWO]


def missing(peer, number):
    if number > 2:
        peer.say("-ERR no such message")
        return True


POP3_STAGES = ["greeting", "CAPA", "USER", "PASS", "UIDL", "LIST", "RETR", "DELE", "QUIT"]
IMAP_STAGES = ["greeting", "LOGIN", "EXAMINE", "UID", "UID BODY", "LOGOUT"]


def leave_at(stage, how):
    def at(peer, now):
        if now == stage:
            how(peer)

    return at


def stall(peer):
    peer.stall()


def bye(peer):
    peer.say("* BYE going down")
    peer.finish()
    raise Gone("after BYE")


@pytest.mark.parametrize("stage", POP3_STAGES)
def test_a_pop3_server_that_falls_silent_is_given_up_whatever_it_was_asked(from_hostile, stage):
    collector, _ = from_hostile("pop3s", pop3(at=leave_at(stage, stall)), "--after=delete", "--timeout=1")
    result = collector.run()
    assert result.status == 75, result
    assert bodies(collector) == ([ONE, TWO] if stage in ("DELE", "QUIT") else [])
    assert collector.left_overs() == 0


@pytest.mark.parametrize("how", [stall, bye])
@pytest.mark.parametrize("stage", IMAP_STAGES)
def test_an_imap_server_that_leaves_is_given_up_whatever_it_was_asked(from_hostile, stage, how):
    collector, _ = from_hostile("imaps", imap(at=leave_at(stage, how)), "--timeout=1")
    result = collector.run()
    assert result.status in ((0,) if stage == "LOGOUT" else (69, 75, 76)), result
    assert len(bodies(collector)) == (2 if stage == "LOGOUT" else 0)
    assert collector.left_overs() == 0


def unsaid_end(peer):
    """The connection ends without TLS saying so: anybody on the way could have done that."""
    peer.send(b"+OK\r\nSubject: 2\r\n\r\n2\r\n")
    peer._socket.shutdown(socket.SHUT_WR)
    raise Gone("in mid-TLS")


def test_a_message_cut_by_the_end_of_tls_is_none(from_hostile):
    def at_retr(peer, number):
        if number == 2:
            unsaid_end(peer)

    collector, _ = from_hostile("pop3s", pop3(at_retr=at_retr), "--after=delete")
    assert collector.run().status in (75, 76)
    assert bodies(collector) in ([ONE], []) and collector.left_overs() == 0


def cut(peer, number):
    if number == 2:
        peer.send(b"+OK\r\nSubject: 2\r\n\r\nhalf")
        peer.reset()


def never_ends(peer, number):
    if number == 2:
        peer.send(b"+OK\r\nSubject: 2\r\n\r\n.\n.\nnot the end\n.\n")
        peer.stall()


def silent(peer, number):
    if number == 2:
        peer.stall()


def endless_line(peer, number):
    if number == 2:
        peer.flood(b"+OK" + b"x" * 65536)


def refuses(peer, number):
    if number == 2:
        peer.say("-ERR [SYS/TEMP] not now")
        return True


@pytest.mark.parametrize("how, status", [(cut, (75, 76)), (never_ends, (75,)), (silent, (75,)), (endless_line, (76,)), (refuses, (0, 69, 75))])
def test_half_a_message_is_none_by_pop3(from_hostile, how, status):
    collector, _ = from_hostile("pop3s", pop3(at_retr=how), "--after=delete")
    result = collector.run()
    assert result.status in status, result
    assert TWO not in bodies(collector) and not [text for text in bodies(collector) if text not in (ONE, TWO)]
    assert collector.left_overs() == 0


def imap_cut(peer, tag, uid):
    if uid == 6:
        peer.send(b"* 2 FETCH (UID 6 BODY[] {19}\r\nSubj")
        peer.reset()


def imap_great(peer, tag, uid):
    if uid == 6:
        peer.say("* 2 FETCH (UID 6 BODY[] {99999999999}", "Subject: 6", ")")
        return True


def imap_renumbered(peer, tag, uid):
    if uid == 6:
        peer.say("* OK [UIDVALIDITY 8] surprise")


def imap_bye(peer, tag, uid):
    if uid == 6:
        peer.say("* BYE going down")
        peer.finish()
        peer.reset()


def imap_endless(peer, tag, uid):
    if uid == 6:
        peer.flood(b"* 2 FETCH (X" + b"x" * 65536)


def imap_stall(peer, tag, uid):
    if uid == 6:
        peer.stall()


@pytest.mark.parametrize("how", [imap_cut, imap_great, imap_renumbered, imap_bye, imap_endless, imap_stall])
def test_half_a_message_is_none_by_imap(from_hostile, how):
    collector, _ = from_hostile("imaps", imap(at_fetch=how), "--after=delete")
    result = collector.run()
    assert result.status in (75, 76), result
    assert set(bodies(collector)) <= {b"Subject: 5\n\nx5\n"}
    assert collector.left_overs() == 0


def imap_expunged(peer, tag, uid):
    return uid == 6


def test_a_message_that_is_expunged_meanwhile_is_no_trouble(from_hostile):
    collector, _ = from_hostile("imaps", imap(at_fetch=imap_expunged))
    result = collector.run()
    assert result.status == 0, result
    assert bodies(collector) == [b"Subject: 5\n\nx5\n"]
