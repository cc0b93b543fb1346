"""What users derive their Compact serializers from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

from hz_serialization.compact.api import CompactReader, CompactWriter

T = TypeVar("T")


class CompactSerializer(ABC, Generic[T]):
    """Writes and reads the fields of one class by name, so that members query them without its code.

    Registered by ``compact_serializers``.
    """

    @abstractmethod
    def read(self, reader: CompactReader) -> T:
        """Makes an object of the fields.

        Args:
            reader: Gives the fields of the version of the type that was written.
        """

    @abstractmethod
    def write(self, writer: CompactWriter, obj: T) -> None:
        """Writes the fields of ``obj``; each object the same ones.

        Args:
            writer: Takes the fields.
            obj: An object of ``get_class()``.
        """

    @abstractmethod
    def get_class(self) -> type[T]:
        """The class whose objects this takes; not those of classes derived from it."""

    @abstractmethod
    def get_type_name(self) -> str:
        """Name of the type, the same in all clients and members."""
