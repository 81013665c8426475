"""tools/layers finds each kind of offence, and nothing in code that is right."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MESON = "layers = {\n  'base': [x],\n  'io': [x],\n  'tls': [],\n  'sasl': [],\n  'config': [],\n  'proto': [],\n  'report': [],\n  'cmd': [],\n}\n"


def layers(tmp_path, path, code):
    (tmp_path / "meson.build").write_text(MESON)
    file = tmp_path / "src" / path
    file.parent.mkdir(parents=True)
    file.write_text(code)
    return subprocess.run([ROOT / "tools/layers", tmp_path], capture_output=True, text=True)


@pytest.mark.parametrize("path, code, complaint", [
    ("io/x.c", '#include "tls/plan.h"', "which is above it"),
    ("base/x.h", '  #  include "cmd/options.h"', "which is above it"),
    ("io/x.c", '#include "x.h"', "layer/file.h"),
    ("io/x.c", '#include "nowhere/x.h"', "layer/file.h"),
    ("nowhere/x.c", "int x;", "no layer"),
    ("io/x.c", "#include <openssl/ssl.h>", "belongs to"),
    ("base/secret.c", "#include <openssl/ssl.h>", "belongs to"),
    ("cmd/x.c", "#include <gsasl.h>", "belongs to"),
    ("io/dial.c", "#include <unbound.h>", "belongs to"),
    ("report/x.c", "#include <histedit.h>", "belongs to"),
    ("cmd/x.c", "#include <jansson.h>", "belongs to"),
    ("cmd/x.c", "Bytes b = secret_reveal(s);", "secret_reveal"),
    ("proto/session.c", "x(secret_reveal (s));", "secret_reveal"),
    ("proto/x.c", 'printf("x");', "only cmd/ and report/ print"),
    ("tls/x.c", "fwrite(a, 1, 1, stdout);", "only cmd/ and report/ print"),
    ("proto/x.c", "poll(&p, 1, 5);", "io_wait"),
    ("io/x.c", "getaddrinfo(a, b, c, d);", "io/dns.c"),
    ("cmd/x.c", 'system("ls");', "posix_spawn"),
    ("cmd/x.c", "g_spawn_sync(a);", "posix_spawn"),
    ("cmd/x.c", "/* TO" "DO: later */", "unfinished"),
])
def test_offence_is_found(tmp_path, path, code, complaint):
    done = layers(tmp_path, path, f"int before;\n{code}\n")
    assert complaint in done.stdout
    assert f"src/{path}:" in done.stdout
    assert done.returncode == 1


@pytest.mark.parametrize("path, code", [
    ("tls/x.c", '#include "tls/x.h"\n#include "io/stream.h"\n#include <openssl/ssl.h>'),
    ("base/digest.c", "#include <openssl/evp.h>"),
    ("io/socks.c", "secret_reveal(s);"),
    ("proto/x.c", '/* printf("x"); poll(a) */ const char *s = "system(\\"x\\")"; // fork()'),
    ("cmd/x.c", 'printf("x");'),
    ("proto/x.c", "io_poll(a); my_system(b); reselect(c);"),
    ("main.c", '#include "cmd/command.h"\nint main(void) { puts("x"); }'),
])
def test_right_code_passes(tmp_path, path, code):
    done = layers(tmp_path, path, code)
    assert done.stdout == "layers: 1 files, 0 offences\n"
    assert done.returncode == 0


def test_no_files_is_no_success(tmp_path):
    (tmp_path / "meson.build").write_text(MESON)
    assert subprocess.run([ROOT / "tools/layers", tmp_path]).returncode == 1
