"""Jet: jobs that members execute."""

from hz_proxies.jet.blocking import BlockingJet
from hz_proxies.jet.futures import Jet
from hz_proxies.jet.job.blocking import BlockingJob
from hz_proxies.jet.job.futures import Job
from hz_proxies.jet.metrics import JobMetric
from hz_proxies.jet.status import JobStatus, JobStatusEvent
from hz_proxies.jet.summary import JobSummary
from hz_serialization.public_names import publish

__all__ = [
    "BlockingJet",
    "BlockingJob",
    "Jet",
    "Job",
    "JobMetric",
    "JobStatus",
    "JobStatusEvent",
    "JobSummary",
]

publish(__name__, (globals()[name] for name in __all__))
