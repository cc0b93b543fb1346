"""The engine of the Hazelcast client for Python: wire frames, connections, cluster view, invocations, drivers."""
