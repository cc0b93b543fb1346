"""The base class of Compact serializers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

from hz_serialization.compact.api import CompactReader, CompactWriter

T = TypeVar("T")


class CompactSerializer(ABC, Generic[T]):
    """Writer and reader of the fields of one class by name, so that members query them without its code.

    Registered by ``compact_serializers``.
    """

    @abstractmethod
    def read(self, reader: CompactReader) -> T:
        """Make an object from the fields.

        Args:
            reader: Reads the fields of the version of the type that was written.
        """

    @abstractmethod
    def write(self, writer: CompactWriter, obj: T) -> None:
        """Write the fields of ``obj``; every object must write the same ones.

        Args:
            writer: Takes the fields.
            obj: An object of ``get_class()``.
        """

    @abstractmethod
    def get_class(self) -> type[T]:
        """Return the class whose objects this writes; it does not write those of subclasses."""

    @abstractmethod
    def get_type_name(self) -> str:
        """Return the name of the type, the same in all clients and members."""
