"""Where statements end: at semicolons outside of quotes and comments."""

import re
from typing import Final, NamedTuple

_TOKEN: Final = re.compile(
    r"""
      '(?:[^']|'')*(?P<open_text>'?)      # a text; two quotes inside stand for one
    | "(?:[^"]|"")*(?P<open_name>"?)      # a name in quotes
    | --[^\n]*                            # a comment to the end of the line
    | /\*(?:[^*]|\*(?!/))*(?P<open_comment>(?:\*/)?)
    | (?P<end>;)
    | [^'"\-/;]+
    | .
    """,
    re.VERBOSE | re.DOTALL,
)

_COMMENT: Final = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)


class Split(NamedTuple):
    """A text, split into statements."""

    statements: list[str]
    """The complete ones, without their semicolons; none is empty."""

    rest: str
    """What follows the last semicolon, without white space around it; empty if there is nothing but comments."""

    is_open: bool
    """Whether the rest ends within quotes or a comment."""


def split(text: str) -> Split:
    """Split ``text`` at the semicolons that end statements."""
    statements: list[str] = []
    begin = 0
    is_open = False
    for token in _TOKEN.finditer(text):
        if token["end"]:
            _keep(statements, text[begin : token.start()])
            begin = token.end()
        is_open = "" in (token["open_text"], token["open_name"], token["open_comment"])
    rest = text[begin:].strip()
    return Split(statements, rest if is_open or not _is_blank(rest) else "", is_open)


def is_complete(text: str) -> bool:
    """Return whether nothing is missing: each statement in ``text`` has its semicolon."""
    parts = split(text)
    return not parts.rest and not parts.is_open


def _keep(statements: list[str], statement: str) -> None:
    if not _is_blank(statement):
        statements.append(statement.strip())


def _is_blank(text: str) -> bool:
    return not _COMMENT.sub("", text).strip()
