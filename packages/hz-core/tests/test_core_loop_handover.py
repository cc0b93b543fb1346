"""The thread of the callbacks runs the loop while many requests are in flight; the I/O thread takes it back."""

import itertools
import threading
from _thread import get_ident
from collections.abc import Callable, Iterator

import pytest

from core_interrupts import interrupted
from core_selector_thread import PATIENCE
from core_surfaces import Threaded
from hz_core.drivers.executor import CallbackExecutor
from hz_core.drivers.loop_handover import LoopHandover
from hz_core.future import Future

IN_FLIGHT = 16


def nothing() -> None:
    """Do nothing."""


class Owner:
    """A driver whose loop does what a test says."""

    def __init__(self) -> None:
        self.io_thread = 0
        self.ticking = True
        self.turns: list[int] = []
        self.stopped = False
        self.in_turn: Callable[[], object] = nothing

    def running(self) -> bool:
        return not self.stopped

    def turn(self) -> None:
        self.turns.append(self.io_thread)
        self.in_turn()


@pytest.fixture
def owner() -> Owner:
    return Owner()


@pytest.fixture
def callbacks() -> Iterator[CallbackExecutor]:
    """Callbacks that nobody runs, until the test ends."""
    made = CallbackExecutor("test", nothing, nothing)
    made._start = nothing  # type: ignore[method-assign]  # no thread
    yield made
    made.stop(0)


@pytest.fixture
def handover(owner: Owner, callbacks: CallbackExecutor) -> LoopHandover:
    return LoopHandover(owner, callbacks)


def test_the_loop_is_run_until_a_callback_waits(
    owner: Owner, callbacks: CallbackExecutor, handover: LoopHandover
) -> None:
    def in_turn() -> None:
        assert callbacks.away
        if len(owner.turns) == 3:
            callbacks.run(nothing)

    owner.in_turn = in_turn
    handover.run_while_idle()
    assert owner.turns == [get_ident()] * 3
    assert handover.lent
    assert (handover.free, owner.io_thread, callbacks.away) == (True, 0, False)


@pytest.mark.parametrize("why", ["quiet", "stopped"])
def test_the_loop_is_given_back(owner: Owner, handover: LoopHandover, why: str) -> None:
    def in_turn() -> None:
        assert handover.lent
        owner.ticking, owner.stopped = why != "quiet", why == "stopped"

    owner.in_turn = in_turn
    handover.run_while_idle()
    assert len(owner.turns) == 1
    assert not handover.lent
    # The I/O thread that stands by is woken for it.
    assert handover._given_back.acquire(timeout=0)


def test_without_many_in_flight_the_loop_stays_with_the_io_thread(
    owner: Owner, handover: LoopHandover
) -> None:
    owner.ticking = False
    handover.run_while_idle()
    assert owner.turns == []
    handover.turn_of_io_thread()
    assert len(owner.turns) == 1
    assert not handover.lent


def test_the_io_thread_keeps_what_the_other_one_has_no_more_use_for(
    owner: Owner, handover: LoopHandover
) -> None:
    lent: list[bool] = []
    owner.in_turn = handover.run_while_idle
    handover.turn_of_io_thread()
    lent.append(handover.lent)
    owner.ticking, owner.in_turn = False, nothing
    handover.turn_of_io_thread()
    lent.append(handover.lent)
    assert lent == [True, False]
    assert len(owner.turns) == 2


def test_one_thread_at_a_time(owner: Owner, callbacks: CallbackExecutor, handover: LoopHandover) -> None:
    others: list[int] = []

    def in_turn() -> None:
        other = threading.Thread(target=both)
        other.start()
        other.join(PATIENCE)
        assert not other.is_alive()
        others.append(len(owner.turns))
        owner.in_turn = lambda: callbacks.run(nothing)

    def both() -> None:
        handover.run_while_idle()
        assert handover.lent
        handover.turn_of_io_thread()

    owner.in_turn = in_turn
    handover.turn_of_io_thread()
    assert others == [1]  # no turn within the turn
    # The I/O thread has left it to the other one, which has asked for it meanwhile.
    assert handover.lent
    handover.run_while_idle()
    assert len(owner.turns) == 2


def test_the_io_thread_takes_the_loop_from_a_callback_that_takes_long(
    owner: Owner, callbacks: CallbackExecutor, handover: LoopHandover
) -> None:
    owner.in_turn = lambda: callbacks.run(nothing)
    handover.run_while_idle()
    # The callback does not end.
    for _ in range(2):
        handover.turn_of_io_thread()
    assert len(owner.turns) == 2
    assert not handover.lent
    # The callbacks have ended, and others may take as long.
    while callbacks.waiting():
        callbacks._queue.get_nowait()
    handover.run_while_idle()
    assert len(owner.turns) == 2


class Moment:
    """What the I/O thread waits for while it stands by: in this moment something happens."""

    def __init__(self, happens: Callable[[], object]) -> None:
        self.happens = happens

    def acquire(self, timeout: float) -> bool:
        assert timeout > 0
        self.happens()
        return False


def test_the_io_thread_stands_by_while_callbacks_are_short(
    owner: Owner, callbacks: CallbackExecutor, handover: LoopHandover
) -> None:
    def one_callback_more() -> None:
        callbacks._queue.get_nowait()
        handover.run_while_idle()

    owner.in_turn = lambda: callbacks.run(nothing)
    handover.run_while_idle()
    handover._given_back = Moment(one_callback_more)  # type: ignore[assignment]  # see there
    for _ in range(3):
        handover.turn_of_io_thread()
    assert owner.turns == [get_ident()] * 4
    assert handover.lent


def test_an_interrupt_anywhere_leaves_the_loop_to_somebody(owner: Owner) -> None:
    for number in itertools.count(1):
        callbacks = CallbackExecutor("test", nothing, nothing)
        callbacks._start = nothing  # type: ignore[method-assign]  # no thread
        handover = LoopHandover(owner, callbacks)
        owner.ticking = True
        owner.turns.clear()
        owner.in_turn = lambda: setattr(owner, "ticking", len(owner.turns) < 3)
        happened = interrupted(number, handover.run_while_idle, ("hz_core.drivers.loop_handover", __name__))
        assert handover.free, number
        assert owner.io_thread == 0, number
        assert not callbacks.away, number
        before = len(owner.turns)
        # Either way, and whether the thread of the callbacks comes back or not.
        if number % 2:
            handover.run_while_idle()
        for _ in range(3):
            handover.turn_of_io_thread()
        assert len(owner.turns) > before, number
        if not happened:
            break
    assert number > 10


def test_callbacks_and_the_end_wake_the_thread_that_runs_the_loop(owner: Owner) -> None:
    woken, in_turn, ran = threading.Event(), threading.Event(), threading.Event()

    def wait() -> None:
        in_turn.set()
        assert woken.wait(PATIENCE)
        woken.clear()

    owner.in_turn = wait
    executor = CallbackExecutor("test", lambda: made.run_while_idle(), woken.set)
    made = LoopHandover(owner, executor)
    executor.run(nothing)
    assert in_turn.wait(PATIENCE)
    in_turn.clear()
    executor.run(ran.set)
    assert ran.wait(PATIENCE)
    assert in_turn.wait(PATIENCE)
    executor.stop(PATIENCE)
    assert not [t for t in threading.enumerate() if t.name == "test"]


@pytest.fixture(params=["plain", "tls"])
def single(request: pytest.FixtureRequest) -> Iterator[Threaded]:
    made = Threaded(1, tls_name="127.0.0.1" if request.param == "tls" else None)
    made.client.blocking.call(made.ops.put(1, "one"))
    yield made
    made.close()


class Flight:
    """Keeps operations in flight: each callback begins the next one, until the flight is to end."""

    def __init__(self, surface: Threaded) -> None:
        self.surface = surface
        self.in_callback: Callable[[], object] = nothing
        self.ends = False
        self.begun = 0
        self.threads: set[int] = set()
        self.values: list[object] = []
        self.errors: list[BaseException] = []

    def begin(self) -> None:
        self.begun += 1
        self.surface.client.futures.call(self.surface.ops.get(1)).add_done_callback(self.arrived)

    def arrived(self, future: Future[object]) -> None:
        try:
            self.threads.add(get_ident())
            self.values.append(future.result())
            self.in_callback()
            if not self.ends:
                self.begin()
        except BaseException as e:
            self.errors.append(e)

    def start(self) -> None:
        # In the thread of the callbacks, since the callback of a future that is done already runs where it is added.
        for _ in range(IN_FLIGHT):
            self.surface.client._driver.run_callback(self.begin)
        self.surface.until(lambda: self.loop.lent)

    def end(self) -> None:
        self.ends = True
        self.surface.until(lambda: len(self.values) == self.begun)
        assert self.errors == []
        assert set(self.values) == {"one"}
        assert len(self.threads) == 1

    @property
    def loop(self) -> LoopHandover:
        return self.surface.client._driver._loop


def test_the_loop_changes_hands_with_the_load(single: Threaded) -> None:
    driver = single.client._driver
    flight = Flight(single)
    flight.start()
    single.until(lambda: driver.io_thread in flight.threads)
    assert single.client.blocking.call(single.ops.get(1)) == "one"
    flight.end()
    # Without anything in flight it is the I/O thread's again.
    single.until(lambda: not flight.loop.lent)
    single.until(lambda: driver.io_thread == driver._thread.ident)


def test_a_callback_that_takes_long_holds_up_nobody(single: Threaded) -> None:
    gate, blocked = threading.Event(), threading.Event()
    flight = Flight(single)

    def block() -> None:
        if flight.loop.lent and not blocked.is_set():
            blocked.set()
            assert gate.wait(PATIENCE)

    flight.start()
    flight.in_callback = block
    assert blocked.wait(PATIENCE)
    done = threading.Event()
    single.client._driver.call_soon(done.set)
    assert done.wait(PATIENCE)
    assert single.client.futures.call(single.ops.get(1)).result(PATIENCE) == "one"
    assert not gate.is_set()
    gate.set()
    flight.end()


def test_callbacks_may_wait_for_the_client(single: Threaded) -> None:
    def two_gets() -> object:
        return single.client.blocking.call(single.ops.get(1)), single.client.futures.call(
            single.ops.get(1)
        ).result()

    flight = Flight(single)
    flight.start()
    flight.in_callback = two_gets
    before = len(flight.values)
    single.until(lambda: len(flight.values) > before + 100)
    flight.end()


@pytest.mark.parametrize("where", ["callback", "elsewhere"])
def test_shutdown_while_the_loop_is_lent(single: Threaded, where: str) -> None:
    flight = Flight(single)
    ended = threading.Event()

    def shut_down() -> None:
        if where == "callback" and flight.loop.lent and not ended.is_set():
            single.client.shutdown()
            ended.set()

    flight.start()
    flight.in_callback = shut_down
    if where == "elsewhere":
        single.client.shutdown()
    else:
        assert ended.wait(PATIENCE)
    name = single.client.name
    single.until(lambda: not [t for t in threading.enumerate() if t.name.startswith(f"{name}-")])
