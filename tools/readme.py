"""Read the README, so that the commands it gives newcomers are the ones that are run and tested.

`python3 tools/readme.py` prints the commands of its section "Try it". Standard library only: it runs before
anything is installed.
"""

import re
from pathlib import Path

README = Path(__file__).resolve().parent.parent / "README.md"

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def section(text: str, title: str) -> str:
    """Return the text under the heading `## title`; KeyError if there is none."""
    parts = re.split(r"^## (.+)\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))[title]


def blocks(text: str, language: str) -> list[str]:
    """Return the contents of the fenced blocks in `language`."""
    return [content for name, content in _FENCE.findall(text) if name == language]


def commands() -> list[str]:
    """Return the shell commands of the section "Try it", in their order."""
    shell = "".join(blocks(section(README.read_text(encoding="utf-8"), "Try it"), "sh"))
    return shell.splitlines()


def examples() -> str:
    """Return the interactive examples of the section "Use it" as one doctest."""
    return "\n".join(blocks(section(README.read_text(encoding="utf-8"), "Use it"), "pycon"))


if __name__ == "__main__":
    print("\n".join(commands()))
