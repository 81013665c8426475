"""NNTP by INN's reader daemon, with STARTTLS and with TLS from the start. There are groups, but no articles."""

import os
import pwd

from .core import Server
from .process import NeedsRoot, answers, run, wait_ready

PROGRAMS = "/usr/lib/news/bin"


class News(Server):
    title = "INN's nnrpd: NNTP with STARTTLS, NNTPS"

    def __init__(self, rig, name="news", *, cert="server"):
        super().__init__(rig, name)
        self.cert = rig.pki.leaf(cert)
        # nnrpd insists on being the user it was built for.
        self.user = "news" if os.geteuid() == 0 else pwd.getpwuid(os.getuid()).pw_name

    def start(self):
        if self.user != "news":
            raise NeedsRoot("nnrpd can only be started by root, or by the user news")
        for directory in (
            "db",
            "spool",
            "run",
            "tmp",
            "logs",
            "etc",
            "spool/overview",
            "spool/articles",
            "filter",
        ):
            self.rig.directory(f"{self.name}/{directory}", self.user)
        self.write(
            "db/active",
            "example.test 0000000000 0000000001 y\ncontrol 0000000000 0000000001 n\n",
            owner=self.user,
        )
        self.write("db/newsgroups", "example.test\tThe rig\n", owner=self.user)
        for empty in ("db/active.times", "db/history"):
            self.write(empty, "", owner=self.user)
        self.write("etc/storage.conf", "method tradspool {\n    newsgroups: *\n    class: 0\n}\n")
        self.write("etc/readers.conf", _READERS)
        key = self.write("key.pem", self.cert.key_file.read_bytes(), 0o600, owner=self.user)
        config = self.write(
            "etc/inn.conf",
            _INN.format(
                dir=self.dir, user=self.user, cert=self.cert.chain_file, key=key, ca=self.rig.pki.ca_file
            ),
        )
        env = {"INNCONF": str(config), "PATH": os.environ["PATH"]}
        as_news = (
            ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--init-groups"]
            if os.geteuid() == 0
            else []
        )
        run([*as_news, f"{PROGRAMS}/makedbz", "-i", "-o", "-f", f"{self.dir}/db/history"], env=env)
        run(
            [*as_news, f"{PROGRAMS}/overchan"], env=env, input=""
        )  # makes the empty overview that nnrpd asks for
        for service, more in (("nntp", []), ("nntps", ["-S"])):
            words = ["-D", "-f", "-4", "127.0.0.1", "-p", self.port(service), *more]
            process = self.run([*as_news, f"{PROGRAMS}/nnrpd", *words], env=env)
            wait_ready(process, answers(self.port(service), b"" if more else b"200"), f"nnrpd {service}")


_READERS = """
auth "all" {
    hosts: "*"
    default: "<all>"
}
access "all" {
    users: "*"
    newsgroups: "*"
    access: RPA
}
"""

_INN = """
mta: "/bin/true"
organization: "rig"
ovmethod: tradindexed
hismethod: hisv6
pathhost: news.example.test
domain: example.test
pathnews: /usr/lib/news
runasuser: {user}
runasgroup: {user}
mailcmd: /bin/true
server: localhost
pathbin: /usr/lib/news/bin
pathetc: {dir}/etc
pathdb: {dir}/db
pathfilter: {dir}/filter
pathlog: {dir}/logs
pathrun: {dir}/run
pathspool: {dir}/spool
pathtmp: {dir}/tmp
readerswhenstopped: true
nnrpdloadlimit: 0
tlscafile: {ca}
tlscertfile: {cert}
tlskeyfile: {key}
"""
