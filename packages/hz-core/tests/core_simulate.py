"""What the tests do at random, as often as one likes: ``hatch run simulate --count 100000 --seed 1``.

The count is the number of schedules, streams or cancels; every failure tells the seed that repeats it.
"""

import argparse
import logging
import time
from collections.abc import Callable

import core_streams
from core_cancels import Cancels
from core_schedules import check

PARTS: dict[str, Callable[[int], object]] = {"schedules": check, "streams": core_streams.check}


def main() -> None:
    """Run one part, seed after seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", nargs="?", choices=[*PARTS, "cancels"], default="schedules")
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0, help="the first one")
    arguments = parser.parse_args()
    logging.disable(logging.CRITICAL)
    began = time.monotonic()
    failures = 0
    if arguments.part == "cancels":
        for driver in ("threaded", "asyncio"):
            Cancels(driver, arguments.seed).run(arguments.count)
        print(f"{arguments.count} cancels on each driver, {time.monotonic() - began:.0f} s")
        return
    for seed in range(arguments.seed, arguments.seed + arguments.count):
        try:
            PARTS[arguments.part](seed)
        except AssertionError as e:
            failures += 1
            print(e, flush=True)
    seconds = time.monotonic() - began
    print(
        f"{arguments.count} {arguments.part} from seed {arguments.seed}: {failures} failed, {seconds:.0f} s"
    )
    raise SystemExit(failures > 0)


if __name__ == "__main__":
    main()
