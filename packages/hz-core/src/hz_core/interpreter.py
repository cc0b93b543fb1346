"""What the client needs of the interpreter."""

import sys
import warnings


def check_interpreter() -> None:
    """Warn if this interpreter runs without its global lock, which the client relies on; see docs/free-threading.md."""
    is_locked = getattr(sys, "_is_gil_enabled", None)
    if is_locked is not None and not is_locked():
        warnings.warn(
            "this Python runs threads without the global interpreter lock, which the Hazelcast client relies on:"
            " replies may reach the wrong caller. Start Python with the option -X gil=1 or the variable PYTHON_GIL=1",
            RuntimeWarning,
            stacklevel=4,
        )
