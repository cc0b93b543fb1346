"""Pickle: never silent, never forced, and held to the listed types where there is a list."""

from __future__ import annotations

import argparse
import contextlib
import copyreg
import logging
import os
import pickle
import re
import struct
import tracemalloc
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from fractions import Fraction
from http import HTTPStatus
from typing import Any, ClassVar, NamedTuple
from urllib.parse import SplitResult, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hz_serialization import (
    HazelcastSerializationError,
    PicklePolicy,
    SerializationConfig,
    SerializationService,
)


def _service(policy: PicklePolicy | Collection[type]) -> SerializationService:
    return SerializationService(SerializationConfig(pickle_policy=policy))


def _data(block: bytes) -> bytes:
    return struct.pack(">iii", 0, -120, len(block)) + block


ALLOWING = _service(PicklePolicy.ALLOW)
LISTED: tuple[type, ...] = (Fraction, argparse.Namespace, HTTPStatus, SplitResult, timedelta, range, Decimal)

# Made by the serialization services of the clients 4.2.2 and 5.7.0, which write the same text (but for Decimal).
EARLIER: list[tuple[Any, str]] = [
    (b"", "0000001d635f5f6275696c74696e5f5f0a62797465730a70300a28745270310a2e"),
    ((1, ("a", ())), "000000162849310a2856610a70300a28747470310a7470320a2e"),
    ({1}, "00000027635f5f6275696c74696e5f5f0a7365740a70300a28286c70310a49310a617470320a5270330a2e"),
    (
        frozenset("x"),
        "00000030635f5f6275696c74696e5f5f0a66726f7a656e7365740a70300a28286c70310a56780a70320a61747033"
        "0a5270340a2e",
    ),
    (
        OrderedDict(a=1),
        "0000002d63636f6c6c656374696f6e730a4f726465726564446963740a70300a28745270310a56610a70320a49310a732e",
    ),
    (deque([1, None]), "0000002363636f6c6c656374696f6e730a64657175650a70300a28745270310a49310a614e612e"),
    (
        Counter("aab"),
        "0000003b63636f6c6c656374696f6e730a436f756e7465720a70300a28286470310a56610a70320a49320a735662"
        "0a70330a49310a737470340a5270350a2e",
    ),
    (
        defaultdict(list, a=[1]),
        "0000004b63636f6c6c656374696f6e730a64656661756c74646963740a70300a28635f5f6275696c74696e5f5f0a"
        "6c6973740a70310a7470320a5270330a56610a70340a286c70350a49310a61732e",
    ),
    (
        Fraction(-1, 3),
        "00000028636672616374696f6e730a4672616374696f6e0a70300a28492d310a49330a7470310a5270320a2e",
    ),
    (
        1.5 - 2j,
        "0000002d635f5f6275696c74696e5f5f0a636f6d706c65780a70300a2846312e350a462d322e300a7470310a5270320a2e",
    ),
    (
        timedelta(days=-1, microseconds=5),
        "0000002b636461746574696d650a74696d6564656c74610a70300a28492d310a49300a49350a7470310a5270320a2e",
    ),
    (
        range(0, 9, 3),
        "0000002a635f5f6275696c74696e5f5f0a7872616e67650a70300a2849300a49390a49330a7470310a5270320a2e",
    ),
    (
        argparse.Namespace(a=1, b=[2]),
        "0000007563636f70795f7265670a5f7265636f6e7374727563746f720a70300a286361726770617273650a4e616d"
        "6573706163650a70310a635f5f6275696c74696e5f5f0a6f626a6563740a70320a4e7470330a5270340a28647035"
        "0a56610a70360a49310a7356620a70370a286c70380a49320a6173622e",
    ),
    (
        HTTPStatus.NOT_FOUND,
        "0000002363687474700a485454505374617475730a70300a28493430340a7470310a5270320a2e",
    ),
    (
        urlsplit("http://a/b?c"),
        "0000007c63636f70795f7265670a5f7265636f6e7374727563746f720a70300a286375726c70617273650a53706c"
        "6974526573756c740a70310a635f5f6275696c74696e5f5f0a7475706c650a70320a2856687474700a70330a5661"
        "0a70340a562f620a70350a56630a70360a560a70370a7470380a7470390a527031300a2e",
    ),
    (
        Decimal("-1.50"),
        "0000002863646563696d616c0a446563696d616c0a70300a28562d312e35300a70310a7470320a5270330a2e",
    ),
    (
        {"a": 1, "\U0001f600\n": [None, True, 2.5, 10**30]},
        "0000005b286470300a56610a70310a49310a73565c5530303031663630305c75303030610a70320a286c70330a4e"
        "614930310a6146322e350a614c313030303030303030303030303030303030303030303030303030303030304c0a"
        "61732e",
    ),
    (
        b"a\x00\n",
        "0000003a635f636f646563730a656e636f64650a70300a2856615c75303030305c75303030610a70310a566c6174"
        "696e310a70320a7470330a5270340a2e",
    ),
]


@pytest.mark.parametrize(("value", "payload"), EARLIER, ids=[type(value).__name__ for value, _ in EARLIER])
def test_what_earlier_clients_wrote_is_read(value: Any, payload: str) -> None:
    data = bytes.fromhex("00000000ffffff88" + payload)
    for service in (ALLOWING, _service(LISTED)):
        result = service.to_object(data)
        if isinstance(value, argparse.Namespace):
            assert vars(result) == vars(value)
        else:
            assert result == value
        assert type(result) is type(value)
    with pytest.raises(HazelcastSerializationError, match="pickle_policy denies it"):
        SerializationService().to_object(data)


class Colour(Enum):
    """Neither a number nor a text."""

    RED = "r"


class Level(IntEnum):
    """Also a number."""

    LOW = 1


class Pair(NamedTuple):
    """Also a tuple."""

    left: Any
    right: Any


class Words(list[str]):
    """Also a list."""


@dataclass
class Account:
    """A class without any registration."""

    balance: Fraction
    tags: set[str] = field(default_factory=set)


class Slotted:
    """State in slots."""

    __slots__ = ("a",)

    def __init__(self, a: int) -> None:
        self.a = a

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Slotted) and other.a == self.a

    __hash__ = None  # type: ignore[assignment]  # it is mutable


PICKLED = [
    Fraction(1, 3), 1j, timedelta(1), range(5), Colour.RED, Level.LOW, Account(Fraction(1), {"x"}), Slotted(5),
    [1, {"k": Fraction(2)}], (Colour.RED, b"x"), {Fraction(1): 1j}, slice(1, 2, 3),
]  # fmt: skip
TYPES = (Fraction, timedelta, range, slice, Colour, Level, Account, Slotted, Pair, Words)


def _class_name(value: object) -> str:
    """Return an id that is the same in every process: reprs of sets and of objects are not."""
    return type(value).__name__


@pytest.mark.parametrize("value", PICKLED, ids=_class_name)
def test_what_pickle_carries_comes_back(value: Any) -> None:
    for service in (ALLOWING, _service(TYPES)):
        result = service.to_object(service.to_data(value))
        assert result == (list(value) if type(value) is tuple else value)
        if type(value) is not tuple:
            assert type(result) is type(value)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize(
    "value",
    [
        *PICKLED[:-1], Pair(1, Pair("a", ())), Words("ab"), b"\0\xff", bytearray(b"\0\xff"), bytearray(), set("ab"),
        OrderedDict(a=1), defaultdict(list, a=[1]), deque([1], 3), Counter("aab"), "\ud800\U0001f600", 10**400,
        [[]] * 3,
    ],
    ids=_class_name,
)  # fmt: skip
def test_every_protocol_is_read_where_types_are_listed(value: Any, protocol: int) -> None:
    if isinstance(value, Slotted) and protocol < 2:
        with pytest.raises(TypeError):  # pickle itself has no way for it
            pickle.dumps(value, protocol)
        return
    result = _service(TYPES).to_object(_data(pickle.dumps(value, protocol)))
    assert result == value
    assert type(result) is type(value)


def test_the_newest_protocol_is_written() -> None:
    for service in (ALLOWING, _service([Fraction])):
        data = service.to_data(Fraction(1, 3))
        assert data[:8] == bytes.fromhex("00000000ffffff88")
        assert data[12:14] == bytes([0x80, pickle.HIGHEST_PROTOCOL])
        assert int.from_bytes(data[8:12], "big") == len(data) - 12


def test_both_directions_are_denied_by_default() -> None:
    service = SerializationService()
    assert service.config.pickle_policy is PicklePolicy.DENY
    for value in PICKLED[:8]:
        with pytest.raises(HazelcastSerializationError, match="allow pickle by pickle_policy"):
            service.to_data(value)
    with pytest.raises(HazelcastSerializationError, match="pickle_policy denies it"):
        service.to_object(_data(pickle.dumps(1)))


def test_enum_members_are_no_plain_numbers() -> None:
    service = SerializationService()
    for value, path in ((Level.LOW, "$"), ([Level.LOW], r"$[0]"), ({"k": Colour.RED}, "$['k']")):
        with pytest.raises(HazelcastSerializationError, match=r"store its \.value or \.name") as caught:
            service.to_data(value)
        assert f" at {path}: " in str(caught.value)
    assert service.to_data(Level.LOW.value) == service.to_data(1)


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ([Fraction(1)], "fractions.Fraction"),
        (Account(Fraction(1)), "fractions.Fraction"),
        (Pair, f"{Pair.__module__}.Pair"),
        (print, "builtin_function_or_method"),
    ],
)
def test_types_that_are_not_listed_are_not_written(value: Any, named: str) -> None:
    with pytest.raises(
        HazelcastSerializationError, match=rf"pickle_policy does not list {re.escape(named)};"
    ):
        _service([Account]).to_data(value)


def test_plain_types_need_not_be_listed() -> None:
    service = _service([Account])
    assert service.to_object(service.to_data(1j)) == 1j


def test_what_pickle_refuses_too_is_a_named_error() -> None:
    for service in (ALLOWING, _service([type(test_types_that_are_not_listed_are_not_written)])):
        with pytest.raises(
            HazelcastSerializationError, match=r"at \$\[0\]: .*cannot be pickled either"
        ) as caught:
            service.to_data([lambda: None])
        assert "custom_serializers" in str(caught.value)


def test_each_type_is_told_once_in_each_direction(caplog: pytest.LogCaptureFixture) -> None:
    for policy in (PicklePolicy.ALLOW, [Fraction, timedelta]):
        service = _service(policy)
        caplog.clear()
        for value in [Fraction(1), Fraction(2), timedelta(1), Fraction(3)]:
            service.to_object(service.to_data(value))
        assert [(r.name, r.levelno, r.getMessage().split(":")[0]) for r in caplog.records] == [
            ("hz_serialization.pickle", logging.WARNING, f"{name} was {action} as a pickle")
            for name in ("fractions.Fraction", "datetime.timedelta")
            for action in ("written", "read")
        ]
        assert "better use Compact, Portable, JSON or a custom serializer" in caplog.messages[0]


def test_the_telling_ends_after_many_types(caplog: pytest.LogCaptureFixture) -> None:
    service = _service(PicklePolicy.ALLOW)
    for number in range(300):
        cls = type(f"Made{number}", (), {"__reduce__": lambda self: (int, ())})
        service.to_data(cls())
    assert len(caplog.records) == 256


class Evil:
    """Would run a command when it is read."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("true",)


class Victim:
    """A listed class that attacks aim at."""

    mark: ClassVar[str] = "untouched"


VICTIM = f"c{__name__}\nVictim\n".encode()
PAIR = f"c{__name__}\nPair\nq\0".encode()


def _deep(levels: int) -> bytes:
    return b")" + b"\x85" * levels  # () and TUPLE1 around it


ATTACKS = {
    "a command": pickle.dumps(Evil()),
    "a command, protocol 0": b"cos\nsystem\n(S'true'\ntR.",
    "a function of builtins": b"c__builtin__\neval\n(S'1'\ntR.",
    "import": b"c__builtin__\n__import__\n(S'os'\ntR.",
    "by STACK_GLOBAL": b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x04true\x85R.",
    "a class by INST": b"(S'x'\ni__builtin__\nset\n.",
    "a class by OBJ": b"(c__builtin__\nset\no.",
    "a persistent id": b"Pos.system\n.",
    "an extension": b"\x82\x01.",
    "attributes through getattr": b"\x80\x04cbuiltins\ngetattr\n" + VICTIM + b"\x8c\x04mark\x86R.",
    "a method through a dotted name": b"\x80\x04\x8c\x08builtins\x8c\x0astr.format\x93.",
    "new attributes of a class": VICTIM + b"N}S'mark'\nS'changed'\ns\x86b.",
    "new attributes of an Enum member": b"chttp\nHTTPStatus\n(I404\ntR}S'_value_'\nI1\nsb.",
    "new attributes of a function": b"ccopyreg\n_reconstructor\n}S'x'\nI1\nsb.",
    "a call of what is no class": b"I1\n)R.",
    "bytes by a number": b"c__builtin__\nbytearray\n(I4000000000\ntR.",
    "bytes by a number, NEWOBJ": b"c__builtin__\nbytes\n(I4000000000\nt\x81.",
    "bytes by a number, rebuilt": b"ccopy_reg\n_reconstructor\n(" + b"c__builtin__\nbytes\n" * 2 + b"I4000000000\ntR.",
    "a bytearray without its bytes": b"\x80\x05\x96" + (2**34).to_bytes(8, "little") + b".",
    "bytes without themselves": b"\x80\x05\x8e" + (2**34).to_bytes(8, "little") + b".",
    "a frame without its bytes": b"\x80\x05\x95" + (2**34).to_bytes(8, "little") + b".",
    "copies of copies": b"](" + b"N" * 2000 + b"eq\0c__builtin__\nlist\nq\1(" + b"h\1h\0\x85R" * 2000 + b"l.",
    "an odd codec": b"c_codecs\nencode\n(S'x'\nS'zlib_codec'\ntR.",
    "endless tuples as a key": b"}" + _deep(300_000) + b"I1\ns.",
    "endless tuples in a set": b"\x80\x04\x8f(" + _deep(300_000) + b"\x90.",
    "endless tuples of a class": b"\x80\x04}" + PAIR + b"h\0" * 100_000 + b"N" + b"N\x86\x81" * 100_000 + b"I1\ns.",
    "a number of many digits": b"I" + b"9" * 5000 + b"\n.",
    "no end": b"I1\n",
    "an empty stack": b".",
    "an unknown instruction": b"\xff.",
    "nothing": b"",
}  # fmt: skip


@pytest.mark.parametrize("name", ATTACKS)
def test_attacks_on_listed_types_are_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []
    monkeypatch.setattr(os, "system", ran.append)
    service = _service([Victim, HTTPStatus, Pair, set])
    tracemalloc.start()
    try:
        with pytest.raises(HazelcastSerializationError, match="Cannot read the value"):
            service.to_object(_data(ATTACKS[name]))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert not ran
    assert peak < 20_000_000
    assert Victim.mark == "untouched"
    assert HTTPStatus.NOT_FOUND.value == 404


def test_a_high_place_in_the_memo_takes_no_memory() -> None:
    block = b"\x80\x04Nr\xff\xff\xff\x7f."
    tracemalloc.start()
    try:
        assert _service([Victim]).to_object(_data(block)) is None
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000


def test_classes_of_copyregs_registry_are_not_reachable() -> None:
    copyreg.add_extension("os", "system", 77)
    try:
        pickle.loads(b"\x82\x4d.")  # now in the cache, where no name is asked for any more
        with pytest.raises(HazelcastSerializationError, match="instruction that pickles"):
            _service([Victim]).to_object(_data(b"\x82\x4d."))
    finally:
        copyreg.remove_extension("os", "system", 77)


@settings(max_examples=300)
@given(
    st.sampled_from([pickle.dumps(PICKLED[:-1], p) for p in (2, 4, 5)]), st.integers(0), st.binary(max_size=4)
)
def test_damaged_pickles_of_listed_types(block: bytes, at: int, change: bytes) -> None:
    at %= len(block)
    data = _data(block[:at] + change + block[at + len(change) :])
    with contextlib.suppress(HazelcastSerializationError):  # any other error fails the test
        _service(TYPES).to_object(data)
