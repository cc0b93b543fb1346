"""Jet: jobs, the service that submits and lists them, which ``client.jet`` is, and what it tells of them."""

from hz_proxies.jet import (
    BlockingJet,
    BlockingJob,
    Job,
    JobMetric,
    JobStatus,
    JobStatusEvent,
    JobSummary,
)
from hz_proxies.jet import Jet as JetService

__all__ = [
    "BlockingJet",
    "BlockingJob",
    "JetService",
    "Job",
    "JobMetric",
    "JobStatus",
    "JobStatusEvent",
    "JobSummary",
]
