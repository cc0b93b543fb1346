"""Many texts at once, as items of lists: in functions written in C, instead of some steps for each text.

They are the pure versions of ``read_texts`` and ``write_texts`` of ``hz-speedups``: they take the leading items that
are texts, and leave the rest, and everything that is not as it should be, to the loops over items.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import chain
from typing import Any, Final

from hz_serialization import type_ids
from hz_serialization.layout import Layout
from hz_serialization.speedups import compiled

_calls: Any = compiled("_calls")

_FEW: Final = 8
"""For fewer texts than this, the preparations take longer than the loop."""

_ROOM: Final = 32
"""So many bytes are looked at for each text that is missing, so that the time is that of what is read."""

_SHORT: Final = 256
_PLAIN: Final = (list, tuple)
_TEXTS: Final = {str}

TextsWriter = Callable[[bytearray, Any], int]
"""``(out, items)``: appends the leading items that are texts, and returns how many these were."""

TextsReader = Callable[[bytes, int, int], "tuple[list[Any], int]"]
"""``(data, position, count)``: returns the leading texts of so many items, and the position after them."""


class _Heads(dict[int, bytes]):
    """What is before a text, by its size in bytes; that of a short one is made once."""

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        self._pack = layout.ii.pack

    def __missing__(self, size: int) -> bytes:
        head = self._pack(type_ids.STRING, size)
        if size < _SHORT:
            self[size] = head
        return head


class _Sizes(dict[int, str]):
    """The bytes of a size, by the length of a part that begins with them; that of a short one is made once."""

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        self._pack = layout.i.pack

    def __missing__(self, length: int) -> str:
        # A part that is shorter than a size begins with nothing that is returned here.
        size = self._pack(length - 4).decode("latin-1") if length >= 4 else "no size"
        if length < _SHORT:
            self[length] = size
        return size


def texts_writer(layout: Layout, scalars: dict[type, Any]) -> TextsWriter:
    """Return what writes texts in this byte order.

    Args:
        layout: The byte order.
        scalars: The writers of basic values, of which the compiled version takes that of texts.
    """
    if _calls is not None:
        return partial(_calls.write_texts, scalars=scalars)
    head = _Heads(layout).__getitem__

    def write_texts(out: bytearray, items: Any) -> int:
        if len(items) < _FEW or type(items) not in _PLAIN:
            return 0
        items = [*items]  # which nobody else changes
        if {*map(type, items[:1])} != _TEXTS or {*map(type, items)} != _TEXTS:
            return 0
        try:
            texts = [*map(str.encode, items)]
            heads = [*map(head, map(len, texts))]
        except Exception:
            return 0  # the loop names the item
        out += b"".join(chain.from_iterable(zip(heads, texts, strict=True)))
        return len(texts)

    return write_texts


def texts_reader(layout: Layout) -> TextsReader:
    """Return what reads texts in this byte order."""
    if _calls is not None:
        return partial(_calls.read_texts, is_big_endian=layout.is_big_endian, type_id=type_ids.STRING)
    # As text of one byte for each character, which is split and cut in one step, where bytes would need two.
    first = layout.type_id(type_ids.STRING)
    mark = first.decode("latin-1")
    sizes = _Sizes(layout).__getitem__
    unpack = layout.i.unpack_from

    def read_texts(data: bytes, pos: int, count: int) -> tuple[list[Any], int]:
        items: list[Any] = []
        while count >= _FEW and data.startswith(first, pos):
            if not data.startswith(first, pos + 8 + unpack(data, pos + 4)[0]):
                break  # not two texts, as in a map of numbers
            # The last one may be incomplete, and what follows the others may be a part of a text, of which no byte
            # is one of the mark. So each part between two marks has to be as long as its first four bytes say.
            block = data[pos : pos + _ROOM * count].decode("latin-1")
            parts = block.split(mark, count)
            taken = len(block) - len(parts.pop()) - len(mark)
            if len(parts) < _FEW or parts[0]:
                break
            del parts[0]
            texts = [*map(str.removeprefix, parts, map(sizes, map(len, parts)))]
            joined = "".join(texts)
            if len(joined) != taken - 8 * len(texts):
                break  # a size is another one
            try:
                if not joined.isascii():
                    texts = [text.encode("latin-1").decode() for text in texts]
            except UnicodeDecodeError:
                break
            items += texts
            pos += taken
            count -= len(texts)
        return items, pos

    return read_texts
