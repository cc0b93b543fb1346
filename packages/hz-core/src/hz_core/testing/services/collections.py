"""Lists and sets."""

from collections.abc import Iterable

from hz_core.testing import codes
from hz_core.testing.members import MemberError, Request, SimulatedCluster, serves
from hz_core.testing.services.items import ADDED, REMOVED, ItemsService


class _CollectionService(ItemsService):
    """What lists and sets have in common.

    Attributes:
        capacity: How many items have room, by the name of the structure; any number, if it is not in there.
    """

    def __init__(self, cluster: SimulatedCluster) -> None:
        super().__init__(cluster)
        self._collections: dict[str, list[bytes]] = {}
        self.capacity: dict[str, int] = {}

    def items(self, name: str) -> list[bytes]:
        """Return the items of a list or set; it begins empty."""
        return self._collections.setdefault(name, [])

    def destroy(self, name: str) -> None:
        """Forget a list or set."""
        self._collections.pop(name, None)

    def reset(self) -> None:
        """Forget all lists or sets."""
        self._collections.clear()

    def add(self, request: Request) -> None:
        """Add an item; reply whether it was added."""
        request.reply_write(self.insert(request["name"], None, [request["value"]]))

    def add_all(self, request: Request) -> None:
        """Add items; reply whether any was added."""
        request.reply_write(self.insert(request["name"], None, request["valueList"]))

    def insert(self, name: str, index: int | None, values: Iterable[bytes]) -> bool:
        """Insert what may be inserted; return whether there was anything.

        Args:
            name: Name of the list or set.
            index: Where to insert; None for the end.
            values: The items.
        """
        items, added = self.items(name), self.wanted(name, values)
        if not added or len(items) + len(added) > self.capacity.get(name, len(items) + len(added)):
            return False
        place = len(items) if index is None else index
        items[place:place] = added
        self.publish(name, added, ADDED)
        return True

    def wanted(self, name: str, values: Iterable[bytes]) -> list[bytes]:
        """Return those of the items that may be added."""
        return list(values)


@serves("Set")
class SetService(_CollectionService):
    """Messages of the service ``Set``."""

    service_name = "hz:impl:setService"

    def wanted(self, name: str, values: Iterable[bytes]) -> list[bytes]:
        """Return those of the items that are not there."""
        items = self.items(name)
        return [value for value in dict.fromkeys(values) if value not in items]


@serves("List")
class ListService(_CollectionService):
    """Messages of the service ``List``."""

    service_name = "hz:impl:listService"

    def add_with_index(self, request: Request) -> None:
        """Insert an item."""
        self.insert(request["name"], self._place(request, 1), [request["value"]])
        request.reply_write()

    def add_all_with_index(self, request: Request) -> None:
        """Insert items; reply whether they were inserted."""
        request.reply_write(self.insert(request["name"], self._place(request, 1), request["valueList"]))

    def set(self, request: Request) -> None:
        """Replace an item and reply the previous one."""
        items, place, value = self.items(request["name"]), self._place(request), request["value"]
        before, items[place] = items[place], value
        self.publish(request["name"], [before], REMOVED)
        self.publish(request["name"], [value], ADDED)
        request.reply_write(before)

    def remove_with_index(self, request: Request) -> None:
        """Remove an item and reply it."""
        item = self.items(request["name"]).pop(self._place(request))
        self.publish(request["name"], [None], REMOVED)  # real members leave it out, too
        request.reply_write(item)

    def get(self, request: Request) -> None:
        """Reply an item."""
        request.reply(self.items(request["name"])[self._place(request)])

    def index_of(self, request: Request) -> None:
        """Reply the index of the first occurrence of an item, -1 if there is none."""
        items, value = self.items(request["name"]), request["value"]
        request.reply(items.index(value) if value in items else -1)

    def last_index_of(self, request: Request) -> None:
        """Reply the index of the last occurrence of an item, -1 if there is none."""
        items, value = self.items(request["name"])[::-1], request["value"]
        request.reply(len(items) - 1 - items.index(value) if value in items else -1)

    def iterator(self, request: Request) -> None:
        """Reply all items."""
        self.get_all(request)

    def list_iterator(self, request: Request) -> None:
        """Reply the items from an index on."""
        items, start = self.items(request["name"]), request["index"]
        if start > len(items):
            raise MemberError(codes.ILLEGAL_ARGUMENT, f"fromIndex({start}) > toIndex({len(items)})")
        request.reply(items[start:])

    def sub(self, request: Request) -> None:
        """Reply the items between two indexes."""
        items, start, end = self.items(request["name"]), request["from"], request["to"]
        if not 0 <= start <= end <= len(items):
            raise MemberError(codes.INDEX_OUT_OF_BOUNDS, f"fromIndex {start}, toIndex {end}")
        request.reply(items[start:end])

    def _place(self, request: Request, behind: int = 0) -> int:
        """Return the index of a request, which may lie so many places behind the last item."""
        index: int = request["index"]
        if not 0 <= index < len(self.items(request["name"])) + behind:
            raise MemberError(codes.INDEX_OUT_OF_BOUNDS, f"Index: {index}")
        return index
