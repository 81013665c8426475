"""XMPP by Prosody and IRC by InspIRCd, both with STARTTLS and with TLS from the start."""

import os

from .core import HOST, MAIL_HOST, Server
from .process import answers, wait_ready


class Xmpp(Server):
    title = "Prosody: XMPP for clients and servers with STARTTLS, for clients also TLS from the start"

    def __init__(self, rig, name="xmpp", *, cert="server"):
        super().__init__(rig, name)
        self.cert = rig.pki.leaf(cert)

    def start(self):
        for directory in ("data", "certs"):
            self.rig.directory(f"{self.name}/{directory}")
        alice = self.rig.users.alice
        # Prosody percent-encodes host names in its paths.
        for host in (HOST, MAIL_HOST):
            store = "data/" + host.replace(".", "%2e") + f"/accounts/{alice.name}.dat"
            self.write(store, f'return {{ ["password"] = "{alice.password}" }};\n', 0o600)
        config = self.write("prosody.cfg.lua", self._config())
        process = self.run(["prosody", "--config", config, "-F"], log=self.log)
        for service in ("xmpp", "xmpp-server", "xmpps"):
            wait_ready(process, answers(self.port(service)), f"prosody {service}")

    def _config(self):
        return _PROSODY.format(
            dir=self.dir,
            root="run_as_root = true" if os.geteuid() == 0 else "",
            clients=self.port("xmpp"),
            servers=self.port("xmpp-server"),
            direct=self.port("xmpps"),
            cert=self.cert.chain_file,
            key=self.cert.key_file,
            hosts="".join(f'VirtualHost "{host}"\n' for host in (HOST, MAIL_HOST)),
        )


class Irc(Server):
    title = "InspIRCd: IRC with STARTTLS, and TLS from the start"

    def __init__(self, rig, name="irc", *, cert="server"):
        super().__init__(rig, name)
        self.cert = rig.pki.leaf(cert)

    def start(self):
        config = self.write(
            "inspircd.conf",
            _INSPIRCD.format(
                dir=self.dir,
                irc=self.port("irc"),
                ircs=self.port("ircs"),
                cert=self.cert.chain_file,
                key=self.cert.key_file,
            ),
        )
        more = ["--runasroot"] if os.geteuid() == 0 else []
        process = self.run(["/usr/sbin/inspircd", "--nofork", "--nopid", f"--config={config}", *more])
        for service in ("irc", "ircs"):
            wait_ready(process, answers(self.port(service)), f"inspircd {service}")


_PROSODY = """
{root}
pidfile = "{dir}/pid"
data_path = "{dir}/data"
certificates = "{dir}/certs"
log = "*console"
interfaces = {{ "127.0.0.1", "::1" }}
c2s_ports = {{ {clients} }}
s2s_ports = {{ {servers} }}
c2s_direct_tls_ports = {{ {direct} }}
modules_enabled = {{ "saslauth", "tls", "dialback", "disco", "roster" }}
modules_disabled = {{ "offline", "posix", "s2s_auth_certs" }}
authentication = "internal_plain"
c2s_require_encryption = true
s2s_require_encryption = true
ssl = {{ certificate = "{cert}", key = "{key}" }}
c2s_direct_tls_ssl = {{ certificate = "{cert}", key = "{key}" }}
{hosts}
"""

_INSPIRCD = """
<server name="irc.example.test" description="rig" network="Rig">
<admin name="rig" nick="rig" email="rig@example.test">
<path configdir="{dir}" datadir="{dir}" logdir="{dir}" moduledir="/usr/lib/inspircd/modules">
<module name="ssl_gnutls">
<module name="starttls">
<module name="cap">
<sslprofile name="clients" provider="gnutls" certfile="{cert}" keyfile="{key}">
<bind address="127.0.0.1" port="{irc}" type="clients">
<bind address="127.0.0.1" port="{ircs}" type="clients" sslprofile="clients">
<starttls sslprofile="clients" gnutls="clients">
<connect allow="*" timeout="30" resolvehostnames="no" useident="no" localmax="100" globalmax="100">
<dns server="127.0.0.1" timeout="1" enabled="no">
<log method="file" type="* -USERINPUT -USEROUTPUT" level="default" target="{dir}/irc.log">
"""
