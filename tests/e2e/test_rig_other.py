"""The servers that are not mail: each TLS dialect climbed by a client that is not Postern."""

import ftplib
import ssl

import pytest
from test_rig import client, s_client, verified

DIALECTS = [
    ("ldap", "ldap", "ldap", ""),
    ("xmpp", "xmpp", "xmpp", "</stream:stream>"),
    ("xmpp", "xmpp-server", "xmpp-server", "</stream:stream>"),
    ("irc", "irc", "irc", "QUIT\r\n"),
    ("ftp", "ftp", "ftp", "QUIT\r\n"),
    ("postgres", "postgres", "postgres", ""),
    ("mysql", "mysql", "mysql", ""),
    ("news", "nntp", "nntp", "QUIT\r\n"),
    ("dovecot", "sieve", "sieve", "LOGOUT\r\n"),
]


@pytest.mark.parametrize("fixture, service, dialect, goodbye", DIALECTS)
def test_every_dialect_upgrades(request, pki, fixture, service, dialect, goodbye):
    server = request.getfixturevalue(fixture)
    told = s_client(server.port(service), "-starttls", dialect, "-name", "localhost", pki=pki, input=goodbye)
    assert verified(told)


@pytest.mark.parametrize(
    "fixture, service", [("ldap", "ldaps"), ("xmpp", "xmpps"), ("irc", "ircs"), ("news", "nntps")]
)
def test_every_scheme_with_tls_from_the_start(request, pki, fixture, service):
    told = s_client(request.getfixturevalue(fixture).port(service), pki=pki)
    assert verified(told)


def test_ldap_login(ldap, pki, users):
    def whoami(password):
        url = f"ldap://127.0.0.1:{ldap.port('ldap')}"
        return client(
            "ldapwhoami", "-x", "-ZZ", "-H", url, "-D", ldap.facts()["USER"], "-w", password,
            env={"LDAPTLS_CACERT": str(pki.ca_file)},
        )  # fmt: skip

    assert "dn:cn=alice,dc=example,dc=test" in whoami(users.alice.password)
    assert "Invalid credentials" in whoami(users.wrong)


def test_ftp_login(ftp, pki, users):
    with ftplib.FTP_TLS(context=ssl.create_default_context(cafile=pki.ca_file)) as session:
        session.connect("localhost", ftp.port("ftp"))
        assert session.login(users.alice.name, users.alice.password).startswith("230")


def test_postgres_login(postgres, pki, users):
    def version(password, sslmode):
        where = (
            f"host=localhost port={postgres.port('postgres')} user=alice dbname=postgres sslmode={sslmode}"
        )
        return client(
            "psql", f"{where} sslrootcert={pki.ca_file}", "-Atc", "select 42", env={"PGPASSWORD": password}
        )

    assert version(users.alice.password, "verify-full") == "42\n"
    assert "no encryption" in version(users.alice.password, "disable")
    assert "authentication failed" in version(users.wrong, "verify-full")


def test_mysql_login(mysql, pki, users):
    def answer(password):
        return client(
            "mariadb", "--no-defaults", "--protocol=tcp", "-h", "localhost", "-P", mysql.port("mysql"), "-u", "alice",
            f"-p{password}", f"--ssl-ca={pki.ca_file}", "--ssl-verify-server-cert", "-Ne", "select 42",
        )  # fmt: skip

    assert answer(users.alice.password) == "42\n"
    assert "Access denied" in answer(users.wrong)
