"""The modules of the benchmark of Hazelcast clients for Python and a bare socket.

``run.py`` and ``stall.py`` in the parent folder are the commands; ``README.md`` describes the method.
"""
