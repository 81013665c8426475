"""A throwaway certificate authority and every certificate a test may want, good and bad.

`pki.leaf(NAME)` makes the certificate of that row of LEAVES on first use. Elliptic curve keys are the default because they
cost nothing to make; the rows that are about RSA say so.
"""

import datetime
import hashlib
import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from .users import Users

GUIDE_NAMES = tuple(f"{host}.example.org" for host in ("mail", "mx", "www", "test", "login"))  # docs/guide speaks of these
SERVER_NAMES = ("localhost", "mail.example.test", "127.0.0.1", "::1", *GUIDE_NAMES)
DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Spec:
    """How a certificate differs from a good one."""

    names: tuple = SERVER_NAMES
    common_name: str = "localhost"
    key: str = "ec"
    issuer: str = "root"  # "root", "intermediate", "stranger" (a CA nobody trusts), "self"
    digest: type = hashes.SHA256
    valid: tuple = (-1, 90)  # days from now
    usage: tuple = (ExtendedKeyUsageOID.SERVER_AUTH,)
    email: str = ""
    must_staple: bool = False
    send_issuer: bool = True  # the intermediate goes into the chain file


CLIENT = (ExtendedKeyUsageOID.CLIENT_AUTH,)
LEAVES = {
    # good ones
    "server": Spec(),
    "rsa": Spec(key="rsa2048"),
    "rsa4096": Spec(key="rsa4096"),
    "ed25519": Spec(key="ed25519"),
    "p384": Spec(key="p384"),
    "chain": Spec(issuer="intermediate"),
    "wildcard": Spec(names=("*.example.test",), common_name="*.example.test"),
    "must-staple": Spec(must_staple=True),
    # bad ones
    "expired": Spec(valid=(-400, -30)),
    "not-yet-valid": Spec(valid=(30, 400)),
    "wrong-host": Spec(names=("elsewhere.example.test",), common_name="elsewhere.example.test"),
    "no-san": Spec(names=()),
    "self-signed": Spec(issuer="self"),
    "unknown-ca": Spec(issuer="stranger"),
    "missing-intermediate": Spec(issuer="intermediate", send_issuer=False),
    "rsa1024": Spec(key="rsa1024"),
    "sha1": Spec(key="rsa2048", digest=hashes.SHA1),
    "client-only": Spec(usage=CLIENT),
    "revoked": Spec(),
    # people
    "client": Spec(names=(), common_name=Users.certified.name, usage=CLIENT, email="alice@example.test"),
    "client-rsa": Spec(names=(), common_name=Users.certified.name, usage=CLIENT, key="rsa2048"),
    "client-unknown-ca": Spec(names=(), common_name=Users.certified.name, usage=CLIENT, issuer="stranger"),
    "client-expired": Spec(names=(), common_name=Users.certified.name, usage=CLIENT, valid=(-400, -30)),
}

_MAKE_KEY = {
    "ec": lambda: ec.generate_private_key(ec.SECP256R1()),
    "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "rsa1024": lambda: rsa.generate_private_key(65537, 1024),
    "rsa2048": lambda: rsa.generate_private_key(65537, 2048),
    "rsa4096": lambda: rsa.generate_private_key(65537, 4096),
}


@dataclass
class Leaf:
    """A certificate with its key and the files that servers and clients want."""

    name: str
    certificate: x509.Certificate
    private_key: object
    issuer: "Authority"
    cert_file: Path = None  # the certificate alone
    chain_file: Path = None  # followed by its intermediates
    key_file: Path = None
    pem_file: Path = None  # key, certificate, chain: one file for all

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(ser.Encoding.DER)

    @property
    def spki(self) -> bytes:
        return self.private_key.public_key().public_bytes(
            ser.Encoding.DER, ser.PublicFormat.SubjectPublicKeyInfo
        )

    @property
    def cert_sha256(self) -> str:
        return hashlib.sha256(self.der).hexdigest()

    @property
    def spki_sha256(self) -> str:
        return hashlib.sha256(self.spki).hexdigest()

    def tlsa(self, usage: int = 3, selector: int = 1, matching: int = 1) -> str:
        """TLSA record data for this certificate (RFC 6698), as a zone file writes it."""
        data = self.spki if selector == 1 else self.der
        if matching:
            data = hashlib.new({1: "sha256", 2: "sha512"}[matching], data).digest()
        return f"{usage} {selector} {matching} {data.hex()}"


@dataclass
class Authority:
    certificate: x509.Certificate
    private_key: object
    cert_file: Path
    chain: list = field(default_factory=list)  # what a server sends along, leaf excluded

    def tlsa(self, usage: int = 2, selector: int = 0, matching: int = 1) -> str:
        return Leaf("", self.certificate, self.private_key, self).tlsa(usage, selector, matching)


class Pki:
    def __init__(self, directory: Path):
        self.dir = directory
        self._now = datetime.datetime.utcnow().replace(microsecond=0)
        self._leaves = {}
        self._authorities = {}

    @property
    def ca_file(self) -> Path:
        """The root that clients trust."""
        return self.authority("root").cert_file

    def authority(self, name: str) -> Authority:
        """ "root", "intermediate" (signed by root) or "stranger"."""
        if name not in self._authorities:
            titles = {
                "root": "Postern Test Root",
                "intermediate": "Postern Test Intermediate",
                "stranger": "Nobody's Root",
            }
            issuer = self.authority("root") if name == "intermediate" else None
            key = _MAKE_KEY["ec"]()
            subject = _name(titles[name])
            builder = (
                self._builder(subject, issuer.certificate.subject if issuer else subject, key, (-2, 365))
                .add_extension(
                    x509.BasicConstraints(ca=True, path_length=0 if issuer else None), critical=True
                )
                .add_extension(_key_usage(ca=True), critical=True)
            )
            if issuer:
                builder = builder.add_extension(_key_id(issuer), critical=False)
            certificate = builder.sign(issuer.private_key if issuer else key, hashes.SHA256())
            path = self._write(f"ca-{name}.pem", _pem(certificate))
            self._authorities[name] = Authority(certificate, key, path, [certificate] if issuer else [])
        return self._authorities[name]

    def leaf(self, name: str = "server") -> Leaf:
        if name not in self._leaves:
            self._leaves[name] = self.issue(name, LEAVES[name])
        return self._leaves[name]

    def issue(self, name: str, spec: Spec) -> Leaf:
        """A certificate after a specification of the test's own."""
        key = _MAKE_KEY[spec.key]()
        issuer = None if spec.issuer == "self" else self.authority(spec.issuer)
        subject = _name(spec.common_name, spec.email)
        builder = (
            self._builder(subject, issuer.certificate.subject if issuer else subject, key, spec.valid)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(ca=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(spec.usage), critical=False)
        )
        if issuer:
            builder = builder.add_extension(_key_id(issuer), critical=False)
        if spec.names or spec.email:
            builder = builder.add_extension(x509.SubjectAlternativeName(_alt_names(spec)), critical=False)
        if spec.must_staple:
            builder = builder.add_extension(
                x509.TLSFeature([x509.TLSFeatureType.status_request]), critical=False
            )
        certificate = builder.sign(issuer.private_key if issuer else key, spec.digest())
        leaf = Leaf(name, certificate, key, issuer)
        chain = issuer.chain if issuer and spec.send_issuer else []
        key_pem = _key_pem(key)
        leaf.cert_file = self._write(f"{name}.crt", _pem(certificate))
        leaf.chain_file = self._write(f"{name}.chain.crt", _pem(certificate, *chain))
        leaf.key_file = self._write(f"{name}.key", key_pem, 0o600)
        leaf.pem_file = self._write(f"{name}.pem", key_pem + _pem(certificate, *chain), 0o600)
        return leaf

    def encrypted_key(self, leaf: Leaf, passphrase: str = Users.key_passphrase) -> Path:
        """The leaf's key as encrypted PKCS#8."""
        return self._write(f"{leaf.name}.enc.key", _key_pem(leaf.private_key, passphrase), 0o600)

    def pkcs12(self, leaf: Leaf, password: str = Users.pkcs12_password) -> Path:
        encryption = ser.BestAvailableEncryption(password.encode()) if password else ser.NoEncryption()
        cas = leaf.issuer.chain if leaf.issuer else []
        data = pkcs12.serialize_key_and_certificates(
            leaf.name.encode(), leaf.private_key, leaf.certificate, cas, encryption
        )
        return self._write(f"{leaf.name}{'' if password else '.open'}.p12", data, 0o600)

    def ocsp(self, leaf: Leaf, status: str = "good") -> Path:
        """An OCSP response by the leaf's issuer: "good", "revoked", or "old" (good, but no longer current)."""
        ends = self._now - 10 * DAY if status == "old" else self._now + 7 * DAY
        builder = ocsp.OCSPResponseBuilder().add_response(
            cert=leaf.certificate,
            issuer=leaf.issuer.certificate,
            algorithm=hashes.SHA1(),
            cert_status=ocsp.OCSPCertStatus.REVOKED if status == "revoked" else ocsp.OCSPCertStatus.GOOD,
            this_update=ends - 8 * DAY,
            next_update=ends,
            revocation_time=ends - 9 * DAY if status == "revoked" else None,
            revocation_reason=x509.ReasonFlags.key_compromise if status == "revoked" else None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, leaf.issuer.certificate)
        response = builder.sign(leaf.issuer.private_key, hashes.SHA256())
        return self._write(f"{leaf.name}.{status}.ocsp", response.public_bytes(ser.Encoding.DER))

    def _builder(self, subject, issuer, key, valid):
        public = key.public_key()
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._now + valid[0] * DAY)
            .not_valid_after(self._now + valid[1] * DAY)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        )

    def _write(self, name: str, data: bytes, mode: int = 0o644) -> Path:
        path = self.dir / name
        path.write_bytes(data)
        path.chmod(mode)
        return path


def _name(common_name: str, email: str = "") -> x509.Name:
    parts = [
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Postern Test"),
        x509.NameAttribute(NameOID.COMMON_NAME, common_name),
    ]
    if email:
        parts.append(x509.NameAttribute(NameOID.EMAIL_ADDRESS, email))
    return x509.Name(parts)


def _alt_names(spec: Spec):
    for name in spec.names:
        try:
            yield x509.IPAddress(ipaddress.ip_address(name))
        except ValueError:
            yield x509.DNSName(name)
    if spec.email:
        yield x509.RFC822Name(spec.email)


def _key_usage(ca: bool) -> x509.KeyUsage:
    off = ("content_commitment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only")
    on = {"digital_signature": True, "key_encipherment": not ca, "key_cert_sign": ca, "crl_sign": ca}
    return x509.KeyUsage(**on, **{name: False for name in off})


def _key_id(issuer: Authority) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.private_key.public_key())


def _pem(*certificates) -> bytes:
    return b"".join(certificate.public_bytes(ser.Encoding.PEM) for certificate in certificates)


def _key_pem(key, passphrase: str = "") -> bytes:
    encryption = ser.BestAvailableEncryption(passphrase.encode()) if passphrase else ser.NoEncryption()
    return key.private_bytes(ser.Encoding.PEM, ser.PrivateFormat.PKCS8, encryption)
