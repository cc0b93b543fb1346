"""One running member of an embedded cluster."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hz_embedded._py4j import LOOPBACK, Py4JError, java_message
from hz_embedded.errors import JvmDiedError, MemberStateError
from hz_embedded.jvm import Jvm


class Member:
    """A Hazelcast member inside one of the cluster's JVMs; made by :class:`hz_embedded.Cluster`."""

    def __init__(self, jvm: Jvm, instance: Any, config: Any, port: int, *, own_jvm: bool) -> None:
        self._jvm = jvm
        self._instance = instance
        self._config = config
        self._port = port
        self._own_jvm = own_jvm
        self._uuid = _uuid_of(instance)
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
        """The port that other members and clients connect to."""
        return self._port

    @property
    def address(self) -> str:
        """``host:port``."""
        return f"{LOOPBACK}:{self._port}"

    @property
    def uuid(self) -> str:
        """The member's UUID; the last known one when the member has ended or is suspended.

        A member that merges into another cluster gets a new one.
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
    def instance(self) -> Any:
        """The Java ``HazelcastInstance``, through py4j.

        Raises:
            JvmDiedError: the member's JVM no longer runs.
            MemberStateError: the member is suspended.
        """
        self._refuse_suspended("be asked")
        if not self._jvm.alive:
            raise JvmDiedError(f"the JVM of member {self.address} (pid {self._jvm.pid}) no longer runs")
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
            # The JVM ended while it was asked.
            return False

    def shutdown(self) -> None:
        """Leave the cluster gracefully: partitions are handed over first. The member's own JVM, if any, ends.

        Raises:
            MemberStateError: the member is suspended, or its shutdown failed.
        """
        self._end("shut down", lambda: self._instance.shutdown())

    def terminate(self) -> None:
        """Leave abruptly, without handing anything over. The member's own JVM, if any, ends.

        Raises:
            MemberStateError: the member is suspended, or the call failed.
        """
        self._end("terminate", lambda: self._instance.getLifecycleService().terminate())

    def _end(self, what: str, call: Any) -> None:
        if not self.running:
            self._ended = True
            return
        self._refuse_suspended(what)
        try:
            call()
        except Py4JError as error:
            raise MemberStateError(
                f"member {self.address} could not {what}: {java_message(error)}"
            ) from error
        self._ended = True
        if self._own_jvm:
            self._jvm.close()

    def kill(self) -> None:
        """Kill the member's own JVM (SIGKILL) and wait until it is gone.

        Raises:
            MemberStateError: the member shares its JVM with others.
        """
        self._need_own_jvm("kill")
        self._ended = True
        self._jvm.kill()

    def suspend(self) -> None:
        """Stop the member's own JVM (SIGSTOP): connections stay open, nothing answers.

        Raises:
            MemberStateError: the member shares its JVM, has ended, or the platform has no such signal.
        """
        self._need_own_jvm("suspend")
        self._jvm.suspend()

    def resume(self) -> None:
        """Let a suspended member go on (SIGCONT).

        Raises:
            MemberStateError: the member shares its JVM, has ended, or the platform has no such signal.
        """
        self._need_own_jvm("resume")
        self._jvm.resume()

    def join(self, others: Member | Iterable[Member]) -> None:
        """Tell this member and ``others`` of each other, so that their clusters find each other and merge.

        For members started with ``join=False``: the merge follows within seconds, and the smaller cluster's
        members restart in the larger one (a client sees ``MERGED``).

        Raises:
            MemberStateError: this member or one of ``others`` does not run or is suspended.
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
        if not self._own_jvm:
            raise MemberStateError(
                f"cannot {what} member {self.address}: it shares its JVM with others. "
                f'Start it with add_member(jvm="own") or Cluster(jvm="own"), or use terminate().'
            )


def _uuid_of(instance: Any) -> str:
    return str(instance.getCluster().getLocalMember().getUuid().toString())
