"""An HTTPS server for what a mail domain publishes there: MTA-STS policies, good and bad, and autoconfiguration.

Each document is at a host of its own; POLICIES says what comes of asking. A test reaches them, whatever the host, with
`server.connect_to`; `server.asked` holds the addresses that were asked for.
"""

import http.server
import ssl
import threading

from .core import Server
from .pki import Spec

WELL_KNOWN = "/.well-known/mta-sts.txt"
GOOD = "version: STSv1\r\nmode: enforce\r\nmx: mail.example.test\r\nmx: backup.example.test\r\nmax_age: 604800\r\n"
AUTOCONFIG = (
    '<?xml version="1.0"?>\n<clientConfig version="1.1">'
    '<emailProvider id="example.test"><domain>example.test</domain>'
    '<incomingServer type="imap"><hostname>mail.%EMAILDOMAIN%</hostname><port>993</port>'
    "<socketType>SSL</socketType></incomingServer>"
    '<incomingServer type="imap"><hostname>mail.example.test</hostname><port>143</port>'
    "<socketType>STARTTLS</socketType></incomingServer>"
    '<incomingServer type="pop3"><hostname>mail.example.test</hostname><port>110</port>'
    "<socketType>plain</socketType></incomingServer>"
    '<outgoingServer type="smtp"><hostname>mail.example.test</hostname><port>587</port>'
    "<socketType>STARTTLS</socketType></outgoingServer></emailProvider></clientConfig>\n"
)

# domain: (status, headers, body) of its policy. All of them have the TXT record; see dns.py.
POLICIES = {
    "example.test": (200, {"Content-Type": "text/plain; charset=utf-8"}, GOOD),
    "sts-moved.example.test": (301, {"Location": f"https://mta-sts.example.test{WELL_KNOWN}"}, ""),
    "sts-html.example.test": (200, {"Content-Type": "text/html"}, GOOD),
    "sts-large.example.test": (200, {"Content-Type": "text/plain"}, GOOD + "x" * 100_000),
    "sts-broken.example.test": (200, {"Content-Type": "text/plain"}, GOOD.replace("STSv1", "STSv9")),
    "sts-other-mx.example.test": (200, {"Content-Type": "text/plain"}, GOOD.replace("mail.", "post.")),
    "sts-gone.example.test": (404, {}, "no"),
    "sts-bad-cert.example.test": (200, {"Content-Type": "text/plain"}, GOOD),  # its name is not in the certificate
}


class WebServer(Server):
    """Serves HTTPS on a thread of this process, with the certificate `cert`; a subclass gives `_handler()`, a class."""

    cert = None
    _server = None
    _thread = None

    def start(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.cert.chain_file, self.cert.key_file)
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port("https")), self._handler())
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self._server.handle_error = lambda *_: None  # clients that do not like the certificate
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self):
        if self._thread:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
            self._thread = None
        super().stop()

    def _handler(self):
        raise NotImplementedError


class Https(WebServer):
    title = "HTTPS: MTA-STS policies, good and bad, and autoconfiguration for example.test"

    def __init__(self, rig, name="https"):
        super().__init__(rig, name)
        names = [f"mta-sts.{domain}" for domain in POLICIES if "bad-cert" not in domain]
        self.cert = rig.pki.issue(name, Spec(names=(*names, "autoconfig.example.test"), common_name="web"))
        self.asked = []

    @property
    def connect_to(self) -> list:
        """What makes postern find all of them here, and nobody else's port 443."""
        hosts = [f"mta-sts.{domain}" for domain in POLICIES] + ["autoconfig.example.test", *POLICIES]
        return [f"--connect-to={host}:443:127.0.0.1:{self.port('https')}" for host in hosts]

    def _handler(self):
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                host = self.headers.get("Host", "").partition(":")[0]
                server.asked.append(f"https://{host}{self.path}")
                status, headers, body = server.answer(host, self.path)
                data = body.encode()
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(data))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        return Handler

    def answer(self, host: str, path: str):
        domain = host.removeprefix("mta-sts.")
        if path == WELL_KNOWN and host != domain and domain in POLICIES:
            return POLICIES[domain]
        if host == "autoconfig.example.test" and path == "/mail/config-v1.1.xml":
            return 200, {"Content-Type": "text/xml"}, AUTOCONFIG
        return 404, {}, "no"
