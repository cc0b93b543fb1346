"""The types of generated codecs: operations that are paired wrongly are errors for a type checker."""

import re
from pathlib import Path
from textwrap import dedent

from mypy import api

ROOT = Path(__file__).resolve().parents[3]

CHECKED = """
    from typing import Any

    from hz_core.op import Flow, Op
    from hz_core.operations import KeyedOperations
    from hz_proxies.codecs import map as codec
    from hz_serialization import Data


    class Right(KeyedOperations):
        def size(self) -> Op[int]:
            return codec.size(self.name)

        def get(self, key: Any) -> Op[Any]:
            return self._read(codec.get, key)

        def clear(self) -> Op[None]:
            return self._write_all(codec.clear(self.name))

        def both(self, partition_id: int, key: Data) -> Flow[bool]:
            found: bool = yield codec.contains_key(partition_id, self.name, key, 1)
            return found


    class Wrong(KeyedOperations):
        def size(self) -> Op[str]:
            return codec.size(self.name)  # return-value

        def clear(self) -> Op[None]:
            return codec.size(self.name)  # return-value

        def get(self, key: Data) -> Op[Any]:
            return codec.get(name=self.name, key=key, thread_id=1)  # call-arg

        def contains(self, key: Any) -> Op[int]:
            return self._read(codec.contains_key, key)  # arg-type

        def size_of(self, key: Any) -> Op[int]:
            return self._read(codec.size, key)  # arg-type

        def without_operation(self, key: Data) -> Op[Any]:
            return self._write(key)  # call-arg

        def then(self) -> Op[int]:
            def take(value: str) -> None: ...

            return codec.size(self.name).then(take)  # arg-type

        def ready(self) -> Op[int]:
            return Op.ready("text")  # arg-type
"""


def test_wrong_pairs_of_operations_are_type_errors(tmp_path: Path) -> None:
    path = tmp_path / "checked.py"
    path.write_text(dedent(CHECKED), "utf-8")
    arguments = [
        "--config-file",
        str(ROOT / "pyproject.toml"),
        "--cache-dir",
        str(ROOT / ".mypy_cache" / "types"),
    ]
    output, errors, _ = api.run([*arguments, "--no-error-summary", "--hide-error-context", str(path)])
    assert errors == ""
    found = [
        (int(match[1]), match[2])
        for match in re.finditer(r"^.*checked\.py:(\d+): error: .*\[([a-z-]+)\]$", output, re.MULTILINE)
    ]
    expected = [
        (number, match[1])
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if (match := re.search(r"  # ([a-z-]+)$", line))
    ]
    assert found == expected, output
