"""The members that lead CP groups, so that operations go to them without a detour."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, Final, Protocol
from uuid import UUID

from hz_core.cluster.view_subscription import Registrar
from hz_core.codecs import client as codec
from hz_core.connection import Connection
from hz_core.errors import UnsupportedOperationError
from hz_core.io import IO
from hz_core.log import get_logger
from hz_core.op import Group
from hz_core.promise import CallbackPromise
from hz_core.wire.frames import DECODE_ERRORS, HazelcastProtocolError, message_type_of
from hz_core.wire.types import raw_data

_logger = get_logger("cp")

ASK_AGAIN_AFTER: Final = 30.0
"""Seconds after which a member is asked again that has refused to tell leaders for another reason than its version."""


class GroupLeaders:
    """What the cluster has told of the leaders of its CP groups; nothing, if nobody has asked it.

    A leader that is unknown, or not the leader any more, costs time only: members pass operations on to the leader.
    Read by any thread, changed on the I/O side.
    """

    def __init__(self) -> None:
        self.known: dict[bytes, UUID] = {}
        """The members by the frames of the groups that they lead; replaced as a whole."""

    def leader(self, group: Group) -> UUID | None:
        """Return the member that leads a group, None if it is not known."""
        return self.known.get(group.frames)

    def told(self, groups: Iterable[Any], members: Iterable[tuple[UUID, UUID]]) -> None:
        """Note what a member has told, in place of what was known.

        Args:
            groups: The groups, each with its leader (``RaftGroupInfo``).
            members: For UUIDs that members have as CP members those that they have in the cluster.
        """
        uuids = dict(members)
        self.known = {
            group.group_id.frames: uuids[group.leader.uuid] for group in groups if group.leader.uuid in uuids
        }

    def doubt(self, group: Group) -> None:
        """Forget the leader of a group, which was not the leader, until the cluster tells of the next one."""
        self.known = {key: member for key, member in self.known.items() if key != group.frames}

    def forget(self) -> None:
        """Forget everything."""
        self.known = {}


class Connections(Protocol):
    """The connections of the client."""

    def open_connections(self) -> Sequence[Connection]:
        """Return the ready connections."""
        ...


class LeaderSubscription:
    """Keeps the leaders up to date (message ``Client.addCPGroupViewListener``), over one connection at a time.

    Runs on the I/O side, but ``follow``.

    Args:
        io: The driver.
        registrar: Sends the registration.
        connections: The connections.
        leaders: What is known of the leaders.
    """

    def __init__(self, io: IO, registrar: Registrar, connections: Connections, leaders: GroupLeaders) -> None:
        self._io = io
        self._registrar = registrar
        self._connections = connections
        self._leaders = leaders
        self._wanted = False
        self._connection: Connection | None = None
        self._version = -1
        self._refused: dict[Connection, float] = {}
        """When each member may be asked again that has refused."""

    def follow(self) -> None:
        """Follow the leaders from now on. Callable from any thread, and more than once."""
        if not self._wanted:
            self._wanted = True
            self._io.call_soon(self.subscribe)

    def subscribe(self) -> None:
        """Subscribe over one of the connections, if leaders are wanted and no connection tells them."""
        if not self._wanted or self._connection is not None:
            return
        now = self._io.now()
        for connection in self._connections.open_connections():
            if connection.alive and self._refused.get(connection, now) <= now:
                self._connection, self._version = connection, -1
                registrar = self._registrar
                registrar.listen(
                    codec.add_cp_group_view_listener(),
                    CallbackPromise(partial(self._registered, connection)),
                    partial(self._on_event, connection),
                    connection,
                    registrar.new_correlation_id(),
                )
                return

    def on_connection_removed(self, connection: Connection) -> None:
        """Subscribe over another connection, if this was the one that tells of leaders."""
        self._refused.pop(connection, None)
        if connection is self._connection:
            # What it has told may still be right.
            self._connection = None
            self.subscribe()

    def forget(self) -> None:
        """Forget the leaders, because the cluster is another one."""
        self._leaders.forget()
        self._refused.clear()

    def forked(self) -> None:
        """Forget everything, in a forked child; what is wanted stays wanted there."""
        self._connection = None
        self.forget()

    def _registered(self, connection: Connection, result: object, error: BaseException | None) -> None:
        if error is not None:
            self._io.call_soon(partial(self._refuse, connection, error))

    def _refuse(self, connection: Connection, error: BaseException) -> None:
        if connection is not self._connection:
            return
        self._connection = None
        if not connection.alive:
            self.subscribe()
            return
        final = isinstance(error, UnsupportedOperationError)
        self._refused[connection] = float("inf") if final else self._io.now() + ASK_AGAIN_AFTER
        _logger.info(
            "the member at %s does not tell the leaders of CP groups, so CP operations go to any member: %s",
            connection.address,
            "only Enterprise members from version 5.5 on tell them" if final else error,
        )
        self.subscribe()

    def _on_event(self, connection: Connection, message: bytes) -> None:
        self._io.call_soon(partial(self._apply, connection, message))

    def _apply(self, connection: Connection, message: bytes) -> None:
        decode = codec.ADD_CP_GROUP_VIEW_LISTENER.events.get(message_type_of(message))
        if decode is None or connection is not self._connection:
            return
        try:
            event: Any = decode(message, raw_data)
        except (HazelcastProtocolError, *DECODE_ERRORS) as e:
            _logger.warning("%s sent a view of the CP groups that cannot be read: %s", connection.address, e)
            return
        if event.version >= self._version:
            self._version = event.version
            self._leaders.told(event.groups_info, event.cp_to_ap_uuids)
