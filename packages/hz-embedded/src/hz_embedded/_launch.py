"""How the JVMs and members of a cluster are started from the arguments of the cluster."""

from __future__ import annotations

import dataclasses
import functools
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

from hz_embedded import _class_archive, _clock, jars, versions
from hz_embedded import config as member_config
from hz_embedded._ports import free_port, reserve
from hz_embedded._py4j import LOOPBACK, Py4JError, Py4JJavaError, java_message
from hz_embedded._waiting import call_within
from hz_embedded.bridge.options import BridgeOptions
from hz_embedded.errors import (
    OUT_OF_MEMORY,
    ConfigurationError,
    JvmOutOfMemoryError,
    JvmStartError,
    MemberStartError,
    PortInUseError,
    jvm_ended,
    log_tail,
)
from hz_embedded.fault_proxy import Fault, FaultProxy
from hz_embedded.interfaces.crossing import enable as enable_python_objects
from hz_embedded.java import JavaRuntime
from hz_embedded.jvm import Jvm, class_path, java_command

Configure = Callable[[Any], None]

# A JVM that has run out of memory is unusable; its last message belongs to its log.
_END_WHEN_FULL: Final = ("-XX:+ExitOnOutOfMemoryError", "-XX:+DisplayVMOutputToStderr")
# The standard output is for the gateway's port and token alone.
_WARNINGS_TO_LOG: Final = ("-Xlog:disable", "-Xlog:all=warning:stderr")
# What an archive of classes does not contain, or why it does not fit, is of no interest.
_ARCHIVE_LOG: Final = "-Xlog:cds*=off:stderr"
_QUERY: Final = "SELECT v FROM TABLE(generate_series(1, 1))"
_TRAINING_SECONDS: Final = 60.0
_EXIT_SECONDS: Final = 5.0
_LOG_CONFIGURATION: Final = "logging.properties"
_JAVA_LEVELS: Final[Mapping[str, str]] = {
    "ERROR": "SEVERE",
    "DEBUG": "FINE",
    "TRACE": "FINEST",
    **{level: level for level in ("OFF", "SEVERE", "WARNING", "INFO", "FINE", "FINER", "FINEST", "ALL")},
}


@dataclass(slots=True, eq=False)
class MemberSlot:
    """What stays the same when a member is restarted: its port, its proxy and its options.

    Attributes:
        port: The port that the member listens on.
        own_jvm: Whether the member does not share its JVM.
        configure: Called with the member's Java ``Config``.
        lite: Whether it is a lite member.
        proxy: The proxy in front of the member.
        reservation: The socket that keeps the port while the member does not listen.
        refusal: The fault of a proxy whose member was killed.
    """

    port: int
    own_jvm: bool
    configure: Configure | None
    lite: bool
    proxy: FaultProxy | None = None
    reservation: socket.socket | None = None
    refusal: Fault | None = None

    @property
    def address(self) -> str:
        """``host:port`` that clients and other members connect to."""
        return self.proxy.address if self.proxy is not None else f"{LOOPBACK}:{self.port}"

    def reserve(self) -> None:
        """Reserve the port for this member while the member is down."""
        if self.reservation is None:
            self.reservation = reserve(self.port)

    def refuse(self) -> None:
        """Let the proxy refuse connections, as the port of a process that is gone does.

        Otherwise the other members would connect to the proxy again and again, and take the member for alive.
        """
        if self.proxy is not None:
            self.refusal = self.proxy.refuse()

    def accept(self) -> None:
        """End ``refuse``."""
        if self.refusal is not None:
            self.refusal.heal()
            self.refusal = None

    def close(self) -> None:
        """Release the port and close the proxy."""
        if self.reservation is not None:
            self.reservation.close()
        if self.proxy is not None:
            self.proxy.close()


class Started(NamedTuple):
    """A member that has been started."""

    jvm: Jvm
    instance: Any
    config: Any
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """What each JVM and member of a cluster is started with; see :class:`hz_embedded.Cluster` for the fields."""

    version: str
    sql: bool
    jet: bool
    checksums: Mapping[str, str] | None
    java: JavaRuntime
    cluster_name: str | None = None
    config: str | Mapping[str, Any] | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
    classpath: Sequence[str | Path] = ()
    jvm_args: Sequence[str] = ()
    heap: str = "512m"
    log_level: str | None = None
    startup_timeout: float = _TRAINING_SECONDS
    proxied: bool = False
    bridge: BridgeOptions | None = None
    paths: tuple[Path, ...] = ()

    def resolved(self, version: str | None = None) -> Launch:
        """Return a copy for ``version`` (None: the same version) with the paths of all jars, after downloads if needed.

        Raises:
            UnsupportedVersionError: Unknown version, or a version without a requested feature.
            ConfigurationError: A class path entry cannot be used.
            JarResolutionError: A jar is not available.
        """
        wanted = dataclasses.replace(self, version=version or self.version)
        if self.jet and not versions.has_jet(wanted.version):
            raise ConfigurationError(f"Hazelcast {wanted.version} has no Jet; Jet is part of 5.0 and newer")
        return dataclasses.replace(wanted, paths=tuple(wanted._find_jars()))

    def _find_jars(self) -> list[Path]:
        wanted = versions.member_artifacts(self.version, sql=self.sql, checksums=self.checksums)
        paths = [jars.resolve(artifact) for artifact in wanted]
        for entry in self.classpath:
            if isinstance(entry, str) and versions.is_coordinates(entry) and not Path(entry).exists():
                paths.append(jars.resolve(versions.artifact(entry, self.checksums)))
            elif Path(entry).exists():
                paths.append(Path(entry).absolute())
            else:
                raise ConfigurationError(
                    f"class path entry {str(entry)!r} is neither an existing file or folder nor Maven "
                    f"coordinates"
                )
        return paths

    def start_jvm(self, log_file: Path, clock_milliseconds: int | None) -> Jvm:
        """Start a JVM.

        Args:
            log_file: The file for its log.
            clock_milliseconds: Offset of its members' clock; None means the system's clock.

        Raises:
            JvmStartError: The JVM did not start.
            JvmOutOfMemoryError: The heap is too small for a start.
        """
        archive = self._archive()
        options = [f"-XX:SharedArchiveFile={archive}", _ARCHIVE_LOG] if archive else []
        if clock_milliseconds is not None:
            options.append(_clock.start_option(clock_milliseconds))
        if self.log_level is not None:
            settings = log_file.parent / _LOG_CONFIGURATION
            settings.write_text(log_configuration(self.log_level), encoding="utf-8")
            options.append(f"-Djava.util.logging.config.file={settings}")
        try:
            return self._start_jvm(log_file, options)
        except JvmStartError as error:
            if OUT_OF_MEMORY in str(error):
                raise JvmOutOfMemoryError(f"a heap of {self.heap} is too small to start: {error}") from error
            raise

    def _start_jvm(self, log_file: Path, options: Sequence[str]) -> Jvm:
        return Jvm(
            self.java,
            self.paths,
            log_file,
            heap=self.heap,
            jvm_args=[*_END_WHEN_FULL, *_WARNINGS_TO_LOG, *options, *self.jvm_args],
            timeout=self.startup_timeout,
            bridge=self.bridge,
        )

    def _archive(self) -> Path | None:
        """Return the archive of the classes of such members, if one can be used, and no option asks for another one."""
        if any("Archive" in option or option.startswith("-Xshare") for option in self.jvm_args):
            return None
        count = len(versions.member_artifacts(self.version, sql=self.sql, checksums=self.checksums))
        plain = Launch(
            version=self.version,
            sql=self.sql,
            jet=self.jet,
            checksums=self.checksums,
            java=self.java,
            paths=self.paths[:count],
        )
        return _class_archive.archive_of(
            java_command(self.java), class_path(plain.paths), plain._load_classes
        )

    def _load_classes(self, option: str, log_file: Path) -> None:
        """Start and end a member, in a JVM with an option."""
        slot = MemberSlot(free_port(), own_jvm=True, configure=None, lite=False)
        try:
            with self._start_jvm(log_file, [option]) as jvm:
                instance = self.start_member(jvm, slot, ()).instance
                if self.sql and versions.has_jet(self.version):
                    statement = jvm.view.com.hazelcast.sql.SqlStatement(_QUERY)
                    instance.getSql().execute(statement).close()
                instance.shutdown()
        finally:
            slot.close()

    def start_member(self, jvm: Jvm, slot: MemberSlot, known: Sequence[str]) -> Started:
        """Start a member in a slot and wait until it has joined the members at the addresses ``known``.

        Raises:
            PortInUseError: The port is taken.
            JvmOutOfMemoryError: The JVM ended because its heap was full.
            MemberStartError: The member did not start for another reason, or not in time.
        """
        slot.reserve()
        slot.accept()
        config = self._build_config(jvm.view, slot, known)
        enable_python_objects(config)
        if slot.configure is not None:
            slot.configure(config)
        start = functools.partial(jvm.view.com.hazelcast.core.Hazelcast.newHazelcastInstance, config)
        where = f"the member on {LOOPBACK}:{slot.port}"
        try:
            instance = call_within(self.startup_timeout, start)
        except TimeoutError as error:
            raise MemberStartError(
                f"{where} did not start within {self.startup_timeout:g} s.\n{log_tail(jvm.log_file)}"
            ) from error
        except Py4JError as error:
            # A call fails shortly before the end of the JVM is noticed.
            if not isinstance(error, Py4JJavaError) and jvm.wait(_EXIT_SECONDS):
                ended = jvm_ended(f"the JVM of {where}, which was to start,", None, jvm.log_file)
                if isinstance(ended, JvmOutOfMemoryError):
                    raise ended from error
                raise MemberStartError(f"{where} did not start: {ended}") from error
            reason = java_message(error)
            kind = PortInUseError if "already in use" in reason else MemberStartError
            raise kind(f"{where} did not start: {reason}\n{log_tail(jvm.log_file)}") from error
        return Started(jvm, instance, config, self.version)

    def _build_config(self, view: Any, slot: MemberSlot, known: Sequence[str]) -> Any:
        config = member_config.base_config(view, self.config)
        if self.cluster_name is not None:
            config.setClusterName(self.cluster_name)
        if slot.lite:
            config.setLiteMember(True)
        member_config.apply_network(
            config,
            slot.port,
            known,
            has_auto_detection=versions.version_tuple(self.version) >= (4, 1),
            public_address=slot.address if slot.proxy is not None else None,
        )
        defaults = dict(member_config.DEFAULT_PROPERTIES)
        if self.config is None:
            defaults |= member_config.QUIET_PROPERTIES
        if self.proxied:
            defaults |= member_config.FAST_FAILURE_DETECTION_PROPERTIES
        member_config.apply_properties(config, defaults, self.properties)
        if self.jet or (self.sql and versions.has_jet(self.version)):
            config.getJetConfig().setEnabled(True)
        return config


def log_configuration(level: str) -> str:
    """Return properties for Java's logging: one line on standard error for each record of ``level`` and above.

    Raises:
        ConfigurationError: There is no such level.
    """
    name = _JAVA_LEVELS.get(level.upper())
    if name is None:
        raise ConfigurationError(f"log_level must be one of {', '.join(_JAVA_LEVELS)}, not {level!r}")
    return (
        "handlers=java.util.logging.ConsoleHandler\n"
        f".level={name}\n"
        f"java.util.logging.ConsoleHandler.level={name}\n"
        "java.util.logging.SimpleFormatter.format=%1$tF %1$tT.%1$tL %4$s %3$s: %5$s%6$s%n\n"
    )
