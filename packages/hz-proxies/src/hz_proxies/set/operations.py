"""Operations of a set, from which its surfaces are generated."""

from typing import ClassVar, Generic

from hz_core.op import Op
from hz_proxies.codecs import set as codec
from hz_proxies.collection import CollectionCodec, CollectionOperations
from hz_proxies.types import E


class SetOperations(CollectionOperations[E], Generic[E]):
    """A distributed set, stored in one partition: no item is in it twice.

    Items are stored and compared in serialized form, so 1 and 1.0 are two items. None cannot be an item.
    """

    # Read by tools/generate_surfaces.py.
    service_name = "hz:impl:setService"
    blocking_base = "hz_proxies.set.collections.BlockingSetInterface"
    asyncio_base = "hz_proxies.set.collections.AsyncioSetInterface"

    _codec: ClassVar[CollectionCodec] = codec

    def add(self, item: E) -> Op[bool]:
        """Add ``item`` if it is not in the set.

        Returns:
            Whether it was added. False also if the set is full, where its size is limited.

        Source: message ``Set.add``.
        """
        return codec.add(self._partition, self.name, self._value(item, "item"))

    def get_all(self) -> Op[list[E]]:
        """Return all items, in no particular order. Source: message ``Set.getAll``."""
        return codec.get_all(self._partition, self.name)
