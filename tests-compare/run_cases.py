"""Run cases with whichever client is installed here: names of cases come in, a line of JSON for each goes out."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import sys
from typing import Any

from cases import CASES
from session import Session, outcome_of, plain


def run(name: str, address: str) -> Any:
    """Return the outcome of a case."""
    session, case = Session(address), CASES[name]

    async def run_asyncio() -> Any:
        try:
            return await case(session)
        finally:
            await session.close_asyncio()

    try:
        return outcome_of(
            lambda: asyncio.run(run_asyncio()) if inspect.iscoroutinefunction(case) else case(session)
        )
    finally:
        session.close()


def main(address: str) -> None:
    """Run the cases whose names are the lines of the standard input."""
    logging.disable(logging.CRITICAL)
    replies, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        print(json.dumps(plain(run(line.strip(), address))), file=replies, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
