"""What a client shows of its work: slow operations, traces and metrics, a snapshot of its state, the steps of calls."""
