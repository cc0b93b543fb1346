"""Pickles of listed types only, in a module of its own that is imported only if ``pickle_policy`` is a list."""

from __future__ import annotations

import _compat_pickle
import copyreg
import io
import pickle
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Collection
from enum import Enum
from typing import Any, ClassVar, Final, NoReturn

from hz_serialization.errors import HazelcastSerializationError
from hz_serialization.pickle_codec import not_pickled
from hz_serialization.problems import MAX_DEPTH, UnserializableError, damaged, type_name

Key = tuple[str, str]
"""Module and qualified name."""
_PLAIN: Final = (
    object, bool, int, float, complex, str, bytes, bytearray, list, tuple, dict, set, frozenset,
    Counter, OrderedDict, defaultdict, deque,
)  # fmt: skip
"""Values and containers that hold no code; they need not be listed."""
_SIZED_BY_A_NUMBER: Final = (bytes, bytearray)
"""Called with a number, these make that many bytes: a short pickle could use up all memory."""

_INTERPRETER: Final[Any] = pickle._Unpickler
_COPIERS: Final = tuple(cls for cls in _PLAIN if cls is not object)
_TUPLES: Final = (pickle.TUPLE, pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3)
_NEVER_WRITTEN: Final = (pickle.INST, pickle.OBJ, pickle.EXT1, pickle.EXT2, pickle.EXT4)
"""By the pickle module of Python 3, unless the extension registry of copyreg is filled."""


def _key(cls: Callable[..., Any]) -> Key:
    return cls.__module__, cls.__qualname__


def _encode(text: str, encoding: str) -> bytes:
    """Replace ``_codecs.encode``, by which protocols before 3 write bytes."""
    if encoding not in ("latin1", "latin-1"):
        raise damaged(f"it is a pickle that encodes a text by {encoding!r}")
    return text.encode("latin-1")


def _member(cls: Any, name: str) -> Any:
    """Replace ``getattr``, by which newer Pythons write the members of an Enum."""
    if isinstance(cls, type) and issubclass(cls, Enum) and name in cls.__members__:
        return cls[name]
    raise damaged(f"it is a pickle that takes the attribute {name!r} of something other than an Enum")


def _rebuild(cls: Any, base: Any, state: Any) -> Any:
    """Replace ``copyreg._reconstructor``, by which protocols before 2 write objects."""
    if not (isinstance(cls, type) and isinstance(base, type)):
        raise damaged("it is a pickle that makes an object of something other than a class")
    _check_call(base, () if base is object else (state,))
    return copyreg._reconstructor(cls, base, state)  # type: ignore[attr-defined]  # typeshed leaves it out


_STANDS_FOR: Final[dict[Key, Callable[..., Any]]] = {
    ("_codecs", "encode"): _encode,
    ("builtins", "getattr"): _member,
    ("copyreg", "_reconstructor"): _rebuild,
}


def _check_call(cls: Any, args: Any) -> None:
    if isinstance(cls, type) and issubclass(cls, _SIZED_BY_A_NUMBER):
        if args and isinstance(args[0], int):
            raise damaged(f"it is a pickle that wants {args[0]} bytes without giving them")
    elif not isinstance(cls, type) and cls not in _STANDS_FOR.values():
        raise damaged("it is a pickle that calls something other than a class")


class ListedPickles:
    """Writer and reader of pickles that contain only listed types, plain values and containers.

    Args:
        types: The listed types. Their constructors and ``__setstate__`` are called with arguments from the pickle.
    """

    def __init__(self, types: Collection[type]) -> None:
        self.allowed: dict[Key, type] = {_key(cls): cls for cls in (*_PLAIN, *types)}

    def dumps(self, value: Any) -> bytes:
        """Return the value as a pickle of the newest protocol.

        Raises:
            UnserializableError: It, or something in it, is of a type that is not listed, or cannot be pickled.
        """
        out = io.BytesIO()
        try:
            _ListedPickler(out, self.allowed).dump(value)
        except UnserializableError:
            raise
        except Exception as error:
            raise not_pickled(value, error) from error
        return out.getvalue()

    def loads(self, block: bytes) -> Any:
        """Return the value of a pickle of any protocol.

        Raises:
            HazelcastSerializationError: It uses what is not listed, or does what no pickle of a value needs.
        """
        return _ListedUnpickler(block, self.allowed).load()


class _ListedPickler(pickle.Pickler):
    def __init__(self, out: io.BytesIO, allowed: dict[Key, type]) -> None:
        super().__init__(out, pickle.HIGHEST_PROTOCOL)
        self._classes = frozenset(allowed.values())

    def reducer_override(self, obj: Any, /) -> Any:
        """Refuse the types that are not listed; called for everything but exact plain values."""
        if obj is not getattr and (obj if isinstance(obj, type) else type(obj)) not in self._classes:
            cls = obj if isinstance(obj, type) else type(obj)
            raise UnserializableError(
                cls,
                f"no serializer takes this type, and pickle_policy does not list {type_name(cls)}; add it there if "
                "all who read and write it are trusted",
            )
        return NotImplemented


def _checking_depth(code: int) -> Callable[[Any], None]:
    load: Callable[[Any], None] = _INTERPRETER.dispatch[code]

    def load_and_check(unpickler: Any) -> None:
        load(unpickler)
        unpickler._check_depth()

    return load_and_check


class _ListedUnpickler(pickle._Unpickler):
    """The interpreter written in Python, since single instructions have to be replaced.

    The interpreter in C allocates memory for the highest number in the memo, and for a bytearray before its bytes
    are there. In both, building a class like an object sets attributes of the class, and classes in the registry of
    copyreg are found without their names.
    """

    dispatch: ClassVar[dict[int, Any]] = dict(_INTERPRETER.dispatch)
    # Attributes of the base class that are not documented.
    stack: list[Any]
    proto: int
    read: Callable[[int], bytes]
    append: Callable[[Any], None]

    def __init__(self, block: bytes, allowed: dict[Key, type]) -> None:
        super().__init__(io.BytesIO(block))
        self._size = self._left = len(block)
        self._allowed = allowed
        self._depths: dict[int, tuple[Any, int]] = {}

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        """Return the listed class of that name in Python 3."""
        name = (module_name, global_name)
        if self.proto < 3:
            renamed = _compat_pickle.IMPORT_MAPPING.get(module_name, module_name), global_name
            name = _compat_pickle.NAME_MAPPING.get(name, renamed)
        found = self._allowed.get(name) or _STANDS_FOR.get(name)
        if found is None:
            raise HazelcastSerializationError(
                f"Cannot read the value: it is a pickle that uses {'.'.join(name)}, which pickle_policy does not "
                "list; add that type if its writers are trusted"
            )
        return found

    def _reduce(self) -> None:
        self._check_call(self.stack[-2], self.stack[-1])
        _INTERPRETER.load_reduce(self)
        self._check_depth()

    def _new_object(self) -> None:
        self._check_call(self.stack[-2], self.stack[-1])
        _INTERPRETER.load_newobj(self)
        self._check_depth()

    def _new_object_with_names(self) -> None:
        self._check_call(self.stack[-3], (*self.stack[-2], *self.stack[-1].values()))
        _INTERPRETER.load_newobj_ex(self)
        self._check_depth()

    def _build(self) -> None:
        instance = self.stack[-2]
        if isinstance(instance, Enum) or type(instance) not in self._allowed.values():
            raise damaged(
                "it is a pickle that sets attributes of something other than an object of a listed type"
            )
        _INTERPRETER.load_build(self)

    def _byte_array(self) -> None:
        size = int.from_bytes(self.read(8), "little")
        if size > self._size:
            raise damaged(
                f"it is a pickle with a bytearray of {size} bytes, but has only {self._size} itself"
            )
        self.append(bytearray(self.read(size)))

    def _refuse(self) -> NoReturn:
        raise damaged("it is a pickle with an instruction that pickles of this Python never have")

    def _check_call(self, function: Any, args: Any) -> None:
        _check_call(function, args)
        if function in _STANDS_FOR.values() or issubclass(function, _COPIERS):
            # A large value that is referred to many times would be copied each time.
            self._left -= sum(
                len(arg) for arg in args if hasattr(arg, "__len__") and not isinstance(arg, type)
            )
            if self._left < 0:
                raise damaged("it is a pickle whose values would take far more room than itself")

    def _check_depth(self) -> None:
        """Check the depth of tuples, since hashing them uses the C stack without such a check."""
        made = self.stack[-1]
        if isinstance(made, tuple):
            depth = 1 + max(
                (self._depths[id(item)][1] for item in made if id(item) in self._depths), default=0
            )
            if depth > MAX_DEPTH:
                raise damaged(f"it is a pickle with tuples nested deeper than {MAX_DEPTH} levels")
            self._depths[id(made)] = made, depth  # kept, so that no other object gets its id

    dispatch.update(
        {
            pickle.REDUCE[0]: _reduce,
            pickle.NEWOBJ[0]: _new_object,
            pickle.NEWOBJ_EX[0]: _new_object_with_names,
            pickle.BUILD[0]: _build,
            pickle.BYTEARRAY8[0]: _byte_array,
            **dict.fromkeys((code[0] for code in _NEVER_WRITTEN), _refuse),
            **{code[0]: _checking_depth(code[0]) for code in _TUPLES},
        }
    )
