"""Requests that a thread has noted as pending, but was interrupted before they could be sent."""

from types import TracebackType
from typing import Any


def withdraw_unsent(error: BaseException, pending: dict[int, Any], correlation_id: int, request: Any) -> None:
    """Forget a request if the transport had not taken it when ``error`` interrupted the thread that wrote it.

    It will never have a reply. What the transport has taken is sent all the same, and the reply must be handled.

    Args:
        error: What has interrupted the thread.
        pending: The requests that wait for replies.
        correlation_id: Where the request is noted there.
        request: The request.
    """
    if error.__traceback__ is not None and not _taken(error.__traceback__.tb_next, request):
        pending.pop(correlation_id, None)


def _taken(traceback: TracebackType | None, request: Any) -> bool:
    """Return whether the transport has taken a request, or may have.

    Transports say it by the local variable ``taken`` of the function that takes ``data``: the interrupted thread is the
    only one that knows, and it has no time to store it elsewhere.
    """
    told = False
    while traceback is not None:
        frame = traceback.tb_frame
        if "taken" in frame.f_code.co_varnames:
            values = frame.f_locals
            if values.get("data") is request:
                told = True
                if values.get("taken"):
                    return True
        traceback = traceback.tb_next
    return not told
