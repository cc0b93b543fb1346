"""How the JVMs and members of a cluster are started: what its arguments come to."""

from __future__ import annotations

import dataclasses
import functools
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from hz_embedded import _clock, jars, versions
from hz_embedded import config as member_config
from hz_embedded._ports import reserve
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
from hz_embedded.fault_proxy import FaultProxy
from hz_embedded.interfaces.crossing import enable as enable_python_objects
from hz_embedded.java import JavaRuntime
from hz_embedded.jvm import Jvm

Configure = Callable[[Any], None]

# A JVM without memory does nothing sensible any more; its last words go where the rest of its log is.
_END_WHEN_FULL: Final = ("-XX:+ExitOnOutOfMemoryError", "-XX:+DisplayVMOutputToStderr")
_EXIT_SECONDS: Final = 5.0
_LOG_CONFIGURATION: Final = "logging.properties"
_JAVA_LEVELS: Final[Mapping[str, str]] = {
    "ERROR": "SEVERE",
    "DEBUG": "FINE",
    "TRACE": "FINEST",
    **{level: level for level in ("OFF", "SEVERE", "WARNING", "INFO", "FINE", "FINER", "FINEST", "ALL")},
}


@dataclass(slots=True, eq=False)
class Seat:
    """What stays the same about a member when it is started anew: its port, its proxy, its wishes.

    Attributes:
        port: the port that the member listens on.
        own_jvm: whether it has a JVM of its own.
        configure: called with its Java ``Config``.
        lite: whether it is a lite member.
        proxy: the proxy before it.
    """

    port: int
    own_jvm: bool
    configure: Configure | None
    lite: bool
    proxy: FaultProxy | None = None
    keeper: socket.socket | None = None

    @property
    def address(self) -> str:
        """``host:port`` where others reach the member."""
        return self.proxy.address if self.proxy is not None else f"{LOOPBACK}:{self.port}"

    def reserve(self) -> None:
        """Keep the port for this member while it is down."""
        if self.keeper is None:
            self.keeper = reserve(self.port)

    def close(self) -> None:
        """Give up the port and the proxy."""
        if self.keeper is not None:
            self.keeper.close()
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
    cluster_name: str | None
    config: str | Mapping[str, Any] | None
    properties: Mapping[str, str]
    classpath: Sequence[str | Path]
    checksums: Mapping[str, str] | None
    jvm_args: Sequence[str]
    heap: str
    java: JavaRuntime
    log_level: str | None
    startup_timeout: float
    proxied: bool
    bridge: BridgeOptions | None
    paths: tuple[Path, ...] = ()

    def resolved(self, version: str | None = None) -> Launch:
        """The same with the jars of its version, or of another, found.

        Raises:
            UnsupportedVersionError: unknown version, or one without what is wanted.
            ConfigurationError: a class path entry cannot be used.
            JarResolutionError: a jar could not be had.
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
            log_file: where its log goes.
            clock_milliseconds: offset of its members' clock; None leaves them the system's.

        Raises:
            JvmStartError: it did not start.
            JvmOutOfMemoryError: its heap is too small even to start.
        """
        options = [*_END_WHEN_FULL]
        if clock_milliseconds is not None:
            options.append(_clock.start_option(clock_milliseconds))
        if self.log_level is not None:
            settings = log_file.parent / _LOG_CONFIGURATION
            settings.write_text(log_configuration(self.log_level), encoding="utf-8")
            options.append(f"-Djava.util.logging.config.file={settings}")
        try:
            return Jvm(
                self.java,
                self.paths,
                log_file,
                heap=self.heap,
                jvm_args=[*options, *self.jvm_args],
                timeout=self.startup_timeout,
                bridge=self.bridge,
            )
        except JvmStartError as error:
            if OUT_OF_MEMORY in str(error):
                raise JvmOutOfMemoryError(f"a heap of {self.heap} is too small to start: {error}") from error
            raise

    def start_member(self, jvm: Jvm, seat: Seat, known: Sequence[str]) -> Started:
        """Start a member at its seat and wait until it has joined those ``known``.

        Raises:
            PortInUseError: its port is taken.
            JvmOutOfMemoryError: its JVM ended for a full heap.
            MemberStartError: it did not start for another reason, or not in time.
        """
        seat.reserve()
        config = self._build_config(jvm.view, seat, known)
        enable_python_objects(config)
        if seat.configure is not None:
            seat.configure(config)
        start = functools.partial(jvm.view.com.hazelcast.core.Hazelcast.newHazelcastInstance, config)
        where = f"the member on {LOOPBACK}:{seat.port}"
        try:
            instance = call_within(self.startup_timeout, start)
        except TimeoutError as error:
            raise MemberStartError(
                f"{where} did not start within {self.startup_timeout:g} s.\n{log_tail(jvm.log_file)}"
            ) from error
        except Py4JError as error:
            # A call fails a moment before the end of the JVM is known.
            if not isinstance(error, Py4JJavaError) and jvm.wait(_EXIT_SECONDS):
                ended = jvm_ended(f"the JVM of {where}, which was to start,", None, jvm.log_file)
                if isinstance(ended, JvmOutOfMemoryError):
                    raise ended from error
                raise MemberStartError(f"{where} did not start: {ended}") from error
            reason = java_message(error)
            kind = PortInUseError if "already in use" in reason else MemberStartError
            raise kind(f"{where} did not start: {reason}\n{log_tail(jvm.log_file)}") from error
        return Started(jvm, instance, config, self.version)

    def _build_config(self, view: Any, seat: Seat, known: Sequence[str]) -> Any:
        config = member_config.base_config(view, self.config)
        if self.cluster_name is not None:
            config.setClusterName(self.cluster_name)
        if seat.lite:
            config.setLiteMember(True)
        member_config.apply_network(
            config,
            seat.port,
            known,
            has_auto_detection=versions.version_tuple(self.version) >= (4, 1),
            public_address=seat.address if seat.proxy is not None else None,
        )
        defaults = dict(member_config.DEFAULT_PROPERTIES)
        if self.config is None:
            defaults |= member_config.QUIET_PROPERTIES
        if self.proxied:
            defaults |= member_config.NOTICE_PROPERTIES
        member_config.apply_properties(config, defaults, self.properties)
        if self.jet or (self.sql and versions.has_jet(self.version)):
            config.getJetConfig().setEnabled(True)
        return config


def log_configuration(level: str) -> str:
    """The properties for Java's logging that put one line per record of ``level`` and above on standard error.

    Raises:
        ConfigurationError: there is no such level.
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
