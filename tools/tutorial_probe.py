"""Runs the examples of a page of the documentation in this environment, as a reader would. Standard library only.

Arguments: the page. Exits with a message when an example does not do what the page says.
"""

import doctest
import re
import sys
from pathlib import Path

_EXAMPLES = re.compile(r"^```\{doctest\}\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def main(page: Path) -> None:
    """Run all examples of the page, one after the other."""
    text = "\n".join(_EXAMPLES.findall(page.read_text(encoding="utf-8")))
    test = doctest.DocTestParser().get_doctest(text, {"__name__": "__main__"}, page.name, str(page), 0)
    output: list[str] = []
    results = doctest.DocTestRunner(verbose=False).run(test, out=output.append)
    if results.failed or not results.attempted:
        sys.exit("".join(output) or f"{page} has no examples")
    print(results.attempted)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
