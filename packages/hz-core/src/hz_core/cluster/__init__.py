"""What the client knows of the cluster, and how it gets and keeps connections to it. Sans-IO."""
