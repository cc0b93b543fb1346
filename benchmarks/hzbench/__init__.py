"""The parts of the benchmark: Hazelcast clients for Python against each other and against a bare socket.

`run.py` and `stall.py` beside this package are the commands; `README.md` says how the figures are made.
"""
