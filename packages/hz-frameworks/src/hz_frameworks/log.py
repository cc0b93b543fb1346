"""The logger of this package."""

from logging import getLogger
from typing import Final

logger: Final = getLogger("hazelcast.frameworks")
