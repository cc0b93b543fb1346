"""Finding a member's jars: in given folders, the cache or a Maven repository; each is checked by its SHA-256."""

import hashlib
import logging
import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

import platformdirs
from filelock import FileLock

from hz_embedded.errors import ChecksumMismatchError, JarResolutionError
from hz_embedded.versions import Artifact

JARS_VARIABLE: Final = "HZ_EMBEDDED_JARS"
CACHE_VARIABLE: Final = "HZ_EMBEDDED_CACHE"
OFFLINE_VARIABLE: Final = "HZ_EMBEDDED_OFFLINE"
REPOSITORY_VARIABLE: Final = "HZ_EMBEDDED_MAVEN_REPO"

_log = logging.getLogger(__name__)


def cache_dir() -> Path:
    """Return the folder that keeps downloaded jars: ``HZ_EMBEDDED_CACHE`` or the user's cache folder."""
    chosen = os.environ.get(CACHE_VARIABLE)
    return (
        Path(chosen) if chosen else Path(platformdirs.user_cache_dir("hz-embedded", appauthor=False)) / "jars"
    )


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file as hex digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def resolve(artifact: Artifact) -> Path:
    """Return the path of a jar that has the artifact's SHA-256; download it if it is not there yet.

    Raises:
        ChecksumMismatchError: A given or downloaded jar is not the pinned one.
        JarResolutionError: The jar is not there and cannot be downloaded.
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
        with FileLock(folder / f"{artifact.filename}.lock"):
            # Another process may have downloaded it while this one waited for the lock.
            if not _is_intact(cached, artifact):
                _fetch(artifact, cached)
    except OSError as error:
        raise JarResolutionError(_advice(artifact, f"the cache folder cannot be used: {error}")) from error
    return cached


def is_there(artifact: Artifact) -> bool:
    """Return whether the jar is in a given folder, or intact in the cache, so that no download is needed.

    Raises:
        ChecksumMismatchError: A given jar is not the pinned one.
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
    _log.warning("%s does not have the pinned SHA-256 and is downloaded again", path)
    return False


def _verify(path: Path, artifact: Artifact) -> None:
    found = sha256_of(path)
    if found != artifact.sha256:
        raise ChecksumMismatchError(
            f"{path} is not the jar of {artifact.coordinates}: its SHA-256 is {found}, expected "
            f"{artifact.sha256}. It is damaged or was altered and is not used; remove it and try again."
        )


def _fetch(artifact: Artifact, target: Path) -> None:
    """Copy the jar from the user's local Maven repository, or download it."""
    if os.environ.get(OFFLINE_VARIABLE, "") not in ("", "0"):
        raise JarResolutionError(_advice(artifact, f"{OFFLINE_VARIABLE} is set"))
    # The jar is written to a folder beside the target: only a complete, verified jar gets the final name.
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=target.parent) as scratch:
        path = Path(scratch) / artifact.filename
        local = _local_maven_repository() / artifact.folder / artifact.filename
        if local.is_file() and sha256_of(local) == artifact.sha256:
            shutil.copyfile(local, path)
        else:
            _download(artifact, path)
        _verify(path, artifact)
        os.replace(path, target)


def _local_maven_repository() -> Path:
    return Path(os.environ.get("M2_REPO") or Path.home() / ".m2" / "repository")


def _download(artifact: Artifact, path: Path) -> None:
    # Imported here: TLS and HTTP take longer to import than the rest of the package, and are rarely needed.
    from hz_embedded._download import DownloadError, download

    try:
        download(artifact, path, os.environ.get(REPOSITORY_VARIABLE))
    except DownloadError as error:
        raise JarResolutionError(_advice(artifact, str(error))) from error


def _advice(artifact: Artifact, reason: str) -> str:
    return (
        f"the jar of {artifact.coordinates} is not in the cache {cache_dir()} and could not be downloaded "
        f"({reason}). Connect to the network and try again, or put {artifact.filename} (SHA-256 "
        f"{artifact.sha256}) into that folder, or set {JARS_VARIABLE} to a folder that holds it, or "
        f"{REPOSITORY_VARIABLE} to the address of a Maven repository that can be reached."
    )
