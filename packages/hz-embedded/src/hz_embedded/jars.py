"""Finding a member's jars: given folders, the cache, or the Maven repository; each checked by SHA-256."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import platformdirs

from hz_embedded._lock import locked
from hz_embedded._progress import download_progress
from hz_embedded.errors import ChecksumMismatchError, JarResolutionError
from hz_embedded.versions import Artifact

if TYPE_CHECKING:
    import requests

JARS_VARIABLE: Final = "HZ_EMBEDDED_JARS"
CACHE_VARIABLE: Final = "HZ_EMBEDDED_CACHE"
OFFLINE_VARIABLE: Final = "HZ_EMBEDDED_OFFLINE"
REPOSITORY_VARIABLE: Final = "HZ_EMBEDDED_MAVEN_REPO"
_HTTP_TIMEOUT_SECONDS: Final = 30
_CHUNK_BYTES: Final = 256 * 1024

_log = logging.getLogger(__name__)


def cache_dir() -> Path:
    """Folder that keeps fetched jars: ``HZ_EMBEDDED_CACHE`` or the user's cache folder."""
    chosen = os.environ.get(CACHE_VARIABLE)
    return (
        Path(chosen) if chosen else Path(platformdirs.user_cache_dir("hz-embedded", appauthor=False)) / "jars"
    )


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def resolve(artifact: Artifact) -> Path:
    """Return the path of a jar that has the artifact's SHA-256, fetching it once if need be.

    Raises:
        ChecksumMismatchError: a given or fetched jar is not the pinned one.
        JarResolutionError: the jar is nowhere, and cannot be fetched.
    """
    given = _from_given_folders(artifact)
    if given is not None:
        return given
    folder = cache_dir()
    cached = folder / artifact.filename
    if _is_intact(cached, artifact):
        return cached
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder / f"{artifact.filename}.lock"):
            # Another process may have fetched it while this one waited for the lock.
            if not _is_intact(cached, artifact):
                _fetch_into(artifact, cached)
    except OSError as error:
        raise JarResolutionError(_advice(artifact, f"the cache folder cannot be used: {error}")) from error
    return cached


def is_there(artifact: Artifact) -> bool:
    """Whether the jar can be had without fetching it: from a given folder, or intact from the cache.

    Raises:
        ChecksumMismatchError: a given jar is not the pinned one.
    """
    return _from_given_folders(artifact) is not None or _is_intact(cache_dir() / artifact.filename, artifact)


def _from_given_folders(artifact: Artifact) -> Path | None:
    for folder in filter(None, os.environ.get(JARS_VARIABLE, "").split(os.pathsep)):
        path = Path(folder) / artifact.filename
        if path.is_file():
            _verify(path, artifact)
            return path
    return None


def _is_intact(path: Path, artifact: Artifact) -> bool:
    try:
        if sha256_of(path) == artifact.sha256:
            return True
    except (FileNotFoundError, NotADirectoryError):
        return False
    _log.warning("%s does not have the pinned SHA-256 and is fetched anew", path)
    return False


def _verify(path: Path, artifact: Artifact) -> None:
    found = sha256_of(path)
    if found != artifact.sha256:
        raise ChecksumMismatchError(
            f"{path} is not the jar of {artifact.coordinates}: its SHA-256 is {found}, expected "
            f"{artifact.sha256}. It is damaged or was altered and is not used; remove it and try again."
        )


def _fetch_into(artifact: Artifact, target: Path) -> None:
    if os.environ.get(OFFLINE_VARIABLE, "") not in ("", "0"):
        raise JarResolutionError(_advice(artifact, f"{OFFLINE_VARIABLE} is set"))
    # The transfer goes to a folder beside the target: only a whole, verified jar gets the real name.
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=target.parent) as scratch:
        fetched = _download(artifact, Path(scratch))
        _verify(fetched, artifact)
        whole = Path(scratch) / artifact.filename
        if fetched != whole:
            shutil.copyfile(fetched, whole)
        os.replace(whole, target)


def _download(artifact: Artifact, scratch: Path) -> Path:
    """Find the jar in the user's local Maven repository, else fetch it from the remote one into ``scratch``.

    jgo knows the layout of coordinates and the repositories; the transfer is done here, so that its
    connection is closed in every case and an error names the answer of each repository.
    """
    import requests
    from jgo.constants import default_maven_repo
    from jgo.maven import MavenContext

    repository = os.environ.get(REPOSITORY_VARIABLE)
    context = MavenContext(remote_repos={"configured": repository.rstrip("/")} if repository else None)
    wanted = context.project(artifact.group, artifact.name).at_version(artifact.version).artifact()
    folder = wanted.component.path_prefix
    local = default_maven_repo() / folder / artifact.filename
    if local.is_file() and sha256_of(local) == artifact.sha256:
        return local
    refusals: list[str] = []
    for remote in context.remote_repos.values():
        url = f"{remote}/{folder.as_posix()}/{artifact.filename}"
        try:
            with requests.get(url, stream=True, timeout=_HTTP_TIMEOUT_SECONDS) as response:
                response.raise_for_status()
                _save(response, scratch / artifact.filename)
        except requests.RequestException as error:
            refusals.append(f"{type(error).__name__}: {error}")
        else:
            return scratch / artifact.filename
    raise JarResolutionError(_advice(artifact, "; ".join(refusals)))


def _save(response: requests.Response, path: Path) -> None:
    total = int(response.headers.get("Content-Length", 0))
    with path.open("wb") as stream, download_progress(path.name, total) as advance:
        for chunk in response.iter_content(_CHUNK_BYTES):
            stream.write(chunk)
            advance(len(chunk))


def _advice(artifact: Artifact, reason: str) -> str:
    return (
        f"the jar of {artifact.coordinates} is not in the cache {cache_dir()} and could not be fetched "
        f"({reason}). Connect to the network and try again, or put {artifact.filename} (SHA-256 "
        f"{artifact.sha256}) into that folder, or set {JARS_VARIABLE} to a folder that holds it, or "
        f"{REPOSITORY_VARIABLE} to the address of a Maven repository that can be reached."
    )
