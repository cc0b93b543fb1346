"""The compiled way of a call does the same as the pure one, on the same inputs."""

import gc
import struct
import sys
from collections.abc import Callable
from concurrent.futures import CancelledError
from functools import partial
from random import Random
from types import FrameType, MappingProxyType
from typing import Any
from weakref import ref

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core_surfaces import Threaded
from hz_core.compiled import IS_COMPILED, request_builder
from hz_core.future import Future
from hz_core.invocation.invocation import PromisedInvocation
from hz_core.op import Op
from hz_core.wire import decode, encode
from hz_core.wire.frames import HazelcastProtocolError
from hz_core.wire.reader import MessageReader
from hz_proxies import MAP
from hz_proxies.codecs import list as list_codec
from hz_proxies.codecs import map as codec
from hz_proxies.codecs import queue as queue_codec
from hz_proxies.codecs import ringbuffer as ringbuffer_codec
from hz_serialization import SerializationService
from hz_serialization.config import SerializationConfig
from hz_serialization.errors import HazelcastSerializationError

SERVICE = SerializationService()
MOST = 400
"""The largest message of the readers here."""

frames = st.tuples(st.sampled_from([0, 0, 0, 0x2000, 0x2000, 0x0400, 0x1000, 0x0800]), st.binary(max_size=40))


def frame(flags: int, payload: bytes) -> bytes:
    """Return the bytes of one frame."""
    return (6 + len(payload)).to_bytes(4, "little") + flags.to_bytes(2, "little") + payload


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    """Return a message: whole ones, fragments, and some that are damaged."""
    flags = draw(st.sampled_from([0xC000, 0xC000, 0xC000, 0xC000, 0x8000, 0x4000, 0]))
    first = frame(flags, draw(st.binary(min_size=13, max_size=30)))
    if draw(st.integers(0, 9)) == 0:
        return draw(st.binary(max_size=30))
    if draw(st.booleans()):
        return frame(flags | 0x2000, first[6:])
    rest = [frame(*draw(frames)) for _ in range(draw(st.integers(0, 5)))]
    return b"".join([first, *rest, frame(0x2000, draw(st.binary(max_size=300)))])


def state(reader: Any) -> tuple[Any, ...]:
    """Return all that a reader keeps between two receives."""
    kept = reader._incomplete
    held = b"".join(kept.pieces)
    # With no piece, what would come next is not used.
    return held, kept.next if held else 0, bool(kept._is_final and held), kept._fragments, kept._open_size


def outcome(split: Callable[[], object], reader: Any) -> tuple[Any, ...]:
    """Return what a receive gives: the messages and the new state, or the error."""
    try:
        split()
    except HazelcastProtocolError as error:
        return ("error", str(error))
    return (list(reader.ready), state(reader))


@given(st.lists(messages(), min_size=1, max_size=6), st.data())
def test_the_reader_splits_as_the_pure_one(parts: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(parts)
    reader: Any = MessageReader(MOST)
    pure: Any = MessageReader(MOST)
    at = 0
    while at < len(stream):
        size = data.draw(st.integers(1, len(stream)))
        reader.received = pure.received = stream[at : at + size]
        found = outcome(reader.split, reader)
        assert found == outcome(pure._pure_split, pure)
        assert reader.received == pure.received
        if found[0] == "error":
            break
        at += size


VALUES = st.one_of(
    st.none(),
    st.text(max_size=20),
    st.integers(-(2**31), 2**31 - 1),
    st.floats(allow_nan=False),
    st.binary(max_size=9),
)


def response(values: list[Any], kind: str) -> bytes:
    """Return a response that holds values, one or a list."""
    head = frame(0xC000, bytes(13))
    parts = [frame(0x0400 if v is None else 0, b"" if v is None else SERVICE.to_data(v)) for v in values]
    if kind == "data":
        first = parts[0]
        return head + first[:5] + bytes([first[5] | 0x20]) + first[6:]
    return head + frame(0x1000, b"") + b"".join(parts) + frame(0x2800, b"")


def decoded(function: Callable[..., Any], message: bytes, read: Callable[..., Any]) -> Any:
    """Return what a decoder gives, or the class and text of its error."""
    try:
        return function(message, read)
    except Exception as error:
        return type(error), str(error)


@given(st.lists(VALUES, min_size=2, max_size=6), st.sampled_from(["data", "list", "entries"]), st.data())
def test_replies_are_read_as_by_the_pure_functions(values: list[Any], kind: str, data: st.DataObject) -> None:
    decoder: Any = {
        "data": decode.data_response,
        "list": decode.data_list_response,
        "entries": decode.data_entries_response,
    }[kind]
    if kind == "entries":
        values = [1 if value is None and i % 2 == 0 else value for i, value in enumerate(values)]
        values = values[: len(values) // 2 * 2]
    message = response(values, kind)
    read: Any = SERVICE.read
    assert decoder(message, read) == decoder.pure(message, read.pure)
    damaged = bytearray(message)
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    wrong = bytes(damaged)
    if is_whole(wrong):
        assert repr(decoded(decoder, wrong, read)) == repr(decoded(decoder.pure, wrong, read.pure))


def is_whole(message: bytes) -> bool:
    """Return whether the reader of a connection lets a message pass: decoders rely on its checks of the frames."""
    try:
        return MessageReader().feed(message) == [message]
    except HazelcastProtocolError:
        return False


@given(st.binary(max_size=40))
def test_short_replies_are_read_as_by_the_pure_functions(message: bytes) -> None:
    for found in (
        decode.boolean_response,
        decode.empty_response,
        decode.data_response,
    ):
        function: Any = found
        assert repr(decoded(function, message, SERVICE.read)) == repr(
            decoded(function.pure, message, SERVICE.read)
        )


def written(function: Callable[[Any], bytes], value: Any) -> object:
    """Return the bytes of a value, or the text of the error."""
    try:
        return function(value)
    except HazelcastSerializationError as error:
        return str(error)


@given(st.one_of(VALUES, st.text()))
@example("\ud800")
@example(object())
def test_values_are_written_as_by_the_pure_function(value: Any) -> None:
    to_data: Any = SERVICE.to_data
    assert written(to_data, value) == written(to_data.pure, value)


@given(st.lists(st.one_of(st.text(), VALUES), max_size=8), st.booleans(), st.data())
def test_lists_of_texts_are_the_same(values: list[Any], big_endian: bool, data: st.DataObject) -> None:
    config = SerializationConfig(is_big_endian=big_endian)
    service = SerializationService(config)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hz_serialization.texts._calls", None)
        pure = SerializationService(config)
    for container in (values, tuple(values), [values, "x", values], values * 5):
        with_texts = service.to_data(container)
        assert with_texts == pure.to_data(container)
        damaged = bytearray(with_texts)
        damaged[data.draw(st.integers(8, len(damaged) - 1))] = data.draw(st.integers(0, 255))
        for one in (with_texts, bytes(damaged)):
            assert repr(decoded(read_data, one, service.read)) == repr(decoded(read_data, one, pure.read))


def read_data(message: bytes, read: Callable[..., Any]) -> Any:
    """Return the value of a whole ``Data``."""
    return read(message, 0, len(message))


@pytest.mark.parametrize("size", [*range(20), 255, 256, 257])
def test_texts_of_any_length_are_the_same_wherever_they_are_not_ascii(size: int) -> None:
    texts = [
        "a" * size,
        *("a" * at + other + "b" * (size - at - 1) for at in range(size) for other in "\x7f\x80é😀"),
    ]
    assert SERVICE.to_object(SERVICE.to_data(texts)) == texts
    for text in texts[:: 1 + len(texts) // 99]:
        data = SERVICE.to_data(text)
        read: Any = SERVICE.read
        assert read(data, 0, len(data)) == read.pure(data, 0, len(data)) == text
        for place in range(12, len(data), 3):
            wrong = data[:place] + b"\xff" + data[place + 1 :]
            assert decoded(read_data, wrong, read) == decoded(read_data, wrong, read.pure)


def test_a_text_that_cannot_be_written_is_named_with_its_place() -> None:
    with pytest.raises(HazelcastSerializationError, match=r"\[2\]"):
        SERVICE.to_data(["a", "b", "\ud800"])


ITEMS = st.one_of(st.none(), st.binary(max_size=9), st.binary(max_size=9), st.just(bytearray(b"no bytes")))


@given(
    st.one_of(
        st.lists(st.binary(max_size=9), max_size=5),
        st.lists(ITEMS, max_size=5),
        st.lists(st.tuples(st.binary(max_size=9), st.binary(max_size=9)), max_size=5),
        st.lists(
            st.one_of(st.tuples(st.binary(max_size=9), ITEMS), st.tuples(st.binary(max_size=3))), max_size=5
        ),
    ),
    st.sampled_from([list, tuple, iter]),
    st.sampled_from([encode.PLAIN, encode.FINAL]),
)
def test_the_frames_of_lists_are_the_same(
    items: list[Any], container: Callable[[list[Any]], Any], head: int
) -> None:
    def frames(function: Callable[..., None]) -> Any:
        parts = [b"before"]
        try:
            function(parts, container(items), head)
            return b"".join(parts)
        except (TypeError, ValueError) as error:
            return type(error)

    for function in (encode.write_data_list, encode.write_data_entries):
        compiled: Any = function
        assert frames(compiled) == frames(compiled.pure)
    parts: list[bytes] = []
    encode.write_data_list(parts, [b"x"])
    assert b"".join(parts) == frame(0x1000, b"") + frame(0, b"x") + frame(0x0800, b"")


def test_entries_are_sorted_by_partition_as_by_the_pure_method() -> None:
    surface = Threaded(1)
    try:
        operations: Any = surface.client.get_object(MAP, "m").blocking()._ops
        texts = {f"key-{number}": f"value-{number}" for number in range(50)}
        mixed = {1: "1", "é": 2.5, (1, 2): [3], b"4": None, 5: {"a": 1}}
        known = {key: value for key, value in mixed.items() if value is not None}
        for entries in (texts, known, {}, MappingProxyType(texts)):
            assert operations._by_partition(entries) == operations._pure_by_partition(entries)
        for wrong in (mixed, {None: 1}, {1: "\ud800"}, {1: lambda: 0}, 5):
            with pytest.raises(Exception) as expected:  # noqa: PT011  # whatever it is
                operations._pure_by_partition(wrong)
            with pytest.raises(type(expected.value)) as found:
                operations._by_partition(wrong)
            assert str(found.value) == str(expected.value)
    finally:
        surface.close()


def functions_entered(function: Callable[[], Any]) -> tuple[Any, list[str]]:
    """Return what a function, which is not written in Python itself, returns, and those in Python that it enters.

    Without finalizers of what other tests have left, which the garbage collector would call.
    """
    entered: list[str] = []

    def profile(frame: FrameType, event: str, argument: object) -> None:
        if event == "call":
            entered.append(frame.f_code.co_name)

    collects = gc.isenabled()
    gc.disable()
    sys.setprofile(profile)
    try:
        result = function()
    finally:
        sys.setprofile(None)
        if collects:
            gc.enable()
    return result, entered


def test_signals_are_handled_while_many_entries_are_sorted() -> None:
    surface = Threaded(1)
    try:
        operations: Any = surface.client.get_object(MAP, "m").blocking()._ops
        entries = {str(number): "value" for number in range(10_000)}
        _, entered = functions_entered(partial(operations._by_partition, entries))
    finally:
        surface.close()
    # The interpreter handles them when it enters a function in Python.
    assert entered.count("_step") == 2


def test_several_operations_are_sent_and_awaited_as_by_the_pure_method() -> None:
    surface = Threaded(2)
    try:
        entries = surface.client.get_object(MAP, "m").blocking()
        entries.put_all({number: str(number) for number in range(40)})
        caller: Any = entries._caller

        def outcome(call_all: Callable[[list[Op[Any]]], list[Any]], wrong: set[int]) -> Any:
            ops: list[Any] = [entries._ops.get(number) for number in range(40)]
            for number in wrong:
                ops[number].mapped(lambda value, number=number: [][number])
                ops[number].on_failure = failed.append
            try:
                return call_all(ops)
            except Exception as error:
                return type(error), str(error)

        failed: list[BaseException] = []
        for wrong in (set(), {7}, {3, 30}):
            expected = outcome(caller._pure_call_all, wrong)
            assert outcome(caller._call_all, wrong) == expected
            assert len(failed) == 2 * len(wrong)
            failed.clear()
        assert caller._call_all([]) == []
    finally:
        surface.close()


def test_calls_that_are_interrupted_together_are_all_given_up() -> None:
    surface = Threaded(1)
    try:
        entries = surface.client.get_object(MAP, "m").blocking()
        entries.put_all({number: str(number) for number in range(9)})
        ops: list[Any] = [entries._ops.get(number) for number in range(9)]
        told: list[Any] = []

        def interrupt(value: Any) -> None:
            raise KeyboardInterrupt

        caller: Any = entries._caller
        for op in ops:
            op.on_lost = told.append
        complete = caller._complete
        caller._complete = interrupt
        with pytest.raises(KeyboardInterrupt):
            caller._call_all(ops)
        caller._complete = complete
        assert entries.get(1) == "1"
        assert sorted(told) == [str(number) for number in range(9)]
    finally:
        surface.close()


NUMBERS = {
    "q": st.integers(-(2**63), 2**63 - 1),
    "i": st.integers(-(2**31), 2**31 - 1),
    "z": st.booleans(),
}
BYTES = st.binary(max_size=30)
PARAMETERS = {
    **NUMBERS,
    "d": st.one_of(BYTES, BYTES, BYTES, st.none()),
    "D": st.lists(BYTES, max_size=3),
    "E": st.lists(st.tuples(BYTES, BYTES), max_size=3),
}
BUILDERS: dict[str, tuple[Any, str]] = {
    name: (function, function.shape)
    for module in (codec, list_codec, queue_codec, ringbuffer_codec)
    for name, function in vars(module).items()
    if hasattr(function, "shape")
}


@given(st.integers(-1, 2**31 - 1), st.text(max_size=12), st.data())
def test_requests_are_built_as_by_the_pure_functions(partition: int, name: str, data: st.DataObject) -> None:
    assert {shape for _, shape in BUILDERS.values()} >= {"dq", "ddqq", "Ez", "D", "id", "d"}
    build, shape = BUILDERS[data.draw(st.sampled_from(sorted(BUILDERS)))]
    arguments = (partition, name, *(data.draw(PARAMETERS[letter]) for letter in shape))
    for _ in range(2):  # the first one may be built by the pure function
        made, expected = built(build, arguments), built(build.__wrapped__, arguments)
        assert made == expected


def built(build: Callable[..., Op[Any]], arguments: tuple[Any, ...]) -> Any:
    """Return what an operation holds, or the class of the error."""
    try:
        op = build(*arguments)
    except (TypeError, OverflowError, struct.error) as error:
        return type(error)
    assert type(op) is Op
    return vars_of(op)


@pytest.mark.parametrize("shape", ["x", "d" * 7, 5])
def test_other_requests_are_not_built(shape: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        request_builder(shape)(codec.get)


def vars_of(op: Any) -> list[Any]:
    """Return all that an operation holds."""
    names = (
        "method",
        "request",
        "partition_id",
        "decode",
        "connection",
        "member",
        "deadline",
        "on_lost",
        "on_failure",
    )
    return [getattr(op, name) for name in names]


@pytest.mark.parametrize(
    "arguments",
    [
        (1, "m", b"key"),
        (1, "m", b"key", 2**70),
        (2**40, "m", b"key", 1),
        (1, "m", "key", 1),
        ("1", "m", b"k", 1),
    ],
)
def test_wrong_arguments_give_the_errors_of_the_pure_function(arguments: tuple[Any, ...]) -> None:
    codec.get(1, "m", b"key", 1)
    get: Any = codec.get
    with pytest.raises(Exception) as expected:  # noqa: PT011  # whatever it is
        get.__wrapped__(*arguments)
    with pytest.raises(type(expected.value)):
        get(*arguments)
    named = get(partition_id=1, name="m", key=b"key", thread_id=5)
    assert vars_of(named) == vars_of(get(1, "m", b"key", 5))


def test_an_operation_in_flight_takes_little_memory() -> None:
    codec.get(1, "m", b"key", 1)
    op: Any = codec.get(1, "m", b"key", 1)
    future: Future[Any] = Future()
    invocation = future.operation = PromisedInvocation(op, 2.5, future)
    # Later interpreters keep a pointer more in front of an invocation and of a future.
    most = 256 if sys.version_info < (3, 12) else 272
    assert sum(sys.getsizeof(one) for one in (op, invocation, future)) <= most
    for one, name, value in (
        (op, "deadline", 3.5),
        (invocation, "tries", 2),
        (future, "on_lost", print),
        (op, "on_lost", print),
    ):
        rest = [found for found in gc.get_referents(one) if type(found) is dict]
        assert not rest or name == "on_lost"
        default = getattr(one, name)
        setattr(one, name, value)
        assert getattr(one, name) == one.__dict__[name] == value
        delattr(one, name)
        assert getattr(one, name) == default
    assert invocation.started == 2.5
    assert invocation.op is op


def test_what_refers_to_each_other_is_freed() -> None:
    op: Any = codec.get(1, "m", b"key", 1)
    future: Future[Any] = Future()
    future.operation = PromisedInvocation(op, 2.5, future)
    gone = [ref(future), ref(future.operation)]
    op.on_failure = future.set_exception
    op.on_lost = gone.append
    future.on_lost = op.lost
    del op, future
    gc.collect()
    assert [one() for one in gone] == [None, None]


def test_an_operation_is_told_once_that_nobody_gets_its_result() -> None:
    op: Any = codec.get(1, "m", b"key", 1)
    told: list[object] = []
    assert not op.lost(1)
    op.on_lost = told.append
    assert op.lost(2)
    assert not op.lost(3)
    op.on_lost = told.append
    op.kept()
    assert not op.lost(4)
    assert told == [2]


OUTCOMES = st.lists(st.sampled_from(["result", "error", "cancel", "late"]), max_size=4)


@given(OUTCOMES)
def test_a_future_keeps_its_first_outcome_as_the_pure_one(outcomes: list[str]) -> None:
    future: Future[Any] = Future()
    error = ValueError("wrong")
    for number, outcome in enumerate(outcomes):
        if outcome == "result":
            assert future.set_result(number) is (number == 0)
        elif outcome == "error":
            future.set_exception(error)
        elif outcome == "cancel":
            assert future.cancel() is (outcomes[0] == "cancel" or number == 0)
        else:
            assert future.done() is (number > 0)
            future.set_result(number)
    first = outcomes[0] if outcomes else "none"
    known = future._state, type(future._exception), hasattr(future, "_result"), hasattr(future, "_open")
    assert (
        known
        == {
            "none": ("PENDING", type(None), False, True),
            "result": ("FINISHED", type(None), True, False),
            "late": ("FINISHED", type(None), True, False),
            "error": ("FINISHED", ValueError, False, False),
            "cancel": ("CANCELLED_AND_NOTIFIED", CancelledError, False, False),
        }[first]
    )


def test_a_future_has_no_other_states() -> None:
    with pytest.raises(ValueError, match="not in tuple"):
        Future[Any]()._state = "RUNNING"


def test_these_tests_compare_two_variants() -> None:
    assert IS_COMPILED


def test_large_values_of_any_size_come_back_in_any_pieces() -> None:
    choose = Random(5)
    surface = Threaded(1)
    try:
        proxy = surface.client.get_object(MAP, "m")
        blocking = proxy.blocking()
        sizes = [70_000, 200_000, 131_072, 3_000_000, 3_000_100, 2_900_000, 300_000, 3_000_000, 10, 1_000_000]
        values = [bytes([number]) + choose.randbytes(size) for number, size in enumerate(sizes)]
        for number, value in enumerate(values):
            blocking.set(number, value)
        kept = []
        for piece in (1 << 20, 50_000):
            for link in surface.cluster.members[0].sessions:
                surface.do(lambda link=link, piece=piece: setattr(link, "piece", piece))  # type: ignore[misc]  # binds
            for number in [*range(len(values)), *choose.choices(range(len(values)), k=20)]:
                kept += [(number, blocking.get(number))]
            futures = [(number, proxy.get(number)) for number in choose.choices(range(len(values)), k=12)]
            kept += [(number, future.result()) for number, future in futures]
        assert all(found == values[number] for number, found in kept)
    finally:
        surface.close()


def test_three_python_functions_are_left_of_a_blocking_get() -> None:
    surface = Threaded(1)
    try:
        proxy = surface.client.get_object(MAP, "m").blocking()
        proxy.set("key", "value")
        proxy.get("key")
        found, entered = functions_entered(partial(proxy.get, "key"))
    finally:
        surface.close()
    assert found == "value"
    # The surface, the declaration, the choice of the compiled call; and what lets interrupts in if the reply is late.
    assert [name for name in entered if name != "_step"] == ["get", "get", "call"]
