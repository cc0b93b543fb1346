"""A job of a cluster."""
