"""The typed fields of a class: dataclass, NamedTuple, attrs, pydantic or msgspec.

The libraries are recognised by attributes of their classes, so that none is imported here.
"""

from __future__ import annotations

import sys
import typing
from collections.abc import Callable
from typing import Annotated, Any, NamedTuple

from hz_serialization.compact.field_types import Unsupported


class Member(NamedTuple):
    """One stored attribute of a class.

    Attributes:
        attribute: The name on an object.
        annotation: The type, with forward references resolved.
        argument: The name as an argument of the class; ``None`` if it is set on the finished object.
        required: Whether the class cannot be called without it.
    """

    attribute: str
    annotation: Any
    argument: str | None
    required: bool


def has_members(cls: type) -> bool:
    """Return whether the class declares typed fields."""
    return _source_of(cls) is not None


def members_of(cls: type) -> list[Member]:
    """Return the stored attributes of a class.

    Raises:
        Unsupported: It is of no known sort, has none, or has something that cannot be stored.
    """
    source = _source_of(cls)
    if source is None:
        if typing.is_typeddict(cls):
            raise Unsupported("objects of a TypedDict are plain dicts; make it a dataclass")
        raise Unsupported(
            "it is not a dataclass, NamedTuple, attrs class, pydantic model (of version 2) or msgspec Struct; add "
            "@dataclass, or register a CompactSerializer for it"
        )
    members = source(cls)
    if not members:
        raise Unsupported("it has no typed fields; annotate at least one")
    return members


def is_frozen(cls: type) -> bool:
    """Return whether attributes can be set only by bypassing the class's own ``__setattr__``."""
    return bool(getattr(getattr(cls, "__dataclass_params__", None), "frozen", False)) or hasattr(
        cls, "__attrs_attrs__"
    )


def _source_of(cls: type) -> Callable[[type], list[Member]] | None:
    if hasattr(cls, "__dataclass_fields__"):
        return _dataclass_members
    if hasattr(cls, "__attrs_attrs__"):
        return _attrs_members
    if hasattr(cls, "__struct_fields__"):
        return _msgspec_members
    if hasattr(cls, "__pydantic_complete__") and hasattr(cls, "model_config"):
        return _pydantic_members
    if issubclass(cls, tuple) and hasattr(cls, "_field_defaults"):
        return _named_tuple_members
    return None


def _dataclass_members(cls: Any) -> list[Member]:
    from dataclasses import MISSING, fields

    hints = _hints(cls)
    return [
        Member(
            field.name,
            hints[field.name],
            field.name if field.init else None,
            field.default is MISSING and field.default_factory is MISSING,
        )
        for field in fields(cls)
    ]


def _named_tuple_members(cls: Any) -> list[Member]:
    hints = _hints(cls)
    for name in cls._fields:
        if name not in hints:
            raise Unsupported(f"its field {name!r} has no annotation; use typing.NamedTuple")
    return [Member(name, hints[name], name, name not in cls._field_defaults) for name in cls._fields]


def _attrs_members(cls: Any) -> list[Member]:
    hints = _hints(cls)
    members = []
    for attribute in cls.__attrs_attrs__:
        annotation = hints.get(attribute.name, attribute.type)
        if annotation is None:
            raise Unsupported(f"its attribute {attribute.name!r} has no type; annotate it")
        required = attribute.default is sys.modules["attr"].NOTHING
        argument = (attribute.alias or attribute.name.lstrip("_")) if attribute.init else None
        members.append(Member(attribute.name, annotation, argument, required))
    return members


def _msgspec_members(cls: Any) -> list[Member]:
    hints = _hints(cls)
    fields = sys.modules["msgspec"].structs.fields(cls)
    return [Member(field.name, hints[field.name], field.name, field.required) for field in fields]


def _pydantic_members(cls: Any) -> list[Member]:
    if getattr(cls, "__pydantic_root_model__", False):
        raise Unsupported("a RootModel has no named fields; give the value a field in a BaseModel")
    if cls.model_config.get("extra") == "allow":
        raise Unsupported("extra='allow' admits fields that its schema does not have; leave that option out")
    if not cls.__pydantic_complete__:
        try:
            cls.model_rebuild()
        except Exception as error:
            raise Unsupported(
                f"a name in its annotations cannot be resolved ({type(error).__name__}: {error}); define or import "
                "it at the top of the module, also at run time"
            ) from None
    members = []
    for name, field in cls.model_fields.items():
        annotation = field.annotation
        for note in field.metadata:
            annotation = Annotated[annotation, note]
        members.append(Member(name, annotation, _pydantic_argument(cls, name, field), field.is_required()))
    return members


def _pydantic_argument(cls: Any, name: str, field: Any) -> str:
    """Return the name by which the model's constructor takes the field."""
    alias = field.validation_alias or field.alias
    if alias is None or cls.model_config.get("validate_by_alias") is False:
        return name
    choices = [alias, *getattr(alias, "choices", ())]
    for choice in choices:
        if isinstance(choice, str):
            return choice
    raise Unsupported(
        f"its field {name!r} is found by a path of aliases only; add an alias that is a plain name"
    )


def _hints(cls: Any) -> dict[str, Any]:
    """Return the annotations of a class with forward references resolved.

    In addition to the names of the module, annotations can use the names of classes in the class's own body, and
    its own name, even if it was defined in a function.
    """
    names = {base.__name__: base for base in reversed(cls.__mro__)}
    for base in reversed(cls.__mro__):
        names.update({name: value for name, value in vars(base).items() if isinstance(value, type)})
    names[cls.__name__] = cls
    try:
        hints = typing.get_type_hints(cls, localns=names, include_extras=True)
    except Exception as error:
        field, annotation = _culprit(cls, names)
        raise Unsupported(
            f"its field {field!r} is annotated {annotation}, which cannot be resolved "
            f"({type(error).__name__}: {error}); define or import the names in it at the top of the module, also at "
            "run time"
        ) from None
    arguments = _type_arguments(cls)
    return {name: _substituted(annotation, arguments) for name, annotation in hints.items()}


def _type_arguments(cls: type) -> dict[Any, Any]:
    """Return what the type variables of generic base classes stand for in this class."""
    arguments: dict[Any, Any] = {}
    for base in cls.__mro__:
        for alias in vars(base).get("__orig_bases__", ()):
            parameters = getattr(typing.get_origin(alias), "__parameters__", ())
            for parameter, argument in zip(parameters, typing.get_args(alias), strict=False):
                arguments.setdefault(parameter, arguments.get(argument, argument))
    return arguments


def _substituted(annotation: Any, arguments: dict[Any, Any]) -> Any:
    if isinstance(annotation, typing.TypeVar):
        return arguments.get(annotation, annotation)
    parameters = () if isinstance(annotation, type) else getattr(annotation, "__parameters__", ())
    if not parameters:
        return annotation
    return annotation[tuple(arguments.get(parameter, parameter) for parameter in parameters)]


def _culprit(cls: type, names: dict[str, Any]) -> tuple[str, str]:
    """Return the first field whose annotation cannot be resolved."""
    for base in reversed(cls.__mro__):
        known = vars(sys.modules[base.__module__]) if base.__module__ in sys.modules else {}
        for field, annotation in vars(base).get("__annotations__", {}).items():
            holder = type("Holder", (), {"__annotations__": {field: annotation}})
            try:
                typing.get_type_hints(holder, globalns=dict(known), localns=names)
            except Exception:
                return field, str(annotation)
    return "?", "?"
