"""How far a transfer has come, in a small file beside the data."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hz_cli.errors import USAGE, CommandError


class Checkpoint:
    """A file that says how far a transfer has come; it is there only while there is something left to do.

    Args:
        path: The file.
        job: What identifies the transfer: with anything else, the file is of another one.
    """

    def __init__(self, path: Path, job: Mapping[str, Any]) -> None:
        self.path = path
        self._job = dict(job)

    def read(self) -> dict[str, Any] | None:
        """Return what was written last; None if nothing was.

        Raises:
            CommandError: The file is of another transfer, or damaged.
        """
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
            job, progress = found["job"], found["progress"]
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            raise self._useless("is damaged") from None
        if job != self._job:
            different = sorted(key for key in {*job, *self._job} if job.get(key) != self._job.get(key))
            raise self._useless(f"is of another transfer: {', '.join(different)} differ")
        return dict(progress)

    def write(self, **progress: Any) -> None:
        """Note how far the transfer has come. The file is never half written."""
        beside = self.path.with_name(f"{self.path.name}.new")
        beside.write_text(json.dumps({"job": self._job, "progress": progress}), encoding="utf-8")
        os.replace(beside, self.path)

    def done(self) -> None:
        """Remove the file: there is nothing left to do."""
        self.path.unlink(missing_ok=True)

    def _useless(self, why: str) -> CommandError:
        return CommandError(f"{self.path} {why}", "to begin anew use --restart, which ignores it", USAGE)
