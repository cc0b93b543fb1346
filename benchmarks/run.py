"""Compare this client with the official Python client and with a bare socket on one real member.

    python benchmarks/run.py                     # all cases; writes the table and the plot (about 25 minutes)
    python benchmarks/run.py --quick             # short rounds; only prints the table (about 2 minutes)
    python benchmarks/run.py --only futures-64   # the cases with this in their names; only prints the table
    python benchmarks/run.py --against main      # compare this checkout with another one (about 3 minutes)
    python benchmarks/run.py --render            # create the table and the plot again, from results.json

Pinned placements need Linux. The official client is installed in a separate environment on first use.
"""

import argparse
import shlex
import sys
from pathlib import Path

from hzbench import machine, official
from hzbench.against import compare
from hzbench.cases import CONTENDERS, Case, Contender, every_case
from hzbench.cold import measure_cold
from hzbench.fleet import Fleet
from hzbench.member import MEMBER_VERSION, member_at
from hzbench.plot import draw
from hzbench.report import markdown
from hzbench.results import Results
from hzbench.rounds import run_rounds
from hzbench.stalls import search_stalls

_REPOSITORY = Path(__file__).resolve().parent.parent


def _arguments(given: list[str]) -> argparse.Namespace:
    about = (__doc__ or "").splitlines()[0]
    parser = argparse.ArgumentParser(prog="benchmarks/run.py", description=about)
    parser.add_argument(
        "--quick", action="store_true", help="2 rounds of 0.3 s; print, and write only with --out"
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="NAME",
        help="part of the names of the cases; can be repeated",
    )
    parser.add_argument("--rounds", type=int, help="rounds to measure (default 5)")
    parser.add_argument("--seconds", type=float, help="seconds per task (default 2)")
    parser.add_argument("--stall-seconds", type=float, help="seconds with 8 and with 32 threads (default 60)")
    parser.add_argument(
        "--contenders", default=",".join(CONTENDERS), help="the contenders (default %(default)s)"
    )
    parser.add_argument("--member", metavar="HOST:PORT", help="use this member instead of starting one")
    parser.add_argument(
        "--out",
        type=Path,
        help="folder for table, plot and raw figures (default: docs/benchmarks, if all cases are run)",
    )
    parser.add_argument(
        "--render", action="store_true", help="only create the table and the plot of results.json again"
    )
    parser.add_argument(
        "--against",
        metavar="REF",
        help="compare this checkout with a commit, or with the folder of another checkout; only prints the table",
    )
    parser.add_argument("--list", action="store_true", help="only print the names of all cases")
    chosen = parser.parse_args(given)
    unknown = set(chosen.contenders.split(",")) - set(CONTENDERS)
    if unknown:
        parser.error(f"unknown contenders: {', '.join(sorted(unknown))}; known are {', '.join(CONTENDERS)}")
    if chosen.out is None and (chosen.render or not (chosen.quick or chosen.only)):
        chosen.out = _REPOSITORY / "docs" / "benchmarks"
    chosen.rounds = chosen.rounds or (2 if chosen.quick else 5)
    chosen.seconds = chosen.seconds or (0.3 if chosen.quick else 2.0)
    chosen.stall_seconds = chosen.stall_seconds or (2.0 if chosen.quick else 60.0)
    return chosen


def main(given: list[str]) -> int:
    """Run the benchmark; return 1 if a task failed."""
    chosen = _arguments(given)
    if chosen.list:
        print("\n".join([case.name for case in every_case()] + ["cold", "stall"]))
        return 0
    if chosen.render:
        _write(Results.load(chosen.out / "results.json"), chosen.out)
        return 0
    if chosen.against is not None:
        return compare(chosen.against, chosen.only, chosen.rounds, chosen.seconds, chosen.member)
    results = Results(machine.facts(), chosen.rounds, chosen.seconds)
    results.facts["command"] = shlex.join(["python", "benchmarks/run.py", *given])
    try:
        with member_at(chosen.member) as address:
            _measure(chosen, address, results)
    except BaseException:
        if chosen.out is not None:
            _keep(results, chosen.out)
        raise
    print(markdown(results))
    if chosen.out is not None:
        _write(results, chosen.out)
    return 1 if results.failures else 0


def _measure(chosen: argparse.Namespace, address: str, results: Results) -> None:
    def wanted(name: str) -> bool:
        return not chosen.only or any(part in name for part in chosen.only)

    contenders: list[Contender] = [one for one in CONTENDERS if one in chosen.contenders.split(",")]
    clients: list[Contender] = [one for one in contenders if one != "floor"]
    cases = [case for case in every_case() if wanted(case.name)]
    if wanted("cold"):
        results.cold, failures = measure_cold(clients, address, chosen.quick, _say)
        results.failures += failures
    if cases:
        _measure_cases(cases, contenders, address, results)
    if wanted("stall"):
        # On all cores, because the last case may have pinned the member.
        pid = machine.listener_pid(address)
        machine.place("unpinned", pid, pid)
        results.stall, failures = search_stalls(clients, address, chosen.stall_seconds, _say)
        results.failures += failures


def _measure_cases(cases: list[Case], contenders: list[Contender], address: str, results: Results) -> None:
    possible = [case for case in cases if machine.can_place(case.placement)]
    if len(possible) < len(cases):
        _say(f"{len(cases) - len(possible)} cases are omitted: processes cannot be pinned to cores here.")
    with Fleet(address) as fleet:
        run_rounds(fleet, machine.listener_pid(address), possible, contenders, results, _say)
        versions = fleet.versions()
    results.failures += results.failed_pieces()
    results.facts["member"] = f"Hazelcast {MEMBER_VERSION}"
    results.facts["ours"] = versions.get("ours", "not measured")
    results.facts["official"] = f"hazelcast-python-client {versions.get('official', official.VERSION)}"


def _write(results: Results, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    results.save(folder / "results.json")
    (folder / "results.md").write_text(markdown(results))
    draw(results, folder / "results.svg")
    print(f"Written: results.md, results.svg and results.json in {folder}")


def _keep(results: Results, folder: Path) -> None:
    """Save the results of an interrupted run, in a separate file."""
    folder.mkdir(parents=True, exist_ok=True)
    results.save(folder / "interrupted.json")
    print(f"The results so far are in {folder / 'interrupted.json'}", file=sys.stderr)


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
