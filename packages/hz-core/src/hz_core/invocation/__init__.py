"""Invocations, which send operations to the cluster. Sans-IO."""
