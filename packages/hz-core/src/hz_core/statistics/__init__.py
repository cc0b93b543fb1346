"""The statistics that a client sends to its cluster, for Management Center."""
