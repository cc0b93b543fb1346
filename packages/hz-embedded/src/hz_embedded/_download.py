"""Download of a jar from a Maven repository over HTTP."""

import base64
import http.client
import os
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import truststore
from packageurl import PackageURL
from packageurl.contrib.purl2url import get_download_url

from hz_embedded.__about__ import __version__
from hz_embedded._progress import download_progress
from hz_embedded.versions import Artifact

_TIMEOUT_SECONDS: Final = 30
_CHUNK_BYTES: Final = 256 * 1024
_CERTIFICATE_VARIABLES: Final = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


class DownloadError(Exception):
    """The repository did not deliver the jar; the message names the address and the reason."""


def download(artifact: Artifact, path: Path, repository: str | None = None) -> None:
    """Download a jar into the file ``path``.

    Proxies are taken from the environment (``HTTPS_PROXY`` and so on) or the system's settings. A certificate is
    trusted if the system trusts it, or if its issuer is in the file (or folder) that ``SSL_CERT_FILE``,
    ``REQUESTS_CA_BUNDLE`` or ``CURL_CA_BUNDLE`` names.

    Args:
        artifact: The jar.
        path: The file to write. After an error it holds a part of the jar, or does not exist.
        repository: Address of the Maven repository, which may contain a user and a password. None means the public
            repository.

    Raises:
        DownloadError: The repository cannot be reached, refuses, or ends the transfer early.
    """
    where = "the Maven repository"
    try:
        request = _request(_address(artifact, repository))
        where = request.full_url
        opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=_trusting_context()))
        with opener.open(request, timeout=_TIMEOUT_SECONDS) as response:
            _save(response, path)
    except (OSError, http.client.HTTPException, ValueError) as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()
        raise DownloadError(f"{where}: {type(error).__name__}: {error}") from error


def _address(artifact: Artifact, repository: str | None) -> str:
    qualifiers = {"repository_url": repository.rstrip("/")} if repository else None
    package = PackageURL("maven", artifact.group, artifact.name, artifact.version, qualifiers)
    return str(get_download_url(package.to_string()))  # type: ignore[no-untyped-call]  # has no annotations


def _request(address: str) -> urllib.request.Request:
    parts = urlsplit(address)
    credentials, _, host = parts.netloc.rpartition("@")
    request = urllib.request.Request(
        parts._replace(netloc=host).geturl(), headers={"User-Agent": f"hz-embedded/{__version__}"}
    )
    if credentials:
        encoded = base64.b64encode(unquote(credentials).encode()).decode("ascii")
        # Not for the host that a redirect leads to.
        request.add_unredirected_header("Authorization", f"Basic {encoded}")
    return request


def _trusting_context() -> ssl.SSLContext:
    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for variable in _CERTIFICATE_VARIABLES:
        if path := os.environ.get(variable):
            folder, file = (path, None) if os.path.isdir(path) else (None, path)
            try:
                context.load_verify_locations(cafile=file, capath=folder)
            except OSError as error:
                raise OSError(f"{variable} is {path}, which cannot be used: {error}") from error
    return context


def _save(response: http.client.HTTPResponse, path: Path) -> None:
    total = int(response.headers.get("Content-Length", 0))
    with path.open("wb") as stream, download_progress(path.name, total) as advance:
        while chunk := response.read(_CHUNK_BYTES):
            stream.write(chunk)
            advance(len(chunk))
        if stream.tell() < total:
            raise OSError(f"the transfer ended after {stream.tell()} of {total} bytes")
