"""Creation of class archives, with which the JVMs of members start in about half the time."""

import os
import tempfile
from pathlib import Path
from typing import Final

from filelock import FileLock

from hz_embedded._archive import archive_path
from hz_embedded.cluster import Cluster
from hz_embedded.errors import JvmStartError
from hz_embedded.jars import resolve
from hz_embedded.java import find_java
from hz_embedded.versions import NEWEST, member_artifacts

_WRITING_SECONDS: Final = 60.0


def create_archive(version: str = NEWEST, *, java: str | None = None) -> Path:
    """Create an archive of the classes that members of a version load, unless it exists, and return its path.

    It takes some seconds and about 20 MB in the cache folder. From then on, all JVMs with members of this version and
    the same runtime use it.

    Args:
        version: The Hazelcast version.
        java: The choice of a runtime, as for :func:`hz_embedded.find_java`.

    Raises:
        UnsupportedVersionError: Unknown version.
        JavaNotFoundError: There is no Java 17 or newer.
        JarResolutionError: The jar is not available.
        JvmStartError: The JVM did not start, or did not write the archive.
        MemberStartError: A member did not start.
    """
    path = archive_path(find_java(java), resolve(member_artifacts(version, sql=False)[0]))
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{path}.lock"):
        if not path.exists():
            with tempfile.TemporaryDirectory(prefix=".archive-", dir=path.parent) as folder:
                _write(Path(folder) / path.name, path, version, java)
    return path


def _write(scratch: Path, path: Path, version: str, java: str | None) -> None:
    option = f"-XX:ArchiveClassesAtExit={scratch}"
    # Two members, so that the classes for joining a cluster are loaded too.
    with Cluster(members=2, version=version, java=java, jvm_args=[option]) as cluster:
        cluster.shared_jvm.request_exit()
        cluster.shared_jvm.wait(_WRITING_SECONDS)
        if not scratch.exists():
            raise JvmStartError(
                f"the JVM did not write an archive of its classes; its log is {cluster.log_file}"
            )
    os.replace(scratch, path)
