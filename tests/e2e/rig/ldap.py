"""OpenLDAP: StartTLS and LDAPS, a tree with alice in it."""


from .core import Server
from .process import answers, run, wait_ready

SUFFIX = "dc=example,dc=test"


class Ldap(Server):
    title = f"OpenLDAP: LDAP with StartTLS, LDAPS; {SUFFIX}"

    def __init__(self, rig, name="ldap", *, cert="server"):
        super().__init__(rig, name)
        self.cert = rig.pki.leaf(cert)

    def facts(self):
        return {**super().facts(), "USER": f"cn=alice,{SUFFIX}", "PASSWORD": self.rig.users.alice.password}

    def start(self):
        self.rig.directory(f"{self.name}/data")
        key = self.write("key.pem", self.cert.key_file.read_bytes(), 0o600)
        config = self.write(
            "slapd.conf", _CONFIG.format(dir=self.dir, key=key, cert=self.cert.chain_file, suffix=SUFFIX)
        )
        tree = self.write(
            "tree.ldif", _TREE.format(suffix=SUFFIX, password=self.rig.users.alice.password), 0o600
        )
        run(["/usr/sbin/slapadd", "-f", config, "-l", tree])
        urls = " ".join(
            f"{scheme}://{host}:{self.port(scheme)}"
            for scheme in ("ldap", "ldaps")
            for host in ("127.0.0.1", "[::1]")
        )
        process = self.run(["/usr/sbin/slapd", "-d", "stats", "-f", config, "-h", urls])
        for scheme in ("ldap", "ldaps"):
            wait_ready(process, answers(self.port(scheme)), f"slapd {scheme}")


_CONFIG = """
include /etc/ldap/schema/core.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {dir}/pid
TLSCertificateFile {cert}
TLSCertificateKeyFile {key}
TLSVerifyClient never
database mdb
suffix "{suffix}"
directory {dir}/data
access to attrs=userPassword by anonymous auth by * none
access to * by * read
"""

_TREE = """
dn: {suffix}
objectClass: dcObject
objectClass: organization
o: Postern Test
dc: example

dn: cn=alice,{suffix}
objectClass: person
cn: alice
sn: Liddell
userPassword: {password}
"""
