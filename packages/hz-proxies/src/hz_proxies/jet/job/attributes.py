"""What all surfaces of a job tell about it."""

from hz_core.surfaces import AsyncioSurface, BlockingSurface, FuturesSurface
from hz_proxies.jet.job.operations import JobOperations


class _Attributes:
    _ops: JobOperations

    @property
    def id(self) -> int:
        """Identifier of the job."""
        return self._ops.job_id

    @property
    def name(self) -> str | None:
        """Name of the job; None if it has none."""
        return self._ops.name

    @property
    def is_light(self) -> bool:
        """Whether it is a light job, as queries are."""
        return self._ops.is_light


class FuturesJob(_Attributes, FuturesSurface):
    """A job whose operations return futures."""


class BlockingJobAttributes(_Attributes, BlockingSurface):
    """A job whose operations wait."""


class AsyncioJob(_Attributes, AsyncioSurface):
    """A job whose operations are coroutines."""
