"""Declaration of options: check, default and documentation. Validation and the docs are based on it."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any, ClassVar, Generic, Self, TypeVar, overload

from hz_core.errors import InvalidConfigurationError

T = TypeVar("T")


class Check(Generic[T]):
    """A check of the values of an option.

    Args:
        expects: Description of valid values, to complete "must be …".
        convert: Returns the value to store; called with the option's name and the value. Raises TypeError for
            a wrong type and ValueError for a value out of range.
    """

    __slots__ = ("convert", "expects")

    def __init__(self, expects: str, convert: Callable[[str, Any], T]) -> None:
        self.expects: str = expects
        self.convert: Callable[[str, Any], T] = convert

    def __call__(self, name: str, value: Any) -> T:
        """Return the value to store for the option ``name``; raises TypeError or ValueError."""
        return self.convert(name, value)


class Option(Generic[T]):
    """A descriptor for an attribute of a configuration class, with a check and a default.

    Args:
        check: Checks values.
        default: Returns the default.
        doc: Description of the option, with units.
        default_text: Description of the default, if its ``repr`` is not sufficient.
    """

    __slots__ = ("_default_text", "check", "default", "doc", "name")

    def __init__(
        self, check: Check[T], default: Callable[[], T], doc: str, default_text: str | None = None
    ) -> None:
        self.check: Check[T] = check
        self.default: Callable[[], T] = default
        self.doc: str = doc
        self.name: str = ""
        self._default_text = default_text

    @property
    def default_text(self) -> str:
        """The description of the default."""
        return self._default_text or repr(self.default())

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> "Option[T]": ...

    @overload
    def __get__(self, instance: "Options", owner: type) -> T: ...

    def __get__(self, instance: "Options | None", owner: type) -> "Option[T] | T":
        if instance is None:
            return self
        values = instance._values
        if self.name not in values:
            values[self.name] = self.default()
        value: T = values[self.name]
        return value

    def __set__(self, instance: "Options", value: Any) -> None:
        instance._values[self.name] = self.check(instance._prefix + self.name, value)


class Options:
    """Base class of configurations, which declare :class:`Option` attributes.

    Assignments are checked; an unknown name raises InvalidConfigurationError.
    """

    __slots__ = ("_prefix", "_values")

    _values: dict[str, Any]
    _prefix: str

    def __init__(self, *, _prefix: str = "") -> None:
        object.__setattr__(self, "_values", {})
        object.__setattr__(self, "_prefix", _prefix)

    @classmethod
    def options(cls) -> Mapping[str, Option[Any]]:
        """Return all options by name, in the order of their declaration."""
        return {
            name: attribute
            for base in reversed(cls.__mro__)
            for name, attribute in vars(base).items()
            if isinstance(attribute, Option)
        }

    def copy(self) -> Self:
        """Return an independent copy."""
        made = type(self)(_prefix=self._prefix)
        made._values.update((name, _copied(value)) for name, value in self._values.items())
        return made

    def reset(self, name: str) -> None:
        """Give an option its default.

        Raises:
            InvalidConfigurationError: There is no such option.
        """
        if name not in self.options():
            raise unknown_option(self._prefix + name, name, self.options())
        self._values.pop(name, None)

    def __copy__(self) -> Self:
        return self.copy()

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        made = type(self)(_prefix=self._prefix)
        made._values.update(
            (name, value if name in _SHARED else deepcopy(value, memo))
            for name, value in self._values.items()
        )
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        for name in _SHARED & self._values.keys():
            raise TypeError(
                f"a {type(self).__name__} with {self._prefix}{name} cannot be pickled, because that belongs to one "
                "process; set it after unpickling"
            )
        return _restored, (type(self), self._prefix, self._values)

    def __setattr__(self, name: str, value: Any) -> None:
        if not isinstance(getattr(type(self), name, None), Option):
            raise unknown_option(self._prefix + name, name, self.options())
        object.__setattr__(self, name, value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Options) or type(self) is not type(other):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.options())

    __hash__: ClassVar[None] = None  # type: ignore[assignment] # mutable objects have no hash

    def __repr__(self) -> str:
        shown = ", ".join(f"{k}={'...' if k in SECRETS else repr(v)}" for k, v in self._values.items())
        return f"{type(self).__name__}({shown})"


def _copied(value: Any) -> Any:
    if isinstance(value, Options):
        return value.copy()
    if isinstance(value, dict):
        return {key: _copied(v) for key, v in value.items()}
    return list(value) if isinstance(value, list) else value


def _restored(kind: type["Options"], prefix: str, values: dict[str, Any]) -> "Options":
    """Return an unpickled configuration."""
    made = kind(_prefix=prefix)
    made._values.update(values)
    return made


_SHARED = frozenset({"ssl_context"})
"""Options whose values cannot be copied; copies of a configuration share them."""

SECRETS = frozenset({"cloud_discovery_token", "creds_password", "ssl_password", "token_provider"})
"""Options whose values are hidden in reprs."""


def unknown_option(full_name: str, name: str, known: Mapping[str, Any]) -> InvalidConfigurationError:
    """Return the error for an option that does not exist, with a similar name as a hint."""
    error = InvalidConfigurationError(f"Unrecognized config option: {full_name}")
    from difflib import get_close_matches  # only needed for the hint, and slow to load

    close = get_close_matches(name, known, n=1)
    if close:
        error.add_note(f"Did you mean {close[0]}?")
    return error
