"""Operations and the invocations that carry them to the cluster. Sans-IO."""
