"""Keys and certificates, as an installation makes them for Entra ID."""

import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID


class Credential:
    """An RSA key with a certificate that is good for a year from `start`."""

    def __init__(self, start: datetime.datetime | None = None):
        start = start or datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=5)
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "pull")])
        builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        builder = builder.not_valid_before(start).not_valid_after(start + datetime.timedelta(days=365))
        certificate = builder.sign(key, hashes.SHA256())
        self.sha1 = certificate.fingerprint(hashes.SHA1()).hex()
        self.pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
        kinds = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        self.key = key.private_bytes(*kinds).decode()

    def today(self) -> dict[str, str]:
        """What MSAL signs with PS256 and names by SHA-256."""
        return {"private_key": self.key, "public_certificate": self.pem}

    def legacy(self) -> dict[str, str]:
        """What MSAL signs with RS256 and names by SHA-1."""
        return {"private_key": self.key, "thumbprint": self.sha1}
