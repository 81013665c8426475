"""A Kerberos realm: MIT's KDC, people with their passwords, services with a keytab."""

import os

from .core import HOST, MAIL_HOST, Server
from .process import answers, run, wait_ready

REALM = "EXAMPLE.TEST"
SERVICES = ("imap", "pop", "smtp", "ldap", "sieve", "host")


class Kdc(Server):
    title = f"MIT Kerberos: realm {REALM}, principals alice, bob, imap/localhost, ..."

    def __init__(self, rig, name="kdc"):
        super().__init__(rig, name)
        self.keytab = self.dir / "services.keytab"
        self.krb5_conf = self.dir / "krb5.conf"

    def client_environment(self) -> dict:
        return {"KRB5_CONFIG": str(self.krb5_conf)}

    def server_environment(self) -> dict:
        return {
            "KRB5_CONFIG": str(self.krb5_conf),
            "KRB5_KTNAME": str(self.keytab),
            "KRB5RCACHENAME": "none:",
        }

    def ticket(self, user="alice", *, lifetime="1h"):
        """Gets a ticket-granting ticket; returns the credentials cache file (KRB5CCNAME). Made anew each time."""
        cache = self.dir / f"ccache-{user}-{lifetime}"
        password = getattr(self.rig.users, user).password
        run(
            ["kinit", "-l", lifetime, "-c", cache, f"{user}@{REALM}"],
            env=self._environment(),
            input=password + "\n",
        )
        return cache

    def facts(self):
        return {**super().facts(), "KRB5_CONFIG": str(self.krb5_conf), "KRB5CCNAME": str(self.ticket())}

    def start(self):
        self.write("krb5.conf", _KRB5_CONF.format(realm=REALM, port=self.port("kerberos"), dir=self.dir))
        self.write("kdc.conf", _KDC_CONF.format(realm=REALM, port=self.port("kerberos"), dir=self.dir))
        run(
            ["kdb5_util", "create", "-s", "-r", REALM, "-P", self.rig.users.kdc_master],
            env=self._environment(),
        )
        run(["kadmin.local", "-r", REALM], env=self._environment(), input=self._commands())
        self.keytab.chmod(0o644)  # the servers that read it run as users of their own
        process = self.run(["krb5kdc", "-n", "-r", REALM, "-P", self.dir / "pid"], env=self._environment())
        wait_ready(process, answers(self.port("kerberos")), self.name)

    def _environment(self) -> dict:
        return {
            "PATH": os.environ["PATH"] + ":/usr/sbin",
            "KRB5_CONFIG": str(self.krb5_conf),
            "KRB5_KDC_PROFILE": str(self.dir / "kdc.conf"),
        }

    def _commands(self) -> str:
        people = (self.rig.users.alice, self.rig.users.bob)
        lines = [f"addprinc -pw {user.password} {user.name}" for user in people]
        for service in SERVICES:
            for host in (HOST, MAIL_HOST):
                lines += [f"addprinc -randkey {service}/{host}", f"ktadd -k {self.keytab} {service}/{host}"]
        return "\n".join(lines) + "\n"


_KRB5_CONF = """
[libdefaults]
  default_realm = {realm}
  dns_lookup_kdc = false
  dns_lookup_realm = false
  dns_canonicalize_hostname = false
  rdns = false
  udp_preference_limit = 1
[realms]
  {realm} = {{
    kdc = 127.0.0.1:{port}
  }}
[domain_realm]
  localhost = {realm}
  .example.test = {realm}
[logging]
  kdc = FILE:{dir}/log
"""

_KDC_CONF = """
[kdcdefaults]
  kdc_listen = 127.0.0.1:{port}
  kdc_tcp_listen = 127.0.0.1:{port}
[realms]
  {realm} = {{
    database_name = {dir}/principal
    key_stash_file = {dir}/stash
    acl_file = {dir}/acl
    max_life = 10h
    supported_enctypes = aes256-cts:normal aes128-cts:normal
  }}
"""
