"""Users see classes under the paths that they import them from, in tracebacks, reprs and pickles."""

import importlib
import pickle
import subprocess
import sys
import traceback
import typing

import pytest

from hz_serialization import Long, SerializationService, UnserializableError
from hz_serialization.compact import GenericRecord
from hz_serialization.public_names import publish

PACKAGES = (
    "hz_serialization",
    "hz_serialization.api",
    "hz_serialization.compact",
    "hz_serialization.portable",
)
CLASSES: list[tuple[str, type]] = [
    (package, value)
    for package in PACKAGES
    for name in importlib.import_module(package).__all__
    if isinstance(value := getattr(importlib.import_module(package), name), type) and value is not bytes
]
REPORT = f"""
import importlib
for package in {PACKAGES}:
    module = importlib.import_module(package)
    for name in module.__all__:
        value = getattr(module, name)
        if isinstance(value, type) and value is not bytes:
            print(package, value.__module__, value.__qualname__)
"""


def test_public_classes_have_their_public_names() -> None:
    # In a process without the client, which gives the errors the names that its own users know.
    done = subprocess.run([sys.executable, "-c", REPORT], capture_output=True, text=True, check=True)
    names = [line.split() for line in done.stdout.splitlines()]
    assert [(package, name) for package, _, name in names] == [
        (package, cls.__qualname__) for package, cls in CLASSES
    ]
    assert [(package, name) for package, module, name in names if module != package] == []
    assert {package for package, *_ in names} == set(PACKAGES)


@pytest.mark.parametrize(
    ("package", "cls"), CLASSES, ids=[f"{package}.{cls.__name__}" for package, cls in CLASSES]
)
def test_a_public_class_is_found_by_its_name(package: str, cls: type) -> None:
    assert getattr(importlib.import_module(package), cls.__qualname__) is cls
    assert pickle.loads(pickle.dumps(cls)) is cls
    assert isinstance(typing.get_type_hints(cls), dict)


def test_what_users_see() -> None:
    assert repr(Long) == "<class 'hz_serialization.Long'>"
    assert repr(GenericRecord) == "<class 'hz_serialization.compact.GenericRecord'>"
    assert b"java_types" not in pickle.dumps(Long(5))
    assert pickle.loads(pickle.dumps(Long(5))) == 5
    with pytest.raises(UnserializableError) as caught:
        SerializationService().to_data([object()])
    text = "".join(traceback.format_exception_only(caught.value))
    assert text.startswith("hz_serialization.UnserializableError: Cannot serialize object at $[0]: ")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (type(copy), str(copy)) == (UnserializableError, str(caught.value))


def test_only_classes_of_the_distribution_are_renamed() -> None:
    class Own:
        """Defined in a private module."""

    class Others:
        """Defined in another distribution."""

    Own.__module__ = "some_package.private"
    Others.__module__ = "other_package.private"
    publish("some_package.errors", [Own, Others, int, 5, len])
    assert Own.__module__ == "some_package.errors"
    assert Others.__module__ == "other_package.private"
    assert int.__module__ == "builtins"
    publish("some_package", [Own, Others], including=["other_package"])
    assert {Own.__module__, Others.__module__} == {"some_package"}
