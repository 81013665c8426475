"""`postern mime`: what is in a message, whoever wrote it. No server is needed but for /mime and /attach."""

import base64
import hashlib
import json
import mailbox
import os
import stat
import struct
import subprocess
import zlib
from email.message import EmailMessage
from pathlib import Path

import pytest
from mime_leaves import leaves
from rig.postern import binary

# Real and torture messages: those of Python's own test suite (Debian: libpython3.11-testsuite), and those of a library that
# made it its business to read what is broken (golang-github-jhillyerd-enmime-dev).
PYTHONS = sorted(Path("/usr/lib/python3.11/test/test_email/data").glob("msg_*.txt"))
ENMIMES = sorted(Path("/usr/share/gocode/src/github.com/jhillyerd/enmime/testdata").glob("*/*.raw"))
CORPUS = [*PYTHONS, *ENMIMES]

# Where Python's email package and Postern read a message differently, and why: VIOLATIONS.md, "Messages".
EXPLAINED = {
    "msg_15.txt": "inner multipart has the outer's boundary",
    "msg_16.txt": "Python takes a delivery status apart into blocks",
    "msg_35.txt": "a line that is no header ends it for Python, is passed over by GMime",
    "msg_36.txt": "Python looks into message/external-body",
    "msg_38.txt": "boundaries that begin alike, ends missing",
    "msg_39.txt": "boundaries that begin alike, ends missing",
    "msg_43.txt": "Python takes a delivery status apart into blocks",
    "bad-header-wrap.raw": "a line that is no header ends it for Python, is passed over by GMime",
    "qp-utf8-header-no-break.raw": "a line that is no header ends it for Python, is passed over by GMime",
    "mime-bad-8bit-filename.raw": "Python makes replacement characters of octets above 127",
    "mime-bad-content-transfer-encoding.raw": "Python leaves base64 whose last digit is missing as it is",
    "mime-bad-content-type.raw": "Python takes parameters without a semicolon for a part of the type",
    "mime-blank-media-name.raw": "Python takes parameters without a semicolon for a part of the type",
    "badboundary.raw": "an end that is missing: the last line end",
    "multimixed-no-closing-boundary.raw": "an end that is missing: the last line end",
}

# 8 by 8 pixels: the attachment of the by-hand guide.
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEklEQVR4nGP4z8CAFWEXHbQSACj/P8Fu7N9hAAAAAElFTkSuQmCC"
)


def photo_message() -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Jürgen <juergen@example.org>"
    message["To"] = "bob@example.org"
    message["Date"] = "Mon, 1 Jan 2024 10:00:00 +0000"
    message["Subject"] = "Grüße und ein Bild"
    message.set_content("Grüße!\n.und ein Punkt\n", cte="quoted-printable")
    message.add_alternative("<p>Gr&uuml;&szlig;e! <a href='https://example.org/x'>hier</a><script>no()</script></p>", "html")
    message.add_attachment(PNG, "image", "png", filename="Bild ü.png")
    return message


@pytest.fixture
def mime(postern):
    return lambda *args, **more: postern.run("mime", *args, **more)


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.eml"
    path.write_bytes(photo_message().as_bytes())
    return path


def is_valid_png(data: bytes) -> bool:
    """Every chunk's checksum, and as many pixels as it says."""
    at, pixels = 8, b""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        chunk = data[at + 8 : at + 8 + length]
        assert struct.unpack(">I", data[at + 8 + length : at + 12 + length])[0] == zlib.crc32(kind + chunk)
        pixels += chunk if kind == b"IDAT" else b""
        at += 12 + length
    return len(zlib.decompress(pixels)) == 8 * (1 + 8 * 3)


# --- what is shown


def test_a_message_is_shown_with_its_headers_its_tree_and_its_text(mime, photo):
    done = mime(photo)
    assert (done.status, done.err) == (0, "")
    assert "From: Jürgen <juergen@example.org>\n" in done.out and "Subject: Grüße und ein Bild\n" in done.out
    assert "├ 1 multipart/alternative\n│ ├ 1.1 text/plain" in done.out
    assert '"Bild ü.png"' in done.out
    assert "\nGrüße!\n.und ein Punkt\n" in done.out and "script" not in done.out


def test_html_is_reduced_to_what_can_be_read(mime, photo):
    assert mime("--part=1.2", "--text", photo).out == "Grüße! hier <https://example.org/x>\n"


def test_a_part_comes_out_byte_for_byte(mime, photo):
    assert mime("--part=2", photo).stdout == PNG and is_valid_png(PNG)
    raw = mime("--part=2", "--raw", photo).stdout
    assert base64.b64decode(raw) == PNG
    assert mime("--part=2", "-", input=photo.read_bytes()).stdout == PNG


def test_json_has_exactly_the_promised_members(mime, photo):
    done = mime("--json", photo)
    (line,) = done.out.splitlines()
    found = json.loads(line)
    assert set(found) == {"file", "sha256", "bytes", "tree", "parts", "headers", "defects"}
    raw = photo.read_bytes()
    assert (found["bytes"], found["sha256"]) == (len(raw), hashlib.sha256(raw).hexdigest())
    assert found["tree"] == ["multipart/mixed", ["multipart/alternative", "text/plain", "text/html"], "image/png"]
    assert found["parts"][2] == {
        "path": "2",
        "type": "image/png",
        "charset": None,
        "cte": "base64",
        "disposition": "attachment",
        "filename": "Bild ü.png",
        "bytes": len(PNG),
        "sha256": hashlib.sha256(PNG).hexdigest(),
    }
    assert found["headers"]["Subject"] == "Grüße und ein Bild" and found["defects"] == []


def test_sections_are_those_of_imap(mime, photo, tmp_path):
    outer = EmailMessage()
    outer["From"] = outer["To"] = "a@example.org"
    outer["Date"] = "Mon, 1 Jan 2024 10:00:00 +0000"
    outer.set_content("see below\n")
    outer.add_attachment(photo_message())
    found = json.loads(mime("--json", "-", input=outer.as_bytes()).out)
    assert [part["path"] for part in found["parts"]] == ["1", "2.1.1", "2.1.2", "2.2"]


@pytest.fixture(scope="module")
def read():
    """What Postern sees of each message: one run for all of them."""
    ran = subprocess.run(
        [binary(), "mime", "--json", "--input=message", *map(str, CORPUS)], capture_output=True, timeout=300
    )
    assert ran.returncode == 0, ran.stderr
    return {message["file"]: message for message in map(json.loads, ran.stdout.splitlines())}


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_leaves_are_those_of_pythons_email_package(read, path):
    ours = [(part["type"], part["filename"], part["sha256"]) for part in read[str(path)]["parts"]]
    same = ours == leaves(path.read_bytes())
    assert same or path.name in EXPLAINED, (ours, leaves(path.read_bytes()))
    assert not same or path.name not in EXPLAINED, "this difference is gone: take it off the list and VIOLATIONS.md"


def test_the_corpora_are_there():
    assert len(PYTHONS) > 40 and len(ENMIMES) > 70
    assert set(EXPLAINED) <= {path.name for path in CORPUS}


# --- what people have


def test_blanks_before_the_header_do_not_hide_it(mime, photo):
    for blanks in ("\n\n", " ", "\n \r\n\t"):
        done = mime("-", input=blanks + photo.read_text())
        assert "Subject: Grüße und ein Bild\n" in done.out, done
        assert "\n*** the blanks before the header are passed over\n" in done.out, done


def test_a_retr_as_it_was_pasted(mime, photo):
    body = photo.read_text().replace("\n.", "\n..")
    done = mime("--part=2", "-", input=f"RETR 1\n+OK 1234 octets\n{body}.\n")
    assert done.stdout == PNG
    arrows = "~> RETR 1\n" + "".join(f"<~ {line}\n" for line in f"+OK\n{body}.".splitlines())
    assert mime("--part=2", "-", input=arrows).stdout == PNG
    assert "\n.und ein Punkt\n" in mime("-", input=f"+OK\n{body}.\n").out


def test_a_fetch_as_it_was_pasted(mime, photo):
    body = photo.read_text()
    text = f"* 1 FETCH (UID 7 BODY[] {{{len(body)}}}\n{body})\na1 OK Fetch completed\n"
    assert mime("--part=2", "-", input=text).stdout == PNG


def test_a_body_without_its_header(mime, photo):
    body = photo.read_text().split("\n\n", 1)[1]
    done = mime("-", input=body)
    assert "image/png" in done.out and "the header is missing" in done.out and "a guess" in done.out
    assert mime("--part=2", "-", input=body).stdout == PNG


def test_a_bare_block_of_base64(mime):
    text = base64.encodebytes(PNG).decode()
    assert mime("--part=1", "-", input=text).stdout == PNG
    assert "image/png" in mime("-", input=text).out


def test_mbox_and_maildir(mime, tmp_path):
    box = mailbox.mbox(tmp_path / "box")
    maildir = mailbox.Maildir(tmp_path / "maildir")
    for number in range(5):
        message = photo_message()
        del message["Subject"]
        message["Subject"] = f"number {number}"
        message.get_body().set_content(f"From now on: {number}\nFrom me, 12:30 or so\n")
        box.add(message)
        maildir.add(message)
    box.flush()
    for where in ("box", "maildir"):
        found = [json.loads(line) for line in mime("--json", tmp_path / where).out.splitlines()]
        assert sorted(one["headers"]["Subject"] for one in found) == [f"number {n}" for n in range(5)]
        assert {part["sha256"] for one in found for part in one["parts"] if part["path"] == "2"} == {
            hashlib.sha256(PNG).hexdigest()
        }
    assert "number 2" in mime("--message=3", "--headers", tmp_path / "box").out
    refused = mime("--part=2", tmp_path / "box")
    assert refused.status == 64 and "--message=N" in refused.err


def test_uuencode_and_yenc_in_the_text(mime, tmp_path):
    uu = subprocess.run(
        ["python3", "-c", "import binascii,sys;d=sys.stdin.buffer.read();print('begin 644 a.png');"
         "[print(binascii.b2a_uu(d[i:i+45]).decode(),end='') for i in range(0,len(d),45)];print('`\\nend')"],
        input=PNG, capture_output=True, check=True,
    ).stdout.decode()
    coded = b"".join(
        b"=" + bytes([(c + 106) % 256]) if (c + 42) % 256 in (0, 10, 13, 61) else bytes([(c + 42) % 256]) for c in PNG
    )
    crc = zlib.crc32(PNG)
    yenc = b"=ybegin line=128 size=%d name=b.png\r\n%s\r\n=yend size=%d crc32=%08x\r\n" % (len(PNG), coded, len(PNG), crc)
    raw = b"From: a@b\nDate: Mon, 1 Jan 2024 10:00:00 +0000\nSubject: x\n\nhello\n" + uu.encode() + b"\n" + yenc
    assert mime("--part=1#1", "-", input=raw).stdout == PNG
    assert mime("--part=1#2", "-", input=raw).stdout == PNG
    shown = mime("--tree", "-", input=raw).out
    assert '1#1 uuencode in the text' in shown and '"b.png"' in shown and "checksum" not in shown
    assert "checksum differs" in mime("--tree", "-", input=raw.replace(b"crc32=%08x" % crc, b"crc32=00000001")).out


def test_what_a_part_is_beyond_its_type(mime):
    raw = (
        "From: a@b\nContent-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; boundary=x\n\n"
        "--x\nContent-Type: application/ms-tnef; name=winmail.dat\n\nx\n"
        "--x\nContent-Type: application/pkcs7-signature\n\nx\n--x--\n"
    )
    shown = mime("--tree", "-", input=raw).out
    assert "S/MIME signed" in shown and "TNEF" in shown and "S/MIME signature" in shown
    assert "PGP encrypted" in mime("-", input="From: a@b\n\n-----BEGIN PGP MESSAGE-----\n\nx\n").out


# --- --save


def test_attachments_are_saved_and_nothing_is_overwritten(mime, photo, tmp_path):
    directory = tmp_path / "out"
    for name in ("Bild ü.png", "Bild ü-2.png"):
        done = mime(f"--save={directory}", photo)
        assert done.status == 0 and name in done.out
        assert (directory / name).read_bytes() == PNG
    assert sorted(path.name for path in directory.iterdir()) == ["Bild ü-2.png", "Bild ü.png"]
    (directory / "Bild ü.png").write_text("old")
    assert mime(f"--save={directory}", "--overwrite", photo).status == 0
    assert (directory / "Bild ü.png").read_bytes() == PNG and len(list(directory.iterdir())) == 2


HOSTILE_NAMES = [
    ("../../evil", "evil"), ("/etc/passwd", "passwd"), ("..\\..\\evil.exe", "evil.exe"), ("CON", "_CON"), ("nul.txt", "_nul.txt"),
    ("com1.png", "_com1.png"), ("..", "part-2.bin"), (".bashrc", "bashrc"), ("-rf", "_rf"), ("a\u202egnp.exe", "agnp.exe"),
    ("a\x07\x1bb", "ab"), ("a\tb", "a b"), ("", "part-2.bin"), ("x" * 400 + ".png", "x" * 196 + ".png"), ("a:b|c*?", "a_b_c__"),
    ("trailing. . ", "trailing"),
]  # fmt: skip


@pytest.mark.parametrize("name,safe", HOSTILE_NAMES, ids=[repr(name[:20]) for name, _ in HOSTILE_NAMES])
def test_a_hostile_name_does_no_harm(mime, tmp_path, name, safe):
    encoded = base64.b64encode(name.encode()).decode()
    words = "\n ".join(f"=?utf-8?b?{base64.b64encode(name[i:i+40].encode()).decode()}?=" for i in range(0, max(len(name), 1), 40))
    raw = (
        "From: a@b\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\ntext\n--x\nContent-Type: application/octet-stream\n"
        f"Content-Disposition: attachment;\n filename*=utf-8''{''.join('%%%02X' % c for c in name.encode())}\n\nevil\n--x--\n"
    )
    assert encoded is not None and words
    directory = tmp_path / "deep" / "er" / "out"
    directory.mkdir(parents=True)
    done = mime(f"--save={directory}", "-", input=raw)
    assert done.status == 0, done
    everything = [path for path in tmp_path.joinpath("deep").rglob("*") if path.is_file()]
    assert everything == [directory / safe]
    assert stat.S_IMODE(everything[0].stat().st_mode) == 0o600
    assert "\x1b" not in done.out and "\u202e" not in done.out


def test_a_link_in_the_directory_is_not_followed(mime, photo, tmp_path):
    directory = tmp_path / "out"
    directory.mkdir()
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (directory / "Bild ü.png").symlink_to(victim)
    assert mime(f"--save={directory}", photo).status == 0
    assert mime(f"--save={directory}", "--overwrite", photo).status == 0
    assert victim.read_text() == "precious" and not (directory / "Bild ü.png").is_symlink()


# --- hostile input


def test_the_parameter_that_hangs_gmime_is_read(mime):
    name = "ќ" * 40
    raw = f'From: a@b\nContent-Type: multipart/mixed;\n {name}="ќ"\n\nx\n'
    for options in ([], ["--json"], ["--check"], ["--part=1"], ["--save=out"]):
        done = mime(*options, "--cpu-limit=2", "-", input=raw, timeout=60)
        assert done.status in (0, 65, 76), done


def nested(levels: int) -> bytes:
    head = b'Content-Type: multipart/mixed; boundary="b0"\n\n'
    return head + b"".join(b'--b%d\nContent-Type: multipart/mixed; boundary="b%d"\n\n' % (n, n + 1) for n in range(levels))


def test_a_hundred_thousand_levels_end(mime, tmp_path):
    path = tmp_path / "nested"
    path.write_bytes(nested(100_000) + b"--b100000\n\nhello\n")
    done = mime("--check", path)
    assert done.status == 65 and "nested too deeply" in done.out


def release() -> str:
    return os.environ.get("POSTERN_RELEASE", binary())


def limited(*args, **more):
    """The program without sanitizers, which have no limit of memory; with the peak it and its worker took, in kB."""
    ran = subprocess.run(["python3", "-c", MEASURE, release(), "mime", *map(str, args)], capture_output=True, timeout=120, **more)
    *err, peak = ran.stderr.decode().splitlines()
    return ran.returncode, ran.stdout, "\n".join(err), int(peak)


MEASURE = """
import resource, subprocess, sys
status = subprocess.call(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(status)
"""


def test_two_hundred_thousand_parts_end(tmp_path):
    path = tmp_path / "parts"
    path.write_bytes(b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 200_000 + b"--b--\n")
    status, out, err, _ = limited("--json", path)
    assert (status, err) == (0, "") and len(json.loads(out)["parts"]) == 200_000


def test_a_header_that_outgrows_the_memory_is_named_and_the_next_message_is_read(tmp_path):
    path = tmp_path / "box"
    line = b"From a@b Mon Jan  1 10:00:00 2024\n"
    with path.open("wb") as box:
        box.write(line + b"Subject: first\n\nx\n\n" + line + b"Subject: ")
        for _ in range(60):
            box.write(b"a" * 1_000_000)
        box.write(b"\n\nx\n\n" + line + b"Subject: third\n\nx\n")
    status, out, err, peak = limited("--headers", "--memory-limit=200", path)
    assert status == 76 and "message 2" in err and "200 MB of memory" in err
    assert b"first" in out and b"third" in out and peak < 220_000


def test_a_limit_below_what_the_program_itself_takes_ends(tmp_path):
    path = tmp_path / "box"
    path.write_bytes(b"From a@b Mon Jan  1 10:00:00 2024\nSubject: x\n\nx\n\n" * 3)
    status, _, err, _ = limited("--memory-limit=1", "-", stdin=path.open("rb"))
    assert status == 76 and err.count("\n") == 0 and err.startswith("postern: standard input: ")


@pytest.mark.parametrize("way", ["save", "part"])
def test_a_large_attachment_takes_no_memory(tmp_path, way):
    path = tmp_path / "large.eml"
    block = base64.encodebytes(bytes(57 * 18_000))
    with path.open("wb") as out:
        out.write(b"From: a@b\nContent-Type: application/zip; name=big.zip\nContent-Transfer-Encoding: base64\n\n")
        for _ in range(200):
            out.write(block)
    size = 57 * 18_000 * 200
    if way == "save":
        status, out, err, peak = limited(f"--save={tmp_path}/out", path)
        assert (status, err) == (0, "") and (tmp_path / "out" / "big.zip").stat().st_size == size
    else:
        with path.open("rb") as data, (tmp_path / "part").open("wb") as to:
            ran = subprocess.run(
                ["python3", "-c", MEASURE, release(), "mime", "--part=1", "-"], stdin=data, stdout=to, stderr=subprocess.PIPE
            )
        peak = int(ran.stderr)
        assert ran.returncode == 0 and (tmp_path / "part").stat().st_size == size
    assert peak < 40_000


def test_garbage_in_the_encodings_is_told_and_read(mime):
    raw = (
        "From: a@b\nDate: Mon, 1 Jan 2024 10:00:00 +0000\nContent-Type: multipart/mixed; boundary=x\n\n"
        "--x\nContent-Transfer-Encoding: base64\n\naGVs!!bG8\n"
        "--x\nContent-Transfer-Encoding: quoted-printable\n\n=ZZ=4\n--x\nContent-Transfer-Encoding: rot13\n\nx\n"
        "--x\nContent-Type: text/plain; charset=klingon\n\nx\n"
    )
    done = mime("--check", "-", input=raw)
    assert done.status == 65
    for words in ("not base64", "without padding", "quoted-printable are broken", '"rot13"', '"klingon"', "the end is missing"):
        assert words in done.out, done.out
    assert mime("--part=1", "-", input=raw).out == "hello"


def test_nothing_a_sender_writes_reaches_the_terminal_as_it_is(postern, tmp_path):
    path = tmp_path / "evil.eml"
    path.write_bytes(b"From: a@b\nSubject: \x1b]0;owned\x07 \xe2\x80\xae\n\n\x1b[2Jtext\n")
    with postern.terminal("mime", path) as terminal:
        terminal.expect("text")
        terminal.wait()
        assert "\x1b]0" not in terminal.output and "\x1b[2J" not in terminal.output and "\u202e" not in terminal.output


# --- statuses


@pytest.mark.parametrize(
    "args,status,words",
    [
        (["nothing-here"], 66, "nothing-here"),
        (["--part=7", "-"], 65, "there is no part 7"),
        (["--json", "--check", "-"], 64, "one at a time"),
        (["--raw", "-"], 64, "--part"),
        (["--save=/proc/none", "-"], 73, "/proc/none"),
    ],
)
def test_a_failure_says_what_and_has_its_status(mime, args, status, words):
    done = mime(*args, input="From: a@b\n\nhello\n")
    assert done.status == status and words in done.err, done


# --- in talk


def test_mime_and_attach_in_talk(postern, talk, dovecot, users, tmp_path):
    home = postern.home()
    message = home.file("photo.eml", photo_message().as_bytes())
    script = (
        f"CREATE Photos\n/send {message} Photos\nSELECT Photos\nFETCH 1 BODY.PEEK[]\n/mime\n"
        "/attach 2 bild.png\n/attach 2 bild.png\nDELETE Photos\nLOGOUT\n"
    )
    done = talk("--user=alice", "--login", dovecot.url("imaps"), input=script, home=home, password=users.alice.password)
    assert "├ 1 multipart/alternative" in done.out and "Grüße!" in done.out, done
    assert (home.written / "bild.png").read_bytes() == PNG
    assert "cannot create bild.png" in done.out + done.err
