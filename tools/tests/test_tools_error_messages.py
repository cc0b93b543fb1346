"""The list of error messages finds every error with its text, and the rules find each kind of poor message."""

from pathlib import Path

import pytest

import error_messages
from error_sources import Sources
from repository import modules

SOURCE = "packages/hz-one/src/one/module.py"


def write(root: Path, source: str) -> None:
    """Write the only module of a made-up repository."""
    path = root / SOURCE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source)
    path.with_name("__about__.py").write_text('__version__ = "1.0"\n')
    (root / "packages/hz-one/pyproject.toml").write_text('[project]\nname = "hz-one"\n')


def messages(root: Path, source: str) -> list[tuple[str, str, str]]:
    """Return type, text and function of each error of a module."""
    write(root, source)
    return [(error.type, error.shown, error.function.name) for error in Sources(modules(root)).built()]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def f(a):\n    raise ValueError(f'{a!r} is odd')\n", [("ValueError", "{a} is odd", "f")]),
        ("def f(a):\n    raise ValueError('no ' 'way' + str(a))\n", [("ValueError", "no way{a}", "f")]),
        ("def f(p, a):\n    p.set_exception(OSError(5, 'it broke'))\n", [("OSError", "it broke", "f")]),
        ("class A:\n    def m(self):\n        return KeyError()\n", [("KeyError", "", "A.m")]),
        (
            "def f(a):\n    why = 'it is odd' if a else 'it is even'\n    raise ValueError(f'{a}: {why}')\n",
            [("ValueError", "{a}: it is even", "f"), ("ValueError", "{a}: it is odd", "f")],
        ),
        (
            "def wrong(what):\n    return ValueError(f'it is {what}')\n\ndef f():\n    raise wrong('odd')\n",
            [("ValueError", "it is odd", "f")],
        ),
        (
            "def wrong(what):\n    return ValueError(f'it is {what}')\n\ndef f(a):\n    raise wrong(a)\n",
            [("ValueError", "it is {what}", "wrong")],
        ),
        (
            "class Odd(Exception):\n    def __init__(self, number, hint='even it'):\n"
            "        super().__init__(f'{number} is odd: {hint}')\n\ndef f(a):\n    raise Odd(a)\n",
            [("Odd", "{a} is odd: even it", "f")],
        ),
        (
            "class Odd(Exception):\n    def __init__(self, number):\n        super().__init__(number)\n"
            "    def __str__(self):\n        return f'{self.number} is odd'\n\ndef f():\n    raise Odd('x')\n",
            [("Odd", "x is odd", "f")],
        ),
        (
            "NAMES = 'a or b'\n\ndef f():\n    raise ValueError(f'use {NAMES}')\n",
            [("ValueError", "use a or b", "f")],
        ),
        ("def f(a):\n    raise ValueError('%s is odd' % a)\n", [("ValueError", "{…} is odd", "f")]),
        ("def f(a):\n    warn('x', UserWarning('y'))\n    isinstance(a, KeyError)\n", []),
    ],
    ids=[
        "f-string",
        "parts",
        "on a future",
        "no text",
        "variants",
        "helper",
        "helper without a text",
        "constructor",
        "__str__",
        "constant",
        "percent",
        "no error",
    ],
)
def test_errors_are_found(tmp_path: Path, source: str, expected: list[tuple[str, str, str]]) -> None:
    assert messages(tmp_path, source) == expected


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("raise ValueError\n", "has no text"),
        ("raise ValueError()\n", "has no text"),
        ("raise ValueError('')\n", "has no text"),
        ("raise ValueError('is odd')\n", "has 2 words, fewer than 4"),
        (
            "raise ValueError('a number without any sense')\n",
            "has no verb that tools/error_messages.py knows",
        ),
        ("raise ValueError('the table _pending is full')\n", "names _pending, which is internal"),
        ("raise ValueError('hz_core.engine is not there')\n", "names hz_core, which is internal"),
    ],
)
def test_a_poor_message_is_found(tmp_path: Path, source: str, problem: str) -> None:
    write(tmp_path, source)
    _, found = error_messages.pages(tmp_path)
    assert len(found) == 1
    assert f"{SOURCE}:1: ValueError {problem}" in found[0]


@pytest.mark.parametrize(
    ("raised", "problem"),
    [
        (
            "raise ValueError('the name is not known')",
            "an error for a failed look-up is raised without `from`",
        ),
        ("raise ValueError('the name is not known') from e", "a failed look-up is shown as the cause"),
        ("if x:\n            raise ValueError('the name is not known')", "is raised without `from`"),
    ],
)
def test_a_chained_lookup_is_found(tmp_path: Path, raised: str, problem: str) -> None:
    write(
        tmp_path,
        f"def f(x):\n    try:\n        return x[0]\n    except (OSError, IndexError) as e:\n        {raised}\n",
    )
    _, found = error_messages.pages(tmp_path)
    assert len(found) == 1
    assert problem in found[0]


def test_the_name_of_an_internal_class_is_found(tmp_path: Path) -> None:
    write(
        tmp_path,
        "class _Hidden:\n    def f(self):\n        raise ValueError(f'a {type(self).__name__} is not for you')\n",
    )
    _, found = error_messages.pages(tmp_path)
    assert found == [f"{SOURCE}:3: a message shows the name of the internal class _Hidden"]


@pytest.mark.parametrize(
    "source",
    [
        "def f(key):\n    raise KeyError(key)\n",
        "raise StopIteration\n",
        "def f(error):\n    raise ValueError(str(error))\n",
        "def f(x):\n    try:\n        return x[0]\n    except IndexError:\n        raise ValueError('x must be full')"
        " from None\n",
        "def f(x):\n    try:\n        return x[0]\n    except IndexError:\n        raise\n",
        "def f(x):\n    try:\n        return x[0]\n    except IndexError:\n        def g():\n"
        "            raise ValueError('this is raised later')\n        return g\n",
    ],
    ids=["key", "signal", "passed on", "from None", "again", "in a function"],
)
def test_what_is_allowed_is_not_found(tmp_path: Path, source: str) -> None:
    write(tmp_path, source)
    _, found = error_messages.pages(tmp_path)
    assert found == []


def test_a_page_has_types_texts_and_places(tmp_path: Path) -> None:
    write(
        tmp_path,
        'class Odd(ValueError):\n    """A number is odd.\n\n    More of it.\n    """\n\n\ndef f(n):\n'
        "    raise Odd(f'{n} must be even')\n\n\ndef g(n):\n    raise Odd(f'{n} must be even')\n",
    )
    written, _ = error_messages.pages(tmp_path)
    assert list(written.values()) == [
        f"{error_messages.MARK}\n# Messages of hz-one\n\n## Odd\n\nA number is odd.\n\n`{{n}} must be even`\n"
        ": `one.module: f`, `one.module: g`\n"
    ]
