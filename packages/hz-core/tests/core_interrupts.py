"""Code that is interrupted at a chosen point, as by a signal handler."""

import gc
import itertools
import sys
from collections.abc import Callable
from types import FrameType


class Interrupt(BaseException):
    """Raised where a signal handler could raise."""


def at_point(
    number: int,
    action: Callable[[], object],
    what: Callable[[], object],
    modules: tuple[str, ...] = ("hz_core.", "ssl"),
) -> bool:
    """Run ``action``, and ``what`` in the middle; return False if ``action`` ends before that.

    The interpreter runs signal handlers when it enters a function, and after it has called one written in C. The
    ``number``-th of these points is chosen: in the client, or in what it uses for TLS, as the ``modules`` begin.
    Meanwhile the garbage collector does not run, since the finalizers of what other tests have left have points, too.
    """
    points = itertools.count(1)
    happened = False

    def profile(frame: FrameType, event: str, arg: object) -> None:
        nonlocal happened
        if event not in ("call", "c_return") or not frame.f_globals["__name__"].startswith(modules):
            return
        if next(points) == number:
            sys.setprofile(None)
            happened = True
            what()

    collects = gc.isenabled()
    gc.disable()
    sys.setprofile(profile)
    try:
        action()
    finally:
        sys.setprofile(None)
        if collects:
            gc.enable()
    return happened


def interrupt() -> None:
    """Do as a signal handler does that raises."""
    raise Interrupt


def interrupted(
    number: int, action: Callable[[], object], modules: tuple[str, ...] = ("hz_core.", "ssl")
) -> bool:
    """Run ``action`` and interrupt it; return False if it ends before that."""
    try:
        return at_point(number, action, interrupt, modules)
    except Interrupt:
        return True
