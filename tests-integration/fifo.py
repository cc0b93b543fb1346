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
from collections.abc import Hashable, Iterable, Sequence
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
        left: When it certainly had left the queue; infinite if it stayed, or if nobody knows.
    """

    offer: Operation
    poll: Operation | None
    gone: float
    left: float


def find_disorder(operations: Iterable[Operation]) -> str | None:
    """Return what is wrong with the operations ``offer(item)`` and ``poll()`` on one queue, or None.

    Offers return True, polls an item, or None for an empty queue. Other operations are not allowed.
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
    return _find_missing(items, empty, lost) or _find_overtaking(items) or _find_not_empty(items, empty)


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
            items.append(Item(offer, poll, poll.begin, poll.end))
        elif offer.outcome == "ok":
            items.append(Item(offer, None, inf, inf))
    return items


def _find_missing(items: list[Item], empty: Sequence[Operation], lost: Sequence[float]) -> str | None:
    """Give polls of unknown outcome to items that must have left the queue and never came out."""
    deadlines: list[tuple[float, Item, Operation]] = []
    # What proves that an item is gone, if it was offered before `begin`: an item behind it, or an empty queue.
    proofs = [(each.offer.begin, each.poll) for each in items if each.poll is not None]
    proofs += [(each.begin, each) for each in empty]
    proofs.sort(key=lambda each: each[0], reverse=True)
    stayed = sorted(
        (each for each in items if each.poll is None), key=lambda each: each.offer.end, reverse=True
    )
    first: Operation | None = None
    index = 0
    for item in stayed:
        while index < len(proofs) and proofs[index][0] > item.offer.end:
            proof = proofs[index][1]
            first = proof if first is None or proof.end < first.end else first
            index += 1
        if first is not None:
            deadlines.append((first.end, item, first))
    deadlines.sort(key=lambda each: each[0])
    for count, (deadline, item, proof) in enumerate(deadlines):
        # The earliest polls go to the items that had to be gone first.
        if count >= len(lost) or lost[count] > deadline:
            return _tell("was lost, as the second operation shows", item.offer, proof)
    if lost:
        for item in stayed:
            item.gone = lost[0]
    return None


def _find_overtaking(items: list[Item]) -> str | None:
    by_end = sorted(items, key=lambda each: each.offer.end)
    by_begin = sorted(items, key=lambda each: each.offer.begin)
    before = 0
    last: Item | None = None
    for item in by_begin:
        while before < len(by_end) and by_end[before].offer.end < item.offer.begin:
            other = by_end[before]
            last = other if last is None or other.gone > last.gone else last
            before += 1
        if last is not None and item.poll is not None and item.left < last.gone:
            polls = [each for each in (item.poll, last.poll) if each is not None]
            return _tell("was overtaken", last.offer, item.offer, *polls)
    return None


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
