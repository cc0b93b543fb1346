"""The operations that queues, lists and sets have in common."""

from collections.abc import Iterable
from functools import partial
from typing import ClassVar, Generic, Protocol
from uuid import UUID

from hz_core.op import Flow, Op
from hz_core.operations import NamedOperations, none_refused
from hz_proxies.events import ItemCallback
from hz_proxies.item_listeners import item_listener
from hz_proxies.types import E
from hz_serialization import Data


class CollectionCodec(Protocol):
    """The functions that the codecs of queues, lists and sets have in common. The modules themselves implement it."""

    def size(self, partition_id: int, name: str, /) -> Op[int]:
        """Return the operation ``size``."""
        ...

    def is_empty(self, partition_id: int, name: str, /) -> Op[bool]:
        """Return the operation ``isEmpty``."""
        ...

    def clear(self, partition_id: int, name: str, /) -> Op[None]:
        """Return the operation ``clear``."""
        ...

    def contains(self, partition_id: int, name: str, value: Data, /) -> Op[bool]:
        """Return the operation ``contains``."""
        ...

    def remove(self, partition_id: int, name: str, value: Data, /) -> Op[bool]:
        """Return the operation ``remove``."""
        ...

    def add_all(self, partition_id: int, name: str, values: Iterable[Data], /) -> Op[bool]:
        """Return the operation ``addAll``."""
        ...

    def contains_all(self, partition_id: int, name: str, values: Iterable[Data], /) -> Op[bool]:
        """Return the operation ``containsAll``."""
        ...

    def compare_and_remove_all(self, partition_id: int, name: str, values: Iterable[Data], /) -> Op[bool]:
        """Return the operation ``compareAndRemoveAll``."""
        ...

    def compare_and_retain_all(self, partition_id: int, name: str, values: Iterable[Data], /) -> Op[bool]:
        """Return the operation ``compareAndRetainAll``."""
        ...

    def add_listener(self, name: str, include_value: bool, local_only: bool, /) -> Op[UUID]:
        """Return the operation ``addListener``."""
        ...

    def remove_listener(self, name: str, registration_id: UUID, /) -> Op[bool]:
        """Return the operation ``removeListener``."""
        ...


class CollectionOperations(NamedOperations, Generic[E]):
    """Operations of a collection of items, which is stored in one partition.

    In the documentation, ``{Name}`` and ``{name}`` stand for the structure; ``tools/generate_surfaces.py`` fills them.
    """

    _codec: ClassVar[CollectionCodec]
    _added_nothing: ClassVar[bool] = False
    """What members say when no items are added."""

    # --- items ---------------------------------------------------------------------------------------------

    def contains(self, item: E) -> Op[bool]:
        """Return whether ``item`` is in the {name}. Source: message ``{Name}.contains``."""
        return self._codec.contains(self._partition, self.name, self._value(item, "item"))

    def remove(self, item: E) -> Op[bool]:
        """Remove ``item``: its first occurrence, where there may be several.

        Returns:
            Whether the {name} contained the item.

        Source: message ``{Name}.remove``.
        """
        return self._codec.remove(self._partition, self.name, self._value(item, "item"))

    def add_all(self, items: Iterable[E]) -> Op[bool]:
        """Add all ``items``: at the end, where there is an order.

        Returns:
            Whether the {name} has changed. A queue always says True.

        Raises:
            IllegalStateError: A queue has not enough room for all of them; none is added.

        Source: message ``{Name}.addAll``.
        """
        data = self._values(items, "items")
        if not data:
            return Op.ready(self._added_nothing)
        return self._codec.add_all(self._partition, self.name, data)

    def contains_all(self, items: Iterable[E]) -> Op[bool]:
        """Return whether all ``items`` are in the {name}. Source: message ``{Name}.containsAll``."""
        data = self._values(items, "items")
        return self._codec.contains_all(self._partition, self.name, data) if data else Op.ready(True)

    def remove_all(self, items: Iterable[E]) -> Op[bool]:
        """Remove all occurrences of ``items``.

        Returns:
            Whether the {name} has changed.

        Source: message ``{Name}.compareAndRemoveAll``.
        """
        data = self._values(items, "items")
        return (
            self._codec.compare_and_remove_all(self._partition, self.name, data) if data else Op.ready(False)
        )

    def retain_all(self, items: Iterable[E]) -> Op[bool]:
        """Remove all items except ``items``.

        Returns:
            Whether the {name} has changed.

        Source: message ``{Name}.compareAndRetainAll``.
        """
        return self._codec.compare_and_retain_all(self._partition, self.name, self._values(items, "items"))

    # --- the whole collection ------------------------------------------------------------------------------

    def size(self) -> Op[int]:
        """Return the number of items. Source: message ``{Name}.size``."""
        return self._codec.size(self._partition, self.name)

    def is_empty(self) -> Op[bool]:
        """Return whether the {name} is empty. Source: message ``{Name}.isEmpty``."""
        return self._codec.is_empty(self._partition, self.name)

    def clear(self) -> Op[None]:
        """Remove all items. Source: message ``{Name}.clear``."""
        return self._codec.clear(self._partition, self.name)

    # --- listeners -----------------------------------------------------------------------------------------

    def add_listener(
        self,
        include_value: bool = False,
        item_added_func: ItemCallback[E] | None = None,
        item_removed_func: ItemCallback[E] | None = None,
    ) -> Flow[str]:
        """Add a listener for item events. The functions are called with an :class:`~hz_proxies.events.ItemEvent`.

        Args:
            include_value: Whether events contain the items.
            item_added_func: Called for added items.
            item_removed_func: Called for removed items.

        Returns:
            The registration id, to remove the listener.

        Raises:
            ValueError: Both functions are None.

        Source: message ``{Name}.addListener``.
        """
        add = partial(self._codec.add_listener, self.name, include_value)
        remove = partial(self._codec.remove_listener, self.name)
        return self._add_listener(item_listener(self.name, item_added_func, item_removed_func, add, remove))

    def remove_listener(self, registration_id: str) -> Flow[bool]:
        """Remove a listener.

        Returns:
            Whether it was registered.

        Source: message ``{Name}.removeListener``.
        """
        if registration_id is None:
            raise none_refused("registration_id", self.name)
        return self._context.remove_listener(registration_id)
