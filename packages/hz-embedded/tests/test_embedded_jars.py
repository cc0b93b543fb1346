"""Finding jars: given folders, cache, a Maven repository over HTTP; damaged, missing, offline."""

import hashlib
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from hz_embedded import ChecksumMismatchError, JarResolutionError
from hz_embedded.jars import cache_dir, resolve, sha256_of
from hz_embedded.versions import Artifact

CONTENT = b"PK jar of a member" * 1000
JAR = Artifact("org.example", "thing", "1.2.3", hashlib.sha256(CONTENT).hexdigest())
PATH = "/maven/org/example/thing/1.2.3/thing-1.2.3.jar"


class Repository:
    """A Maven repository on loopback with the files that a test puts there."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {PATH: CONTENT}
        self.requests: list[str] = []
        self.cut_after: int | None = None
        repository = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                repository.requests.append(self.path)
                body = repository.files.get(self.path)
                self.send_response(404 if body is None else 200)
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                self.wfile.write((body or b"")[: repository.cut_after])

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=partial(self._server.serve_forever, 0.01))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/maven"

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
    monkeypatch.delenv("HZ_EMBEDDED_JARS", raising=False)
    monkeypatch.delenv("HZ_EMBEDDED_OFFLINE", raising=False)
    return cache


def test_jar_is_fetched_once(repository: Repository, empty_cache: Path) -> None:
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


def test_damaged_cached_jar_is_fetched_anew(
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
    with pytest.raises(JarResolutionError):
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
        "org.example:thing:1.2.3",
        str(empty_cache),
        "HZ_EMBEDDED_JARS",
        "thing-1.2.3.jar",
        JAR.sha256,
    ):
        assert part in text


def test_unreachable_repository(repository: Repository) -> None:
    repository.close()
    with pytest.raises(JarResolutionError, match=r"could not be fetched.*Connect to the network"):
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


def test_concurrent_callers_fetch_once(repository: Repository) -> None:
    with ThreadPoolExecutor(8) as pool:
        paths = set(pool.map(lambda _: resolve(JAR), range(8)))
    assert len(paths) == 1
    assert repository.requests.count(PATH) == 1


def test_unusable_cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("HZ_EMBEDDED_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(JarResolutionError, match="cache folder cannot be used"):
        resolve(JAR)


def test_default_cache_is_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HZ_EMBEDDED_CACHE")
    assert cache_dir().parts[-2:] == ("hz-embedded", "jars")
