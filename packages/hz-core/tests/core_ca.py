"""A certificate authority made on the fly, what it issues, and members behind a relay that ends TLS."""

import datetime
import ssl
from pathlib import Path
from typing import Any, NamedTuple

import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

HOST = "127.0.0.1"
_LONG_AGO = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)


class Files(NamedTuple):
    """A certificate and its key."""

    ssl_certfile: str
    ssl_keyfile: str

    @property
    def options(self) -> dict[str, Any]:
        """The options of a client that shows the certificate."""
        return self._asdict()


class Authority:
    """Issues certificates to members and clients, and writes files into a folder."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self.ca = trustme.CA(organization_name=name)
        self._folder = folder
        self._name = name
        self.cafile = self.write(f"{name}.pem")

    def write(self, name: str) -> str:
        """Write the authority's own certificate to a file; return its path."""
        path = self._folder / name
        path.write_bytes(self.ca.cert_pem.bytes())
        return str(path)

    def client(self, name: str = "client", password: bytes | None = None) -> Files:
        """Write a certificate for a client, and its key, which may be encrypted."""
        issued = self.ca.issue_cert(f"{name}@example.org")
        certificate, key = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        certificate.write_bytes(issued.cert_chain_pems[0].bytes())
        pem = issued.private_key_pem.bytes()
        if password is not None:
            secret = BestAvailableEncryption(password)
            pem = load_pem_private_key(pem, None).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, secret)
        key.write_bytes(pem)
        return Files(str(certificate), str(key))

    def server(self, name: str = HOST, *, expired: bool = False) -> ssl.SSLContext:
        """Return the options of a member whose certificate is for `name`."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.certify(context, name, expired=expired)
        return context

    def certify(self, context: ssl.SSLContext, name: str = HOST, *, expired: bool = False) -> None:
        """Issue a certificate to a member, in place of the one that it has."""
        begin = _LONG_AGO if expired else None
        end = None if begin is None else begin + datetime.timedelta(days=1)
        self.ca.issue_cert(name, not_before=begin, not_after=end).configure_cert(context)

    def mutual(self, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
        """Return the options of a member that demands certificates of this authority."""
        context = self.server()
        context.maximum_version = version
        context.verify_mode = ssl.CERT_REQUIRED
        self.ca.configure_trust(context)
        return context

    @property
    def trusted(self) -> dict[str, Any]:
        """The options of a client that trusts this authority."""
        return {"ssl_enabled": True, "ssl_cafile": self.cafile}
