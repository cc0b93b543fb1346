"""Reliable topics under the load of `chaos.py`: every message that was confirmed arrives, once and in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from hazelcast.errors import HazelcastError
from hazelcast.proxy.reliable_topic import ReliableMessageListener

NAME = "chaos-reliable"


class Published(NamedTuple):
    """A message, and whether its publication was confirmed; otherwise nobody knows whether it was published."""

    message: int
    confirmed: bool


class Hearer(ReliableMessageListener[int]):
    """Notes what it hears. It does not tolerate losses: it would end, and say so.

    Attributes:
        heard: The messages.
        ended: Whether it has ended.
    """

    def __init__(self) -> None:
        self.heard: list[int] = []
        self.ended = False

    def on_message(self, message: Any) -> None:
        """Note it."""
        self.heard.append(message.message)

    def on_cancel(self) -> None:
        """Note the end."""
        self.ended = True


class ReliableLoad:
    """One publisher and the listeners of several clients.

    Attributes:
        published: The messages, in their order.
        hearers: The listeners.
    """

    def __init__(self) -> None:
        self.published: list[Published] = []
        self.hearers: list[Hearer] = []
        self._endings: list[Callable[[], object]] = []

    def listen(self, client: Any) -> None:
        """Add a listener, before the first message."""
        hearer = Hearer()
        topic = client.get_reliable_topic(NAME).blocking()
        registration = topic.add_listener(hearer)
        self.hearers.append(hearer)
        self._endings.append(lambda: topic.remove_listener(registration))

    def publish(self, topic: Any) -> HazelcastError | None:
        """Publish the next message to a blocking topic; return the error if it was not confirmed."""
        message = len(self.published)
        try:
            topic.publish(message)
        except HazelcastError as e:
            self.published.append(Published(message, False))
            return e
        self.published.append(Published(message, True))
        return None

    def all_heard(self) -> bool:
        """Return whether all listeners have heard the last message, which was confirmed, or have ended."""
        last = self.published[-1].message
        return all(hearer.ended or last in hearer.heard[-1:] for hearer in self.hearers)

    def check(self) -> int:
        """End the listeners, and return how many messages they have missed as described at `find_missed`.

        Raises:
            AssertionError: A listener has ended, or has heard something wrong.
        """
        assert not any(hearer.ended for hearer in self.hearers), "messages were lost"
        for end in self._endings:
            end()
        return sum(len(find_missed(self.published, hearer.heard)) for hearer in self.hearers)


def find_missed(published: Sequence[Published], heard: Sequence[int]) -> list[int]:
    """Return the confirmed messages that a listener has missed for the one reason that nobody can notice.

    A member that is killed may have shown the listener messages that no backup had. They are lost, and the next ones
    get their sequences, at which the listener has been already. The publications of such messages were not confirmed.
    So as many may be missing as unconfirmed ones were heard just before.

    Raises:
        AssertionError: A message was heard that was not published, or twice, or in another order; or a confirmed one
            was missed without this reason.
    """
    confirmed = [each.message for each in published if each.confirmed]
    unconfirmed = {each.message for each in published if not each.confirmed}
    twice = [message for message, count in Counter(heard).items() if count > 1]
    assert not twice, f"heard twice: {twice}"
    unknown = set(heard) - set(confirmed) - unconfirmed
    assert not unknown, f"heard, but not published: {unknown}"
    certain = [message for message in heard if message not in unconfirmed]
    assert certain == sorted(certain), "not heard in the order of their publication"
    missed: list[int] = []
    wanted = iter(confirmed)
    ghosts = 0
    for message in heard:
        if message in unconfirmed:
            ghosts += 1
            continue
        before = []
        while (expected := next(wanted)) != message:
            before.append(expected)
        assert len(before) <= ghosts, f"{before} were not heard before {message}"
        missed += before
        ghosts = 0
    left = list(wanted)
    assert len(left) <= ghosts, f"{left} were not heard at the end"
    return missed + left
