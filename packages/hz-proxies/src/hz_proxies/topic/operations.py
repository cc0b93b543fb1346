"""The operations of a topic, from which its surfaces are generated."""

from collections.abc import Sequence
from functools import partial
from typing import Any, Generic
from uuid import UUID

from hz_core.arguments import int32
from hz_core.context import ClientContext
from hz_core.listener import ListenerSpec
from hz_core.op import Flow, Op
from hz_core.operations import NamedOperations, none_refused
from hz_proxies.codecs import topic as codec
from hz_proxies.events import MessageCallback, TopicMessage
from hz_proxies.pages.operations import PagesOperations
from hz_proxies.topic.messages import MessageSource
from hz_proxies.types import E


class TopicOperations(NamedOperations, Generic[E]):
    """A distributed topic: messages go to all who listen, wherever they are, and are kept nowhere.

    Listeners get the messages of one publisher in their order. Who does not listen when a message is published, or
    whose connection is lost then, misses it; a reliable topic keeps messages for a while. None cannot be a message.
    """

    # Read by tools/generate_surfaces.py.
    service_name = "hz:impl:topicService"

    def __init__(self, context: ClientContext, name: str) -> None:
        super().__init__(context, name)
        self._sources: dict[MessageSource[E], None] = {}

    def publish(self, message: E) -> Op[None]:
        """Publish ``message``. Source: message ``Topic.publish``."""
        return codec.publish(self._partition, self.name, self._value(message, "message"))

    def publish_all(self, messages: Sequence[E]) -> Op[None]:
        """Publish several messages at once, in their order. Members know this since release 4.1.

        Raises:
            UnsupportedOperationError: The member is older.

        Source: message ``Topic.publishAll``.
        """
        data = self._values(messages, "messages")
        return codec.publish_all(self._partition, self.name, data) if data else Op.ready(None)

    def add_listener(self, on_message: MessageCallback[E] | None = None) -> Flow[str]:
        """Add a listener. Its function is called with a :class:`~hz_proxies.events.TopicMessage`.

        Args:
            on_message: Called for each message that is published from now on.

        Returns:
            The registration id, to remove the listener.

        Raises:
            TypeError: ``on_message`` is not callable.

        Source: message ``Topic.addMessageListener``.
        """
        if on_message is not None and not callable(on_message):
            raise TypeError(f"on_message must be a function, not {on_message!r}")
        return self._listen(on_message)

    def remove_listener(self, registration_id: str) -> Flow[bool]:
        """Remove a listener.

        Returns:
            Whether it was registered.

        Source: message ``Topic.removeMessageListener``.
        """
        if registration_id is None:
            raise none_refused("registration_id", self.name)
        return self._context.remove_listener(registration_id)

    def messages(self, max_waiting: int = 10_000) -> PagesOperations[TopicMessage[E]]:
        """Iterate over the messages that are published from now on; the iterator waits for each.

        Listening begins at once, in the background. Close the iterator to end it.

        Args:
            max_waiting: How many messages may wait for a slow iteration. When there are more, the oldest ones are
                dropped, and the log says so.

        Raises:
            TypeError, ValueError: ``max_waiting`` is not a positive integer.

        Source: message ``Topic.addMessageListener``.
        """
        most = int32(max_waiting, "max_waiting", 1)
        source: MessageSource[E] = MessageSource(self._context, self.name, most, self._listen, self._forget)
        self._sources[source] = None
        source.start()
        return PagesOperations(self._context, source)

    def _listen(self, on_message: MessageCallback[E] | None) -> Flow[str]:
        def on_event(event: Any) -> None:
            if on_message is not None:
                publisher = self._view.members.by_uuid.get(event.uuid)
                on_message(TopicMessage(self.name, event.item, event.publish_time, publisher))

        add = partial(codec.add_message_listener, self.name)
        return self._add_listener(ListenerSpec(add, self._deregistration, on_event))

    def _deregistration(self, registration_id: UUID) -> Op[bool]:
        return codec.remove_message_listener(self.name, registration_id)

    def _forget(self, source: MessageSource[E]) -> None:
        self._sources.pop(source, None)

    def _destroy(self) -> Flow[None]:
        for source in list(self._sources):
            yield from source.end()
        yield from super()._destroy()
