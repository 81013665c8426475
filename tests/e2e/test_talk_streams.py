"""`postern talk` with what has no lines, and with protocols that are not mail."""

import time

import pytest
from rig.hostile import Gone
from talking import said, sent

UNAVAILABLE = 69

# --- without lines: http, tls, tcp


def test_get_by_hand_until_the_server_closes(talk, tls_www):
    done = talk(
        f"https://localhost:{tls_www.port('tls')}/", input="GET / HTTP/1.1\nHost: localhost\n\n", timeout=100
    )
    assert done.status == 0, done
    assert "HTTP/1.0 200 ok" in done.out and "</HTML>" in done.out.upper()


class Web:
    """An HTTP server inside TLS that keeps its connections open: only lengths and chunks tell where an answer ends."""

    BODIES = {
        "/length": (b"Content-Length: 6\r\n", b"length"),
        "/chunked": (b"Transfer-Encoding: chunked\r\n", b"5\r\nchunk\r\n3;x=y\r\ned!\r\n0\r\nX-Sum: 1\r\n\r\n"),
        "/none": (b"", b""),
    }

    def __init__(self, hostile):
        self.requests = []
        self.server = hostile.scripted(self._script, "https")
        self.url = self.server.url()

    def _script(self, peer):
        peer.upgrade()
        while True:
            method, path, _ = peer.line().decode().split(" ")
            header = []
            while line := peer.line():
                header.append(line)
            self.requests.append((method, path, header))
            fields, body = self.BODIES[path]
            status = b"204 No Content" if path == "/none" else b"200 OK"
            peer.send(b"HTTP/1.1 " + status + b"\r\n" + fields + b"\r\n")
            for i in range(0, len(body) if method != "HEAD" else 0, 4):
                peer.send(body[i : i + 4])
                time.sleep(0.01)


@pytest.mark.parametrize("path", Web.BODIES)
def test_an_answer_ends_by_its_length_or_chunks(talk, hostile, path):
    web = Web(hostile)
    done = talk(web.url, "-q", input=f"GET {path} HTTP/1.1\nHost: localhost\n\n", timeout=100)
    assert done.status == 0 and done.seconds < 45, done
    assert done.stdout.endswith(web.BODIES[path][1])
    assert web.requests == [("GET", path, [b"Host: localhost"])]


def test_several_requests_over_one_connection(talk, hostile):
    web = Web(hostile)
    paths = ["/chunked", "/length", "/none", "/length"]
    typed = "".join(f"GET {path} HTTP/1.1\nHost: x\n\n" for path in paths) + "HEAD /length HTTP/1.1\nHost: x\n\n"
    done = talk(web.url, "-q", input=typed, timeout=100)
    assert done.status == 0 and done.seconds < 45, done
    assert [request[1] for request in web.requests] == paths + ["/length"] and web.server.connections == 1
    assert done.out.count("HTTP/1.1 20") == 5 and "length" in done.out


def test_a_stream_inside_tls_has_no_lock_step(talk, gnutls):
    """gnutls-serv echoes lines; the last ones are heard before the end."""
    lines = [f"line {number}" for number in range(100)] + ["", "/slash"]
    typed = "\n".join(lines).replace("/slash", "//slash") + "\n"
    done = talk(f"tls://localhost:{gnutls.port('tls')}", "-q", input=typed, timeout=100)
    assert done.status == 0, done
    assert done.stdout.replace(b"\r", b"") == ("\n".join(lines) + "\n").encode()


def test_a_stream_in_the_clear(talk, hostile):
    def script(peer):
        peer.send(b"no line end")
        assert peer.exactly(9) == b"one\r\n\r\n\r\n"
        peer.send(b"\x00\xff\n")
        raise Gone("done")

    server = hostile.scripted(script)
    done = talk(server.url(), "-q", input="one\n\n\n")
    assert done.status == 0 and done.stdout == b"no line end\x00\xff\n", done
    server.wait_done()
    assert not server.errors


# --- protocols that are not mail, on real servers


def test_sieve(talk, dovecot, users):
    script = 'CHECKSCRIPT {7+}\nkeep;\n\nHAVESPACE "x" 100\nCHECKSCRIPT "nonsense"\n/expect ^NO\nNOOP "tag"\n'
    done = talk(dovecot.url("sieve", "bob"), "--login", input=script, password=users.bob.password)
    assert done.status == 0, done
    assert 'NOOP "tag"' in sent(done) and said(done)[-1].startswith("OK")


def test_ftp(talk, ftp, users):
    done = talk(ftp.url("ftp"), input="SYST\nFEAT\nNOOP\nNONSENSE\n/expect ^500\nHELP\n")
    assert done.status == 0, done
    assert sent(done)[-6:] == ["SYST", "FEAT", "NOOP", "NONSENSE", "HELP", "QUIT"]
    assert said(done)[-1].startswith("221")


def test_nntp(talk, news):
    done = talk(news.url("nntp"), input="DATE\nLIST\nHELP\nGROUP no.such.group\n/expect ^411\nDATE\n")
    assert done.status in (0, UNAVAILABLE), done
    assert [line for line in sent(done) if line == "DATE"] == ["DATE", "DATE"]
    assert said(done)[-1].startswith("205")


def test_irc(talk, irc):
    done = talk(irc.url("ircs"), input="NICK joe7\nUSER joe 0 * :Joe\nPING x\n/wait 0.5\nQUIT :bye\n")
    assert done.status == 0, done
    assert "joe7" in done.out and sent(done)[-1].startswith("QUIT")
