"""The operations of a flake id generator, from which its surfaces are generated."""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Final, TypeVarTuple
from uuid import UUID

from hz_core.config.parts import FlakeIdGeneratorConfig
from hz_core.connection import Connection
from hz_core.context import ClientContext
from hz_core.errors import (
    HazelcastClientNotActiveError,
    IllegalStateError,
    NodeIdOutOfRangeError,
    TargetDisconnectedError,
)
from hz_core.invocation.retry import may_retry
from hz_core.op import Flow, WaitFor
from hz_core.operations import ObjectOperations
from hz_core.promise import Promise
from hz_proxies.codecs import flake_id_generator as codec

Arguments = TypeVarTuple("Arguments")

_FOREVER: Final = float("inf")

_NEVER: Final = 1 << 63
"""An id that is larger than all."""


class FlakeIdGeneratorOperations(ObjectOperations):
    """A generator of ids that are unique in the cluster, without any coordination of its members.

    An id is an integer from 0 to 2**63-1. It has a timestamp in its upper bits, so ids are roughly in the order of
    their creation.

    Ids are fetched in batches, from any member, and handed out from memory. The option ``flake_id_generators`` of the
    client has for each name the number of ids of a batch (``prefetch_count``), for how many seconds they are used
    (``prefetch_validity``), and whether the next batch is fetched in the background once half of one is used
    (``prefetch_ahead``).
    """

    # Read by tools/generate_surfaces.py.
    service_name = "hz:impl:flakeIdGeneratorService"
    answers: ClassVar[dict[str, str]] = {"new_id": "_take_if_active"}

    def __init__(self, context: ClientContext, name: str) -> None:
        super().__init__(context, name)
        options = context.config.flake_id_generators.get(name) or FlakeIdGeneratorConfig()
        self._count = options.prefetch_count
        self._validity = options.prefetch_validity or _FOREVER
        self._ahead = options.prefetch_ahead
        self._now = context.io.now
        self._mutex = context.io.mutex()
        self._memory = _Memory()
        # Those who wait for an id, in their order, and who fetches ids; None for nobody.
        self._waiting: deque[Promise] = deque()
        self._fetcher: Flow[Any] | None = None
        self._out_of_range: set[UUID] = set()
        self._take_if_active = self._taker(context.check_active)
        # For flows: those who wait get the ids that have come, in whatever state the client is by then.
        self._take = self._taker(_no_check)

    def new_id(self) -> Flow[int]:
        """Return an id that no other caller in the cluster gets.

        Usually it is in memory already. When a batch is used up, or older than its validity, the next one is fetched
        for all who wait.

        Raises:
            NodeIdOutOfRangeError: The node ids of all members are out of range, so none can generate ids. As long as
                there is one that can, it is used.

        Source: message ``FlakeIdGenerator.newIdBatch``.
        """
        # The surfaces have found no id in memory.
        me: list[Flow[int]] = []
        flow = self._fetched(me)
        me.append(flow)
        return flow

    def _fetched(self, me: list[Flow[int]]) -> Flow[int]:
        """Fetch ids, or wait for those that another caller fetches.

        Args:
            me: This flow, to be taken out.
        """
        flow = me.pop()
        try:
            while True:
                with self._mutex:
                    if not self._is_fetching():
                        self._fetcher = flow
                if self._fetcher is flow:
                    # By the caller itself, who can read the reply without another thread.
                    return (yield from self._fetch())
                found: int | None = yield WaitFor(self._wait)
                if found is not None:
                    return found
        finally:
            if self._fetcher is flow:  # interrupted where `_fetch` cannot see it
                self._serve_or_fetch()
            del flow  # which refers to this frame

    def _is_fetching(self) -> bool:
        """Return whether somebody fetches ids. Who was interrupted does not any more, wherever that was."""
        return getattr(self._fetcher, "gi_frame", None) is not None

    def _taker(self, check: Callable[[], None]) -> Callable[[], int | None]:
        """Return a function that calls ``check`` and returns an id that nobody else gets; None if none is in memory."""
        # A closure, because this runs for every id, and each attribute of `self` would cost 30 ns with hz-speedups.
        memory, now, replace, fetch_ahead = self._memory, self._now, self._replace, self._fetch_ahead

        def take() -> int | None:
            check()
            while True:
                batch = memory.batch
                # Taking the next one is a single step of the interpreter, so threads need no lock.
                found = next(batch.ids, None) if now() < batch.expires else None
                if found is not None:
                    if found >= batch.middle:
                        fetch_ahead(batch)
                    return found
                if not replace(batch):
                    return None

        return take

    def _replace(self, used_up: "_Batch") -> bool:
        """Hand out the next batch; return False if there is none."""
        memory = self._memory
        with self._mutex:
            if memory.batch is used_up:
                if memory.spare is None:
                    return False
                memory.batch, memory.spare = memory.spare, None
            return True

    def _fetch_ahead(self, batch: "_Batch") -> None:
        """Fetch the next batch in the background, once for each batch."""
        with self._mutex:
            if self._is_fetching() or batch.middle == _NEVER:
                return
            batch.middle = _NEVER
        # Another caller may fetch a batch, too, at this moment; then one is more than is needed.
        self._in_background(self._spare_fetched)

    def _spare_fetched(self, begun: list[bool]) -> Flow[None]:
        try:
            begun.append(True)
            self._memory.spare = yield from self._new_batch()
        except Exception as e:
            self._fail(e)
            return
        except BaseException:
            self._fail(_ended(self.name))
            raise
        self._serve_or_fetch()

    def _on_fork(self) -> None:
        # The parent hands out the ids that are in memory.
        self._memory.clear()
        self._fail(_ended(self.name))

    def _wait(self, promise: Promise) -> None:
        """Let a caller wait for ids that another one fetches; if that has ended meanwhile, give it None."""
        with self._mutex:
            if self._is_fetching():
                self._waiting.append(promise)
                return
        promise.set_result(None)

    def _fetch(self) -> Flow[int]:
        """Fetch ids, take one, and give others to those who wait."""
        try:
            while (found := self._take()) is None:
                self._memory.batch = yield from self._new_batch()
        except Exception as e:
            self._fail(e)
            raise
        except BaseException:
            # The caller has given up, but others wait for the same batch.
            self._serve_or_fetch()
            raise
        self._serve_or_fetch()
        return found

    def _serve_or_fetch(self) -> None:
        """Give ids to those who wait; fetch more in the background, if there are too few."""
        if self._serve():
            self._in_background(self._fetch_for_others)

    def _in_background(self, fetch: Callable[[list[bool]], Flow[None]]) -> None:
        """Run a flow that fetches ids; it notes in its argument that it has begun."""
        begun: list[bool] = []
        flow = self._fetcher = fetch(begun)
        try:
            self._context.start(flow, f"fetching ids of {self.name!r}")
        finally:
            if not begun:
                self._fail(_ended(self.name))

    def _fetch_for_others(self, begun: list[bool]) -> Flow[None]:
        """Fetch batches as long as somebody waits."""
        try:
            begun.append(True)
            while self._serve():
                self._memory.batch = yield from self._new_batch()
        except Exception as e:
            self._fail(e)
        except BaseException:
            self._fail(_ended(self.name))
            raise

    def _new_batch(self) -> Flow["_Batch"]:
        response: codec.NewIdBatchResponse = yield from self._request()
        if response.batch_size < 1:
            raise IllegalStateError(
                f"a member has generated {response.batch_size} ids of {self.name!r}, which is no batch: look at its log"
            )
        end = response.base + response.increment * response.batch_size
        middle = response.base + response.increment * (response.batch_size // 2) if self._ahead else _NEVER
        ids = range(response.base, end, response.increment)
        return _Batch(iter(ids), self._now() + self._validity, middle)

    def _serve(self) -> bool:
        """Give ids to those who wait, as far as there are any; return whether somebody still waits."""
        while True:
            with self._mutex:
                if not self._waiting:
                    self._fetcher = None
                    return False
                promise = self._waiting.popleft()
            if promise.cancelled():
                continue
            found = self._take()
            if found is None:
                with self._mutex:
                    self._waiting.appendleft(promise)
                return True
            promise.set_result(found)

    def _fail(self, error: Exception) -> None:
        """Tell those who wait that there are no ids for them."""
        with self._mutex:
            failed, self._waiting = self._waiting, deque()
            self._fetcher = None
        for promise in failed:
            promise.set_exception(error)

    def _request(self) -> Flow[codec.NewIdBatchResponse]:
        """Request a batch from any member; from another one if that is out of node ids, or is lost."""
        lost: set[UUID] = set()
        while True:
            op = codec.new_id_batch(self.name, self._count)
            member, op.connection = self._choose(lost)
            if op.connection is None:
                op.member = member
            try:
                response: codec.NewIdBatchResponse = yield op
            except NodeIdOutOfRangeError as e:
                if member is None or not self._context.config.smart_routing:
                    raise
                self._out_of_range.add(member)
                if self._out_of_range.issuperset(self._view.members.by_uuid):
                    self._out_of_range.clear()
                    raise NodeIdOutOfRangeError(
                        f"no member can generate ids of {self.name!r}: the node ids of all of them are out of range"
                    ) from e
            except Exception as e:
                if op.connection is None or not may_retry(e, op.method, True):
                    raise
                assert member is not None, "a ready connection knows its member"
                lost.add(member)
            else:
                return response

    def _choose(self, lost: set[UUID]) -> tuple[UUID | None, Connection | None]:
        """Return the member to ask, and the connection to it; None to wait for a connection, or for any member's."""
        useless = self._out_of_range | lost
        connection = _connection(self._context.any_connection)
        if connection is not None and connection.member not in useless:
            return connection.member, connection
        others = [m for m in self._view.members.by_uuid if m not in self._out_of_range]
        self._context.io.random.shuffle(others)
        for member in others:
            connection = None if member in lost else _connection(self._context.member_connection, member)
            if connection is not None:
                return member, connection
        # Those that are out of range are connected, and would be asked without a member.
        return others[0] if self._out_of_range and others else None, None


def _connection(find: Callable[[*Arguments], Connection], *arguments: *Arguments) -> Connection | None:
    """Return the connection that a function of the client finds; None if there is none."""
    try:
        return find(*arguments)
    except TargetDisconnectedError:
        return None


class _Batch:
    """Ids in memory.

    Args:
        ids: The ids.
        expires: The time until which they are used.
        middle: When this one is handed out, the next batch is fetched.
    """

    __slots__ = ("expires", "ids", "middle")

    def __init__(self, ids: Iterator[int], expires: float, middle: int) -> None:
        self.ids = ids
        self.expires = expires
        self.middle = middle


class _Memory:
    """The ids in memory: those that are handed out, and those that are next; None if they were not fetched yet."""

    __slots__ = ("batch", "spare")

    batch: _Batch
    spare: _Batch | None

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget them."""
        self.batch, self.spare = _Batch(iter(()), 0.0, _NEVER), None


def _ended(name: str) -> HazelcastClientNotActiveError:
    return HazelcastClientNotActiveError(f"the client was shut down while it fetched ids of {name!r}")


def _no_check() -> None:
    """Let ids be taken in any state of the client."""
