"""The numbers as which Python objects are sent to other members."""

import copy
import gc
import threading
import weakref

import pytest

from hz_embedded.interfaces import CannotCrossError, JavaInterface
from hz_embedded.interfaces.crossing import Numbers


class Thing(JavaInterface, implements="java.lang.Runnable"):
    """An object to send."""

    def run(self) -> None:
        """Nothing to do."""


def test_an_object_keeps_its_number_and_is_found_by_it() -> None:
    numbers, one, other = Numbers(), Thing(), Thing()
    number = numbers.number(one)
    assert numbers.number(one) == number
    assert numbers.number(other) != number
    assert numbers.find(number) is one


def test_a_copy_is_another_object() -> None:
    numbers, one = Numbers(), Thing()
    number = numbers.number(one)
    twin = copy.copy(one)
    assert numbers.number(twin) != number
    assert numbers.find(number) is one


def test_what_was_sent_lives_until_enough_others_were() -> None:
    numbers = Numbers(kept=2)
    first = Thing()
    number, alive = numbers.number(first), weakref.ref(first)
    del first
    gc.collect()
    assert numbers.find(number) is alive()
    numbers.number(Thing())
    numbers.number(Thing())
    gc.collect()
    assert alive() is None
    with pytest.raises(CannotCrossError, match=f"no Python object number {number}"):
        numbers.find(number)


def test_what_python_holds_is_found_however_many_were_sent_since() -> None:
    numbers, held = Numbers(kept=1), Thing()
    number = numbers.number(held)
    for _ in range(5):
        numbers.number(Thing())
    assert numbers.find(number) is held


def test_numbers_from_several_threads_differ() -> None:
    numbers, things = Numbers(), [Thing() for _ in range(200)]
    found: list[int] = []

    def take(some: list[Thing]) -> None:
        found.extend(numbers.number(thing) for thing in some)

    threads = [threading.Thread(target=take, args=(things[start::4],)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == len(things)
