"""Dovecot: POP3, IMAP, submission, ManageSieve (each with STARTTLS), POP3S, IMAPS, submissions, LMTP on a unix socket."""

import base64
import grp
import os
import pwd
import time
from pathlib import Path

from . import mailbox
from .core import Server
from .process import answers, run, wait_ready

# (service, plain listener, TLS listener, greeting)
SERVICES = [
    ("pop3-login", "pop3", "pop3s", b"+OK"),
    ("imap-login", "imap", "imaps", b"* OK"),
    ("submission-login", "submission", "submissions", b"220"),
    ("managesieve-login", "sieve", None, b'"IMPLEMENTATION"'),
]
LIBEXEC = Path("/usr/lib/dovecot")

PASSWORD_MECHANISMS = "plain login cram-md5 digest-md5 apop scram-sha-1 scram-sha-256"
TOKEN_MECHANISMS = "oauthbearer xoauth2"


class Dovecot(Server):
    title = "POP3(S), IMAP(S), submission(s), ManageSieve, LMTP; users alice, bob, ..."

    def __init__(
        self,
        rig,
        name="dovecot",
        *,
        cert="server",
        mechanisms=PASSWORD_MECHANISMS + " " + TOKEN_MECHANISMS,
        cleartext=False,  # passwords are taken without TLS
        ssl="yes",  # "no": STARTTLS is not there; "required"
        kdc=None,  # a Kdc: GSSAPI
        client_certs=False,  # EXTERNAL
        anonymous=False,
        auth_port=False,  # a TCP port where Postfix asks (see postfix.py)
        settings="",  # more configuration, verbatim
    ):
        super().__init__(rig, name)
        self.cert = rig.pki.leaf(cert)
        self.mechanisms = mechanisms.split()
        self.mechanisms += ["gssapi"] * bool(kdc) + ["external"] * client_certs + ["anonymous"] * anonymous
        self.cleartext, self.ssl, self.kdc, self.client_certs = cleartext, ssl, kdc, client_certs
        self.settings = settings
        self.root = os.geteuid() == 0
        # Mail belongs to a user who owns nothing else; without root all is ours.
        self.owner = "nobody" if self.root else pwd.getpwuid(os.getuid()).pw_name
        self.group = grp.getgrgid(pwd.getpwnam(self.owner).pw_gid).gr_name

    # what clients use

    # Dovecot trusts a connection whose two addresses are the same. Who wants to see LOGINDISABLED comes here.
    far_host = "127.0.0.2"

    @property
    def lmtp_socket(self):
        return self.dir / "run" / "lmtp"

    @property
    def auth_socket(self):
        """Where Postfix asks about SASL."""
        return self.dir / "run" / "auth-client"

    def maildir(self, user):
        return self.dir / "mail" / user.maildir

    def token(self, user="alice", *, algorithm="RS256", expires=3600, **claims) -> str:
        """A bearer token this server accepts (unless `expires` is in the past, or a claim spoils it)."""
        import jwt

        key = self.rig.users.oauth_secret if algorithm == "HS256" else self._signer(algorithm).private_key
        now = int(time.time())
        body = {"sub": user, "iat": now - 60, "exp": now + expires, "scope": "mail", **claims}
        token = jwt.encode(body, key, algorithm=algorithm, headers={"kid": "default"})
        self.rig.on_secret(token)
        return token

    def facts(self):
        more = {
            "USER": self.rig.users.alice.name,
            "PASSWORD": self.rig.users.alice.password,
            "LMTP_SOCKET": str(self.lmtp_socket),
        }
        return {**super().facts(), **more}

    # starting

    def start(self):
        self._write_mail()
        config = self.write("dovecot.conf", self._config())
        process = self.run(["dovecot", "-F", "-c", config], env=self._environment())
        for _, plain, _, banner in _installed():
            wait_ready(process, answers(self.port(plain), banner), f"{self.name} {plain}")

    def _environment(self):
        env = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
        return env | (self.kdc.server_environment() if self.kdc else {})

    def _signer(self, algorithm):
        return self.rig.pki.leaf("rsa" if algorithm.startswith("RS") else "server")

    def _write_mail(self):
        for user in self.rig.users.all():
            mailbox.fill(self.maildir(user), mailbox.MESSAGES if user is self.rig.users.alice else [])
        mailbox.fill(self.dir / "mail" / "anonymous")
        if self.root:
            run(["chown", "-R", f"{self.owner}:{self.group}", self.dir / "mail"])

    def _passwords(self) -> str:
        lines = []
        for user in self.rig.users.all():
            password = "{PLAIN}" + user.password if user.plain else _hash(user.password)
            lines.append(f"{user.name}:{password}:::::")
        return "\n".join(lines) + "\n"

    def _homes(self) -> str:
        uid, gid = pwd.getpwnam(self.owner).pw_uid, pwd.getpwnam(self.owner).pw_gid
        names = {user.name: user.maildir for user in self.rig.users.all()} | {"anonymous": "anonymous"}
        return "".join(f"{name}::{uid}:{gid}::{self.dir}/mail/{home}::\n" for name, home in names.items())

    def _write_oauth(self):
        """Keys for tokens, as Dovecot looks them up: CLIENT/ALGORITHM/KEYID (client and key id are "default")."""
        keys = self.dir / "keys" / "default"
        for algorithm in ("RS256", "ES256"):
            public = run(["openssl", "pkey", "-in", self._signer(algorithm).key_file, "-pubout"])
            self.write(keys.relative_to(self.dir) / algorithm / "default", public)
        self.write(
            keys.relative_to(self.dir) / "HS256" / "default",
            base64.b64encode(self.rig.users.oauth_secret.encode()),
        )
        return self.write(
            "oauth2.conf",
            "introspection_mode = local\n"
            f"local_validation_key_dict = fs:posix:prefix={self.dir}/keys/\n"
            "username_attribute = sub\nscope = mail\n",
        )

    def _config(self) -> str:
        users = self.write("users", self._passwords(), 0o640, owner="dovecot" if self.root else None)
        homes = self.write("homes", self._homes())
        oauth = self._write_oauth()
        listeners = "".join(
            _SERVICE.format(
                service=service,
                plain=plain,
                plain_port=self.port(plain),
                tls=_tls_listener(tls, tls and self.port(tls)),
            )
            for service, plain, tls, _ in _installed()
        )
        lmtp = ["lmtp"] if (LIBEXEC / "lmtp").exists() else []
        return _CONFIG.format(
            dir=self.dir,
            run=self.rig.directory(f"{self.name}/run"),
            listeners=listeners,
            protocols=" ".join([plain for _, plain, _, _ in _installed()] + lmtp),
            lmtp=_LMTP if lmtp else "",
            mechanisms=" ".join(self.mechanisms),
            cleartext="no" if self.cleartext else "yes",
            ssl=self.ssl,
            cert=self.cert.chain_file,
            key=self.cert.key_file,
            ca=self.rig.pki.ca_file,
            verify="yes" if self.client_certs else "no",
            owner=self.owner,
            group=self.group,
            users=users,
            homes=homes,
            oauth=oauth,
            unprivileged="" if self.root else _UNPRIVILEGED.format(user=self.owner, group=self.group),
            external=_EXTERNAL if self.client_certs else "",
            kerberos=_KERBEROS.format(keytab=self.kdc.keytab) if self.kdc else "",
            settings=self.settings,
        )


def _installed():
    """Debian has a package for each of them; the demo asks for less than the tests."""
    return [row for row in SERVICES if (LIBEXEC / row[0]).exists()]


def _hash(password) -> str:
    return run(
        ["doveadm", "-c", "/dev/null", "pw", "-s", "SHA512-CRYPT", "-r", "1000", "-p", password]
    ).strip()


def _tls_listener(name, port) -> str:
    return f"inet_listener {name} {{\n    port = {port}\n    ssl = yes\n  }}" if name else ""


_SERVICE = """
service {service} {{
  inet_listener {plain} {{
    port = {plain_port}
  }}
  {tls}
}}
"""

# Everything runs as whoever started it: nothing to drop to, nowhere to chroot.
_UNPRIVILEGED = """
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
}}
service pop3-login {{
  chroot =
}}
service submission-login {{
  chroot =
}}
service managesieve-login {{
  chroot =
}}
service stats {{
  chroot =
}}
"""

_KERBEROS = """
auth_krb5_keytab = {keytab}
auth_gssapi_hostname = "$ALL"
import_environment = $import_environment KRB5_CONFIG KRB5RCACHENAME
"""

_EXTERNAL = """
auth_ssl_username_from_cert = yes
passdb {
  driver = static
  mechanisms = external
  args = nopassword
}
"""

_LMTP = """
service lmtp {
  unix_listener lmtp {
    mode = 0666
  }
}
protocol lmtp {
  postmaster_address = postmaster@example.test
  auth_username_format = %n
}
"""

_CONFIG = """
base_dir = {run}
state_dir = {run}
instance_name = rig
log_path = /dev/stderr
auth_verbose = yes
auth_debug = yes
protocols = {protocols}
listen = 127.0.0.1, 127.0.0.2, ::1
default_process_limit = 50
shutdown_clients = yes
login_greeting = Postern's rig is ready.

ssl = {ssl}
ssl_cert = <{cert}
ssl_key = <{key}
ssl_ca = <{ca}
ssl_verify_client_cert = {verify}
ssl_require_crl = no
disable_plaintext_auth = {cleartext}

auth_mechanisms = {mechanisms}
auth_username_chars =
auth_username_format = %u
auth_anonymous_username = anonymous
auth_failure_delay = 0
auth_realms =
{kerberos}

mail_uid = {owner}
mail_gid = {group}
mail_location = maildir:%h
first_valid_uid = 1
first_valid_gid = 1
mail_plugins =
mmap_disable = yes

{external}
passdb {{
  driver = passwd-file
  mechanisms = plain login cram-md5 digest-md5 apop scram-sha-1 scram-sha-256 anonymous gssapi none
  args = username_format=%n {users}
}}
passdb {{
  driver = oauth2
  mechanisms = oauthbearer xoauth2
  args = {oauth}
}}
userdb {{
  driver = passwd-file
  args = username_format=%n {homes}
}}
{listeners}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service auth {{
  unix_listener auth-client {{
    mode = 0666
  }}
}}
{lmtp}
submission_relay_host = 127.0.0.1
submission_relay_port = 9
plugin {{
  sieve = file:~/sieve;active=~/.dovecot.sieve
}}
{unprivileged}
{settings}
"""
