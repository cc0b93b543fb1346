"""The dialect of SQLAlchemy 2 for clusters; needs the extra ``sqlalchemy``.

``create_engine("hazelcast://user:password@host:5701/cluster")`` and, on asyncio,
``create_async_engine("hazelcast+aio://...")``.
"""

from hazelcast.sqlalchemy._aio import AsyncHazelcastDialect
from hazelcast.sqlalchemy._dialect import HazelcastDialect
from hazelcast.sqlalchemy._statements import Sink, sink

__all__ = ["AsyncHazelcastDialect", "HazelcastDialect", "Sink", "sink"]
