"""The operations of a reliable topic, from which its surfaces are generated."""

from collections.abc import Sequence
from functools import partial
from time import time
from typing import Any, Final, Generic

from hz_core.arguments import int64
from hz_core.config import ReliableTopicConfig, TopicOverloadPolicy
from hz_core.context import ClientContext
from hz_core.errors import TopicOverloadError
from hz_core.model import Address, MemberInfo
from hz_core.op import Acquired, Flow, Op, Sleep
from hz_core.operations import ObjectOperations, none_refused
from hz_core.wire.types import ReadData
from hz_proxies.events import MessageCallback, TopicMessage
from hz_proxies.reliable_topic.listener import FunctionListener, ReliableMessageListener
from hz_proxies.reliable_topic.message import ReliableTopicMessage, register
from hz_proxies.reliable_topic.runner import FIRST_PAUSE, Runner, longer
from hz_proxies.ringbuffer.limits import MAX_BATCH_SIZE, OVERFLOW_POLICY_FAIL, OVERFLOW_POLICY_OVERWRITE
from hz_proxies.ringbuffer.operations import RingbufferOperations, read_result
from hz_proxies.ringbuffer.result import ReadResult
from hz_proxies.types import E
from hz_serialization import Data, HazelcastSerializationError

RINGBUFFER_PREFIX: Final = "_hz_rb_"

_SPLITS: Final = (TopicOverloadPolicy.BLOCK, TopicOverloadPolicy.DISCARD_OLDEST)


class ReliableTopicOperations(ObjectOperations, Generic[E]):
    """A topic whose messages are kept in a ringbuffer, so that who listens misses none for a while.

    Each listener reads at its own speed, and goes on after a lost connection where it was. The ringbuffer of the
    topic ``name`` is called ``_hz_rb_name``; its configuration in the members says how many messages are kept, and
    how long. None cannot be a message.
    """

    # Read by tools/generate_surfaces.py.
    service_name = "hz:impl:reliableTopicService"

    def __init__(self, context: ClientContext, name: str) -> None:
        super().__init__(context, name)
        register(context.serialization)
        config = context.config.reliable_topics.get(name) or ReliableTopicConfig()
        self._batch_size = config.read_batch_size
        self._policy = config.overload_policy
        self._ringbuffer: RingbufferOperations[Any] = RingbufferOperations(context, RINGBUFFER_PREFIX + name)
        self._runners: dict[str, Runner[E]] = {}

    # --- publishing ----------------------------------------------------------------------------------------

    def publish(self, message: E) -> Flow[None]:
        """Publish ``message``.

        If the ringbuffer is full, and its messages expire but have not, the client's option ``overload_policy`` of
        the topic decides: the oldest message is overwritten, this one is discarded, this waits until there is room
        (which is tried after 0.1 s, and then after twice the time, up to 2 s), or it fails.

        Raises:
            TopicOverloadError: The ringbuffer is full, and the policy is ERROR.

        Source: message ``Ringbuffer.add``.
        """
        return self._publish([self._item(message, "message")])

    def publish_all(self, messages: Sequence[E]) -> Flow[None]:
        """Publish several messages, in their order; see ``publish``.

        With the policies DISCARD_NEWEST and ERROR either all are published or none. With the others, more messages
        than the ringbuffer has room for are published in several steps.

        Raises:
            AssertionError: There are more than 1,000.
            TopicOverloadError: There is not enough room for all, and the policy is ERROR.

        Source: message ``Ringbuffer.addAll``.
        """
        if messages is None:
            raise none_refused("messages", self.name)
        items = [self._item(message, "an item of messages") for message in messages]
        if len(items) > MAX_BATCH_SIZE:
            raise AssertionError(
                f"at most {MAX_BATCH_SIZE} messages can be published to {self.name!r} at a time, not {len(items)}"
            )
        return self._publish(items)

    def _item(self, message: E, what: str) -> Data:
        return self._to_data(ReliableTopicMessage(int(time() * 1000), None, self._value(message, what)))

    def _publish(self, items: list[Data]) -> Flow[None]:
        policy = self._policy
        step = max(len(items), 1)
        if step > 1 and policy in _SPLITS:
            step = min(step, (yield self._ringbuffer.capacity()))
        overwrite = policy is TopicOverloadPolicy.DISCARD_OLDEST
        overflow = OVERFLOW_POLICY_OVERWRITE if overwrite else OVERFLOW_POLICY_FAIL
        for begin in range(0, len(items), step):
            pause = FIRST_PAUSE
            while (yield self._ringbuffer._add(items[begin : begin + step], overflow)) < 0:
                if policy is TopicOverloadPolicy.DISCARD_NEWEST:
                    return
                if policy is TopicOverloadPolicy.ERROR:
                    raise TopicOverloadError(
                        f"the ringbuffer of reliable topic {self.name!r} has no room for {len(items)} messages"
                    )
                yield Sleep(pause)
                pause = longer(pause)

    # --- listening -----------------------------------------------------------------------------------------

    def add_listener(self, listener: ReliableMessageListener[E] | MessageCallback[E]) -> Flow[str]:
        """Add a listener, which gets the messages in their order, one after another.

        ``read_batch_size`` messages are read at a time, and the next ones after the listener has handled these. It
        ends when it is removed, when messages are lost unless it tolerates that, or when it fails and says that this
        is terminal. The log says so, and ``on_cancel`` is called.

        Args:
            listener: A :class:`ReliableMessageListener`, or a function. The function gets the messages that are
                published from now on; it ends when messages are lost, and goes on when it raises an error.

        Returns:
            The registration id, to remove the listener.

        Raises:
            TypeError: ``listener`` is neither; or its initial sequence is not an integer.
            ValueError: The initial sequence is less than -1.

        Source: messages ``Ringbuffer.readMany``, ``Ringbuffer.tailSequence`` and ``Ringbuffer.headSequence``.
        """
        if listener is None:
            raise none_refused("listener", self.name)
        if not isinstance(listener, ReliableMessageListener):
            if not callable(listener):
                raise TypeError(f"listener must be a function or a ReliableMessageListener, not {listener!r}")
            listener = FunctionListener(listener)
        sequence = int64(listener.retrieve_initial_sequence(), "the initial sequence")
        if sequence < -1:
            raise ValueError(f"the initial sequence must be at least -1, not {sequence}")
        return self._listen(listener, sequence)

    def remove_listener(self, registration_id: str) -> Flow[bool]:
        """Remove a listener, after the message that it handles.

        Returns:
            Whether it was registered, and has not ended.
        """
        if registration_id is None:
            raise none_refused("registration_id", self.name)
        return self._remove(registration_id)

    def _listen(self, listener: ReliableMessageListener[E], sequence: int) -> Flow[str]:
        if sequence == -1:
            tail: int = yield self._ringbuffer.tail_sequence()
            sequence = tail + 1
        registration = str(self._context.new_uuid())
        ended = partial(self._runners.pop, registration, None)
        runner: Runner[E] = Runner(self._context, self.name, listener, self._ringbuffer, self._read, ended)
        self._runners[registration] = runner
        yield Acquired(runner.stop)
        runner.start(sequence)
        return registration

    def _remove(self, registration_id: str) -> Flow[bool]:
        runner = self._runners.pop(registration_id, None)
        if runner is not None:
            runner.stop()
        yield []
        return runner is not None

    def _read(self, sequence: int) -> Op[ReadResult[TopicMessage[E]]]:
        request = self._ringbuffer._read_op(sequence, 1, self._batch_size)
        return request.decoded(partial(self._read_messages, sequence))

    def _read_messages(self, sequence: int, message: bytes, read: ReadData) -> ReadResult[TopicMessage[E]]:
        def read_item(message: bytes, start: int, end: int) -> TopicMessage[E]:
            item = read(message, start, end)
            if not isinstance(item, ReliableTopicMessage):
                raise HazelcastSerializationError(f"{item!r} is no message of a reliable topic")
            payload = read(item.payload, 0, len(item.payload))
            return TopicMessage(self.name, payload, item.publish_time, self._member(item.publisher))

        return read_result(sequence, message, read_item)

    def _member(self, address: Address | None) -> MemberInfo | None:
        return next((m for m in self._view.members.members if m.address == address), None)

    # --- the object ----------------------------------------------------------------------------------------

    def _prepare(self) -> Flow[None]:
        yield from self._ringbuffer._prepare()
        yield from super()._prepare()

    def _destroy(self) -> Flow[None]:
        for runner in list(self._runners.values()):
            runner.stop()
        yield from self._ringbuffer._destroy()
        yield from super()._destroy()
