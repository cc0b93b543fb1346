"""Search for stalls: after a long run with many threads, one thread must be as fast as before.

    python benchmarks/stall.py                # ours, a minute with 8 and a minute with 32 threads
    python benchmarks/stall.py --seconds 600 --contender official

The exit status is 1 if calls stall.
"""

import argparse
import sys

from hzbench.cases import CONTENDERS
from hzbench.member import member_at
from hzbench.stalls import search_stall


def main(given: list[str]) -> int:
    """Search for stalls and print every phase."""
    about = (__doc__ or "").splitlines()[0]
    parser = argparse.ArgumentParser(prog="benchmarks/stall.py", description=about)
    parser.add_argument(
        "--seconds", type=float, default=60.0, help="seconds of each long phase (default %(default)s)"
    )
    parser.add_argument("--contender", choices=CONTENDERS[:2], default="ours")
    parser.add_argument("--member", metavar="HOST:PORT", help="use this member instead of starting one")
    chosen = parser.parse_args(given)
    with member_at(chosen.member) as address:
        found = search_stall(chosen.contender, address, chosen.seconds, lambda line: print(line, flush=True))
    return 1 if found["verdict"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
