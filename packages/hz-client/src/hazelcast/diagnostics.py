"""What ``client.diagnostics()`` and ``client.debug()`` return."""

from hz_core.observability.debugging import DebuggedCall, DebugSession, DebugStep
from hz_core.observability.diagnostics import (
    ConnectionDiagnostics,
    Diagnostics,
    ErrorDiagnostics,
    LimitDiagnostics,
    ListenerDiagnostics,
    PartitionDiagnostics,
    PendingDiagnostics,
    QueueDiagnostics,
    SpeedupsDiagnostics,
)

__all__ = [
    "ConnectionDiagnostics",
    "DebugSession",
    "DebugStep",
    "DebuggedCall",
    "Diagnostics",
    "ErrorDiagnostics",
    "LimitDiagnostics",
    "ListenerDiagnostics",
    "PartitionDiagnostics",
    "PendingDiagnostics",
    "QueueDiagnostics",
    "SpeedupsDiagnostics",
]
