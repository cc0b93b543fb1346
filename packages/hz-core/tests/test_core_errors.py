"""Errors: their names, what a member's error message becomes, which may be retried."""

import pickle
import traceback
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hz_core import errors
from hz_core.errors import ERROR_CLASSES, error_from_holders, is_retryable, server_error
from hz_core.errors.server import MAX_CAUSES, NOTE_FRAMES
from hz_serialization import HazelcastError, HazelcastSerializationError


@dataclass
class Frame:
    class_name: str = "com.hazelcast.map.Put"
    method_name: str = "run"
    file_name: str | None = "Put.java"
    line_number: int = 42


@dataclass
class Holder:
    error_code: int
    class_name: str
    message: str | None = None
    stack_trace_elements: list[Frame] = field(default_factory=list)


def error_names() -> list[str]:
    return [n for n, v in vars(errors).items() if isinstance(v, type) and issubclass(v, Exception)]


def test_every_code_of_the_protocol_has_a_class() -> None:
    assert sorted(ERROR_CLASSES) == [*range(101), *range(500, 508)]
    assert all(issubclass(c, HazelcastError) for c in ERROR_CLASSES.values())
    # Only the root stands for a code of its own beside its subclasses.
    assert len(set(ERROR_CLASSES.values())) == len(ERROR_CLASSES)


@pytest.mark.parametrize(
    ("documented", "real"),
    [
        ("ArrayIndexOutOfBoundsException", "ArrayIndexOutOfBoundsError"),
        ("ClassCastException", "ClassCastError"),
        ("IndexOutOfBoundsException", "IndexOutOfBoundsError"),
        ("NullPointerException", "NullPointerError"),
    ],
)
def test_both_spellings_name_one_class(documented: str, real: str) -> None:
    assert getattr(errors, documented) is getattr(errors, real)
    assert getattr(errors, real).__name__ == real


def test_java_pairs_of_error_and_exception_are_kept_apart() -> None:
    pairs = ("IllegalAccess", "NoSuchMethod", "NoSuchField")
    assert len({getattr(errors, name + kind) for name in pairs for kind in ("Error", "Exception")}) == 6


@pytest.mark.parametrize("name", error_names())
def test_each_error_takes_message_and_cause_or_nothing(name: str) -> None:
    error_class: Any = getattr(errors, name)
    assert issubclass(error_class, HazelcastError)
    assert error_class.__doc__
    assert isinstance(error_class(), HazelcastError)
    if name not in ("ClientOfflineError", "HazelcastClientNotActiveError"):
        cause = ValueError("why")
        error = error_class("what", cause)
        assert str(error) == "what"
        assert error.__cause__ is cause


def test_errors_of_the_client_s_state_say_so_by_default() -> None:
    assert str(errors.HazelcastClientNotActiveError()) == "Client is not active"
    assert str(errors.HazelcastClientNotActiveError("closed")) == "closed"
    assert "not connected" in str(errors.ClientOfflineError())


def test_chain_becomes_error_with_causes() -> None:
    error = error_from_holders(
        [
            Holder(17, "java.util.concurrent.ExecutionException", "outer", [Frame()]),
            Holder(21, "com.hazelcast.nio.serialization.HazelcastSerializationException", None),
            Holder(37, "java.lang.NullPointerException", ""),
        ]
    )
    assert type(error) is errors.ExecutionError
    assert str(error) == "java.util.concurrent.ExecutionException: outer"
    cause = error.__cause__
    assert type(cause) is HazelcastSerializationError
    assert str(cause) == "com.hazelcast.nio.serialization.HazelcastSerializationException"
    root = cause.__cause__
    assert type(root) is errors.NullPointerError
    assert str(root) == "java.lang.NullPointerException"
    assert root.__cause__ is None


def test_the_member_s_own_words_are_kept() -> None:
    frames = [
        Frame(),
        Frame(file_name=None, line_number=-1),
        Frame(line_number=-2),
        Frame(line_number=-1),
    ]
    error = error_from_holders([Holder(35, "java.util.NoSuchElementException", "empty", frames)])
    said = server_error(error)
    assert said is not None
    assert said[:3] == (35, "java.util.NoSuchElementException", "empty")
    assert said.stack.splitlines() == [
        "    at com.hazelcast.map.Put.run(Put.java:42)",
        "    at com.hazelcast.map.Put.run(unknown source)",
        "    at com.hazelcast.map.Put.run(native method)",
        "    at com.hazelcast.map.Put.run(Put.java)",
    ]
    attributes = vars(error)
    assert attributes["server_class_name"] == said.class_name
    assert attributes["server_message"] == said.message
    assert attributes["server_stack"] == said.stack
    assert server_error(ValueError("local")) is None


def test_traceback_shows_the_top_of_the_member_s_stack_only() -> None:
    frames = [Frame(line_number=n) for n in range(100)]
    error = error_from_holders([Holder(48, "java.lang.RuntimeException", "x", frames)])
    shown = "".join(traceback.format_exception(error))
    assert shown.count("    at ") == NOTE_FRAMES
    assert f"{100 - NOTE_FRAMES} more in server_stack" in shown
    assert "    at " not in str(error)


@pytest.mark.parametrize("code", [0, 101, 1000, -1, 2**31 - 1])
def test_unknown_codes_keep_class_and_message(code: int) -> None:
    error = error_from_holders([Holder(code, "org.acme.OurException", "boom")])
    assert type(error) is errors.UndefinedErrorCodeError
    assert str(error).startswith("org.acme.OurException: boom")


def test_an_error_without_exceptions_is_an_error_all_the_same() -> None:
    assert type(error_from_holders([])) is errors.UndefinedErrorCodeError


def test_endless_chains_are_cut() -> None:
    error: BaseException | None = error_from_holders([Holder(48, "java.lang.RuntimeException")] * 10_000)
    length = 0
    while error is not None:
        length += 1
        error = error.__cause__
    assert length == MAX_CAUSES + 1


def test_errors_survive_pickling() -> None:
    error = error_from_holders([Holder(35, "java.util.NoSuchElementException", "empty", [Frame()])])
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert server_error(copy) == server_error(error)


def test_retryable_errors() -> None:
    retryable = {c.__name__ for c in ERROR_CLASSES.values() if is_retryable(c("x"))}
    assert retryable == {
        "CallerNotMemberError",
        "CannotReplicateError",
        "MemberLeftError",
        "NotLeaderError",
        "PartitionMigratingError",
        "RetryableHazelcastError",
        "RetryableIOError",
        "TargetNotMemberError",
        "TargetNotReplicaError",
        "WrongTargetError",
    }


text = st.text(max_size=30)


@given(
    st.lists(
        st.builds(
            Holder,
            st.integers(-(2**31), 2**31 - 1),
            text,
            st.none() | text,
            st.lists(
                st.builds(Frame, text, text, st.none() | text, st.integers(-(2**31), 2**31 - 1)), max_size=12
            ),
        ),
        max_size=5,
    )
)
def test_whatever_was_decoded_makes_an_error_that_prints(holders: list[Holder]) -> None:
    error = error_from_holders(holders)
    assert isinstance(error, HazelcastError)
    assert traceback.format_exception(error)
