"""Random operations of two clients on a structure and on its model, while connections are lost at any time.

A lost connection leaves open whether an operation was done. So the machine has several models, one for each state in
which the structure may be; each result, and each look at the whole structure, drops those that do not fit. None may be
left over: then the client, or the member, has done what must not be.

A structure is described by a :class:`Model`; how connections are cut, by a :class:`Network`.
"""

import copy
import itertools
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, ClassVar, NamedTuple, TypeAlias

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from hz_core.errors import TargetDisconnectedError
from hz_core.kinds import ObjectKind
from map_harness import fresh_name

Operations: TypeAlias = dict[str, st.SearchStrategy[tuple[Any, ...]]]
"""The arguments of each operation."""

WHO = st.integers(0, 1)


class Undone(Exception):
    """The connection was lost while something was done that certainly has no effect: a part of a transaction."""


class Cut(NamedTuple):
    """When a connection is lost.

    Attributes:
        request: At which request of an operation, from 1; 0 before all of them.
        done: Whether the member does what the request says.
    """

    request: int
    done: bool


class Model(ABC):
    """What a structure should be, with methods that do what those of the structure do.

    Models are equal if their attributes are.

    Attributes:
        kind: The kind of the structure.
        prefix: How the structure's name begins.
        operations: The arguments of each operation, as a strategy of tuples.
        unordered: The operations that return items in any order: the model returns a Counter.
        errors: What operations may raise.
        requests: At which requests of an operation connections are lost.
        repeated: The changes that are repeated after a lost connection, whatever the client's options are.
    """

    kind: ClassVar[ObjectKind[Any, Any] | None] = None
    prefix: ClassVar[str] = "lossy"
    operations: ClassVar[Operations]
    unordered: ClassVar[frozenset[str]] = frozenset()
    errors: ClassVar[tuple[type[Exception], ...]] = ()
    requests: ClassVar[list[int]] = [0, 1, 1, 1, 2, 3]
    repeated: ClassVar[frozenset[str]] = frozenset()

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and vars(other) == vars(self)

    __hash__ = None  # type: ignore[assignment] # they change

    def __repr__(self) -> str:
        return f"{type(self).__name__}({vars(self)})"

    @classmethod
    def target(cls, network: "Network", who: int, name: str) -> Any:
        """Return the structure, as one of the clients sees it."""
        return network.clients[who].get_object(cls.kind, name).blocking()

    def parts(self, operation: str, args: tuple[Any, ...]) -> list[tuple[str, tuple[Any, ...]]]:
        """Return the operations of which one consists, any of which may have been done if it fails."""
        return [(operation, args)]

    @staticmethod
    @abstractmethod
    def look(target: Any) -> object:
        """Return all that can be seen of the structure; it is called with the structure, and with the model."""


class Network(ABC):
    """Two clients, and their connections.

    Attributes:
        clients: The clients.
        redo: Whether the clients repeat changes after a lost connection.
        shared: What the clients know of the objects of a name: the numbers of tasks, for example.
        gates: What tasks do in the member, if it executes any (`member_side.Gates`).
    """

    clients: tuple[Any, Any]
    redo: bool = False
    gates: Any = None

    def __init__(self) -> None:
        self.shared: dict[str, list[Any]] = {}

    @abstractmethod
    def prepare(self, name: str) -> None:
        """Configure the structure of this name, before it is used."""

    @abstractmethod
    def close(self) -> None:
        """End what was made for one run of the machine."""

    @abstractmethod
    def cut(self, who: int) -> None:
        """Cut connections of a client between two operations."""

    @abstractmethod
    def arm(self, who: int, cut: Cut) -> None:
        """Let a connection of the client be lost in its next operation."""

    @abstractmethod
    def disarm(self) -> list[bool | None]:
        """Cut nothing any more. Return whether each request, whose connection was lost, was done; None: unknown."""

    def fits(self, check: Callable[[], None]) -> None:
        """Let a look at a structure be compared with the models; members may need time after a lost connection."""
        check()

    @abstractmethod
    def transaction(self, who: int, kind: int) -> Any:
        """Return a transaction that has not begun, on the blocking surface."""


class Outcome(NamedTuple):
    """What came of an operation: a result, an error of those that are expected, or a lost connection."""

    how: str
    value: Any = None


LOST = Outcome("lost")
UNDONE = Outcome("undone")


def outcome_of(model: type[Model], target: Any, operation: str, args: tuple[Any, ...]) -> Outcome:
    """Do an operation with a structure or a model."""
    try:
        result = getattr(target, operation)(*copy.deepcopy(args))
    except TargetDisconnectedError:
        return LOST
    except Undone:
        return UNDONE
    except model.errors as e:
        return Outcome("raised", next(kind for kind in model.errors if isinstance(e, kind)))
    if isinstance(result, Sequence) and not isinstance(result, str):
        result = list(result)
    if operation in model.unordered and not isinstance(result, Counter):
        result = Counter(result)
    return Outcome("returned", result)


class Possibilities:
    """The states in which a structure may be.

    Args:
        model: The state in which it begins.
        redo: Whether the client repeats changes after a lost connection.
    """

    def __init__(self, model: Model, redo: bool) -> None:
        self.models = [model]
        self._redo = redo

    def after(self, operation: str, args: tuple[Any, ...], outcome: Outcome, cuts: list[bool | None]) -> None:
        """Go on to the states that an operation may lead to.

        Args:
            operation: The operation.
            args: Its arguments.
            outcome: What came of it.
            cuts: For each request whose connection was lost, whether it was done; None if that is unknown.
        """
        found: list[Model] = []
        for model in self.models:
            for changed, expected in self._done(model, operation, args, outcome, cuts):
                if outcome in (LOST, UNDONE, expected) and changed not in found:
                    found.append(changed)
        self._keep(found, f"{operation}{args} {outcome}, connections lost {cuts}")

    def looked(self, seen: object) -> None:
        """Keep the states of which this can be seen."""
        kept = [model for model in self.models if type(model).look(model) == seen]
        self._keep(kept, f"looked: {seen}")

    def _keep(self, found: list[Model], what: str) -> None:
        if not found:
            raise AssertionError(f"{what}; this cannot be after any of {self.models}")
        self.models = found

    def _done(
        self, model: Model, operation: str, args: tuple[Any, ...], outcome: Outcome, cuts: list[bool | None]
    ) -> Iterator[tuple[Model, Outcome | None]]:
        """Yield the states that an operation may lead to, and what it would return then."""
        if outcome == UNDONE:
            yield model, None
            return
        parts = model.parts(operation, args)
        again = 1 if cuts and (self._redo or operation in model.repeated) else 0
        least, most = (0, 1 + again) if outcome == LOST else (1, 1 + again)
        if len(parts) == 1 and (outcome == LOST or again) and None not in cuts:
            # Nothing is left open: each request whose connection was lost was done or not, and one had a reply.
            least = most = cuts.count(True) + (outcome != LOST)
        for counts in itertools.product(range(least, most + 1), repeat=len(parts)):
            changed, expected = copy.deepcopy(model), None
            for (part, its_args), count in zip(parts, counts, strict=True):
                for _ in range(count):
                    expected = outcome_of(type(model), changed, part, its_args)
            if parts != [(operation, args)]:
                expected = outcome_of(type(model), copy.deepcopy(model), operation, args)
            yield changed, expected


class Machine(RuleBasedStateMachine):
    """A structure of two clients and its models.

    Attributes:
        model: The class of the models.
        network: Returns the network for one run.
    """

    model: ClassVar[type[Model]]
    connect: ClassVar[Any]
    losses: ClassVar[Counter[str]]

    def __init__(self) -> None:
        super().__init__()
        self.network: Network = type(self).connect()
        name = fresh_name(self.model.prefix)
        self.network.prepare(name)
        self.found = [self.model.target(self.network, who, name) for who in (0, 1)]
        self.possible = Possibilities(self.model(), self.network.redo)

    def teardown(self) -> None:
        self.found[0].destroy()
        self.network.close()

    def operate(self, who: int, operation: tuple[str, tuple[Any, ...]], cut: Cut | None) -> None:
        """Do an operation, and compare what comes of it with the models."""
        name, args = operation
        if cut is not None and cut.request == 0:
            self.network.cut(who)
        elif cut is not None:
            self.network.arm(who, cut)
        outcome = outcome_of(self.model, self.found[who], name, args)
        cuts = self.network.disarm()
        # A transaction does not wait for a connection.
        assert cuts or outcome != LOST, "nothing was lost"
        assert cuts or cut or outcome != UNDONE, "nothing was lost"
        self.losses[outcome.how] += bool(cuts)
        self.possible.after(name, args, outcome, cuts)

    @invariant()
    def same(self) -> None:
        for found in self.found:
            self.network.fits(partial(self._look, found))

    def _look(self, found: Any) -> None:
        self.possible.looked(self.model.look(found))


def check(model: type[Model], connect: Any, examples: int, steps: int) -> Counter[str]:
    """Run random operations on a structure and on its model.

    Args:
        model: The model.
        connect: Returns the network for one run.
        examples: Number of runs.
        steps: Number of operations in each.

    Returns:
        How operations ended that lost a connection.
    """
    operations = st.one_of(
        [st.tuples(st.just(name), args) for name, args in sorted(model.operations.items())]
    )
    cuts = st.none() | st.builds(Cut, st.sampled_from(model.requests), st.booleans())

    class ModelMachine(Machine):
        @rule(who=WHO, operation=operations, cut=cuts)
        def operate(self, who: int, operation: tuple[str, tuple[Any, ...]], cut: Cut | None) -> None:
            super().operate(who, operation, cut)

    ModelMachine.model, ModelMachine.losses = model, Counter()
    ModelMachine.connect = staticmethod(connect)
    run_state_machine_as_test(
        ModelMachine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            # To shrink an example takes minutes, and the models in the message tell nearly as much.
            phases=[Phase.explicit, Phase.reuse, Phase.generate],
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
    return ModelMachine.losses
