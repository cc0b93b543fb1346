"""Finding jars: given folders, cache, a Maven repository over HTTP and HTTPS; damaged, missing, offline."""

import base64
import datetime as dt
import hashlib
import ipaddress
import os
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from hz_embedded import ChecksumMismatchError, JarResolutionError
from hz_embedded._download import DownloadError, download
from hz_embedded.jars import cache_dir, resolve, sha256_of
from hz_embedded.versions import Artifact

CONTENT = b"PK jar of a member" * 1000
JAR = Artifact("org.example", "thing", "1.2.3", hashlib.sha256(CONTENT).hexdigest())
PATH = "/maven/org/example/thing/1.2.3/thing-1.2.3.jar"


class Repository:
    """A Maven repository on loopback with files of the test."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.files: dict[str, bytes] = {PATH: CONTENT}
        self.requests: list[str] = []
        self.authorization: list[str | None] = []
        self.cut_after: int | None = None
        repository = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                repository.requests.append(self.path)
                repository.authorization.append(self.headers.get("Authorization"))
                body = repository.files.get(self.path)
                self.send_response(404 if body is None else 200)
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                self.wfile.write((body or b"")[: repository.cut_after])

            def log_message(self, format: str, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, request: object, client_address: object) -> None:
                """Print nothing: a client that refuses the certificate is part of a test."""

        self._server = Server(("127.0.0.1", 0), Handler)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=partial(self._server.serve_forever, 0.01))
        self._thread.start()
        self.authority = f"127.0.0.1:{self._server.server_port}"
        self.url = f"{'http' if tls is None else 'https'}://{self.authority}/maven"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def repository() -> Iterator[Repository]:
    repository = Repository()
    yield repository
    repository.close()


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repository: Repository) -> Path:
    cache = tmp_path / "cache"
    monkeypatch.setenv("HZ_EMBEDDED_CACHE", str(cache))
    monkeypatch.setenv("HZ_EMBEDDED_MAVEN_REPO", repository.url + "/")
    monkeypatch.setenv("M2_REPO", str(tmp_path / "m2"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    for variable in (
        "HZ_EMBEDDED_JARS",
        "HZ_EMBEDDED_OFFLINE",
        "SSL_CERT_FILE",
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
        "no_proxy",
    ):
        monkeypatch.delenv(variable, raising=False)
    return cache


def test_jar_is_downloaded_once(repository: Repository, empty_cache: Path) -> None:
    path = resolve(JAR)
    assert path == empty_cache / "thing-1.2.3.jar"
    assert path.read_bytes() == CONTENT
    first = list(repository.requests)
    assert PATH in first
    assert resolve(JAR) == path
    assert repository.requests == first
    assert sorted(entry.name for entry in empty_cache.iterdir()) == [
        "thing-1.2.3.jar",
        "thing-1.2.3.jar.lock",
    ]


def test_damaged_cached_jar_is_downloaded_again(
    repository: Repository, empty_cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    empty_cache.mkdir()
    (empty_cache / JAR.filename).write_bytes(CONTENT[:-1])
    assert resolve(JAR).read_bytes() == CONTENT
    assert "does not have the pinned SHA-256" in caplog.text


def test_altered_jar_of_the_repository_is_refused(repository: Repository, empty_cache: Path) -> None:
    repository.files[PATH] = CONTENT + b"!"
    with pytest.raises(ChecksumMismatchError, match=r"org\.example:thing:1\.2\.3.*expected " + JAR.sha256):
        resolve(JAR)
    assert [entry.name for entry in empty_cache.iterdir()] == ["thing-1.2.3.jar.lock"]


def test_broken_transfer_leaves_nothing(repository: Repository, empty_cache: Path) -> None:
    repository.cut_after = 100
    with pytest.raises(JarResolutionError, match=f"ended after 100 of {len(CONTENT)} bytes"):
        resolve(JAR)
    assert [entry.name for entry in empty_cache.iterdir()] == ["thing-1.2.3.jar.lock"]
    repository.cut_after = None
    assert resolve(JAR).read_bytes() == CONTENT


def test_missing_jar_error_says_what_to_do(repository: Repository, empty_cache: Path) -> None:
    repository.files.clear()
    with pytest.raises(JarResolutionError) as caught:
        resolve(JAR)
    text = str(caught.value)
    for part in (
        "HTTP Error 404",
        repository.url + PATH.removeprefix("/maven"),
        "org.example:thing:1.2.3",
        str(empty_cache),
        "HZ_EMBEDDED_JARS",
        "thing-1.2.3.jar",
        JAR.sha256,
    ):
        assert part in text


def test_unreachable_repository(repository: Repository) -> None:
    repository.close()
    with pytest.raises(JarResolutionError, match=r"could not be downloaded.*Connect to the network"):
        resolve(JAR)


def test_offline_never_asks_the_repository(
    repository: Repository, empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HZ_EMBEDDED_OFFLINE", "1")
    with pytest.raises(JarResolutionError, match="HZ_EMBEDDED_OFFLINE is set"):
        resolve(JAR)
    assert repository.requests == []
    (empty_cache / JAR.filename).write_bytes(CONTENT)
    assert resolve(JAR) == empty_cache / JAR.filename


def test_given_folder_goes_first(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty, full = tmp_path / "empty", tmp_path / "full"
    empty.mkdir()
    full.mkdir()
    (full / JAR.filename).write_bytes(CONTENT)
    monkeypatch.setenv("HZ_EMBEDDED_JARS", os.pathsep.join(["", str(empty), str(full)]))
    assert resolve(JAR) == full / JAR.filename
    assert repository.requests == []


def test_damaged_jar_in_given_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / JAR.filename).write_bytes(b"something else")
    monkeypatch.setenv("HZ_EMBEDDED_JARS", str(tmp_path))
    with pytest.raises(ChecksumMismatchError, match="remove it and try again"):
        resolve(JAR)
    assert (tmp_path / JAR.filename).exists()


def test_local_maven_repository_is_used(repository: Repository, tmp_path: Path, empty_cache: Path) -> None:
    local = tmp_path / "m2" / "org" / "example" / "thing" / "1.2.3" / JAR.filename
    local.parent.mkdir(parents=True)
    local.write_bytes(CONTENT)
    assert resolve(JAR) == empty_cache / JAR.filename
    assert sha256_of(empty_cache / JAR.filename) == JAR.sha256
    assert local.exists()
    assert repository.requests == []


def test_concurrent_callers_download_once(repository: Repository) -> None:
    with ThreadPoolExecutor(8) as pool:
        paths = set(pool.map(lambda _: resolve(JAR), range(8)))
    assert len(paths) == 1
    assert repository.requests.count(PATH) == 1


def test_proxy_of_the_environment_is_used(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    address = "http://repository.invalid/root"
    monkeypatch.setenv("HZ_EMBEDDED_MAVEN_REPO", address)
    monkeypatch.setenv("HTTP_PROXY", f"http://{repository.authority}")
    monkeypatch.setenv("http_proxy", f"http://{repository.authority}")
    asked = address + PATH.removeprefix("/maven")
    repository.files[asked] = CONTENT
    assert resolve(JAR).read_bytes() == CONTENT
    assert repository.requests == [asked]


def test_user_and_password_of_the_repository(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HZ_EMBEDDED_MAVEN_REPO", f"http://me:p%40ss@{repository.authority}/maven")
    assert resolve(JAR).read_bytes() == CONTENT
    assert repository.authorization == ["Basic " + base64.b64encode(b"me:p@ss").decode()]
    repository.files.clear()
    with pytest.raises(JarResolutionError) as caught:
        resolve(Artifact("org.example", "thing", "2", JAR.sha256))
    assert "p%40ss" not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["no address", "gopher://127.0.0.1/maven", "http://[::1/maven", "http://127.0.0.1:x"]
)
def test_address_that_is_wrong(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HZ_EMBEDDED_MAVEN_REPO", address)
    with pytest.raises(JarResolutionError, match=r"could not be downloaded.*HZ_EMBEDDED_MAVEN_REPO"):
        resolve(JAR)


def test_public_repository_without_the_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    with pytest.raises(
        DownloadError, match=r"^https://[\w.]+/.*org/example/thing/1\.2\.3/thing-1\.2\.3\.jar: "
    ):
        download(JAR, tmp_path / JAR.filename)


class Authority:
    """A certificate authority that no system trusts, and its certificate for a server on 127.0.0.1."""

    def __init__(self, folder: Path) -> None:
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "an authority of this test")])
        key = ec.generate_private_key(ec.SECP256R1())
        own = _certificate(name, key, name, key, x509.BasicConstraints(ca=True, path_length=0))
        self.file = folder / "authority.pem"
        self.file.write_bytes(own.public_bytes(serialization.Encoding.PEM))
        server_key = ec.generate_private_key(ec.SECP256R1())
        address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        server = _certificate(x509.Name([]), server_key, name, key, address)
        chain = folder / "server.pem"
        chain.write_bytes(
            server_key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + server.public_bytes(serialization.Encoding.PEM)
        )
        self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.server.load_cert_chain(chain)


def _certificate(
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    extension: x509.ExtensionType,
) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(extension, critical=True)
        .sign(issuer_key, hashes.SHA256())
    )


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def encrypted(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[Repository]:
    repository = Repository(authority.server)
    monkeypatch.setenv("HZ_EMBEDDED_MAVEN_REPO", repository.url)
    yield repository
    repository.close()


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_authority_that_the_environment_names_is_trusted(
    variable: str, encrypted: Repository, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, str(authority.file))
    assert resolve(JAR).read_bytes() == CONTENT
    assert encrypted.requests == [PATH]


def test_unknown_authority_is_not_trusted(encrypted: Repository) -> None:
    with pytest.raises(JarResolutionError, match="CERTIFICATE_VERIFY_FAILED"):
        resolve(JAR)
    assert encrypted.requests == []


def test_variable_that_names_no_certificates(
    encrypted: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "missing.pem"))
    with pytest.raises(
        JarResolutionError, match=r"REQUESTS_CA_BUNDLE is .*missing\.pem, which cannot be used"
    ):
        resolve(JAR)


def test_unusable_cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("HZ_EMBEDDED_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(JarResolutionError, match="cache folder cannot be used"):
        resolve(JAR)


def test_default_cache_is_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HZ_EMBEDDED_CACHE")
    assert cache_dir().parts[-2:] == ("hz-embedded", "jars")
