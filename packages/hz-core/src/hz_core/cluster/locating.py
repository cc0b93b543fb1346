"""Where the members of one cluster are: the configured addresses, what discovery finds, and translated addresses."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import inf
from typing import Any, Final
from uuid import UUID

from hz_core.cluster.public_addresses import PublicAddressDetection
from hz_core.discovery import Answer, DiscoveryError, Question, ask, describe, time_limit
from hz_core.io import IO
from hz_core.log import get_logger
from hz_core.model import Address, MemberInfo
from hz_core.op import Flow, WaitFor, Within
from hz_core.promise import CallbackPromise, Promise, complete

_logger = get_logger("discovery")

ASK_AGAIN_AFTER: Final = 10.0
"""Seconds between two calls of a discovery for the sake of addresses that it does not know."""


class Locator:
    """Knows the addresses of one cluster, and learns them without blocking. Used on the I/O side only.

    Args:
        io: The driver.
        configured: Returns the configured addresses, in the order to try them.
        discovery: Finds more of them (:class:`hz_core.discovery.Discovery`); None for no discovery.
        public: Whether public addresses of members are used; None to find out with ``detection``.
        detection: Finds out whether members are reached by public addresses only.
        order: Puts the addresses that were discovered in the order to try them.
    """

    def __init__(
        self,
        io: IO,
        configured: Callable[[], list[Address]],
        discovery: Any,
        public: bool | None,
        detection: PublicAddressDetection,
        order: Callable[[list[Address]], object],
    ) -> None:
        self._io = io
        self._configured = configured
        self._discovery = discovery
        self._public = public
        self._detection = detection
        self._order = order
        self._found: list[Address] = []
        self._translated: dict[Address, Address | None] = {}
        self._asking: list[Promise] | None = None
        self._asked = Question(False, ())
        self._asked_unknown = -inf
        self._error: DiscoveryError | None = None
        self._decided = public is not None
        self._decided_for: UUID | None = None
        self._deciding: list[Promise] | None = None

    # --- what is known ----------------------------------------------------------------------------------------

    def addresses(self) -> list[Address]:
        """Return the configured addresses, then those that were discovered last, without duplicates."""
        found = list(self._found)
        self._order(found)
        return list(dict.fromkeys([*self._configured(), *found]))

    def translate(self, member: MemberInfo) -> Address:
        """Return where a member is reached, as far as that is known."""
        translated = self._translated.get(member.address)
        if translated is not None and translated != member.address:
            return translated
        return (member.public_address if self._public else None) or member.address

    def failures(self) -> Mapping[str, Exception]:
        """Return why the last discovery has failed, by the name of what has failed; nothing if it has not."""
        return {} if self._error is None else {f"discovery by {describe(self._discovery)}": self._error}

    # --- learning ---------------------------------------------------------------------------------------------

    def discover(self, members: Sequence[MemberInfo], left: float | None) -> Flow[None]:
        """Find the addresses again, before a round of attempts to connect to the cluster.

        When that fails, those that were found before stay.

        Args:
            members: The last members of the cluster that are known.
            left: Seconds that are left for connecting, None for no limit.
        """
        if self._discovery is not None:
            yield from self._ask(Question(True, [m.address for m in members]), left)

    def learn(self, members: Sequence[MemberInfo], cluster_id: UUID | None) -> Flow[None]:
        """Find out where members are reached, before connections to them are opened."""
        if not members:
            return
        if self._discovery is not None:
            yield from self._learn_translations(members)
        if self._deciding is not None:
            yield WaitFor(self._deciding.append)
        elif self._public is None or (self._decided_for is not None and self._decided_for != cluster_id):
            self._decided_for = cluster_id
            yield from self._decide(members)

    def _learn_translations(self, members: Sequence[MemberInfo]) -> Flow[None]:
        addresses = [m.address for m in members]
        if any(address not in self._translated for address in addresses) or (
            any(self._translated[address] is None for address in addresses)
            and self._io.now() - self._asked_unknown >= ASK_AGAIN_AFTER
        ):
            yield from self._ask(Question(False, addresses), None)

    def _decide(self, members: Sequence[MemberInfo]) -> Flow[None]:
        waiting = self._deciding = []
        self._public = None
        try:
            self._public = yield from self._detection.only_public(members)
        finally:
            self._deciding = None
            for promise in waiting:
                self._io.call_soon(partial(complete, promise, None))

    # --- asking -----------------------------------------------------------------------------------------------

    def _ask(self, question: Question, left: float | None) -> Flow[None]:
        limit = time_limit(self._discovery)
        seconds = limit if left is None else min(limit, left)
        try:
            yield Within(seconds, self._wait(question))
        except TimeoutError:
            self._leave_unknown(question)
            self._failed(
                DiscoveryError(
                    f"{describe(self._discovery)} did not answer within {round(seconds, 3):g} s"
                    f" ({'its timeout' if seconds == limit else 'what was left of cluster_connect_timeout'})"
                )
            )

    def _wait(self, question: Question) -> Flow[None]:
        if self._asking is not None and question.discover and not self._asked.discover:
            yield WaitFor(self._asking.append)  # it was asked something else
        yield WaitFor(partial(self._begin, question))

    def _begin(self, question: Question, promise: Promise) -> None:
        """Call the discovery, unless it is still busy; ``promise`` waits for it either way."""
        if self._asking is not None:
            self._asking.append(promise)
            return
        self._asking = [promise]
        self._asked = question
        self._io.run_blocking(
            partial(ask, self._discovery, question), CallbackPromise(partial(self._answered, question))
        )

    def _answered(self, question: Question, answer: Any, error: BaseException | None) -> None:
        waiting, self._asking = self._asking or [], None
        if isinstance(error, DiscoveryError):
            self._failed(error)
        elif error is not None:
            self._failed(DiscoveryError(f"{describe(self._discovery)}: {error}"))
        else:
            self._learned(answer)
        if self._error is not None or None in self._translated.values():
            self._leave_unknown(question)
        for promise in waiting:
            if not promise.cancelled():
                promise.set_result(None)

    def _leave_unknown(self, question: Question) -> None:
        """Go on without the translations that are missing, and do not ask for them again too soon."""
        self._asked_unknown = self._io.now()
        for address in question.members:
            self._translated.setdefault(address, None)

    def _learned(self, answer: Answer) -> None:
        self._error = None
        if answer.found:
            self._found = answer.found
        elif answer.found is not None:
            self._failed(DiscoveryError(f"{describe(self._discovery)} has found no address"))
        self._translated = dict(answer.translated)
        unknown = [str(address) for address, to in answer.translated.items() if to is None]
        if unknown:
            _logger.warning(
                "%s does not know the members at %s; the client tries these addresses themselves",
                describe(self._discovery),
                ", ".join(unknown),
            )

    def _failed(self, error: DiscoveryError) -> None:
        self._error = error
        _logger.warning("%s; %d addresses found before are used", error, len(self._found))
