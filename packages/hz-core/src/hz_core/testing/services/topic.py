"""Topics, which keep no messages."""

from collections.abc import Callable
from typing import Any

from hz_core.testing.members import Listener, Request, Service, serves


@serves("Topic")
class TopicService(Service):
    """Messages of the service ``Topic``."""

    service_name = "hz:impl:topicService"

    def publish(self, request: Request) -> None:
        """Tell the listeners of a message."""
        self._publish(request, [request["message"]])

    def publish_all(self, request: Request) -> None:
        """Tell the listeners of several messages."""
        self._publish(request, request["messages"])

    def _publish(self, request: Request, messages: list[bytes]) -> None:
        time = int(self.cluster.clock.now() * 1000)
        member = request.member
        for message in messages:
            event = (message, time, member.uuid)
            self.cluster.publish(member, self.name, request["name"], _same(event), request.partition_id)
        request.reply()

    # --- listeners ---

    def add_message_listener(self, request: Request) -> None:
        """Tell of messages that are published from now on."""
        registration = self.cluster.new_uuid()
        request.session.listeners[registration] = Listener(
            self.name,
            request["name"],
            request.correlation_id,
            f"{request.method} event Topic",
            local_only=request["localOnly"],
        )
        request.reply(registration)

    def remove_message_listener(self, request: Request) -> None:
        """Tell of messages no more."""
        request.reply(request.member.remove_listener(request["registrationId"]))


def _same(event: tuple[Any, ...]) -> Callable[[Listener], tuple[Any, ...]]:
    return lambda listener: event
