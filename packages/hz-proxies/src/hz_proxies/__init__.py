"""Hazelcast's data structures for Python, on blocking, futures and asyncio surfaces."""
