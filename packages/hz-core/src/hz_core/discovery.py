"""How the addresses of a cluster are found: the interface of discovery, and what the core makes of its answers."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol, TypeAlias

from hz_core.addresses import candidates
from hz_core.errors import HazelcastError, InvalidAddressError
from hz_core.model import Address

DEFAULT_TIMEOUT: Final = 10.0
"""Seconds that a discovery may take which has no ``timeout``."""

MOST_ADDRESSES: Final = 10_000
"""A discovery that finds more addresses has failed."""

FoundAddress: TypeAlias = Address | str | tuple[str, int]
"""An address that a discovery returns: an ``Address``, a pair of host and port, or text as in ``cluster_members``."""


class DiscoveryError(HazelcastError):
    """The addresses of the cluster could not be found; the text says why, and what to do."""


class Discovery(Protocol):
    """Finds the members of a cluster. Subclass it, or have a method ``discover`` of your own.

    The methods may wait, for example for a name server. They are called on a thread of their own, never on one that
    others wait for, and not by two threads at a time.

    Attributes:
        timeout: Seconds that a call may take. After that the client goes on without it, and does not call it again
            before it has returned.
    """

    timeout: float = DEFAULT_TIMEOUT

    def discover(self) -> Iterable[FoundAddress]:
        """Return the addresses to connect to, the preferred one first. What it raises is logged and told.

        Called for each round of attempts to connect to the cluster, and when ``translate`` returns None.
        """
        ...

    def translate(self, address: Address) -> Address | None:
        """Return where the client reaches the member that the cluster knows by ``address``.

        None means that this is unknown: the client calls ``discover`` and asks again, and uses ``address`` itself if it
        is still unknown.
        """
        return address


class Question(NamedTuple):
    """What a discovery is asked at once."""

    discover: bool
    """Whether the addresses are wanted, also when all translations are known."""

    members: Sequence[Address]
    """The addresses to translate."""


class Answer(NamedTuple):
    """What a discovery has answered."""

    found: list[Address] | None
    """The addresses; None if it was not asked for them."""

    translated: Mapping[Address, Address | None]
    """Where the members are reached; None if that is unknown."""


def ask(discovery: Any, question: Question) -> Answer:
    """Call the methods of a discovery; waits as long as they do.

    Raises:
        DiscoveryError: A method has failed, or returned something else than addresses.
    """
    translate = getattr(discovery, "translate", None) or _same
    found = _discovered(discovery) if question.discover else None
    translated = _translations(discovery, translate, question.members)
    if found is None and None in translated.values():
        found = _discovered(discovery)
        translated = _translations(discovery, translate, question.members)
    return Answer(found, translated)


def time_limit(discovery: Any) -> float:
    """Return how many seconds a discovery may take."""
    timeout = getattr(discovery, "timeout", None)
    return float(timeout) if isinstance(timeout, int | float) and timeout > 0 else DEFAULT_TIMEOUT


def describe(discovery: Any) -> str:
    """Return how texts name a discovery: what it says of itself, or else its class, but no secret of others."""
    kind = type(discovery)
    own: object = kind.__str__
    return kind.__name__ if own is object.__str__ else str(discovery)[:200]


def _same(address: Address) -> Address:
    return address


def _discovered(discovery: Any) -> list[Address]:
    try:
        answer = list(discovery.discover())
        found = list(dict.fromkeys(address for item in answer for address in _addresses(item)))
    except DiscoveryError:
        raise
    except Exception as e:
        raise DiscoveryError(
            f"{describe(discovery)} could not find the cluster: {type(e).__name__}: {e}"
        ) from e
    if len(found) > MOST_ADDRESSES:
        raise DiscoveryError(
            f"{describe(discovery)} has found {len(found)} addresses, more than {MOST_ADDRESSES}"
        )
    return found


def _addresses(item: object) -> list[Address]:
    if isinstance(item, str):
        return candidates(item)
    if isinstance(item, tuple) and len(item) == 2:
        host, port = item
        if isinstance(host, str) and host and isinstance(port, int) and 0 < port <= 65535:
            return [Address(host, port)]
    raise InvalidAddressError(
        f"discover() must return addresses, pairs of host and port, or texts, not {str(item)[:200]!r}"
    )


def _translations(
    discovery: Any, translate: Any, members: Iterable[Address]
) -> dict[Address, Address | None]:
    translated: dict[Address, Address | None] = {}
    for member in members:
        try:
            answer = translate(member)
            translated[member] = None if answer is None else _addresses(answer)[0]
        except Exception as e:
            raise DiscoveryError(
                f"{describe(discovery)} could not translate the address {member}: {type(e).__name__}: {e}"
            ) from e
    return translated
