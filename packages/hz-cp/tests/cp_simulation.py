"""Helpers for CP objects on simulated members."""

from collections.abc import Callable

from hz_core.testing import Request, SessionService
from hz_core.testing.services.cp import HEARTBEAT, SESSION_TTL
from hz_core.testing.simulation import Simulation

TTL = SESSION_TTL / 1000
BEAT = HEARTBEAT / 1000


def sessions(simulation: Simulation) -> SessionService:
    return simulation.cluster.service(SessionService)


def count(simulation: Simulation, method: str) -> int:
    return sum(member.count(method) for member in simulation.cluster.members)


def rule(simulation: Simulation, method: str, action: Callable[[Request], object], times: int = 1) -> None:
    """Let `action` deal with the next requests of a method, whichever member gets them."""
    left = [times]

    def once(request: Request) -> None:
        if left[0]:
            left[0] -= 1
            action(request)
        else:
            request.member.answer(request)

    for member in simulation.cluster.members:
        member.rule(method, once)


def answer_and_cut(request: Request) -> None:
    """Do what a request wants, and lose the reply."""
    request.member.answer(request)
    request.member.cut_all()


def end_sessions(simulation: Simulation) -> None:
    """Let all sessions expire, without the client hearing of it."""
    for group, session_id in list(sessions(simulation).endpoints):
        sessions(simulation).close(group, session_id)
