"""An authority that lives for a run, and a certificate of it for servers at loopback addresses."""

import datetime
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

_A_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Certificates:
    """Files: the authority's certificate, the servers' own, and its key, which its owner alone may read."""

    authority: Path
    certificate: Path
    key: Path


def make_certificates(folder: Path, *addresses: str) -> Certificates:
    """For servers at these addresses and at 127.0.0.1. The authority's key is forgotten at once."""
    folder.mkdir(parents=True)
    issuer, issuer_key = _name("authority of a run"), ec.generate_private_key(ec.SECP256R1())
    authority = (
        _certificate(issuer, issuer, issuer_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(issuer_key, hashes.SHA256())
    )
    key = ec.generate_private_key(ec.SECP256R1())
    names = [x509.IPAddress(ipaddress.ip_address(each)) for each in ("127.0.0.1", *addresses)]
    own = (
        _certificate(_name("server of a run"), issuer, key)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost"), *names]), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )
    made = Certificates(folder / "authority.pem", folder / "server.pem", folder / "server.key")
    made.authority.write_bytes(authority.public_bytes(Encoding.PEM))
    made.certificate.write_bytes(own.public_bytes(Encoding.PEM))
    made.key.touch(mode=0o600)
    made.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return made


def _name(said: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, said)])


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder(subject_name=subject, issuer_name=issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _A_DAY)
        .not_valid_after(now + _A_DAY)
    )
