"""What queues, lists and sets have in common: items, and listeners for them."""

from abc import abstractmethod
from collections.abc import Callable, Iterable, MutableSequence
from typing import Final

from hz_core.testing.members import Listener, Request, Service

ADDED: Final = 1
REMOVED: Final = 2


class ItemsService(Service):
    """Messages that the services of queues, lists and sets have in common.

    The parameters of the same message have other names in each, so they are taken by position: the name of the
    structure is the first, an item or a list of items the second.
    """

    @abstractmethod
    def items(self, name: str) -> MutableSequence[bytes]:
        """Return the items of a structure; it begins empty."""

    def changed(self, name: str) -> None:
        """Note that items were removed."""

    # --- looking ---

    def size(self, request: Request) -> None:
        """Reply the number of items."""
        request.reply(len(self.items(request["name"])))

    def is_empty(self, request: Request) -> None:
        """Reply whether there is no item."""
        request.reply(not self.items(request["name"]))

    def contains(self, request: Request) -> None:
        """Reply whether an item is there."""
        request.reply(request.values[1] in self.items(request["name"]))

    def contains_all(self, request: Request) -> None:
        """Reply whether all of the given items are there."""
        items = self.items(request["name"])
        request.reply(all(value in items for value in request.values[1]))

    def get_all(self, request: Request) -> None:
        """Reply all items."""
        request.reply(list(self.items(request["name"])))

    # --- removing ---

    def remove(self, request: Request) -> None:
        """Remove an item; reply whether it was there."""
        value = request.values[1]
        request.reply_write(bool(self.remove_where(request, lambda item: item == value, at_most=1)))

    def compare_and_remove_all(self, request: Request) -> None:
        """Remove all items that are among the given ones; reply whether there was any."""
        unwanted = request.values[1]
        request.reply_write(bool(self.remove_where(request, lambda item: item in unwanted)))

    def compare_and_retain_all(self, request: Request) -> None:
        """Remove all items that are not among the given ones; reply whether there was any."""
        wanted = request.values[1]
        request.reply_write(bool(self.remove_where(request, lambda item: item not in wanted)))

    def clear(self, request: Request) -> None:
        """Remove all items."""
        self.remove_where(request, lambda item: True)
        request.reply_write()

    # --- listeners ---

    def add_listener(self, request: Request) -> None:
        """Tell of items that are added or removed from now on."""
        registration = self.cluster.new_uuid()
        request.session.listeners[registration] = Listener(
            self.name,
            request["name"],
            request.correlation_id,
            f"{request.method} event Item",
            include_value=request["includeValue"],
            local_only=request["localOnly"],
        )
        request.reply(registration)

    def remove_listener(self, request: Request) -> None:
        """Tell of items no more."""
        request.reply(request.member.remove_listener(request["registrationId"]))

    # --- parts ---

    def remove_where(
        self, request: Request, wanted: Callable[[bytes], bool], at_most: int | None = None
    ) -> list[bytes]:
        """Remove the items that are wanted, up to so many, and return them."""
        items = self.items(request["name"])
        removed: list[bytes] = []
        kept: list[bytes] = []
        for item in items:
            remove = wanted(item) and (at_most is None or len(removed) < at_most)
            (removed if remove else kept).append(item)
        items.clear()
        items.extend(kept)
        self.publish(request["name"], removed, REMOVED)
        self.changed(request["name"])
        return removed

    def publish(self, name: str, items: Iterable[bytes | None], event_type: int) -> None:
        """Tell listeners of items that were added or removed."""
        partition = self.cluster.partition_of_name(name)
        member = self.cluster.owner(partition)

        def event(item: bytes | None) -> Callable[[Listener], tuple[object, ...]]:
            return lambda listener: (item if listener.include_value else None, member.uuid, event_type)

        for item in items:
            self.cluster.publish(member, self.name, name, event(item), partition)
