"""Is the history of a queue linearizable? A fast answer for queues whose items are all different.

Such a history is wrong only in one of four ways, each of which is found without a search for an order: an item came
from nowhere or before its offer began; it came twice; an item overtook another one that had been offered before; or
the queue was found empty while at each moment some item was certainly in it.

An offer of unknown outcome counts only if its item came out. A poll of unknown outcome may have taken one item, which
never came out, and nobody knows which. The answer is exact for histories without such polls; with them, nothing right
is called wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import inf

from histories import Operation


@dataclass(slots=True)
class Item:
    """An item that was certainly in the queue at some time.

    Attributes:
        offer: Its offer.
        poll: What took it out; None if it stayed, or if a poll of unknown outcome may have taken it.
        gone: When it may have left the queue at the earliest; infinite if it stayed.
    """

    offer: Operation
    poll: Operation | None
    gone: float


def find_disorder(operations: Iterable[Operation], *, put_back: bool = False) -> str | None:
    """Return what is wrong with the operations ``offer(item)`` and ``poll()`` on one queue, or None.

    Offers return True, polls an item, or None for an empty queue. Other operations are not allowed.

    Args:
        operations: The operations, in any order; those that failed without an effect are ignored.
        put_back: Whether a poll of unknown outcome may also put its item back, at the end of the queue: this is what
            the client does with an item that arrives for a caller who has given up.
    """
    found = [each for each in operations if each.outcome != "failed"]
    offers = {each.arguments[0]: each for each in found if each.name == "offer"}
    polls = [each for each in found if each.name == "poll"]
    if len(offers) + len(polls) != len(found):
        return "the history has items that were offered twice, or other operations than offer and poll"
    taken = [each for each in polls if each.outcome == "ok" and each.result is not None]
    lost = sorted(each.begin for each in polls if each.outcome == "indeterminate")
    empty = [each for each in polls if each.outcome == "ok" and each.result is None]
    if phantom := _find_phantom(offers, taken):
        return phantom
    items = _items(offers, taken)
    came = [each for each in items if each.poll is not None]
    stayed = [each for each in items if each.poll is None]
    # What proves that an item is gone, if it was offered before `begin`: an item behind it, or an empty queue.
    behind = [(each.offer.begin, each.poll) for each in came if each.poll is not None]
    missing = list(_overdue(stayed, [*behind, *((each.begin, each) for each in empty)]))
    overtaken = list(_overdue(came, behind))
    if overtaken and not put_back:
        return _tell("was overtaken", *_shown(overtaken[0]))
    if unexplained := _unexplained([*missing, *overtaken], lost):
        return _tell("was lost or overtaken, as the second operation shows", *_shown(unexplained))
    if lost:
        # Nobody knows which of the items were taken by these polls.
        for item in items if put_back else stayed:
            item.gone = min(item.gone, lost[0])
    return _find_not_empty(items, empty)


def _find_phantom(offers: dict[Hashable, Operation], taken: Sequence[Operation]) -> str | None:
    for item, count in Counter(each.result for each in taken).items():
        if count > 1:
            both = [each for each in taken if each.result == item]
            return _tell("came out more than once", *both)
    for each in taken:
        if each.result not in offers:
            return _tell("came from nowhere", each)
        if offers[each.result].begin > each.end:
            return _tell("came out before it was offered", each, offers[each.result])
    return None


def _items(offers: dict[Hashable, Operation], taken: Sequence[Operation]) -> list[Item]:
    by_item = {each.result: each for each in taken}
    items = []
    for item, offer in offers.items():
        poll = by_item.get(item)
        if poll is not None:
            items.append(Item(offer, poll, poll.begin))
        elif offer.outcome == "ok":
            items.append(Item(offer, None, inf))
    return items


Overdue = tuple[float, Item, Operation]
"""The time before which an item must have left the queue, and the operation that proves it."""


def _overdue(items: Iterable[Item], proofs: list[tuple[float, Operation]]) -> Iterator[Overdue]:
    """Yield the items that were still in the queue when something shows that they had left it."""
    proofs = sorted(proofs, key=lambda each: each[0], reverse=True)
    first: Operation | None = None
    index = 0
    for item in sorted(items, key=lambda each: each.offer.end, reverse=True):
        while index < len(proofs) and proofs[index][0] > item.offer.end:
            proof = proofs[index][1]
            first = proof if first is None or proof.end < first.end else first
            index += 1
        if first is not None and first.end < item.gone:
            yield first.end, item, first


def _unexplained(overdue: list[Overdue], lost: Sequence[float]) -> Overdue | None:
    """Give each item that was not there a poll of unknown outcome; return one for which there is none."""
    overdue.sort(key=lambda each: each[0])
    for count, each in enumerate(overdue):
        # The earliest polls go to the items that had to be gone first.
        if count >= len(lost) or lost[count] > each[0]:
            return each
    return None


def _shown(overdue: Overdue) -> list[Operation]:
    _, item, proof = overdue
    return [item.offer, proof, *([] if item.poll is None else [item.poll])]


def _find_not_empty(items: list[Item], empty: Sequence[Operation]) -> str | None:
    """Find a queue that was said to be empty, while at each moment some item was certainly in it."""
    runs: list[tuple[float, float]] = []
    for begin, end in sorted((each.offer.end, each.gone) for each in items if each.offer.end < each.gone):
        if runs and begin < runs[-1][1]:
            runs[-1] = runs[-1][0], max(runs[-1][1], end)
        else:
            runs.append((begin, end))
    index = 0
    for poll in sorted(empty, key=lambda each: each.begin):
        while index < len(runs) and runs[index][1] < poll.begin:
            index += 1
        if index < len(runs) and runs[index][0] < poll.begin and poll.end < runs[index][1]:
            return _tell("was said to be empty while some item was in it at each moment", poll)
    return None


def _tell(what: str, *operations: Operation) -> str:
    return "\n".join([f"key {operations[0].key!r}: {what}:", *(f"  {each}" for each in operations)])
