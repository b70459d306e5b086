"""The backend's own certificate authority and its leaves, kept as PEM files that a restart reuses."""

import datetime
import ipaddress
import ssl
from collections.abc import Set as AbstractSet
from functools import partial
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NAMES = ("chatgpt.com", "*.chatgpt.com", "*.example", "localhost", "127.0.0.1")

_YEARS = datetime.timedelta(days=3650)
_CA_NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "embedded backend CA")])


class Authority:
    """Signs leaves; `ca_file` is what a client has to trust."""

    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.home = home
        self.ca_file = home / "ca.pem"
        self._key = _load_or_make_key(home / "ca.key")
        if not self.ca_file.exists():
            self.ca_file.write_bytes(_pem(_ca_certificate(self._key)))
        self._contexts: dict[str, ssl.SSLContext] = {}

    def context(self, refused: AbstractSet[str] = frozenset()) -> ssl.SSLContext:
        """Returns the server's TLS settings: the leaf for `NAMES`, and one of its own for any other name asked for.

        The handshake for a name in `refused`, which may change meanwhile, ends with an alert.
        """
        context = self._leaf_context("leaf", NAMES)
        context.sni_callback = partial(self._on_name, refused)
        return context

    def _on_name(
        self, refused: AbstractSet[str], connection: ssl.SSLObject, name: str | None, _context: ssl.SSLContext
    ) -> int | None:
        if name in refused:
            return ssl.AlertDescription.ALERT_DESCRIPTION_HANDSHAKE_FAILURE
        # Clients accept no wildcard right under a top-level name, so `*.example` alone would help nobody.
        if name and name not in NAMES and not name.endswith(".chatgpt.com"):
            connection.context = self._contexts.get(name) or self._leaf_context(name, (name,))
        return None

    def _leaf_context(self, label: str, names: tuple[str, ...]) -> ssl.SSLContext:
        file = self.home / f"{label.replace('/', '_')}.pem"
        if not file.exists():
            key = ec.generate_private_key(ec.SECP256R1())
            _write_private(file, _key_pem(key) + _pem(_leaf_certificate(self._key, key, names)))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        self._contexts[label] = context
        return context


def _load_or_make_key(file: Path) -> ec.EllipticCurvePrivateKey:
    if not file.exists():
        _write_private(file, _key_pem(ec.generate_private_key(ec.SECP256R1())))
    key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


def _write_private(file: Path, content: bytes) -> None:
    file.touch(mode=0o600)
    file.write_bytes(content)


def _ca_certificate(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    # rustls refuses a server certificate that is its own CA, so the CA and the leaf are two.
    return (
        _builder(key.public_key(), _CA_NAME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_signing_only(), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _leaf_certificate(
    ca_key: ec.EllipticCurvePrivateKey, key: ec.EllipticCurvePrivateKey, names: tuple[str, ...]
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
    return (
        _builder(key.public_key(), subject)
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )


def _builder(public: ec.EllipticCurvePublicKey, subject: x509.Name) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(_CA_NAME)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + _YEARS)
    )


def _signing_only() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
