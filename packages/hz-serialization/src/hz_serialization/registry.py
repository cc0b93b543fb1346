"""The registry of writers by Python class and readers by type id."""

from __future__ import annotations

from _thread import RLock
from collections.abc import Callable
from enum import Enum
from typing import Any, Protocol, runtime_checkable

from hz_serialization import type_ids
from hz_serialization.errors import HazelcastSerializationError
from hz_serialization.layout import Layout
from hz_serialization.problems import UnserializableError, damaged
from hz_serialization.public_names import publish

Scalar = Callable[[Any], bytes]
"""Returns type id and payload of a value that holds no other values, as written inside another object."""
Writer = Callable[[bytearray, Any, int], None]
"""``(out, value, depth)``: appends type id and payload, both in the payload's byte order. ``out`` begins
with the first byte of the ``Data``, so that its length is the absolute position that Portable needs."""
Reader = Callable[[bytes, int, int], "tuple[Any, int]"]
"""``(data, position, depth)``: returns the value whose payload begins there and the position after it. ``data`` is
one whole ``Data``, with its header and nothing after it."""


class Format(Protocol):
    """A serialization format, such as IdentifiedDataSerializable, Portable and Compact."""

    @property
    def type_id(self) -> int:
        """Return the type id of its objects."""

    def matches(self, cls: type) -> bool:
        """Return whether this format writes instances of ``cls``."""

    def write(self, out: bytearray, value: Any, depth: int) -> None:
        """Append the payload, without the type id."""

    def read(self, data: bytes, pos: int, depth: int) -> tuple[Any, int]:
        """Read the payload at ``pos``, and return the value and the position after it."""


@runtime_checkable
class FormatByClass(Format, Protocol):
    """A format that has a writer of payloads for each class, so that it is looked up once."""

    def writer_of(self, cls: type) -> Writer:
        """Return the writer of payloads for instances of ``cls``, which ``matches``."""


@runtime_checkable
class FormatWithEncoders(Format, Protocol):
    """A format with fast encoders of whole ``Data``."""

    def encoder_of(self, cls: type) -> Callable[[Any], bytes] | None:
        """Return the fast encoder of whole ``Data`` for ``cls``, which ``matches``; ``None`` if there is none."""


class Readers(dict[int, Reader]):
    """Readers by type id; a missing one is looked for among what was not added so far.

    Args:
        complete: Adds that.
    """

    def __init__(self, complete: Callable[[], None]) -> None:
        super().__init__()
        self._complete = complete

    def __missing__(self, type_id: int) -> Reader:
        self._complete()
        reader = self.get(type_id)
        if reader is None:
            raise damaged(type_ids.describe_missing(type_id))
        return reader


class Writers(dict[type, Writer]):
    """Writers by exact class; a class seen for the first time is resolved and remembered."""

    def __init__(self, resolve: Callable[[type], Writer]) -> None:
        super().__init__()
        self._resolve = resolve

    def __missing__(self, cls: type) -> Writer:
        writer = self._resolve(cls)
        self[cls] = writer
        return writer


class Registry:
    """The serializers of one service, in their order of priority.

    The first of these that knows a class writes it:

    1. a format: Compact for the classes that are registered for it, IdentifiedDataSerializable, Portable;
    2. the basic types: None, bool, int, float, str, bytearray, JSON, and lists of one of them;
    3. a custom serializer of the user;
    4. the global serializer;
    5. the further types that Java knows: bytes, dict, set, tuple, mixed lists, dates, UUID, Decimal, arrays;
    6. pickle, where it is allowed.

    Within 2 and 3, and within 5, the first class in the method resolution order decides, so that a custom
    serializer for a subclass of ``int`` is used for it although ``int`` itself cannot be overridden.

    Members of an ``Enum`` are not basic values even if they are derived from ``int`` or ``str``: they would be read
    back as plain numbers and texts, although nobody has chosen that.

    Args:
        layout: Byte order of payloads.
        later: Adds everything that is not there from the start, when it is needed for the first time: none of it may
            be about a class that was added before.
    """

    def __init__(self, layout: Layout, later: Callable[[], None] | None = None) -> None:
        self.layout = layout
        self._later = later
        self._completing = RLock()
        self.readers: Readers = Readers(self.complete)
        self.scalars: dict[type, Scalar] = {}
        """Only exact basic classes: the fast path for items of containers."""
        self.writers: Writers = Writers(self._resolve)
        self.formats: list[Format] = []
        self.basic: dict[type, Writer] = {}
        self.custom: dict[type, Writer] = {}
        self.global_writer: Writer | None = None
        self.further: dict[type, Writer] = {}
        self.finders: list[Callable[[type], Writer | None]] = []
        """Asked after ``further``, for classes of packages that may not be installed."""
        self.fallback: Writer | None = None
        self.writes_portables: bool = False
        """Whether a Portable was ever written, whose bytes depend on where in the ``Data`` it stands."""

    def complete(self) -> None:
        """Add what was not added so far. Callable from any thread; all wait for the one that does it."""
        with self._completing:
            later, self._later = self._later, None
            if later is None:
                return
            before = set(self.readers)
            try:
                later()
            except BaseException:
                # Interrupted by a signal, for example: it will be done again, as if nothing had been done.
                self.formats.clear()
                for type_id in self.readers.keys() - before:
                    del self.readers[type_id]
                self._later = later
                raise

    def add_format(self, format_: Format) -> None:
        """Add a format, after those that are there already.

        Raises:
            HazelcastSerializationError: Its type id is taken.
        """
        self.add_reader(format_.type_id, format_.read)
        self.formats.append(format_)
        self.writers.clear()

    def add_reader(self, type_id: int, reader: Reader) -> None:
        """Register the reader of a type id.

        Raises:
            HazelcastSerializationError: The id has another reader already.
        """
        if type_id in self.readers:
            raise HazelcastSerializationError(
                f"Type id {type_id} has a serializer already; give each serializer an id of its own"
            )
        self.readers[type_id] = reader

    def add_scalar(self, cls: type, scalar: Scalar, *, further: bool = False) -> None:
        """Register a class whose values hold no other values."""

        def write_scalar(out: bytearray, value: Any, depth: int) -> None:
            out += scalar(value)

        if further:
            self.further[cls] = write_scalar
        else:
            self.scalars[cls] = scalar
            self.basic[cls] = write_scalar

    def add_custom(self, cls: type, writer: Writer) -> None:
        """Register the user's serializer for a class and those derived from it.

        Raises:
            HazelcastSerializationError: The class is basic or has one already.
        """
        if cls in self.basic and cls is not list:
            raise HazelcastSerializationError(
                f"A custom serializer cannot replace that of {cls.__name__}; derive a class from it"
            )
        self.custom[cls] = writer
        self.writers.clear()

    def encoder_of(self, cls: type) -> Callable[[Any], bytes] | None:
        """Return the fast encoder of whole ``Data`` for ``cls``, if its format has one."""
        for format_ in self.formats:
            if format_.matches(cls):
                return format_.encoder_of(cls) if isinstance(format_, FormatWithEncoders) else None
        return None

    def _resolve(self, cls: type) -> Writer:
        if cls not in self.basic and cls not in self.further:
            self.complete()
        for format_ in self.formats:
            if format_.matches(cls):
                self.writes_portables |= format_.type_id == type_ids.PORTABLE
                return _format_writer(format_, self.layout, cls)
        is_enum = issubclass(cls, Enum)
        for base in cls.__mro__:
            writer = self.custom.get(base) or (None if is_enum else self.basic.get(base))
            if writer is not None:
                return writer
        if self.global_writer is not None:
            return self.global_writer
        if is_enum:
            return self.fallback or _refuse_enum
        return self._further_writer(cls) or self.fallback or _refuse

    def _further_writer(self, cls: type) -> Writer | None:
        for base in cls.__mro__:
            writer = self.further.get(base)
            if writer is not None:
                return writer
        for find in self.finders:
            writer = find(cls)
            if writer is not None:
                return writer
        return None


def _format_writer(format_: Format, layout: Layout, cls: type) -> Writer:
    type_id = layout.type_id(format_.type_id)
    write = format_.writer_of(cls) if isinstance(format_, FormatByClass) else format_.write

    def write_object(out: bytearray, value: Any, depth: int) -> None:
        out += type_id
        write(out, value, depth)

    return write_object


def _refuse(out: bytearray, value: Any, depth: int) -> None:
    raise UnserializableError(
        type(value),
        "no serializer takes this type; add one to custom_serializers, derive the class from "
        "IdentifiedDataSerializable, set a global_serializer, store HazelcastJsonValue(...) instead, "
        "or allow pickle by pickle_policy",
    )


def _refuse_enum(out: bytearray, value: Any, depth: int) -> None:
    raise UnserializableError(
        type(value),
        "an enum member would come back as something else; store its .value or .name, or add a serializer of "
        "its class to custom_serializers, or allow pickle by pickle_policy",
    )


publish("hz_serialization", (Format,))
