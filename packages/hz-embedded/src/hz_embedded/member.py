"""One running member of an embedded cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

from hz_embedded._launch import MemberSlot, Started
from hz_embedded._py4j import LOOPBACK, Py4JError, Py4JJavaError, java_message
from hz_embedded.errors import MemberStateError, jvm_ended
from hz_embedded.fault_proxy import FaultProxy
from hz_embedded.jvm import Jvm

_EXIT_SECONDS: Final = 5.0


class Member:
    """A Hazelcast member in one of the cluster's JVMs, created by :class:`hz_embedded.Cluster`."""

    def __init__(self, started: Started, slot: MemberSlot, restart: Callable[[Member], None]) -> None:
        self._slot = slot
        self._restart = restart
        self.attach(started)

    @property
    def slot(self) -> MemberSlot:
        """What stays the same when the member is restarted."""
        return self._slot

    def attach(self, started: Started) -> None:
        """Take over a member that :meth:`restart` has started in this member's slot."""
        self._jvm, self._instance, self._config, self._version = started
        self._uuid = _uuid_of(self._instance)
        self._ended = False

    def __repr__(self) -> str:
        state = "suspended" if self._jvm.suspended else "running" if self.running else "ended"
        return f"<Member {self.address} {state} in pid {self._jvm.pid}>"

    @property
    def host(self) -> str:
        """Always the loopback address."""
        return LOOPBACK

    @property
    def port(self) -> int:
        """The port that other members and clients connect to: the port of the proxy if there is one."""
        return self._slot.port if self._slot.proxy is None else self._slot.proxy.port

    @property
    def address(self) -> str:
        """``host:port`` that other members and clients connect to."""
        return self._slot.address

    @property
    def version(self) -> str:
        """The Hazelcast version that the member was started with."""
        return self._version

    @property
    def proxy(self) -> FaultProxy:
        """The proxy that all connections to the member go through.

        Raises:
            MemberStateError: The cluster was started without ``proxied=True``.
        """
        if self._slot.proxy is None:
            raise MemberStateError(
                f"member {self.address} has no proxy: start the cluster with proxied=True, or create a proxy with "
                "cluster.proxy(member)"
            )
        return self._slot.proxy

    @property
    def uuid(self) -> str:
        """The member's UUID; the last known one if the member has ended or is suspended.

        A member that merges into another cluster gets a new UUID.
        """
        if self.running and not self._jvm.suspended:
            self._uuid = _uuid_of(self._instance)
        return self._uuid

    @property
    def jvm(self) -> Jvm:
        """The JVM process that the member runs in."""
        return self._jvm

    @property
    def log_file(self) -> Path:
        """Log of the member's JVM."""
        return self._jvm.log_file

    @property
    def log(self) -> str:
        """The content of the log of the member's JVM."""
        return self._jvm.log_file.read_text(encoding="utf-8", errors="replace")

    @property
    def instance(self) -> Any:
        """The Java ``HazelcastInstance``, through py4j.

        Raises:
            JvmDiedError: The member's JVM no longer runs.
            MemberStateError: The member is suspended.
        """
        self._refuse_suspended("be called")
        if not self._jvm.alive:
            raise self._jvm_ended()
        return self._instance

    @property
    def running(self) -> bool:
        """Whether the member runs; a suspended one counts as running."""
        if self._ended or not self._jvm.alive:
            return False
        if self._jvm.suspended:
            return True
        try:
            return bool(self._instance.getLifecycleService().isRunning())
        except Py4JError:
            # The JVM ended during the call.
            return False

    def _jvm_ended(self) -> Exception:
        what = f"the JVM of member {self.address} (pid {self._jvm.pid})"
        return jvm_ended(what, self._jvm.exit_code, self._jvm.log_file)

    def shutdown(self) -> None:
        """Leave the cluster gracefully, after the migration of partitions. The member's own JVM, if any, ends too.

        Raises:
            MemberStateError: The member is suspended, or its shutdown failed.
            JvmDiedError: Its JVM ended meanwhile.
        """
        self._end("shut down", lambda: self._instance.shutdown())

    def terminate(self) -> None:
        """Leave the cluster abruptly, without migrations. The member's own JVM, if any, ends too.

        Raises:
            MemberStateError: The member is suspended, or the call failed.
            JvmDiedError: Its JVM ended meanwhile.
        """
        self._end("terminate", lambda: self._instance.getLifecycleService().terminate())

    def _end(self, what: str, call: Callable[[], object]) -> None:
        if not self.running:
            self._ended = True
            return
        self._refuse_suspended(what)
        try:
            call()
        except Py4JError as error:
            # The call fails shortly before the end of the JVM is noticed.
            if not isinstance(error, Py4JJavaError) and self._jvm.wait(_EXIT_SECONDS):
                raise self._jvm_ended() from error
            raise MemberStateError(
                f"member {self.address} could not {what}: {java_message(error)}"
            ) from error
        self._ended = True
        if self._slot.own_jvm:
            self._jvm.close()

    def restart(self) -> None:
        """Start the member again on the same port with the same settings; a running member is shut down first.

        A member with its own JVM gets a new JVM. Its data is restored from the backups on other members or from a
        ``MapStore``, if there are any.

        Raises:
            MemberStateError: The member is suspended.
            MemberStartError: It did not start.
        """
        self._restart(self)

    def kill(self) -> None:
        """Kill the member's own JVM (SIGKILL) and wait until its process has ended.

        The member's proxy, if any, refuses connections from then on, until the member is started again.

        Raises:
            MemberStateError: The member shares its JVM with others.
        """
        self._need_own_jvm("kill")
        self._ended = True
        # First, since the process may take long to end.
        self._slot.refuse()
        self._jvm.kill()

    def suspend(self) -> None:
        """Stop the member's own JVM (SIGSTOP): it does not respond, but connections stay open.

        Raises:
            MemberStateError: The member shares its JVM, has ended, or the platform has no such signal.
        """
        self._need_own_jvm("suspend")
        self._jvm.suspend()

    def resume(self) -> None:
        """Continue a suspended member (SIGCONT).

        Raises:
            MemberStateError: The member shares its JVM, has ended, or the platform has no such signal.
        """
        self._need_own_jvm("resume")
        self._jvm.resume()

    def check_replaceable(self, *, own_jvm: bool) -> None:
        """Check that the member can be restarted in its current state.

        Args:
            own_jvm: Whether the member must have its own JVM.

        Raises:
            MemberStateError: The member is suspended, or shares its JVM.
        """
        self._refuse_suspended("be restarted")
        if own_jvm:
            self._need_own_jvm("restart by itself")

    def join(self, others: Member | Iterable[Member]) -> None:
        """Exchange the addresses of this member and ``others``, so that their clusters find each other and merge.

        This is for members that were started with ``join=False``. The clusters merge within seconds, and the members
        of the smaller cluster restart in the larger one (a client sees ``MERGED``).

        Args:
            others: One member or several.

        Raises:
            MemberStateError: This member or one of ``others`` does not run or is suspended.
        """
        for other in [others] if isinstance(others, Member) else list(others):
            self._add_address(other.address)
            other._add_address(self.address)

    def _add_address(self, address: str) -> None:
        self._refuse_suspended("join others")
        if not self.running:
            raise MemberStateError(f"member {self.address} does not run, so it cannot join {address}")
        members = self._config.getNetworkConfig().getJoin().getTcpIpConfig()
        if address not in members.getMembers():
            members.addMember(address)

    def _refuse_suspended(self, what: str) -> None:
        if self._jvm.suspended:
            raise MemberStateError(
                f"member {self.address} is suspended and cannot {what}; call resume() first"
            )

    def _need_own_jvm(self, what: str) -> None:
        if not self._slot.own_jvm:
            raise MemberStateError(
                f"cannot {what} member {self.address}: it shares its JVM with others. "
                f'Start it with add_member(jvm="own") or Cluster(jvm="own"), or use terminate().'
            )


def _uuid_of(instance: Any) -> str:
    return str(instance.getCluster().getLocalMember().getUuid().toString())
